"""What an edition changed is worked out once, kept with it, and told from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.commands.jobs import publishing_setup
from catchments.commands.jobs.publishing_setup import artefacts_anew
from catchments.core.model import Edition, Provider
from catchments.editions.differences import (
    DIFFERENCE,
    Difference,
    difference,
    difference_json,
    in_words,
    read_difference,
    schools_changed,
    written_difference,
)
from catchments.editions.history import EditionHistory
from catchments.editions.publishing import PublicationRequest, Publisher
from catchments.lookup.snapshot import Snapshot, Snapshots
from catchments.readers.report import no_progress
from catchments.store import Artefact, Store
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    TODAY,
    next_edition,
    simple_artefacts,
    small_edition,
    small_release,
)

LATER = date(2026, 7, 1)


def snapshots(after: Edition) -> tuple[Snapshot, Snapshot]:
    release = small_release(number=1)
    old = Snapshot.of(small_edition(number=1), release)
    return old, Snapshot.of(replace(after, number=2), release, like=[old])


def renamed() -> Edition:
    first = small_edition()
    providers = {**first.providers, "P-AHI": Provider("P-AHI", HOSTILE, "0800 111 111")}
    catchments = {**first.catchments, AHI: replace(first.catchments[AHI], name=HOSTILE)}
    boundaries = {**first.boundaries, KOWHAI: first.boundaries[KOWHAI].buffer(-0.01)}
    return replace(first, providers=providers, catchments=catchments, boundaries=boundaries)


def alike(one: Difference, other: Difference) -> bool:
    told = [
        (difference_json(each), in_words(each), [s.school for s in each.schools])
        for each in (one, other)
    ]
    sides = [
        [(s.before.provider, s.after.provider, s.changes_catchment) for s in each.schools]
        for each in (one, other)
    ]
    return told[0] == told[1] and sides[0] == sides[1]


def without_provision() -> Edition:
    return replace(small_edition(), in_school_provision={}, unserved=frozenset())


@pytest.mark.parametrize(
    "after", [next_edition(LATER), renamed(), without_provision(), small_edition()]
)
def test_what_was_kept_tells_the_same_as_what_was_worked_out(after: Edition) -> None:
    old, new = snapshots(after)
    changed = schools_changed(old.answers, new.answers)
    found = difference(old.edition, new.edition, changed, release=1)
    kept = read_difference(written_difference(old, new).content, before=1, release=1)
    assert kept is not None
    assert alike(kept, found)


def test_a_first_edition_is_kept_as_one() -> None:
    old, _ = snapshots(small_edition())
    kept = read_difference(written_difference(None, old).content, before=None, release=1)
    assert kept is not None
    assert in_words(kept) == ["The first edition: 5 catchments and 4 providers."]


@pytest.mark.parametrize(
    ("spoil", "before", "release"),
    [
        (lambda kept: kept, 2, 1),
        (lambda kept: kept, 1, 2),
        (lambda kept: kept, None, 1),
        (lambda kept: kept[:-1], 1, 1),
        (lambda _: b"{}", 1, 1),
        (lambda _: b"\xff", 1, 1),
        (lambda _: None, 1, 1),
    ],
)
def test_what_was_kept_of_other_editions_is_not_told(
    spoil: Callable[[bytes], bytes | None], before: int | None, release: int
) -> None:
    kept = written_difference(*snapshots(next_edition(LATER))).content
    assert read_difference(spoil(kept), before=before, release=release) is None


@pytest.mark.parametrize(
    ("becomes", "told"),
    [
        (
            {"in_school_provision": {}},
            {"in_school_provision": [{"school_id": 54, "before": "{note}", "after": None}]},
        ),
        (
            {"in_school_provision": {54: "Another team"}},
            {
                "in_school_provision": [
                    {"school_id": 54, "before": "{note}", "after": "Another team"}
                ]
            },
        ),
        (
            {"unserved": frozenset()},
            {"listings_changed": [498], "unserved": {"added": [], "removed": [498]}},
        ),
        (
            {"unserved": frozenset({498, 999})},
            {"listings_changed": [999], "unserved": {"added": [999], "removed": []}},
        ),
    ],
)
def test_what_changes_for_a_school_beside_its_provider_is_told_to_machines_too(
    becomes: dict[str, Any], told: dict[str, Any]
) -> None:
    first = small_edition()
    assert set(first.in_school_provision) == {54}
    assert first.unserved == {498}
    old, new = snapshots(replace(first, **becomes))
    found = read_difference(written_difference(old, new).content, before=1, release=1)
    nothing = read_difference(written_difference(old, old).content, before=1, release=1)
    assert found is not None
    assert nothing is not None
    for each in told.get("in_school_provision", ()):
        each["before"] = each["before"].format(note=first.in_school_provision[54])
    said, unchanged = difference_json(found), difference_json(nothing)
    about = ("in_school_provision", "listings_changed", "unserved")
    assert {k: said[k] for k in about} == {**{k: unchanged[k] for k in about}, **told}  # type: ignore[literal-required]


def test_what_was_kept_before_provision_was_told_is_worked_out_anew() -> None:
    kept = msgspec.json.decode(written_difference(*snapshots(without_provision())).content)
    for name in ("in_school_provision", "listings_changed", "unserved_added", "unserved_removed"):
        older = msgspec.json.encode({k: v for k, v in kept.items() if k != name})
        assert read_difference(older, before=1, release=1) is None


# --- from publication to page ---------------------------------------------------------------------


def publish_two(store: Store) -> None:
    def publisher() -> Publisher:
        return Publisher(store, lambda _: simple_artefacts(), "1", today=TODAY)

    publisher().seed(small_edition(), small_release())
    change = AssignProvider((KOWHAI,), "P-AHI")
    draft = store.add_to_draft(change, draft_id=None, title="", base_number=1)
    publisher().publish(PublicationRequest(draft, LATER))


def chronicle(store: Store) -> EditionHistory:
    world = Snapshots(store, today=lambda: TODAY).current()

    def written(edition: int) -> bytes | None:
        found = store.artefact(edition, DIFFERENCE)
        return found.content if found else None

    return EditionHistory(world, store.editions(), store, written=written)


def test_publishing_keeps_what_it_changed_and_nobody_works_it_out_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two(store)
    plain = replace(chronicle(store), written=lambda _: None)
    worked_out = [plain.difference(edition) for edition in plain.editions]
    monkeypatch.setattr(EditionHistory, "_worked_out", None)
    told = chronicle(store)
    for edition, expected in zip(told.editions, worked_out, strict=True):
        found = told.difference(edition)
        assert found is not None
        assert expected is not None
        assert alike(found, expected)


def test_what_is_made_anew_has_what_was_changed_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two(store)
    kept = {n: store.artefact(n, DIFFERENCE) for n in (1, 2)}
    monkeypatch.setattr(publishing_setup, "artefacts", lambda *_: simple_artefacts())
    for number, before in kept.items():
        made = {a.name: a.content for a in artefacts_anew(store, number, no_progress)}
        assert before is not None
        known = {"before": 1 if number == 2 else None, "release": 1}
        again, first = (read_difference(c, **known) for c in (made[DIFFERENCE], before.content))
        assert again is not None
        assert first is not None
        assert alike(again, first)


def test_what_is_published_anew_takes_over_from_what_was_made_just_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two(store)
    seen = []

    def made(snapshot: Snapshot, _: object, earlier: publishing_setup.Kept) -> list[Artefact]:
        found = earlier("of")
        seen.append(found and found.content)
        return [Artefact("of", "text/plain", f"{snapshot.edition.number}".encode())]

    monkeypatch.setattr(publishing_setup, "artefacts", made)
    monkeypatch.setattr(publishing_setup, "today_in_new_zealand", lambda: TODAY)
    change = AssignProvider((AHI,), "P-RAKAU")
    draft = store.add_to_draft(change, draft_id=None, title="", base_number=1)
    request = PublicationRequest(draft, date(2026, 5, 1))
    assert publishing_setup.publisher(store, no_progress).publish(request) == [3, 4]
    assert seen == [None, b"3"]


def test_a_catchment_that_is_only_called_otherwise_moves_no_school() -> None:
    before = small_edition()
    named = replace(before.catchments[AHI], name="Ahi Nui")
    after = replace(before, catchments={**before.catchments, AHI: named})
    old, new = snapshots(after)
    moved = schools_changed(old.answers, new.answers)
    assert moved  # their answers name their catchment otherwise
    told = " ".join(in_words(difference(old.edition, new.edition, moved, release=1)))
    assert "Renamed: " in told
    assert "in another catchment" not in told
