"""What is read is what was written, whatever text a file had in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.changes.change import Change
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.errors import NotKnown
from catchments.core.model import (
    Catchment,
    DirectoryRelease,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.store import Artefact, Store
from catchments.store.engine import open_engine
from maps import MAKER
from tests.conftest import fresh_postgresql
from tests.laws import examples
from tests.worlds import (
    HOSTILE,
    REKOHU,
    SQUARES,
    opened,
    publish_whole,
    small_edition,
    small_release,
    small_schools,
    source,
    sqlite_url,
    square,
    without_identity,
)

pytestmark = pytest.mark.dialects

LAW = settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NASTY = (
    "",
    "Tāmaki Herenga Tāngata",
    "Te Kura Kaupapa Māori o Ngā Mokopuna",
    HOSTILE,
    "'; DROP TABLE edition; --",
    "\"quoted\" and 'quoted' and `ticked`",
    "🏫👩🏽‍🏫",
    "a\u0304 against ā",
    "\u202egnp.exe\u202c",
    "line\nline\r\n\ttab",
    "\x1b[31mred\x1b[0m",
    "%s %(name)s {0} :param ?",
    "\\x00 \\u0000 not a NUL",
    " leading and trailing ",
    "\ufeff\uffff",
    "0",
    "null",
)
# No NUL, which PostgreSQL does not keep, and no lone surrogate, which is no text.
texts = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60
)
codes = texts.filter(bool).map(lambda text: text[:100])
numbers = st.integers(1, 999_999_999)
dates = st.dates(date(1840, 2, 6), date(2999, 12, 31))
places = st.builds(Place, lng=st.floats(-180, 180), lat=st.floats(-90, 90))
digests = st.binary(max_size=8).map(lambda data: hashlib.sha256(data).hexdigest())
sources = st.builds(
    Source,
    st.sampled_from(SourceKind),
    texts,
    texts,
    texts,
    texts,
    digests,
    texts,
    texts,
    st.booleans(),
)
boundaries = st.builds(
    lambda x, y, side: shapely.box(x, y, x + side, y + side),
    st.floats(166, 178),
    st.floats(-47, -34),
    st.floats(1e-9, 1),
)
providers = st.builds(Provider, codes, texts, texts, texts, texts)
schools = st.builds(
    School,
    school_id=numbers,
    name=texts,
    status=st.sampled_from(SchoolStatus),
    place=st.none() | places,
    org_type=texts,
    address=texts,
    suburb=texts,
    city=texts,
    postcode=texts,
    phone=texts,
    website=texts,
    email_domain=texts,
    education_region=texts,
    territorial_authority=texts,
    roll=st.none() | st.integers(0, 9_999_999),
    opens=st.none() | dates,
    closed=st.none() | dates,
)


@st.composite
def catchments(draw: st.DrawFn) -> dict[str, Catchment]:
    found = draw(st.lists(codes, max_size=4, unique=True))
    return {c: Catchment(c, draw(texts), draw(texts), draw(st.none() | codes)) for c in found}


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    them = draw(catchments())
    listed = draw(
        st.dictionaries(numbers, st.sampled_from(sorted(them)), max_size=4) if them else st.just({})
    )
    return Edition(
        catchments=them,
        boundaries={code: draw(boundaries) for code in them if draw(st.booleans())},
        providers={p.code: p for p in draw(st.lists(providers, max_size=3))},
        listings=listed,
        unserved=draw(st.frozensets(numbers, max_size=3)) - set(listed),
        in_school_provision=draw(st.dictionaries(numbers, texts, max_size=3)),
        sources=tuple(draw(st.lists(sources, max_size=3))),
        overlaps_accepted=draw(st.booleans()),
        gaps_accepted=draw(st.booleans()),
        title=draw(texts),
        reason=draw(texts),
        effective_from=draw(dates),
    )


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        ReplaceCatchments,
        catchments(),
        st.dictionaries(codes, boundaries, max_size=3),
        st.lists(sources, max_size=2).map(tuple),
        st.lists(providers, max_size=2).map(lambda found: {p.code: p for p in found}),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(
        ReplaceProviders,
        st.lists(providers, max_size=2).map(lambda found: {p.code: p for p in found}),
        sources,
        st.dictionaries(texts, codes, max_size=3),
    ),
    st.builds(
        ReplaceListings,
        st.dictionaries(numbers, codes, max_size=3),
        sources,
        unserved=st.frozensets(numbers, max_size=3),
        in_school_provision=st.none() | st.dictionaries(numbers, texts, max_size=3),
    ),
)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store that one test after another adds to."""
    with _address(request, tmp_path_factory) as url, opened(url) as store:
        yield store


@contextmanager
def _address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path_factory.mktemp("kept") / "kept.sqlite")
        return
    with fresh_postgresql(request.getfixturevalue("postgresql_cluster")) as url:
        yield url


@LAW
@given(edition=editions())
def test_an_edition_comes_back_as_it_was(kept: Store, edition: Edition) -> None:
    number = publish_whole(kept, edition, artefacts=[])
    assert kept.edition(number) == replace(edition, number=number)


@LAW
@given(found=st.lists(schools, max_size=4), released=dates, origin=sources)
def test_a_directory_release_comes_back_as_it_was(
    kept: Store, found: list[School], released: date, origin: Source
) -> None:
    release = DirectoryRelease({s.school_id: s for s in found}, released, origin)
    number = kept.add_release(release)
    kept_release = replace(kept.release(number), former={}, former_names={})
    assert kept_release == replace(release, number=number)


