"""The demonstration edition: hand-written tables, and boundaries built from open geometry.

Regional council areas (Stats NZ; they include the sea to twelve miles) are grouped into education
regions and each group is split between its towns: every point goes to the nearest. Land that no
region holds goes, with some sea around it, to the nearest town of all.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import shapely
from geopandas import GeoDataFrame, GeoSeries
from nzgeom.regions import NZRegions
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.core.model import (
    Alias,
    Catchment,
    DirectoryRelease,
    Edition,
    Provider,
    School,
    Source,
    SourceKind,
)
from catchments.core.place_names import with_macrons
from catchments.core.text_folding import education_region
from catchments.geometry.coordinates import NZTM2000, WGS84
from catchments.readers.aliases import read_aliases
from catchments.readers.directory import AUTHORITY, LICENCE
from catchments.readers.land import coastline_source, land_polygons, nzgeom_file
from catchments.readers.report import Progress, no_progress, sha256_of
from catchments.runtime.garbage import uncollected

DEMONSTRATION_FOLDER = Path(__file__).parents[2] / "data" / "boundaries" / "demonstration"
EFFECTIVE_FROM = date(2026, 1, 5)
"""The day from which every school belongs to a catchment."""
DIRECTORY_RELEASED = date(2026, 6, 7)
ISLAND_SEA_M = 2_000.0
"""Metres of sea added around what lies outside every region.

