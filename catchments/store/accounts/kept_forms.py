"""Forms that were sent when nobody was signed in any more, kept for whoever had filled them in.

Sealed, and there for that one person and a week. None of them is ever carried out: they come back
as what stands in a form, to be looked at and sent again.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from catchments.core.errors import CatchmentsError
from catchments.store import schema
from catchments.store.accounts.rows import is_open
from catchments.store.engine import Repository, now, sealer_of

KEPT_FOR = timedelta(days=7)
KEPT_AT_MOST = 5
"""Forms of one person; the oldest goes first."""
LARGEST = 16_000_000
"""Bytes of a form when it is packed: an outline of a million corners comes to some ten million."""
LARGEST_OF_ONE = 32_000_000
"""Bytes of all forms of one person."""
kept_form_context = "kept form {key} of person {person_id}".format
"""What a form is sealed for: its own row, and the person it is kept for."""
_T, _P = schema.kept_form, schema.person


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as it was sent."""

    path: str
    """Of the page that it was on."""
    action: str
    """Where it was sent to."""
    fields: list[tuple[str, str]]
    """In their order; a name may come several times."""
    files: list[str]
    """What the files were called that were chosen: they themselves are not kept."""

    def __bool__(self) -> bool:
        """Whether anything was typed or chosen in it."""
        return any(value.strip() for _, value in self.fields) or bool(self.files)


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that is kept, by its key."""

    key: str
    at: datetime
    sent: SentForm


class KeptForms(Repository):
    """The forms that are kept in a store."""

    def keep(self, sent: SentForm, *, for_: int, once: str = "") -> str | None:
        """Keep a form for the person with a number, and return its key; what is too old goes.

        None where it is too large, or the account is closed. `once` tells the same form sent twice.
        """
        packed = _packed(sent)
        if len(packed) > LARGEST:
            return None
        key = secrets.token_urlsafe(24)
        with self._database.writing() as connection:
            if connection.scalar(sa.select(_P.c.id).where(is_open(for_))) is None:
                return None
            _forget_old(connection, for_, once)
            sealed = sealer_of(connection).seal(
                packed, context=kept_form_context(key=key, person_id=for_)
            )
            about = {"once": once, "size": len(packed), "at": now(), "content": sealed}
            connection.execute(_T.insert().values(key=key, person_id=for_, **about))
            _keep_few(connection, for_)
        return key

    def found(self, key: str, *, by: int) -> KeptForm | None:
        """Return a form that is kept for the person with a number, if it is still there.

        None too where it cannot be unsealed here any more.
        """
        with self._database.reading() as connection:
            row = connection.execute(_kept_for(by).where(_T.c.key == key)).one_or_none()
            if row is None:
                return None
            try:
                packed = sealer_of(connection).unseal(
                    row.content, context=kept_form_context(key=key, person_id=by)
                )
                return KeptForm(key, row.at, _unpacked(packed))
            except (CatchmentsError, ValueError, zlib.error, binascii.Error):
                return None

    def of(self, person: int) -> list[str]:
        """Return the keys of the forms that are kept for the person with a number, latest first."""
        with self._database.reading() as connection:
            return [row.key for row in connection.execute(_kept_for(person))]

    def forget(self, key: str, *, by: int) -> None:
        """Forget a form that is kept for the person with a number; of another's, nothing."""
        with self._database.writing() as connection:
            connection.execute(_T.delete().where(_T.c.key == key, _T.c.person_id == by))


def _kept_for(person: int) -> sa.Select[Any]:
    query = sa.select(_T.c.key, _T.c.at, _T.c.content)
    query = query.where(_T.c.person_id == person, _T.c.at >= now() - KEPT_FOR)
    return query.order_by(_T.c.at.desc(), _T.c.key)


def _forget_old(connection: sa.Connection, person: int, once: str) -> None:
    connection.execute(_T.delete().where(_T.c.at < now() - KEPT_FOR))
    if once:
        connection.execute(_T.delete().where(_T.c.person_id == person, _T.c.once == once))


def _keep_few(connection: sa.Connection, person: int) -> None:
    query = sa.select(_T.c.key, _T.c.size).where(_T.c.person_id == person)
    held = 0
    for at, row in enumerate(connection.execute(query.order_by(_T.c.at.desc(), _T.c.key)).all()):
        held += row.size
        if at >= KEPT_AT_MOST or held > LARGEST_OF_ONE:
            connection.execute(_T.delete().where(_T.c.key == row.key))


def _packed(sent: SentForm) -> str:
    return base64.b64encode(zlib.compress(msgspec.json.encode(sent), 6)).decode()


def _unpacked(packed: str) -> SentForm:
    return msgspec.json.decode(zlib.decompress(base64.b64decode(packed)), type=SentForm)
