"""Shapefiles through GDAL: in a program with one driver and a fence, or not at all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyogrio
import pyogrio.raw
import pytest
import shapely

from catchments.core.errors import FileRefused
from catchments.core.settings import ROOT, UNFENCED_FILES
from catchments.readers.formats.shapefile import asking
from catchments.readers.formats.shapefile.gdal_drivers import ENVIRONMENT, KEPT
from catchments.readers.formats.shapefile.messages import Asked, Held
from catchments.readers.formats.vector_files import read_layers
from catchments.readers.report import Report
from catchments.runtime import ended_programs, subprocess_job
from catchments.runtime.fence import walls
from catchments.runtime.fence.plans import Standing
from tests import hostile_parquet

AREA = shapely.box(174.3, -38.7, 174.9, -38.3)


def parts_in(folder: Path) -> Path:
    shp = folder / "areas.shp"
    pyogrio.raw.write(shp, shapely.to_wkb([AREA]), [], [], geometry_type="Polygon", crs="EPSG:4326")
    return shp


def zipped(folder: Path) -> Path:
    shp, made = parts_in(folder), folder / "areas.zip"
    with zipfile.ZipFile(made, "w") as archive:
        for part in folder.glob("areas.???"):
            if part != made:
                archive.write(part, part.name)
    assert shp.exists()
    return made


# --- one driver -----------------------------------------------------------------------------------

DRIVERS = """
import ctypes, pyogrio, re
maps = open("/proc/self/maps").read()
gdal = ctypes.CDLL(re.search(r"/.*libgdal.*", maps)[0])
gdal.GDALGetDriver.restype = ctypes.c_void_p
gdal.GDALGetDriverShortName.argtypes = [ctypes.c_void_p]
gdal.GDALGetDriverShortName.restype = ctypes.c_char_p
for at in range(gdal.GDALGetDriverCount()):
    print(gdal.GDALGetDriverShortName(gdal.GDALGetDriver(at)).decode())
"""


def test_of_all_drivers_of_gdal_one_is_left() -> None:
    said = subprocess.run(
        [sys.executable, "-c", DRIVERS],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == [KEPT]


def others(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Files that other drivers take, whatever they are called."""
    yield "GeoJSON", shapely.to_geojson(AREA).encode()
    source = folder / "source.json"
    source.write_text(shapely.to_geojson(AREA))
    layer = f'<OGRVRTLayer name="source"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
    yield "VRT", f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>".encode()
    path = folder / "a.gpkg"
    pyogrio.raw.write(
        path, shapely.to_wkb([AREA]), [], [], geometry_type="Polygon", crs="EPSG:4326"
    )
    yield "GeoPackage", path.read_bytes()
    yield "CSV", b'WKT,a\n"POINT (1 1)",b\n'


