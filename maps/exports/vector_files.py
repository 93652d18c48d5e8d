"""The boundaries as published for GIS programs: a GeoPackage, and a zipped Shapefile.

Tables of geometries, which geopandas has GDAL write, and beside them tables of providers and
sources; dates are the edition's own, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from geopandas import GeoDataFrame
from pandas import DataFrame
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Provider
from catchments.core.plain_cells import Cell, plain_table
from catchments.geometry.coordinates import WGS84
from catchments.lookup.resolver import long_date
from maps.exports.edition_tables import (
    PROVIDER_COLUMNS,
    SOURCE_COLUMNS,
    provider_rows,
    source_rows,
)
from maps.exports.export_input import ExportInput
from maps.exports.packing import zipped
from maps.exports.school_tables import COLUMNS as SCHOOL_COLUMNS
from maps.exports.school_tables import school_rows
from maps.wording import MADE_UP, credit_lines

LONGEST_DBF_TEXT = 254
"""Bytes: a Shapefile's table has room for no more."""
SHAPEFILE_NAME = "catchments"
LONG_TEXTS = "long_texts.csv"
FRAME = "Boundaries are as published, WGS 84 (EPSG:4326), longitudes -180 to 180, split at 180."
CUT = "Texts are UTF-8. The table has room for 254 bytes of each: longer ones are cut there."
_FILES = {
    "providers.csv": "every provider, also those that serve no catchment",
    "sources.csv": "where all of this came from",
    LONG_TEXTS: "the texts that are cut in the table, whole: code of the catchment, field, text",
}
"""Tables beside the Shapefile; UTF-8."""
APOSTROPHES = (
    "In the .csv files an apostrophe stands before a text that a spreadsheet would take for a "
    "formula."
)
UNDATED = date(2000, 1, 1)
_AREAS = {"geometry_type": "MultiPolygon", "promote_to_multi": True}
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

    A catchment without a boundary and a school without a place are in it without a geometry. Its
    tables `providers` and `sources` have no geometries.
    """
    about = {"DESCRIPTION": _about(material)}
    with _folder(material) as folder:
        path = folder / "boundaries.gpkg"
        # GDAL 3.6, as Debian 12 and its QGIS have it, knows no later version.
        version = {"VERSION": "1.2"}
        _catchments(material).to_file(
            path, layer="catchments", dataset_options=version, layer_options=about, **_AREAS
        )
        if material.release:
            _schools(material).to_file(
                path, layer="schools", mode="a", layer_options=about, geometry_type="Point"
            )
        _append(path, "providers", PROVIDER_COLUMNS, provider_rows(material.edition))
        _append(path, "sources", SOURCE_COLUMNS, source_rows(material.edition))
        return path.read_bytes()


def shapefile(material: ExportInput) -> bytes:
    """Return a zip of a Shapefile in UTF-8, EPSG:4326, with a README.txt on its fields.

    Beside it stand tables of providers and sources, and of the texts that it has no room for.
    """
    catchments = _catchments(material).rename(columns=_SHORT)
    texts = catchments.columns[catchments.dtypes == "object"]
    tables = _tables(material, catchments[texts])
    catchments[texts] = catchments[texts].map(_fitting, na_action="ignore")
    dated = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": _day(material).isoformat()}
    with _folder(material) as folder:
        catchments.to_file(folder / f"{SHAPEFILE_NAME}.shp", layer_options=dated, **_AREAS)
        made = {each.name: each.read_bytes() for each in sorted(folder.iterdir())}
    return zipped({"README.txt": _readme(material, tables).encode(), **tables, **made})


# --- what is in them ------------------------------------------------------------------------------


def _catchments(material: ExportInput) -> GeoDataFrame:
    edition = material.edition
    starts = edition.effective_from.isoformat() if edition.effective_from else ""
    rows = []
    for catchment in material.catchments:
        served = _served(material.provider(catchment))
        region = catchment.education_region or None
        origin = edition.number or 0, starts, edition.demonstration
        rows.append([catchment.code, catchment.name, region, *served, *origin])
    boundaries = [material.published.get(catchment.code) for catchment in material.catchments]
    return _table(rows, _SHORT, boundaries, {"edition": "int32", "demonstration": "int32"})


def _served(provider: Provider | None) -> list[str | None]:
    if provider is None:
        return [None] * 5
    ways = (provider.code, provider.name, provider.phone, provider.email, provider.website)
    return [text or None for text in ways]


def _schools(material: ExportInput) -> GeoDataFrame:
    places = [
        answer.place and shapely.Point(answer.place.lng, answer.place.lat)
        for answer in (material.answers or {}).values()
    ]
    rows = list(school_rows(material))
    places += [None] * (len(rows) - len(places))  # numbers that the directory lacks
    numbers = {"school_id": "int64", "edition": "int32", "distance_m": "float64"}
    return _table(rows, SCHOOL_COLUMNS, places, numbers)


def _table(
    rows: Iterable[Sequence[Any]],
    columns: Iterable[str],
    geometries: Sequence[BaseGeometry | None],
    numbers: Mapping[str, str],
) -> GeoDataFrame:
    """Return rows as a table in WGS 84 whose columns are texts, but for those of `numbers`."""
    texts = {"columns": list(columns), "dtype": object}
    return GeoDataFrame(list(rows), geometry=geometries, crs=WGS84, **texts).astype(numbers)


def _append(path: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Add a table without geometries to a GeoPackage; an empty text is none."""
    told = [[None if cell == "" else cell for cell in row] for row in rows]
    table = DataFrame(told, columns=list(columns), dtype=object)
    numbers = {"demonstration": "int32"} if "demonstration" in columns else {}
    pyogrio.write_dataframe(table.astype(numbers), path, layer=name, append=True)


def _tables(material: ExportInput, texts: DataFrame) -> dict[str, bytes]:
    """Return the tables beside a Shapefile by name; `texts` are those of its own table, whole."""
    providers, sources = provider_rows(material.edition), source_rows(material.edition)
    written = [plain_table(PROVIDER_COLUMNS, providers), plain_table(SOURCE_COLUMNS, sources)]
    cut = list(_cut(texts))
    if cut:
        written.append(plain_table(("code", "field", "text"), cut))
    return dict(zip(_FILES, written, strict=False))


def _cut(texts: DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield each text that is cut: the code that its row has in the .dbf, the field, the text."""
    for row in texts.to_dict("records"):
        for name, text in row.items():
            if text is not None and _fitting(text) != text:
                yield _fitting(row["code"]), str(name), text


def _fitting(text: str) -> str:
    """Return a text cut to what a Shapefile has room for, never within a letter."""
    return text.encode()[:LONGEST_DBF_TEXT].decode(errors="ignore")


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


def _readme(material: ExportInput, tables: Iterable[str]) -> str:
    fields = [f"{name:<10} {_MEANING[name]}" for name in _SHORT.values()]
    beside = [f"{name:<14} {_FILES[name]}" for name in tables]
    told = (
        _about(material),
        f"{FRAME}\n{CUT}",
        "\n".join(["Fields:", *fields]),
        "\n".join(["Tables beside it, in UTF-8:", *beside, APOSTROPHES]),
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
