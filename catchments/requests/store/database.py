"""The requests' own database: its schema, its migrations, the keys that it is under."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from catchments.core.roles import COMMAND_LINE
from catchments.requests.store.schema import metadata
from catchments.store.engine import Database, sealer_of
from catchments.store.integrity.audit import FIRST_HASH, KEY_BEGINS, append
from catchments.store.integrity.chain_keys import add_key, mac_of, sealed_keys

DIGEST_KEY = "student digest key"
"""The name of the secret that students are found again under."""
_DIGEST_KEY_BYTES = 32
_SECRET = metadata.tables["secret"]


class RequestsDatabase(Database):
    """A database of requests for support."""

    migrations: ClassVar[Path] = Path(__file__).parent / "migrations"
    newest_revision: ClassVar[str] = "0002"
    set_up_with: ClassVar[str] = "flask requests setup"


def protect(database: RequestsDatabase) -> None:
    """See that the trail and what finds students again are under keys; a second time do nothing.

    Raises KeyTrouble where keys that are in use are not at hand.
    """
    with database.writing() as connection:
        if not sealed_keys(connection):
            number = add_key(connection)
            append(
                connection,
                actor=COMMAND_LINE,
                action=KEY_BEGINS,
                subject="audit trail",
                key=number,
            )
        if _digest_key_row(connection) is None:
            made = secrets.token_hex(_DIGEST_KEY_BYTES)
            value = sealer_of(connection).seal(made, context=DIGEST_KEY)
            connection.execute(_SECRET.insert().values(name=DIGEST_KEY, value=value))
    with database.reading() as connection:
        mac_of(connection, FIRST_HASH)
        student_digest(connection, "")


def student_digest(connection: sa.Connection, student: str) -> str:
    """Return what tells a student from others and tells nobody who they are: HMAC-SHA-256.

    Its key is sealed in the database, and stays the same when the data key is exchanged. Raises
    KeyTrouble.
    """
    row = _digest_key_row(connection)
    key = sealer_of(connection).unseal(row or "", context=DIGEST_KEY)
    return hmac.new(bytes.fromhex(key), student.encode(), hashlib.sha256).hexdigest()


def _digest_key_row(connection: sa.Connection) -> str | None:
    query = sa.select(_SECRET.c.value).where(_SECRET.c.name == DIGEST_KEY)
    found: str | None = connection.scalar(query)
    return found
