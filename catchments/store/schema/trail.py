"""The tables of the audit trail, which every store with accounts has."""

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
    # The hash under the chain's key: that key's number, a colon, hexadecimal. Null before there was
    # a key.
    sa.Column("mac", sa.String(80)),
)

kept_rows = sa.Table(
    "kept_rows",
    metadata,
    # Of what an entry holds the digest: such as “edition 7”, and one of its tables.
    sa.Column("subject", sa.String(120), primary_key=True),
    sa.Column("part", sa.String(60), primary_key=True),
    # Packed: a line for each row, its key and the beginning of its digest, to name what differs.
    sa.Column("rows", sa.LargeBinary, nullable=False),
)

trail_sent = sa.Table(
    "trail_sent",
    metadata,
    # SHA-256 of the address that the trail's last hash goes out to: a password may be in it.
    sa.Column("destination", sa.String(64), primary_key=True),
    # The entry that was taken there last, and its hash; 0 and none before the first.
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
)
