"""LINZ NZ Addresses, both layouts, CSV and GeoPackage: read in a stream, or refused whole."""

from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.core.model import SourceKind
from catchments.lookup.search.addresses.building import Address, Road
from catchments.readers import address_files, addresses
from catchments.readers.addresses import AddressReading
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.geopackage import GeoPackage
from catchments.readers.report import Problem
from tests import hostile_files
from tests.address_files import BARE, LAYOUTS, OLDER, Given, csv_text, geopackage, table
from tests.laws import examples

KAITAIA = ("Kaitāia", "Kaitāia", "Far North District")
PLAIN = Given()
ROWS = (
    PLAIN,
    Given(unit="2", suffix="a"),
    Given(number="10", high="14", road="Mātai Road", suburb="Ōkāhu", town=""),
    Given(road="Te One Road", suburb="Te One", town="", lng=-176.53, lat=-43.95),
)
READ = (
    Address(Road("High Street", *KAITAIA), 12, "", 0, "", "12", 173.26, -35.11),
    Address(Road("High Street", *KAITAIA), 12, "A", 0, "2", "2/12a", 173.26, -35.11),
    Address(Road("Mātai Road", "Ōkāhu", "", KAITAIA[2]), 10, "", 14, "", "10-14", 173.26, -35.11),
    Address(Road("Te One Road", "Te One", "", KAITAIA[2]), 12, "", 0, "", "12", -176.53, -43.95),
)
HOSTILE = (
    "{{7*191}} Road",
    "</script> Road",
    "' OR 1=1 -- Road",
    "=cmd|' /c calc'!A1 Road",
    "🏫 a",
)


def read(path: Path) -> list[Address]:
    return list(AddressReading(path).addresses())


def written(folder: Path, content: str | bytes, name: str = "nz-addresses.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def from_csv(folder: Path, *rows: Given) -> list[Address]:
    return read(written(folder, csv_text(rows)))


def problems(path: Path) -> list[Problem]:
    reading = AddressReading(path)
    list(reading.addresses())
    return reading.report.problems


def refusal(path: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        read(path)
    return str(refused.value)


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_addresses_as_csv(tmp_path: Path, layout: str) -> None:
    assert list(READ) == read(written(tmp_path, csv_text(ROWS, LAYOUTS[layout])))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("crs", ["EPSG:4167", "EPSG:4326", "EPSG:2193"])
def test_every_layout_gives_the_same_addresses_as_geopackage(
    tmp_path: Path, layout: str, crs: str
) -> None:
    mainland = ROWS[:3]  # the projection of the mainland does not reach the Chathams
    path = geopackage(tmp_path / "nz-addresses.gpkg", mainland, LAYOUTS[layout], crs=crs)
    assert list(READ[:3]) == [
        a._replace(lng=round(a.lng, 9), lat=round(a.lat, 9)) for a in read(path)
    ]


def test_a_geopackage_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "nz-addresses.gpkg", ROWS)
    assert list(READ) == read(path.rename(tmp_path / "nz-addresses.csv"))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_any_line_end_are_taken(
    tmp_path: Path, mark: bytes, line_end: bytes
) -> None:
    content = mark + csv_text(ROWS).encode().replace(b"\r\n", line_end)
    assert list(READ) == read(written(tmp_path, content))


@pytest.mark.parametrize("lng", [-176.53, 183.47])
def test_the_chathams_lie_west_of_180_whichever_way_a_file_says_it(
    tmp_path: Path, lng: float
) -> None:
    (found,) = from_csv(tmp_path, Given(lng=lng, lat=-43.95))
    assert (round(found.lng, 9), found.lat) == (-176.53, -43.95)


def test_a_point_is_taken_from_the_wkt_where_no_column_has_it(tmp_path: Path) -> None:
    header = [name for name in OLDER if name[:6] not in {"gd2000", "shape_"}]
    assert list(READ) == read(written(tmp_path, csv_text(ROWS, header)))


def test_the_older_columns_win_over_the_shape_which_may_be_in_metres(tmp_path: Path) -> None:
    row = {**PLAIN.cells(), "shape_X": "1576000.1", "shape_Y": "6115000.2"}
    assert [READ[0]] == read(written(tmp_path, table(OLDER, [row])))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 High Street", (12, "", 0, "", "12")),
        ("12a High Street", (12, "A", 0, "", "12a")),
        ("2/12A High Street", (12, "A", 0, "2", "2/12A")),
        ("Flat 2, 12A High Street", (12, "A", 0, "2", "Flat 2, 12A")),
        ("Unit B, 12 High Street", (12, "", 0, "B", "Unit B, 12")),
        ("Level 3, Unit 4, 12 High Street", (12, "", 0, "4", "Level 3, Unit 4, 12")),
        ("Flat 2/12 High Street", (12, "", 0, "2", "Flat 2/12")),
        ("10-14 High Street", (10, "", 14, "", "10-14")),
        ("10A-10C High Street", (10, "A", 0, "", "10A-10C")),
        ("1/10-14 High Street", (10, "", 14, "1", "1/10-14")),
        ("10-999 High Street", (10, "", 0, "", "10-999")),
        ("14-10 High Street", (14, "", 0, "", "14-10")),
        ("1234 High Street", (1234, "", 0, "", "1234")),
    ],
)
def test_a_whole_address_is_parted(tmp_path: Path, text: str, expected: tuple[object, ...]) -> None:
    row = {**PLAIN.cells(), "full_address": f"{text}, Ōkāhu, Kaitāia"}
    (found,) = read(written(tmp_path, table(BARE, [row])))
    assert (*expected, "High Street", "Ōkāhu", "Kaitāia") == (*found[1:6], *found.road[:3])


