"""Edges in which two versions of an area differ, each named as only the very same is.

Of an outline of a hundred thousand vertices a redrawing changes some hundreds. They are found by
walking from where both versions are alike, forwards and backwards, until they differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.planar import Flags, Floats

TRIED = 8
"""Vertices of a stretch that are looked for in the other: any may be where they differ."""
DEEP = 8
"""How often a stretch is parted at a vertex that both have."""
SHORT = 64
"""A stretch with fewer vertices is not parted any more."""

Hashes = npt.NDArray[np.uint64]
_MANY_TIMES = 8
"""Names among so many times fewer are looked for as they come."""
_LOW_HALF = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class NamedEdges:
    """Directed edges, their shape on the left; `there` and `back` name them in both directions."""

    ends: Floats
    there: Hashes
    back: Hashes

    def chosen(self, those: Flags) -> NamedEdges:
        """Return some of them."""
        return NamedEdges(self.ends[those], self.there[those], self.back[those])

    def turned(self) -> NamedEdges:
        """Return each in the other direction, the last first: so they follow each other again."""
        return NamedEdges(self.ends[::-1, ::-1], self.back[::-1], self.there[::-1])


def edges_of(ends: Floats) -> NamedEdges:
    """Return edges by their ends (n, 2, 2), named."""
    start, end = names(ends[:, 0]), names(ends[:, 1])
    return NamedEdges(ends, _pair(start, end), _pair(end, start))


def names(xy: Floats) -> Hashes:
    """Return 64 bits for each vertex that only the very same vertex shares.

    Among a million vertices two different ones are taken for the same once in 10⁷ times.
    """
    bits = np.ascontiguousarray(xy + 0.0).view(np.uint64).reshape(-1, 2)
    return _mixed(_mixed(bits[:, 0]) + bits[:, 1])


def _pair(start: Hashes, end: Hashes) -> Hashes:
    return _mixed(start * np.uint64(3) + end)


def _mixed(bits: Hashes) -> Hashes:
    """Return 64 bits stirred so that each depends on all (the finaliser of splitmix64)."""
    z = bits + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def in_one(several: Sequence[NamedEdges]) -> NamedEdges:
    """Return several sets of edges as one."""
    if not several:
        return NamedEdges(np.empty((0, 2, 2)), np.empty(0, np.uint64), np.empty(0, np.uint64))
    return NamedEdges(
        np.concatenate([each.ends for each in several]),
        np.concatenate([each.there for each in several]),
        np.concatenate([each.back for each in several]),
    )


def single(edges: NamedEdges) -> Flags:
    """Return which edges are there more or less often than their opposite."""
    ahead = edges.there < edges.back
    name, sign = np.where(ahead, edges.there, edges.back), np.where(ahead, 1, -1)
    maybe = _left_over(name, sign)
    _, same = np.unique(name[maybe], return_inverse=True)
    net = np.bincount(same, weights=sign[maybe])
    alone = np.zeros(len(name), dtype=bool)
    alone[maybe] = net[same] != 0
    return alone


def _left_over(name: Hashes, sign: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return those that may be left over, without sorting: all whose bucket does not add up to 0.

    The sums of both halves of the names are exact: of fewer than two million edges.
    """
    bucket = (name & np.uint64((1 << len(name).bit_length()) - 1)).astype(np.intp)
    halves = (name & _LOW_HALF, name >> np.uint64(32))
    sums = [np.bincount(bucket, weights=sign * half) for half in halves]
    return np.flatnonzero(((sums[0] != 0) | (sums[1] != 0))[bucket])


def are_in(these: Hashes, those: Hashes) -> Flags:
    """Return which of some names are among others: `np.isin`, several times as fast."""
    if not len(those):
        return np.zeros(len(these), dtype=bool)
    known = np.sort(those)
    if _MANY_TIMES * len(known) < len(these):  # so few are near at hand, in whatever order
        return _found(these, known)
    # Sorted, they are looked for one beside the other; those that are missing are few.
    wanted = np.sort(these)
    missing = wanted[~_found(wanted, known)]  # in order, too
    return ~_found(these, missing) if len(missing) else np.ones(len(these), dtype=bool)


