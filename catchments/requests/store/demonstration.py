"""What only a demonstration does to cases: it makes them older than they are."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from catchments.requests.store import schema
from catchments.requests.store.database import RequestsDatabase

_C, _E = schema.support_case, schema.case_event


def backdate(database: RequestsDatabase, reference: str, by: timedelta) -> None:
    """Have a made-up case, and what happened to it, lie some time back. Raises for a real one."""
    with database.writing() as connection:
        here = _C.c.reference == reference
        row = connection.execute(sa.select(_C).where(here, _C.c.demonstration.is_(True))).one()
        change = {
            "submitted_at": row.submitted_at - by,
            "submitted_on": row.submitted_on - by,
        }
        connection.execute(_C.update().where(here).values(**change))
        first = sa.select(sa.func.min(_E.c.id)).where(_E.c.reference == reference)
        begun = _E.c.id == first.scalar_subquery()
        connection.execute(_E.update().where(begun).values(at=row.submitted_at - by))
