"""Findings explained away: the first reason stays, it can be taken back, all of it on record."""

from __future__ import annotations

import json

import pytest

from catchments.core.errors import InputRefused
from catchments.core.roles import Person, Role
from catchments.editions.issues import LONGEST_KEY, MatterKind, key_of
from catchments.store import Store
from catchments.store.explanations import REASON_AT_MOST, Explanations
from catchments.store.integrity.audit import AuditTrail
from tests.staff import add_person
from tests.worlds import HOSTILE

SAID = {"outside 57": "57 is outside.", "no-phone P": "P has no phone."}


@pytest.fixture
def hana(store: Store) -> Person:
    return add_person(store, "hana", Role.EDITOR)


@pytest.fixture
def aroha(store: Store) -> Person:
    return add_person(store, "aroha", Role.APPROVER)


def entries(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    found = [e for e in AuditTrail(store).entries(at_most=99) if e.action.startswith("finding.")]
    return [(e.actor, e.action, json.loads(e.detail)) for e in reversed(found)]


def test_several_are_explained_for_one_reason_each_on_record(store: Store, hana: Person) -> None:
    explanations = Explanations(store)
    assert sorted(explanations.explain(SAID, "  It is meant so ", by=hana)) == sorted(SAID)
    kept = explanations.explained()
    assert {(k, e.reason, e.by) for k, e in kept.items()} == {
        (key, "It is meant so", hana.name) for key in SAID
    }
    assert [(who, what, told["key"], told["reason"]) for who, what, told in entries(store)] == [
        ("hana", "finding.explain", key, "It is meant so") for key in SAID
    ]


def test_the_first_reason_stays(store: Store, hana: Person, aroha: Person) -> None:
    explanations = Explanations(store)
    explanations.explain({"outside 57": "57 is outside."}, "First", by=hana)
    assert explanations.explain(SAID, "Second", by=aroha) == ["no-phone P"]
    kept = explanations.explained()
    assert (kept["outside 57"].reason, kept["no-phone P"].reason) == ("First", "Second")
    assert len(entries(store)) == 2


def test_taken_back_it_is_gone_but_its_reason_stays_on_record(
    store: Store, hana: Person, aroha: Person
) -> None:
    explanations = Explanations(store)
    explanations.explain({"outside 57": "57 is outside."}, "Meant so", by=hana)
    assert explanations.take_back("outside 57", by=aroha)
    assert explanations.explained() == {}
    who, what, told = entries(store)[-1]
    assert (who, what) == ("aroha", "finding.take-back")
    assert (told["reason"], told["explained_by"]) == ("Meant so", hana.name)


def test_what_was_never_explained_cannot_be_taken_back(store: Store, hana: Person) -> None:
    assert not Explanations(store).take_back("outside 57", by=hana)
    assert entries(store) == []


@pytest.mark.parametrize("reason", ["", "  \n\t ", "x" * (REASON_AT_MOST + 1)])
def test_without_a_reason_or_with_too_long_a_one_none_is_explained(
    store: Store, hana: Person, reason: str
) -> None:
    with pytest.raises(InputRefused):
        Explanations(store).explain(SAID, reason, by=hana)
    assert Explanations(store).explained() == {}
    assert entries(store) == []


def test_the_longest_key_and_a_hostile_reason_are_kept_whole(store: Store, hana: Person) -> None:
    key = key_of(MatterKind.NO_PHONE, "Ā" * 30)
    assert 180 < len(key) <= LONGEST_KEY
    explanations = Explanations(store)
    explanations.explain({key: HOSTILE}, HOSTILE, by=hana)
    assert explanations.explained()[key].reason == HOSTILE
    assert entries(store)[0][2]["key"] == key
    assert AuditTrail(store).broken_at() is None


def test_an_explanation_that_fails_half_way_explains_nothing(store: Store, hana: Person) -> None:
    class Cut(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            if key == "no-phone P":
                raise ConnectionError
            return super().__getitem__(key)

    with pytest.raises(ConnectionError):
        Explanations(store).explain(Cut(SAID), "Meant so", by=hana)
    assert Explanations(store).explained() == {}
    assert entries(store) == []
