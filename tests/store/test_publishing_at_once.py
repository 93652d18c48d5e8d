"""Whole or not at all: writers that fail, writers that race, readers meanwhile."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.core.errors import PublicationRefused
from catchments.core.model import Edition, SourceKind
from catchments.lookup.snapshot import Snapshots
from catchments.store import Publication, State, Store, artefacts, editions
from catchments.store.drafts import records
from catchments.store.engine import open_engine
from tests.waiting import PATIENCE_S
from tests.worlds import (
    AHI,
    STARTS,
    TABLES,
    at_once,
    opened,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
    source,
    withdraw,
)

pytestmark = pytest.mark.dialects


def _rows(url: str) -> dict[str, int]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {t: connection.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0 for t in TABLES}
    engine.dispose()
    return found


class PowerCut(Exception):
    """Stands for whatever may go wrong in the middle."""


def _failing(original: Callable[..., Any]) -> Callable[..., Any]:
    def fails(*given: Any, **more: Any) -> Any:
        original(*given, **more)
        raise PowerCut

    return fails


MOMENTS = {
    "after the boundaries": (editions, "_write_boundaries"),
    "after the first rows": (editions, "_insert"),
    "after a source": (editions, "write_source"),
    "after the edition": (editions, "write"),
    "after the artefacts": (artefacts, "write"),
    "after the draft": (records, "mark_published"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_publication_that_fails_in_the_middle_leaves_nothing(
    moment: str, store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_whole(store, small_edition())
    change = _listing_change()
    draft_id = store.add_to_draft(change, draft_id=None, title="Draft", base_number=1)
    before, state = _rows(database_url), store.state()
    module, name = MOMENTS[moment]
    with monkeypatch.context() as patched:
        patched.setattr(module, name, _failing(getattr(module, name)))
        publication = Publication(
            small_edition(title="New"), STARTS, 1, draft_id, simple_artefacts(), "1"
        )
        with pytest.raises(PowerCut):
            store.publish([publication], expected=state, release=small_release())
    assert _rows(database_url) == before
    assert store.state() == state
    assert store.draft(draft_id).published_as is None
    assert store.publish([publication], expected=state) == [2]


def _listing_change() -> ReplaceListings:
    return ReplaceListings({54: AHI}, source(SourceKind.LISTINGS))


def test_the_second_of_two_publications_failing_takes_the_first_with_it(
    store: Store, database_url: str
) -> None:
    fine = Publication(small_edition(), STARTS, None)
    broken = Publication(small_edition(title=None), STARTS, None)  # type: ignore[arg-type]
    before = _rows(database_url)
    with pytest.raises(sa.exc.IntegrityError):
        store.publish([fine, broken], expected=store.state())
    assert _rows(database_url) == before


def test_a_release_that_fails_in_the_middle_leaves_nothing(store: Store, database_url: str) -> None:
    good = small_release()
    schools = {**good.schools, 99: replace(good.schools[54], school_id=99, name=None)}  # type: ignore[arg-type]
    with pytest.raises(sa.exc.IntegrityError):
        store.add_release(small_release(schools=schools))
    assert set(_rows(database_url).values()) == {0}


def test_of_two_publishers_at_once_one_succeeds_and_the_other_is_refused(
    store: Store, database_url: str
) -> None:
    publish_whole(store, small_edition())
    state = store.state()

    def publish(title: str) -> Callable[[], list[int]]:
        def work() -> list[int]:
            with opened(database_url) as mine:
                publication = Publication(small_edition(title=title), STARTS, 1)
                return mine.publish([publication], expected=state)

        return work

    results = at_once(*(publish(f"By {n}") for n in range(4)))
    refused = [r for r in results if isinstance(r, PublicationRefused)]
    assert [r for r in results if r not in refused] == [[2]]
    assert len(refused) == 3
    assert "Another edition was published or withdrawn" in str(refused[0])
    assert len(store.editions()) == 2


def test_a_publication_is_refused_after_a_withdrawal_too(store: Store) -> None:
    publish_whole(store, small_edition())
    state = store.state()
    withdraw(store, 1)
    with pytest.raises(PublicationRefused):
        store.publish([Publication(small_edition(), STARTS, 1)], expected=state)


def test_many_drafts_and_releases_begun_at_once_are_all_kept(
    store: Store, database_url: str
) -> None:
    def draft() -> int:
        with opened(database_url) as mine:
            return mine.add_to_draft(_listing_change(), draft_id=None, title="", base_number=None)

    def release() -> int:
        with opened(database_url) as mine:
            return mine.add_release(small_release())

    results = at_once(*[draft] * 4, *[release] * 4)
    assert sorted(results[:4]) == [1, 2, 3, 4]
    assert sorted(results[4:]) == [1, 2, 3, 4]
    assert [len(store.draft(n).changes) for n in range(1, 5)] == [1] * 4


def _numbered(number: int) -> Edition:
    """An edition of which every part says the same number."""
    edition = small_edition()
    return replace(
        edition,
        title=f"Number {number}",
        effective_from=STARTS + timedelta(days=number),
        catchments={c: replace(v, name=f"{number}") for c, v in edition.catchments.items()},
        providers={c: replace(v, name=f"{number}") for c, v in edition.providers.items()},
        listings=dict.fromkeys(range(1, 40), AHI),
        in_school_provision=dict.fromkeys(range(1, 20), f"{number}"),
        sources=tuple(replace(s, release=f"{number}") for s in edition.sources),
    )


def _is_whole(edition: Edition) -> bool:
    said = {c.name for c in edition.catchments.values()}
    said |= {p.name for p in edition.providers.values()}
    said |= set(edition.in_school_provision.values()) | {s.release for s in edition.sources}
    sizes = [len(edition.catchments), len(edition.boundaries), len(edition.listings)]
    return said == {edition.title.removeprefix("Number ")} and sizes == [5, 5, 39]


def test_no_reader_ever_sees_half_an_edition(store: Store, database_url: str) -> None:
    store.add_release(small_release())
    publish_whole(store, _numbered(1))
    published, seen, done = 12, set(), threading.Event()

    def read() -> list[bool]:
        found, last_look = [], False
        with opened(database_url) as mine:
            while not last_look:
                last_look = done.is_set()
                for summary in mine.editions()[-2:]:
                    edition = mine.edition(summary.number)
                    artefact = mine.artefact(summary.number, "map-element.html")
                    found.append(_is_whole(edition) and artefact is not None)
                    seen.add(summary.number)
        return found

    def write() -> None:
        try:
            with opened(database_url) as mine:
                for number in range(2, published + 1):
                    publish_whole(mine, _numbered(number))
        finally:
            done.set()

    *read_by, written = at_once(read, read, write)
    assert written is None
    assert all(all(found) for found in read_by)
    assert published in seen
    assert len(seen) > 2


@pytest.mark.thorough
def test_a_world_seen_while_publishing_goes_on_is_of_one_edition(
    store: Store, database_url: str
) -> None:
    store.add_release(small_release())
    publish_whole(store, _numbered(1))
    today = STARTS + timedelta(days=30)
    snapshots = Snapshots(store, today=lambda: today)
    done = threading.Event()

    def ask() -> set[tuple[str, ...]]:
        found = set()
        while not done.is_set():
            world = snapshots.current()
            snapshot, answer = world.on(today), world.as_at(today).school(54)
            assert snapshot
            assert answer
            assert answer.catchment
            assert answer.provider
            found.add((snapshot.edition.title[7:], answer.catchment.name, answer.provider.name))
        return found

    def publish() -> None:
        try:
            for number in range(2, 10):
                publish_whole(store, _numbered(number))
                snapshots.refresh()
        finally:
            done.set()

    asked, published = at_once(ask, publish)
    assert published is None
    assert all(len(set(names)) == 1 for names in asked)
    last = snapshots.current().on(today)
    assert last
    assert last.edition.number == 9


def test_state_changes_with_everything_that_changes_answers(store: Store) -> None:
    states = [store.state()]
    store.add_release(small_release())
    states.append(store.state())
    publish_whole(store, small_edition())
    states.append(store.state())
    withdraw(store, 1)
    states.append(store.state())
    assert len(set(states)) == len(states)
    assert states[-1] == State(editions=1, withdrawn=1, releases=1)


def test_a_busy_database_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "busy.sqlite"
    with opened(path) as store:
        store.add_release(small_release())

        def hold() -> None:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            held.set()
            tried.wait(PATIENCE_S)
            time.sleep(0.1)  # so that it is refused the database before it gets it
            done.append("let go")
            other.execute("ROLLBACK")
            other.close()

        def publish() -> None:
            held.wait(PATIENCE_S)
            tried.set()
            publish_whole(store, small_edition())
            done.append("published")

        done: list[str] = []
        held, tried = threading.Event(), threading.Event()
        assert at_once(hold, publish) == [None, None]
    assert done == ["let go", "published"]
