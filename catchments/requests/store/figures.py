"""Counts of cases: for the Ministry by provider, for the staff pages by school; never a case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from catchments.requests.rules.cases import OPEN, CaseState
from catchments.requests.rules.roles import OrganisationKind
from catchments.requests.store import schema
from catchments.store.engine import Repository

_C, _O = schema.support_case, schema.organisation
AGES: tuple[tuple[int, str], ...] = (
    (7, "in the last week"),
    (28, "1 to 4 weeks ago"),
    (84, "4 to 12 weeks ago"),
    (0, "longer ago"),
)
"""Days since a request was sent, at most; 0 for any more."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cases an organisation holds in a state."""

    holder_id: int
    holder: str
    """By name, which several may have."""
    holder_key: str
    kind: OrganisationKind
    state: CaseState
    cases: int


@dataclass(frozen=True, slots=True)
class OpenCases:
    """How many open cases of a school an organisation holds."""

    school_id: int
    holder_kind: OrganisationKind
    holder: str
    """A provider's code; of an in-school team the school's number."""
    cases: int


class Figures(Repository):
    """The counts of a store."""

    def by_holder(self) -> list[Counted]:
        """Return how many cases each organisation holds in each state."""
        query = (
            sa.select(_O.c.id, _O.c.name, _O.c.key, _O.c.kind, _C.c.state, sa.func.count())
            .join(_O, _O.c.id == _C.c.holder_id)
            .group_by(_O.c.id, _O.c.name, _O.c.key, _O.c.kind, _C.c.state)
            .order_by(_O.c.name, _O.c.id)
        )
        with self._database.reading() as connection:
            return [
                Counted(number, name, key, OrganisationKind(kind), CaseState(state), cases)
                for number, name, key, kind, state, cases in connection.execute(query)
            ]

    def by_age(self, today: date) -> dict[str, int]:
        """Return how many open cases were sent how long ago, by the words of `AGES`."""
        found, newest = {}, today + timedelta(days=1)
        with self._database.reading() as connection:
            for days, words in AGES:
                oldest = today - timedelta(days=days) if days else date.min
                query = sa.select(sa.func.count()).where(
                    _C.c.state.in_(sorted(OPEN)),
                    _C.c.submitted_on >= oldest,
                    _C.c.submitted_on < newest,
                )
                found[words] = int(connection.scalar(query) or 0)
                newest = oldest
        return found

    def open_at(self, school_ids: Iterable[int]) -> list[OpenCases]:
        """Return how many open cases of some schools there are, by who holds them."""
        school, holder = _O.alias("school"), _O.alias("holder")
        keys = sorted({str(each) for each in school_ids})
        query = (
            sa.select(school.c.key, holder.c.kind, holder.c.key, sa.func.count())
            .join(school, school.c.id == _C.c.school_id)
            .join(holder, holder.c.id == _C.c.holder_id)
            .where(
                _C.c.state.in_(sorted(OPEN)),
                school.c.kind == OrganisationKind.SCHOOL,
                school.c.key.in_(keys),
            )
            .group_by(school.c.key, holder.c.kind, holder.c.key)
            .order_by(school.c.key, holder.c.key)
        )
        with self._database.reading() as connection:
            return [
                OpenCases(int(at), OrganisationKind(kind), key, cases)
                for at, kind, key, cases in connection.execute(query)
            ]
