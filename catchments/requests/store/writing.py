"""Requests that are being written, with their files: kept sealed, gone after a while."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown, Stale
from catchments.core.roles import Person
from catchments.requests.rules.files import AT_MOST, refuse_too_many
from catchments.requests.rules.files import LARGEST as LARGEST_FILE
from catchments.requests.rules.roles import SENDERS
from catchments.requests.store import schema
from catchments.requests.store.organisations import has_role
from catchments.requests.store.sealed import (
    FILE_COLUMNS,
    EncryptedFile,
    draft_context,
    file_content,
    file_name,
    seal,
    unseal,
)
from catchments.store.engine import Repository, inserted, now

KEPT_FOR = timedelta(days=14)
"""How long a request that is not sent is kept after it was last changed."""
AT_MOST_EACH = 20
"""Of one person; whoever begins more sends or throws away some."""
LARGEST = 64 * 1024
"""Characters of all fields together."""
LARGEST_FILES = AT_MOST * LARGEST_FILE
"""Bytes of the files of all requests that one person has not sent: as many as one may have."""
_D, _F = schema.request_draft, schema.draft_file


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a request that is being written, without its content."""

    id: int
    media_type: str
    size: int
    name: str
    once: str
    """Which it is: numbers are given again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the page showed it from which it is sent."""

    version: int
    files: tuple[str, ...] = ()
    """Each by its `once`, the first first."""


@dataclass(frozen=True, slots=True)
class WrittenRequest:
    """A request that is being written, as it was last kept."""

    id: int
    organisation: int
    once: str
    fields: dict[str, str]
    changed_at: datetime
    ends_at: datetime
    version: int
    files: tuple[DraftFile, ...] = ()


