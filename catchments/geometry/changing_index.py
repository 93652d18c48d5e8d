"""The index of shapes that change: an R-tree kept in step with version after version of them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any, Generic, TypeVar

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.outlines import refuse_dense

Key = TypeVar("Key", str, int)
Value = TypeVar("Value")
Box = tuple[float, float, float, float]
"""West, south, east, north; longitudes 0…360. Its edge is part of it."""


class ChangingIndex(Generic[Key, Value]):
    """An R-tree over the values of a mapping of which there are many versions, by their keys.

    A question names the version that it is about. What is another object there than in the version
    asked about last is taken out of the tree or put in first: to go back a change, or to another
    draft, costs no more than to go on. A version that was asked about must not change any more.

    `shapes_of` gives the shape of each of some values, WGS 84 with longitudes 0…360, or None where
    one lies nowhere. Safe to share between threads, as the tree by itself is not.
    """

    def __init__(
        self, shapes_of: Callable[[Sequence[Value]], Iterable[BaseGeometry | None]]
    ) -> None:
        self._shapes_of = shapes_of
        self._version: Mapping[Key, Value] = {}
        self._shapes: dict[Key, BaseGeometry] = {}
        self._numbers: dict[Key, int] = {}
        """What the tree knows each key as, which stays when its shape is taken out."""
        self._keys: list[Key] = []
        self._tree: Any = None
        self._lock = threading.Lock()

    def touching(self, version: Mapping[Key, Value], area: BaseGeometry) -> dict[Key, BaseGeometry]:
        """Return the shapes that an area (0…360) touches, in the order of their keys."""
        return _touching(area, self.near(version, [area.bounds]))

    def near(
        self, version: Mapping[Key, Value], boxes: Iterable[Collection[float]]
    ) -> dict[Key, BaseGeometry]:
        """Return the shapes whose boxes meet one of some boxes, in the order of their keys."""
        with self._lock:
            if version is not self._version:
                self._step_to(version)
            numbers = {number for box in boxes for number in self._within(box)}
            return {key: self._shapes[key] for key in sorted(self._keys[n] for n in numbers)}

    def _within(self, box: Collection[float]) -> Iterable[int]:
        if self._tree is None or any(map(math.isnan, box)):  # the box of what is empty
            return ()
        found: Iterable[int] = self._tree.intersection(tuple(box))
        return found

    def _step_to(self, version: Mapping[Key, Value]) -> None:
        before = self._version
        differing: dict[Key, Value] = {
            k: value for k, value in version.items() if before.get(k) is not value
        }
        others = dict(zip(differing, self._shapes_of(list(differing.values())), strict=True))
        if self._shapes:
            for key in before.keys() - version.keys():
                self._put(key, None)
            for key, shape in others.items():
                self._put(key, shape)
        else:
            self._load(others)
        self._version = version

    def _load(self, shapes: Mapping[Key, BaseGeometry | None]) -> None:
        """Make the tree at once, in a tenth of the time that it takes one by one."""
        from rtree.index import Index  # only who works on a draft pays for it

        bounds = shapely.bounds(list(shapes.values()))
        placed = ~np.isnan(bounds[:, 0])
        self._shapes = dict(compress(shapes.items(), placed.tolist()))
        self._keys = list(self._shapes)
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        boxes = bounds[placed]
        every = np.arange(len(boxes)), boxes[:, :2], boxes[:, 2:]
        self._tree = Index(every) if self._shapes else None

    def _put(self, key: Key, shape: BaseGeometry | None) -> None:
        """Give a key another shape, or none; where its box stays, the tree stays."""
        was, now = _box(self._shapes.pop(key, None)), _box(shape)
        number = self._numbers.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
        if was and was != now:
            self._tree.delete(number, was)
        if now and was != now:
            self._tree.insert(number, now)
        if shape is not None and now:
            self._shapes[key] = shape


def _box(shape: BaseGeometry | None) -> Box | None:
    return None if shape is None or shape.is_empty else shape.bounds


def _touching(area: BaseGeometry, shapes: Mapping[Key, BaseGeometry]) -> dict[Key, BaseGeometry]:
    """Return those shapes that an area touches; the area is prepared, so it is its asker's own."""
    shapely.prepare(area)
    touched = shapely.intersects(area, np.array(list(shapes.values()), dtype=object))
    return dict(compress(shapes.items(), touched.tolist()))


class IndexedBoundaries(dict[str, BaseGeometry]):
    """Boundaries by code, WGS 84 and longitude -180…180, that an index is kept in step with.

    They share that of those they follow, where these have one.
    """

    def __init__(
        self,
        boundaries: Mapping[str, BaseGeometry],
        before: Mapping[str, BaseGeometry] | None = None,
    ) -> None:
        super().__init__(boundaries)
        self.index: ChangingIndex[str, BaseGeometry] = (
            before.index
            if isinstance(before, IndexedBoundaries)
            else ChangingIndex(lambda others: [*map(geometry_to_360, others)])
        )


def boundaries_touching(
    boundaries: Mapping[str, BaseGeometry], area: BaseGeometry
) -> dict[str, BaseGeometry]:
    """Return the boundaries, longitudes 0…360, that an area or a line (0…360) touches, by code.

    The area is prepared. Raises ChangeDoesNotFit for one that goes to and fro over boundaries so
    often that it is not looked at.
    """
    near = boundaries_near(boundaries, area.bounds)
    refuse_dense(area, list(near.values()))
    return _touching(area, near)


def boundaries_near(boundaries: Mapping[str, BaseGeometry], box: Box) -> dict[str, BaseGeometry]:
    """Return the boundaries, longitudes 0…360, whose boxes meet a box, by code."""
    if isinstance(boundaries, IndexedBoundaries):
        return boundaries.index.near(boundaries, [box])
    shapes = {code: geometry_to_360(boundary) for code, boundary in boundaries.items()}
    bounds = shapely.bounds(list(shapes.values()))
    meet = np.all((bounds[:, :2] <= box[2:]) & (bounds[:, 2:] >= box[:2]), axis=1)
    return dict(compress(shapes.items(), meet.tolist()))
