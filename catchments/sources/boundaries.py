"""Other people's boundary files, each to catchments, boundaries, providers and a report.

KML and KMZ (Google My Maps), GeoPackage and zipped Shapefile go through GDAL; GeoJSON and CSV with
WKT are read here. GDAL guesses a file's format from its bytes, and some formats it knows read
other files or the network. So a file is first shown to be what its name says, is read from a copy
of its own in an empty folder, and an archive is unpacked here, within limits, never by GDAL.
"""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from catchments.coordinates import (
    WGS84,
    geometry_to_180,
    in_new_zealand,
    look_swapped,
    to_360,
    transformer,
)
from catchments.coverage import (
    SLIVER_WIDTH_M,
    CoverageFault,
    clean,
    find_faults,
    is_coverage,
    make_valid_2d,
)
from catchments.errors import FileRefused, shown
from catchments.gazetteer import education_region, folded
from catchments.model import Catchment, Provider, Source, SourceKind
from catchments.sources.report import Progress, Report, no_progress, sha256_of

MAX_FILE_BYTES = 200_000_000
MAX_UNPACKED_BYTES = 1_000_000_000
MAX_UNPACKED_RATIO = 200
"""A real boundary file packs to a tenth or so; more than this is made to burst."""
RATIO_COUNTS_FROM_BYTES = 10_000_000
MAX_ARCHIVE_MEMBERS = 1_000

