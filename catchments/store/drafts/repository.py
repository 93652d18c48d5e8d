"""Drafts as staff work on them: each thing done is one transaction, with its entry in the audit.

Whoever does something says which version of the draft they saw. Where another has changed it since,
nothing is done and `Stale` says so. A form that is sent twice does its work once: see
`ExpectedVersion`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partialmethod
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from catchments.changes.change import Change
from catchments.core.errors import InputRefused, NotNow, refuse_stale
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.accounts.letters import Letter
from catchments.store.drafts import comments, records
from catchments.store.drafts.comments import WHOLE, About
from catchments.store.drafts.copying import copy_changes, refuse_without_base
from catchments.store.drafts.reading import DraftReadings
from catchments.store.drafts.records import (
    ABANDONED,
    APPROVED,
    EDITABLE,
    EDITING,
    HANDED_OVER,
    OPEN,
    SENT_BACK,
    SUBMITTED,
    Draft,
)
from catchments.store.drafts.telling import hands_in, tell_approvers, tell_workers
from catchments.store.drafts.uploads import forget
from catchments.store.engine import now, reads
from catchments.store.integrity.audit import append

WORK = frozenset(
    f"draft.{act}" for act in ("change", "undo", "redo", "describe", "rebase", "submit")
)
"""What is done by whoever works on a draft."""
CHANGES_AT_MOST = 500
COMMENTS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """By whom something is done, and which version of the draft they saw."""

    person: Person
    version: int
    idempotency_key: str = ""
    """A random text that the form was given when it was written; the same twice is one form."""


def _done_already(connection: sa.Connection, draft_id: int, idempotency_key: str) -> bool:
    """Whether a form with this token has done its work on a draft already."""
    subject = schema.audit_entry.c.subject == f"draft {draft_id}"
    return _marked(connection, idempotency_key, subject) is not None


def _begun_with(connection: sa.Connection, idempotency_key: str) -> int | None:
    """Return the draft that a form with this token began, or None."""
    is_begun = schema.audit_entry.c.action == "draft.begin"
    begun = _marked(connection, idempotency_key, is_begun)
    return int(begun.removeprefix("draft ")) if begun else None


def _marked(connection: sa.Connection, key: str, where: sa.ColumnElement[bool]) -> str | None:
    """Return what a form with this token was about, if it has done its work."""
    if not key:
        return None
    table = schema.audit_entry
    token = table.c.detail.contains(f'"once": "{key}"')
    found: str | None = connection.scalar(sa.select(table.c.subject).where(where, token))
    return found


class DraftRepository(DraftReadings):
    """The drafts of a store, for staff."""

    is_done = reads(_done_already)
    begun_with = reads(_begun_with)

    # --- preparing ----------------------------------------------------------------------------

    def begin(
        self, *, title: str, reason: str, base_number: int, by: Person, idempotency_key: str = ""
    ) -> int:
        """Begin a draft on an edition and return its id; a form sent twice begins one."""
        with self._database.writing() as connection:
            known = _begun_with(connection, idempotency_key)
            if known is not None:
                return known
            return self._begun(connection, title, reason, base_number, by, once=idempotency_key)

    def copy(self, draft_id: int, *, title: str, by: Person, idempotency_key: str = "") -> int:
        """Begin a draft with another's base, reason and changes that hold; return its id.

        A form sent twice makes one copy. Raises NotKnown; ChangeDoesNotFit where its base is gone.
        """
        with self._database.writing() as connection:
            known = _begun_with(connection, idempotency_key)
            if known is not None:
                return known
            source = records.read_head(connection, draft_id)
            refuse_without_base(connection, source)
            told = {"once": idempotency_key, "copy_of": draft_id}
            copy = self._begun(connection, title, source.reason, source.base_number, by, **told)
            copy_changes(connection, draft_id, copy)
            return copy

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
        with self._doing(draft_id, seen, "draft.change", among=EDITABLE) as doing:
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

    def _turn(
        self,
        draft_id: int,
        position: int | None = None,
        *,
        undone: bool,
        seen: ExpectedVersion,
        sentences: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Undo a change, or the last that holds; or do one again, or the one undone last.

        Whoever names one has tried that the later ones fit without it, or with it; `sentences` are
        what those do now, by position. Raises Stale or NotNow.
        """
        action = "draft.undo" if undone else "draft.redo"
        with self._doing(draft_id, seen, action, among=EDITABLE) as doing:
            if doing is None:
                return
            self._mark_undone(doing, position, undone=undone)
            for other, sentence in sentences.items():
                doing.change(other, sentence=sentence)

    undo = partialmethod(_turn, undone=True)
    redo = partialmethod(_turn, undone=False)

    def describe(self, draft_id: int, *, title: str, reason: str, seen: ExpectedVersion) -> None:
        """Give a draft another title and reason. Raises Stale or NotNow."""
        self._change_to(draft_id, seen, "draft.describe", EDITABLE, title=title, reason=reason)

    def rebase(self, draft_id: int, base_number: int, *, seen: ExpectedVersion) -> None:
        """Put a draft on another edition, its changes as they are. Raises Stale or NotNow.

        Whoever asks has tried that they fit.
        """
        with self._doing(draft_id, seen, "draft.rebase", among=OPEN) as doing:
            if doing is not None:
                state = SENT_BACK if doing.draft.state == SENT_BACK else EDITING
                self._set(doing.connection, draft_id, base_number=base_number, **_worked_on(state))
                doing.detail = {"base_number": base_number, "state": state}

    def abandon(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Give a draft up; it stays on record. Raises Stale or NotNow."""
        with self._doing(draft_id, seen, "draft.abandon", among=OPEN) as doing:
            if doing is not None:
                self._set(doing.connection, draft_id, state=ABANDONED)
                records.forget_uploads(doing.connection, draft_id)
                doing.detail = {"state": ABANDONED}

    def comment(
        self,
        draft_id: int,
        text: str,
        *,
        by: Person,
        about: About = WHOLE,
        idempotency_key: str = "",
    ) -> None:
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
            comments.say(connection, draft_id, text, by, key=idempotency_key, about=about)
            told = {"about": about.what} if about.what else {}
            self._note(connection, by, "draft.comment", draft_id, text=text, **told)

    # --- reviewing ----------------------------------------------------------------------------

    def submit(self, draft_id: int, effective_from: date, *, seen: ExpectedVersion) -> None:
        """Hand a draft over for review, to be in force from a date; who may approve it is told.

        Raises Stale or NotNow.
        """
        with self._doing(draft_id, seen, "draft.submit", among=EDITABLE) as doing:
            if doing is not None:
                values = {"state": SUBMITTED, "effective_from": effective_from}
                self._set(doing.connection, draft_id, **values)
                doing.detail = values
                tell_approvers(doing.connection, doing.draft, seen.person, effective_from)

    def take_back(self, draft_id: int, *, seen: ExpectedVersion) -> None:
        """Take a draft back from review to work on it; an approval is void.

        Raises Stale or NotNow.
        """
        self._change_to(draft_id, seen, "draft.take-back", HANDED_OVER, **_worked_on(EDITING))

    def send_back(self, draft_id: int, reason: str = "", *, seen: ExpectedVersion) -> None:
        """Hand a draft back to be worked on, and say why; an approval is void.

        Those who worked on it are told. Raises Stale or NotNow.
        """
        with self._doing(draft_id, seen, "draft.send-back", among=HANDED_OVER) as doing:
            if doing is None:
                return
            connection, by = doing.connection, seen.person
            self._set(connection, draft_id, **_worked_on(SENT_BACK))
            doing.detail = {"reason": reason}
            if reason:
                key, kind = seen.idempotency_key, comments.SENT_BACK
                comments.say(connection, draft_id, reason, by, key=key, kind=kind)
            tell_workers(connection, Letter.SENT_BACK, doing.draft, by, reason=reason)

    def approve(self, draft_id: int, effective_from: date, *, seen: ExpectedVersion) -> None:
        """Approve a draft as it stands, from a date.

        Raises Stale, or NotNow where it is not in review or the approver had a hand in it.
        """
        with self._doing(draft_id, seen, "draft.approve", among=[SUBMITTED]) as doing:
            if doing is None:
                return
            connection, by = doing.connection, seen.person
            _refuse_own(connection, draft_id, by)
            values = {"effective_from": effective_from, "approver_id": by.id}
            self._set(connection, draft_id, state=APPROVED, approved_at=now(), **values)
            doing.detail = {"state": APPROVED, **values}
            tell_workers(connection, Letter.APPROVED, doing.draft, by, starts=effective_from)

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
            if _done_already(connection, draft_id, seen.idempotency_key):
                yield None
                return
            draft = records.read_head(connection, draft_id)
            refuse_stale(f"Draft {draft.id}", draft.version, seen.version, "the draft")
            _refuse_state(draft, action, among)
            doing = _Doing(connection, draft)
            yield doing
            worked = {"holder_id": seen.person.id, "worked_at": now()} if action in WORK else {}
            self._set(connection, draft_id, version=draft.version + 1, **worked)
            detail = {**doing.detail, "version": draft.version + 1, "once": seen.idempotency_key}
            self._note(connection, seen.person, action, draft_id, **detail)

    def _begun(
        self,
        connection: sa.Connection,
        title: str,
        reason: str,
        base_number: int | None,
        by: Person,
        **told: Any,
    ) -> int:
        at = now()
        draft_id = records.create(connection, title=title, base_number=base_number, at=at)
        who = {"author_id": by.id, "holder_id": by.id, "worked_at": at}
        self._set(connection, draft_id, reason=reason, version=1, **who)
        told = {"title": title, "base": base_number, **told}
        self._note(connection, by, "draft.begin", draft_id, **told)
        return draft_id

    def _mark_undone(self, doing: _Doing, position: int | None, *, undone: bool) -> None:
        table, draft = schema.draft_change, doing.draft
        last_undone = (sa.func.coalesce(table.c.undone_in, 0).desc(), table.c.position)
        query = (
            sa.select(table.c.position, table.c.sentence)
            .where(table.c.draft_id == draft.id, table.c.undone != undone)
            .order_by(*((table.c.position.desc(),) if undone else last_undone))
        )
        if position is not None:
            query = query.where(table.c.position == position)
        row = doing.connection.execute(query.limit(1)).one_or_none()
        if row is None:
            what = "undo" if undone else "do again"
            raise NotNow(f"There is nothing to {what} in draft {draft.id}.")
        doing.change(row.position, undone=undone, undone_in=draft.version if undone else None)
        doing.detail = {"sentence": row.sentence}

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


@dataclass(slots=True)
class _Doing:
    """What is being done to a draft, and what the audit is told of it."""

    connection: sa.Connection
    draft: Draft
    """As it was seen, without its changes."""
    detail: dict[str, Any] = field(default_factory=dict)

    def change(self, position: int, **values: Any) -> None:
        """Set columns of one change of it."""
        table = schema.draft_change
        one = (table.c.draft_id == self.draft.id, table.c.position == position)
        self.connection.execute(table.update().where(*one).values(**values))


def _worked_on(state: str) -> dict[str, Any]:
    """Return the columns of a draft that is to be worked on; an approval is void."""
    return {"state": state, "approver_id": None, "approved_at": None}


def _refuse_own(connection: sa.Connection, draft_id: int, by: Person) -> None:
    if by.id in hands_in(connection, draft_id):
        raise NotNow(
            f"{by.name} had a hand in draft {draft_id}.",
            allowed="A second person approves it: one who neither began nor changed it.",
            next_step="Ask another approver.",
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
