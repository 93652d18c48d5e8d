"""Withdrawing is the inverse of publishing: what is in force is as if it had never been there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from catchments.changes.change import Change
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.errors import NotKnown, PublicationRefused, long_date
from catchments.editions.history import EditionHistory, edition_json
from catchments.editions.publishing import PublicationRequest, Publisher, WithdrawalRequest
from catchments.lookup.snapshot import Snapshots, Timeline
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.queue import Outbox
from tests.worlds import (
    AHI,
    KOWHAI,
    RIMU,
    TODAY,
    opened,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
    withdraw,
)

SOON, LATER, LATEST = (TODAY + timedelta(days=days) for days in (30, 60, 90))
DAYS = (SOON, LATER, LATEST)
RENAMED = RenameCatchment(AHI, "Ahi Nui")
TO_AHI = AssignProvider((RIMU,), "P-AHI")
TO_RIMU = AssignProvider((AHI,), "P-RIMU")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the real small world as edition 1."""
    path = tmp_path_factory.mktemp("withdrawing") / "begun.sqlite"
    with opened(path) as store:
        store.add_release(small_release(demonstration=False))
        publish_whole(store, small_edition(demonstration=False))
    return path


@contextmanager
def copied(begun: Path, folder: Path) -> Iterator[Store]:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / "copy.sqlite"
    shutil.copy(begun, path)
    with opened(path) as store:
        yield store
    shutil.rmtree(folder)


@pytest.fixture
def store(begun: Path, tmp_path: Path) -> Iterator[Store]:
    with copied(begun, tmp_path / "one") as made:
        yield made


def publisher(store: Store) -> Publisher:
    return Publisher(store, lambda _: simple_artefacts(), "1", today=TODAY)


def published(store: Store, change: Change, day: date, title: str = "Draft") -> list[int]:
    draft = store.add_to_draft(change, draft_id=None, title=title, base_number=1)
    return publisher(store).publish(PublicationRequest(draft, day, f"For {title}.", reapply=True))


def withdrawn(store: Store, number: int, **how: object) -> list[int]:
    return publisher(store).withdraw(WithdrawalRequest(number, **how))  # type: ignore[arg-type]


def refusal(work: Callable[[], object]) -> PublicationRefused:
    with pytest.raises(PublicationRefused) as refused:
        work()
    return refused.value


def in_force(store: Store) -> list[object]:
    """What is in force on each day: names and providers of catchments, and why."""
    timeline = Timeline.of(store.editions(), store.releases())
    found = []
    for day in (TODAY, *DAYS):
        edition = store.edition(timeline.edition_on(day).number)
        found.append((edition.catchments, edition.listings, edition.title, edition.reason))
    return found


def test_later_editions_are_published_anew_without_it(store: Store) -> None:
    published(store, RENAMED, SOON)
    published(store, TO_AHI, LATER, "Rimu to Ahi")
    assert withdrawn(store, 2, reason="Not yet.", by="tama") == [4]
    anew = store.edition(4)
    assert anew.catchments[AHI].name == "Ahi"
    assert anew.catchments[RIMU].provider_code == "P-AHI"
    assert (anew.title, anew.reason, anew.effective_from) == (
        "Rimu to Ahi",
        "For Rimu to Ahi.",
        LATER,
    )
    standing = {e.number: e for e in store.editions()}
    assert standing[4].base_number == 1
    assert standing[2].withdrawn_at
    assert not standing[3].withdrawn_at  # it is replaced, on the same day, by 4
    trail = AuditTrail(store).entries(matching={}, at_most=9)
    assert {(e.actor, e.action) for e in trail if e.actor == "tama"} == {
        ("tama", "edition.withdraw"),
        ("tama", "edition.publish"),
    }


def test_what_was_published_anew_is_told_beside_what_it_was_made_from(store: Store) -> None:
    published(store, RENAMED, SOON)
    published(store, TO_AHI, LATER, "Rimu to Ahi")
    withdrawn(store, 2)
    world = Snapshots(store, today=lambda: TODAY).current()
    history = EditionHistory(world, store.editions(), store)
    told = [edition_json(history, each, "")["changes"] for each in store.editions()[2:]]
    assert [each["compared_with"] for each in told if each] == [2, 1]
    assert [each["catchments"]["changed"] for each in told if each] == [[RIMU], [RIMU]]


