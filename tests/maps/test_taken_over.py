"""What an edition takes over from an earlier one is what would have been made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

import maps.artefacts as artefacts_room
from catchments.core.model import Edition
from catchments.lookup.snapshot import Snapshot
from catchments.store import Artefact
from maps.artefacts import (
    COAST,
    COUNTRY,
    COUNTRY_DARK,
    DRAWN,
    MAP_ELEMENT,
    MAP_SCRIPT,
    OVERVIEW,
    TOPOLOGY,
    build_all,
)
from maps.display import display_coverage
from maps.exports.downloads import FILE_SHELL, FILES, GEOJSON, KML, MAP_HTML
from maps.exports.export_input import Coast
from maps.taken_over import MADE_OF, packed, unpacked
from tests import laws
from tests.worlds import AHI, KOWHAI, small_edition, small_release

Kept = Mapping[str, Artefact]
LAND = shapely.union_all(list(small_edition().boundaries.values())).buffer(-0.05)
OTHER_LAND = LAND.buffer(-0.01)


def nothing(_: str) -> None:
    return None


def seen(edition: Edition) -> Snapshot:
    return Snapshot.of(edition, small_release())


@pytest.fixture(autouse=True)
def _files_that_are_quickly_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """All others name the edition, and are made anew each time."""
    drawn = [file for file in FILES if file.name in {GEOJSON, KML, MAP_HTML}]
    monkeypatch.setattr(artefacts_room, "FILES", drawn)
    monkeypatch.setattr("maps.picture.picture_png", lambda _: bytes(range(9)))  # new each time


def parts(
    edition: Edition,
    coast: BaseGeometry | None = LAND,
    earlier: Callable[[str], Artefact | None] = nothing,
) -> dict[str, Artefact]:
    made = build_all(seen(edition), coast=coast, earlier=earlier)
    return {each.name: each for each in made}


def taken_over(new: Kept, old: Kept) -> set[str]:
    """The parts that are the very bytes of the earlier edition."""
    return {name for name in new if name in old and new[name].content is old[name].content}


def without_a_catchment(edition: Edition) -> Edition:
    left = dict(list(edition.boundaries.items())[1:])
    return replace(edition, boundaries=left)


def only_one(edition: Edition) -> Edition:
    """What is left is a part of the country, which a map in one file begins with."""
    return replace(edition, boundaries={AHI: edition.boundaries[AHI]})


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


SHELL = {MAP_ELEMENT, MAP_SCRIPT}
SEEN = {TOPOLOGY, OVERVIEW, COUNTRY, COUNTRY_DARK}
"""What the map draws without a word of anybody's."""
ALL = {DRAWN, COAST, FILE_SHELL, *SHELL, *SEEN}


def served(edition: Edition, **by: str) -> Edition:
    """Some catchments are served by others."""
    return replace(
        edition,
        catchments={
            code: replace(each, provider_code=by.get(code, each.provider_code))
            for code, each in edition.catchments.items()
        },
    )


def in_region(edition: Edition, region: str) -> Edition:
    code, each = next(iter(edition.catchments.items()))
    told = {**edition.catchments, code: replace(each, education_region=region)}
    return replace(edition, catchments=told)


def in_another_order(edition: Edition) -> Edition:
    return replace(
        edition,
        boundaries=dict(reversed(edition.boundaries.items())),
        catchments=dict(reversed(edition.catchments.items())),
        providers=dict(reversed(edition.providers.items())),
    )


def real(edition: Edition) -> Edition:
    return replace(edition, sources=[replace(s, demonstration=False) for s in edition.sources])


CHANGES: dict[str, tuple[Callable[[Edition], Edition], set[str]]] = {
    "its number, title and date": (
        lambda e: replace(e, number=2, title="Another", effective_from=date(2027, 1, 1)),
        ALL,
    ),
    "lists": (lambda e: replace(e, listings={}, unserved=frozenset({54})), ALL),
    "providers": (lambda e: replace(e, providers={}), ALL),
    "who serves": (
        lambda e: served(e, **{AHI: e.catchments[KOWHAI].provider_code or ""}),
        ALL - SEEN,
    ),
    "a region": (lambda e: in_region(e, "Wellington"), ALL - SEEN),
    "whether it is made up": (real, ALL - SEEN),
    "the order of its parts": (in_another_order, ALL),
    "a vertex": (moved, {COAST, FILE_SHELL, *SHELL}),
    "a code": (renamed, {COAST, FILE_SHELL, *SHELL}),
    "a boundary less": (without_a_catchment, {COAST, FILE_SHELL, *SHELL}),
    "all boundaries but one": (only_one, {COAST, *SHELL}),
    "all boundaries": (lambda e: replace(e, boundaries={}), {COAST, FILE_SHELL, *SHELL}),
}


