"""Comments on a draft: on all of it, on one of its changes, on a school, a catchment or a point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import now

COMMENT, SENT_BACK = "comment", "sent back"
"""The kinds: said of the draft, or why it was sent back."""
CHANGE = "change"
_T = schema.draft_comment


@dataclass(frozen=True, slots=True)
class About:
    """What of a draft a comment is about; all of it where both are empty."""

    what: str = ""
    """Such as “change 3”, “school 54”, “catchment TT-01” or “point -36.8 174.7”."""
    called: str = ""
    """How it was called when the comment was written: a change's sentence, a place's name."""


WHOLE = About()


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a draft."""

    id: int
    at: datetime
    author: str
    text: str
    kind: str = COMMENT
    about: str = ""
    called: str = ""

    @property
    def place(self) -> str:
        """What to ask for the school or the point that it is about; empty for anything else."""
        kind, _, what = self.about.partition(" ")
        return what.replace(" ", ", ") if kind in {"school", "point"} else ""

    def is_on(self, position: int, made_at: datetime) -> bool:
        """Whether it is about the change at a position; one made later is another change."""
        return self.about == f"{CHANGE} {position}" and made_at <= self.at


def say(
    connection: sa.Connection,
    draft_id: int,
    text: str,
    by: Person,
    *,
    key: str = "",
    kind: str = COMMENT,
    about: About = WHOLE,
) -> None:
    """Add a comment, in the caller's transaction."""
    connection.execute(
        _T.insert().values(
            draft_id=draft_id,
            person_id=by.id,
            at=now(),
            text=text,
            once=key or None,
            kind=kind,
            about=about.what,
            called=about.called,
        )
    )


def of_draft(draft_id: int) -> sa.Select[tuple[object, ...]]:
    """Return the query of what was said about a draft, in order; its rows are `Comment`s."""
    columns = (_T.c[name] for name in ("text", "kind", "about", "called"))
    author = schema.person.c.name.label("author")
    return (
        sa.select(_T.c.id, _T.c.at, author, *columns)
        .join_from(_T, schema.person)
        .where(_T.c.draft_id == draft_id)
        .order_by(_T.c.id)
    )
