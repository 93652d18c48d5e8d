"""`flask basemap`: roads, lakes and rivers, dry run first, and how the map then has them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import msgspec
import pytest
import shapely

from catchments.store.integrity.audit import AuditTrail
from catchments.store.site.basemap import Basemaps

ROADS = "nz_road_centrelines_topo_150k"
HOSTILE = "{{7*191}} </script> ' OR 1=1"


@pytest.fixture
def roads(tmp_path: Path) -> str:
    line = shapely.LineString([(1_570_000, 5_180_000), (1_575_000, 5_181_000)])
    frame = geopandas.GeoDataFrame(
        {"name": [HOSTILE, None], "hway_num": ["6", None]}, geometry=[line, line], crs=2193
    )
    path = tmp_path / "roads.gpkg"
    frame.to_file(path, layer=ROADS, driver="GPKG", engine="pyogrio")
    return str(path)


def test_a_dry_run_writes_nothing_and_says_what_it_read(
    run: Callable[..., Any], roads: str, store: Any
) -> None:
    said = run("basemap", "import", roads).output
    assert "No problems: everything in the file was read." in said
    assert "Nothing was written. Add --commit" in said
    assert "There are none." in run("basemap", "show").output


def test_what_is_imported_needs_an_owner_and_a_licence(
    run: Callable[..., Any], roads: str, store: Any
) -> None:
    said = run("basemap", "import", roads, "--commit", ok=False).stderr
    assert "whose they are and under which licence" in said


def test_an_import_is_on_record_replaces_the_one_before_and_goes_away(
    run: Callable[..., Any], roads: str, store: Any
) -> None:
    given = ("--authority", HOSTILE, "--licence", "CC BY 4.0", "--commit")
    before = store.state()
    run("basemap", "import", roads, *given)
    first = Basemaps(store).about()
    assert first
    assert first.credit.authority == HOSTILE
    entry = AuditTrail(store).last()
    assert entry
    assert (entry.actor, entry.action) == ("command line", "import.basemap")
    assert store.state() != before
    run("basemap", "import", roads, *given)
    assert Basemaps(store).about() == first
    assert HOSTILE in run("basemap", "show").output
    assert "Add --commit" in run("basemap", "remove").output
    run("basemap", "remove", "--commit")
    assert Basemaps(store).about() is None


def test_a_cell_has_what_is_large_enough_at_its_level(
    run: Callable[..., Any], roads: str, store: Any
) -> None:
    run("basemap", "import", roads, "--authority", "A", "--licence", "B", "--commit")
    kept = Basemaps(store)
    found = {place: kept.cell(place) for place in ("far/86_-22", "nearest/690_-175", "far/0_0")}
    far, near = (
        msgspec.json.decode(zlib.decompress(found[place] or b""))
        for place in ("far/86_-22", "nearest/690_-175")
    )
    assert [len(lines) for lines in far["road"]] == [1, 0, 0]
    assert [len(lines) for lines in near["road"]] == [1, 0, 1]
    assert [name for name, *_ in near["names"]] == [HOSTILE]
    assert found["far/0_0"] is None
