"""What is sealed in this database, and what each value is sealed for: its own row and column.

House rule: one way to seal (`catchments.store.integrity.sealing`), so that nothing sealed can be
moved to another case. See docs/decisions/0034-requests-for-support.md.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catchments.requests.rules.files import FileKind, judged, plain_name
from catchments.requests.store import schema
from catchments.requests.store.database import DIGEST_KEY
from catchments.store import schema as core
from catchments.store.accounts.factors import app_context
from catchments.store.accounts.kept_forms import kept_form_context
from catchments.store.engine import sealer_of
from catchments.store.integrity import chain_keys
from catchments.store.integrity.sealed_columns import SealedColumn
from catchments.store.integrity.sealing import SealBroken

_NONCE_BYTES = 12


def seal(connection: sa.Connection, text: str, context: str) -> str:
    """Return a text sealed for a context; an empty one stays empty. Raises KeyTrouble."""
    return sealer_of(connection).seal(text, context=context) if text else ""


def unseal(connection: sa.Connection, sealed: str, context: str) -> str:
    """Return what `seal` sealed. Raises KeyTrouble."""
    return sealer_of(connection).unseal(sealed, context=context) if sealed else ""


# What each text is sealed for, given what tells its row from others.
draft_context = "request being written {once}".format
student_context = "student of case {reference}".format
reason_context = "reason {once}".format
"""Of a step."""
note_context = "note {once}".format
"""By what its form was given, which is one row's alone."""
name_context, key_context = "name of file {once}".format, "key of file {once}".format
"""With a request or a case: a file that goes from the one to the other stays as it is; its `once`
is one row's alone."""
handover_context = "note of handover of case {reference}".format
stay_context = "reason of handover of case {reference}".format


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """A file that is taken, under a key of its own; made before a transaction begins."""

    once: str
    kind: FileKind
    size: int
    name: str
    key: str
    content: bytes

    @classmethod
    def of(cls, name: str, content: bytes, *, once: str) -> EncryptedFile:
        """Judge and encrypt a file. Raises InputRefused for what is not taken."""
        kind, key = judged(content), AESGCM.generate_key(bit_length=256)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        held = nonce + AESGCM(key).encrypt(nonce, content, _bound(once))
        return cls(once, kind, len(content), plain_name(name, kind), key.hex(), held)

    def columns(self, connection: sa.Connection) -> dict[str, Any]:
        """Return what a row holds of it, name and key sealed. Raises KeyTrouble."""
        return {
            "media_type": self.kind,
            "size": self.size,
            "once": self.once,
            "name": seal(connection, self.name, name_context(once=self.once)),
            "key": seal(connection, self.key, key_context(once=self.once)),
            "content": self.content,
        }


FILE_COLUMNS = ("media_type", "size", "once", "name", "key", "content")
"""What a row holds of a file, whichever table it is in."""


def file_name(connection: sa.Connection, row: Any) -> str:
    """Return what the file in a row is called. Raises KeyTrouble."""
    return unseal(connection, row.name, name_context(once=row.once))


def file_content(connection: sa.Connection, row: Any, held: bytes) -> bytes:
    """Return what was encrypted for a row. Raises SealBroken, KeyTrouble."""
    key = bytes.fromhex(unseal(connection, row.key, key_context(once=row.once)))
    try:
        return AESGCM(key).decrypt(held[:_NONCE_BYTES], held[_NONCE_BYTES:], _bound(row.once))
    except (InvalidTag, ValueError) as error:
        raise SealBroken(
            "The file is not what was put there.",
            next_step="Somebody may have written to the database; compare it with a backup.",
        ) from error


def _bound(once: str) -> bytes:
    return f"content of file {once}".encode()


SEALED: tuple[SealedColumn, ...] = (
    SealedColumn(core.secret.c.value, chain_keys.context_of_row, chain_keys.is_key),
    SealedColumn(core.secret.c.value, DIGEST_KEY.format, lambda: core.secret.c.name == DIGEST_KEY),
    SealedColumn(core.authenticator.c.secret, app_context),
    SealedColumn(core.kept_form.c.content, kept_form_context),
    SealedColumn(schema.request_draft.c.content, draft_context),
    SealedColumn(schema.draft_file.c.name, name_context),
    SealedColumn(schema.draft_file.c.key, key_context),
    SealedColumn(schema.support_case.c.student, student_context),
    SealedColumn(schema.case_event.c.reason, reason_context),
    SealedColumn(schema.case_note.c.text, note_context),
    SealedColumn(schema.case_file.c.name, name_context),
    SealedColumn(schema.case_file.c.key, key_context),
    SealedColumn(schema.handover.c.note, handover_context),
    SealedColumn(schema.handover.c.stay_reason, stay_context),
)
"""Every column that is sealed anew when the data key is exchanged."""
