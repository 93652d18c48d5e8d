"""Roads, lakes and rivers from GeoPackages: every row accounted for, or one clear refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused
from catchments.readers.formats.vectors import linework
from catchments.readers.formats.vectors.linework import Kind, read_linework

ROADS, LAKES = "nz_road_centrelines_topo_150k", "nz_lake_polygons_topo_150k"
RIVERS = "nz_river_centrelines_topo_150k"
ROAD = shapely.from_wkt("LINESTRING (1570000 5180000, 1571000 5181000)")
LAKE = shapely.box(1_570_000, 5_170_000, 1_574_000, 5_174_000)
NO_NAME = "its name is none of a layer of roads, lakes or rivers"
HOSTILE = "{{7*191}} </script> ' OR 1=1 \0 \u202e" + "x" * 10_000


def written(
    path: Path, layer: str, shapes: list[BaseGeometry | None], crs: Any = 2193, **fields: list[Any]
) -> Path:
    frame = geopandas.GeoDataFrame(fields, geometry=shapes, crs=crs)
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    return path


def test_layers_of_topo50_are_read_with_their_ranks_and_names(tmp_path: Path) -> None:
    path = tmp_path / "topo.gpkg"
    values = {"name": ["SH 6", HOSTILE, None], "hway_num": ["6", None, None]}
    written(path, ROADS, [ROAD] * 3, **values, surface=["sealed", "sealed", "metalled"])
    written(path, LAKES, [LAKE, shapely.buffer(LAKE.centroid, 30)], name=["Lake Ō", None])
    written(path, "river_cl", [ROAD])
    found, report = read_linework([path])
    assert report.is_clean
    assert report.counts == {
        "roads: rows": 3,
        "roads: drawn": 3,
        "lakes: rows": 2,
        "lakes: drawn": 2,
        "rivers: rows": 1,
        "rivers: drawn": 1,
    }
    assert found[Kind.ROAD].ranks.tolist() == [0, 1, 2]
    assert found[Kind.LAKE].ranks.tolist() == [0, 2]
    assert found[Kind.RIVER].ranks.tolist() == [2]
    names = found[Kind.ROAD].names
    assert (names[0], names[2]) == ("SH 6", "")
    assert len(names[1]) <= linework.LONGEST_NAME
    assert names[1].isprintable()
    assert np.all(shapely.bounds(found[Kind.ROAD].shapes)[:, 0] > 160)


def test_every_row_is_drawn_or_said_to_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "roads.gpkg"
    away = shapely.from_wkt("LINESTRING (0 0, 1 1)")
    written(path, ROADS, [ROAD, None, away, shapely.LineString()], name=list("abcd"))
    written(path, "buildings", [ROAD], name=["x"])
    _, report = read_linework([path])
    assert report.counts == {"roads: rows": 4, "roads: drawn": 1}
    assert {(each.what, each.why): each.count for each in report.left_out} == {
        ("rows of the layer “buildings” of “roads.gpkg”", NO_NAME): 1,
        ("roads of “roads.gpkg”", "they have no shape"): 2,
        ("roads of “roads.gpkg”", "they lie outside New Zealand"): 1,
    }


def test_longitudes_beyond_180_degrees_stay_in_one_piece(tmp_path: Path) -> None:
    chathams = shapely.from_wkt("LINESTRING (-176.5 -43.9, -176.4 -43.95)")
    found, _ = read_linework([written(tmp_path / "a.gpkg", ROADS, [chathams], crs=4326)])
    assert found[Kind.ROAD].shapes[0].bounds == pytest.approx((183.5, -43.95, 183.6, -43.9))


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    ("layer", "shapes", "crs", "said"),
    [
        (ROADS, [], 2193, "has no rows"),
        ("parcels", [ROAD], 2193, "no layer of roads, lakes or rivers; its layers are: “parcels”"),
        (ROADS, [LAKE], 2193, "A layer of roads must have lines"),
        (LAKES, [ROAD], 2193, "A layer of lakes must have polygons"),
        (ROADS, [ROAD], 4326, "none of its 1 rows lies in New Zealand, read as “EPSG:4326”"),
        (ROADS, [ROAD], None, "coordinate system .* is not known. .* --crs EPSG:2193"),
    ],
)
def test_a_file_that_is_unfit_gets_one_message(
    layer: str, shapes: list[BaseGeometry], crs: Any, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.gpkg", layer, shapes, crs, name=["x"] * len(shapes))
    with pytest.raises(FileRefused, match=said):
        read_linework([path])


def test_one_unfit_file_refuses_all(tmp_path: Path) -> None:
    good = written(tmp_path / "a.gpkg", ROADS, [ROAD])
    bad = tmp_path / "b.gpkg"
    bad.write_bytes(good.read_bytes()[:-5_000])
    with pytest.raises(FileRefused, match=r"b\.gpkg"):
        read_linework([good, bad])


@pytest.mark.parametrize(
    ("content", "said"), [(b"PK\3\4", "is no GeoPackage"), (b"", "is no GeoPackage")]
)
def test_what_is_no_geopackage_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=said):
        read_linework([path])


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.gpkg", ROADS, [ROAD] * 3)
    monkeypatch.setattr(linework, "POINTS_AT_MOST", 5)
    with pytest.raises(FileRefused, match="more than 5 points"):
        read_linework([path])
    monkeypatch.setattr(linework, "FILE_BYTES_AT_MOST", 5)
    with pytest.raises(FileRefused, match="Export each layer to a file of its own"):
        read_linework([path])
