"""Files of any size: every row answered as it would be alone, and whole after any kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.bulk import csv_source, parquet_source, targets
from catchments.bulk.columns import Wanted
from catchments.bulk.files import Summary, resolve_file
from catchments.bulk.output_columns import COLUMNS
from catchments.core.errors import FileRefused, InputRefused
from catchments.core.model import Provider
from catchments.core.settings import ROOT
from catchments.lookup.snapshot import Snapshot
from catchments.readers.report import no_progress
from tests.laws import examples
from tests.waiting import PATIENCE_S
from tests.worlds import HOSTILE, TODAY, small_edition, small_release

Table = list[dict[str, Any]]
NAN = float("nan")
PLACES: tuple[tuple[float, float], ...] = (
    (174.5, -38.5),  # inside
    (175.0, -38.5),  # on the edge between two
    (174.9995, -38.5),  # 44 m from the edge
    (176.02, -38.5),  # 1.7 km outside
    (176.5, -38.5),  # too far outside
    (-176.5, -44.0),  # the Chathams
    (170.0, -45.0),
)
SCHOOLS = (54, 55, 56, 58, 61, 63, 64, 498, 3553)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.of(small_edition(number=1), small_release(number=1))


@pytest.fixture
def run(snapshot: Snapshot) -> Callable[..., Summary]:
    """Resolve a file in the small world, on 3 March 2026."""

    def resolved(source: Path, target: Path, world: Snapshot = snapshot, **how: Any) -> Summary:
        return resolve_file(source, target, world, on=TODAY, **how)

    return resolved


def write_csv(path: Path, header: Sequence[str], rows: Any) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_parquet(path: Path, columns: dict[str, Any], metadata: Any = None) -> Path:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path, row_group_size=17)
    return path


def read(path: Path) -> Table:
    """The rows of a result; a missing cell is None in Parquet and “” in CSV."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    found: Table = pq.read_table(path).to_pylist()
    return found


def column(path: Path, name: str) -> list[Any]:
    return [row[name] for row in read(path)]


def left_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


# --- the answers ----------------------------------------------------------------------------------


def expected(answer: Any) -> dict[str, Any]:
    """What a row has to say, from an answer that was asked for alone."""
    catchment, provider = answer.catchment, answer.provider
    others = [each.catchment.code for each in (*answer.alternatives, *answer.candidates)]
    return {
        "catchment_code": catchment and catchment.code,
        "catchment_name": catchment and catchment.name,
        "provider_code": provider and provider.code,
        "provider_name": provider and provider.name,
        "provider_status": str(answer.status),
        "provider_basis": answer.basis and str(answer.basis),
        "provider_distance_m": answer.distance_m and pytest.approx(answer.distance_m, abs=0.51),
        "provider_alternatives": "; ".join(others) or None,
        "provider_in_school_provision": answer.in_school_provision,
        "provider_problem": None,
        "provider_edition": 1,
        "provider_directory_release": date(2026, 2, 1),
        "provider_demonstration": True,
    }


def test_every_place_gets_the_answer_that_it_would_get_alone(
    run: Callable[..., Summary], snapshot: Snapshot, tmp_path: Path
) -> None:
    lngs, lats = zip(*PLACES, strict=True)
    source = write_parquet(tmp_path / "in.parquet", {"lng": lngs, "lat": lats})
    done = run(source, tmp_path / "out.parquet")
    for row, (lng, lat) in zip(read(tmp_path / "out.parquet"), PLACES, strict=True):
        wanted = expected(snapshot.resolver.point(lng=lng, lat=lat))
        assert {"lng": lng, "lat": lat, **wanted} == row
    assert len(PLACES) == done.rows
    assert len(PLACES) == sum(done.statuses.values())


def test_every_school_gets_the_answer_that_it_would_get_alone(
    run: Callable[..., Summary], snapshot: Snapshot, tmp_path: Path
) -> None:
    source = write_parquet(tmp_path / "in.parquet", {"school_id": SCHOOLS})
    run(source, tmp_path / "out.parquet")
    for row, number in zip(read(tmp_path / "out.parquet"), SCHOOLS, strict=True):
        assert {"school_id": number, **expected(snapshot.school(number, on=TODAY))} == row


