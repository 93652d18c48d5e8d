"""Tiling of the boundaries that were read, held against those that were known before.

What was accepted of an edition before is not asked about again where nothing of it changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from catchments.core.model import Edition
from catchments.geometry.tiling.coverage import CoverageFault, find_faults, is_coverage
from catchments.geometry.tiling.mending import clean
from catchments.geometry.tiling.precision import restored
from catchments.readers.boundaries.coverage_refused import CoverageRefused
from catchments.readers.report import Report

Boundaries = Mapping[str, BaseGeometry]
_AS_BEFORE = "as before"


@dataclass(frozen=True)
class Tiling:
    """Boundaries without slivers, and what was accepted of them."""

    boundaries: dict[str, BaseGeometry]
    overlaps_accepted: bool
    gaps_accepted: bool


def tiled(
    boundaries: dict[str, BaseGeometry],
    names: Mapping[str, str],
    known: Edition,
    *,
    accept_overlaps: bool,
    accept_gaps: bool,
    width_m: float,
    report: Report,
) -> Tiling:
    """Return boundaries without slivers up to `width_m` metres wide; the report has the faults.

    Raises CoverageRefused for wider ones that are not accepted, nor in the known edition already.
    """
    kept = kept_of(boundaries, known.boundaries)
    if kept and kept == boundaries.keys() == known.boundaries.keys():
        return Tiling(boundaries, known.overlaps_accepted, known.gaps_accepted)
    faults = find_faults(boundaries, sliver_width_m=width_m)
    before = _as_before(faults, kept, known.boundaries, width_m)
    new = [fault for fault in faults if fault not in before]
    for kind, accepted in (("overlap", accept_overlaps), ("gap", accept_gaps)):
        _refuse_wide(new, kind, names, boundaries, accepted=accepted)
    mended = _mended(boundaries, new, before, kept, width_m)
    if mended is not boundaries:  # what was only written anew is the known one again
        mended = restored(mended, known.boundaries)
    _report_faults(faults, before, names, report)
    wide = {fault.kind for fault in faults if not fault.sliver}
    return Tiling(
        mended,
        overlaps_accepted="overlap" in wide,
        gaps_accepted=accept_gaps or (known.gaps_accepted and any(f.kind == "gap" for f in before)),
    )


def kept_of(boundaries: Boundaries, known: Boundaries) -> set[str]:
    """Return the codes whose boundary is the known one itself."""
    return {code for code, each in boundaries.items() if known.get(code) is each}


def _as_before(
    faults: Sequence[CoverageFault], kept: set[str], known: Boundaries, width_m: float
) -> list[CoverageFault]:
    """Return the faults between boundaries that did not change, which were there before."""
    old = [fault for fault in faults if kept.issuperset(fault.codes)]
    if not old:
        return []
    there = find_faults(known, sliver_width_m=width_m)
    return [fault for fault in old if any(_is_same(fault, each) for each in there)]


def _is_same(one: CoverageFault, other: CoverageFault) -> bool:
    alike = (one.kind, one.codes, one.sliver) == (other.kind, other.codes, other.sliver)
    return alike and math.isclose(one.area_m2, other.area_m2, rel_tol=1e-6, abs_tol=1e-6)


def _refuse_wide(
    faults: Iterable[CoverageFault],
    kind: str,
    names: Mapping[str, str],
    boundaries: Boundaries,
    *,
    accepted: bool,
) -> None:
    wide = [fault for fault in faults if fault.kind == kind and not fault.sliver]
    if not wide or accepted:
        return
    more = f" There are {len(wide) - 1} more." if len(wide) > 1 else ""
    raise CoverageRefused(
        f"The boundaries do not tile: {wide[0].sentence(names)}{more}",
        next_step=f"Correct the file, or accept every {kind} with --accept-{kind}s.",
        boundaries=boundaries,
        names=names,
        faults=wide,
    )


def _mended(
    boundaries: dict[str, BaseGeometry],
    new: Sequence[CoverageFault],
    before: Sequence[CoverageFault],
    kept: set[str],
    width_m: float,
) -> dict[str, BaseGeometry]:
    """Return boundaries without slivers; a line that was redrawn counts, not the one it left."""
    slivers = any(fault.sliver for fault in new)
    if slivers or (not new and not before and not is_coverage(boundaries)):
        redrawn = boundaries.keys() - kept if kept else set()
        return clean(boundaries, sliver_width_m=width_m, lines_of=redrawn)
    return boundaries


def _report_faults(
    faults: Iterable[CoverageFault],
    before: Sequence[CoverageFault],
    names: Mapping[str, str],
    report: Report,
) -> None:
    for fault in faults:
        report.count(f"{'sliver' if fault.sliver else 'wide'} {fault.kind}s", fault.parts)
        where = " and ".join(names.get(code, code) for code in fault.codes)
        done = "mended" if fault.sliver else "accepted"
        done = _AS_BEFORE if fault in before else done
        report.problem(where, fault.sentence(names), done)
