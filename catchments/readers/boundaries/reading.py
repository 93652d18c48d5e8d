"""Reading boundary files: each to catchments, boundaries, providers, sources and one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind
from catchments.geometry.tiling.coverage import SLIVER_WIDTH_M
from catchments.geometry.tiling.precision import restored
from catchments.readers.boundaries.areas import Area, are_simplified, areas_of, is_made_up
from catchments.readers.boundaries.identity import coded, named
from catchments.readers.boundaries.providers import Providers
from catchments.readers.boundaries.tiling import kept_of, tiled
from catchments.readers.formats.feature_fields import FieldNames, SaidOfProvider
from catchments.readers.formats.vector_files import chosen_layers, read_layers
from catchments.readers.formats.vectors.layers import Declared, Layer, joined
from catchments.readers.report import Progress, Report, no_progress, sha256_of

NOTHING_KNOWN = Edition()
SIMPLIFIED_WIDTH_M = 250.0
"""Lines simplified for drawing leave out bends of some 200 m: so wide may their slivers be."""
SUPPLIED = (SourceKind.BOUNDARIES, SourceKind.PROVIDERS)
"""Of what kinds the sources are that a boundary file of ours can stand for."""
_SOURCES_NAMED = 5


@dataclass(frozen=True)
class BoundaryReading:
    """What came of reading boundary files."""

    catchments: dict[str, Catchment]
    boundaries: dict[str, BaseGeometry]
    """WGS 84, longitude -180…180."""
    providers: dict[str, Provider]
    sources: tuple[Source, ...]
    report: Report
    overlaps_accepted: bool
    gaps_accepted: bool = False
    """Whether gaps were accepted now, or stay that were accepted before."""
    kept: frozenset[str] = frozenset()
    """The codes of catchments whose boundary is the known one."""


def read_boundaries(  # noqa: PLR0913 - each is an option of the command that imports
    paths: Sequence[Path],
    *,
    authority: str,
    licence: str,
    release: str,
    name_field: str | None = None,
    code_field: str | None = None,
    provider_field: str | None = None,
    provider_code_field: str | None = None,
    region_field: str | None = None,
    layer: str | Sequence[str] | None = None,
    source_crs: str | None = None,
    known: Edition = NOTHING_KNOWN,
    sliver_width_m: float = SLIVER_WIDTH_M,
    accept_overlaps: bool = False,
    accept_gaps: bool = False,
    progress: Progress = no_progress,
) -> BoundaryReading:
    """Return the catchments of boundary files: WGS 84, longitude -180…180, flat, valid, checked.

    What a file says is understood by what is known already, the edition that it is read for: what
    it says nothing of stays as it is known, and a boundary that is known but for the file's
    precision is the known one. `layer` has the names of layers, `*` for all of them. Slivers up to
    `sliver_width_m` metres wide are mended. Raises FileRefused, in one sentence, for a file that
    cannot be taken, and for wider overlaps or gaps unless they are accepted.
    """
    report = Report()
    fields = FieldNames(name_field, code_field, provider_field, region_field, provider_code_field)
    wanted = [layer] if isinstance(layer, str) else list(layer or ())
    files = _read_files(_once(paths, report), fields, wanted, source_crs, report, progress)
    areas = [area for file in files for area in file.areas]
    declared = joined(file.declared for file in files)
    by_code = _with_boundary_or_known(coded(areas, known.catchments, report), known, report)
    catchments, providers = _described(by_code, declared, known, report)
    boundaries = _boundaries(by_code, known, report)
    simplified = any(file.declared.simplified for file in files)
    progress("checking coverage", 0, 1)
    checked = tiled(
        boundaries,
        {code: catchment.name for code, catchment in catchments.items()},
        known,
        accept_overlaps=accept_overlaps,
        accept_gaps=accept_gaps,
        width_m=max(sliver_width_m, SIMPLIFIED_WIDTH_M) if simplified else sliver_width_m,
        report=report,
    )
    progress("checking coverage", 1, 1)
    kept = frozenset(kept_of(checked.boundaries, known.boundaries))
    if known.boundaries:
        report.count("boundaries unchanged", len(kept))
        report.count("boundaries changed or new", len(checked.boundaries) - len(kept))
    origin = Source(SourceKind.BOUNDARIES, "", authority, licence, release, "")
    changes = _changes(catchments, providers, kept, known)
    return BoundaryReading(
        catchments,
        checked.boundaries,
        providers,
        _sources(files, origin, changes=changes),
        report,
        checked.overlaps_accepted,
        checked.gaps_accepted,
        kept,
    )


def are_made_up(paths: Sequence[Path]) -> bool:
    """Whether a boundary file says that it is demonstration data; what cannot be read says no."""
    try:
        return any(_says_made_up(read_layers(path, Report())) for path in paths)
    except FileRefused:
        return False


def _says_made_up(layers: Sequence[Layer]) -> bool:
    declared = joined(layer.declared for layer in layers)
    made_up = declared.demonstration or is_made_up(layers)
    return made_up or any(source.demonstration for source in declared.sources)


# --- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    path: Path
    areas: list[Area]
    declared: Declared


def _once(paths: Sequence[Path], report: Report) -> list[Path]:
    """Return the files that differ; the same given twice is read once, and that is said."""
    found: dict[str, Path] = {}
    for path in paths:
        digest = sha256_of(path) if path.is_file() else str(path)
        first = found.setdefault(digest, path)
        if first is not path:
            why = f"it is the same as {shown(first.name)}"
            report.leave_out(f"the file {shown(path.name)}", why)
    return list(found.values())


def _read_files(
    paths: Sequence[Path],
    fields: FieldNames,
    wanted: Sequence[str],
    crs: str | None,
    report: Report,
    progress: Progress,
) -> list[_File]:
    files = []
    for number, path in enumerate(paths):
        progress("reading boundaries", number, len(paths))
        layers = chosen_layers(read_layers(path, report), wanted, path, report)
        areas = areas_of(layers, path, fields, crs, report)
        declared = joined(layer.declared for layer in layers)
        made_up, simplified = _says_made_up(layers), declared.simplified or are_simplified(layers)
        said = replace(declared, demonstration=made_up, simplified=simplified)
        _report_declared(declared, path, report)
        files.append(_File(path, areas, said))
    progress("reading boundaries", len(paths), len(paths))
    return files


def _report_declared(declared: Declared, path: Path, report: Report) -> None:
    """Say whose a file says that it is: anybody can write that into one."""
    supplied = [source for source in declared.sources if source.kind in SUPPLIED]
    told = "; ".join(f"{shown(s.title)} of {shown(s.authority)}" for s in supplied[:_SOURCES_NAMED])
    more = len(supplied) - _SOURCES_NAMED
    if told:
        rest = f"; and {more:,} more" if more > 0 else ""
        report.took(f"{path.name}: its sources, on its word: {told}{rest}")


def _sources(files: Sequence[_File], origin: Source, *, changes: bool) -> tuple[Source, ...]:
    """Return what files declare of where they are from, and the files themselves.

    A file of ours that changes nothing is no source: its content has its sources already. What is
    made up for demonstration stays marked so, whatever else a file says.
    """
    found: list[Source] = []
    for file in files:
        declared = [source for source in file.declared.sources if source.kind in SUPPLIED]
        itself = replace(
            origin,
            title=file.path.stem,
            sha256=sha256_of(file.path),
            file_name=file.path.name,
            demonstration=file.declared.demonstration,
        )
        if file.declared.demonstration and not any(each.demonstration for each in declared):
            declared = [replace(source, demonstration=True) for source in declared]
        found += [*declared, *([itself] if changes or not declared else [])]
    return tuple(dict.fromkeys(found))


# --- catchments -----------------------------------------------------------------------------------


def _with_boundary_or_known(
    areas: Mapping[str, Area], known: Edition, report: Report
) -> dict[str, Area]:
    """Return the areas that are catchments: with a boundary, or known, or of a file of ours."""
    found = {}
    for code, area in areas.items():
        if area.parts or area.declared.is_ours or code in known.catchments:
            found[code] = area
        else:
            what = f"features without geometry in layer {shown(area.layer)}"
            report.leave_out(what, "there is no area in them")
    return found


def _described(
    areas: Mapping[str, Area], declared: Declared, known: Edition, report: Report
) -> tuple[dict[str, Catchment], dict[str, Provider]]:
    names = {provider.code: provider.name for provider in declared.providers}
    providers = Providers(known.providers, names, report)
    catchments: dict[str, Catchment] = {}
    for code, area in areas.items():
        before = known.catchments.get(code, Catchment(code, ""))
        provider = before.provider_code
        if area.provider is not None:
            served = area.provider.names_one
            provider = (
                providers.code_of(area.provider, area.where, before=provider) if served else None
            )
        name = named(code, area, known.catchments, report)
        region = before.education_region if area.region is None else area.region
        catchments[code] = Catchment(code, name, region, provider)
        report.count("catchments")
        if provider is None:
            report.count("catchments without a provider")
        if not region:
            report.count("catchments without an education region")
    for one in declared.providers:
        said = SaidOfProvider(one.code, one.name, one.phone, one.email, one.website)
        providers.describe(one.code, said, "the file's list of providers")
    return catchments, providers.described()


# --- boundaries -----------------------------------------------------------------------------------


def _boundaries(
    areas: Mapping[str, Area], known: Edition, report: Report
) -> dict[str, BaseGeometry]:
    """Return the boundaries of areas by code, the known ones where they are the same."""
    drawn = {code: area for code, area in areas.items() if area.declared.simplified}
    kept = {code: known.boundaries[code] for code in drawn if code in known.boundaries}
    _report_drawn(drawn, kept, report)
    read = {
        code: area.parts[0] if len(area.parts) == 1 else shapely.union_all(area.parts)
        for code, area in areas.items()
        if area.parts and code not in kept
    }
    for code in sorted(areas.keys() & known.boundaries.keys() - read.keys() - kept.keys()):
        what = f"{shown(areas[code].called)} has no geometry, and had a boundary"
        report.problem(areas[code].where, what, "its boundary is taken away")
    found = {**restored(read, known.boundaries), **kept}
    return {code: found[code] for code in areas if code in found}


def _report_drawn(
    drawn: Mapping[str, Area], kept: Mapping[str, BaseGeometry], report: Report
) -> None:
    """Say what becomes of boundaries that are not in a file, only lines drawn after them."""
    for file in dict.fromkeys(area.file for area in drawn.values()):
        codes = [code for code, area in drawn.items() if area.file == file]
        stay = sum(code in kept for code in codes)
        others = sum(code not in kept and bool(drawn[code].parts) for code in codes)
        said = "its lines are simplified for drawing"
        if stay:
            what = f"{said}: {stay} catchments keep their boundary"
            report.problem(file, what, "its lines are not read for those")
        if others:
            what = f"{said}, and {others} catchments have no other boundary"
            report.problem(file, what, "taken as they are drawn")


def _changes(
    catchments: Mapping[str, Catchment],
    providers: Mapping[str, Provider],
    kept: frozenset[str],
    known: Edition,
) -> bool:
    """Whether what was read is not what is known already; nothing known is no answer."""
    if not known.catchments:
        return False
    return (
        catchments != known.catchments
        or kept != known.boundaries.keys()
        or any(known.providers.get(code) != each for code, each in providers.items())
    )
