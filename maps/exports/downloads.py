"""The files of an edition that people take away: what each is called, is, and is for.

Importing it imports none of what makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from catchments.core.column_vocabulary import CATCHMENT_COLUMNS
from maps.exports.export_input import ExportInput
from maps.exports.school_tables import COLUMNS as SCHOOL_COLUMNS
from maps.screen.shell import Shell, small_extent

MANIFEST = "manifest.json"
GEOJSON = "boundaries.geojson"
TOPOJSON = "boundaries-as-published.topojson"
GEOPACKAGE = "boundaries.gpkg"
KML = "boundaries-simplified.kml"
SHAPEFILE = "boundaries-shapefile.zip"
GEOPARQUET = "boundaries.parquet"
SCHOOLS_GEOPARQUET = "schools-and-providers.parquet"
SCHOOLS_CSV = "schools-and-providers.csv"
SCHOOLS_XLSX = "schools-and-providers.xlsx"
MAP_PDF = "map-a3.pdf"
MAP_PNG = "map-a3.png"
MAP_HTML = "map.html"
FILE_SHELL = "map-file-shell.json"
"""What Folium wrote of the last: a part that is kept, and a name in the memo of an input."""


def _l(text: str) -> str:
    """Mark a text for translators; whoever shows it has it translated."""
    return text


WGS84 = "EPSG:4326"
NZTM2000 = "EPSG:2193"
PARQUET_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class File:
    """A file that people take away; `crs` is that of its coordinates, empty where it has none."""

    name: str
    media_type: str
    format: str
    title: str
    about: str
    crs: str
    columns: tuple[str, ...] = ()
    """Of the vocabulary, in their order: those of its table, or of its first layer."""

    def make(self, material: ExportInput) -> bytes:
        """Return its content; what makes files is imported for the first of them."""
        return _makers()[self.name](material)


@cache
def _makers() -> Mapping[str, Callable[[ExportInput], bytes]]:
    """Return what makes each file, by its name."""
    from maps.exports.geojson import boundaries_geojson
    from maps.exports.geoparquet import catchments_geoparquet, schools_geoparquet
    from maps.exports.kml import catchments_kml
    from maps.exports.school_tables import schools_csv
    from maps.exports.vector_files import geopackage, shapefile
    from maps.exports.workbook import schools_xlsx
    from maps.printing import map_pdf, map_png
    from maps.screen.whole_page import whole_page
    from maps.topology import published_topology

    return {
        GEOJSON: lambda material: boundaries_geojson(material.edition, material.published),
        GEOPACKAGE: geopackage,
        SHAPEFILE: shapefile,
        TOPOJSON: published_topology,
        GEOPARQUET: catchments_geoparquet,
        SCHOOLS_GEOPARQUET: schools_geoparquet,
        KML: catchments_kml,
        SCHOOLS_XLSX: schools_xlsx,
        SCHOOLS_CSV: schools_csv,
        MAP_PDF: map_pdf,
        MAP_PNG: map_png,
        MAP_HTML: lambda material: whole_page(material, shell_of_file(material)).encode(),
    }


def shell_of_file(material: ExportInput) -> Shell:
    """Return what Folium writes of the map in one file, written for the first that asks."""

    def make() -> Shell:
        from maps.screen.standalone import file_shell  # brings Folium

        return file_shell(small_extent(material))

    return material.once(FILE_SHELL, make)


FILES = (
    File(
        GEOJSON,
        "application/geo+json",
        "GeoJSON",
        _l("Boundaries as published, with catchments and providers"),
        _l("For mapping software and websites: RFC 7946, seven decimals of a degree."),
        WGS84,
        CATCHMENT_COLUMNS,
    ),
    File(
        GEOPACKAGE,
        "application/geopackage+sqlite3",
        "GeoPackage",
        _l("Boundaries as published, and schools with a place"),
        _l("For QGIS and ArcGIS: the layers “catchments” and “schools”."),
        WGS84,
        CATCHMENT_COLUMNS,
    ),
    File(
        SHAPEFILE,
        "application/zip",
        "Shapefile",
        _l("Boundaries as published, zipped, with a README.txt on its fields"),
        _l("For older GIS programs; names are cut at 254 bytes."),
        WGS84,
    ),
    File(
        TOPOJSON,
        "application/topo+json",
        "TopoJSON",
        _l("Boundaries as published, each shared line once"),
        _l("For websites and programs that need to know who borders on whom."),
        WGS84,
        CATCHMENT_COLUMNS,
    ),
    File(
        GEOPARQUET,
        PARQUET_TYPE,
        "GeoParquet",
        _l("Boundaries as published, as columns"),
        _l("For DuckDB, GeoPandas and other programs of data scientists: GeoParquet 1.1."),
        WGS84,
        CATCHMENT_COLUMNS,
    ),
    File(
        SCHOOLS_GEOPARQUET,
        PARQUET_TYPE,
        "GeoParquet",
        _l("Every school with its place, catchment and provider, as columns"),
        _l("For the same programs; schools without a place are there too."),
        WGS84,
        SCHOOL_COLUMNS,
    ),
    File(
        KML,
        "application/vnd.google-earth.kml+xml",
        "KML",
        _l("Boundaries simplified for drawing, a colour a region"),
        _l(
            "For Google Earth and Google My Maps. Not for looking places up: bends of up to some "
            "200 m are left out."
        ),
        WGS84,
    ),
    File(
        SCHOOLS_XLSX,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "XLSX",
        _l("Every school with its catchment and provider, as a workbook"),
        _l("For Excel and other spreadsheets."),
        "",
        SCHOOL_COLUMNS,
    ),
    File(
        SCHOOLS_CSV,
        "text/csv; charset=utf-8; header=present",
        "CSV",
        _l("Every school with its catchment and provider, as a plain table"),
        _l("For programs and spreadsheets: RFC 4180, UTF-8."),
        "",
        SCHOOL_COLUMNS,
    ),
    File(
        MAP_PDF,
        "application/pdf",
        "PDF",
        _l("Map for print, A3, and a list of catchments and providers"),
        _l("For a wall or a report."),
        NZTM2000,
    ),
    File(
        MAP_PNG,
        "image/png",
        "PNG",
        _l("Map for print, A3, as a picture"),
        _l("For slides and documents: 200 dots an inch."),
        NZTM2000,
    ),
    File(
        MAP_HTML,
        "text/html; charset=utf-8",
        "HTML",
        _l("The map in one file, with providers and schools"),
        _l("For any browser, from a disk or a memory stick, without a network."),
        WGS84,
    ),
)
"""All that are made, in the order in which they are shown."""