def test_a_longitude_beyond_180_is_the_same_place_as_its_negative(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", ("lng", "lat"), [(183.5, -44), (-176.5, -44)])
    run(source, tmp_path / "out.csv")
    east, west = ({**row, "lng": ""} for row in read(tmp_path / "out.csv"))
    assert west["catchment_code"] == "REK-5"
    assert west == east


@pytest.mark.parametrize(
    ("lng", "lat", "problem"),
    [
        (NAN, -38.5, "not a number"),
        (174.5, float("inf"), "not a number"),
        (None, None, "no place"),
        (None, -38.5, "not a number"),
        (-38.5, 174.5, "exchanged"),
        (-44.0, 183.5, "exchanged"),
        (-44.0, -176.5, "exchanged"),
        (400.0, -38.5, "outside -180…360"),
        (174.5, -90.5, "outside -180…360"),
    ],
)
def test_a_row_without_a_possible_place_is_marked_and_the_others_are_answered(
    lng: Any, lat: Any, problem: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    columns = {"lng": [174.5, lng, 175.5], "lat": [-38.5, lat, -38.5]}
    source = write_parquet(tmp_path / "in.parquet", columns)
    done = run(source, tmp_path / "out.parquet")
    rows = read(tmp_path / "out.parquet")
    assert [row["catchment_code"] for row in rows] == ["AHI-1", None, "KOW-2"]
    assert [row["provider_status"] for row in rows] == ["resolved", "refused", "resolved"]
    assert problem in rows[1]["provider_problem"]
    assert {rows[1]["provider_problem"]: 1} == done.problems


@pytest.mark.parametrize(
    ("cell", "status", "problem"),
    [
        ("54", "resolved", ""),
        (" 54 ", "resolved", ""),
        ("0054", "resolved", ""),
        ("54.0", "resolved", ""),
        ("", "refused", "There is no school number."),
        ("  ", "refused", "There is no school number."),
        ("54.5", "refused", "not a whole number"),
        ("-54", "refused", "not a whole number"),
        ("５４", "refused", "not a whole number"),
        ("9999999999999999999999", "refused", "not a whole number"),
        (HOSTILE, "refused", "not a whole number"),
        ("=1+1", "refused", "not a whole number"),
        ("99999", "unknown", "No school directory release has held this"),
    ],
)
def test_a_school_number_is_read_as_a_person_would(
    cell: str, status: str, problem: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", ("School Number",), [(cell,), ("55",)])
    run(source, tmp_path / "out.csv")
    first, second = read(tmp_path / "out.csv")
    assert (cell, status) == (first["School Number"], first["provider_status"])
    assert problem in first["provider_problem"]
    assert second["catchment_code"] == "KOW-2"


@pytest.mark.parametrize(
    "kind", [pa.int16(), pa.float32(), pa.string(), pa.large_string(), pa.string_view()]
)
def test_numbers_may_be_of_any_type(kind: Any, run: Callable[..., Summary], tmp_path: Path) -> None:
    numbers = pa.array([54, None, 55], pa.int16()).cast(pa.string()).cast(kind)
    columns = {"school_id": numbers}
    if kind != pa.string_view():  # which pyarrow does not encode
        columns["as"] = numbers.dictionary_encode()
    source = write_parquet(tmp_path / "in.parquet", columns)
    run(source, tmp_path / "out.csv")
    assert [row["catchment_code"] for row in read(tmp_path / "out.csv")] == ["AHI-1", "", "KOW-2"]
    for name in columns:
        run(source, tmp_path / f"{name}.parquet", wanted=Wanted(school_id=name))
        codes = column(tmp_path / f"{name}.parquet", "catchment_code")
        assert codes == ["AHI-1", None, "KOW-2"]


def test_a_column_that_cannot_hold_numbers_is_refused(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_parquet(tmp_path / "in.parquet", {"school_id": [[54], [55]]})
    with pytest.raises(FileRefused, match=r"“school_id” holds “list<.*It must hold numbers"):
        run(source, tmp_path / "out.parquet")
    assert left_beside(source) == ["in.parquet"]


# --- formats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source_name", ["in.csv", "in.parquet"])
@pytest.mark.parametrize("target_name", ["out.csv", "out.parquet"])
def test_any_format_becomes_any_other_with_all_columns_kept(
    source_name: str, target_name: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    notes = [HOSTILE, 'a "quoted", cell\nof two lines', "=1+1", "Kōwhai", ""]
    columns = {"school_id": ["54", "55", "abc", "498", "99999"], "ā note": notes}
    source = tmp_path / source_name
    if source.suffix == ".csv":
        write_csv(source, tuple(columns), zip(*columns.values(), strict=True))
    else:
        write_parquet(source, columns)
    run(source, tmp_path / target_name)
    rows = read(tmp_path / target_name)
    assert [*columns, *COLUMNS] == list(rows[0])
    assert [(n, t) for n, t in zip(*columns.values(), strict=True)] == [
        (row["school_id"], row["ā note"]) for row in rows
    ]
    assert [row["catchment_code"] for row in rows[:2]] == ["AHI-1", "KOW-2"]
    assert [row["provider_status"] for row in rows[2:]] == ["refused", "unresolved", "unknown"]
    assert [source_name, target_name] == left_beside(source)


CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)


@settings(max_examples=examples(40))
@given(rows=st.lists(st.tuples(st.sampled_from(["54", "", "x"]), CELLS, CELLS), max_size=12))
def test_any_text_comes_out_of_a_csv_as_it_went_in(
    snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    source = write_csv(folder / "in.csv", ("school_id", "a", "b"), rows)
    resolve_file(source, folder / "out.csv", snapshot, on=TODAY)
    found = read(folder / "out.csv")
    assert [(row["school_id"], row["a"], row["b"]) for row in found] == rows


def test_parquet_keeps_types_and_metadata_and_says_what_its_answers_were_made_from(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    columns = {
        "school_id": pa.array([54], pa.int16()),
        "when": pa.array([0], pa.timestamp("us", "Pacific/Auckland")),
        "tags": pa.array([["a"]], pa.list_(pa.string())),
        "sort": pa.array(["x"]).dictionary_encode(),
    }
    source = write_parquet(tmp_path / "in.parquet", columns, {"pandas": "{}", "mine": "é"})
    run(source, tmp_path / "out.parquet")
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert {name: each.type for name, each in columns.items()} == {
        name: schema.field(name).type for name in columns
    }
    assert "é".encode() == schema.metadata[b"mine"]
    origin = json.loads(schema.metadata[b"catchments"])
    assert tuple(
        origin[name] for name in ("edition", "directory_release", "as_at", "demonstration")
    ) == (1, "2026-02-01", "2026-03-03", True)
    assert [each["authority"] for each in origin["sources"]] == ["Nobody"] * 4


def test_a_column_that_csv_cannot_hold_is_refused_before_anything_is_written(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    for column_of in (pa.array([["a"]]), pa.array([b"\xff"])):
        source = write_parquet(tmp_path / "in.parquet", {"school_id": [54], "x": column_of})
        with pytest.raises(FileRefused, match=r"“x” holds .* Write Parquet instead"):
            run(source, tmp_path / "out.csv")
        assert left_beside(source) == ["in.parquet"]


def test_what_a_spreadsheet_would_run_is_text_in_csv_and_itself_in_parquet(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    providers = {**small_edition().providers, "P-AHI": Provider("P-AHI", "=cmd|' /C calc'!A0")}
    world = Snapshot.of(small_edition(number=1, providers=providers), small_release(number=1))
    source = write_csv(tmp_path / "in.csv", ("school_id",), [(54,)])
    for name, said in (("a.csv", "'=cmd|' /C calc'!A0"), ("a.parquet", "=cmd|' /C calc'!A0")):
        run(source, tmp_path / name, world)
        assert [said] == column(tmp_path / name, "provider_name")


def test_catchments_and_providers_of_one_name_stay_apart_and_pandas_reads_them(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    edition = small_edition(number=1)
    catchments = {code: replace(each, name="Ahi") for code, each in edition.catchments.items()}
    providers = {code: replace(each, name="One") for code, each in edition.providers.items()}
    named_alike = replace(edition, catchments=catchments, providers=providers)
    world = Snapshot.of(named_alike, small_release(number=1))
    source = write_parquet(tmp_path / "in.parquet", {"school_id": [55, 54, 57]})
    run(source, tmp_path / "out.parquet", world)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["catchment_code"].tolist() == ["KOW-2", "AHI-1", "RIM-3"]
    assert found["provider_code"].tolist() == ["P-RAKAU", "P-AHI", "P-RIMU"]
    assert set(found["catchment_name"]) | set(found["provider_name"]) == {"Ahi", "One"}


@pytest.mark.parametrize("target_name", ["out.csv", "out.parquet"])
def test_a_file_without_rows_becomes_one_with_the_columns_alone(
    target_name: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    for source in (
        write_csv(tmp_path / "in.csv", ("school_id",), []),
        write_parquet(tmp_path / "in.parquet", {"school_id": pa.array([], pa.int64())}),
    ):
        assert run(source, tmp_path / target_name, replace=True).rows == 0
        assert read(tmp_path / target_name) == []


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz"])
def test_a_target_of_no_known_format_is_refused(
    name: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", ("school_id",), [(54,)])
    with pytest.raises(InputRefused, match=r"must end in .csv, .parquet or .geoparquet"):
        run(source, tmp_path / name)
    assert left_beside(source) == ["in.csv"]


# --- GeoParquet -----------------------------------------------------------------------------------


def geo(crs: Any = "", encoding: str = "WKB", column: str = "geometry") -> dict[str, str]:
    about: dict[str, Any] = {"encoding": encoding, "geometry_types": ["Point"]}
    if crs is None:
        about["crs"] = None
    elif crs:
        about["crs"] = json.loads(pyproj.CRS(crs).to_json())
    said = {"version": "1.1.0", "primary_column": column, "columns": {column: about}}
    return {"geo": json.dumps(said)}


def projected(crs: str) -> list[bytes]:
    to = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to.transform(*zip(*PLACES, strict=True))
    found: list[bytes] = shapely.to_wkb(shapely.points(x, y)).tolist()
    return found


@pytest.mark.parametrize("crs", ["", "EPSG:4326", "OGC:CRS84", "EPSG:4167", "EPSG:2193"])
def test_geoparquet_is_read_in_its_own_crs_easting_first_and_stays_geoparquet(
    crs: str, run: Callable[..., Summary], snapshot: Snapshot, tmp_path: Path
) -> None:
    points = projected(crs or "EPSG:4326")
    columns = {"id": range(len(points)), "geometry": points}
    source = write_parquet(tmp_path / "in.parquet", columns, geo(crs))
    run(source, tmp_path / "out.geoparquet")
    wanted = [expected(snapshot.resolver.point(lng=lng, lat=lat)) for lng, lat in PLACES]
    found = read(tmp_path / "out.geoparquet")
    names = ("catchment_code", "provider_status", "provider_basis")
    apart = [at for at, place in enumerate(PLACES) if place[0] != 175.0]  # no CRS keeps an edge
    assert [[wanted[at][name] for name in names] for at in apart] == [
        [found[at][name] for name in names] for at in apart
    ]
    assert points == [row["geometry"] for row in found]
    kept = pq.read_schema(tmp_path / "out.geoparquet").metadata[b"geo"]
    assert json.loads(geo(crs)["geo"]) == json.loads(kept)


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (None, "There is no place."),
        (shapely.Point(), "There is no place."),
        (shapely.box(174, -39, 175, -38), "The geometry is not one point."),
        (shapely.MultiPoint([(174.5, -38.5), (174.6, -38.5)]), "The geometry is not one point."),
        (b"\x01\x01", "The geometry is not one point."),
        (shapely.MultiPoint([(174.5, -38.5)]), None),
        (shapely.Point(174.5, -38.5, 12.0), None),
    ],
)
def test_a_shape_that_is_no_point_is_marked(
    shape: Any, problem: str | None, run: Callable[..., Summary], tmp_path: Path
) -> None:
    given = shape if shape is None or isinstance(shape, bytes) else shapely.to_wkb(shape)
    shapes = [given, shapely.to_wkb(shapely.Point(175.5, -38.5))]
    source = write_parquet(tmp_path / "in.parquet", {"geometry": shapes}, geo())
    run(source, tmp_path / "out.parquet")
    first, second = read(tmp_path / "out.parquet")
    assert (problem, second["catchment_code"]) == (first["provider_problem"], "KOW-2")
    assert (None if problem else "AHI-1") == first["catchment_code"]


def test_points_as_columns_of_x_and_y_are_read_too(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    points = pa.array([{"x": 174.5, "y": -38.5}, None, {"x": NAN, "y": NAN}])
    source = write_parquet(tmp_path / "in.parquet", {"geometry": points}, geo(encoding="point"))
    run(source, tmp_path / "out.parquet")
    assert column(tmp_path / "out.parquet", "catchment_code") == ["AHI-1", None, None]


def test_points_become_wkt_in_csv(run: Callable[..., Summary], tmp_path: Path) -> None:
    points = [shapely.to_wkb(shapely.Point(174.5, -38.5)), None]
    source = write_parquet(tmp_path / "in.parquet", {"geometry": points}, geo())
    run(source, tmp_path / "out.csv")
    assert column(tmp_path / "out.csv", "geometry") == ["POINT (174.5 -38.5)", ""]


NESTED = struct.pack("<BII", 1, 7, 1) * 200_000 + struct.pack("<BII", 1, 7, 0)
"""Collections in each other: GEOS reads them by calling itself until its stack is full."""


@pytest.mark.parametrize("target_name", ["out.csv", "out.parquet"])
@pytest.mark.parametrize(
    "hostile",
    [
        NESTED,
        struct.pack("<BII", 1, 4, 1) + NESTED,
        struct.pack("<BII", 1, 3, 0xFFFFFFFF),
        shapely.to_wkb(shapely.GeometryCollection([shapely.Point(174.5, -38.5)])),
    ],
)
def test_bytes_that_would_end_a_geometry_library_are_no_point(
    hostile: bytes, target_name: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    shapes = [hostile, shapely.to_wkb(shapely.Point(175.5, -38.5)), None]
    source = write_parquet(tmp_path / "in.parquet", {"geometry": shapes}, geo())
    run(source, tmp_path / target_name)
    first, second, third = read(tmp_path / target_name)
    assert first["provider_problem"] == "The geometry is not one point."
    assert second["catchment_code"] == "KOW-2"
    assert third["provider_problem"] == "There is no place."
    if target_name == "out.csv":
        assert [row["geometry"] for row in (first, second)] == ["", "POINT (175.5 -38.5)"]


def test_shapes_that_are_asked_nothing_go_along_as_they_are(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    shapes = [shapely.to_wkb(shapely.box(0, 0, 1, 1)), NESTED]
    columns = {"school_id": [54, 55], "geometry": shapes}
    source = write_parquet(tmp_path / "in.parquet", columns, geo())
    run(source, tmp_path / "out.csv", wanted=Wanted(school_id="school_id"))
    assert column(tmp_path / "out.csv", "geometry") == ["POLYGON ((1 0, 1 1, 0 1, 0 0, 1 0))", ""]


def test_a_crs_that_nobody_knows_is_asked_for(run: Callable[..., Summary], tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", {"geometry": projected("EPSG:2193")}, geo(None))
    with pytest.raises(FileRefused, match=r"CRS of its geometry is not known.*--crs EPSG:2193"):
        run(source, tmp_path / "out.parquet")
    run(source, tmp_path / "out.parquet", wanted=Wanted(crs="EPSG:2193"))
    assert column(tmp_path / "out.parquet", "catchment_code")[0] == "AHI-1"
    with pytest.raises(InputRefused, match=r"“EPSG:9” is not known.*such as EPSG:2193"):
        run(source, tmp_path / "other.parquet", wanted=Wanted(crs="EPSG:9"))


def test_eastings_and_northings_of_a_csv_are_read_in_the_crs_that_is_named(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2193", always_xy=True)
    source = write_csv(tmp_path / "in.csv", ("E", "N"), [to.transform(174.5, -38.5)])
    run(source, tmp_path / "out.csv", wanted=Wanted(lng="E", lat="N", crs="EPSG:2193"))
    assert column(tmp_path / "out.csv", "catchment_code") == ["AHI-1"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{n},{e}", "look exchanged"),
        ("174.5,-38.5", "looks like degrees"),
        ("-38.5,174.5", "looks like degrees"),
        ("183.5,-44", "looks like degrees"),
    ],
)
def test_metres_that_are_exchanged_and_degrees_for_metres_are_said(
    place: str, said: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2193", always_xy=True)
    east, north = to.transform(174.5, -38.5)
    row = tuple(place.format(e=east, n=north).split(","))
    source = write_csv(tmp_path / "in.csv", ("E", "N"), [row, (east, north)])
    run(source, tmp_path / "out.csv", wanted=Wanted(lng="E", lat="N", crs="EPSG:2193"))
    wrong, right = read(tmp_path / "out.csv")
    assert (wrong["provider_status"], right["catchment_code"]) == ("refused", "AHI-1")
    assert said in wrong["provider_problem"]


# --- which columns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("lng", "lat"),
        ("LON", "LAT"),
        ("Longitude", "Latitude"),
        ("long", "lat"),
        (" Lng ", "“Lat”"),
    ],
)
def test_columns_are_known_by_any_of_their_names(
    names: tuple[str, str], run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", names, [(174.5, -38.5)])
    run(source, tmp_path / "out.csv")
    assert column(tmp_path / "out.csv", "catchment_code") == ["AHI-1"]


@pytest.mark.parametrize(
    ("names", "wanted", "said"),
    [
        (("a", "b"), Wanted(), "has no column that says which school or place: “a”, “b”"),
        (("lng", "b"), Wanted(), "has no column for lat: “lng”, “b”"),
        (("lng", "lon", "lat"), Wanted(), "has 2 columns that may be lng: “lng”, “lon”"),
        (("School_Id", "school number"), Wanted(), "2 columns that may be school_id"),
        (("school_id", "lng", "lat"), Wanted(), "has both school numbers and places"),
        (("a", "lat"), Wanted(lng="x"), "has no column “x”: “a”, “lat”"),
        (("a", "b"), Wanted(lng="a"), "has no column for lat"),
        (("a", "b"), Wanted(school_id="c"), "has no column “c”"),
        (("a", "b"), Wanted(school_id="a", lng="b"), "in two ways at once: “a”, “b”"),
        (("lat", "lng", "lat"), Wanted(), "the column “lat” 2 times, as columns 1 and 3"),
    ],
)
def test_columns_that_are_missing_or_could_be_two_things_are_refused_with_what_is_there(
    names: Sequence[str], wanted: Wanted, said: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", names, [["1"] * len(names)])
    with pytest.raises(FileRefused, match=said):
        run(source, tmp_path / "out.csv", wanted=wanted)
    assert left_beside(source) == ["in.csv"]


def test_a_column_that_is_named_is_taken_whatever_else_there_is(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", ("school_id", "lng", "lat"), [(55, 174.5, -38.5)])
    for wanted, code in ((Wanted(school_id="school_id"), "KOW-2"), (Wanted(lng="lng"), "AHI-1")):
        run(source, tmp_path / "out.csv", wanted=wanted, replace=True)
        assert [code] == column(tmp_path / "out.csv", "catchment_code")


def test_answers_beside_earlier_answers_need_a_prefix(
    run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", ("school_id", "Provider_Status"), [(54, "old")])
    with pytest.raises(InputRefused, match=r"column “Provider_Status” already.*--prefix new_"):
        run(source, tmp_path / "out.csv")
    run(source, tmp_path / "out.csv", wanted=Wanted(prefix="new_"))
    (row,) = read(tmp_path / "out.csv")
    assert (row["Provider_Status"], row["new_provider_status"]) == ("old", "resolved")


# --- CSV that is not what it should be ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffschool_id,x\n54,\n",
        "school_id;x\n54;a,b\n",
        "school_id\tx\r\n54\ta\r\n",
        '"school_id",x\n"54"\n',
        "\nschool_id,x\n\n54,a\n\n",
        "school_id,x\n54,a",
        "\ufeffx;school_id\n;54\n",
    ],
)
def test_a_csv_that_can_be_read_for_sure_is_read(
    text: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(text.encode())
    run(source, tmp_path / "out.csv")
    assert column(tmp_path / "out.csv", "catchment_code") == ["AHI-1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"school_id,x\n54,a\n55,b,c\n", "line 3, column 3: there are 3 cells under a header of 2"),
        (b'school_id,x\n54,"a\n55,b\n', "line 2, column 2 “x”: a quotation mark is opened and nev"),
        (b'school_id,x\n54,"a"b\n', "line 2, column 2 “x”: a quotation mark stands inside a cell"),
        (b'school_id,x\n"54\n,"1\n2",a\n', "line 2, column 1 “school_id”: a quotation mark"),
        (b"school_id,x\n54,a\n55,\xff\n", "line 3, column 2 “x”: this is not UTF-8 text"),
        (b"school_id,x\n54,a\n55,\0\n", "line 3, column 2 “x”: there is a NUL byte"),
        (b"school_id,x\n54,a\n55", "line 3, column 1 “school_id”: the file breaks off"),
        (b'school_id,x\n54,"' + b"a\n" * 70_000, "line 2, column 2 “x”: a cell is too long, or"),
        (
            b"school_id,x\n54," + b"a" * 10_000_000,
            "line 2, column 2 “x”: there is a row of",
        ),
        (b"school_id,school_id\n54,55\n", "the column “school_id” 2 times, as columns 1 and 2"),
        (b"PAR1 is all that it has of Parquet", "is not a Parquet file, or it is damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_line_and_column_before_anything_is_written(
    content: bytes, said: str, run: Callable[..., Summary], tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(content)
    with pytest.raises(FileRefused, match=said):
        run(source, tmp_path / "out.csv")
    assert left_beside(source) == ["in.csv"]


def test_parquet_that_is_damaged_further_in_leaves_nothing_behind(
    run: Callable[..., Summary], small_steps: None, tmp_path: Path
) -> None:
    source = write_parquet(tmp_path / "in.parquet", points(ROWS))
    content = bytearray(source.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 200] = b"\xff" * 200
    source.write_bytes(content)
    with pytest.raises(FileRefused, match="is not a Parquet file, or it is damaged"):
        run(source, tmp_path / "out.parquet")
    assert left_beside(source) == ["in.parquet"]


def test_a_file_that_is_not_there_is_refused(run: Callable[..., Summary], tmp_path: Path) -> None:
    for source in (tmp_path / "none.csv", tmp_path, tmp_path / ("x" * 300), Path("a\0b")):
        with pytest.raises(FileRefused):
            run(source, tmp_path / "out.csv")


# --- whole or not at all --------------------------------------------------------------------------

ROWS = 55


def points(count: int) -> dict[str, Any]:
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(173.9, 176.1, count), rng.uniform(-40.1, -37.9, count)
    return {"id": np.arange(count), "lng": lng, "lat": lat, "note": ["“a\n,b”"] * count}


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read ten rows at a time."""
    for module in (csv_source, parquet_source):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)


@pytest.fixture(params=["csv", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """55 points in a file, once of each format."""
    columns = points(ROWS)
    if request.param == "csv":
        rows = zip(*columns.values(), strict=True)
        return write_csv(tmp_path / "in.csv", tuple(columns), rows)
    return write_parquet(tmp_path / "in.parquet", columns)


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def killing_at(number: int, then: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `then` does, and die at its n-th call."""
    calls = iter(range(1, 1_000))

    def called(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            raise Killed
        return then(*args, **kwargs)

    return called


def test_a_run_that_ends_at_any_step_leaves_the_target_as_it_was(
    source: Path,
    run: Callable[..., Summary],
    small_steps: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    whole, target = (tmp_path / f"{name}{source.suffix}" for name in ("whole", "target"))
    run(source, whole)
    steps = [("progress", number) for number in range(1, 7)] + [("fsync", 1), ("fsync", 2)]
    for before in (None, b"mine"):
        for step, number in steps:
            if before:
                target.write_bytes(before)
            how = {"progress": killing_at(number, no_progress)} if step == "progress" else {}
            with monkeypatch.context() as patched:
                if step == "fsync":
                    patched.setattr(targets, "fsync", killing_at(number, lambda _path: None))
                with pytest.raises(Killed):
                    run(source, target, replace=True, **how)
            found = target.read_bytes() if target.exists() else None
            # Only when all of it is on the disk does it have its name.
            assert found == (whole.read_bytes() if (step, number) == ("fsync", 2) else before)
            target.unlink(missing_ok=True)
            assert sorted([source.name, whole.name]) == left_beside(source)


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from catchments.bulk import csv_source, parquet_source
from catchments.bulk.files import resolve_file
from catchments.lookup.snapshot import Snapshot
from tests.worlds import TODAY, small_edition, small_release

def progress(doing, done, whole):
    if done >= int(sys.argv[3]) and doing.startswith("Resolving"):
        os.kill(os.getpid(), signal.SIGKILL)

csv_source.ROWS_AT_ONCE = parquet_source.ROWS_AT_ONCE = 10
world = Snapshot.of(small_edition(number=1), small_release(number=1))
resolve_file(*map(Path, sys.argv[1:3]), world, on=TODAY, progress=progress)
"""


@pytest.mark.thorough
def test_a_process_that_is_killed_leaves_no_target_and_the_next_run_makes_it_whole(
    run: Callable[..., Summary], small_steps: None, tmp_path: Path
) -> None:
    source = write_parquet(tmp_path / "in.parquet", points(ROWS))
    whole, target = (tmp_path / f"{name}{source.suffix}" for name in ("whole", "target"))
    run(source, whole)
    command = [sys.executable, "-c", KILLED_RUN, str(source), str(target), "45"]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=PATIENCE_S)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not target.exists()
    assert run(source, target).rows == ROWS
    assert whole.read_bytes() == target.read_bytes()
    assert sorted([source.name, target.name, whole.name]) == left_beside(source)


def test_a_file_of_the_targets_name_stays_unless_it_is_to_be_replaced(
    source: Path, run: Callable[..., Summary], tmp_path: Path
) -> None:
    target = tmp_path / f"out{source.suffix}"
    target.write_text("mine")
    with pytest.raises(InputRefused, match=r"There is a file “out.* already.*--replace"):
        run(source, target)
    assert target.read_text() == "mine"
    assert run(source, target, replace=True).rows == ROWS
    assert len(read(target)) == ROWS


def test_a_file_that_takes_the_name_meanwhile_stays(
    source: Path, run: Callable[..., Summary], small_steps: None, tmp_path: Path
) -> None:
    target = tmp_path / f"out{source.suffix}"

    def progress(_doing: str, _done: int, _whole: int | None) -> None:
        target.write_text("mine")

    with pytest.raises(InputRefused, match="already"):
        run(source, target, progress=progress)
    assert target.read_text() == "mine"
    assert run(source, target, replace=True).rows == ROWS


def test_a_source_that_is_written_to_meanwhile_is_refused(
    source: Path, run: Callable[..., Summary], tmp_path: Path
) -> None:
    def progress(doing: str, _done: int, _whole: int | None) -> None:
        if doing.startswith("Resolving"):
            os.utime(source, ns=(1, 1))

    with pytest.raises(FileRefused, match="was changed while it was read"):
        run(source, tmp_path / "out.csv", progress=progress)
    assert [source.name] == left_beside(source)


def test_two_runs_for_one_target_do_not_meet(
    source: Path, run: Callable[..., Summary], tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    with targets.building(target, replace=False) as path:
        path.write_text("another's")
        with pytest.raises(InputRefused, match="Another run"):
            run(source, target)
    assert target.read_text() == "another's"
    assert run(source, target, replace=True).rows == ROWS


def test_a_full_disk_is_said_and_leaves_nothing(
    source: Path, run: Callable[..., Summary], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(targets, "fsync", full)
        with pytest.raises(InputRefused, match=r"No space left on device.*start again"):
            run(source, tmp_path / "out.csv")
    assert [source.name] == left_beside(source)
    assert run(source, tmp_path / "out.csv").rows == ROWS


@pytest.mark.parametrize("where", ["none/out.csv", "."])
def test_a_target_that_cannot_be_is_refused(
    where: str, source: Path, run: Callable[..., Summary], tmp_path: Path
) -> None:
    with pytest.raises(InputRefused, match="folder"):
        run(source, tmp_path / where)


def test_a_file_is_not_written_onto_itself(source: Path, run: Callable[..., Summary]) -> None:
    before = source.read_bytes()
    with pytest.raises(InputRefused, match="cannot be read and written at once"):
        run(source, source, replace=True)
    assert before == source.read_bytes()


# --- memory ---------------------------------------------------------------------------------------

MEASURED = """
import resource, sys
from pathlib import Path
from catchments.bulk import csv_source, parquet_source
from catchments.bulk.files import resolve_file
from catchments.lookup.snapshot import Snapshot
from tests.worlds import TODAY, small_edition, small_release

csv_source.ROWS_AT_ONCE = parquet_source.ROWS_AT_ONCE = 1 << 13
world = Snapshot.of(small_edition(number=1), small_release(number=1))
peaks = []
for source in map(Path, sys.argv[1:]):
    resolve_file(source, source.with_suffix(".out.csv"), world, on=TODAY)
    resolve_file(source, source.with_suffix(".out.parquet"), world, on=TODAY)
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000)
print(*peaks)
"""
GROWTH_MB = 25
"""The large file's rows are 20 MB without their answers, and 60 MB with them."""


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    columns = {"school_id": np.resize(SCHOOLS, 20_000), "note": [HOSTILE] * 20_000}
    small = write_parquet(tmp_path / "small.parquet", columns)
    large = tmp_path / "large.parquet"
    pq.write_table(pa.concat_tables([pq.read_table(small)] * 15), large, row_group_size=300_000)
    command = [sys.executable, "-c", MEASURED, str(small), str(large)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr.decode()
    before_mb, after_mb = map(float, done.stdout.split())
    assert after_mb - before_mb < GROWTH_MB
