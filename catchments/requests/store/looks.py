"""Who looked at an organisation's cases and changed them: the trail, for its authoriser."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from catchments.core.roles import Person
from catchments.requests.store import schema
from catchments.requests.store.inviting import Invitations
from catchments.store.engine import Repository
from catchments.store.schema import audit_entry, person

AT_ONCE = 100
_C, _M, _A = schema.support_case, schema.membership, audit_entry
OUTSIDE = "somebody outside your organisation"


@dataclass(frozen=True, slots=True)
class Look:
    """One entry of the trail: who did what with which case."""

    number: int
    at: str
    who: str
    """Their name, where they are of the organisation."""
    action: str
    subject: str


class Looks(Repository):
    """What the trail says of the cases of an organisation."""

    def of(self, by: Person, organisation: int, *, before: int | None = None) -> list[Look]:
        """Return who did what with an organisation's cases, the latest first.

        Of cases that it asked for or has now; at most `AT_ONCE`. `before` is the number of an entry
        to go on from. Raises NotKnown for whoever is not its authoriser.
        """
        Invitations(self._database).organisation(by, organisation)
        here = sa.or_(_C.c.school_id == organisation, _C.c.holder_id == organisation)
        cases = sa.select(sa.literal("case ") + _C.c.reference).where(here)
        of_here = sa.select(_M.c.person_id).where(_M.c.organisation_id == organisation)
        query = (
            sa.select(_A.c.number, _A.c.at, _A.c.action, _A.c.subject, person.c.name)
            .select_from(_A)
            .outerjoin(person, sa.and_(person.c.login == _A.c.actor, person.c.id.in_(of_here)))
            .where(sa.or_(_A.c.subject.in_(cases), _A.c.subject == f"organisation {organisation}"))
            .order_by(_A.c.number.desc())
            .limit(AT_ONCE)
        )
        if before is not None:
            query = query.where(_A.c.number < before)
        with self._database.reading() as connection:
            return [
                Look(row.number, row.at, row.name or OUTSIDE, row.action, row.subject)
                for row in connection.execute(query)
            ]
