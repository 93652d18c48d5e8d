"""Boundaries as published, as GeoJSON that is written once and kept; rows of what has one.

They are what places are looked up in, not the simplified ones of the map.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import shapely

from catchments.core.model import Catchment
from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.selection import lists_of
from catchments.lookup.snapshot import AsAt, Published, Snapshot
from catchments.web.common.tables import origin
from catchments.web.pages.catchment_summaries import entries
from catchments.web.v1.formats import Form
from catchments.web.v1.resources import line
from maps.exports.export_input import published_boundary
from maps.exports.geojson import rounded

NOTHING = msgspec.Raw(b"null")


class Areas:
    """The boundaries of an edition."""

    def __init__(self, index: SpatialIndex, codes: frozenset[str]) -> None:
        self._index = index
        self._codes = codes
        self._written: dict[tuple[str, ...], msgspec.Raw] = {}

    def of(self, codes: Sequence[str]) -> Any:
        """Return the written geometry of catchments together; null where none has a boundary."""
        known = tuple(code for code in codes if code in self._codes)
        if known not in self._written:
            self._written[known] = self._write(known)
        return self._written[known]

    def _write(self, codes: tuple[str, ...]) -> msgspec.Raw:
        boundaries = [self._index.boundary_360(code) for code in codes]
        if not boundaries:
            return NOTHING
        whole = boundaries[0] if len(boundaries) == 1 else shapely.union_all(boundaries)
        if whole.is_empty:
            return NOTHING
        geometry = shapely.geometry.mapping(rounded(published_boundary(whole)))
        return msgspec.Raw(msgspec.json.encode(geometry))


def areas_of(world: Published, snapshot: Snapshot) -> Areas:
    """Return the boundaries of a snapshot's edition, kept with the world."""

    def make() -> Areas:
        return Areas(snapshot.resolver.index, frozenset(snapshot.edition.boundaries))

    return world.recent.get(("areas", snapshot.edition.number), make)


class AreaRows(ABC):
    """Rows of what has an area on a date: catchments, and providers by their catchments."""

    columns: ClassVar[tuple[str, ...]]

    def __init__(self, asked: AsAt) -> None:
        snapshot = asked.in_force
        self.day = asked.day
        self.entries = entries(asked.world, snapshot)
        self.lists = lists_of(asked.world, snapshot)
        self._areas = areas_of(asked.world, snapshot)
        self._whence = origin(snapshot)

    def write(self, form: Form, of: Any, /) -> Any:
        """Return a row: of CSV its line, otherwise an object."""
        if form is Form.CSV:
            return line(self.columns, self.properties(of), self._whence)
        return self._feature(of) if form is Form.GEOJSON else self.item(of)

    def _feature(self, of: Any) -> dict[str, Any]:
        codes = [each.code for each in self.served(of)]
        return {
            "type": "Feature",
            "id": of.code,
            "properties": self.properties(of),
            "geometry": self._areas.of(codes),
        }

    @abstractmethod
    def item(self, of: Any) -> Any:
        """Return a row as JSON has it."""

    @abstractmethod
    def properties(self, of: Any) -> Any:
        """Return a row as flat values, by column."""

    @abstractmethod
    def served(self, of: Any) -> Sequence[Catchment]:
        """Return the catchments that its area is made of."""
