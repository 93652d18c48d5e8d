"""What is said in a case: comments, tasks and events, and files; each internal until it is shared.

Internal is a side: the school's, or that of whoever supports the student. A handover takes the
case whole, so that what the one before noted is there for the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown
from catchments.core.roles import Person
from catchments.requests.rules.access import Part
from catchments.requests.rules.files import FileKind, refuse_too_many
from catchments.requests.rules.requests import LONGEST_TEXT
from catchments.requests.rules.roles import Viewer
from catchments.requests.store import mail, schema
from catchments.requests.store.case_rows import CaseHead, head_of, on_trail, sides
from catchments.requests.store.organisations import viewer_of
from catchments.requests.store.sealed import (
    EncryptedFile,
    file_content,
    file_name,
    note_context,
    seal,
    unseal,
)
from catchments.store.engine import Repository, now

_N, _F = schema.case_note, schema.case_file


class NoteKind(StrEnum):
    """What a note is."""

    COMMENT = "comment"
    TASK = "task"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody wrote in a case."""

    id: int
    at: datetime
    by: int
    organisation: int
    shared: bool
    kind: NoteKind
    text: str
    due_on: date | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of a case, without its content."""

    id: int
    at: datetime
    by: int
    organisation: int
    shared: bool
    media_type: str
    size: int
    name: str


class Notes(Repository):
    """What is said in the cases of a store."""

    def of(self, viewer: Viewer, reference: str) -> list[Note]:
        """Return what somebody may see of what is said in a case, the first first."""
        with self._database.reading() as connection:
            head = head_of(connection, viewer, reference)
            rows = _visible(connection, head, _N)
            return [_note(connection, row) for row in rows]

    def files(self, viewer: Viewer, reference: str) -> list[CaseFile]:
        """Return the files of a case that somebody may see, the first first."""
        with self._database.reading() as connection:
            head = head_of(connection, viewer, reference)
            return [_file(connection, row) for row in _visible(connection, head, _F)]

    def add(
        self,
        person: Person,
        reference: str,
        text: str,
        *,
        once: str,
        shared: bool,
        kind: NoteKind = NoteKind.COMMENT,
        due_on: date | None = None,
    ) -> None:
        """Write something in an open case; the same `once` is written once.

        Raises NotKnown, NotAllowed and InputRefused.
        """
        said = _checked_text(text)
        with self._database.writing() as connection:
            head, side = _writable(connection, person, reference)
            if kind is not NoteKind.COMMENT and not head.sight.sees(Part.HOLDER_NOTES):
                raise NotAllowed("Tasks and events are for whoever supports the student.")
            if _is_known(connection, _N, once):
                return
            connection.execute(
                _N.insert().values(
                    reference=reference,
                    organisation_id=side,
                    at=now(),
                    by_id=person.id,
                    shared=shared,
                    kind=kind,
                    due_on=due_on,
                    once=once,
                    text=seal(connection, said, note_context(once=once)),
                )
            )
            _note_written(connection, person, head, kind, shared=shared)

    def finish(self, person: Person, reference: str, number: int) -> None:
        """Note that a task is done. Raises NotKnown and NotAllowed."""
        with self._database.writing() as connection:
            head, _ = _writable(connection, person, reference)
            if not head.sight.sees(Part.HOLDER_NOTES):
                raise NotAllowed("Tasks are for whoever supports the student.")
            here = (_N.c.id == number, _N.c.reference == reference, _N.c.kind == NoteKind.TASK)
            change = _N.update().where(*here, _N.c.done_at.is_(None)).values(done_at=now())
            if connection.execute(change).rowcount:
                _on_trail(
                    connection, person, head, "case.task-done", {head.case.holder}, note=number
                )

    def share(self, person: Person, reference: str, number: int) -> None:
        """Share a note of one's own side with the other; it stays shared."""
        self._share(person, reference, _N, number)

    def share_file(self, person: Person, reference: str, number: int) -> None:
        """Share a file of one's own side with the other; it stays shared."""
        self._share(person, reference, _F, number)

    def attach(
        self, person: Person, reference: str, name: str, content: bytes, *, once: str, shared: bool
    ) -> None:
        """Add a file to an open case; the same `once` is added once.

        Raises NotKnown, NotAllowed and InputRefused.
        """
        made = EncryptedFile.of(name, content, once=once)
        with self._database.writing() as connection:
            head, side = _writable(connection, person, reference)
            if _is_known(connection, _F, once):
                return
            # Of those that they see: how many the other side has for itself is not told.
            refuse_too_many(len(_visible(connection, head, _F)))
            connection.execute(
                _F.insert().values(
                    reference=reference,
                    organisation_id=side,
                    at=now(),
                    by_id=person.id,
                    shared=shared,
                    **made.columns(connection),
                )
            )
            _note_written(connection, person, head, "file", shared=shared)

    def content(self, person: Person, reference: str, number: int) -> tuple[CaseFile, bytes]:
        """Return a file, and put on the trail that it was taken. Raises NotKnown, SealBroken."""
        with self._database.writing() as connection:
            head = head_of(connection, viewer_of(connection, person.id), reference)
            row = next((r for r in _visible(connection, head, _F) if r.id == number), None)
            if row is None:
                raise NotKnown("There is no such file that you may see.")
            told = _told(head, row.organisation_id, shared=row.shared)
            _on_trail(connection, person, head, "case.file-taken", told, file=number)
            held = connection.scalar(sa.select(_F.c.content).where(_F.c.id == number)) or b""
            return _file(connection, row), file_content(connection, row, held)

    def _share(self, person: Person, reference: str, table: sa.Table, number: int) -> None:
        with self._database.writing() as connection:
            head, _ = _writable(connection, person, reference)
            row = next((r for r in _visible(connection, head, table) if r.id == number), None)
            if row is None or not _is_of_side(head, row):
                raise NotKnown("There is nothing like that of yours in this case.")
            if not row.shared:
                connection.execute(table.update().where(table.c.id == number).values(shared=True))
                kind = NoteKind(row.kind) if table is _N else "file"
                _note_written(connection, person, head, kind, shared=True)


