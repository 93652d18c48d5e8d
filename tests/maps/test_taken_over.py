"""What an edition takes over from an earlier one is what would have been made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

import maps.artefacts as artefacts_room
import maps.taken_over as taken_over_room
from catchments.core.model import Edition
from catchments.lookup.snapshot import Snapshot
from catchments.store import Artefact
from maps.artefacts import COAST, DRAWN, build_all, parts_of
from maps.display import display_coverage
from maps.exports.downloads import FILES, GEOJSON, KML, MAP_HTML
from maps.taken_over import MADE_OF, packed, unpacked
from tests import laws
from tests.worlds import small_edition, small_release

Kept = Mapping[str, Artefact]
LAND = shapely.union_all(list(small_edition().boundaries.values())).buffer(-0.05)
OTHER_LAND = LAND.buffer(-0.01)


def nothing(_: str) -> None:
    return None


def seen(edition: Edition) -> Snapshot:
    return Snapshot.of(edition, small_release())


def parts(
    edition: Edition,
    coast: BaseGeometry | None = LAND,
    earlier: Callable[[str], Artefact | None] = nothing,
) -> dict[str, Artefact]:
    made = parts_of(seen(edition), coast=coast, earlier=earlier)
    return {each.name: each for each in made}


def taken_over(new: Kept, old: Kept) -> set[str]:
    """The parts that are the very bytes of the earlier edition."""
    return {name for name in (DRAWN, COAST) if new[name].content is old[name].content}


def without_a_catchment(edition: Edition) -> Edition:
    left = dict(list(edition.boundaries.items())[1:])
    return replace(edition, boundaries=left)


def moved(edition: Edition) -> Edition:
    """One vertex is a hundred-millionth of a degree elsewhere."""
    code, area = next(iter(edition.boundaries.items()))
    points = shapely.get_coordinates(area)
    points[[0, -1]] += 1e-8
    return replace(edition, boundaries={**edition.boundaries, code: shapely.Polygon(points)})


def renamed(edition: Edition) -> Edition:
    """A catchment's code is another, and nothing else."""
    (code, area), *rest = edition.boundaries.items()
    known = {**edition.catchments, "NEW": edition.catchments[code]}
    return replace(edition, catchments=known, boundaries={"NEW": area, **dict(rest)})


BOTH = {DRAWN, COAST}
CHANGES: dict[str, tuple[Callable[[Edition], Edition], set[str]]] = {
    "its number, title and date": (
        lambda e: replace(e, number=2, title="Another", effective_from=date(2027, 1, 1)),
        BOTH,
    ),
    "lists": (lambda e: replace(e, listings={}, unserved=frozenset({54})), BOTH),
    "providers": (lambda e: replace(e, providers={}), BOTH),
    "a vertex": (moved, {COAST}),
    "a code": (renamed, {COAST}),
    "a boundary less": (without_a_catchment, {COAST}),
    "all boundaries": (lambda e: replace(e, boundaries={}), {COAST}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_only_what_is_made_of_the_same_is_taken_over(what: str) -> None:
    change, expected = CHANGES[what]
    old = parts(small_edition(number=1))
    later = change(small_edition(number=1))
    new = parts(later, earlier=old.get)
    assert new == parts(later)
    assert taken_over(new, old) == expected


@pytest.mark.parametrize("coast", [OTHER_LAND, None], ids=["another", "none"])
def test_another_coast_makes_both_anew(coast: BaseGeometry | None) -> None:
    old = parts(small_edition())
    new = parts(small_edition(), coast, old.get)
    assert new == parts(small_edition(), coast)
    assert taken_over(new, old) == set()


def test_another_version_makes_both_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    old = parts(small_edition())
    monkeypatch.setattr(taken_over_room, "MAKER", "0")
    assert taken_over(parts(small_edition(), earlier=old.get), old) == set()


def damaged(kept: Kept, name: str) -> Kept:
    content = kept[name].content
    return {**kept, name: replace(kept[name], content=content[:-1] + bytes([content[-1] ^ 1]))}


DAMAGES: dict[str, Callable[[Kept], Kept]] = {
    "a changed part": lambda kept: damaged(damaged(kept, DRAWN), COAST),
    "a part that is gone": lambda kept: {MADE_OF: kept[MADE_OF]},
    "no word of what it was made of": lambda kept: {n: a for n, a in kept.items() if n != MADE_OF},
    "no JSON": lambda kept: {**kept, MADE_OF: Artefact(MADE_OF, "", b"{")},
    "other JSON": lambda kept: {**kept, MADE_OF: Artefact(MADE_OF, "", b'{"drawn.bin": 5}')},
    "no Unicode": lambda kept: {**kept, MADE_OF: Artefact(MADE_OF, "", b'{"\xff": {}}')},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_as_it_was_kept_is_made_anew(damage: str) -> None:
    old = parts(small_edition())
    assert parts(small_edition(), earlier=DAMAGES[damage](old).get) == old


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """Strips of which neighbours may be one catchment, some moved a little, of any names."""
    edges = sorted(draw(st.sets(st.integers(0, 12), min_size=2, max_size=5)))
    strips = [
        shapely.box(170 + west / 8, -41, 170 + east / 8, -40) for west, east in pairwise(edges)
    ]
    codes = draw(st.permutations(sorted(small_edition().boundaries)))
    return small_edition(
        boundaries=dict(zip(codes, strips, strict=False)),
        number=draw(st.integers(1, 3)),
        title=draw(st.sampled_from(["", "One", "Two"])),
    )


@settings(max_examples=laws.examples(30))
@given(old=editions(), new=editions(), coast=st.sampled_from([LAND, OTHER_LAND, None]))
def test_whatever_was_before_the_parts_are_those_made_anew(
    old: Edition, new: Edition, coast: BaseGeometry | None
) -> None:
    assert parts(new, coast, parts(old).get) == parts(new, coast)


def test_what_is_made_of_parts_that_are_taken_over_is_what_is_made_of_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = [file for file in FILES if file.name in {GEOJSON, KML, MAP_HTML}]
    monkeypatch.setattr(artefacts_room, "FILES", drawn)
    old = {each.name: each for each in build_all(seen(small_edition(number=1)), coast=LAND)}
    later = seen(small_edition(number=2, title="Another", effective_from=date(2027, 1, 1)))
    new = build_all(later, coast=LAND, earlier=old.get)
    assert new == build_all(later, coast=LAND)
    assert taken_over({each.name: each for each in new}, old) == BOTH


def test_areas_come_back_bit_for_bit() -> None:
    areas = display_coverage(small_edition().boundaries, coast=LAND)
    assert {code: a.wkb for code, a in unpacked(packed(areas)).items()} == {
        code: a.wkb for code, a in areas.items()
    }