Te One School (3553) is recorded 950 m beyond the twelve miles of sea around the Chathams.
"""
GAP_WIDTH_M = 1.0
"""Splitting rounds coordinates; gaps narrower than this many metres are closed afterwards."""

_COUNCILS = "data/regions/regional-council-2018-generalised.gpkg"
_COUNCIL_NAME = "REGC2018_V1_00_NAME"
_OUTSIDE = "Area Outside Region"
_AUCKLAND = ("Auckland Region",)
_COUNCILS_OF: Mapping[str, tuple[str, ...]] = {
    "Tai Tokerau": ("Northland Region",),
    "Tāmaki Herenga Tāngata": _AUCKLAND,
    "Tāmaki Herenga Manawa": _AUCKLAND,
    "Tāmaki Herenga Waka": _AUCKLAND,
    "Waikato": ("Waikato Region",),
    "Bay of Plenty, Waiariki": ("Bay of Plenty Region",),
    "Hawke's Bay, Tairāwhiti": ("Hawke's Bay Region", "Gisborne Region"),
    "Taranaki, Whanganui, Manawatū": ("Taranaki Region", "Manawatu-Wanganui Region"),
    "Wellington": ("Wellington Region",),
    "Nelson, Marlborough, West Coast": (
        "Nelson Region",
        "Tasman Region",
        "Marlborough Region",
        "West Coast Region",
    ),
    "Canterbury, Chatham Islands": ("Canterbury Region",),
    "Otago, Southland": ("Otago Region", "Southland Region"),
}
_OF_THE_DIRECTORY = {
    "title": "A selection from the school directory, for demonstration",
    "authority": AUTHORITY,
    "licence": LICENCE,
    "release": DIRECTORY_RELEASED.isoformat(),
}
_ALIASES = "aliases.csv"
_TABLES: Mapping[str, SourceKind] = {
    "catchments.csv": SourceKind.BOUNDARIES,
    "providers.csv": SourceKind.PROVIDERS,
    "listings.csv": SourceKind.LISTINGS,
    "in_school_provision.csv": SourceKind.IN_SCHOOL_PROVISION,
    "schools.csv": SourceKind.DIRECTORY,
}

Row = dict[str, str]
T = TypeVar("T")


@uncollected()
def read_demonstration(
    folder: Path = DEMONSTRATION_FOLDER, *, progress: Progress = no_progress
) -> tuple[Edition, DirectoryRelease]:
    """Return the demonstration edition and its school directory, built from tables and `nzgeom`.

    Boundaries are WGS 84, longitude -180…180, and tile exactly. Raises FileRefused when a table is
    missing, does not match the sha256 in `source.toml`, or has a row that cannot be read.
    """
    sources = _declared_sources(folder)
    catchments = dict(_rows_as(folder / "catchments.csv", _catchment))
    towns = dict(_rows_as(folder / "catchments.csv", _town))
    listed = dict(_rows_as(folder / "listings.csv", _listing))
    edition = Edition(
        catchments=catchments,
        boundaries=build_boundaries(_towns(towns, catchments), progress=progress),
        providers=dict(_rows_as(folder / "providers.csv", _provider)),
        listings={school: code for school, code in listed.items() if code},
        unserved=frozenset(school for school, code in listed.items() if not code),
        in_school_provision=dict(_rows_as(folder / "in_school_provision.csv", _provision)),
        sources=(
            *(source for name, source in sources.items() if name != "schools.csv"),
            _councils_source(),
            coastline_source(),
        ),
        title="Demonstration edition",
        reason="Made up, so that everything can be tried before the Ministry's files are imported.",
        effective_from=EFFECTIVE_FROM,
    )
    schools = dict(_rows_as(folder / "schools.csv", _school))
    return edition, DirectoryRelease(schools, DIRECTORY_RELEASED, sources["schools.csv"])


def demonstration_aliases(
    schools: Mapping[int, School], folder: Path = DEMONSTRATION_FOLDER
) -> tuple[Alias, ...]:
    """Return what people call schools of the demonstration. Raises FileRefused."""
    _checked_sha256(folder / _ALIASES, _declaration(folder / "source.toml"))
    aliases, _ = read_aliases(folder / _ALIASES, schools=schools)
    return aliases


# --- tables ---------------------------------------------------------------------------------------


def _declared_sources(folder: Path) -> dict[str, Source]:
    declared = _declaration(folder / "source.toml")
    return {name: _source(folder / name, kind, declared) for name, kind in _TABLES.items()}


def _declaration(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileRefused(
            f"{path.name} in {shown(path.parent)} cannot be read: {error}.",
            next_step="Restore it from the repository.",
        ) from error


def _checked_sha256(path: Path, declared: Mapping[str, Any]) -> str:
    if not path.is_file():
        raise FileRefused(
            f"The demonstration table {shown(path.name)} is missing from {path.parent}.",
            next_step="Restore it from the repository.",
        )
    sha256 = sha256_of(path)
    if declared.get("files", {}).get(path.name) != sha256:
        raise FileRefused(
            f"The demonstration table {shown(path.name)} is not the one source.toml declares:"
            f" its sha256 is {sha256}.",
            next_step="Restore the table, or write its new sha256 under [files] in source.toml.",
        )
    return sha256


def _source(path: Path, kind: SourceKind, declared: Mapping[str, Any]) -> Source:
    said = {**declared, **_OF_THE_DIRECTORY} if kind is SourceKind.DIRECTORY else declared
    return Source(
        kind=kind,
        title=str(said.get("title", "")),
        authority=str(said.get("authority", "")),
        licence=str(said.get("licence", "")),
        release=str(said.get("release", "")),
        sha256=_checked_sha256(path, declared),
        file_name=path.name,
        url=str(declared.get("url", "")),
        demonstration=True,
    )


def _rows_as(path: Path, read: Callable[[Row], tuple[Any, T]]) -> Iterator[tuple[Any, T]]:
    """Yield what `read` makes of each row; a row it cannot read is refused by line."""
    seen: set[object] = set()
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, strict=True)
        for row in table:
            try:
                key, value = read(row)
            except (KeyError, ValueError, TypeError, AttributeError, msgspec.MsgspecError) as error:
                raise FileRefused(
                    f"{path.name}, line {table.line_num}, cannot be read: {error}."
                ) from error
            if key in seen:
                raise FileRefused(f"{path.name}, line {table.line_num}, repeats {shown(key)}.")
            seen.add(key)
            yield key, value


def _known_region(text: str) -> str:
    region = education_region(text)
    if region is None:
        raise ValueError(f"{shown(text)} is no education region")
    return region


def _catchment(row: Row) -> tuple[str, Catchment]:
    region = _known_region(row["education_region"])
    return row["code"], Catchment(row["code"], row["name"], region, row["provider_code"])


def _town(row: Row) -> tuple[str, shapely.Point]:
    return row["code"], shapely.Point(float(row["lng"]), float(row["lat"]))


def _provider(row: Row) -> tuple[str, Provider]:
    provider = Provider(row["code"], row["name"], row["phone"], row["email"], row["website"])
    return provider.code, provider


def _listing(row: Row) -> tuple[int, str]:
    return int(row["school_id"]), row["catchment_code"]


def _provision(row: Row) -> tuple[int, str]:
    return int(row["school_id"]), row["note"]


def _school(row: Row) -> tuple[int, School]:
    said: dict[str, Any] = {name: text for name, text in row.items() if text}
    said["education_region"] = education_region(row["education_region"]) or ""
    said |= {name: with_macrons(row[name]) for name in ("suburb", "city")}
    if row["lng"]:
        said["place"] = {"lng": row["lng"], "lat": row["lat"]}
    school = msgspec.convert(said, School, strict=False)
    return school.school_id, school


# --- boundaries -----------------------------------------------------------------------------------


def _towns(towns: Mapping[str, shapely.Point], catchments: Mapping[str, Catchment]) -> GeoDataFrame:
    """Return the catchments' centres by code, EPSG:2193, each with the councils of its region."""
    councils = [_COUNCILS_OF[catchments[code].education_region] for code in towns]
    columns = {"councils": councils, "geometry": towns.values()}
    return GeoDataFrame(columns, index=list(towns), crs=WGS84).to_crs(NZTM2000)