@pytest.mark.every_case
@pytest.mark.parametrize("what", CHANGES)
def test_only_what_is_made_of_the_same_is_taken_over(what: str) -> None:
    change, expected = CHANGES[what]
    old = parts(small_edition(number=1))
    later = change(small_edition(number=1))
    new = parts(later, earlier=old.get)
    assert new == parts(later)
    assert taken_over(new, old) == expected


@pytest.mark.parametrize("coast", [OTHER_LAND, None], ids=["another", "none"])
def test_another_coast_makes_what_it_is_in_anew(coast: BaseGeometry | None) -> None:
    old = parts(small_edition())
    new = parts(small_edition(), coast, old.get)
    assert new == parts(small_edition(), coast)
    assert taken_over(new, old) == {FILE_SHELL, *SHELL}


@pytest.mark.parametrize("of", ["MAKER", "shapely.__version__", "shapely.geos_version_string"])
def test_another_version_makes_all_anew(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = parts(small_edition())
    monkeypatch.setattr(f"maps.taken_over.{of}", "0")
    assert taken_over(parts(small_edition(), earlier=old.get), old) == set()


def test_another_version_of_what_writes_shells_makes_them_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = parts(small_edition())
    monkeypatch.setattr("maps.screen.shell.version", lambda _: "0")
    assert taken_over(parts(small_edition(), earlier=old.get), old) == ALL - {FILE_SHELL, *SHELL}


def test_land_that_is_not_needed_is_not_read() -> None:
    def never() -> BaseGeometry:
        raise AssertionError

    old = parts(small_edition())
    made = build_all(seen(small_edition()), coast=Coast(LAND.wkb, never), earlier=old.get)
    assert {each.name: each for each in made} == old


def damaged(kept: Kept, name: str) -> Kept:
    content = kept[name].content
    return {**kept, name: replace(kept[name], content=content[:-1] + bytes([content[-1] ^ 1]))}


DAMAGES: dict[str, Callable[[Kept], Kept]] = {
    "a changed part": lambda kept: damaged(damaged(kept, DRAWN), COAST),
    "a part that is gone": lambda kept: {MADE_OF: kept[MADE_OF]},
    "no word of what it was made of": lambda kept: {n: a for n, a in kept.items() if n != MADE_OF},
    "changed lines": lambda kept: damaged(damaged(kept, TOPOLOGY), COUNTRY),
    "a changed shell": lambda kept: damaged(damaged(kept, FILE_SHELL), MAP_SCRIPT),
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
    """Strips of which neighbours may be one catchment, of any names, regions and providers."""
    edges = sorted(draw(st.sets(st.integers(0, 12), min_size=2, max_size=5)))
    strips = [
        shapely.box(170 + west / 8, -41, 170 + east / 8, -40) for west, east in pairwise(edges)
    ]
    codes = draw(st.permutations(sorted(small_edition().boundaries)))
    edition = small_edition(
        boundaries=dict(zip(codes, strips, strict=False)),
        number=draw(st.integers(1, 3)),
        title=draw(st.sampled_from(["", "One", "Two"])),
    )
    edition = in_region(edition, draw(st.sampled_from(["", "Wellington"])))
    edition = served(edition, **{AHI: draw(st.sampled_from(sorted(edition.providers)))})
    return draw(st.sampled_from([edition, real(edition)]))


@settings(
    max_examples=laws.examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=editions(), new=editions(), coast=st.sampled_from([LAND, OTHER_LAND, None]))
def test_whatever_was_before_all_files_are_those_made_anew(
    old: Edition, new: Edition, coast: BaseGeometry | None
) -> None:
    assert parts(new, coast, parts(old).get) == parts(new, coast)


def test_areas_come_back_bit_for_bit() -> None:
    areas = display_coverage(small_edition().boundaries, coast=LAND)
    assert {code: a.wkb for code, a in unpacked(packed(areas)).items()} == {
        code: a.wkb for code, a in areas.items()
    }
