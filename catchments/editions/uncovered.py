"""Ground that an edition leaves in no catchment: its land, and the schools and addresses on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.publication_checks import Concern
from catchments.changes.uncovered import Uncovered, extent
from catchments.core.model import Edition, Place, School, SchoolStatus
from catchments.geometry.coordinates import to_360
from catchments.geometry.tiling.ground import LostGround, ground_lost, km2_of
from catchments.readers.land import land

LEAST_M2 = 100.0
"""Less land than this, on which there is nobody, is a rock in a line that was drawn anew."""
COUNTED_KM2 = 20_000.0
"""Of more land in no catchment than this it is not counted how many addresses are on it."""

CountAddresses = Callable[[Sequence[BaseGeometry]], list[int] | None]
"""How many addresses lie in each of some areas, longitudes 0…360; None where none are kept."""


def not_counted(_areas: Sequence[BaseGeometry]) -> None:
    """Stand where addresses are not known."""


def uncovered(
    before: Edition, after: Edition, schools: Iterable[School], count: CountAddresses = not_counted
) -> list[Uncovered]:
    """Return the ground that one edition covers and the next does not, by former catchment.

    The sea does not count, but whoever is said to live there does: a place is not always as exact
    as the coast. Where no boundary differs nothing is asked at all.
    """
    lost = ground_lost(before.boundaries, after.boundaries)
    if not lost:
        return []
    places = _open(schools)
    counted: Sequence[int | None] = count([each.shape for each in lost]) or [None] * len(lost)
    pairs = zip(lost, counted, strict=True)
    found = [_described(each, before, places, addresses) for each, addresses in pairs]
    return [each for each in found if each is not None]


def bare_land(
    edition: Edition, schools: Iterable[School], count: CountAddresses = not_counted
) -> list[Concern]:
    """Return a warning for land that an edition without a predecessor leaves in no catchment."""
    bare = land().bare(edition.boundaries) if edition.boundaries else None
    if bare is None:
        return []
    parts = shapely.get_parts(bare.shape)
    km2, there = km2_of(parts), _located(bare.shape, _open(schools))
    counted = count([bare.shape]) if km2 <= COUNTED_KM2 else None
    addresses = counted[0] if counted else None
    pieces = "piece" if len(parts) == 1 else "pieces"
    text = (
        f"Ground in no catchment: {extent(km2, len(there), addresses)}, in "
        f"{len(parts):,} {pieces}; the largest is near lat {bare.place.lat:.4f}, lng "
        f"{bare.place.lng:.4f}."
    )
    return [Concern("bare-land", text, bare.place, schools=there)]


def _open(schools: Iterable[School]) -> dict[int, Place]:
    """Return where each open school lies, by number, as far as that is known."""
    return {
        school.school_id: school.place
        for school in schools
        if school.status is SchoolStatus.OPEN and school.place
    }


def _described(
    lost: LostGround,
    before: Edition,
    schools: dict[int, Place],
    addresses: int | None,
) -> Uncovered | None:
    there = _located(lost.shape, schools)
    ground = land().within(lost.shape)
    km2 = km2_of(ground)
    nobody = not there and not addresses
    if nobody and km2 * 1e6 < LEAST_M2:
        return None
    shown = LostGround(lost.code, shapely.multipolygons(ground), ()) if len(ground) else lost
    former = before.catchments.get(lost.code)
    return Uncovered(
        code=lost.code,
        name=former.name if former else lost.code,
        km2=round(km2, 6),
        schools=there,
        addresses=addresses,
        place=shown.place,
        box=shown.box,
        beside=lost.beside,
    )


def _located(area: BaseGeometry, schools: dict[int, Place]) -> tuple[int, ...]:
    """Return the schools that lie in an area, by number."""
    numbers = np.array(sorted(schools), dtype=np.int64)
    xy = np.array([(to_360(schools[n].lng), schools[n].lat) for n in numbers.tolist()])
    if not len(numbers):
        return ()
    own = shapely.transform(area, lambda same: same)  # prepared below, so no other thread's
    shapely.prepare(own)
    return tuple(numbers[shapely.intersects_xy(own, xy)].tolist())