def build_boundaries(
    towns: GeoDataFrame, *, progress: Progress = no_progress
) -> dict[str, BaseGeometry]:
    """Return a boundary for each town: WGS 84, longitude -180…180, an exact coverage.

    `towns` are points by code, EPSG:2193, with the `councils` whose area each shares. Raises
    FileRefused naming a town that gets no area.
    """
    doing = "building demonstration boundaries"
    steps = 5
    progress(doing, 0, steps)
    councils = NZRegions().gdf.set_index(_COUNCIL_NAME).geometry
    progress(doing, 1, steps)
    afar = towns.covered_by(councils[_OUTSIDE])  # on the Chathams, which no region holds
    groups = [_nearest_areas(group, councils) for _, group in towns[~afar].groupby("councils")]
    pieces = [piece for group in groups for piece in group.items()]
    progress(doing, 2, steps)
    islands = _islands(councils)
    progress(doing, 3, steps)
    pieces += [(towns.distance(island).idxmin(), island) for island in islands]
    cleaned = _as_coverage(pieces, towns)
    progress(doing, 4, steps)
    boundaries: dict[str, BaseGeometry] = cleaned.to_crs(WGS84).to_dict()
    progress(doing, steps, steps)
    return boundaries


def _councils_source() -> Source:
    path = nzgeom_file(_COUNCILS)
    return Source(
        kind=SourceKind.BOUNDARIES,
        title="Regional Council 2018 (generalised)",
        authority="Stats NZ",
        licence="CC BY 4.0",
        release="2018-01-01",
        sha256=sha256_of(path),
        file_name=path.name,
        url="https://datafinder.stats.govt.nz/layer/92204-regional-council-2018-generalised/",
    )


def _nearest_areas(towns: GeoDataFrame, councils: GeoSeries) -> GeoSeries:
    """Split what towns share, so that every point goes to its nearest (EPSG:2193 metres)."""
    area = councils[list(towns["councils"].iloc[0])].union_all(method="coverage")
    if len(towns) == 1:
        return GeoSeries([area], index=towns.index, crs=NZTM2000)
    sites = shapely.multipoints(towns.geometry)
    cells = shapely.voronoi_polygons(sites, extend_to=shapely.envelope(area), ordered=True)
    return GeoSeries(shapely.get_parts(cells), index=towns.index, crs=NZTM2000).intersection(area)


def _islands(councils: GeoSeries) -> GeoSeries:
    """Return what no region holds: the Chathams' and Three Kings' areas, and islands, with sea."""
    regions, outside = councils.drop(_OUTSIDE).union_all(method="coverage"), councils[_OUTSIDE]
    shapely.prepare([regions, outside])
    coast = land_polygons()
    beyond = coast[~(shapely.covers(regions, coast) | shapely.covers(outside, coast))]
    with_sea = GeoSeries([*beyond, outside], crs=NZTM2000).buffer(ISLAND_SEA_M, quad_segs=8)
    return GeoSeries(with_sea.union_all().difference(regions), crs=NZTM2000).explode()


def _as_coverage(pieces: Iterable[tuple[str, BaseGeometry]], towns: GeoDataFrame) -> GeoSeries:
    """Return one geometry a town, with the same vertices on both sides of every shared edge."""
    of_town: dict[str, list[BaseGeometry]] = {code: [] for code in towns.index}
    for code, piece in pieces:
        of_town[code].append(piece)
    for code, parts in of_town.items():
        if not parts:
            raise FileRefused(f"catchments.csv: the town of {shown(code)} gets no area.")
    whole = [shapely.multipolygons(shapely.get_parts(parts)) for parts in of_town.values()]
    cleaned = shapely.coverage_clean(whole, gap_width=GAP_WIDTH_M)
    return GeoSeries(cleaned, index=towns.index, crs=NZTM2000)
