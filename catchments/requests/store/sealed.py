"""What is sealed in this database, and what each value is sealed for: its own row and column.

House rule: one way to seal (`catchments.store.integrity.sealing`), so that nothing sealed can be
moved to another case. See docs/decisions/0034-requests-for-support.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
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


def draft_context(once: str) -> str:
    """Return what a request that is being written is sealed for."""
    return f"request being written {once}"


def student_context(reference: str) -> str:
    """Return what the student of a case is sealed for."""
    return f"student of case {reference}"


def reason_context(once: str) -> str:
    """Return what a reason of a step is sealed for."""
    return f"reason {once}"


def note_context(once: str) -> str:
    """Return what a note is sealed for: by what its form was given, which is one row's alone."""
    return f"note {once}"


def file_context(once: str, part: str) -> str:
    """Return what a part of a file, its name or its key, is sealed for: with a request or a case.

    A file that goes from the one to the other stays as it is; its `once` is one row's alone.
    """
    return f"{part} of file {once}"


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
            "name": seal(connection, self.name, file_context(self.once, "name")),
            "key": seal(connection, self.key, file_context(self.once, "key")),
            "content": self.content,
        }


FILE_COLUMNS = ("media_type", "size", "once", "name", "key", "content")
"""What a row holds of a file, whichever table it is in."""


def file_name(connection: sa.Connection, row: Any) -> str:
    """Return what the file in a row is called. Raises KeyTrouble."""
    return unseal(connection, row.name, file_context(row.once, "name"))


def file_content(connection: sa.Connection, row: Any, held: bytes) -> bytes:
    """Return what was encrypted for a row. Raises SealBroken, KeyTrouble."""
    key = bytes.fromhex(unseal(connection, row.key, file_context(row.once, "key")))
    try:
        return AESGCM(key).decrypt(held[:_NONCE_BYTES], held[_NONCE_BYTES:], _bound(row.once))
    except (InvalidTag, ValueError) as error:
        raise SealBroken(
            "The file is not what was put there.",
            next_step="Somebody may have written to the database; compare it with a backup.",
        ) from error


def _bound(once: str) -> bytes:
    return f"content of file {once}".encode()


def handover_context(reference: str, part: str) -> str:
    """Return what is written of a handover of a case is sealed for."""
    return f"{part} of handover of case {reference}"


def _digest_key(_row: Mapping[str, Any]) -> str:
    return DIGEST_KEY


SEALED: tuple[SealedColumn, ...] = (
    SealedColumn(core.secret.c.value, chain_keys.context_of_row, chain_keys.is_key),
    SealedColumn(core.secret.c.value, _digest_key, lambda: core.secret.c.name == DIGEST_KEY),
    SealedColumn(core.authenticator.c.secret, lambda row: app_context(row["person_id"])),
    SealedColumn(core.kept_form.c.content, kept_form_context),
    SealedColumn(schema.request_draft.c.content, lambda row: draft_context(row["once"])),
    SealedColumn(schema.draft_file.c.name, lambda row: file_context(row["once"], "name")),
    SealedColumn(schema.draft_file.c.key, lambda row: file_context(row["once"], "key")),
    SealedColumn(schema.support_case.c.student, lambda row: student_context(row["reference"])),
    SealedColumn(schema.case_event.c.reason, lambda row: reason_context(row["once"])),
    SealedColumn(schema.case_note.c.text, lambda row: note_context(row["once"])),
    SealedColumn(schema.case_file.c.name, lambda row: file_context(row["once"], "name")),
    SealedColumn(schema.case_file.c.key, lambda row: file_context(row["once"], "key")),
    SealedColumn(schema.handover.c.note, lambda row: handover_context(row["reference"], "note")),
    SealedColumn(
        schema.handover.c.stay_reason, lambda row: handover_context(row["reference"], "reason")
    ),
)
"""Every column that is sealed anew when the data key is exchanged."""
