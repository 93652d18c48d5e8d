"""The boundaries as published for GIS programs: a GeoPackage, and a zipped Shapefile.

Tables of geometries, which geopandas has GDAL write, and beside them tables of providers and
sources; dates are the edition's own, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyogrio
from pandas import NA, DataFrame

from catchments.core.column_vocabulary import BY_NAME, PROVIDER_COLUMNS, Kind
from catchments.core.errors import long_date
from catchments.core.plain_cells import Cell, plain_table
from maps.exports.export_input import ExportInput
from maps.exports.feature_tables import catchments_table, schools_table, typed
from maps.exports.geojson import SOURCE_COLUMNS, by_code, source_cells
from maps.exports.packing import zipped
from maps.exports.school_tables import in_words, provider_cells
from maps.wording import MADE_UP, credit_lines

LONGEST_DBF_TEXT = 254
"""Bytes: a Shapefile's table has room for no more."""
SHAPEFILE_NAME = "catchments"
LONG_TEXTS = "long_texts.csv"
FRAME = "Boundaries are as published, WGS 84 (EPSG:4326), longitudes -180 to 180, split at 180."
CUT = "Texts are UTF-8. The table has room for 254 bytes of each: longer ones are cut there."
FIELDS = "Fields, and what the same columns are called in the other files of this edition:"
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
_SHORT = {
    "catchment_code": "code",
    "catchment_name": "name",
    "education_region": "region",
    "provider_code": "prov_code",
    "provider_name": "provider",
    "provider_phone": "phone",
    "provider_email": "email",
    "provider_website": "website",
    "edition": "edition",
    "effective_from": "from_date",
    "demonstration": "made_up",
}
"""Names of columns, and how a Shapefile, which has room for ten letters, calls them."""
_AREAS: dict[str, Any] = {"geometry_type": "MultiPolygon", "use_arrow": True}
"""Through Arrow, where dates are dates and truths truths."""


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
        catchments_table(material).to_file(
            path, layer="catchments", dataset_options=version, layer_options=about, **_AREAS
        )
        if material.release:
            schools_table(material).to_file(
                path,
                layer="schools",
                mode="a",
                layer_options=about,
                geometry_type="Point",
                use_arrow=True,
            )
        _append(path, "providers", PROVIDER_COLUMNS, map(provider_cells, by_code(material.edition)))
        _append(path, "sources", SOURCE_COLUMNS, map(source_cells, material.edition.sources))
        return path.read_bytes()


def shapefile(material: ExportInput) -> bytes:
    """Return a zip of a Shapefile in UTF-8, EPSG:4326, with a README.txt on its fields.

    Beside it stand tables of providers and sources, and of the texts that it has no room for.
    """
    catchments = catchments_table(material).rename(columns=_SHORT)
    texts = [short for name, short in _SHORT.items() if BY_NAME[name].kind is Kind.TEXT]
    tables = _tables(material, catchments[texts].astype(object).replace({NA: None}))
    for name in texts:
        catchments[name] = catchments[name].map(_fitting, na_action="ignore")
    # A table of dBASE has truths that many programs show as a text.
    catchments["made_up"] = catchments["made_up"].astype("int32")
    dated = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": _day(material).isoformat()}
    with _folder(material) as folder:
        catchments.to_file(folder / f"{SHAPEFILE_NAME}.shp", layer_options=dated, **_AREAS)
        made = {each.name: each.read_bytes() for each in sorted(folder.iterdir())}
    return zipped({"README.txt": _readme(material, tables).encode(), **tables, **made})


# --- what is in them ------------------------------------------------------------------------------


def _append(path: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Add a table without geometries to a GeoPackage."""
    pyogrio.write_dataframe(typed(rows, columns), path, layer=name, append=True, use_arrow=True)


def _tables(material: ExportInput, texts: DataFrame) -> dict[str, bytes]:
    """Return the tables beside a Shapefile by name; `texts` are those of its own table, whole."""
    sources = map(source_cells, material.edition.sources)
    written = [
        plain_table(PROVIDER_COLUMNS, map(provider_cells, by_code(material.edition))),
        plain_table(SOURCE_COLUMNS, map(in_words, sources)),
    ]
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


def _about(material: ExportInput) -> str:
    number, starts = material.edition.number, material.edition.effective_from
    since = f", in force from {long_date(starts)}" if starts else ""
    parts = [
        f"Attendance service catchments, edition {number}{since}.",
        *([MADE_UP] if material.demonstration else []),
        "Sources:",
        *credit_lines(material),
    ]
    return "\n".join(parts)


def _readme(material: ExportInput, tables: Iterable[str]) -> str:
    fields = [f"{short:<10} {name:<17} {BY_NAME[name].meaning}" for name, short in _SHORT.items()]
    beside = [f"{name:<14} {_FILES[name]}" for name in tables]
    told = (
        _about(material),
        f"{FRAME}\n{CUT}",
        "\n".join([FIELDS, *fields]),
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
