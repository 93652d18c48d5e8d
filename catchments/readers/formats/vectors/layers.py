"""Layers of a boundary file as they were read, and what a file of ours declares beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Provider, Source

Values = Mapping[str, str]
"""What a feature says, by field; a field that it has and says nothing in is there, and empty."""


@dataclass(frozen=True)
class Declared:
    """What a file says of itself beside its features, as our own downloads do."""

    is_ours: bool = False
    """Whether it says which edition it is."""
    sources: tuple[Source, ...] = ()
    providers: tuple[Provider, ...] = ()
    """All of the edition, also those that serve no catchment."""
    demonstration: bool = False
    simplified: bool = False
    """Whether its lines are not the boundaries, but drawn after them."""


NOTHING_DECLARED = Declared()


@dataclass(frozen=True)
class Layer:
    """One layer as it was read: its name, CRS, and for each feature a geometry and its values."""

    name: str
    crs: str | None
    geometries: Sequence[BaseGeometry | None]
    values: Sequence[Values]
    within: tuple[str, ...] = ()
    """The folders that it stands in, the outermost first."""
    of_a_map: bool = False
    """Whether it is a folder of one map, whose folders belong together."""
    declared: Declared = field(default=NOTHING_DECLARED, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be asked for by: its own name, and those of the folders that it is in."""
        return (self.name, *reversed(self.within))

    @property
    def has_areas(self) -> bool:
        """Whether there is a polygon in it."""
        return any("Polygon" in kinds_in(geometry) for geometry in self.geometries)


def kinds_in(geometry: BaseGeometry | None) -> set[str]:
    """Return of what kinds the single geometries are that a geometry is made of.

    It is no collection in a collection.
    """
    if geometry is None or geometry.is_empty:
        return set()
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return {part.geom_type for part in parts if not part.is_empty}


def in_one_collection(parts: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """Return geometries, none of them a collection, as one; None where there are none."""
    if len(parts) < 2:
        return next(iter(parts), None)
    made: BaseGeometry = shapely.geometrycollections(list(parts))
    return made


def joined(all_declared: Iterable[Declared]) -> Declared:
    """Return what several files, or layers, declare together; each thing once."""
    every = list({id(each): each for each in all_declared}.values())
    return Declared(
        is_ours=any(each.is_ours for each in every),
        sources=tuple(dict.fromkeys(s for each in every for s in each.sources)),
        providers=tuple(dict.fromkeys(p for each in every for p in each.providers)),
        demonstration=any(each.demonstration for each in every),
        simplified=any(each.simplified for each in every),
    )
