"""Parquet files made to harm what reads them: each with how its refusal begins, by what it does."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tests.hostile_files import AREA

WKB = shapely.to_wkb(AREA)
GEO: Mapping[str, Any] = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}
MARK = b"PAR1"


def geo(**of_the_column: Any) -> dict[str, Any]:
    """What a GeoParquet says of itself, with other words about its column."""
    column = {**GEO["columns"]["geometry"], **of_the_column}
    return {**GEO, "columns": {"geometry": column}}


def written(
    columns: Mapping[str, Any] | Any = (),
    *,
    said: Any = GEO,
    shapes: Any = (WKB,),
    members: Any = None,
    **how: Any,
) -> bytes:
    """Write a GeoParquet of some columns, as an honest program would."""
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if shapes is not None:
        drawn = pa.array(shapes)
        alone = pa.table({"geometry": drawn})
        table = table.append_column("geometry", drawn) if table.num_columns else alone
    told = {} if said is None else {"geo": said if isinstance(said, str) else json.dumps(said)}
    if members is not None:
        told["catchments"] = members if isinstance(members, str) else json.dumps(members)
    kept = {**(table.schema.metadata or {}), **told}
    made = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(kept), made, **how)
    return made.getvalue()


# --- a footer, without the programs that write them -----------------------------------------------


@dataclass
class Int:
    """A number as Thrift's compact protocol has it: 5 of 32 bits, 6 of 64."""

    value: int
    kind: int = 6


def i32(value: int) -> Int:
    return Int(value, 5)


def thrift(value: Any) -> bytes:
    """Thrift's compact protocol: of a struct ({number of the field: value}), list, text, number."""
    if isinstance(value, Int):
        return _varint(value.value * 2 if value.value >= 0 else -value.value * 2 - 1)
    if isinstance(value, str | bytes):
        text = value.encode() if isinstance(value, str) else value
        return _varint(len(text)) + text
    if isinstance(value, list):
        kind = _kind(value[0]) if value else 12
        head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([0xF0 | kind])
        return b"".join(
            [head, _varint(len(value)) if len(value) >= 15 else b"", *map(thrift, value)]
        )
    last, parts = 0, []
    for number, each in sorted(value.items()):
        parts += [bytes([(number - last) << 4 | _kind(each)]), thrift(each)]
        last = number
    return b"".join([*parts, b"\0"])


def _kind(value: Any) -> int:
    if isinstance(value, Int):
        return value.kind
    return 8 if isinstance(value, str | bytes) else 9 if isinstance(value, list) else 12


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def sealed(body: bytes, footer: bytes) -> bytes:
    """A file of a body and a footer."""
    return MARK + body + footer + struct.pack("<I", len(footer)) + MARK


def leaf(name: str, kind: int = 6, repetition: int = 0) -> dict[int, Any]:
    """A column in a schema: 1 is a whole number of 32 bits, 6 is bytes."""
    return {1: i32(kind), 3: i32(repetition), 4: name}


ROOT, SHAPES = {4: "schema", 5: i32(1)}, leaf("geometry")
_TOLD = {1: "geo", 2: json.dumps(GEO)}


def of_schema(
    schema: list[Any], rows: int = 1, *, told: Sequence[Any] = (), groups: Sequence[Any] = ()
) -> bytes:
    """A file that has nothing but a footer."""
    footer = {1: i32(1), 2: schema, 3: Int(rows), 4: list(groups), 5: [_TOLD, *told]}
    return sealed(b"", thrift(footer))


def chunk(
    page: bytes, values: int, *, unpacked: int, codec: int = 0, path: str = "", name: str = ""
) -> dict[int, Any]:
    """What a footer says of a column that begins behind the mark."""
    about = {
        1: i32(6),
        2: [i32(0)],
        3: [name or "geometry"],
        4: i32(codec),
        5: Int(values),
        6: Int(unpacked),
        7: Int(len(page)),
        9: Int(len(MARK)),
    }
    return {**({1: path} if path else {}), 2: Int(len(MARK)), 3: about}


def of_one_page(
    content: bytes,
    values: int,
    *,
    unpacked: int,
    says: int | None = None,
    codec: int = 0,
    path: str = "",
) -> bytes:
    """A file of one page of shapes; its footer may say another size than the page."""
    about = {1: i32(values), 2: i32(0), 3: i32(3), 4: i32(3)}
    head = thrift({1: i32(0), 2: i32(unpacked), 3: i32(len(content)), 5: about})
    page = head + content
    columns = [
        chunk(page, values, unpacked=unpacked if says is None else says, codec=codec, path=path)
    ]
    group = {1: columns, 2: Int(len(page)), 3: Int(values)}
    schema = [ROOT, SHAPES]
    return sealed(page, thrift({1: i32(1), 2: schema, 3: Int(values), 4: [group], 5: [_TOLD]}))


# --- the files ------------------------------------------------------------------------------------

