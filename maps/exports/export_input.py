"""The input of exports: an edition, its schools' answers, and its boundaries in two frames.

Each is worked out once, however many files are made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Answer, Catchment, DirectoryRelease, Edition, Source
from catchments.geometry.coordinates import geometry_to_180, geometry_to_360
from catchments.lookup.snapshot import Snapshot
from maps.colours import regions_in_order
from maps.display import coarser, display_coverage

Made = TypeVar("Made")


@dataclass(frozen=True)
class Coast:
    """All land, WGS 84, read when it is first needed, and what only the same land has in common."""

    digest: bytes
    read: Callable[[], BaseGeometry | None]

    @cached_property
    def land(self) -> BaseGeometry | None:
        """The land, read once."""
        return self.read()

    @classmethod
    def of(cls, land: BaseGeometry | None) -> Coast:
        """Return land that is read already."""
        return cls(land.wkb if land is not None else b"", lambda: land)


@dataclass(frozen=True)
class ExportInput:
    """An edition and what is known beside it.

    `coast` is all land; without it boundaries are drawn as far as they reach. Without a `release`
    of the school directory there are no schools.
    """

    edition: Edition
    coast: BaseGeometry | Coast | None = None
    release: DirectoryRelease | None = None
    answers: Mapping[int, Answer] | None = None
    """Every school of the release, resolved."""
    memo: dict[str, Any] = field(default_factory=dict, compare=False)
    """Room for what several files have in common."""
    drawn_before: Mapping[str, BaseGeometry] | None = field(default=None, compare=False)
    """What `drawn` is, where it is known."""

    @classmethod
    def of(cls, snapshot: Snapshot, *, coast: BaseGeometry | Coast | None = None) -> ExportInput:
        """Return the material that a snapshot has."""
        return cls(snapshot.edition, coast, snapshot.release, snapshot.answers)

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """Return what several files have in common, made for the first of them."""
        if key not in self.memo:
            self.memo[key] = make()
        made: Made = self.memo[key]
        return made

    @cached_property
    def shore(self) -> Coast:
        """The coast, to be read when it is needed."""
        return self.coast if isinstance(self.coast, Coast) else Coast.of(self.coast)

    @cached_property
    def land(self) -> BaseGeometry | None:
        """All land, WGS 84, if any is known."""
        return self.shore.land

    @cached_property
    def published(self) -> Mapping[str, BaseGeometry]:
        """Boundaries by code as published: RFC 7946, -180…180, split at 180°, outer rings left."""
        return {
            code: published_boundary(boundary)
            for code, boundary in sorted(self.edition.boundaries.items())
            if not boundary.is_empty
        }

    @cached_property
    def drawn(self) -> Mapping[str, BaseGeometry]:
        """Boundaries by code as they are drawn: simplified, clipped to the coast, 0…360."""
        if self.drawn_before is not None:
            return self.drawn_before
        return display_coverage(self.edition.boundaries, coast=self.land)

    @cached_property
    def drawn_from_afar(self) -> Mapping[str, BaseGeometry]:
        """The same for the whole country on a screen."""
        return coarser(self.drawn)

    @property
    def catchments(self) -> list[Catchment]:
        """All catchments by code."""
        return [self.edition.catchments[code] for code in sorted(self.edition.catchments)]

    def by_region(self) -> list[tuple[str, list[Catchment]]]:
        """Return the regions north to south, each with its catchments by code."""
        found: dict[str, list[Catchment]] = {}
        for catchment in self.catchments:
            found.setdefault(catchment.education_region, []).append(catchment)
        return [(region, found[region]) for region in regions_in_order(set(found))]

    @property
    def sources(self) -> list[Source]:
        """Where the edition and the directory release came from."""
        return [*self.edition.sources, *([self.release.source] if self.release else [])]

    @property
    def demonstration(self) -> bool:
        """Whether any of it is made up for demonstration."""
        return any(source.demonstration for source in self.sources)


def published_boundary(boundary: BaseGeometry) -> BaseGeometry:
    """Return a boundary split at 180° and wound as RFC 7946 wants it: outer rings left-hand."""
    return shapely.orient_polygons(geometry_to_180(geometry_to_360(boundary)))
