"""Rates of chronic absence: set whole or not at all, with who set them, on record."""

from __future__ import annotations

import json

import pytest

from catchments.core.errors import InputRefused
from catchments.core.roles import Person, Role
from catchments.store import Store
from catchments.store.directory.rates import OTHERS, AbsenceRates, RateGiven
from catchments.store.integrity.audit import AuditTrail
from tests.staff import add_person


@pytest.fixture
def hana(store: Store) -> Person:
    return add_person(store, "hana", Role.EDITOR)


def entries(store: Store) -> list[tuple[str, dict[str, object]]]:
    found = AuditTrail(store).entries(matching={"action": "rate.set"}, at_most=99)[::-1]
    return [(entry.subject, json.loads(entry.detail)) for entry in found]


def test_a_rate_is_kept_with_its_source_and_who_set_it(store: Store, hana: Person) -> None:
    rates = AbsenceRates(store)
    assert rates.stated() == {}
    altered = rates.set(
        {"Waikato": RateGiven(0.125, " Term 1 "), OTHERS: RateGiven(0, "x")}, by=hana
    )
    assert altered == ["Waikato", OTHERS]
    stated = rates.stated()
    assert (stated["Waikato"].rate, stated["Waikato"].source) == (0.125, "Term 1")
    assert (stated[OTHERS].rate, stated[OTHERS].set_by) == (0, hana.name)
    assert entries(store) == [
        ("rate Waikato", {"before": None, "rate": 0.125, "source": "Term 1"}),
        ("rate all other regions", {"before": None, "rate": 0, "source": "x"}),
    ]


def test_the_same_rate_again_is_no_change_and_is_not_on_record(store: Store, hana: Person) -> None:
    rates = AbsenceRates(store)
    rates.set({OTHERS: RateGiven(0.2, "x")}, by=hana)
    assert rates.set({OTHERS: RateGiven(0.2, "x"), "Waikato": RateGiven(None)}, by=hana) == []
    assert len(entries(store)) == 1


def test_a_rate_can_be_taken_away_again(store: Store, hana: Person) -> None:
    rates = AbsenceRates(store)
    rates.set({OTHERS: RateGiven(0.2, "x")}, by=hana)
    assert rates.set({OTHERS: RateGiven(None)}, by=hana) == [OTHERS]
    assert rates.stated() == {}
    assert entries(store)[-1][1] == {"before": 0.2, "rate": None, "source": ""}


@pytest.mark.parametrize(
    ("region", "given", "says"),
    [
        ("Atlantis", RateGiven(0.1, "x"), "is no education region"),
        (OTHERS, RateGiven(1.01, "x"), "cannot be"),
        (OTHERS, RateGiven(-0.01, "x"), "cannot be"),
        (OTHERS, RateGiven(float("nan"), "x"), "cannot be"),
        (OTHERS, RateGiven(0.1, "  "), "needs a source"),
        (OTHERS, RateGiven(0.1, "x" * 1_001), "too long"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_set(
    store: Store, hana: Person, region: str, given: RateGiven, says: str
) -> None:
    rates = AbsenceRates(store)
    with pytest.raises(InputRefused, match=says):
        rates.set({"Waikato": RateGiven(0.3, "x"), region: given}, by=hana)
    assert rates.stated() == {}
    assert entries(store) == []