class WrittenRequests(Repository):
    """The requests that are being written; each is its writer's alone."""

    def begin(
        self, person: Person, organisation: int, fields: dict[str, str], *, once: str = ""
    ) -> int:
        """Begin a request for a student of a school, and return its number.

        The same `once` begins one, and keeps what came last. Raises NotAllowed for whoever may not
        ask there, and InputRefused for too many.
        """
        at, once = now(), once or secrets.token_hex(16)
        with self._database.writing() as connection:
            _remove(connection, _D.c.ends_at < at)
            if not has_role(connection, person.id, organisation, SENDERS):
                raise NotAllowed(
                    "You may not ask for support for this school.",
                    next_step="Ask your school's delegated authoriser for a role.",
                )
            begun = sa.select(_D).where(_D.c.once == once, _D.c.person_id == person.id)
            if (row := connection.execute(begun).one_or_none()) is not None:
                _kept(connection, row, fields)
                return int(row.id)
            _refuse_sent(connection, once)
            mine = sa.select(sa.func.count()).select_from(_D).where(_D.c.person_id == person.id)
            if int(connection.scalar(mine) or 0) >= AT_MOST_EACH:
                raise InputRefused(
                    f"You have {AT_MOST_EACH} requests that are not sent.",
                    next_step="Send or throw away one of them first.",
                )
            return inserted(
                connection,
                _D,
                person_id=person.id,
                organisation_id=organisation,
                once=once,
                content=_sealed(connection, once, fields),
                changed_at=at,
                ends_at=at + KEPT_FOR,
            )

    def keep(
        self,
        person: Person,
        number: int,
        fields: dict[str, str],
        *,
        version: int | None = None,
        once: str = "",
    ) -> int:
        """Keep what was typed so far, and return which version that is.

        `version` and `once` are of the request that the form was made for, any if they are none.
        Raises NotKnown, Stale where another window has kept something else since, and InputRefused
        for far too much.
        """
        with self._database.writing() as connection:
            row = _row(connection, person, number, once)
            before = _written(connection, row)
            if version not in {None, row.version} and before.fields != fields:
                raise Stale(
                    "This request was changed in another window after your page was made.",
                    next_step="What you typed stands below and is not kept yet. Keep it, and it "
                    "replaces what was kept in the other window.",
                )
            return _kept(connection, row, fields)

    def one(self, person: Person, number: int, *, once: str = "") -> WrittenRequest:
        """Return a request that somebody is writing. Raises NotKnown, also for another's."""
        with self._database.reading() as connection:
            return _written(connection, _row(connection, person, number, once))

    def all(self, person: Person) -> list[WrittenRequest]:
        """Return what somebody is writing, the latest first."""
        with self._database.reading() as connection:
            query = sa.select(_D).where(_D.c.person_id == person.id, _D.c.ends_at >= now())
            rows = connection.execute(query.order_by(_D.c.changed_at.desc())).all()
            return [_written(connection, row) for row in rows]

    def throw_away(self, person: Person, number: int, *, once: str) -> None:
        """Remove a request that somebody is writing; none is no error."""
        with self._database.writing() as connection:
            which = (_D.c.id == number, _D.c.once == once, _D.c.person_id == person.id)
            _remove(connection, *which)

    def forget_old(self) -> int:
        """Remove what was not changed for a while; return how many."""
        with self._database.writing() as connection:
            return _remove(connection, _D.c.ends_at < now())

    # --- files ------------------------------------------------------------------------------------

    def attach(self, person: Person, number: int, name: str, content: bytes, *, form: str) -> None:
        """Add a file to a request; what the same `form` is sent with is added once.

        Raises NotKnown, and InputRefused for what is not taken and for too much.
        """
        made = EncryptedFile.of(name, content, once=secrets.token_hex(16))
        with self._database.writing() as connection:
            row = _row(connection, person, number)
            known = sa.select(_F.c.id).where(_F.c.draft_id == number, _F.c.form == form)
            if connection.scalar(known) is not None:
                return
            _refuse_too_much(connection, person, number, made.size)
            values = {"draft_id": number, "form": form, "at": now()} | made.columns(connection)
            connection.execute(_F.insert().values(**values))
            _put_off(connection, row)

    def take_out(self, person: Person, number: int, file: int) -> None:
        """Remove a file from a request; none is no error. Raises NotKnown."""
        with self._database.writing() as connection:
            row = _row(connection, person, number)
            connection.execute(_F.delete().where(_F.c.id == file, _F.c.draft_id == number))
            _put_off(connection, row)

    def content(self, person: Person, number: int, file: int) -> tuple[DraftFile, bytes]:
        """Return a file of a request that somebody is writing. Raises NotKnown, SealBroken."""
        with self._database.reading() as connection:
            _row(connection, person, number)
            query = sa.select(_F).where(_F.c.id == file, _F.c.draft_id == number)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotKnown(
                    "There is no such file in this request.",
                    next_step="It may have been taken out in another window.",
                )
            return _file(connection, row), file_content(connection, row, row.content)


def send_files(
    connection: sa.Connection, person: Person, once: str, case: Mapping[str, Any], seen: Seen | None
) -> int:
    """Move the files of a request into its case, remove the request, and return how many they are.

    `case` is what each row is given in the case, `seen` the request as its sender saw it, None for
    one that nobody looked at. Raises Stale where it is not so any more.
    """
    query = sa.select(_D.c.id, _D.c.version).where(_D.c.once == once, _D.c.person_id == person.id)
    draft = connection.execute(query).one_or_none()
    of_draft = _F.c.draft_id == (draft.id if draft else None)
    query = sa.select(_F.c.id, _F.c.once).where(of_draft).order_by(_F.c.id)
    numbers = {row.once: row.id for row in connection.execute(query)}
    files = tuple(numbers)
    if seen is not None and seen != (Seen(draft.version, files) if draft else None):
        raise Stale(
            "The request was changed in another window since this page was made.",
            next_step="Nothing was sent. Look at it again.",
        )
    if draft is None:
        return 0
    given = [sa.literal(value, schema.case_file.c[name].type) for name, value in case.items()]
    columns, names = [*given, *(_F.c[name] for name in FILE_COLUMNS)], [*case, *FILE_COLUMNS]
    for number in numbers.values():  # in their order, without sorting what is in them
        moved = sa.select(*columns).where(_F.c.id == number)
        connection.execute(schema.case_file.insert().from_select(names, moved))
    _remove(connection, _D.c.id == draft.id)
    return len(files)


