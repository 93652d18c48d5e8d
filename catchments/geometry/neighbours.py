"""Neighbours: which catchments share an edge, and colours that tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.planar import Edges, Shapes
from catchments.geometry.tiling.coverage import valid_shapes

_COLOURING_STEPS = 20_000


def neighbours(boundaries: Mapping[str, BaseGeometry]) -> dict[str, set[str]]:
    """Return, for each catchment, those that share an edge of some length, or area, with it."""
    codes = list(boundaries)
    beside: dict[str, set[str]] = {code: set() for code in codes}
    shapes = valid_shapes(boundaries)
    edges = Edges.of(shapely.orient_polygons(shapes))
    for one, other in {*_pairs_by_edge(edges), *_pairs_by_line(shapes, edges)}:
        beside[codes[one]].add(codes[other])
        beside[codes[other]].add(codes[one])
    return beside


def _pairs_by_edge(edges: Edges) -> set[tuple[int, int]]:
    order = np.lexsort((edges.owner, edges.key))
    key, owner = edges.key[order], edges.owner[order]
    twice = (key[:-1] == key[1:]) & (owner[:-1] != owner[1:])
    pairs = np.unique(np.column_stack([owner[:-1][twice], owner[1:][twice]]), axis=0)
    return {(one, other) for one, other in pairs.tolist()}


def _pairs_by_line(shapes: Shapes, edges: Edges) -> Iterator[tuple[int, int]]:
    """Yield pairs that overlap, or whose edges run together without the same vertices."""
    chains, owner = edges.single_lines()
    lines = {
        int(at): shapely.multilinestrings(chains[owner == at]) for at in np.unique(owner).tolist()
    }
    numbers = list(lines)
    tree = shapely.STRtree(shapes[numbers])
    for one, other in zip(*tree.query(shapes[numbers], "intersects").tolist(), strict=True):
        if one < other and _meet(numbers[one], numbers[other], shapes, lines):
            yield numbers[one], numbers[other]


def _meet(one: int, other: int, shapes: Shapes, lines: Mapping[int, BaseGeometry]) -> bool:
    along = shapely.intersection(lines[one], lines[other])
    if shapely.length(along) > 0:
        return True
    return bool(shapely.relate_pattern(shapes[one], shapes[other], "T********"))


def four_colouring(
    boundaries: Mapping[str, BaseGeometry], groups: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Return a colour, counted from 0, for each catchment, so that neighbours differ.

    The same boundaries always get the same colours, and as few as a bounded search finds: four
    for nearly any map. Catchments of one of `groups` (by code) have one colour.
    """
    of = {code: (groups or {}).get(code, code) for code in boundaries}
    beside = _between(neighbours(boundaries), of)
    for colours in range(1, len(beside) + 1):
        found = _coloured(beside, colours)
        if found is not None:
            return {code: found[of[code]] for code in boundaries}
    return {}


def _between(beside: Mapping[str, set[str]], of: Mapping[str, str]) -> dict[str, set[str]]:
    """Return, for each group, the others that have a neighbour of one of its members."""
    found: dict[str, set[str]] = {of[code]: set() for code in beside}
    for code, others in beside.items():
        found[of[code]] |= {of[other] for other in others} - {of[code]}
    return found


def _coloured(beside: Mapping[str, set[str]], colours: int) -> dict[str, int] | None:
    """Colour with so many colours, the most constrained catchment first, going back when stuck."""
    given: dict[str, int] = {}
    trail: list[tuple[str, Iterator[int]]] = []
    code = _most_constrained(beside, given)
    choices = _free(code, beside, given, colours)
    for _ in range(_COLOURING_STEPS + 2 * len(beside)):
        colour = next(choices, None)
        if colour is not None:
            given[code] = colour
            trail.append((code, choices))
            if len(given) == len(beside):
                return given
            code = _most_constrained(beside, given)
            choices = _free(code, beside, given, colours)
        elif trail:
            code, choices = trail.pop()
            del given[code]
        else:
            return None
    return None


def _most_constrained(beside: Mapping[str, set[str]], given: Mapping[str, int]) -> str:
    return min(
        (code for code in beside if code not in given),
        key=lambda code: (
            -len({given[other] for other in beside[code] if other in given}),
            -len(beside[code]),
            code,
        ),
    )


def _free(
    code: str, beside: Mapping[str, set[str]], given: Mapping[str, int], colours: int
) -> Iterator[int]:
    """Yield the colours open to a catchment, of those yet unused only the first."""
    taken = {given[other] for other in beside[code] if other in given}
    used = max(given.values(), default=-1) + 1
    return iter([colour for colour in range(min(colours, used + 1)) if colour not in taken])