def test_what_other_drivers_take_is_not_read(tmp_path: Path) -> None:
    taken = []
    for kind, content in others(tmp_path):
        path = tmp_path / "areas.shp"
        path.write_bytes(content)
        with suppress(pyogrio.errors.DataSourceError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            taken += [kind] if pyogrio.read_info(path)["driver"] != KEPT else []
        held = asking.answer_of(Asked(str(path), 10), path, path)
        assert held.damaged, kind
        assert held == Held(damaged=held.damaged), kind
    assert {"GeoJSON", "GeoPackage"} <= set(taken), "with all its drivers GDAL reads them"


def test_a_shapefile_is_read_with_its_values_and_its_system(tmp_path: Path) -> None:
    (layer,) = read_layers(zipped(tmp_path), Report())
    assert layer.crs == "EPSG:4326"
    (area,) = layer.geometries
    assert area is not None
    assert area.equals(AREA)


def test_more_features_than_may_be_are_not_read(tmp_path: Path) -> None:
    shp = parts_in(tmp_path)
    held = asking.answer_of(Asked(str(shp), 0), shp, shp)
    assert held == Held(features=1)


def test_a_reader_that_ends_is_a_refusal_that_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.CompletedProcess[bytes]([], 139, b"", b"secret")
    path = zipped(tmp_path)
    monkeypatch.setattr(ended_programs, "run", lambda *_, **__: ended)
    with pytest.raises(FileRefused, match="killed by SIGSEGV") as refused:
        read_layers(path, Report())
    assert "secret" not in str(refused.value)


SHAPE = AREA.wkb


@pytest.mark.parametrize(
    "held",
    [
        Held(features=1),
        Held(features=2, shapes=[SHAPE]),
        Held(features=1, shapes=[SHAPE], names=["a"], columns=[[]]),
        Held(features=1, shapes=[SHAPE], names=["a", "b"], columns=[["x"]]),
        Held(features=1, shapes=[b"\x01\x07\x00\x00\x00" * 9]),
    ],
    ids=["no shape", "too few", "no value", "no column", "no shape at all"],
)
def test_an_answer_that_contradicts_itself_is_not_believed(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "answer_of", lambda *_: held)
    with pytest.raises(FileRefused):
        read_layers(zipped(tmp_path), Report())


# --- no fence, no GDAL ----------------------------------------------------------------------------

CSV = f'WKT,name\n"{AREA.wkt}",a\n'
PARTLY = [Standing(), Standing(landlock=7), Standing(seccomp=True, namespace=True)]


def of_kind(kind: str, folder: Path) -> Path:
    if kind == "a Shapefile":
        return zipped(folder)
    path = folder / "areas.parquet"
    path.write_bytes(hostile_parquet.written({"name": ["a"]}, shapes=[AREA.wkb]))
    return path


@pytest.mark.parametrize("kind", ["a Shapefile", "Parquet"])
@pytest.mark.parametrize("stands", PARTLY, ids=["nothing", "files", "network"])
def test_without_a_whole_fence_it_is_refused_with_what_to_do(
    kind: str, stands: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_kind(kind, tmp_path)
    monkeypatch.setattr(walls, "_known", [stands])
    monkeypatch.delenv(UNFENCED_FILES, raising=False)
    monkeypatch.setattr(subprocess_job, "run", None)
    with pytest.raises(FileRefused, match=f"is {kind}, which") as refused:
        read_layers(path, Report())
    for said in (stands.files, stands.network, "GeoPackage", "bubblewrap", f"{UNFENCED_FILES}=1"):
        assert said in str(refused.value)


@pytest.mark.parametrize("kind", ["a Shapefile", "Parquet"])
def test_whoever_runs_it_may_accept_that_there_is_none(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "_known", [Standing()])
    monkeypatch.setenv(UNFENCED_FILES, "1")
    (layer,) = read_layers(of_kind(kind, tmp_path), Report())
    assert layer.has_areas


def test_what_is_read_here_needs_no_fence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "_known", [Standing()])
    for name, content in (("a.csv", CSV), ("a.geojson", shapely.to_geojson(AREA))):
        (tmp_path / name).write_text(content)
        (layer,) = read_layers(tmp_path / name, Report())
        assert layer.has_areas


# --- nothing of it in whoever asks ----------------------------------------------------------------

ASKING = """
import json, sys
from catchments.readers.reading_job import Wish
from catchments.web.staff.forms import uploads
read = uploads._read_elsewhere(Wish([sys.argv[1]]), sys.argv[2])
libraries = open("/proc/self/maps").read().lower()
print(json.dumps([len(read.area), *(name for name in ("gdal", "arrow", "pandas", "libproj")
                                    if name in libraries)]))
"""


def test_no_worker_has_gdal_or_arrow_in_it_once_it_had_a_shapefile_read(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", ASKING, zipped(tmp_path), tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    size, *libraries = json.loads(said.stdout)
    assert size > 0
    assert libraries == []


def test_a_zip_within_the_program_is_a_file_of_no_known_kind(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(parts_in(tmp_path), "areas.shp")
    (tmp_path / "areas.shp").write_bytes(packed.getvalue())
    shp = tmp_path / "areas.shp"
    assert asking.answer_of(Asked(f"/vsizip/{shp}", 10), shp, shp).damaged
    assert asking.answer_of(Asked(f"/vsicurl/http://127.0.0.1/{shp}", 10), shp, shp).damaged
