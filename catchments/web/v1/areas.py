"""Boundaries as published, written as GeoJSON once and kept: those of catchments, and of several.

They are what places are looked up in, not the simplified ones of the map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import shapely

from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.snapshot import Published, Snapshot
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
