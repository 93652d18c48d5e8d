"""Purging: what is kept of a case ends some years after it was closed; that it was there stays.

The trail goes on naming the case by its reference, and its chain holds, since nothing of a student
was ever in it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from catchments.core.roles import COMMAND_LINE
from catchments.requests.store import schema
from catchments.requests.store.case_rows import case_of, on_trail, sides
from catchments.store.engine import Repository, now

AT_ONCE = 200
"""Cases of one transaction: others write between two."""
_C = schema.support_case
_ABOUT = (schema.handover, schema.case_file, schema.case_note, schema.case_event)
"""The tables that hold something of a case, before the case itself."""


class Purging(Repository):
    """Removes cases whose time is over."""

    def due(self, years: int) -> list[str]:
        """Return the references of cases that were closed so many years ago, the first first."""
        query = sa.select(_C.c.reference).where(_C.c.closed_at < _before(years))
        with self._database.reading() as connection:
            return list(connection.scalars(query.order_by(_C.c.closed_at, _C.c.reference)))

    def purge(self, years: int) -> int:
        """Remove them, with all that was said in them; return how many. Killed, it goes on."""
        done = 0
        references = self.due(years)
        for begin in range(0, len(references), AT_ONCE):
            some = references[begin : begin + AT_ONCE]
            with self._database.writing() as connection:
                # A case that was opened again meanwhile is not over.
                over = sa.select(_C).where(
                    _C.c.reference.in_(some), _C.c.closed_at < _before(years)
                )
                cases = [case_of(row) for row in connection.execute(over)]
                still = [case.reference for case in cases]
                for table in _ABOUT:
                    connection.execute(table.delete().where(table.c.reference.in_(still)))
                connection.execute(_C.delete().where(_C.c.reference.in_(still)))
                for case in cases:
                    on_trail(
                        connection,
                        sides(case),
                        actor=COMMAND_LINE,
                        action="case.purge",
                        subject=f"case {case.reference}",
                        years=years,
                    )
            done += len(still)
        return done


def _before(years: int) -> datetime:
    at = now()
    try:
        return at.replace(year=at.year - years)
    except ValueError:  # the 29th of February
        return at.replace(year=at.year - years, day=28)
