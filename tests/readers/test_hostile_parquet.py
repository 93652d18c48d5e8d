"""Parquet from outside: what harms its reader is refused in words, and what is sound is read."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import pyarrow as pa
import pytest
import shapely

from catchments.core.errors import FileRefused
from catchments.core.model import Edition
from catchments.core.settings import ROOT
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.formats.parquet import program
from catchments.readers.formats.parquet.messages import Asked, Held
from catchments.readers.formats.tables import Columns, open_table
from catchments.readers.formats.vector_files import read_layers
from catchments.readers.formats.vectors.layers import Layer
from catchments.readers.lists.providers import read_providers
from catchments.readers.report import Report
from tests.hostile_files import AREA, WORD, canary_in
from tests.hostile_parquet import GEO, HARMING, WKB, geo, readers_of_files, twice, wide, written

pytestmark = pytest.mark.usefixtures("unfenced")

SAFE = (
    "an editor's own words {{7*191}}</script>",
    "' OR 1=1 --",
    "Ngā Rākau",
    "\u202eabc",
    "nul\0nul",
)


def saved(folder: Path, content: bytes, name: str = "made.parquet") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(FileRefused) as caught:
        read_boundaries([path], authority="a", licence="b", release="c")
    return "\n".join([str(caught.value), *caught.value.rows])


def layer_of(path: Path, report: Report | None = None) -> Layer:
    (layer,) = read_layers(path, report or Report())
    return layer


# --- what harms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", HARMING)
def test_what_harms_its_reader_is_refused_in_words(way: str, tmp_path: Path) -> None:
    make, said = HARMING[way]
    why = refused(saved(tmp_path, make()))
    assert said in why
    assert "made.parquet" in why


@pytest.mark.in_a_fence
def test_no_parquet_brings_out_what_another_file_holds(tmp_path: Path) -> None:
    for way, make, said in readers_of_files(str(canary_in(tmp_path))):
        why = refused(saved(tmp_path, make()))
        assert said in why, way
        assert WORD not in why, way


@pytest.mark.in_a_fence
def test_what_ends_its_reader_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, written({"name": ["A"]}))
    monkeypatch.setattr("catchments.readers.fenced_programs.WITHIN_S", 0.01)
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    "held",
    [
        Held(names=["a"], columns=[["x"]], rows=2),
        Held(names=["a"], columns=[]),
        Held(names=["a", "b"], columns=[["x"], []], rows=1),
        Held(names=["a"], columns=[["x"]], rows=1, shapes=[]),
    ],
    ids=["more rows", "no column", "uneven", "no shapes"],
)
def test_an_answer_that_contradicts_itself_is_not_believed(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catchments.readers.formats.parquet.asking.answer_of", lambda *_: held)
    assert "contradicts itself" in refused(saved(tmp_path, written({"name": ["A"]})))


def test_the_program_has_limits_and_writes_no_file(tmp_path: Path) -> None:
    asked = f"""
import resource, sys
from catchments.readers.formats.parquet import program
sys.stdin = open({str(saved(tmp_path, b"", "asked"))!r})
try:
    program.main()
except Exception:
    pass
