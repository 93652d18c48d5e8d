"""Drafts as staff work on them: each thing done is one transaction, with its entry in the audit.

Whoever does something says which version of the draft they saw. Where another has changed it since,
nothing is done and `Stale` says so. A form that is sent twice does its work once: see
`ExpectedVersion`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from catchments.changes.change import Change
from catchments.core.errors import CatchmentsError, InputRefused
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.drafts import records
from catchments.store.drafts.records import ABANDONED, APPROVED, EDITING, SUBMITTED, Draft
from catchments.store.drafts.uploads import forget
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append

OPEN = (EDITING, SUBMITTED, APPROVED)
"""The states in which something may still become of a draft."""
CHANGES_AT_MOST = 500
COMMENTS_AT_MOST = 1_000


class Stale(CatchmentsError):
    """Somebody else has done something to the draft since its page was read."""


class NotNow(CatchmentsError):
    """What is asked cannot be done to a draft in its state."""


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


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a draft."""

    id: int
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """By whom something is done, and which version of the draft they saw."""

    person: Person
    version: int
    idempotency_key: str = ""
    """A random text that the form was given when it was written; the same twice is one form."""


class DraftRepository(Repository):
    """The drafts of a store, for staff."""

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
        table, person = schema.draft_comment, schema.person
        query = (
            sa.select(table.c.id, table.c.at, person.c.name.label("author"), table.c.text)
            .join_from(table, person)
            .where(table.c.draft_id == draft_id)
            .order_by(table.c.id)
        )
        return self._read(query, Comment)

    def contributors(self, draft_id: int) -> frozenset[int]:
        """Return the ids of everybody who began a draft or made a change of it that holds."""
        draft, table = schema.draft, schema.draft_change
        query = sa.union(
            sa.select(draft.c.author_id).where(draft.c.id == draft_id),
            sa.select(table.c.author_id).where(table.c.draft_id == draft_id, ~table.c.undone),
        )
        with self._database.reading() as connection:
            return frozenset(each for each in connection.scalars(query) if each is not None)

    def names(self) -> dict[int, str]:
        """Return the name of everybody who has, or had, an account, by id."""
        query = sa.select(schema.person.c.id, schema.person.c.name)
        with self._database.reading() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def is_done(self, draft_id: int, idempotency_key: str) -> bool:
        """Whether a form with this token has done its work on a draft already."""
        with self._database.reading() as connection:
            return self._done_already(connection, draft_id, idempotency_key)

    # --- preparing ----------------------------------------------------------------------------

    def begin(
        self, *, title: str, reason: str, base_number: int, by: Person, idempotency_key: str = ""
    ) -> int:
        """Begin a draft on an edition and return its id; a form sent twice begins one."""
        with self._database.writing() as connection:
            known = self._begun_with(connection, idempotency_key)
            if known is not None:
                return known
            draft_id = records.create(connection, title=title, base_number=base_number, at=now())
            self._set(
                connection, draft_id, reason=reason, author_id=by.id, holder_id=by.id, version=1
            )
            self._note(
                connection,
                by,
                "draft.begin",
                draft_id,
                title=title,
                base=base_number,
                once=idempotency_key,
            )
            return draft_id

    def add(
        self,
        draft_id: int,
        change: Change,
        sentence: str,
        *,
        seen: ExpectedVersion,
        upload: str = "",
    ) -> None:
        """Append a change; what was undone before it is given up. Raises Stale or NotNow.

        `upload` is the digest of the area that it was made from, which is needed no more.
        """
        with self._doing(draft_id, seen, "draft.change", among=[EDITING]) as doing:
            if doing is None:
                return
            connection, table = doing.connection, schema.draft_change
            self._refuse_too_many(connection, draft_id)
            connection.execute(table.delete().where(table.c.draft_id == draft_id, table.c.undone))
            records.add_change(
                connection,
                draft_id,
                change,
                at=now(),
                sentence=sentence,
                author_id=seen.person.id,
                once=seen.idempotency_key or None,
            )
            forget(connection, draft_id, seen.person.id, upload)
            doing.detail = {"sentence": sentence}

    def undo(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Undo the last change that holds. Raises Stale or NotNow."""
        with self._doing(draft_id, seen, "draft.undo", among=[EDITING]) as doing:
            if doing is not None:
                doing.detail = self._mark_undone(doing.connection, draft_id, undone=True)

    def redo(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Do the first change again that was undone. Raises Stale or NotNow."""
        with self._doing(draft_id, seen, "draft.redo", among=[EDITING]) as doing:
            if doing is not None:
                doing.detail = self._mark_undone(doing.connection, draft_id, undone=False)

    def describe(self, draft_id: int, *, title: str, reason: str, seen: ExpectedVersion) -> None:
        """Give a draft another title and reason. Raises Stale or NotNow."""
        self._change_to(draft_id, seen, "draft.describe", [EDITING], title=title, reason=reason)

    def take_over(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Make somebody the one who works on a draft. Raises Stale or NotNow."""
        self._change_to(draft_id, seen, "draft.take-over", [EDITING], holder_id=seen.person.id)

    def rebase(self, draft_id: int, base_number: int, *, seen: ExpectedVersion) -> None:
        """Put a draft on another edition, its changes as they are. Raises Stale or NotNow.

        Whoever asks has tried that they fit.
        """
        self._change_to(
            draft_id,
            seen,
            "draft.rebase",
            OPEN,
            base_number=base_number,
            state=EDITING,
            approver_id=None,
            approved_at=None,
        )

    def abandon(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Give a draft up; it stays on record. Raises Stale or NotNow."""
        with self._doing(draft_id, seen, "draft.abandon", among=OPEN) as doing:
            if doing is not None:
                self._set(doing.connection, draft_id, state=ABANDONED)
                records.forget_uploads(doing.connection, draft_id)
                doing.detail = {"state": ABANDONED}

    def comment(self, draft_id: int, text: str, *, by: Person, idempotency_key: str = "") -> None:
        """Say something about a draft, whatever its state; a form sent twice says it once."""
        table = schema.draft_comment
        with self._database.writing() as connection:
            records.read_head(connection, draft_id)  # or it is not known
            said = sa.select(table.c.once).where(table.c.draft_id == draft_id)
            before = list(connection.scalars(said))
            if idempotency_key and idempotency_key in before:
                return
            if len(before) >= COMMENTS_AT_MOST:
                raise NotNow(f"Draft {draft_id} has {len(before)} comments, which is the most.")
            self._say(connection, draft_id, text, by, idempotency_key)
            self._note(connection, by, "draft.comment", draft_id, text=text)

    # --- reviewing ----------------------------------------------------------------------------

    def submit(self, draft_id: int, effective_from: date, *, seen: ExpectedVersion) -> None:
        """Hand a draft over for review, to be in force from a date. Raises Stale or NotNow."""
        self._change_to(
            draft_id,
            seen,
            "draft.submit",
            [EDITING],
            state=SUBMITTED,
            effective_from=effective_from,
        )

    def send_back(self, draft_id: int, reason: str = "", *, seen: ExpectedVersion) -> None:
        """Hand a draft back to be worked on, and say why; an approval is void.

        Raises Stale or NotNow.
        """
        among = [SUBMITTED, APPROVED]
        with self._doing(draft_id, seen, "draft.send-back", among=among) as doing:
            if doing is None:
                return
            values = {"state": EDITING, "approver_id": None, "approved_at": None}
            self._set(doing.connection, draft_id, **values)
            doing.detail = {"reason": reason}
            if reason:
                self._say(doing.connection, draft_id, reason, seen.person, seen.idempotency_key)

    def approve(self, draft_id: int, effective_from: date, *, seen: ExpectedVersion) -> None:
        """Approve a draft as it stands, from a date.

        Raises Stale, or NotNow where it is not in review or the approver had a hand in it.
        """
        if seen.person.id in self.contributors(draft_id):
            raise NotNow(
                f"{seen.person.name} had a hand in draft {draft_id}.",
                allowed="A second person approves it: one who neither began nor changed it.",
                next_step="Ask another approver.",
            )
        self._change_to(
            draft_id,
            seen,
            "draft.approve",
            [SUBMITTED],
            state=APPROVED,
            effective_from=effective_from,
            approver_id=seen.person.id,
            approved_at=now(),
        )

    # --- how ----------------------------------------------------------------------------------

    def _change_to(
        self,
        draft_id: int,
        seen: ExpectedVersion,
        action: str,
        among: tuple[str, ...] | list[str],
        **values: Any,
    ) -> None:
        with self._doing(draft_id, seen, action, among=among) as doing:
            if doing is not None:
                self._set(doing.connection, draft_id, **values)
                doing.detail = {k: v for k, v in values.items() if not isinstance(v, datetime)}

    @contextmanager
    def _doing(
        self,
        draft_id: int,
        seen: ExpectedVersion,
        action: str,
        *,
        among: tuple[str, ...] | list[str],
    ) -> Iterator[_Doing | None]:
        """Give a transaction on a draft that is as it was seen; None where it was done already."""
        with self._database.writing() as connection:
            if self._done_already(connection, draft_id, seen.idempotency_key):
                yield None
                return
            draft = records.read_head(connection, draft_id)
            _refuse_stale(draft, seen)
            _refuse_state(draft, action, among)
            doing = _Doing(connection)
            yield doing
            self._set(connection, draft_id, version=draft.version + 1)
            detail = {**doing.detail, "version": draft.version + 1, "once": seen.idempotency_key}
            self._note(connection, seen.person, action, draft_id, **detail)

    def _say(
        self, connection: sa.Connection, draft_id: int, text: str, by: Person, key: str
    ) -> None:
        values = {"draft_id": draft_id, "person_id": by.id, "at": now(), "text": text}
        connection.execute(schema.draft_comment.insert().values(once=key or None, **values))

    def _done_already(self, connection: sa.Connection, draft_id: int, key: str) -> bool:
        subject = schema.audit_entry.c.subject == f"draft {draft_id}"
        return self._marked(connection, key, subject) is not None

    def _begun_with(self, connection: sa.Connection, key: str) -> int | None:
        begun = self._marked(connection, key, schema.audit_entry.c.action == "draft.begin")
        return int(begun.removeprefix("draft ")) if begun else None

    def _marked(
        self, connection: sa.Connection, key: str, where: sa.ColumnElement[bool]
    ) -> str | None:
        """Return what a form with this token was about, if it has done its work."""
        if not key:
            return None
        table = schema.audit_entry
        token = table.c.detail.contains(f'"once": "{key}"')
        found: str | None = connection.scalar(sa.select(table.c.subject).where(where, token))
        return found

    def _mark_undone(
        self, connection: sa.Connection, draft_id: int, *, undone: bool
    ) -> dict[str, Any]:
        table = schema.draft_change
        order: Callable[[Any], Any] = sa.desc if undone else sa.asc
        query = (
            sa.select(table.c.position, table.c.sentence)
            .where(table.c.draft_id == draft_id, table.c.undone != undone)
            .order_by(order(table.c.position))
            .limit(1)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            what = "undo" if undone else "do again"
            raise NotNow(f"There is nothing to {what} in draft {draft_id}.")
        connection.execute(
            table.update()
            .where(table.c.draft_id == draft_id, table.c.position == row.position)
            .values(undone=undone)
        )
        return {"sentence": row.sentence}

    def _refuse_too_many(self, connection: sa.Connection, draft_id: int) -> None:
        table = schema.draft_change
        query = sa.select(sa.func.count()).where(table.c.draft_id == draft_id)
        if (connection.scalar(query) or 0) >= CHANGES_AT_MOST:
            raise NotNow(
                f"Draft {draft_id} has {CHANGES_AT_MOST} changes, which is the most.",
                next_step="Publish it, or begin another draft.",
            )

    def _set(self, connection: sa.Connection, draft_id: int, **values: Any) -> None:
        table = schema.draft
        connection.execute(table.update().where(table.c.id == draft_id).values(**values))

    def _note(
        self, connection: sa.Connection, by: Person, action: str, draft_id: int, **detail: Any
    ) -> None:
        append(connection, actor=by.login, action=action, subject=f"draft {draft_id}", **detail)


class _Doing:
    """What is being done to a draft, and what the audit is told of it."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.detail: dict[str, Any] = {}


def _refuse_stale(draft: Draft, seen: ExpectedVersion) -> None:
    if draft.version != seen.version:
        raise Stale(
            f"Draft {draft.id} has been changed since this page was read: it is at version "
            f"{draft.version}, and the page showed version {seen.version}.",
            next_step="Look at the draft as it is now, then do it again if it is still wanted.",
        )


def _refuse_state(draft: Draft, action: str, among: tuple[str, ...] | list[str]) -> None:
    if draft.state not in among:
        raise NotNow(
            f"Draft {draft.id} is {draft.state}.",
            allowed=f"This ({action.removeprefix('draft.')}) needs it to be {' or '.join(among)}.",
            next_step="Look at the draft as it is now.",
        )


def checked_key(text: str) -> str:
    """Return a form's token. Raises InputRefused for what no form of ours was given."""
    if not text or (len(text) <= 64 and text.isascii() and text.isalnum()):
        return text
    raise InputRefused("The form's token is not one of ours.", field="once")