def test_a_road_may_begin_with_a_numeral_or_hold_one(tmp_path: Path) -> None:
    rows = [Given(road="3rd Avenue"), Given(road="State Highway 1"), Given(road="90 Mile Road")]
    found = read(written(tmp_path, csv_text(rows, BARE)))
    assert [(a.number, a.road.name) for a in found] == [(12, row.road) for row in rows]


def test_a_whole_address_fills_in_what_its_columns_lack(tmp_path: Path) -> None:
    row = {**ROWS[1].cells(), "address_number": "", "full_address_number": ""}
    assert [READ[1]] == read(written(tmp_path, table(OLDER, [row])))


def test_a_number_with_its_flat_is_parted_where_it_stands_in_one_column(tmp_path: Path) -> None:
    header = ["full_address_number", "full_road_name", "suburb_locality", "town_city", *BARE]
    row = {**PLAIN.cells(), "full_address_number": "Flat 2, 12A"}
    (found,) = read(written(tmp_path, table(header, [row])))
    assert found[1:6] == (12, "A", 0, "2", "Flat 2, 12A")


def test_a_flat_that_the_whole_number_does_not_name_is_named(tmp_path: Path) -> None:
    row = {**PLAIN.cells(), "unit_value": "Flat 3"}
    (found,) = read(written(tmp_path, table(OLDER, [row])))
    assert (found.unit, found.label) == ("3", "Flat 3/12")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_hostile_names_are_only_text(tmp_path: Path, text: str, suffix: str) -> None:
    row = Given(road=text, suburb=text, town=text, district=text)
    path = tmp_path / f"nz-addresses.{suffix}"
    if suffix == "gpkg":
        geopackage(path, [row])
    else:
        written(tmp_path, csv_text([row]))
    (found,) = read(path)
    assert found.road == (text, text, text, text)


def test_names_are_tidied_once_a_road_and_share_its_object(tmp_path: Path) -> None:
    messy = Given(road=" High\u202e  Street ")
    first, second = from_csv(tmp_path, messy, messy)
    assert first.road == READ[0].road
    assert first.road is second.road


# --- what is left out -----------------------------------------------------------------------------


