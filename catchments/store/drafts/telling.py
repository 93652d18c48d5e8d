"""Who is told by e-mail of a step of a review: who may approve a draft, or who worked on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import sqlalchemy as sa

from catchments.core.errors import long_date
from catchments.core.roles import Action, Person
from catchments.store import schema
from catchments.store.accounts.letters import Letter, enqueue
from catchments.store.accounts.rows import person_of
from catchments.store.drafts.records import Draft


def hands_in(connection: sa.Connection, draft_id: int) -> frozenset[int]:
    """Return the ids of everybody who began a draft or made a change of it that holds."""
    draft, table = schema.draft, schema.draft_change
    query = sa.union(
        sa.select(draft.c.author_id).where(draft.c.id == draft_id),
        sa.select(table.c.author_id).where(table.c.draft_id == draft_id, ~table.c.undone),
    )
    return frozenset(each for each in connection.scalars(query) if each is not None)


def tell_approvers(connection: sa.Connection, draft: Draft, by: Person, starts: date) -> None:
    """Queue an e-mail to everybody who may approve a draft that was handed over."""
    hands = hands_in(connection, draft.id)
    asked = (each for each in _people(connection) if each.may(Action.REVIEW))
    others = [person for person in asked if person.id not in hands]
    _tell(connection, Letter.REVIEW, draft, by, others, _from(starts))


def tell_workers(
    connection: sa.Connection,
    kind: Letter,
    draft: Draft,
    by: Person,
    *,
    reason: str = "",
    starts: date | None = None,
) -> None:
    """Queue an e-mail to those who worked on a draft of what was decided about it."""
    facts = {"reason": reason, **_from(starts)}
    hands = {*hands_in(connection, draft.id), draft.holder_id}
    _tell(connection, kind, draft, by, [p for p in _people(connection) if p.id in hands], facts)


def _from(starts: date | None) -> dict[str, str]:
    return {"starts": long_date(starts)} if starts else {}


def _people(connection: sa.Connection) -> Iterator[Person]:
    table = schema.person
    query = sa.select(table).where(table.c.disabled_at.is_(None)).order_by(table.c.id)
    return map(person_of, connection.execute(query).all())


def _tell(
    connection: sa.Connection,
    kind: Letter,
    draft: Draft,
    by: Person,
    people: Collection[Person],
    facts: dict[str, str],
) -> None:
    about = {"draft": f"{draft.id}, {draft.title}", "by": by.name, **facts}
    for person in people:
        if person.email and person.id != by.id:
            enqueue(connection, person, kind, path=f"/staff/drafts/{draft.id}", **about)
