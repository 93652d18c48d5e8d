"""Copies of drafts: the same base, reason and changes, for a scenario beside the first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from catchments.core.errors import ChangeDoesNotFit
from catchments.store import schema
from catchments.store.drafts.records import OPEN, Draft

COPIED = ("position", "kind", "created_at", "content", "sentence", "author_id")
"""Of each change: whoever made it had a hand in the copy, too."""


def copy_changes(connection: sa.Connection, source: int, copy: int) -> None:
    """Give a draft the changes of another that hold, in the caller's transaction."""
    table = schema.draft_change
    columns: tuple[sa.Column[Any], ...] = tuple(table.c[name] for name in COPIED)
    held = sa.select(sa.literal(copy), *columns).where(table.c.draft_id == source, ~table.c.undone)
    connection.execute(table.insert().from_select(["draft_id", *COPIED], held))


def refuse_without_base(connection: sa.Connection, draft: Draft) -> None:
    """Raise ChangeDoesNotFit where the edition that a draft is made from was withdrawn."""
    edition = schema.edition
    gone = sa.select(edition.c.withdrawn_at).where(edition.c.number == draft.base_number)
    if connection.scalar(gone) is None:
        return
    first = "Re-apply the draft on another edition first, then copy it."
    raise ChangeDoesNotFit(
        f"Draft {draft.id} cannot be copied: it is made from edition {draft.base_number}, which "
        "has been withdrawn.",
        next_step=first if draft.state in OPEN else "Begin a new draft instead.",
    )