def test_an_address_that_is_not_current_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [PLAIN, Given(life="Retired"), Given(life="CURRENT"), Given(life="")]
    reading = AddressReading(written(tmp_path, csv_text(rows)))
    assert len(list(reading.addresses())) == 3 == reading.kept
    assert reading.report.counts == {
        "Rows read": 4,
        "Left out: not current": 1,
        "Roads, counted once a suburb": 1,
        "Addresses": 3,
    }
    assert reading.report.problems == []


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (Given(lng="", lat=""), "without a point: “12 High Street, Kaitāia, Kaitāia”"),
        (Given(lng="x", lat="y"), "without a point: “12 High Street, Kaitāia, Kaitāia”"),
        (Given(lng="nan", lat="inf"), "without a point: “12 High Street, Kaitāia, Kaitāia”"),
        (Given(number=""), "without a number: “High Street, Kaitāia, Kaitāia”"),
        (Given(road=""), "without a road: “12, Kaitāia, Kaitāia”"),
        (Given(road="学校"), "without a road: “12 学校, Kaitāia, Kaitāia”"),
        (Given(lng=151.2, lat=-33.9), "outside New Zealand: “longitude 151.2, latitude -33.9”"),
        (Given(lng=1576000, lat=6115000), "outside New Zealand: “longitude 1.576e+06, latitude"),
        (Given(lng=173.3, lat=35.1), "without the minus sign of its latitude"),
        (Given(lng=-35.1, lat=173.3), "with its axes exchanged: “longitude -35.1, latitude 173.3”"),
    ],
)
def test_a_row_that_lacks_something_is_a_problem_with_its_line(
    tmp_path: Path, row: Given, what: str
) -> None:
    reading = AddressReading(written(tmp_path, csv_text([PLAIN, row, PLAIN])))
    assert [READ[0]] * 2 == list(reading.addresses())
    (problem,) = reading.report.problems
    assert (problem.where, problem.done) == ("line 3", "left out")
    assert problem.what.startswith(what)
    assert reading.report.counts[f"Left out: {what.partition(':')[0]}"] == 1


def test_an_address_on_the_water_is_left_out_as_such(tmp_path: Path) -> None:
    row = {**Given(road="").cells(), "water_name": "Endeavour Inlet"}
    path = written(tmp_path, table(OLDER, [PLAIN.cells(), row]))
    assert [p.what for p in problems(path)] == ["on the water: “12, Kaitāia, Kaitāia”"]


def test_problems_of_a_geopackage_name_the_feature(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "nz-addresses.gpkg", [PLAIN, Given(lng="", lat=""), PLAIN])
    assert [p.where for p in problems(path)] == ["feature 2"]


def test_a_thousand_problems_are_counted_and_few_are_kept(tmp_path: Path) -> None:
    rows = [PLAIN, *[Given(number="")] * 1_000]
    reading = AddressReading(written(tmp_path, csv_text(rows)))
    list(reading.addresses())
    assert len(reading.report.problems) == addresses.PROBLEMS_KEPT
    assert reading.report.counts["Left out: without a number"] == 1_000


def test_a_file_with_no_address_to_use_is_refused_and_says_why(tmp_path: Path) -> None:
    path = written(tmp_path, csv_text([Given(lng=1576000, lat=6115000)] * 3))
    with pytest.raises(FileRefused, match="EPSG:4167") as refused:
        read(path)
    assert "has 3 rows, and no address that can be used" in str(refused.value)
    assert refused.value.rows[0].startswith("line 2: outside New Zealand")


# --- what is refused ------------------------------------------------------------------------------