_ALLOWED = "It must be KML, KMZ, GeoJSON, GeoPackage, a zipped Shapefile, or CSV with a WKT column."
_ARCHIVES = {".zip", ".kmz", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"}
_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_GEOPACKAGE_IDS = {b"GPKG", b"GP10", b"GP11", b"GP12"}
_DRIVERS = {".kml": "LIBKML", ".gpkg": "GPKG", ".shp": "ESRI Shapefile"}
_GEOJSON_TYPES = {"FeatureCollection", "Feature"}
_CSV_FIELD_CHARACTERS = MAX_FILE_BYTES

_NAME_FIELDS = ("catchment name", "catchment", "name", "title", "label")
_CODE_FIELDS = ("catchment code", "code")
_PROVIDER_FIELDS = (
    "provider",
    "provider name",
    "service provider",
    "attendance service provider",
    "attendance service",
    "organisation",
)
_REGION_FIELDS = ("education region", "region")
_PHONE_FIELDS = ("phone", "telephone", "tel", "ph", "phone number", "contact number")
_WEBSITE_FIELDS = ("website", "web", "site", "web site", "url")
_EMAIL_FIELDS = ("email", "e mail", "email address")
_DESCRIPTION_FIELDS = ("description",)
_REPEATED_LAYER = re.compile(r" \(#\d+\)$")
_SHAPEFILE_FIELD_LENGTH = 10
_VIRTUAL = re.compile(r"create\s+virtual\s+table", re.IGNORECASE)
_INDEX = re.compile(r"using\s+(rtree|fts\d)\b", re.IGNORECASE)


@dataclass(frozen=True)
class BoundaryReading:
    """What came of reading boundary files; `faults` are those found before slivers were mended."""

    catchments: dict[str, Catchment]
    boundaries: dict[str, BaseGeometry]
    """WGS 84, longitude -180…180."""
    providers: dict[str, Provider]
    sources: tuple[Source, ...]
    report: Report
    faults: list[CoverageFault]
    overlaps_accepted: bool


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields a person named; None where they are to be guessed."""

    name: str | None
    code: str | None
    provider: str | None
    region: str | None


@dataclass(frozen=True)
class _Layer:
    """One layer as it was read: its name, CRS, and for each feature a geometry and its values."""

    name: str
    crs: str | None
    geometries: Sequence[BaseGeometry | None]
    values: Sequence[Mapping[str, str]]


@dataclass
class _Area:
    """What will be one catchment; its parts may come from several features of one layer."""

    name: str
    code: str
    region: str
    provider: Provider | None
    where: str
    parts: list[BaseGeometry] = field(default_factory=list)


def read_boundaries(  # noqa: PLR0913 - each is an option of the command that imports
    paths: Sequence[Path],
    *,
    authority: str,
    licence: str,
    release: str,
    name_field: str | None = None,
    code_field: str | None = None,
    provider_field: str | None = None,
    region_field: str | None = None,
    layer: str | None = None,
    source_crs: str | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
    accept_overlaps: bool = False,
    accept_gaps: bool = False,
    progress: Progress = no_progress,
) -> BoundaryReading:
    """Return the catchments of boundary files: WGS 84, longitude -180…180, flat, valid, checked.

    Slivers up to `sliver_width_m` metres wide are mended. Raises FileRefused, in one sentence, for
    a file that cannot be taken, and for wider overlaps or gaps unless they are accepted.
    """
    report = Report()
    fields = _Fields(name_field, code_field, provider_field, region_field)
    areas: list[_Area] = []
    sources: list[Source] = []
    for number, path in enumerate(paths):
        progress("reading boundaries", number, len(paths))
        layers = _chosen(_read_layers(path), layer, path)
        areas += _areas(layers, path, fields, source_crs, report)
        sources.append(_source(path, authority, licence, release))
    progress("reading boundaries", len(paths), len(paths))
    catchments, boundaries = _coded(areas, report)
    providers = _providers(areas, report)
    progress("checking coverage", 0, 1)
    names = {code: catchment.name for code, catchment in catchments.items()}
    faults = find_faults(boundaries, sliver_width_m=sliver_width_m)
    _refuse_wide(faults, "overlap", names, accepted=accept_overlaps)
    _refuse_wide(faults, "gap", names, accepted=accept_gaps)
    boundaries = _mended(boundaries, faults, sliver_width_m)
    _report_faults(faults, names, report)
    progress("checking coverage", 1, 1)
    overlaps = any(fault.kind == "overlap" and not fault.sliver for fault in faults)
    return BoundaryReading(
        catchments, boundaries, providers, tuple(sources), report, faults, overlaps
    )


def _source(path: Path, authority: str, licence: str, release: str) -> Source:
    return Source(
        kind=SourceKind.BOUNDARIES,
        title=path.stem,
        authority=authority,
        licence=licence,
        release=release,
        sha256=sha256_of(path),
        file_name=path.name,
    )


# --- coverage -------------------------------------------------------------------------------------


def _refuse_wide(
    faults: Iterable[CoverageFault], kind: str, names: Mapping[str, str], *, accepted: bool
) -> None:
    wide = [fault for fault in faults if fault.kind == kind and not fault.sliver]
    if not wide or accepted:
        return
    more = f" There are {len(wide) - 1} more." if len(wide) > 1 else ""
    raise FileRefused(
        f"The boundaries do not tile: {wide[0].sentence(names)}{more}",
        next_step=f"Correct the file, or accept every {kind} with --accept-{kind}s.",
        rows=[fault.sentence(names) for fault in wide],
    )


def _mended(
    boundaries: dict[str, BaseGeometry], faults: Sequence[CoverageFault], width_m: float
) -> dict[str, BaseGeometry]:
    slivers = any(fault.sliver for fault in faults)
    if slivers or (not faults and not is_coverage(boundaries)):
        return clean(boundaries, sliver_width_m=width_m)
    return boundaries


def _report_faults(
    faults: Iterable[CoverageFault], names: Mapping[str, str], report: Report
) -> None:
    for fault in faults:
        report.count(f"{'sliver' if fault.sliver else 'wide'} {fault.kind}s", fault.parts)
        where = " and ".join(names.get(code, code) for code in fault.codes)
        report.problem(where, fault.sentence(names), "mended" if fault.sliver else "accepted")


# --- features to catchments -----------------------------------------------------------------------


def _chosen(layers: Sequence[_Layer], wanted: str | None, path: Path) -> list[_Layer]:
    if wanted is None:
        return list(layers)
    chosen = [layer for layer in layers if wanted in {layer.name, _bare(layer.name)}]
    if not chosen:
        raise FileRefused(
            f"{shown(path.name)} has no layer {shown(wanted)}.",
            allowed=f"Its layers are: {', '.join(shown(layer.name) for layer in layers)}.",
        )
    return chosen


def _bare(layer_name: str) -> str:
    """Return a folder's name as its author wrote it: GDAL numbers a second one of that name."""
    return _REPEATED_LAYER.sub("", layer_name)


def _areas(
    layers: Sequence[_Layer], path: Path, fields: _Fields, crs: str | None, report: Report
) -> list[_Area]:
    _check_named_fields(layers, path, fields)
    areas: list[_Area] = []
    for layer in layers:
        found = _layer_areas(layer, path, fields, crs, report)
        areas += found
        report.count("layers with catchments" if found else "layers without polygons")
    if not areas:
        raise FileRefused(
            f"{shown(path.name)} holds no polygons, only"
            f" {sum(len(layer.geometries) for layer in layers)} other features.",
            next_step="Export the map or layer that has the catchments' areas.",
        )
    return areas


def _check_named_fields(layers: Sequence[_Layer], path: Path, fields: _Fields) -> None:
    known = sorted({name for layer in layers for values in layer.values for name in values})
    for wanted in (fields.name, fields.code, fields.provider, fields.region):
        if wanted is not None and not any(_matches(name, wanted) for name in known):
            raise FileRefused(
                f"{shown(path.name)} has no field {shown(wanted)}.",
                allowed=f"Its fields are: {', '.join(known) or 'none'}.",
            )


def _layer_areas(
    layer: _Layer, path: Path, fields: _Fields, crs: str | None, report: Report
) -> list[_Area]:
    areas: dict[str, _Area] = {}
    for number, (geometry, values) in enumerate(
        zip(layer.geometries, layer.values, strict=True), start=1
    ):
        where = f"{path.name}, layer {shown(layer.name)}, feature {number}"
        boundary = _boundary(geometry, layer.crs if crs is None else crs, path, where, report)
        if boundary is None:
            continue
        area = _area(values, layer.name, fields, where)
        kept = areas.setdefault(area.code or folded(area.name) or area.name, area)
        if kept is not area:
            _check_same(kept, area)
            report.problem(where, f"{shown(area.name)} is there already", "merged into one")
        kept.parts.append(boundary)
    return list(areas.values())


def _check_same(kept: _Area, area: _Area) -> None:
    if folded(kept.name) != folded(area.name):
        raise FileRefused(
            f"The code {shown(area.code)} stands for both {shown(kept.name)} and"
            f" {shown(area.name)} ({area.where}).",
            next_step="Give each catchment a code of its own, or name another --code-field.",
        )


def _area(values: Mapping[str, str], layer_name: str, fields: _Fields, where: str) -> _Area:
    name = _value(values, fields.name, _NAME_FIELDS)
    if not name:
        raise FileRefused(
            f"A polygon has no name: {where}.",
            next_step="Name it, or say with --name-field which field has the catchments' names.",
        )
    said = _value(values, fields.region, _REGION_FIELDS)
    return _Area(
        name=name,
        code=_value(values, fields.code, _CODE_FIELDS),
        region=education_region(said) or education_region(_bare(layer_name)) or "",
        provider=_provider(values, fields.provider),
        where=where,
    )


def _provider(values: Mapping[str, str], named_field: str | None) -> Provider | None:
    lines = _labelled_lines(_value(values, None, _DESCRIPTION_FIELDS))
    name = _value(values, named_field, _PROVIDER_FIELDS)
    if not name and named_field is None:
        name = _value(lines, None, _PROVIDER_FIELDS)
    if not name:
        return None
    both = {**lines, **{key: value for key, value in values.items() if value}}
    return Provider(
        code="P-" + (_slug(name) or "PROVIDER"),
        name=name,
        phone=_value(both, None, _PHONE_FIELDS),
        email=_value(both, None, _EMAIL_FIELDS),
        website=_web_address(_value(both, None, _WEBSITE_FIELDS)),
    )


def _web_address(text: str) -> str:
    """Return a web address that is safe to link to, or nothing."""
    if text.casefold().startswith(("http://", "https://")):
        return text
    return f"https://{text}" if text.casefold().startswith("www.") else ""


def _value(values: Mapping[str, str], named: str | None, guesses: Sequence[str]) -> str:
    for wanted in (named,) if named is not None else guesses:
        for name, value in values.items():
            if value and _matches(name, wanted):
                return value
    return ""


def _matches(name: str, wanted: str) -> bool:
    """Whether a field as read is the one meant: GDAL mangles some names and cuts others short."""
    mangled = "".join(
        c if c.isascii() and c.isalnum() else "_" * len(c.encode()) for c in wanted.casefold()
    )
    return (
        folded(name) == folded(wanted)
        or name.casefold() == mangled
        or (len(name) == _SHAPEFILE_FIELD_LENGTH and mangled.startswith(name.casefold()))
    )


def _coded(
    areas: Sequence[_Area], report: Report
) -> tuple[dict[str, Catchment], dict[str, BaseGeometry]]:
    catchments: dict[str, Catchment] = {}
    boundaries: dict[str, BaseGeometry] = {}
    given = {area.code for area in areas if area.code}
    for area in areas:
        code = area.code or _unused(_slug(area.name) or "CATCHMENT", given | set(catchments))
        if code in catchments:
            raise FileRefused(
                f"The code {shown(code)} is given to {shown(catchments[code].name)} and again to"
                f" {shown(area.name)} ({area.where}).",
                next_step="Give each catchment a code of its own.",
            )
        provider = area.provider.code if area.provider else None
        catchments[code] = Catchment(code, area.name, area.region, provider)
        boundaries[code] = _joined(area.parts)
        report.count("catchments")
        _report_lacks(area, report)
    _report_namesakes(catchments, report)
    return catchments, boundaries


def _report_lacks(area: _Area, report: Report) -> None:
    if area.provider is None:
        report.count("catchments without a provider")
    if not area.region:
        report.count("catchments without an education region")


def _report_namesakes(catchments: Mapping[str, Catchment], report: Report) -> None:
    first: dict[str, str] = {}
    for code, catchment in catchments.items():
        earlier = first.setdefault(folded(catchment.name), code)
        if earlier != code:
            report.problem(
                catchment.name, f"has the same name as {earlier}", f"kept apart, as {code}"
            )


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _slug(text: str) -> str:
    return folded(text).replace(" ", "-").upper()


def _unused(code: str, taken: set[str]) -> str:
    if code not in taken:
        return code
    return next(f"{code}-{n}" for n in range(2, len(taken) + 3) if f"{code}-{n}" not in taken)


def _providers(areas: Iterable[_Area], report: Report) -> dict[str, Provider]:
    providers: dict[str, Provider] = {}
    for area in areas:
        if area.provider is None:
            continue
        kept = providers.setdefault(area.provider.code, area.provider)
        if kept != area.provider:
            report.problem(area.where, f"{shown(kept.name)} is described differently", "kept first")
    report.count("providers", len(providers))
    return providers


# --- geometry -------------------------------------------------------------------------------------


def _boundary(
    geometry: BaseGeometry | None, crs: str | None, path: Path, where: str, report: Report
) -> BaseGeometry | None:
    """Return the polygons of a feature in WGS 84, longitude -180…180; None, counted, if none."""
    if geometry is None or geometry.is_empty:
        report.count("features without geometry")
        return None
    kind = _other_than_area(geometry)
    if kind:
        report.count(kind)
        return None
    flat = _in_wgs84(shapely.force_2d(geometry), crs, path)
    _check_in_new_zealand(flat, where)
    valid = make_valid_2d(_unwrapped(flat))
    if valid is None:
        report.problem(where, "has no area", "left out")
        return None
    if not shapely.is_valid(flat):
        reason = shapely.is_valid_reason(flat).split("[")[0].strip()
        report.count("boundaries made valid")
        report.problem(where, f"is not valid ({reason})", "made valid")
    return geometry_to_180(valid)


def _other_than_area(geometry: BaseGeometry) -> str:
    kinds = {part.geom_type for part in shapely.get_parts(shapely.get_parts(geometry))}
    if "Polygon" in kinds:
        return ""
    return "points set aside" if kinds <= {"Point"} else "lines and others set aside"


def _in_wgs84(geometry: BaseGeometry, crs: str | None, path: Path) -> BaseGeometry:
    if crs is None:
        raise FileRefused(
            f"{shown(path.name)} does not say which coordinate reference system it is in.",
            next_step="Say it with --crs, for example --crs EPSG:2193 for NZTM2000.",
        )
    try:
        project = _projection(crs)
        return geometry if project is None else shapely.transform(geometry, project)
    except ProjError as error:
        raise FileRefused(f"{shown(path.name)} cannot be projected from {shown(crs)}.") from error


def _projection(crs: str) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] | None:
    try:
        known = CRS.from_user_input(crs)
    except CRSError as error:
        raise FileRefused(
            f"{shown(crs)} is no coordinate reference system that PROJ knows.",
            next_step="Give one as --crs EPSG:2193.",
        ) from error
    if known.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return None
    project = transformer(crs, WGS84)
    return lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1]))


