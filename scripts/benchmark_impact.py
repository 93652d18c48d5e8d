"""A draft's impact after each kind of change, against working everything out anew, in one run.

What its index does: “what does this area touch?”, against a tree made anew and no tree. And what a
worker keeps while staff redraw the largest catchment again and again.
"""

from __future__ import annotations

import gc
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely

from catchments.changes.change import Change
from catchments.changes.comparison import compare
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.core.model import Catchment, DirectoryRelease, Edition, Place, School
from catchments.editions.impact.answering import places_of, touched_codes
from catchments.editions.impact.calculator import ImpactCalculator
from catchments.editions.impact.rates import Rates
from catchments.geometry.changing_index import (
    ChangingIndex,
    IndexedBoundaries,
    boundaries_touching,
)
from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.tiling.coverage import find_faults
from catchments.lookup.snapshot import Snapshot
from catchments.readers.demonstration import read_demonstration
from catchments.store.drafts.records import Draft
from catchments.web.staff.pages.draft_view import DraftState, kept_drafts
from maps.differences import display_differences
from scripts.benchmark_growth import tiled
from scripts.benchmarking import console, described, detailed, options, show

SCHOOLS = 2_540
LISTED = 0.9
"""Of the made-up schools: the others are answered for by geometry."""
MANY_SCHOOLS = 5_000
"""As many as may ever be, in 840 catchments: what changes slowly with their number shows there."""
ON = date(2026, 7, 1)
REDRAWINGS = 80
"""Half an hour of several people: each in a draft of its own."""
T = TypeVar("T")


def main() -> None:
    times: int = options(__doc__, times=5).times
    base, made_s = timed(made_up)
    console.print(
        f"{described(base.edition.boundaries)}, {len(base.release.schools):,} schools; "
        f"made in {made_s:.1f} s"
    )
    bench, rates = ImpactCalculator(), Rates()
    first_s = timed(lambda: bench.impact(base, base.edition, on=ON, rates=rates))[1]
    console.print(f"first look at a base, before any change: {first_s * 1e3:.0f} ms")
    headings = (
        "CPU of", "apply, ms", "impact, ms", "again, ms", "map, ms", "anew, ms", "ratio", "same",
    )  # fmt: skip
    rows = [[name, *measured(each, base, bench, rates, times)] for name, each in cases(base)]
    show("", headings, rows)
    both = [asked(base), asked(Snapshot.of(*tiled(840, schools=MANY_SCHOOLS)))]
    questions = ("What does this area touch? CPU, µs", "84 catchments", "840, smaller")
    show("", questions, [(name, *(f"{each[name]:,.0f}" for each in both)) for name in both[0]])
    rounds = [[f"{n:,}", f"{mb:+,.0f}"] for n, mb in held(base, bench, rates)]
    show("", ("Redrawings of the largest", "memory held, MB"), rounds)