print(*(resource.getrlimit(getattr(resource, "RLIMIT_" + what))[1] for what in sys.argv[1:]))
"""
    said = subprocess.run(
        [sys.executable, "-c", asked, "AS", "CPU", "FSIZE", "CORE"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [str(program.LARGEST_BYTES), str(program.LONGEST_S), "0", "0"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] != 0


@pytest.mark.parametrize(("make", "said"), [(twice, "2 times"), (wide, "10,000 columns")])
def test_a_table_that_harms_is_refused_likewise(make: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=said):
        read_providers([saved(tmp_path, make())], known=Edition())


PARTS: dict[str, Callable[[int], bytes]] = {
    "row groups": lambda n: written({"t": ["x"] * n}, shapes=[WKB] * n, row_group_size=1),
    "texts": lambda n: written({"t": [f"{i:050d}" for i in range(n)]}, shapes=[WKB] * n),
    "columns": lambda n: written({f"c{i}": ["x"] * 100 for i in range(n)}, shapes=[WKB] * 100),
}
FEW = {"row groups": 250, "texts": 9_000, "columns": 30}
TIMES, WORK, HARMLESS_S, ATTEMPTS = 16, 40, 0.002, 5


@pytest.mark.parametrize("of", PARTS)
def test_sixteen_times_the_parts_is_not_forty_times_the_work(of: str, tmp_path: Path) -> None:
    def taken_s(count: int) -> float:
        asked = Asked(str(saved(tmp_path, PARTS[of](count))), 200_000, 200_000_000, True)
        started = time.thread_time()
        assert not program.answered(asked).refused
        return time.thread_time() - started

    for _ in range(ATTEMPTS):
        one = max(taken_s(FEW[of]), HARMLESS_S)
        if taken_s(FEW[of] * TIMES) < WORK * one:
            return
    pytest.fail(of)


# --- what is read ---------------------------------------------------------------------------------


def test_values_are_read_as_what_they_are_and_others_are_named(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(["Ngā  Rākau"]),
        "large": pa.array(["A"], pa.large_string()),
        "often": pa.array(["A"]).dictionary_encode(),
        "whole": pa.array([54.0]),
        "none": pa.array([float("nan")]),
        "null": pa.nulls(1),
        "big": pa.array([2**64 - 1], pa.uint64()),
        "yes": pa.array([True]),
        "money": pa.array([Decimal("1.50")]),
        "day": pa.array([date(2026, 7, 1)]),
        "midnight": pa.array([datetime(2026, 7, 1, tzinfo=UTC)], pa.timestamp("ns")),
        "moment": pa.array([datetime(2026, 7, 1, 9, 30, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
        "list": pa.array([[1]]),
        "bytes": pa.array([b"x"]),
        "hours": pa.array([1], pa.duration("s")),
    }
    report = Report()
    layer = layer_of(saved(tmp_path, written(columns)), report)
    assert layer.values == [
        {
            "text": "Ngā Rākau",
            "large": "A",
            "often": "A",
            "whole": "54",
            "none": "",
            "null": "",
            "big": str(2**64 - 1),
            "yes": "yes",
            "money": "1.50",
            "day": "2026-07-01",
            "midnight": "2026-07-01",
            "moment": "2026-07-01T09:30:00+00:00",
        }
    ]
    assert [(each.what, each.why) for each in report.left_out] == [
        ("column “list”", "its values have values in them"),
        ("column “bytes”", "it has bytes, no text"),
        ("column “hours”", "values of type duration[s] are not read"),
    ]


def test_what_is_hostile_in_a_name_or_a_value_is_text(tmp_path: Path) -> None:
    columns = {name: [name] for name in SAFE}
    (values,) = layer_of(saved(tmp_path, written(columns))).values
    assert list(values) == list(SAFE)


@pytest.mark.parametrize("value", [b"\xff\xfe", b"\xed\xa0\x80"])
def test_a_text_that_is_no_utf_8_is_refused(value: bytes, tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([value]).buffers())
    assert "or it is damaged" in refused(saved(tmp_path, written({"name": bad})))


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us")])
def test_a_day_that_no_calendar_has_is_refused(kind: Any, tmp_path: Path) -> None:
    size = pa.int32() if kind == pa.date32() else pa.int64()
    endless = pa.array([2**31 - 1 if kind == pa.date32() else 2**62], size).cast(kind)
    assert "or it is damaged" in refused(saved(tmp_path, written({"day": endless})))


@pytest.mark.parametrize("members", ["[" * 100_000, "[]", "{", '{"edition": 1, "sources": 7}'])
def test_what_a_file_says_of_its_edition_otherwise_than_we_do_is_said(
    members: str, tmp_path: Path
) -> None:
    report = Report()
    layer_of(saved(tmp_path, written({"name": ["A"]}, members=members)), report)
    assert "not as we write" in report.problems[0].what


@pytest.mark.parametrize("crs", ["EPSG:2193", "EPSG:4167", "OGC:CRS84", "EPSG:3851"])
def test_any_system_that_proj_knows_is_read_and_where_none_is_said_longitude_and_latitude(
    crs: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.geoparquet"
    frame = geopandas.GeoDataFrame({"name": ["A"]}, geometry=[AREA], crs="OGC:CRS84")
    frame.to_crs(crs).to_parquet(path, write_covering_bbox=True)
    bare = saved(tmp_path, written({"name": ["A"]}))
    for given in (path, bare):
        read = read_boundaries([given], authority="a", licence="b", release="c")
        (boundary,) = read.boundaries.values()
        assert shapely.hausdorff_distance(boundary, AREA) < 2e-5


@pytest.mark.in_a_fence
def test_a_parquet_in_a_zip_and_one_without_a_boundary_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/a.parquet", written({"name": ["A", "B"]}, shapes=[WKB, None]))
    layer = layer_of(path)
    assert [values["name"] for values in layer.values] == ["A", "B"]
    assert layer.geometries[1] is None


def test_of_several_columns_of_shapes_the_primary_is_read(tmp_path: Path) -> None:
    said = {**GEO, "columns": {**geo()["columns"], "middle": {"encoding": "WKB"}}}
    report = Report()
    path = saved(tmp_path, written({"name": ["A"], "middle": [WKB]}, said=said))
    assert layer_of(path, report).values == [{"name": "A"}]
    assert [each.what for each in report.left_out] == ["column “middle”"]


# --- tables ---------------------------------------------------------------------------------------

NAMED = Columns({"school_id": ("School number",), "name": ("Name",)}, (("school_id",),))


def rows_of(path: Path, sheet: str | None = None) -> Sequence[dict[str, str]]:
    with open_table(path, NAMED, report=Report(), sheet=sheet) as table:
        return [dict(row.cells) for row in table.rows]


@pytest.mark.in_a_fence
def test_a_table_is_read_as_a_workbook_of_the_same_values(tmp_path: Path) -> None:
    columns = {"School number": [54.0, None], "Name": ["=1+1", "  B "], "in": [[1], [2]]}
    path = saved(tmp_path, written(columns, said=None, shapes=None))
    assert rows_of(path) == [
        {"school_id": "54", "name": "=1+1"},
        {"school_id": "", "name": "B"},
    ]


def test_a_table_without_the_columns_is_refused_with_those_it_has(tmp_path: Path) -> None:
    path = saved(tmp_path, written({"Name": ["A"]}, said=None, shapes=None))
    with pytest.raises(FileRefused, match=r"It starts with “Name”.*School number"):
        rows_of(path)


def test_a_table_of_parquet_has_no_sheets(tmp_path: Path) -> None:
    path = saved(tmp_path, written({"School number": [1]}, said=None, shapes=None))
    with pytest.raises(FileRefused, match="is Parquet, which has no sheets"):
        rows_of(path, "Schools")


def test_a_cell_that_is_too_long_is_refused_with_its_row(tmp_path: Path) -> None:
    columns = {"School number": [1, 2], "Name": ["A", "x" * 20_000]}
    with pytest.raises(FileRefused, match="row 2, column 2"):
        rows_of(saved(tmp_path, written(columns, said=None, shapes=None)))
