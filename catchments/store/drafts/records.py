"""Drafts to rows and back, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from catchments.changes.change import Change
from catchments.core.errors import NotKnown
from catchments.store import schema
from catchments.store.drafts import change_json
from catchments.store.editions import read_boundaries, write_wkb

EDITING, SENT_BACK, SUBMITTED, APPROVED = "editing", "sent back", "in review", "approved"
PUBLISHED, ABANDONED = "published", "abandoned"
"""The states of a draft."""
EDITABLE = (EDITING, SENT_BACK)
"""Those in which it is worked on."""
HANDED_OVER = (SUBMITTED, APPROVED)
"""Those in which it is an approver's turn."""
OPEN = (*EDITABLE, *HANDED_OVER)
"""Those in which something may still become of it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition being prepared: a base edition and an ordered list of changes."""

    id: int
    title: str
    base_number: int | None
    """None where the draft starts from nothing."""
    created_at: datetime
    published_as: int | None
    reason: str = ""
    state: str = EDITING
    version: int = 0
    """Raised by whatever is done to it, so that a stale form is known for one."""
    effective_from: date | None = None
    """From when it is proposed, or approved, to be in force."""
    author_id: int | None = None
    """Who began it; None where it was made on the command line."""
    holder_id: int | None = None
    """Who last worked on it."""
    worked_at: datetime | None = None
    """When they did; None where that was not kept yet."""
    approver_id: int | None = None
    approved_at: datetime | None = None
    changes: tuple[Change, ...] = ()
    """Those that hold, in order; what was undone is not among them."""


def create(connection: sa.Connection, *, title: str, base_number: int | None, at: datetime) -> int:
    """Insert an empty draft and return its id."""
    latest = connection.scalar(sa.select(sa.func.max(schema.draft.c.id)))
    draft_id = (latest or 0) + 1
    connection.execute(
        schema.draft.insert().values(
            id=draft_id, title=title, base_number=base_number, created_at=at
        )
    )
    return draft_id


def add_change(
    connection: sa.Connection, draft_id: int, change: Change, *, at: datetime, **more: Any
) -> None:
    """Append a change to a draft; `more` are further columns: sentence, author_id, once."""
    table = schema.draft_change
    content, boundaries = change_json.encode(change)
    write_wkb(connection, boundaries)
    latest = connection.scalar(
        sa.select(sa.func.max(table.c.position)).where(table.c.draft_id == draft_id)
    )
    connection.execute(
        table.insert().values(
            draft_id=draft_id,
            position=(latest or 0) + 1,
            kind=change.tag,
            created_at=at,
            content=content,
            **more,
        )
    )


def read(connection: sa.Connection, draft_id: int) -> Draft:
    """Return a draft with its changes. Raises NotKnown."""
    return with_changes(connection, read_head(connection, draft_id))


def with_changes(connection: sa.Connection, head: Draft) -> Draft:
    """Return a draft with its changes, read in the transaction that its head was read in."""
    return replace(head, changes=_changes(connection, head.id))


def read_head(connection: sa.Connection, draft_id: int) -> Draft:
    """Return a draft without its changes. Raises NotKnown."""
    row = connection.execute(
        sa.select(schema.draft).where(schema.draft.c.id == draft_id)
    ).one_or_none()
    if row is None:
        raise NotKnown(
            f"There is no draft {draft_id}.", next_step="See `flask editions list` for the drafts."
        )
    return Draft(**row._mapping)


def summaries(connection: sa.Connection, states: Sequence[str] = ()) -> list[Draft]:
    """Return all drafts, or those in some states, without their changes, by id."""
    query = sa.select(schema.draft).order_by(schema.draft.c.id)
    if states:
        query = query.where(schema.draft.c.state.in_(states))
    rows = connection.execute(query)
    return [Draft(**row._mapping) for row in rows]


def mark_published(connection: sa.Connection, draft_id: int, number: int) -> None:
    """Record that a draft has become an edition."""
    connection.execute(
        schema.draft.update()
        .where(schema.draft.c.id == draft_id)
        .values(published_as=number, state=PUBLISHED, version=schema.draft.c.version + 1)
    )
    forget_uploads(connection, draft_id)


def forget_uploads(connection: sa.Connection, draft_id: int) -> None:
    """Delete what was uploaded for a draft that is closed, and not taken."""
    table = schema.draft_upload
    connection.execute(table.delete().where(table.c.draft_id == draft_id))


def by_position(connection: sa.Connection, draft_id: int) -> dict[int, Change]:
    """Return every change of a draft, those undone too, by its position, in order."""
    rows = connection.execute(_rows(draft_id).order_by(schema.draft_change.c.position)).all()
    changes = _decoded(connection, rows)
    return {row.position: change for row, change in zip(rows, changes, strict=True)}


def _changes(connection: sa.Connection, draft_id: int) -> tuple[Change, ...]:
    table = schema.draft_change
    standing = _rows(draft_id).where(~table.c.undone).order_by(table.c.position)
    return _decoded(connection, connection.execute(standing).all())


def _rows(draft_id: int) -> sa.Select[Any]:
    table = schema.draft_change
    columns = (table.c.position, table.c.kind, table.c.content)
    return sa.select(*columns).where(table.c.draft_id == draft_id)


def _decoded(connection: sa.Connection, rows: Sequence[Any]) -> tuple[Change, ...]:
    hashes = set().union(*(change_json.hashes_in(row.kind, row.content) for row in rows))
    boundaries = read_boundaries(connection, hashes)
    return tuple(change_json.decode(row.kind, row.content, boundaries) for row in rows)