def held(base: Snapshot, bench: ImpactCalculator, rates: Rates) -> Iterator[tuple[int, float]]:
    """Yield how much more a process holds after so many redrawings, each of a draft of its own."""
    _, change = next(each for each in cases(base) if each[0] == "transfer from the largest")
    kept = kept_drafts()
    assert isinstance(change, TransferArea)
    start = resident_mb()
    begun = datetime.now(UTC)
    for number in range(1, REDRAWINGS + 1):
        moved = shapely.transform(change.area, lambda xy, n=number: np.add(xy, [0, n * 1e-5]))
        after = replace(change, area=moved).apply(base.edition)
        draft = Draft(number, "", 1, begun, None)
        kept.keep(number, DraftState(draft, base, after, base.release))
        bench.impact(base, after, on=ON, rates=rates)
        touched = touched_codes(base.edition, after, compare(base.edition, after))
        display_differences(base.edition, after, touched)
        if not number % (REDRAWINGS // 4):
            yield number, resident_mb() - start


def measured(
    change: Change, base: Snapshot, bench: ImpactCalculator, rates: Rates, times: int
) -> list[str]:
    after, apply_s = timed(lambda: change.apply(base.edition))
    taken = []
    for _ in range(times):
        # Boundaries of their own each time, so that nothing is known of them yet.
        fresh = replace(after, boundaries=_copied(base.edition, after))
        taken.append(timed(partial(impact_of, bench, base, fresh, rates))[1])
    found, _ = timed(lambda: bench.impact(base, after, on=ON, rates=rates))
    again_s = timed(lambda: bench.impact(base, after, on=ON, rates=rates))[1]
    touched = [
        c
        for c in {*base.edition.boundaries, *after.boundaries}
        if base.edition.boundaries.get(c) is not after.boundaries.get(c)
    ]
    map_s = timed(lambda: display_differences(base.edition, after, touched))[1]
    (answers, faults), anew_s = timed(lambda: anew(after, base.release, bool(touched)))
    same = answers == bench.answers(base, after) and not (
        {f.codes for f in faults} ^ {c.codes for c in found.blocks if c.kind in {"gap", "overlap"}}
    )
    median_s = float(np.median(taken))
    return [
        *(f"{s * 1e3:,.0f}" for s in (apply_s, median_s, again_s, map_s, anew_s)),
        f"{anew_s / median_s:,.1f} ×",
        "yes" if same else "NO",
    ]


def impact_of(bench: ImpactCalculator, base: Snapshot, after: Edition, rates: Rates) -> Any:
    return bench.impact(base, after, on=ON, rates=rates)


def _copied(before: Edition, after: Edition) -> dict[str, Any]:
    return {
        code: b if before.boundaries.get(code) is b else shapely.from_wkb(b.wkb)
        for code, b in after.boundaries.items()
    }


def anew(after: Edition, release: DirectoryRelease, redrawn: bool) -> tuple[Any, Any]:
    """What publication does: an index, every answer, and every fault if boundaries differ."""
    answers = Snapshot.of(after, release).answers
    return answers, find_faults(after.boundaries) if redrawn else []


def resident_mb() -> float:
    """Return what the process holds now, as Linux tells it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def asked(base: Snapshot) -> dict[str, float]:
    """Return the µs that questions take which redrawing, impact and forms ask of an index."""
    change = next(each for _, each in cases(base) if isinstance(each, TransferArea))
    plain, schools = base.edition.boundaries, base.release.schools
    before, index_of = IndexedBoundaries(plain), ChangingIndex[int, School]
    places = index_of(places_of)
    made = change.apply(replace(base.edition, boundaries=before))
    versions = itertools.cycle([IndexedBoundaries(made.boundaries, before), before])
    area = geometry_to_360(change.area)
    asks = {
        "boundaries, by the index": lambda: boundaries_touching(before, area),
        "boundaries, a tree made anew": lambda: shapely.STRtree(
            [geometry_to_360(boundary) for boundary in plain.values()]
        ).query(area, "intersects"),
        "boundaries, each one": lambda: boundaries_touching(plain, area),
        "a step to the transfer, or back": lambda: before.index.near(next(versions), []),
        "the first load of boundaries": lambda: IndexedBoundaries(plain).index.near(plain, []),
        "schools, by the index": lambda: places.touching(schools, area),
        "schools, a tree made anew": lambda: shapely.STRtree(
            shapely.points([(s.place.lng, s.place.lat) for s in schools.values() if s.place])
        ).query(area, "intersects"),
        "the first load of schools": lambda: index_of(places_of).near(schools, []),
    }
    return {name: cpu_us(ask) for name, ask in asks.items()}


def cpu_us(ask: Callable[[], Any], times: int = 25) -> float:
    """Return the median of the CPU time of a question, asked once before."""
    taken = []
    for _ in range(times + 1):
        start = time.process_time_ns()
        ask()
        taken.append((time.process_time_ns() - start) / 1e3)
    return float(np.median(taken[1:]))


# --- the base and its changes ---------------------------------------------------------------------


def made_up() -> Snapshot:
    """Return the demonstration with very detailed boundaries and as many schools as there are."""
    edition, release = read_demonstration()
    boundaries = detailed(edition.boundaries)
    schools, listings = dict(release.schools), dict(edition.listings)
    rng = np.random.default_rng(84)
    codes = sorted(boundaries)
    number = 100_000
    while len(schools) < SCHOOLS:
        number += 1
        code = codes[int(rng.integers(len(codes)))]
        spot = _spot_in(boundaries[code], rng)
        schools[number] = School(
            number, f"School {number}", place=spot, roll=int(rng.integers(20, 900))
        )
        if rng.random() < LISTED:
            listings[number] = code
    edition = replace(edition, boundaries=boundaries, listings=listings, number=1)
    return Snapshot.of(edition, replace(release, schools=schools, number=1))


def _spot_in(boundary: Any, rng: np.random.Generator) -> Place:
    west, south, east, north = boundary.bounds
    for _ in range(20):
        lng, lat = rng.uniform(west, east), rng.uniform(south, north)
        if shapely.intersects_xy(boundary, lng, lat):
            return Place(float(lng), float(lat))
    point = shapely.point_on_surface(boundary)
    return Place(point.x, point.y)


def cases(base: Snapshot) -> list[tuple[str, Change]]:
    edition = base.edition
    size = {code: shapely.get_num_coordinates(b) for code, b in edition.boundaries.items()}
    by_size = sorted(size, key=lambda code: size[code])
    middle, largest = by_size[len(by_size) // 2], by_size[-1]
    moved = tuple(sorted(edition.listings)[:50])
    providers = list(edition.providers)
    made: list[tuple[str, Change]] = [
        ("assign a provider", AssignProvider((middle,), providers[0])),
        ("move 50 schools", MoveSchools(moved, middle)),
    ]
    for label, code in (("a usual one", middle), ("the largest", largest)):
        other = _neighbour(edition, code)
        made += [
            (
                f"transfer from {label}",
                TransferArea(_border_area(edition, code, other), other, (code,)),
            ),
            (f"merge {label}", MergeCatchments((code, other), other)),
            (
                f"split {label}",
                SplitCatchment(code, _across(edition.boundaries[code]), _new(edition, code)),
            ),
        ]
    return made


def _neighbour(edition: Edition, code: str) -> str:
    boundary = edition.boundaries[code]
    beside = [c for c, b in edition.boundaries.items() if c != code and b.intersects(boundary)]
    return min(beside, key=lambda c: shapely.get_num_coordinates(edition.boundaries[c]))


def _border_area(edition: Edition, code: str, other: str) -> Any:
    shared = edition.boundaries[code].intersection(edition.boundaries[other])
    middle = shapely.point_on_surface(shared)
    return shapely.buffer(middle, 0.05, quad_segs=16)


def _across(boundary: Any) -> Any:
    west, _, east, _ = boundary.bounds
    largest = max(shapely.get_parts(boundary), key=lambda p: p.area)
    y = shapely.point_on_surface(largest).y
    return shapely.LineString([(west - 0.1, y), (east + 0.1, y + 0.01)])


def _new(edition: Edition, code: str) -> Catchment:
    old = edition.catchments[code]
    return Catchment("NEW-1", "New", old.education_region, old.provider_code)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what work gave, and the processor's seconds: other processes slow the clock's."""
    gc.collect()
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


if __name__ == "__main__":
    main()
