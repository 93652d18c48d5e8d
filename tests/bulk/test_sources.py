"""What a file may be: packed, wide, parted as it says, a folder; all else is named."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catchments.bulk.columns import Wanted
from catchments.bulk.files import Summary, resolve_file
from catchments.core.errors import FileRefused, InputRefused
from catchments.lookup.snapshot import Snapshot
from tests.worlds import TODAY, small_edition, small_release

TEXT = "School_Id,note\n54,Tūrangi\n,\n55.0,“b”\n"
ANSWERED = ["AHI-1", None, "KOW-2"]
POINTS = gpd.GeoDataFrame(
    {"n": [1, 2]}, geometry=gpd.points_from_xy([174.5, 183.5], [-38.5, -44.0]), crs=4326
)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.of(small_edition(number=1), small_release(number=1))


@pytest.fixture
def run(snapshot: Snapshot, tmp_path: Path) -> Callable[..., list[str | None]]:
    """Resolve a file in the small world; give the catchments' codes."""

    def resolved(source: Path, **wanted: str) -> list[str | None]:
        target = tmp_path / "out.parquet"
        resolve_file(source, target, snapshot, on=TODAY, wanted=Wanted(**wanted), replace=True)
        codes: list[str | None] = pq.read_table(target)["catchment_code"].to_pylist()
        return codes

    return resolved


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT[:20].encode()) + gzip.compress(TEXT[20:].encode()),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        gzip.compress(TEXT.encode("utf-16")),
        ("sep=,\r\n" + TEXT).encode(),
        ("\ufeffsep=;\n" + TEXT.replace(",", ";")).encode(),
        ("sep=|\n" + TEXT.replace(",", "|")).encode(),
        ('"sep=\t"\r\n' + TEXT.replace(",", "\t")).encode("utf-16"),
    ],
    ids=str.split(  # gzip has the second in it, and all workers need the same names
        "plain gzip two-members UTF-16 little-endian big-endian gzip-of-UTF-16 sep-comma "
        "sep-semicolon sep-bar sep-tab-in-UTF-16"
    ),
)
def test_text_is_read_however_it_is_packed_encoded_and_parted(
    content: bytes, run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    assert run(tmp_path / "in.csv") == ANSWERED


PACKED = gzip.compress(TEXT.encode())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PACKED[:-12], "is gzip that is damaged or ends too early"),
        (PACKED + b"more", "is gzip that is damaged or ends too early"),
        (PACKED[:30] + b"\xff" * 9 + PACKED[39:], "is gzip that is damaged or ends too early"),
        (gzip.compress(b""), "has nothing in it"),
        (gzip.compress(PACKED), "is gzip of a gzip file"),
        (gzip.compress(b"School_Id,x\n54,\xff\n"), "line 2, column 2 “x”: this is not UTF-8 text"),
        (TEXT.encode("utf-16") + b"a", "line 5: this is not UTF-16 text"),
        (TEXT.encode("utf-32"), "is UTF-32 text"),
    ],
    ids=str.split("cut and-more damaged empty twice in-it UTF-16 UTF-32"),
)
def test_text_that_is_damaged_is_refused_with_where(
    content: bytes, said: str, run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in.csv.gz").write_bytes(content)
    with pytest.raises(FileRefused, match=said):
        run(tmp_path / "in.csv.gz")


def test_gzip_that_is_made_to_burst_is_refused_long_before_it_has(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    # Members of one file, the same forty times; few long rows, since reading rows is not the point.
    rows = gzip.compress((b"54" + b" " * 997 + b"\n") * 3_000)
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(b"school_id\n") + 40 * rows)
    read: list[int] = []

    def noted(_what: str, done: int, _whole: int) -> None:
        read.append(done)

    source = tmp_path / "in.csv.gz"
    with pytest.raises(FileRefused, match="unpacks to more than 200 times its size"):
        resolve_file(source, tmp_path / "o.csv", snapshot, on=TODAY, progress=noted)
    assert max(read, default=0) < source.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv.gz"]


# --- folders --------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"School_Id": pd.array([54, None, 55], dtype="Int64"), "n": ["a", "b", "c"]})


def test_a_folder_that_is_parted_as_in_hive_is_one_table_with_its_parts_as_columns(
    run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    parted = FRAME.assign(region=["Waikato", "Waikato", "Tāmaki: x/y"])
    parted.to_parquet(tmp_path / "in", partition_cols=["region"])
    (tmp_path / "in" / "_SUCCESS").write_text("")
    assert sorted(run(tmp_path / "in"), key=str) == sorted(ANSWERED, key=str)
    regions = pq.read_table(tmp_path / "out.parquet")["region"].to_pylist()
    assert sorted(regions) == ["Tāmaki: x/y", "Waikato", "Waikato"]


def test_what_a_folder_s_name_says_may_be_what_is_asked(
    run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    for name in ("school_id=055", "school_id=54.0", "school_id=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / "in" / name).mkdir(parents=True)
        FRAME[["n"]].iloc[:1].to_parquet(tmp_path / "in" / name / "part-0.parquet")
    assert run(tmp_path / "in") == ["KOW-2", "AHI-1", None]


def test_files_of_a_folder_may_differ_in_what_nulls_made_of_their_numbers(
    run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    FRAME.to_parquet(tmp_path / "in" / "a.parquet")
    FRAME.astype({"School_Id": "float"}).to_parquet(tmp_path / "in" / "b.parquet")
    FRAME.iloc[:0].to_parquet(tmp_path / "in" / "c.parquet")
    assert run(tmp_path / "in") == ANSWERED * 2


def test_a_folder_of_geoparquet_keeps_its_points(
    run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        POINTS.to_parquet(tmp_path / "in" / f"{name}.parquet")
    assert run(tmp_path / "in") == ["AHI-1", "REK-5"] * 2
    assert gpd.read_parquet(tmp_path / "out.parquet").crs == POINTS.crs


def _other_columns(folder: Path) -> None:
    FRAME.assign(School_Id="x").to_parquet(folder / "b.parquet")


def _other_crs(folder: Path) -> None:
    POINTS.to_parquet(folder / "a.parquet")
    POINTS.to_crs(2193).to_parquet(folder / "b.parquet")


def _no_parquet(folder: Path) -> None:
    (folder / "readme.txt").write_text("x")


def _in_a_folder_of_its_own(folder: Path) -> None:
    (folder / "n=1").mkdir()
    FRAME.to_parquet(folder / "n=1" / "b.parquet")


def _named_twice(folder: Path) -> None:
    (folder / "a.parquet").unlink()
    _in_a_folder_of_its_own(folder)


def _twice_in_its_folders(folder: Path) -> None:
    (folder / "a.parquet").unlink()
    (folder / "y=1" / "y=2").mkdir(parents=True)
    FRAME.to_parquet(folder / "y=1" / "y=2" / "b.parquet")


def _damaged(folder: Path) -> None:
    (folder / "b.parquet").write_bytes(b"PAR1 is all")


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (_other_columns, "“b.parquet” has other columns than the files before"),
        (_other_crs, "“b.parquet” has its geometry in another form or CRS"),
        (_no_parquet, "“readme.txt” in it is not Parquet"),
        (_in_a_folder_of_its_own, "is not in folders as the others are"),
        (_named_twice, "the column n is in its files and in its folders' names"),
        (_twice_in_its_folders, "the folders of “b.parquet” name a column twice"),
        (_damaged, "“b.parquet” is not a Parquet file, or it is damaged"),
    ],
)
def test_a_folder_that_is_not_one_table_is_refused(
    spoilt: Callable[[Path], None],
    said: str,
    run: Callable[..., list[str | None]],
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    FRAME.to_parquet(tmp_path / "in" / "a.parquet")
    spoilt(tmp_path / "in")
    with pytest.raises(FileRefused, match=said):
        run(tmp_path / "in")


def test_answers_are_not_written_into_the_folder_that_is_read(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    FRAME.to_parquet(tmp_path / "in" / "a.parquet")
    with pytest.raises(InputRefused, match="would be a part of the folder that is read"):
        resolve_file(tmp_path / "in", tmp_path / "in" / "out.parquet", snapshot, on=TODAY)


def test_an_empty_folder_is_refused(run: Callable[..., list[str | None]], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(FileRefused, match="is a folder without a Parquet file"):
        run(tmp_path / "in")


# --- what is not read is named for what it is -----------------------------------------------------


def _made_by(driver: str, ending: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        POINTS.to_file(folder / f"in{ending}", driver=driver)
        return folder / f"in{ending}"

    return make


def _zipped(*members: tuple[str, str]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "in.zip", "w") as packed:
            for name, text in members:
                packed.writestr(name, text)
        return folder / "in.zip"

    return make


def _written(content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "in.csv").write_bytes(content)
        return folder / "in.csv"

    return make


def _excel(folder: Path) -> Path:
    FRAME.to_excel(folder / "in.xlsx")
    return folder / "in.xlsx"


def _feather(folder: Path) -> Path:
    FRAME.to_feather(folder / "in.feather")
    return folder / "in.feather"


def _stream() -> bytes:
    sink = io.BytesIO()
    table = pa.table({"school_id": [54]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("in.csv"))
    return sink.getvalue()


OTHERS: list[tuple[Callable[[Path], Path], str, str]] = [
    # how it is made, what it is, what to do next
    (_made_by("GPKG", ".gpkg"), "is a GeoPackage", "ogr2ogr points.parquet in.gpkg"),
    (_made_by("ESRI Shapefile", ".shp"), "is a Shapefile", "GeoParquet or CSV"),
    (_made_by("FlatGeobuf", ".fgb"), "is FlatGeobuf", "GeoParquet or CSV"),
    (_made_by("GeoJSON", ".json"), "is GeoJSON", "GeoParquet or CSV"),
    (_zipped(("a/x.SHP", ""), ("a/x.dbf", "")), "is a zipped Shapefile", "GeoParquet or CSV"),
    (_zipped(("doc.kml", "<kml/>")), "is KMZ", "GeoParquet or CSV"),
    (_zipped(("x.csv", "")), "is zipped CSV", "Unpack it"),
    (_zipped(("content.xml", ""), ("mimetype", "")), r"\(ODS\)", "CSV UTF-8"),
    (_zipped(("x", "")), "is a zip", "Unpack it"),
    (_excel, r"is a workbook \(XLSX\)", "CSV UTF-8"),
    (_feather, "is Feather", "as Parquet"),
    (_written(b"FEA1" + bytes(20)), "is Feather in its first version", "as Parquet"),
    (_written(_stream()), "is a stream of Arrow", "as Parquet"),
    (_written(_tar()), r"is packed \(tar\)", "Unpack it"),
    (_written(b"PK\x03\x04 a workbook"), "zip, and damaged", "save it as CSV"),
    (_written(b"\xd0\xcf\x11\xe0" + bytes(99)), r"old format \.xls", "CSV UTF-8"),
    (_written(b"<?xml version='1.0'?><kml>"), "is KML", "GeoParquet or CSV"),
    (_written(b"<gpx>"), "is XML", "GeoParquet or CSV"),
    (_written(b'{"type": "Topology"}'), "is TopoJSON", "GeoParquet or CSV"),
    (_written(b'[{"school_id": 54}]'), "is JSON", "as CSV or Parquet"),
    (_written(b"<!doctype html><title>school_id"), "is a web page", "sign in first"),
    (_written(b"%PDF-1.7"), "is a PDF", "Ask whoever"),
    (_written(b"SQLite format 3\0" + bytes(99)), "is a database of SQLite", "as CSV or Parquet"),
    (_written(b"\x03\x7e\x0b\x1d" + bytes(99)), "is a table of dBASE", "GeoParquet or CSV"),
    (_written(gzip.compress(b"PAR1" + bytes(99))), "is gzip of Parquet", "Unpack it"),
    (_written(b"PARE" + bytes(99)), "is Parquet that is encrypted", "without encryption"),
]


@pytest.mark.every_case
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("make", "what", "next_step"), OTHERS)
def test_a_file_of_another_format_is_named_for_what_it_is(
    make: Callable[[Path], Path],
    what: str,
    next_step: str,
    run: Callable[..., list[str | None]],
    tmp_path: Path,
) -> None:
    with pytest.raises(FileRefused, match=what) as refused:
        run(make(tmp_path))
    assert next_step in refused.value.next_step
    assert "Parquet and GeoParquet are read" in refused.value.allowed


@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_a_shapefile_is_named_for_what_it_is(
    run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    POINTS.to_file(tmp_path / "in" / "x.shp")
    with pytest.raises(FileRefused, match="is a folder with a Shapefile"):
        run(tmp_path / "in")


@pytest.mark.parametrize("name", ["ORC", "BZh", "Obj", "PARE"])
def test_a_header_that_begins_as_another_format_does_is_a_header(
    name: str, run: Callable[..., list[str | None]], tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(f"{name},school_id\n1,54\n")
    assert run(tmp_path / "in.csv") == ["AHI-1"]


def test_summaries_count_what_a_folder_s_files_hold(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        FRAME.to_parquet(tmp_path / "in" / f"{name}.parquet")
    done: Summary = resolve_file(tmp_path / "in", tmp_path / "out.csv", snapshot, on=TODAY)
    assert (done.rows, done.statuses) == (9, {"resolved": 6, "refused": 3})
