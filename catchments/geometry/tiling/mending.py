"""Mending: boundaries without slivers, each of which goes to one neighbour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_180
from catchments.geometry.planar import Shapes, in_one, polygons_in
from catchments.geometry.tiling.coverage import (
    ROUNDING_WIDTH_M,
    SLIVER_WIDTH_M,
    Face,
    all_faces,
    valid_shapes,
)

_SNAP_DEGREES = 1e-8
"""A millimetre: mended edges this close become one. GEOS's own choice would be 2 cm."""
_ROUNDS = 4


def clean(
    boundaries: Mapping[str, BaseGeometry],
    *,
    sliver_width_m: float = SLIVER_WIDTH_M,
    lines_of: Collection[str] = (),
) -> dict[str, BaseGeometry]:
    """Return boundaries without slivers; those that touch none are the same objects as before.

    A sliver goes to the neighbour with the longest border to it; between one whose lines count
    (`lines_of` has its code) and one whose do not, it goes as those lines have it. Wider faults
    stay as they are.
    """
    codes = list(boundaries)
    before = valid_shapes(boundaries)
    shapes = before.copy()
    counting = frozenset(at for at, code in enumerate(codes) if code in lines_of)
    for _ in range(_ROUNDS):
        faces = all_faces(shapes, sliver_width_m)
        wide_overlap = any(face.kind == "overlap" and not face.sliver for face in faces)
        # Where an overlap stays, edges cannot match exactly, and rounding would never come to rest.
        least_m = ROUNDING_WIDTH_M if wide_overlap else 0.0
        slivers = [
            _by_lines(face, counting) for face in faces if face.sliver and face.breadth_m >= least_m
        ]
        mended = _without(shapes, slivers)
        if not wide_overlap:
            mended = _matched(mended)
        if all(new is old for new, old in zip(mended, shapes, strict=True)):
            break
        shapes = mended
    return {
        code: boundaries[code] if new is old else geometry_to_180(new)
        for code, new, old in zip(codes, shapes, before, strict=True)
    }


def _by_lines(face: Face, counting: frozenset[int]) -> Face:
    """Return a sliver that goes to whom the lines that count give it."""
    inside = [member for member in face.members if member in counting]
    others = [member for member in face.members if member not in counting]
    wins = inside if face.kind == "overlap" else others
    return replace(face, goes_to=wins[0]) if inside and len(wins) == 1 else face


def _without(shapes: Shapes, slivers: Sequence[Face]) -> Shapes:
    """Return shapes with gap slivers added to one neighbour, overlaps taken from all but one."""
    gains: dict[int, list[BaseGeometry]] = defaultdict(list)
    losses: dict[int, list[BaseGeometry]] = defaultdict(list)
    for face in slivers:
        if face.kind == "gap":
            gains[face.goes_to].append(face.shape)
            continue
        for member in face.members:
            if member != face.goes_to:
                losses[member].append(face.shape)
    mended = shapes.copy()
    for at, lost in losses.items():
        mended[at] = shapely.difference(mended[at], shapely.union_all(lost))
    for at, gained in gains.items():
        mended[at] = shapely.union_all([mended[at], *gained])
    for at in {*gains, *losses}:
        mended[at] = in_one(polygons_in([mended[at]])) if mended[at].area else shapes[at]
    return mended


def _matched(shapes: Shapes) -> Shapes:
    """Return shapes whose shared edges have the same vertices on both sides.

    Only shapes with an edge that does not match are touched; mending them can bring in others.
    """
    matched = shapes.copy()
    for _ in range(_ROUNDS):
        wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(matched))
        if not wrong.any():
            break
        try:
            matched[wrong] = shapely.coverage_clean(
                matched[wrong], gap_width=_SNAP_DEGREES, snapping_distance=_SNAP_DEGREES
            )
        except shapely.errors.GEOSException:  # its noder gives up on some near-coincident lines
            matched[wrong] = shapely.coverage_clean(matched[wrong], gap_width=_SNAP_DEGREES)
    return matched