def test_what_it_was_published_anew_from_does_not_come_back(store: Store) -> None:
    published(store, TO_AHI, LATER)
    assert published(store, RENAMED, SOON) == [3, 4]  # 4 is 2 on top of 3
    assert withdrawn(store, 4) == []
    timeline = Timeline.of(store.editions(), store.releases())
    assert timeline.edition_on(LATER).number == 3
    assert [e.number for e in store.editions() if e.withdrawn_at] == [2, 4]


def test_the_edition_that_stands_for_it_is_named(store: Store) -> None:
    published(store, TO_AHI, LATER)
    published(store, RENAMED, SOON)
    before = store.state()
    refused = refusal(lambda: withdrawn(store, 2))
    assert refused.problem == "Edition 2 was published anew as edition 4, which stands for it."
    assert refused.next_step == "Withdraw edition 4."
    assert store.state() == before


def test_an_edition_that_needs_it_is_named_and_nothing_is_withdrawn(store: Store) -> None:
    published(store, RENAMED, SOON)
    edition = small_edition(demonstration=False)
    by_its_name = ReplaceProviders(edition.providers, edition.sources[0], {"Ahi Nui": "P-RIMU"})
    published(store, by_its_name, LATER)
    before = store.state()
    refused = refusal(lambda: withdrawn(store, 2))
    assert refused.problem.startswith(
        f"Edition 3, scheduled for {long_date(LATER)}, no longer fits without edition 2: "
        "The provider file speaks of a catchment “Ahi Nui”"
    )
    assert refused.next_step == "Withdraw edition 3 first."
    assert store.state() == before


def test_of_two_on_one_day_the_first_can_be_taken_out(store: Store) -> None:
    published(store, RENAMED, SOON)
    published(store, TO_AHI, SOON)
    [anew] = withdrawn(store, 2)
    found = store.edition(anew)
    assert (found.catchments[AHI].name, found.catchments[RIMU].provider_code) == ("Ahi", "P-AHI")


def test_publishing_before_two_of_one_day_keeps_the_changes_of_both(store: Store) -> None:
    published(store, TO_AHI, LATER)
    published(store, AssignProvider((KOWHAI,), "P-AHI"), LATER)
    published(store, RENAMED, SOON)
    timeline = Timeline.of(store.editions(), store.releases())
    found = store.edition(timeline.edition_on(LATER).number).catchments
    assert found[RIMU].provider_code == found[KOWHAI].provider_code == "P-AHI"
    assert found[AHI].name == "Ahi Nui"


def test_a_first_real_edition_leaves_nothing_real_on_what_is_made_up(tmp_path: Path) -> None:
    with opened(tmp_path / "made-up.sqlite") as store:
        store.add_release(small_release(demonstration=False))
        publish_whole(store, small_edition())
        publish_whole(store, small_edition(demonstration=False, effective_from=SOON))
        draft = store.add_to_draft(RENAMED, draft_id=None, title="Named", base_number=2)
        publisher(store).publish(PublicationRequest(draft, LATER))
        before = store.state()
        refused = refusal(lambda: withdrawn(store, 2))
        assert refused.problem.startswith("Edition 3, scheduled for")
        assert "no longer fits without edition 2" in refused.problem
        assert refused.next_step == "Withdraw edition 3 first."
        assert store.state() == before
        assert withdrawn(store, 3) == []
        assert withdrawn(store, 2) == []


def test_one_that_is_not_there_or_in_force_or_withdrawn_is_refused(store: Store) -> None:
    published(store, RENAMED, SOON)
    with pytest.raises(NotKnown, match="There is no edition 9"):
        withdrawn(store, 9)
    assert "answers were given" in refusal(lambda: withdrawn(store, 1)).problem
    withdraw(store, 2)
    assert refusal(lambda: withdrawn(store, 2)).problem == "Edition 2 has been withdrawn already."


KOWHAI_TO_AHI = AssignProvider((KOWHAI,), "P-AHI")
TO_KOWHAI = MoveSchools((57,), KOWHAI)


