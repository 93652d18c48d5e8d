"""The table of the audit trail, which every store with accounts has."""

from __future__ import annotations

import sqlalchemy as sa

from catchments.store.schema.base import metadata

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    # ISO 8601 in UTC, as text: the hash is of these very characters.
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.String(60), nullable=False, index=True),
    sa.Column("subject", sa.String(120), nullable=False, index=True),
    # JSON, keys sorted.
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