def _check_in_new_zealand(geometry: BaseGeometry, where: str) -> None:
    xy = shapely.get_coordinates(geometry)
    lng, lat = xy.T
    lng_360 = np.where(lng < 0, lng + 360, lng)
    corners = [(lng_360.min(), lat.min()), (lng_360.max(), lat.max())]
    if all(in_new_zealand(lng=float(x), lat=float(y)) for x, y in corners):
        return
    x, y = next(
        (x, y) for x, y in xy.tolist() if not (math.isfinite(x) and in_new_zealand(lng=x, lat=y))
    )
    swapped = look_swapped(lng=x, lat=y)
    raise FileRefused(
        f"A boundary lies outside New Zealand, at lng {x:g}, lat {y:g}"
        f"{': its axes look swapped' if swapped else ''} ({where}).",
        next_step=(
            "Export it with longitude first."
            if swapped
            else "Check the file, or say with --crs which coordinate reference system it is in."
        ),
    )


def _unwrapped(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry whose rings run on past 180° where they jumped to -180°."""
    rings = shapely.get_rings(shapely.get_parts(geometry))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    jumps = (np.abs(np.diff(xy[:, 0])) > 180) & (np.diff(ring) == 0)
    if not jumps.any():
        return geometry
    return shapely.transform(
        geometry, lambda c: np.column_stack([[to_360(x) for x in c[:, 0]], c[:, 1]])
    )


# --- descriptions ---------------------------------------------------------------------------------


class _Text(HTMLParser):
    """Collects a description's text: a line a block, and each link after its text."""

    _BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "table", "ul"})
    _SILENT = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._silent = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BREAKS:
            self.text.append("\n")
        self._silent += tag in self._SILENT
        self._link = (dict(attrs).get("href") or "") if tag == "a" else self._link

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link:
            if not self._link.startswith("mailto:"):
                self.text.append(f": {self._link}\n")
            self._link = ""
        self._silent = max(0, self._silent - (tag in self._SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _labelled_lines(html: str) -> dict[str, str]:
    """Return what a description says as “Label: value”, its first value for each label."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    found: dict[str, str] = {}
    for line in "".join(parser.text).splitlines():
        label, colon, value = line.partition(":")
        if colon and value.strip():
            found.setdefault(label.strip(), _tidy(_without_repeated_link(value)))
    return found


def _without_repeated_link(value: str) -> str:
    """Return “Website: x.nz: https://x.nz” as its link: a link's text comes before its address."""
    text, _, link = value.rpartition(": ")
    return link if text and link.startswith(("http://", "https://")) else value


def _tidy(value: object) -> str:
    """Return a value as text on one line; nothing for a null, and 7 for 7.0."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(text.split())


def _tidy_value(name: str, value: object) -> str:
    """Return a value as text; a description keeps its lines, which mean something."""
    if isinstance(value, str) and folded(name) in _DESCRIPTION_FIELDS:
        return value
    return _tidy(value)


# --- files ----------------------------------------------------------------------------------------


def _read_layers(path: Path) -> list[_Layer]:
    _check_is_file(path)
    reader = _READERS.get(path.suffix.casefold())
    if reader is None:
        hint = "Zip the .shp with its .shx, .dbf and .prj. " if _is_shapefile_part(path) else ""
        raise FileRefused(
            f"{shown(path.name)} is in no format that is read here.",
            allowed=_ALLOWED,
            next_step=hint.strip(),
        )
    return reader(path)


def _is_shapefile_part(path: Path) -> bool:
    return path.suffix.casefold() in _SHAPEFILE_PARTS


def _check_is_file(path: Path) -> None:
    try:
        bytes_ = path.stat().st_size
    except (OSError, ValueError) as error:
        raise FileRefused(
            f"There is no file {shown(path)}.", next_step="Check its name and folder."
        ) from error
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "something"
        raise FileRefused(f"{shown(path)} is {kind}, not a file.", allowed=_ALLOWED)
    if bytes_ > MAX_FILE_BYTES:
        raise FileRefused(
            f"{shown(path.name)} is {bytes_ / 1e6:,.0f} MB.",
            allowed=f"A boundary file may have {MAX_FILE_BYTES / 1e6:,.0f} MB.",
            next_step="Simplify its boundaries, or split it and import the parts together.",
        )
    _check_is_no_web_page(path)


def _check_is_no_web_page(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError as error:
        raise FileRefused(f"{shown(path.name)} cannot be opened: {error.strerror}.") from error
    if head.startswith((b"<!doctype html", b"<html")):
        raise FileRefused(
            f"{shown(path.name)} is a web page, not a boundary file.",
            next_step="Download it again; sign in first if the site asks for it.",
        )


def _not_what_it_says(path: Path, kind: str, error: object = "") -> FileRefused:
    detail = f": {shown(error)}" if str(error) else ""
    return FileRefused(
        f"{shown(path.name)} is not {kind}, or it is damaged{detail}.",
        allowed=_ALLOWED,
        next_step="Export or download it again.",
    )


def _read_kml(path: Path) -> list[_Layer]:
    return _read_plain_kml(path, path)


def _read_plain_kml(file: Path, path: Path) -> list[_Layer]:
    """Return the layers of a KML file; `path` is the file a person gave, for messages."""
    contents = _kml_contents(file, path)
    if contents.links and not contents.placemarks:
        raise FileRefused(
            f"{shown(path.name)} holds only a link to a map, not the map.",
            next_step="Export it again and untick “Keep data up to date with network link”.",
        )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copyfile(file, Path(folder) / "source.kml"))
        return _read_with_gdal(copy, path, "KML")


@dataclass
class _KmlContents:
    links: int = 0
    placemarks: int = 0


class _Unsafe(Exception):
    """XML that declares a document type; its entities could grow without end or read files."""


def _kml_contents(kml: Path, path: Path) -> _KmlContents:
    """Return what a KML file holds, when it is well-formed and plain; read before GDAL sees it."""
    contents = _KmlContents()
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, _attributes: object) -> None:
        nonlocal depth
        local = name.rpartition(":")[2]
        if depth == 0 and local != "kml":
            raise _not_what_it_says(path, "KML", f"it begins with <{local}>")
        depth += 1
        contents.links += local == "NetworkLink"
        contents.placemarks += local == "Placemark"

    def doctype(*_: object) -> None:
        raise _Unsafe

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        with kml.open("rb") as file:
            parser.ParseFile(file)
    except _Unsafe as error:
        raise FileRefused(
            f"{shown(path.name)} declares a document type or entities, which KML has no use for.",
            next_step="Export it again; do not use this file.",
        ) from error
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _not_what_it_says(path, "KML", error) from error
    return contents


def _read_geopackage(path: Path) -> list[_Layer]:
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\0") or head[68:72] not in _GEOPACKAGE_IDS:
        raise _not_what_it_says(path, "a GeoPackage")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copyfile(path, Path(folder) / "source.gpkg"))
        _check_is_plain_database(copy, path)
        return _read_with_gdal(copy, path, "a GeoPackage")


def _check_is_plain_database(copy: Path, path: Path) -> None:
    """Refuse virtual tables but those of indexes: GDAL has one that opens any file or address."""
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as database:
            found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            statements = [str(sql) for (sql,) in found]
    except (sqlite3.Error, ValueError) as error:  # ValueError: text that is not UTF-8
        raise _not_what_it_says(path, "a GeoPackage", error) from error
    if any(_VIRTUAL.search(sql) and not _INDEX.search(sql) for sql in statements):
        raise FileRefused(
            f"{shown(path.name)} has virtual tables, which could read other files.",
            next_step="Export it again as a plain GeoPackage.",
        )


def _read_with_gdal(copy: Path, path: Path, kind: str) -> list[_Layer]:
    """Return every layer of a checked copy, whose name is ours; `path` is for messages."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what the report says in our words
            names = [str(name) for name, _ in pyogrio.list_layers(copy)]
            layers = [_gdal_layer(copy, name, path) for name in names]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _not_what_it_says(path, kind, error) from error
    except (RuntimeError, ValueError, UnicodeError, shapely.errors.GEOSException) as error:
        raise _not_what_it_says(path, kind, error) from error
    except UnboundLocalError as error:  # pyogrio 0.13, for a .prj that is not UTF-8
        raise _not_what_it_says(path, kind, "its CRS cannot be read") from error
    return [layer for layer in layers if layer is not None]


def _gdal_layer(copy: Path, name: str, path: Path) -> _Layer | None:
    driver = pyogrio.read_info(copy, layer=name)["driver"]
    if driver != _DRIVERS[copy.suffix]:
        raise _not_what_it_says(path, f"{copy.suffix[1:]}", f"GDAL takes it for {driver}")
    meta, _, wkb, columns = pyogrio.raw.read(copy, layer=name, datetime_as_string=True)
    if wkb is None:
        return None
    geometries = shapely.from_wkb(wkb, on_invalid="fix")
    for number, (given, made) in enumerate(zip(wkb, geometries, strict=True), start=1):
        if given is not None and made is None:
            at = f"layer {name}, feature {number} has a shape that cannot be read"
            raise _not_what_it_says(path, "whole", at)
    fields = [str(field_name) for field_name in meta["fields"]]
    rows = zip(*(column.tolist() for column in columns), strict=True) if columns else ()
    values = [_row(fields, row) for row in rows] or [{} for _ in geometries]
    return _Layer(path.stem if name == "source" else name, meta["crs"], list(geometries), values)


def _row(fields: Sequence[str], row: Iterable[object]) -> dict[str, str]:
    return {name: _tidy_value(name, value) for name, value in zip(fields, row, strict=True)}


# --- GeoJSON and CSV ------------------------------------------------------------------------------


def _read_geojson(path: Path) -> list[_Layer]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not_what_it_says(path, "GeoJSON", error) from error
    if not isinstance(content, dict) or content.get("type") not in _GEOJSON_TYPES:
        raise _not_what_it_says(path, "GeoJSON", "it is no FeatureCollection")
    features = content.get("features") if content["type"] == "FeatureCollection" else [content]
    if not isinstance(features, list):
        raise _not_what_it_says(path, "GeoJSON", "it has no features")
    read = [_geojson_feature(feature, path, at) for at, feature in enumerate(features, start=1)]
    name = content.get("name")
    return [
        _Layer(
            name if isinstance(name, str) else path.stem,
            _geojson_crs(content),
            [geometry for geometry, _ in read],
            [values for _, values in read],
        )
    ]


def _geojson_crs(content: Mapping[str, Any]) -> str:
    """Return the CRS an old GeoJSON names; RFC 7946 has WGS 84 only."""
    try:
        return str(content["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return WGS84


def _geojson_feature(
    feature: Any, path: Path, number: int
) -> tuple[BaseGeometry | None, dict[str, str]]:
    try:
        geometry = feature.get("geometry")
        properties = feature.get("properties") or {}
        with np.errstate(invalid="ignore"):
            made = shapely.from_geojson(json.dumps(geometry)) if geometry else None
        return made, {str(name): _tidy_value(str(name), v) for name, v in properties.items()}
    except (AttributeError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        raise _not_what_it_says(path, "GeoJSON", f"feature {number}: {error}") from error


def _read_csv(path: Path) -> list[_Layer]:
    previous = csv.field_size_limit(_CSV_FIELD_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restkey="", strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise _not_what_it_says(path, "CSV", error) from error
    finally:
        csv.field_size_limit(previous)
    column = next((name for name in (rows[0] if rows else {}) if folded(name) == "wkt"), None)
    if column is None:
        raise FileRefused(f"{shown(path.name)} has no rows with a WKT column.", allowed=_ALLOWED)
    geometries = [_from_wkt(row[column], path, at) for at, row in enumerate(rows, start=1)]
    values = [
        {name: _tidy_value(name, value) for name, value in row.items() if name and name != column}
        for row in rows
    ]
    return [_Layer(path.stem, WGS84, geometries, values)]


def _from_wkt(text: str | None, path: Path, number: int) -> BaseGeometry | None:
    if not text:
        return None
    try:
        with np.errstate(invalid="ignore"):
            geometry = shapely.from_wkt(text, on_invalid="fix")
    except (ValueError, shapely.errors.GEOSException) as error:
        raise _not_what_it_says(path, "CSV with WKT", f"row {number}: {error}") from error
    if geometry is None:
        raise _not_what_it_says(path, "CSV with WKT", f"row {number}: {text}")
    return geometry


# --- archives -------------------------------------------------------------------------------------


def _read_kmz(path: Path) -> list[_Layer]:
    with tempfile.TemporaryDirectory() as folder:
        names = _unpacked(path, Path(folder), lambda member: member.suffix.casefold() == ".kml")
        if not names:
            raise FileRefused(f"{shown(path.name)} has no KML in it.", next_step="Export it again.")
        return [layer for kml in names for layer in _read_plain_kml(kml, path)]


def _read_zip(path: Path) -> list[_Layer]:
    with tempfile.TemporaryDirectory() as folder:
        files = _unpacked(path, Path(folder), _is_part)
        shapefiles = [file for file in files if file.suffix == ".shp"]
        if not shapefiles:
            raise FileRefused(
                f"{shown(path.name)} has no Shapefile in it.",
                allowed="A zip must have a .shp with its .shx, .dbf and .prj.",
            )
        return [layer for file in shapefiles for layer in _read_shapefile(file, path)]


def _is_part(member: PurePosixPath) -> bool:
    return member.suffix.casefold() in _SHAPEFILE_PARTS


def _read_shapefile(file: Path, path: Path) -> list[_Layer]:
    with file.open("rb") as opened:
        magic = opened.read(4)
    missing = [part for part in (".shx", ".dbf") if not file.with_suffix(part).exists()]
    if missing or magic != b"\x00\x00\x27\x0a":
        lacks = f"its {' and '.join(missing)} is missing" if missing else ""
        raise _not_what_it_says(path, "a whole Shapefile", lacks)
    return _read_with_gdal(file, path, "a zipped Shapefile")


def _unpacked(path: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> list[Path]:
    """Unpack the wanted members under plain names in `folder`, each directory as one of its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_archive(members, path)
            chosen = [
                member
                for member in members
                if not member.is_dir() and wanted(PurePosixPath(member.filename))
            ]
            return [_unpack(archive, member, folder) for member in chosen]
    except NotImplementedError as error:
        raise _not_what_it_says(path, "an archive that can be unpacked here", error) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise FileRefused(
            f"{shown(path.name)} is not a whole zip archive: it is truncated or damaged.",
            next_step="Download or export it again.",
        ) from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    inside = PurePosixPath(member.filename)
    whole = re.sub(r"[^0-9A-Za-z]+", "_", str(inside.parent))[:100]
    target = (
        folder / whole / (re.sub(r"[^\w ()#-]+", "_", inside.stem)[:60] + inside.suffix.lower())
    )
    target.parent.mkdir(exist_ok=True)
    with archive.open(member) as packed, target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)  # zipfile stops at the size that was checked
    return target


def _check_archive(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    name = shown(path.name)
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRefused(
            f"{name} is protected by a password.", next_step="Pack it again without one."
        )
    for member in members:
        _check_member(member, name)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    bursting = unpacked > RATIO_COUNTS_FROM_BYTES and unpacked / packed > MAX_UNPACKED_RATIO
    if bursting or unpacked > MAX_UNPACKED_BYTES or len(members) > MAX_ARCHIVE_MEMBERS:
        raise FileRefused(
            f"{name} would unpack to {unpacked / 1e6:,.0f} MB in {len(members):,} files.",
            allowed=(
                f"It may unpack to {MAX_UNPACKED_BYTES / 1e6:,.0f} MB, {MAX_UNPACKED_RATIO} times"
                f" its own size and {MAX_ARCHIVE_MEMBERS:,} files."
            ),
        )


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in member.filename:
        raise FileRefused(
            f"{name} has a file whose path leads out of the archive: {shown(member.filename)}.",
            next_step="Do not use this file.",
        )
    if inside.suffix.casefold() in _ARCHIVES:
        raise FileRefused(
            f"{name} has an archive inside it: {shown(member.filename)}.",
            next_step="Unpack it once and import what is inside.",
        )


_READERS: Mapping[str, Callable[[Path], list[_Layer]]] = {
    ".kml": _read_kml,
    ".kmz": _read_kmz,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
    ".zip": _read_zip,
    ".csv": _read_csv,
}
