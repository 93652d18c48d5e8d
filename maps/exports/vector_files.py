"""The boundaries as published for GIS programs: a GeoPackage, and a zipped Shapefile.

GDAL writes both, through pyogrio; its dates are the edition's own, so that the same edition gives
the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
import shapely

from catchments.core.model import Provider
from catchments.geometry.coordinates import WGS84
from catchments.lookup.resolver import long_date
from maps.exports.export_input import ExportInput
from maps.exports.packing import zipped
from maps.exports.school_tables import COLUMNS as SCHOOL_COLUMNS
from maps.exports.school_tables import school_rows
from maps.wording import MADE_UP, credit_lines

Column = npt.NDArray[Any]
LONGEST_DBF_TEXT = 254
"""Bytes: a Shapefile's table has room for no more."""
SHAPEFILE_NAME = "catchments"
FRAME = (
    "Boundaries are as published, WGS 84 (EPSG:4326), longitudes -180 to 180, split at 180.\n"
    "Texts are UTF-8; those longer than 254 bytes are cut: the GeoPackage has them whole."
)
UNDATED = date(2000, 1, 1)
_SHORT = {
    "code": "code",
    "name": "name",
    "education_region": "region",
    "provider_code": "prov_code",
    "provider": "provider",
    "phone": "phone",
    "email": "email",
    "website": "website",
    "edition": "edition",
    "effective_from": "from_date",
    "demonstration": "made_up",
}
"""Names of fields, and how a Shapefile, which has room for ten letters, calls them."""
_MEANING = {
    "code": "code of the catchment",
    "name": "name of the catchment",
    "region": "education region",
    "prov_code": "code of the provider who serves it",
    "provider": "name of the provider",
    "phone": "telephone number of the provider",
    "email": "e-mail address of the provider",
    "website": "website of the provider",
    "edition": "number of the edition",
    "from_date": "date from which the edition is in force, YYYY-MM-DD",
    "made_up": "1 if it is demonstration data, which is made up; else 0",
}


def geopackage(material: ExportInput) -> bytes:
    """Return a GeoPackage with the layers `catchments` and `schools`, EPSG:4326, -180…180.

    A catchment without a boundary and a school without a place are in it without a geometry.
    """
    about = {"DESCRIPTION": _about(material)}
    with _folder(material) as folder:
        path = folder / "boundaries.gpkg"
        _write(path, "GPKG", _catchments(material), "MultiPolygon", "catchments", about)
        if material.release:
            _write(path, "GPKG", _schools(material), "Point", "schools", about, append=True)
        return path.read_bytes()


def shapefile(material: ExportInput) -> bytes:
    """Return a zip of a Shapefile in UTF-8, EPSG:4326, with a README.txt on its fields."""
    fields, geometries = _catchments(material)
    short = {_SHORT[name]: _fitting(values) for name, values in fields.items()}
    dated = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": _day(material).isoformat()}
    with _folder(material) as folder:
        path = folder / f"{SHAPEFILE_NAME}.shp"
        _write(path, "ESRI Shapefile", (short, geometries), "MultiPolygon", SHAPEFILE_NAME, dated)
        made = {each.name: each.read_bytes() for each in sorted(folder.iterdir())}
    return zipped({"README.txt": _readme(material).encode(), **made})


# --- what is in them ------------------------------------------------------------------------------

Layer = tuple[Mapping[str, Column], Column]


def _catchments(material: ExportInput) -> Layer:
    edition = material.edition
    starts = edition.effective_from.isoformat() if edition.effective_from else ""
    rows = []
    for catchment in material.catchments:
        served = _served(material.provider(catchment))
        region = catchment.education_region or None
        rows.append([catchment.code, catchment.name, region, *served])
    texts = _columns(list(_SHORT)[: len(rows[0])] if rows else [], rows)
    same = {
        "edition": np.full(len(rows), edition.number or 0, dtype=np.int32),
        "effective_from": np.full(len(rows), starts, dtype=object),
        "demonstration": np.full(len(rows), edition.demonstration, dtype=np.int32),
    }
    boundaries = [material.published.get(catchment.code) for catchment in material.catchments]
    return {**texts, **same}, np.array(boundaries, dtype=object)


def _served(provider: Provider | None) -> list[str | None]:
    if provider is None:
        return [None] * 5
    ways = (provider.code, provider.name, provider.phone, provider.email, provider.website)
    return [text or None for text in ways]


def _schools(material: ExportInput) -> Layer:
    places = [
        answer.place and shapely.Point(answer.place.lng, answer.place.lat)
        for answer in (material.answers or {}).values()
    ]
    rows = [list(row) for row in school_rows(material)]
    fields = _columns(SCHOOL_COLUMNS, rows)
    whole = {"school_id": np.int64, "edition": np.int32}
    typed = {n: np.array(v, dtype=whole[n]) if n in whole else v for n, v in fields.items()}
    if "distance_m" in typed:
        typed["distance_m"] = np.array(typed["distance_m"], dtype=np.float64)
    return typed, np.array(places, dtype=object)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Column]:
    found = {name: np.empty(len(rows), dtype=object) for name in names}
    for at, name in enumerate(names):
        found[name][:] = [row[at] for row in rows]
    return found


def _fitting(values: Column) -> Column:
    """Return texts cut to what a Shapefile has room for, never within a letter."""
    if values.dtype != object:
        return values
    cut = [
        value if value is None else value.encode()[:LONGEST_DBF_TEXT].decode(errors="ignore")
        for value in values
    ]
    found = np.empty(len(cut), dtype=object)
    found[:] = cut
    return found


def _write(
    path: Path,
    driver: str,
    layer: Layer,
    geometry_type: str,
    name: str,
    options: Mapping[str, str],
    *,
    append: bool = False,
) -> None:
    fields, geometries = layer
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(geometries),
        field_data=list(fields.values()),
        fields=list(fields),
        geometry_type=geometry_type,
        crs=WGS84,
        layer=name,
        driver=driver,
        promote_to_multi=geometry_type.startswith("Multi"),
        append=append,
        # GDAL 3.6, as Debian 12 and its QGIS have it, knows no later version.
        dataset_options={"VERSION": "1.2"} if driver == "GPKG" and not append else None,
        layer_options=dict(options),
    )


# --- about them -----------------------------------------------------------------------------------


def _title(material: ExportInput) -> str:
    return f"Attendance service catchments, edition {material.edition.number}"


def _about(material: ExportInput) -> str:
    starts = material.edition.effective_from
    parts = [
        f"{_title(material)}{f', in force from {long_date(starts)}' if starts else ''}.",
        *([MADE_UP] if material.demonstration else []),
        "Sources:",
        *credit_lines(material),
    ]
    return "\n".join(parts)


def _readme(material: ExportInput) -> str:
    fields = [f"{name:<10} {_MEANING[name]}" for name in _SHORT.values()]
    told = (
        _about(material),
        FRAME,
        "\n".join(["Fields:", *fields]),
    )
    return "\n\n".join(told).replace("\n", "\r\n") + "\r\n"


# --- the same bytes each time ---------------------------------------------------------------------


def _day(material: ExportInput) -> date:
    return material.edition.effective_from or UNDATED


@contextmanager
def _folder(material: ExportInput) -> Iterator[Path]:
    """Give a folder for a while in which GDAL believes that it is the edition's first day."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{_day(material)}T00:00:00.000Z"})
    try:
        with tempfile.TemporaryDirectory(prefix="catchments-") as folder:
            yield Path(folder)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
