"""Reports of mistakes in the database: once each, closed without a trace of who sent it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catchments.core.roles import Role
from catchments.store import Store, schema
from catchments.store.engine import now
from catchments.store.site.reports import (
    LATELY_AT_MOST,
    MistakeGiven,
    MistakeReports,
    TooManyReports,
)
from tests.staff import add_person
from tests.worlds import HOSTILE

pytestmark = pytest.mark.dialects


def test_a_report_is_kept_once_closed_once_and_deleted_when_its_time_is_over(store: Store) -> None:
    reports, hana = MistakeReports(store), add_person(store, "hana", Role.EDITOR)
    number = reports.add(MistakeGiven(HOSTILE, HOSTILE, "kia@kura.school.nz"))
    assert reports.add(MistakeGiven(HOSTILE, HOSTILE)) == number
    [kept] = reports.all()
    assert (kept.what, kept.place, kept.email) == (HOSTILE, HOSTILE, "kia@kura.school.nz")
    assert [reports.close(number, by=hana) for _ in range(2)] == [True, False]
    assert reports.all() == []
    [closed] = reports.all(closed=True)
    assert (closed.email, closed.closed_by) == ("", hana.name)
    assert reports.forget_older_than(1) == 0
    with store.writing() as connection:
        old = now() - timedelta(days=2)
        connection.execute(schema.mistake_report.update().values(came_at=old))
    assert reports.forget_older_than(1) == 1
    assert reports.all(closed=True) == []


def test_of_all_askers_together_only_so_many_are_taken_at_once(store: Store) -> None:
    reports = MistakeReports(store)
    for n in range(LATELY_AT_MOST):
        reports.add(MistakeGiven(f"Mistake {n}"))
    with pytest.raises(TooManyReports, match="no more can be taken just now"):
        reports.add(MistakeGiven("One more"))
    assert reports.waiting() == LATELY_AT_MOST