def _remove(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> int:
    """Remove requests that are being written, with their files; return how many they are."""
    connection.execute(_F.delete().where(_F.c.draft_id.in_(sa.select(_D.c.id).where(*which))))
    return connection.execute(_D.delete().where(*which)).rowcount


def _refuse_sent(connection: sa.Connection, once: str) -> None:
    """Refuse to begin with the form of a request that was sent, such as by the way back to it.

    It would be taken for that one when it is sent, and be lost.
    """
    case = schema.support_case
    if connection.scalar(sa.select(case.c.reference).where(case.c.once == once)) is not None:
        raise Stale(
            "A request was sent from this page already.",
            next_step="What stands below is not kept yet. Keep it, and it begins another request.",
        )


def _refuse_too_much(connection: sa.Connection, person: Person, number: int, size: int) -> None:
    of_draft = sa.select(sa.func.count()).select_from(_F).where(_F.c.draft_id == number)
    refuse_too_many(int(connection.scalar(of_draft) or 0), of="request")
    of_person = sa.select(sa.func.sum(_F.c.size)).join(_D, _D.c.id == _F.c.draft_id)
    held = int(connection.scalar(of_person.where(_D.c.person_id == person.id)) or 0)
    if held + size > LARGEST_FILES:
        raise InputRefused(
            f"The files of your requests that are not sent would be {held + size:,} bytes.",
            field="file",
            allowed=f"Together they may be {LARGEST_FILES:,}.",
            next_step="Send or throw away one of those requests first.",
        )


def _put_off(connection: sa.Connection, row: Any) -> None:
    """Have a request end later, as after any change; its fields are what they were."""
    at = now()
    change = {"changed_at": at, "ends_at": at + KEPT_FOR}
    connection.execute(_D.update().where(_D.c.id == row.id).values(**change))


def _files(connection: sa.Connection, number: int) -> tuple[DraftFile, ...]:
    columns = [column for column in _F.c if column.name != "content"]
    rows = connection.execute(sa.select(*columns).where(_F.c.draft_id == number).order_by(_F.c.id))
    return tuple(_file(connection, row) for row in rows)


def _file(connection: sa.Connection, row: Any) -> DraftFile:
    return DraftFile(row.id, row.media_type, row.size, file_name(connection, row), row.once)


def _kept(connection: sa.Connection, row: Any, fields: dict[str, str]) -> int:
    at, version = now(), int(row.version) + 1
    change = {
        "content": _sealed(connection, row.once, fields),
        "changed_at": at,
        "ends_at": at + KEPT_FOR,
        "version": version,
    }
    connection.execute(_D.update().where(_D.c.id == row.id).values(**change))
    return version


def _row(connection: sa.Connection, person: Person, number: int, once: str = "") -> Any:
    """Return a request that is being written; of an earlier one with its number there is none."""
    query = sa.select(_D).where(
        _D.c.id == number, _D.c.person_id == person.id, _D.c.ends_at >= now()
    )
    row = connection.execute(query).one_or_none()
    if row is None or once not in {"", row.once}:
        raise NotKnown(
            "There is no such request that you are writing.",
            next_step="It may have been sent, or thrown away after 14 days.",
        )
    return row


def _sealed(connection: sa.Connection, once: str, fields: dict[str, str]) -> str:
    packed = msgspec.json.encode(fields).decode()
    if len(packed) > LARGEST:
        raise InputRefused(
            f"The request has {len(packed):,} characters.",
            allowed=f"All its fields together may have {LARGEST:,}.",
            next_step="Shorten it; what was kept before is still there.",
        )
    return seal(connection, packed, draft_context(once=once))


def _written(connection: sa.Connection, row: Any) -> WrittenRequest:
    opened = unseal(connection, row.content, draft_context(once=row.once))
    return WrittenRequest(
        id=row.id,
        organisation=row.organisation_id,
        once=row.once,
        fields=msgspec.json.decode(opened, type=dict[str, str]),
        changed_at=row.changed_at,
        ends_at=row.ends_at,
        version=row.version,
        files=_files(connection, row.id),
    )