DAMAGED = "is not a Parquet file, or it is damaged"
Made = tuple[str, Callable[[], bytes], str]
"""What it does, the file, and a part of what it is refused for."""


def good() -> bytes:
    return written({"name": ["A"]})


def footer_alone() -> bytes:
    whole = good()
    return MARK + whole[-int.from_bytes(whole[-8:-4], "little") - 8 :]


def spoilt() -> bytes:
    whole = bytearray(good())
    whole[10:60] = b"\xa5" * 50
    return bytes(whole)


def broken() -> Iterator[Made]:
    """Files whose bytes are no Parquet, or not all of it."""
    yield "cut short", lambda: good()[:-20], "its end is missing"
    yield "its values are not there", footer_alone, DAMAGED
    yield "nothing but marks", lambda: MARK * 2, DAMAGED
    yield "a footer too long", lambda: good()[:-8] + b"\xff" * 4 + MARK, "its footer has"
    yield "a footer of nothing", lambda: sealed(b"", b""), "its footer has"
    yield "a huge footer", lambda: sealed(b"", bytes(16_000_001)), "has a footer of 16 MB"
    yield "noise for a footer", lambda: sealed(b"", bytes(range(256)) * 4), DAMAGED
    yield "endless lists", lambda: sealed(b"", b"\x29\xfc\xff\xff\xff\xff\x07"), DAMAGED
    yield "structs within structs", lambda: sealed(b"", b"\x1c" * 2_000_000), DAMAGED
    yield "no schema", lambda: sealed(b"", thrift({1: i32(1), 2: [], 3: Int(0), 4: []})), DAMAGED
    yield "values spoilt", spoilt, DAMAGED


def often() -> bytes:
    one = pa.array(["x" * 1_000_000])
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), one)
    return written({"name": many}, shapes=[WKB] * 2_000)


