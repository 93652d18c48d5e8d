"""The tables of accounts, which another store can have as well."""

from __future__ import annotations

import sqlalchemy as sa

from catchments.store.schema.base import metadata

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("login", sa.String(200), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    # Words parted by spaces.
    sa.Column("roles", sa.Text, nullable=False),
    # Argon2; empty where one signs in elsewhere.
    sa.Column("password_hash", sa.Text, nullable=False, server_default=""),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("disabled_at", sa.DateTime),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("locked_until", sa.DateTime),
    # Raised by a new password, a new role or an end to the account: sessions begun before end.
    sa.Column("session_epoch", sa.Integer, nullable=False, server_default="0"),
)

secret = sa.Table(
    "secret",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