TEXT = csv_text(ROWS)
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is empty"),
    "a web page": ("<!DOCTYPE html><title>Sign in", "is a web page or XML, not a CSV"),
    "a web page after a mark": ("\ufeff \n<HTML>", "is a web page or XML, not a CSV"),
    "a zip": (b"PK\x03\x04" + bytes(50), "Unpack it and import the file in it"),
    "another database": (b"SQLite format 3\0" + bytes(500), "it is not text"),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16 text"),
    "other columns": ("a,b\n1,2\n", "one named full_address or address_number"),
    "no point": ("full_address\n12 High Street\n", "named gd2000_xcoord or shape_X or WKT"),
    "a header alone": (",".join(OLDER) + "\n", "has 0 rows, and no address that can be used"),
    "blank lines": ("\n\n\n", "has no header with the columns of addresses"),
    "an open quotation mark": (TEXT + '"POINT (1', "opened and never closed; the file may be cut"),
    "a mark inside": (TEXT + '"a"b,\n', "a quotation mark stands inside a cell"),
    "a last row cut off": (
        TEXT.rstrip()[:-60],
        "line 5, column 16 “address_number_high”: the file breaks off",
    ),
    "a short row": (
        TEXT + "1,2,3\n" + TEXT,
        "line 6, column 4 “change_id”: there are 3 cells under a header of 37",
    ),
    "a long row": (
        TEXT + "," * 99 + "\n",
        "line 6, column 38: there are 100 cells under a header of 37",
    ),
    "a NUL": (TEXT + "\0\n", "line 6, column 1 “WKT”: there is a NUL byte"),
    "damaged UTF-8": (TEXT.encode() + b"\xff\n", "line 6, column 1: this is not UTF-8 text"),
    "Windows text": (TEXT.encode("cp1252", "replace").replace(b"?", b"\xe1"), "is not UTF-8 text"),
    "a cell of 10 MB": (
        TEXT + "a" * 10_000_000 + "\n",
        "line 6, column 1 “WKT”: there is a row of more than 1,000,000 ",
    ),
    "a cell of 10 MB in lines": (TEXT + '"' + "a\n" * 5_000_000, "a cell is too long"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses_with_a_sentence(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refusal(written(tmp_path, content))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "There is no file “missing.csv”" in refusal(tmp_path / "missing.csv")
    assert "is not a file" in refusal(tmp_path)
    assert "cannot be opened" in refusal(tmp_path / ("x" * 5_000))


def test_every_cut_of_a_csv_but_between_rows_is_refused(tmp_path: Path) -> None:
    whole = csv_text([PLAIN] * 2).rstrip("\r\n")
    start, end = whole.rindex("POINT"), whole.rindex(",")
    for at in range(start + 1, end):
        said = refusal(written(tmp_path, whole[:at]))
        assert "line 3, " in said
        assert "the file breaks off" in said or "never closed" in said


def geopackage_with(folder: Path, *statements: str, rows: int = 3) -> Path:
    """A GeoPackage on which some SQL was run."""
    path = geopackage(folder / "nz-addresses.gpkg", [PLAIN] * rows)
    run_on(path, *statements)
    return path


def run_on(path: Path, *statements: str) -> None:
    """Run SQL on a GeoPackage without its triggers, which call functions of GDAL's own."""
    with closing(sqlite3.connect(path)) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.executescript(";".join(statements))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE VIRTUAL TABLE x USING fts3(a); DROP TABLE nz_addresses", "cannot be read as addr"),
        (
            ";".join(f"ALTER TABLE nz_addresses DROP full_{n}" for n in ("address", "road_name")),
            "named full_address or full_road",
        ),
        ("UPDATE nz_addresses SET full_road_name = '', full_address = 'x'", "has 3 rows, and no"),
        ("DELETE FROM nz_addresses", "has 0 rows, and no address that can be used"),
    ],
)
def test_a_geopackage_without_addresses_is_refused(
    tmp_path: Path, statement: str, said: str
) -> None:
    assert said in refusal(geopackage_with(tmp_path, statement))


def test_a_geopackage_that_could_read_other_files_is_refused(tmp_path: Path) -> None:
    path = geopackage_with(
        tmp_path,
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, "
        "'CREATE VIRTUAL TABLE x USING VirtualOGR(''/etc/passwd'')')",
    )
    assert "has virtual tables, which could read other files" in refusal(path)


def test_a_geopackage_is_found_to_be_cut_short(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "nz-addresses.gpkg", [PLAIN] * 3_000)
    content = path.read_bytes()
    for part in (0.3, 0.6, 0.9):
        cut = written(tmp_path, content[: int(len(content) * part)], f"cut-{part}.gpkg")
        assert f"cut-{part}.gpkg" in refusal(cut)


def test_a_geopackage_that_ends_before_its_last_feature_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = geopackage(tmp_path / "nz-addresses.gpkg", ROWS)
    monkeypatch.setattr(GeoPackage, "count", lambda *_: 5)
    assert "breaks off in feature 5 of 5" in refusal(path)


def test_more_roads_than_the_country_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "MOST_ROADS", 3)
    rows = [Given(road=f"Road {n}") for n in range(4)]
    assert "names more than 3 roads" in refusal(written(tmp_path, csv_text(rows)))


# --- how it is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 5_000])
def test_a_geopackage_is_read_whole_in_batches_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(address_files, "_BATCH", batch)
    path = geopackage(tmp_path / "nz-addresses.gpkg", [Given(number=str(n)) for n in range(1, 8)])
    run_on(path, "UPDATE nz_addresses SET fid = fid * 1000 WHERE fid > 4")  # numbers with gaps
    assert [a.number for a in read(path)] == list(range(1, 8))


