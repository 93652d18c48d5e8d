"""The land of New Zealand and its islands, as geometry asks it; read without a table library.

A draft's page asks in a web worker, which imports no geopandas: so the standard library's SQLite
reads the file that `nzgeom` carries, and `nzgeom` itself is not imported for it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import NotKnown
from catchments.core.model import Source, SourceKind
from catchments.geometry.coordinates import NZTM2000, to_wgs84
from catchments.geometry.tiling.ground import Land
from catchments.readers.formats.geopackage import wkb_of
from catchments.readers.report import sha256_of

COASTLINE = "data/coastlines/nz-coastlines-and-islands-polygons-topo-150k.gpkg"
"""Within `nzgeom`: multipolygons in EPSG:2193, 720,000 vertices, none left out for being small."""
_POLYGONS = "SELECT geom FROM nz_coastlines_and_islands_polygons_topo_150k"


@lru_cache(maxsize=1)
def land() -> Land:
    """Return all land there is, kept for the next who asks: a tenth of a second, 12 MB."""
    return Land(land_polygons())


def coastline() -> BaseGeometry:
    """Return all land as one multipolygon, WGS 84, longitude -180…180, unsimplified."""
    return shapely.multipolygons(to_wgs84(land_polygons(), crs=NZTM2000))


def coastline_source() -> Source:
    """Return where the coastline comes from, for credits; hashes the file."""
    path = nzgeom_file(COASTLINE)
    return Source(
        kind=SourceKind.BOUNDARIES,
        title="NZ Coastlines and Islands Polygons (Topo 1:50k)",
        authority="Toitū Te Whenua Land Information New Zealand",
        licence="CC BY 4.0",
        release="as in nzgeom 1.0.1",
        sha256=sha256_of(path),
        file_name=path.name,
        url="https://data.linz.govt.nz/layer/51153-nz-coastlines-and-islands-polygons-topo-150k/",
    )


def coastline_digest() -> bytes:
    """Return what is the same for the same `coastline` alone: its file, and what made degrees."""
    return f"{sha256_of(nzgeom_file(COASTLINE))} {pyproj.proj_version_str}".encode()


@lru_cache(maxsize=1)
def land_polygons() -> npt.NDArray[np.object_]:
    """Return every polygon of land, islands and rocks included, in EPSG:2193 metres; read once."""
    path = nzgeom_file(COASTLINE)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        shapes = shapely.from_wkb([wkb_of(blob) for (blob,) in file.execute(_POLYGONS)])
    return np.asarray(shapely.get_parts(shapes))


def nzgeom_file(inside: str) -> Path:
    """Return the path of a file that the package `nzgeom` carries."""
    found = find_spec("nzgeom")
    if found is None or found.origin is None:
        raise NotKnown("The coastline is not installed.", next_step="Install what is pinned.")
    return Path(found.origin).parent / inside