def sent(store: Store) -> list[tuple[str, str]]:
    """Send all e-mails that wait; return to whom each went, and its text."""
    box, gone = Outbox(store), []
    while claimed := box.claim():
        gone.append((claimed.recipient_name, claimed.text))
        box.mark_sent(claimed)
    return gone


@pytest.mark.parametrize("tell_again", [False, True])
@pytest.mark.parametrize("went_out", [False, True])
def test_nobody_is_left_with_what_was_told_of_the_form_that_was_published_anew(
    store: Store, went_out: bool, tell_again: bool
) -> None:
    published(store, KOWHAI_TO_AHI, SOON)
    published(store, TO_KOWHAI, LATER, "57 to Kōwhai")  # so 57 would go to the Ahi Trust
    told = sent(store) if went_out else []
    assert [name for name, text in told if "Schools that come to you" in text] == (
        ["Ahi Trust"] * 2 if went_out else []
    )
    withdrawn(store, 2, reason="Not yet.", tell_again=tell_again)  # 57 goes to Ngā Rākau then
    heard = sent(store)
    days = [SOON] * tell_again + [LATER]
    assert [name for name, _ in heard] == (["Ahi Trust"] * len(days) if went_out else [])
    for (_, text), day in zip(heard, days, strict=went_out):
        assert f"about a change of the attendance service from {long_date(day)}" in text
        assert "What we wrote about it no longer holds.\n\nWhy: Not yet." in text
    withdrawn(store, 4, tell_again=True)
    assert sent(store) == []  # it was taken back already


@pytest.mark.parametrize("went_out", [False, True])
def test_publishing_before_an_edition_takes_back_what_it_no_longer_brings(
    store: Store, went_out: bool
) -> None:
    published(store, KOWHAI_TO_AHI, LATER)
    assert len(sent(store) if went_out else []) == went_out
    assert published(store, KOWHAI_TO_AHI, SOON, "Sooner") == [3, 4]
    texts = [text for name, text in sent(store) if name == "Ahi Trust"]
    assert len(texts) == 1 + went_out
    assert f"From {long_date(SOON)} what you provide" in texts[0]
    for text in texts[1:]:
        assert f"about a change of the attendance service from {long_date(LATER)}" in text
        assert "before it took effect. What we wrote about it no longer holds." in text
        assert "\n\nWhy: For Sooner." in text


def test_what_took_effect_already_is_not_said_to_have_been_withdrawn_before(store: Store) -> None:
    published(store, KOWHAI_TO_AHI, TODAY)
    sent(store)
    assert published(store, KOWHAI_TO_AHI, TODAY - timedelta(days=9), "Corrected") == [3, 4]
    [taken_back] = [text for _, text in sent(store) if "no longer holds" in text]
    assert "That change was withdrawn after that day." in taken_back


CHANGES: tuple[Change, ...] = (
    RENAMED,
    TO_AHI,
    TO_RIMU,
    AssignProvider((KOWHAI,), "P-AHI"),
    RenameCatchment(RIMU, "Rimu Iti"),
    RenameCatchment(KOWHAI, "Kōwhai Nui"),
)
PLANS = st.lists(
    st.tuples(st.sampled_from(range(len(CHANGES))), st.sampled_from(DAYS)),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each[0],
)


def put_in_force(store: Store, plan: Sequence[tuple[int, date]]) -> None:
    for at, day in plan:
        published(store, CHANGES[at], day, f"change {at}")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS, out=st.integers(0, 3))
@example(plan=[(1, LATER), (0, LATER), (5, SOON)], out=0)
def test_withdrawing_undoes_publishing_whatever_was_published_since(
    plan: list[tuple[int, date]], out: int, begun: Path, tmp_path: Path
) -> None:
    out %= len(plan)
    with copied(begun, tmp_path / "all") as whole, copied(begun, tmp_path / "less") as less:
        put_in_force(whole, plan)
        stands = max(e.number for e in whole.editions() if e.title == f"change {plan[out][0]}")
        withdrawn(whole, stands)
        put_in_force(less, [each for at, each in enumerate(plan) if at != out])
        assert in_force(whole) == in_force(less)
