"""What is sealed in this database, and what each value is sealed for: its own row and column.

House rule: one way to seal (`catchments.store.integrity.sealing`), so that nothing sealed can be
moved to another case. See docs/decisions/0034-requests-for-support.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from catchments.requests.store import schema
from catchments.requests.store.database import DIGEST_KEY
from catchments.store import schema as core
from catchments.store.accounts.factors import app_context
from catchments.store.accounts.kept_forms import kept_form_context
from catchments.store.engine import sealer_of
from catchments.store.integrity import chain_keys
from catchments.store.integrity.sealed_columns import SealedColumn


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
    """Return what a part of a file, its name or its key, is sealed for."""
    return f"{part} of file {once}"


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
