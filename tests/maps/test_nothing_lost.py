"""What is in an edition is in each file that is made of it, as other people's programs read it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio.raw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from catchments.core.model import (
    EDUCATION_REGIONS,
    Catchment,
    Edition,
    Provider,
    SourceKind,
)
from catchments.core.plain_cells import as_meant
from catchments.core.text_folding import folded
from catchments.lookup.snapshot import Snapshot
from catchments.readers.formats.cells import shows_an_error, tidy
from maps.exports.cells import LONGEST_CELL
from maps.exports.downloads import (
    FILES,
    GEOJSON,
    GEOPACKAGE,
    GEOPARQUET,
    KML,
    MANIFEST,
    SCHOOLS_CSV,
    SCHOOLS_GEOPARQUET,
    SCHOOLS_XLSX,
    SHAPEFILE,
    TOPOJSON,
)
from maps.exports.export_input import ExportInput
from maps.exports.manifest import manifest
from maps.exports.school_tables import NOT_IN_DIRECTORY
from tests.laws import examples
from tests.worlds import AHI, KOWHAI, RIMU, SQUARES, small_edition, small_release, source, square

LONG = "ā" * 300
AWKWARD = (
    "Ngā Rākau o Ōtāhuhu",
    "Said “so” and \"so\", 'so'",
    "=1+1",
    "'=1+1",
    "''@x",
    "'tis",
    "+64 9 000 0000",
    "-",
    "@SUM(A1)",
    "0800",
    "02",
    "{{7*191}}</script>&amp;<b>",
    "]]>",
    "none",
    "semi;colon, comma\\",
    "𝒜 school",
    LONG,
)
LACKING = (7001, 7002, 7003)
"""School numbers that no directory has."""
NUMBERS = (54, 55, 63, 498, 3553, *LACKING)
DRAWN = {"PDF", "PNG", "HTML"}
KML_NAMES = {"k": "http://www.opengis.net/kml/2.2"}
ANY = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs"))
TEXTS = st.sampled_from(AWKWARD) | st.text(ANY, max_size=30).map(tidy).filter(bool).filter(
    lambda text: not shows_an_error(text)  # which a table cannot tell from a failed formula
)
CODES = TEXTS.map(lambda t: t[:40]).filter(lambda t: folded(t) != "none")
PERHAPS = TEXTS | st.just("")


@dataclass
class Told:
    """What a file says; what it has no room for is None."""

    catchments: dict[str, tuple[str, str, str | None]] | None = None
    """Name, education region, and code of the provider, by code."""
    served_by: dict[str, str | None] | None = None
    """The provider's name, by the catchment's code."""
    providers: list[dict[str, str]] | None = None
    sources: list[dict[str, Any]] | None = None
    schools: dict[int, tuple[str, str]] | None = None
    """The listing and the note on in-school provision, of those that have either."""
    demonstration: bool | None = None


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """An edition of which nearly anything may be missing, and anything may be called anything."""
    providers = {
        code: Provider(code, *draw(st.tuples(TEXTS, PERHAPS, PERHAPS, PERHAPS)))
        for code in draw(st.lists(CODES, max_size=3, unique=True))
    }
    serving = st.sampled_from([None, *providers])
    region = st.sampled_from(["", *EDUCATION_REGIONS])
    catchments = {
        code: Catchment(code, draw(TEXTS), draw(region), draw(serving))
        for code in draw(st.lists(CODES, min_size=1, max_size=4, unique=True))
    }
    squares = draw(st.lists(st.sampled_from([None, *SQUARES]), min_size=4, max_size=4, unique=True))
    lists = st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from([None, *catchments]))
    listed = draw(lists)
    notes = st.dictionaries(st.sampled_from(NUMBERS), TEXTS)
    sources = draw(st.lists(st.tuples(st.sampled_from(list(SourceKind)), TEXTS, TEXTS, PERHAPS)))
    demonstration = draw(st.booleans())
    return Edition(
        number=3,
        catchments=catchments,
        boundaries={code: square(at) for code, at in zip(catchments, squares, strict=False) if at},
        providers=providers,
        listings={number: code for number, code in listed.items() if code},
        unserved=frozenset(number for number, code in listed.items() if not code),
        in_school_provision=draw(notes),
        sources=tuple(
            source(kind, title=title, file_name=name, url=url, demonstration=demonstration)
            for kind, title, name, url in sources
            if kind is not SourceKind.DIRECTORY  # the directory is no part of an edition
        ),
    )


def expected(edition: Edition) -> Told:
    """What is in an edition."""
    catchments = edition.catchments.values()
    served = {c.code: edition.providers.get(c.provider_code or "") for c in catchments}
    numbers = {*edition.listings, *edition.unserved, *edition.in_school_provision}
    listings = {**edition.listings, **dict.fromkeys(edition.unserved, "none")}
    notes = edition.in_school_provision
    return Told(
        {c.code: (c.name, c.education_region, c.provider_code) for c in catchments},
        {code: provider.name if provider else None for code, provider in served.items()},
        [asdict(edition.providers[code]) for code in sorted(edition.providers)],
        [asdict(each) for each in edition.sources],
        {number: (listings.get(number, ""), notes.get(number, "")) for number in numbers},
        edition.demonstration,
    )


def made_of(edition: Edition) -> tuple[ExportInput, dict[str, bytes]]:
    material = ExportInput.of(Snapshot.of(edition, small_release()))
    return material, {each.name: each.make(material) for each in FILES if each.format not in DRAWN}


# --- as each is read ------------------------------------------------------------------------------


def of_json(written: bytes) -> Told:
    told = json.loads(written)
    topology = told["type"] == "Topology"
    features = told["objects"]["catchments"]["geometries"] if topology else told["features"]
    rows = [feature["properties"] for feature in features]
    assert [feature["id"] for feature in features] == [row["catchment_code"] for row in rows]
    found = _of_rows([{**row, "education_region": row["education_region"] or ""} for row in rows])
    found.providers, found.sources = told["providers"], told["sources"]
    found.demonstration = told["demonstration"]
    return found


def rows_of_layer(path: str, layer: str) -> list[dict[str, Any]]:
    meta, _, _, fields = pyogrio.raw.read(path, layer=layer)
    columns = [[_text(value) for value in values] for values in fields]
    return [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]


def _text(value: Any) -> Any:
    return "" if value is None else value.item() if hasattr(value, "item") else value


def _of_rows(rows: list[dict[str, Any]]) -> Told:
    return Told(
        {
            r["catchment_code"]: (
                r["catchment_name"],
                r["education_region"],
                r["provider_code"] or None,
            )
            for r in rows
        },
        {row["catchment_code"]: row["provider_name"] or None for row in rows},
    )


def of_geopackage(written: bytes) -> Told:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "read.gpkg")
        path.write_bytes(written)
        layers = dict(pyogrio.list_layers(path))
        assert layers == {
            "catchments": "MultiPolygon",
            "schools": "Point",
            "providers": None,
            "sources": None,
        }
        rows = {layer: rows_of_layer(str(path), layer) for layer in layers}
    marks = {bool(row["demonstration"]) for row in rows["catchments"]}
    told = _of_rows(rows["catchments"])
    told.providers, told.sources = _providers(rows["providers"]), rows["sources"]
    told.schools = _schools(rows["schools"])
    told.demonstration = marks == {True}
    return told


def _providers(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name.removeprefix("provider_"): text for name, text in r.items()} for r in rows]


def of_shapefile(written: bytes) -> Told:
    long_names = {
        "code": "catchment_code",
        "name": "catchment_name",
        "region": "education_region",
        "prov_code": "provider_code",
        "provider": "provider_name",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "read.zip")
        path.write_bytes(written)
        rows = rows_of_layer(f"/vsizip/{path}/catchments.shp", "catchments")
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        tables = {name: archive.read(name) for name in archive.namelist() if name.endswith(".csv")}
        readme = archive.read("README.txt").decode()
    for name in tables:
        assert name in readme
    cut: dict[str, dict[str, str]] = {}
    for row in of_csv(tables.get("long_texts.csv", b"code,field,text")):
        cut.setdefault(row["code"], {})[row["field"]] = row["text"]
    whole = [{**row, **cut.get(row["code"], {})} for row in rows]
    told = _of_rows([{long_names.get(n, n): v for n, v in row.items()} for row in whole])
    told.providers = _providers(of_csv(tables["providers.csv"]))
    told.sources = [
        {**row, "demonstration": row["demonstration"] == "yes: made up"}
        for row in of_csv(tables["sources.csv"])
    ]
    told.demonstration = {row["made_up"] for row in rows} == {1}
    return told


def of_geoparquet(written: bytes) -> Told:
    table, told = _columns(written)
    found = _of_rows([{name: _text(v) for name, v in row.items()} for row in table])
    found.providers, found.sources = told["providers"], told["sources"]
    found.demonstration = told["demonstration"]
    return found


def of_schools_geoparquet(written: bytes) -> Told:
    table, told = _columns(written)
    rows = [{name: _text(value) for name, value in row.items()} for row in table]
    return Told(schools=_schools(rows), providers=told["providers"], sources=told["sources"])


def _columns(written: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    table = pq.read_table(pa.BufferReader(written))
    rows: list[dict[str, Any]] = table.drop_columns(["geometry", "bbox"]).to_pylist()
    return rows, json.loads(table.schema.metadata[b"catchments"])


def of_csv(written: bytes) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(written.decode(), newline=""))
    return [{name: as_meant(cell) for name, cell in row.items()} for row in rows]


def of_kml(written: bytes) -> Told:
    document = ET.fromstring(written).find("k:Document", KML_NAMES)
    assert document is not None
    of_all = _data(document)
    assert of_all["lines"] == "simplified for drawing"
    rows = [_data(each) for each in document.iterfind(".//k:Placemark", KML_NAMES)]
    codes = {row["catchment_code"]: row["provider_code"] or None for row in rows}
    return Told(
        {
            r["catchment_code"]: (
                r["catchment_name"],
                r.get("education_region", ""),
                codes[r["catchment_code"]],
            )
            for r in rows
        },
        {row["catchment_code"]: row.get("provider_name") for row in rows},
        json.loads(of_all["providers"]),
        json.loads(of_all["sources"]),
        demonstration={"yes: made up": True, "no": False}[of_all["demonstration"]],
    )


def _data(element: ET.Element) -> dict[str, str]:
    data = element.iterfind("k:ExtendedData/k:Data", KML_NAMES)
    return {str(each.get("name")): each.findtext("k:value", "", KML_NAMES) for each in data}


def of_schools_csv(written: bytes) -> Told:
    return Told(schools=_schools(of_csv(written)))


def of_workbook(written: bytes) -> Told:
    sheets = sheets_of(written)
    assert list(sheets) == ["Schools", "Providers", "Sources", "About"]
    providers = _providers(sheets["Providers"])
    for row in providers:  # as every row of the schools has
        del row["edition"], row["demonstration"]
    served: dict[str, str] = {row["code"]: row.pop("catchment_codes") for row in providers}
    told = Told(providers=providers, schools=_schools(sheets["Schools"]))
    *told.sources, directory = sheets["Sources"]
    assert directory["kind"] == SourceKind.DIRECTORY
    told.served_by = served  # compared with the codes below
    return told


def sheets_of(written: bytes) -> dict[str, list[dict[str, Any]]]:
    book = load_workbook(io.BytesIO(written))
    tables = {
        sheet.title: [[_text(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        for sheet in book
    }
    return {
        title: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        for title, rows in tables.items()
    }


def _schools(rows: list[dict[str, Any]]) -> dict[int, tuple[str, str]]:
    told = {int(r["school_id"]): (r["listing"], r["in_school_provision"]) for r in rows}
    assert len(told) == len(rows)
    assert {int(r["school_id"]) for r in rows if r["status"] == NOT_IN_DIRECTORY} == {
        number for number in told if number in LACKING
    }
    return {number: said for number, said in told.items() if any(said)}


READ = {
    GEOJSON: of_json,
    TOPOJSON: of_json,
    GEOPACKAGE: of_geopackage,
    SHAPEFILE: of_shapefile,
    GEOPARQUET: of_geoparquet,
    SCHOOLS_GEOPARQUET: of_schools_geoparquet,
    KML: of_kml,
    SCHOOLS_CSV: of_schools_csv,
    SCHOOLS_XLSX: of_workbook,
}


# --- the law --------------------------------------------------------------------------------------


def missing(told: Told, edition: Edition) -> Iterator[str]:
    """Yield what a file that has room for something says otherwise than the edition."""
    for name, want in vars(expected(edition)).items():
        found = getattr(told, name)
        if found is not None and found != want:
            yield f"{name}: {found} in place of {want}"


def test_every_file_but_a_picture_is_read_here() -> None:
    assert set(READ) == {file.name for file in FILES if file.format not in DRAWN}


@settings(max_examples=examples(40))
@given(editions())
def test_what_is_in_the_edition_is_in_the_file(edition: Edition) -> None:
    _, files = made_of(edition)
    for name, read in READ.items():
        told = read(files[name])
        if name == SCHOOLS_XLSX:
            assert told.served_by == served_codes(edition)
            told.served_by = None
        assert list(missing(told, edition)) == [], name


def served_codes(edition: Edition) -> dict[str, str]:
    served: dict[str, list[str]] = {code: [] for code in edition.providers}
    for code, catchment in sorted(edition.catchments.items()):
        if catchment.provider_code in served:
            served[catchment.provider_code].append(code)
    return {code: ", ".join(codes) for code, codes in served.items()}


def test_the_order_in_which_an_edition_was_read_does_not_show() -> None:
    edition = replace(small_edition(), number=3)
    turned = replace(edition, providers=dict(reversed(edition.providers.items())))
    assert made_of(edition)[1] == made_of(turned)[1]


# --- what the law does not say --------------------------------------------------------------------


@pytest.fixture(scope="module")
def awkward() -> Edition:
    """The small world, and what is easily forgotten: listed numbers, a provider that waits."""
    small = small_edition()
    return replace(
        small,
        number=3,
        catchments={
            **small.catchments,
            RIMU: replace(small.catchments[RIMU], provider_code=None),
        },
        providers={
            **small.providers,
            "P-IDLE": Provider("P-IDLE", LONG, "02", "", ""),
            "P-RAKAU": replace(small.providers["P-RAKAU"], name=LONG),
        },
        listings={**small.listings, 7001: KOWHAI},
        unserved=small.unserved | {7002},
        in_school_provision={**small.in_school_provision, 7003: "x" * (LONGEST_CELL + 1)},
    )


@pytest.fixture(scope="module")
def files(awkward: Edition) -> Mapping[str, bytes]:
    return made_of(awkward)[1]


def test_a_listed_number_that_the_directory_lacks_says_where_it_is_listed(
    files: Mapping[str, bytes],
) -> None:
    rows = {int(row["school_id"]): row for row in of_csv(files[SCHOOLS_CSV])}
    names = ("school_name", "status", "catchment_code", "provider_code", "basis", "listing")
    told = {number: [rows[number][name] for name in names] for number in LACKING}
    assert told == {
        7001: ["", NOT_IN_DIRECTORY, KOWHAI, "P-RAKAU", "listed", KOWHAI],
        7002: ["", NOT_IN_DIRECTORY, "", "", "", "none"],
        7003: ["", NOT_IN_DIRECTORY, "", "", "", ""],
    }
    assert list(rows) == [*small_release().schools, *LACKING]


def test_a_listing_shows_whatever_the_answer_is(files: Mapping[str, bytes]) -> None:
    rows = {int(row["school_id"]): row for row in of_csv(files[SCHOOLS_CSV])}
    told = {number: row["listing"] for number, row in rows.items() if row["listing"]}
    assert told == {54: AHI, 55: KOWHAI, 57: RIMU, 498: "none", 7001: KOWHAI, 7002: "none"}


def test_who_serves_nothing_is_a_provider_all_the_same(files: Mapping[str, bytes]) -> None:
    for name, read in READ.items():
        told = read(files[name])
        codes = [row["code"] for row in told.providers] if told.providers else ["P-IDLE"]
        assert "P-IDLE" in codes, name


def test_only_what_is_cut_in_the_shapefile_stands_beside_it(files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files[SHAPEFILE])) as archive:
        cut = of_csv(archive.read("long_texts.csv"))
        readme = archive.read("README.txt").decode()
    assert {(row["code"], row["field"], row["text"]) for row in cut} == {
        (KOWHAI, "provider", LONG),
        ("TOT-4", "provider", LONG),
    }
    assert "long_texts.csv" in readme
    with zipfile.ZipFile(io.BytesIO(made_of(small_edition())[1][SHAPEFILE])) as archive:
        assert "long_texts.csv" not in archive.namelist()
        assert "long_texts.csv" not in archive.read("README.txt").decode()


def test_no_provider_is_called_none_is_recorded(files: Mapping[str, bytes]) -> None:
    document = ET.fromstring(files[KML])
    for placemark in document.iterfind(".//k:Placemark", KML_NAMES):
        told, said = _data(placemark), placemark.findtext("k:description", "", KML_NAMES)
        assert ("Provider: none is recorded" in said) == (told["catchment_code"] == RIMU)
        assert ("provider_name" in told) == (told["catchment_code"] != RIMU)
        assert (told["provider_code"] == "") == (told["catchment_code"] == RIMU)
        assert "Provider code" not in said


@pytest.mark.parametrize("name", ["\x00", "\x0b", "\ufffe", "\ud800", "a\r\nb"])
def test_a_list_in_the_kml_has_also_what_xml_has_no_place_for(name: str) -> None:
    edition = small_edition(providers={"P-AHI": Provider("P-AHI", name)})
    material = ExportInput.of(Snapshot.of(edition, small_release()))
    (made,) = [each.make(material) for each in FILES if each.name == KML]
    assert [row["name"] for row in of_kml(made).providers or []] == [name]


def test_a_text_that_a_cell_has_no_room_for_is_named_in_the_workbook(
    files: Mapping[str, bytes],
) -> None:
    about = dict(
        load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))["About"].iter_rows(values_only=True)
    )
    line = len(small_release().schools) + 1 + len(LACKING)
    assert str(about["Cut texts"]).startswith(f"Schools P{line} have no room for more than 32,767")
    whole = {int(row["school_id"]): row for row in of_csv(files[SCHOOLS_CSV])}
    assert len(whole[7003]["in_school_provision"]) == LONGEST_CELL + 1
    usual = made_of(small_edition())[1][SCHOOLS_XLSX]
    sheet = load_workbook(io.BytesIO(usual))["About"]
    assert "Cut texts" not in dict(sheet.iter_rows(values_only=True))


def test_a_cell_that_is_typed_anew_keeps_its_zeros(files: Mapping[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    for title, names in {"Schools": ("phone", "listing"), "Providers": ("phone",)}.items():
        header, *rows = book[title].iter_rows()
        for at in (n for n, cell in enumerate(header) if cell.value in names):
            kept = {row[at].number_format for row in rows if row[at].value is not None}
            assert kept == {"@"}
            letter = header[at].column_letter
            assert book[title].column_dimensions[letter].number_format == "@"
        assert book[title].column_dimensions["A"].number_format == (
            "General" if title == "Schools" else "@"
        )
    assert book["Providers"].freeze_panes == "C2"


def test_the_manifest_has_the_digest_of_each_source(awkward: Edition) -> None:
    material = ExportInput.of(Snapshot.of(awkward, small_release()))
    told = json.loads(manifest(material, (), ()))
    assert MANIFEST.endswith(".json")
    assert [each["sha256"] for each in told["sources"]] == ["ab" * 32] * 4
    assert {each["file_name"] for each in told["sources"]} == {"squares.csv"}
    assert {each["demonstration"] for each in told["sources"]} == {True}