@LAW
@given(steps=st.lists(changes, min_size=1, max_size=3), title=texts)
def test_a_draft_comes_back_with_its_changes_in_order(
    kept: Store, steps: list[Change], title: str
) -> None:
    draft_id = None
    for step in steps:
        draft_id = kept.add_to_draft(step, draft_id=draft_id, title=title, base_number=None)
    draft = kept.draft(draft_id or 0)
    assert draft.changes == tuple(steps)
    assert (draft.title, draft.base_number, draft.published_as) == (title, None, None)


@LAW
@given(name=codes, content=st.binary(max_size=200))
def test_an_artefact_comes_back_byte_for_byte(kept: Store, name: str, content: bytes) -> None:
    number = publish_whole(kept, small_edition(), artefacts=[Artefact(name, "text/x", content)])
    found = kept.artefact(number, name)
    assert found == Artefact(name, "text/x", content)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert kept.artefact(number, name + "x") is None


def test_the_small_world_comes_back_as_it_was(store: Store) -> None:
    number = publish_whole(store, small_edition())
    assert without_identity(store.edition(number)) == small_edition()
    assert store.add_release(small_release()) == 1
    assert store.release(1) == small_release(number=1)


def test_boundaries_are_stored_once_however_many_editions_have_them(
    store: Store, database_url: str
) -> None:
    for _ in range(3):
        publish_whole(store, small_edition())
    moved = {**small_edition().boundaries, REKOHU: shapely.box(-177, -44.5, -176, -43.4)}
    publish_whole(store, small_edition(boundaries=moved))
    change = ReplaceCatchments(
        small_edition().catchments, small_edition().boundaries, (source(SourceKind.BOUNDARIES),)
    )
    store.add_to_draft(change, draft_id=None, title="Same again", base_number=4)
    assert _count(database_url, "boundary") == len(SQUARES) + 1
    assert store.edition(1).boundaries[REKOHU].equals(square(REKOHU))
    assert store.edition(4).boundaries[REKOHU].equals(moved[REKOHU])


def _count(url: str, table: str) -> int:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    engine.dispose()
    return found or 0


def test_new_artefacts_take_the_place_of_an_older_makers(store: Store) -> None:
    number = publish_whole(store, small_edition())
    assert store.editions_without_artefacts(MAKER) == []
    assert store.editions_without_artefacts("another") == [number]
    store.add_artefacts(number, [Artefact("map.js", "text/javascript", b"new")], maker="another")
    assert store.editions_without_artefacts("another") == []
    found = store.artefact(number, "map.js")
    assert found
    assert found.content == b"new"
    assert store.artefact(number, "map-element.html") is None


def test_summaries_say_what_the_editions_say(store: Store) -> None:
    first = publish_whole(store, small_edition())
    second = publish_whole(store, small_edition(demonstration=False, title="Real"))
    summaries = store.editions()
    assert [s.number for s in summaries] == [first, second]
    assert [s.demonstration for s in summaries] == [True, False]
    assert [s.title for s in summaries] == ["Squares", "Real"]
    assert all(isinstance(s.published_at, datetime) for s in summaries)


def test_what_does_not_exist_is_not_known(store: Store) -> None:
    for ask in (store.edition, store.release, store.draft):
        with pytest.raises(NotKnown, match=r"There is no .* 7"):
            ask(7)


# --- schools of earlier releases ------------------------------------------------------------------


def _release(day: date, *numbers: int, demonstration: bool = False) -> DirectoryRelease:
    kept = {n: s for n, s in small_schools().items() if n in numbers}
    return small_release(schools=kept, released=day, demonstration=demonstration)


def test_a_release_remembers_the_schools_that_only_earlier_ones_hold(store: Store) -> None:
    first, second, third = date(2025, 1, 1), date(2025, 6, 1), date(2026, 1, 1)
    for day, numbers in ((first, (54, 55, 56)), (third, (54,)), (second, (54, 55))):
        store.add_release(_release(day, *numbers))
    oldest, newest, middle = (store.release(n) for n in (1, 2, 3))
    assert oldest.former == {}
    assert set(middle.former) == {56}
    assert {n: s.last_seen for n, s in newest.former.items()} == {55: second, 56: first}
    assert all(s.status is SchoolStatus.CLOSED for s in newest.former.values())


def test_a_school_that_came_back_is_not_a_former_one(store: Store) -> None:
    for month, numbers in ((1, (54, 55)), (2, (54,)), (3, (54, 55))):
        store.add_release(_release(date(2026, month, 1), *numbers))
    assert store.release(3).former == {}
    assert set(store.release(2).former) == {55}


def test_a_real_directory_does_not_remember_the_demonstrations_schools(store: Store) -> None:
    store.add_release(_release(date(2025, 1, 1), 54, 498, demonstration=True))
    store.add_release(_release(date(2026, 1, 1), 55))
    assert store.release(2).former == {}


def test_where_a_database_lies_does_not_matter(tmp_path: Path) -> None:
    with opened(tmp_path / "Ōtāhuhu 100% & co.sqlite") as store:
        assert publish_whole(store, small_edition()) == 1
