"""Other people's boundary files, each to catchments, boundaries, providers and a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind
from catchments.core.text_folding import education_region, folded
from catchments.geometry.tiling.coverage import (
    SLIVER_WIDTH_M,
    CoverageFault,
    find_faults,
    is_coverage,
)
from catchments.geometry.tiling.mending import clean
from catchments.readers.codes import GIVEN_AT_MOST, code_of
from catchments.readers.formats.feature_fields import (
    CODE_FIELDS,
    NAME_FIELDS,
    REGION_FIELDS,
    FieldNames,
    matches,
    provider_of,
    value_of,
)
from catchments.readers.formats.feature_polygons import boundary_of
from catchments.readers.formats.vector_files import Layer, read_layers
from catchments.readers.report import Progress, Report, no_progress, sha256_of

NOTHING_KNOWN = Edition()
_REPEATED_LAYER = re.compile(r" \(#\d+\)$")


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
    known: Edition = NOTHING_KNOWN,
    sliver_width_m: float = SLIVER_WIDTH_M,
    accept_overlaps: bool = False,
    accept_gaps: bool = False,
    progress: Progress = no_progress,
) -> BoundaryReading:
    """Return the catchments of boundary files: WGS 84, longitude -180…180, flat, valid, checked.

    What a file says is understood by what is known already, the edition that it is read for.
    Slivers up to `sliver_width_m` metres wide are mended. Raises FileRefused, in one sentence, for
    a file that cannot be taken, and for wider overlaps or gaps unless they are accepted.
    """
    report = Report()
    fields = FieldNames(name_field, code_field, provider_field, region_field)
    areas: list[_Area] = []
    sources: list[Source] = []
    for number, path in enumerate(paths):
        progress("reading boundaries", number, len(paths))
        areas += _areas(_chosen(read_layers(path), layer, path), path, fields, source_crs, report)
        sources.append(_source(path, authority, licence, release))
    progress("reading boundaries", len(paths), len(paths))
    catchments, boundaries = _coded(areas, report)
    providers = _providers(areas, report)
    progress("checking coverage", 0, 1)
    names = {code: catchment.name for code, catchment in catchments.items()}
    accepted = {"overlap": accept_overlaps, "gap": accept_gaps}
    boundaries, faults = _tiled(boundaries, names, accepted, sliver_width_m, report)
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


def _tiled(
    boundaries: dict[str, BaseGeometry],
    names: Mapping[str, str],
    accepted: Mapping[str, bool],
    width_m: float,
    report: Report,
) -> tuple[dict[str, BaseGeometry], list[CoverageFault]]:
    """Return the boundaries without slivers, and the faults there were; the report has them."""
    faults = find_faults(boundaries, sliver_width_m=width_m)
    for kind, accept in accepted.items():
        _refuse_wide(faults, kind, names, accepted=accept)
    mended = _mended(boundaries, faults, width_m)
    _report_faults(faults, names, report)
    return mended, faults


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


def _chosen(layers: Sequence[Layer], wanted: str | None, path: Path) -> list[Layer]:
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
    layers: Sequence[Layer], path: Path, fields: FieldNames, crs: str | None, report: Report
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


def _check_named_fields(layers: Sequence[Layer], path: Path, fields: FieldNames) -> None:
    known = sorted({name for layer in layers for values in layer.values for name in values})
    for wanted in (fields.name, fields.code, fields.provider, fields.region):
        if wanted is not None and not any(matches(name, wanted) for name in known):
            raise FileRefused(
                f"{shown(path.name)} has no field {shown(wanted)}.",
                allowed=f"Its fields are: {', '.join(known) or 'none'}.",
            )


def _layer_areas(
    layer: Layer, path: Path, fields: FieldNames, crs: str | None, report: Report
) -> list[_Area]:
    areas: dict[str, _Area] = {}
    for number, (geometry, values) in enumerate(
        zip(layer.geometries, layer.values, strict=True), start=1
    ):
        where = f"{path.name}, layer {shown(layer.name)}, feature {number}"
        boundary = boundary_of(geometry, layer.crs if crs is None else crs, path, where, report)
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


def _area(values: Mapping[str, str], layer_name: str, fields: FieldNames, where: str) -> _Area:
    name = value_of(values, fields.name, NAME_FIELDS)
    if not name:
        raise FileRefused(
            f"A polygon has no name: {where}.",
            next_step="Name it, or say with --name-field which field has the catchments' names.",
        )
    said = value_of(values, fields.region, REGION_FIELDS)
    return _Area(
        name=name,
        code=value_of(values, fields.code, CODE_FIELDS),
        region=education_region(said) or education_region(_bare(layer_name)) or "",
        provider=provider_of(values, fields.provider),
        where=where,
    )


def _coded(
    areas: Sequence[_Area], report: Report
) -> tuple[dict[str, Catchment], dict[str, BaseGeometry]]:
    catchments: dict[str, Catchment] = {}
    boundaries: dict[str, BaseGeometry] = {}
    given = {area.code for area in areas if area.code}
    for area in areas:
        code = area.code or _unused(code_of(area.name), given | set(catchments))
        _refuse_long(code)
        if code in catchments:
            raise FileRefused(
                f"The code {shown(code)} is given to {shown(catchments[code].name)} and again to"
                f" {shown(area.name)} ({area.where}).",
                next_step="Give each catchment a code of its own.",
            )
        provider = area.provider.code if area.provider else None
        catchments[code] = Catchment(code, area.name, area.region, provider)
        boundaries[code] = area.parts[0] if len(area.parts) == 1 else shapely.union_all(area.parts)
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


def _refuse_long(code: str) -> None:
    if len(code) > GIVEN_AT_MOST:
        raise FileRefused(
            f"The code {shown(code)} has {len(code)} characters.",
            allowed=f"A catchment's code may have {GIVEN_AT_MOST}.",
            next_step="Shorten it, or name another column with --code-field.",
        )


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