def _checked_text(text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if 0 < len(said) <= LONGEST_TEXT:
        return said
    raise InputRefused(
        "Nothing is written." if not said else f"The text has {len(said):,} characters.",
        field="text",
        allowed=f"It must have 1 to {LONGEST_TEXT:,}.",
    )


def _writable(connection: sa.Connection, person: Person, reference: str) -> tuple[CaseHead, int]:
    """Return a case that somebody may write in, and for which organisation they write."""
    head = head_of(connection, viewer_of(connection, person.id), reference)
    if not head.case.is_open:
        raise NotAllowed(
            f"The case is {head.case.state}: nothing is added to it any more.",
            next_step="A Workflow Lead can open a closed case again.",
        )
    return head, head.case.holder if head.sight.for_holder else head.case.school


def _is_of_side(head: CaseHead, row: Any) -> bool:
    """Whether a note or file is of the side that whoever looks is on."""
    of_school = row.organisation_id == head.case.school
    return head.sight.sees(Part.SCHOOL_NOTES if of_school else Part.HOLDER_NOTES)


def _visible(connection: sa.Connection, head: CaseHead, table: sa.Table) -> list[Any]:
    columns = [column for column in table.c if column.name != "content"]
    query = sa.select(*columns).where(table.c.reference == head.case.reference)
    rows: Iterable[Any] = connection.execute(query.order_by(table.c.id))
    shared = head.sight.sees(Part.SHARED)
    return [row for row in rows if (row.shared and shared) or _is_of_side(head, row)]


def _is_known(connection: sa.Connection, table: sa.Table, once: str) -> bool:
    return connection.scalar(sa.select(table.c.id).where(table.c.once == once)) is not None


def _note_written(
    connection: sa.Connection, person: Person, head: CaseHead, what: str, *, shared: bool
) -> None:
    case = head.case
    side = case.holder if head.sight.for_holder else case.school
    told = _told(head, side, shared=shared)
    _on_trail(connection, person, head, f"case.{what}", told, shared=shared)
    if not shared:
        return
    if head.sight.for_holder and case.left_on is None and case.primary_contact != person.id:
        mail.tell_contact(connection, case, mail.About.SHARED)
    elif case.assigned_to not in {None, person.id}:
        mail.tell_worker(connection, case, mail.About.SHARED)


def _told(head: CaseHead, side: int, *, shared: bool) -> set[int]:
    """Return whose authorisers are told: what is internal tells the other side nothing, ever."""
    case = head.case
    return sides(case) if shared else {case.school if side == case.school else case.holder}


def _on_trail(
    connection: sa.Connection,
    person: Person,
    head: CaseHead,
    action: str,
    told: Iterable[int],
    **detail: Any,
) -> None:
    case = head.case
    on_trail(
        connection,
        told,
        actor=person.login,
        action=action,
        subject=f"case {case.reference}",
        school=case.school,
        holder=case.holder,
        **detail,
    )


def _note(connection: sa.Connection, row: Any) -> Note:
    return Note(
        row.id,
        row.at,
        row.by_id,
        row.organisation_id,
        row.shared,
        NoteKind(row.kind),
        unseal(connection, row.text, note_context(once=row.once)),
        row.due_on,
        row.done_at,
    )


def _file(connection: sa.Connection, row: Any) -> CaseFile:
    return CaseFile(
        row.id,
        row.at,
        row.by_id,
        row.organisation_id,
        row.shared,
        FileKind(row.media_type),
        row.size,
        file_name(connection, row),
    )
