"""The demonstration edition: hand-written tables, and boundaries built from open geometry.

Regional council areas (Stats NZ; they include the sea to twelve miles) are grouped into education
regions and each group is split between its towns: every point goes to the nearest. Land that no
region holds goes, with some sea around it, to the nearest town of all.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyogrio.raw
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.core.model import (
    Catchment,
    DirectoryRelease,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.core.text_folding import education_region
from catchments.geometry.coordinates import NZTM2000, WGS84, to_wgs84, transformer
from catchments.readers.coastline import coastline_polygons, coastline_source, nzgeom_file
from catchments.readers.report import Progress, no_progress, sha256_of

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
_TABLES: Mapping[str, SourceKind] = {
    "catchments.csv": SourceKind.BOUNDARIES,
    "providers.csv": SourceKind.PROVIDERS,
    "listings.csv": SourceKind.LISTINGS,
    "in_school_provision.csv": SourceKind.IN_SCHOOL_PROVISION,
    "schools.csv": SourceKind.DIRECTORY,
}

Row = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Town:
    """A catchment's centre; `x` and `y` are EPSG:2193 metres."""

    code: str
    education_region: str
    x: float
    y: float


def read_demonstration(
    folder: Path = DEMONSTRATION_FOLDER, *, progress: Progress = no_progress
) -> tuple[Edition, DirectoryRelease]:
    """Return the demonstration edition and its school directory, built from tables and `nzgeom`.

    Boundaries are WGS 84, longitude -180…180, and tile exactly. Raises FileRefused when a table is
    missing, does not match the sha256 in `source.toml`, or has a row that cannot be read.
    """
    sources = _declared_sources(folder)
    catchments = dict(_rows_as(folder / "catchments.csv", _catchment))
    towns = [town for _, town in _rows_as(folder / "catchments.csv", _town)]
    listed = dict(_rows_as(folder / "listings.csv", _listing))
    edition = Edition(
        catchments=catchments,
        boundaries=build_boundaries(towns, progress=progress),
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


# --- tables ---------------------------------------------------------------------------------------


def _declared_sources(folder: Path) -> dict[str, Source]:
    declared = _declaration(folder / "source.toml")
    return {name: _checked_source(folder / name, kind, declared) for name, kind in _TABLES.items()}


def _declaration(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileRefused(
            f"{path.name} in {shown(path.parent)} cannot be read: {error}.",
            next_step="Restore it from the repository.",
        ) from error


def _checked_source(path: Path, kind: SourceKind, declared: Mapping[str, Any]) -> Source:
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
    return _source(path, kind, sha256, declared)


def _source(path: Path, kind: SourceKind, sha256: str, declared: Mapping[str, Any]) -> Source:
    directory = kind is SourceKind.DIRECTORY
    return Source(
        kind=kind,
        title=(
            "A selection from the school directory, for demonstration"
            if directory
            else str(declared.get("title", ""))
        ),
        authority="Ministry of Education" if directory else str(declared.get("authority", "")),
        licence="CC BY 4.0" if directory else str(declared.get("licence", "")),
        release=DIRECTORY_RELEASED.isoformat() if directory else str(declared.get("release", "")),
        sha256=sha256,
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
            except (KeyError, ValueError, TypeError, AttributeError) as error:
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


def _town(row: Row) -> tuple[str, Town]:
    lng, lat = float(row["lng"]), float(row["lat"])
    x, y = transformer(WGS84, NZTM2000).transform(lng, lat)
    return row["code"], Town(row["code"], _known_region(row["education_region"]), x, y)


def _provider(row: Row) -> tuple[str, Provider]:
    provider = Provider(row["code"], row["name"], row["phone"], row["email"], row["website"])
    return provider.code, provider


def _listing(row: Row) -> tuple[int, str]:
    return int(row["school_id"]), row["catchment_code"]


def _provision(row: Row) -> tuple[int, str]:
    return int(row["school_id"]), row["note"]


def _school(row: Row) -> tuple[int, School]:
    school = School(
        school_id=int(row["school_id"]),
        name=row["name"],
        status=SchoolStatus(row["status"]),
        place=_place(row),
        org_type=row["org_type"],
        address=row["address"],
        suburb=row["suburb"],
        city=row["city"],
        postcode=row["postcode"],
        education_region=education_region(row["education_region"]) or "",
        territorial_authority=row["territorial_authority"],
        roll=int(row["roll"]) if row["roll"] else None,
        opens=_day(row["opens"]),
        closed=_day(row["closed"]),
    )
    return school.school_id, school


def _place(row: Row) -> Place | None:
    if not row["lng"]:
        return None
    return Place(lng=float(row["lng"]), lat=float(row["lat"]))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


# --- boundaries -----------------------------------------------------------------------------------


def build_boundaries(
    towns: Iterable[Town], *, progress: Progress = no_progress
) -> dict[str, BaseGeometry]:
    """Return a boundary for each town: WGS 84, longitude -180…180, an exact coverage.

    Raises FileRefused naming a town that gets no area.
    """
    doing = "building demonstration boundaries"
    steps = 5
    progress(doing, 0, steps)
    councils = _read_councils()
    progress(doing, 1, steps)
    everyone = list(towns)
    ashore, afar = _ashore_and_afar(everyone, councils[_OUTSIDE])
    pieces = _split_groups(ashore, councils)
    progress(doing, 2, steps)
    islands = _islands(councils)
    progress(doing, 3, steps)
    for part, town in zip(islands, _nearest([*ashore, *afar], islands), strict=True):
        pieces.setdefault(town.code, []).append(part)
    cleaned = _as_coverage({town.code: pieces.get(town.code, []) for town in everyone})
    progress(doing, 4, steps)
    boundaries = to_wgs84(list(cleaned.values()), crs=NZTM2000)
    progress(doing, steps, steps)
    return dict(zip(cleaned, boundaries, strict=True))


def _read_councils() -> dict[str, BaseGeometry]:
    path = nzgeom_file(_COUNCILS)
    _, _, wkb, (names,) = pyogrio.raw.read(path, columns=[_COUNCIL_NAME])
    return dict(zip(names.tolist(), shapely.from_wkb(wkb), strict=True))


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


def _points(towns: Iterable[Town]) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.points([(town.x, town.y) for town in towns]))


def _ashore_and_afar(towns: list[Town], outside: BaseGeometry) -> tuple[list[Town], list[Town]]:
    """Part the towns that share regions from those on the Chathams, which no region holds."""
    away = shapely.covers(outside, _points(towns))
    return (
        [town for town, far in zip(towns, away, strict=True) if not far],
        [town for town, far in zip(towns, away, strict=True) if far],
    )


def _split_groups(
    towns: Iterable[Town], councils: Mapping[str, BaseGeometry]
) -> dict[str, list[BaseGeometry]]:
    groups: dict[tuple[str, ...], list[Town]] = {}
    for town in towns:
        groups.setdefault(_COUNCILS_OF[town.education_region], []).append(town)
    pieces: dict[str, list[BaseGeometry]] = {}
    for names, members in groups.items():
        area = shapely.coverage_union_all([councils[name] for name in names])
        for town, piece in zip(members, _nearest_areas(members, area), strict=True):
            pieces[town.code] = [piece]
    return pieces


def _nearest_areas(towns: list[Town], area: BaseGeometry) -> list[BaseGeometry]:
    """Split `area` so that every point goes to its nearest town (EPSG:2193 metres)."""
    if len(towns) == 1:
        return [area]
    sites = shapely.multipoints(_points(towns))
    cells = shapely.voronoi_polygons(sites, extend_to=shapely.envelope(area), ordered=True)
    return list(shapely.intersection(shapely.get_parts(cells), area))


def _islands(councils: Mapping[str, BaseGeometry]) -> list[BaseGeometry]:
    """Return what no region holds: the Chathams' and Three Kings' areas, and islands, with sea."""
    regions = shapely.coverage_union_all(
        [area for name, area in councils.items() if name != _OUTSIDE]
    )
    outside = councils[_OUTSIDE]
    shapely.prepare(regions)
    coast = coastline_polygons()
    shapely.prepare(outside)
    beyond = coast[~(shapely.covers(regions, coast) | shapely.covers(outside, coast))]
    with_sea = shapely.buffer([*beyond, outside], ISLAND_SEA_M, quad_segs=8)
    return list(shapely.get_parts(shapely.difference(shapely.union_all(with_sea), regions)))


def _nearest(towns: list[Town], areas: Iterable[BaseGeometry]) -> list[Town]:
    points = _points(towns)
    return [towns[int(np.argmin(shapely.distance(area, points)))] for area in areas]


def _as_coverage(pieces: Mapping[str, list[BaseGeometry]]) -> dict[str, BaseGeometry]:
    """Return one geometry a code, with the same vertices on both sides of every shared edge."""
    for code, parts in pieces.items():
        if not parts:
            raise FileRefused(f"catchments.csv: the town of {shown(code)} gets no area.")
    whole = [shapely.multipolygons(shapely.get_parts(parts)) for parts in pieces.values()]
    return dict(zip(pieces, shapely.coverage_clean(whole, gap_width=GAP_WIDTH_M), strict=True))
