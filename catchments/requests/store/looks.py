"""Who looked at an organisation's cases and changed them: the trail, for its authoriser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catchments.core.roles import COMMAND_LINE, Person
from catchments.requests.store import schema
from catchments.requests.store.case_rows import THE_SERVICE
from catchments.requests.store.inviting import Invitations
from catchments.store.engine import Repository
from catchments.store.schema import audit_entry, person

AT_ONCE = 100
_T, _M, _A = schema.trail_of, schema.membership, audit_entry
OUTSIDE = "somebody who is not of your organisation now"
BY_ITSELF = {THE_SERVICE: THE_SERVICE, COMMAND_LINE: "whoever runs this service"}
"""Who is no person, as the trail and as its reader calls them."""


@dataclass(frozen=True, slots=True)
class Look:
    """One entry of the trail: who did what with which case."""

    number: int
    at: str
    who: str
    """Their name, where they are of the organisation; else what may be said in its place."""
    action: str
    subject: str


class Looks(Repository):
    """What the trail says of the cases of an organisation."""

    def of(self, by: Person, organisation: int, *, before: int | None = None) -> list[Look]:
        """Return who did what with an organisation's cases, the latest first.

        Of cases that it asked for, and of those that it had when it was done; at most `AT_ONCE`.
        `before` is the number of an entry to go on from. Raises NotKnown for whoever is not its
        authoriser.
        """
        Invitations(self._database).organisation(by, organisation)
        of_here = sa.select(_M.c.person_id).where(_M.c.organisation_id == organisation)
        query = (
            sa.select(_A.c.number, _A.c.at, _A.c.actor, _A.c.action, _A.c.subject, person.c.name)
            .select_from(_T)
            .join(_A, _A.c.number == _T.c.number)
            .outerjoin(person, sa.and_(person.c.login == _A.c.actor, person.c.id.in_(of_here)))
            .where(_T.c.organisation_id == organisation)
            .order_by(_T.c.number.desc())
            .limit(AT_ONCE)
        )
        if before is not None:
            query = query.where(_T.c.number < before)
        with self._database.reading() as connection:
            return [_look(row) for row in connection.execute(query)]


def _look(row: Any) -> Look:
    who = row.name or BY_ITSELF.get(row.actor, OUTSIDE)
    return Look(row.number, row.at, who, row.action, row.subject)