def _found(these: Hashes, known: Hashes) -> Flags:
    at = np.minimum(np.searchsorted(known, these), len(known) - 1)
    return np.asarray(known[at] == these)


# --- what differs ---------------------------------------------------------------------------------


def differing(old: BaseGeometry, new: BaseGeometry) -> tuple[NamedEdges, NamedEdges]:
    """Return the edges that an area gains and those that it loses, from one version to another.

    Both have their areas on the left of their rings.
    """
    was, now = map(edges_of, _stretches(old, new))
    gained = now.chosen(~are_in(now.there, was.there))
    return gained, was.chosen(~are_in(was.there, now.there))


def _stretches(old: BaseGeometry, new: BaseGeometry) -> tuple[Floats, Floats]:
    """Return both ends (n, 2, 2) of edges of either, among them all that the other lacks.

    Rings that both have are left out, and most of what their largest other rings share.
    """
    ours, theirs = _rings(old), _rings(new)
    mine = [ring for mark, ring in ours.items() if mark not in theirs]
    others = [ring for mark, ring in theirs.items() if mark not in ours]
    if not mine or not others:
        return _ends(mine), _ends(others)
    one, other = max(mine, key=len), max(others, key=len)
    left, right = _turned_alike(one, other)
    apart = list(_apart(left, right, DEEP))
    mine = [ring for ring in mine if ring is not one]
    others = [ring for ring in others if ring is not other]
    return _ends([*mine, *(a for a, _ in apart)]), _ends([*others, *(b for _, b in apart)])


def _rings(shape: BaseGeometry) -> dict[bytes, Floats]:
    """Return the coordinates of each ring, by what tells it from others: all of them."""
    xy, at = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    rings = np.split(xy, np.flatnonzero(np.diff(at)) + 1)
    return {ring.tobytes(): ring for ring in rings}


def _ends(lines: Sequence[Floats]) -> Floats:
    """Return the ends of the edges of lines, but for edges without length."""
    pairs = [np.stack([xy[:-1], xy[1:]], axis=1) for xy in lines if len(xy) > 1]
    if not pairs:
        return np.empty((0, 2, 2))
    ends = np.concatenate(pairs)
    return np.asarray(ends[(ends[:, 0] != ends[:, 1]).any(axis=1)])


def _turned_alike(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return two closed rings so that both begin, and end, in a vertex that they share."""
    place = _shared(one[:-1], other[:-1])
    if place is None:
        return one, other
    return _from(one, place[0]), _from(other, place[1])


def _from(ring: Floats, at: int) -> Floats:
    turned = np.roll(ring[:-1], -at, axis=0)
    return np.concatenate([turned, turned[:1]])


def _shared(one: Floats, other: Floats) -> tuple[int, int] | None:
    """Return where a vertex is in both, if one of those tried is, and once in the first."""
    for at in np.linspace(0, len(other) - 1, TRIED + 2)[1:-1].astype(int).tolist():
        where = np.flatnonzero((one[:, 0] == other[at, 0]) & (one[:, 1] == other[at, 1]))
        if len(where) == 1:
            return int(where[0]), at
    return None


def _apart(one: Floats, other: Floats, deep: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield pairs of the stretches in which two lines differ."""
    ahead = _alike(one, other)
    if ahead:
        one, other = one[ahead - 1 :], other[ahead - 1 :]
    behind = _alike(one[::-1], other[::-1])
    if behind:
        one, other = one[: len(one) - behind + 1], other[: len(other) - behind + 1]
    inner = min(len(one), len(other)) > SHORT and deep
    place = _shared(one[1:-1], other[1:-1]) if inner else None
    if place is None:
        yield one, other
        return
    mine, theirs = place[0] + 1, place[1] + 1
    yield from _apart(one[: mine + 1], other[: theirs + 1], deep - 1)
    yield from _apart(one[mine:], other[theirs:], deep - 1)


def _alike(one: Floats, other: Floats) -> int:
    """Return with how many vertices alike two lines begin."""
    least = min(len(one), len(other))
    differ = (one[:least, 0] != other[:least, 0]) | (one[:least, 1] != other[:least, 1])
    return int(np.argmax(differ)) if differ.any() else least