def packed_zeros(count: int) -> bytes:
    """So many zero bytes, packed a million at a time: all at once they take seconds to hold."""
    packer, some = zlib.compressobj(), bytes(1_000_000)
    pieces = [packer.compress(some) for _ in range(count // len(some))]
    return b"".join([*pieces, packer.flush()])


def noughts() -> bytes:
    size = 250_000_000
    return of_one_page(packed_zeros(size), 1, unpacked=size, codec=2)


def hidden() -> bytes:
    return of_one_page(packed_zeros(250_000_000), 1, unpacked=2**31 - 1, says=100, codec=2)


def blanks() -> bytes:
    names = ["geometry", *(f"c{n}" for n in range(400))]
    group = {1: [chunk(b"", 60_000, unpacked=0, name=n) for n in names], 2: Int(0), 3: Int(60_000)}
    root = {4: "schema", 5: i32(len(names))}
    numbers = [leaf(name, 1) for name in names[1:]]
    return of_schema([root, SHAPES, *numbers], 60_000, groups=[group])


def bombs() -> Iterator[Made]:
    """Files that unpack to more than they are."""
    yield "a billion rows", lambda: of_schema([ROOT, SHAPES], 10**9), "1,000,000,000 rows"
    yield "fewer rows than none", lambda: of_schema([ROOT, SHAPES], -1), DAMAGED
    yield "rows in no part", lambda: of_schema([ROOT, SHAPES], 5), DAMAGED
    yield "one value two thousand times", often, "more than 200 MB unpacked"
    yield "a long shape of noughts", noughts, "more than 200 MB unpacked"
    yield "a page larger than its footer says", hidden, "more than 200 MB unpacked"
    yield "a page of fewer bytes than none", lambda: of_one_page(b"", 1, unpacked=-5), DAMAGED
    billion = 1 << 30
    yield "a billion in a page", lambda: of_one_page(b"", billion, unpacked=64), "1,073,741,824 row"
    yield "millions of blanks", blanks, "more than 200 MB unpacked"


def deep() -> bytes:
    within = [{4: f"g{n}", 5: i32(1), 3: i32(1)} for n in range(100_000)]
    return of_schema([*within, SHAPES])


def wide() -> bytes:
    names = [f"c{n}" for n in range(10_000)]
    return of_schema([{4: "schema", 5: i32(len(names))}, *map(leaf, names)], 0)


def twice() -> bytes:
    columns = [pa.array(["A"])] * 2
    return written(pa.Table.from_arrays(columns, names=["name", "name"]))


def schemas() -> Iterator[Made]:
    """Files whose columns are many, deep, or named to harm."""
    yield "a deep schema", deep, DAMAGED
    yield "more children than there are", lambda: of_schema([{4: "s", 5: i32(10**9)}]), DAMAGED
    yield "ten thousand columns", wide, "10,000 columns"
    yield "a column twice", twice, "the column “name” 2 times"
    inside = {"a": [{"b": "x"}], "a.b": ["y"]}
    yield "a name that leads into another", lambda: written(inside), "the column “a.b” 2 times"
    lacks = "no column “geometry” of bytes"
    yield "no column of shapes", lambda: written({"a": ["b"]}, shapes=None), lacks
    yield "texts for shapes", lambda: written(shapes=["POINT (1 2)"]), lacks
    yield "a list for shapes", lambda: written(shapes=[[WKB]]), lacks


def shaped(shape: bytes) -> Callable[[], bytes]:
    return lambda: written(shapes=[shape])


def saying(said: Any) -> Callable[[], bytes]:
    return lambda: written(said=said)


def shapes() -> Iterator[Made]:
    """Files whose shapes, or what is said of them, are none."""
    nested = b"\1" + struct.pack("<II", 7, 1)
    yield "garbage for WKB", shaped(b"\1garbage"), "row 1"
    yield "collections in collections", shaped(nested * 100_000), "row 1"
    yield "four billion rings", shaped(b"\1" + struct.pack("<II", 3, 2**32 - 1)), "row 1"
    yield "a curve", shaped(b"\1" + struct.pack("<II", 8, 0)), "a circular string"
    yield "another country", shaped(shapely.to_wkb(shapely.box(0, 0, 1, 1))), "outside New Zealand"
    yield "plain Parquet", lambda: written({"a": [1]}, said=None), "Parquet without shapes"
    for way, said in (
        ("no JSON", "{"),
        ("a list", "[]"),
        ("nothing of columns", "{}"),
        ("deep JSON", "[" * 200_000),
        ("no such column", {**GEO, "primary_column": "no"}),
        ("a column that is a list", {**GEO, "columns": []}),
        ("boxes that are none", geo(covering={"bbox": 1})),
    ):
        yield f"geo is {way}", saying(said), "not as GeoParquet does"
    yield "another encoding", saying(geo(encoding="polygon")), "its shapes as “polygon”"
    yield "an encoding that is a list", saying(geo(encoding=[1])), "its shapes as"
    yield "edges on a sphere", saying(geo(edges="spherical")), "edges of its shapes"
    yield "no system known", saying(geo(crs=None)), "does not say which coordinate reference"


def encrypted() -> Iterator[Made]:
    """Files that are locked, in whole and in part."""
    yield "locked", lambda: b"PARE" + good()[4:-4] + b"PARE", "is encrypted"
    yield "locked at its end", lambda: good()[:-4] + b"PARE", "is encrypted"
    yield "locked columns", locked, "encrypted in parts"


def _keeper(_: Any) -> Any:
    """A keeper of keys that hands them out."""
    from pyarrow.parquet.encryption import KmsClient

    class Client(KmsClient):  # type: ignore[misc]
        def wrap_key(self, key: bytes, _: str) -> bytes:
            return key.hex().encode()

    return Client()


def locked() -> bytes:
    from pyarrow.parquet import encryption

    table = pq.read_table(pa.BufferReader(good()))
    how = encryption.EncryptionConfiguration(
        footer_key="f", column_keys={"k": ["name"]}, plaintext_footer=True
    )
    factory = encryption.CryptoFactory(_keeper)
    keys = factory.file_encryption_properties(encryption.KmsConnectionConfig(), how)
    made = io.BytesIO()
    with pq.ParquetWriter(made, table.schema, encryption_properties=keys) as writer:
        writer.write_table(table)
    return made.getvalue()


def pickled(path: str) -> bytes:
    """A column of a type that older readers made of a pickle."""
    extended = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(_Run(path)),
    }
    schema = pa.schema([pa.field("e", pa.string(), metadata=extended)])
    return written(pa.Table.from_arrays([pa.array(["x"])], schema=schema), shapes=[b"\1x"])


@dataclass
class _Run:
    path: str

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return eval, (f"print(open({self.path!r}).read())",)


def zoned(path: str) -> bytes:
    """A time in a zone whose name leads to a file."""
    times = pa.array([1], pa.timestamp("us", tz=f"../../../..{path}"))
    return written({"t": times}, shapes=[b"\1x"])


def readers_of_files(path: str) -> Iterator[Made]:
    """Files that are to bring out what stands in another one, of that path."""
    elsewhere = "in another file"
    yield "values elsewhere", lambda: of_one_page(b"", 1, unpacked=64, path=path), elsewhere
    unknown = "no coordinate reference system"
    yield "a system in a file", saying(geo(crs=f"+init={path}:x")), unknown
    told = {"type": "GeographicCRS", "name": f"+init={path}:x +title=a"}
    yield "a system that names a file", saying(geo(crs=told)), unknown
    yield "a zone that is a file", lambda: zoned(path), "row 1"
    yield "a pickle for a type", lambda: pickled(path), "row 1"
    noise = {1: "ARROW:schema", 2: "/////" + "A" * 4_000}
    yield "noise for a schema", lambda: of_schema([ROOT, SHAPES], 0, told=[noise]), DAMAGED


HARMING: Mapping[str, tuple[Callable[[], bytes], str]] = {
    way: (make, said)
    for files in (broken, bombs, schemas, shapes, encrypted)
    for way, make, said in files()
}
"""How to make each, and a part of what it is refused for, by what it does."""
