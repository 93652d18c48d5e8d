"""The reading of drafts: lists, steps, comments, who had a hand in one, what waits for somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catchments.core.roles import Action, Person
from catchments.store import schema
from catchments.store.drafts import comments, records
from catchments.store.drafts.comments import Comment
from catchments.store.drafts.records import APPROVED, HANDED_OVER, SENT_BACK, SUBMITTED, Draft
from catchments.store.drafts.telling import hands_in
from catchments.store.engine import Repository, reads


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a draft as it is listed."""

    position: int
    kind: str
    sentence: str
    created_at: datetime
    author: str
    """A name; empty for the command line."""
    undone: bool
    undone_in: int | None = None
    """The draft's version when it was undone."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The drafts, without their changes, that wait for somebody."""

    to_approve: tuple[Draft, ...]
    to_publish: tuple[Draft, ...]
    sent_back: tuple[Draft, ...]
    """Those that they had a hand in."""

    def __bool__(self) -> bool:
        return bool(self.to_approve or self.to_publish or self.sent_back)


class DraftReadings(Repository):
    """The drafts of a store, to be read."""

    def drafts(self) -> list[Draft]:
        """Return all drafts without their changes, the latest first."""
        with self._database.reading() as connection:
            return records.summaries(connection)[::-1]

    def draft(
        self, draft_id: int, *, unless: Callable[[Draft], bool] = lambda _head: False
    ) -> Draft:
        """Return a draft with the changes that hold. Raises NotKnown.

        They are not read where `unless` says so of the draft without them.
        """
        with self._database.reading() as connection:
            head = records.read_head(connection, draft_id)
            return head if unless(head) else records.with_changes(connection, head)

    def steps(self, draft_id: int) -> list[Step]:
        """Return all changes of a draft, those undone too, in order."""
        table, person = schema.draft_change, schema.person
        joined = table.outerjoin(person, person.c.id == table.c.author_id)
        query = (
            sa.select(
                table.c.position,
                table.c.kind,
                table.c.sentence,
                table.c.created_at,
                sa.func.coalesce(person.c.name, "").label("author"),
                table.c.undone,
                table.c.undone_in,
            )
            .select_from(joined)
            .where(table.c.draft_id == draft_id)
            .order_by(table.c.position)
        )
        return self._read(query, Step)

    def sentences(self, draft_id: int) -> list[str]:
        """Return what was done in a draft, a sentence each, without what was undone."""
        return [step.sentence for step in self.steps(draft_id) if step.sentence and not step.undone]

    def comments(self, draft_id: int) -> list[Comment]:
        """Return what was said about a draft, in order."""
        return self._read(comments.of_draft(draft_id), Comment)

    changes = reads(records.by_position)
    contributors = reads(hands_in)

    def waiting_for(self, person: Person) -> Waiting:
        """Return the drafts of which somebody may take the next step of a review."""
        with self._database.reading() as connection:
            found = records.summaries(connection, (SENT_BACK, *HANDED_OVER))
            hands = {each.id: hands_in(connection, each.id) for each in found}
        reviews, edits = person.may(Action.REVIEW), person.may(Action.EDIT)
        return Waiting(
            tuple(
                each
                for each in found
                if reviews and each.state == SUBMITTED and person.id not in hands[each.id]
            ),
            tuple(each for each in found if reviews and each.state == APPROVED),
            tuple(
                each
                for each in found
                if edits
                and each.state == SENT_BACK
                and person.id in {*hands[each.id], each.holder_id}
            ),
        )

    def names(self) -> dict[int, str]:
        """Return the name of everybody who has, or had, an account, by id."""
        query = sa.select(schema.person.c.id, schema.person.c.name)
        with self._database.reading() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def names_by_login(self) -> dict[str, str]:
        """Return the same by login, which is how the audit trail names people."""
        query = sa.select(schema.person.c.login, schema.person.c.name)
        with self._database.reading() as connection:
            return {row.login: row.name for row in connection.execute(query)}