@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_progress_goes_on_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(address_files, "_BATCH", 2)
    monkeypatch.setattr(address_files, "_PROGRESS_ROWS", 2)
    path = tmp_path / f"nz-addresses.{suffix}"
    if suffix == "csv":
        written(tmp_path, TEXT)
    else:
        geopackage(path, ROWS)
    calls: list[tuple[str, int, int | None]] = []
    list(AddressReading(path).addresses(progress=lambda *call: calls.append(call)))
    doing, done, whole = calls[-1]
    assert doing == f"Reading {path.name}"
    assert done == whole == (path.stat().st_size if suffix == "csv" else len(ROWS))
    assert [d for _, d, _ in calls] == sorted(d for _, d, _ in calls)
    assert len(calls) > 1


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 20_000):
        path = written(tmp_path, csv_text([PLAIN] * count), f"{count}.csv")
        tracemalloc.start()
        assert sum(1 for _ in AddressReading(path).addresses()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_memory_does_not_grow_with_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_files, "_BATCH", 100)
    columns = "full_road_name TEXT, address_number INTEGER, geom POINT"
    peaks = []
    for count in (500, 5_000):
        rows = [("High Street", n % 300 + 1, hostile_files.POINT) for n in range(count)]
        path = hostile_files.geopackage(tmp_path / f"{count}.gpkg", rows, columns=columns)
        tracemalloc.start()
        assert sum(1 for _ in AddressReading(path).addresses()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_the_source_is_linz_under_its_licence(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT, "nz-addresses-2026-09-01.csv")
    source = AddressReading(path).source()
    assert source.kind is SourceKind.ADDRESSES
    assert source.authority == "Toitū Te Whenua Land Information New Zealand"
    assert (source.licence, source.release) == ("CC BY 4.0", "2026-09-01")
    assert (source.file_name, len(source.sha256)) == (path.name, 64)
    assert AddressReading(path).source(release="2026-10-02").release == "2026-10-02"


# --- any file -------------------------------------------------------------------------------------


def outcome(path: Path) -> list[Address] | str:
    try:
        return read(path)
    except FileRefused as refused:
        return str(refused)


ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(ANY, max_examples=examples(150))
@given(
    start=st.sampled_from([b"", b"\xef\xbb\xbf", (",".join(OLDER) + "\n").encode(), TEXT.encode()]),
    rest=st.binary(max_size=200),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, start: bytes, rest: bytes) -> None:
    found = outcome(written(tmp_path, start + rest))
    assert isinstance(found, list) or found.endswith((".", "GeoPackage"))


@settings(ANY, max_examples=examples(60))
@given(at=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
def test_a_geopackage_with_any_byte_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, at: int, byte: int
) -> None:
    whole = tmp_path / "whole.gpkg"
    if not whole.exists():
        geopackage(whole, ROWS)
    content = bytearray(whole.read_bytes())
    content[at % len(content)] = byte
    found = outcome(written(tmp_path, bytes(content), "changed.gpkg"))
    assert isinstance(found, list) or "changed.gpkg" in found


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30)


@settings(ANY, max_examples=examples(60))
@given(road=WORDS, suburb=WORDS, town=WORDS, number=st.integers(1, 999_999))
def test_what_is_written_is_read_whatever_the_names(
    tmp_path: Path, road: str, suburb: str, town: str, number: int
) -> None:
    row = Given(number=str(number), road=f"{road} Road", suburb=suburb, town=town)
    (found,) = from_csv(tmp_path, row)
    names = Road(tidy(row.road), tidy(suburb), tidy(town), row.district)
    assert (number, names) == (found.number, found.road)


def test_a_table_without_points_is_read_by_its_columns(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "nz-addresses.gpkg", ROWS)
    run_on(path, "DELETE FROM gpkg_geometry_columns", "DELETE FROM gpkg_contents")
    assert list(READ) == read(path)


def test_the_layer_with_addresses_is_found_among_others(tmp_path: Path) -> None:
    import geopandas

    path = tmp_path / "nz-addresses.gpkg"
    other = geopandas.GeoDataFrame({"name": ["x"]}, geometry=[None], crs="EPSG:4167")
    other.to_file(path, layer="a_first_one", driver="GPKG")
    assert list(READ) == read(geopackage(path, ROWS, layer='odd "name"; --'))
