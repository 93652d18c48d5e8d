"""Contracts that end, and the days that they leave to nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.core.model import Contract
from catchments.editions.contracts import Scheduled, days_between, ending
from tests.worlds import AHI, KOWHAI, TOTARA, small_edition

ENDS = date(2026, 6, 30)
JULY = date(2026, 7, 1)
ON = date(2026, 2, 1)


def served_till_june(provider: str = "P-AHI"):
    return small_edition(contracts={provider: Contract(ends=ENDS)})


FOLLOWED = AssignProvider((AHI,), "P-RIMU").apply(served_till_june())
SHORT = replace(FOLLOWED, contracts={"P-RIMU": Contract(ends=date(2026, 6, 15))})
LONGER = replace(served_till_june(), contracts={"P-AHI": Contract(ends=date(2028, 6, 30))})


@pytest.mark.parametrize(
    ("scheduled", "is_said"),
    [
        ([], True),
        ([(JULY, FOLLOWED)], False),
        ([(date(2026, 5, 1), FOLLOWED)], False),
        ([(date(2026, 7, 2), FOLLOWED)], True),
        ([(JULY, served_till_june())], True),
        ([(JULY, LONGER)], False),
        ([(date(2026, 5, 1), small_edition())], True),  # re-based, it ends there too
        ([(JULY, SHORT)], True),
        ([(date(2026, 5, 1), FOLLOWED), (JULY, served_till_june())], True),
        ([(JULY, replace(FOLLOWED, catchments={}))], False),
    ],
)
def test_a_contract_that_ends_is_said_unless_another_is_scheduled_from_the_day_after(
    scheduled: Scheduled, is_said: bool
) -> None:
    found = list(ending(served_till_june(), ON, scheduled))
    assert bool(found) is is_said
    for concern in found:
        assert "Ahi Trust (P-AHI) ends on 30 June 2026" in concern.sentence
        assert "follow in Ahi (AHI-1). Publish who serves from 1 July 2026" in concern.sentence


def test_of_several_catchments_those_are_named_that_nobody_follows_in() -> None:
    half = AssignProvider((KOWHAI,), "P-AHI").apply(served_till_june("P-RAKAU"))
    [concern] = ending(served_till_june("P-RAKAU"), ON, [(JULY, half)])
    assert "nobody is scheduled to follow in Tōtara (TOT-4)." in concern.sentence
    whole = AssignProvider((TOTARA,), "P-AHI").apply(half)
    assert not list(ending(served_till_june("P-RAKAU"), ON, [(JULY, whole)]))


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 6, 1), None),
        (JULY, None),
        (date(2026, 7, 2), "from 1 July 2026 to 1 July 2026"),
        (date(2026, 7, 5), "from 1 July 2026 to 4 July 2026"),
    ],
)
def test_days_between_two_providers_are_said(on: date, days: str | None) -> None:
    found = [c.sentence for c in days_between(served_till_june(), FOLLOWED, on)]
    assert len(found) == (days is not None)
    if days:
        assert f"Nobody is contracted for Ahi (AHI-1) {days}:" in found[0]
    assert not list(days_between(served_till_june(), served_till_june(), on))
