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
    # Raised by a new password, a new role or an end to the account: sessions begun before end.
    sa.Column("session_epoch", sa.Integer, nullable=False, server_default="0"),
    # Of a password that somebody else made: until then it is taken, and must be changed first.
    sa.Column("change_password_by", sa.DateTime),
    # Whether the account was made to sign in elsewhere: others are linked by no e-mail address.
    sa.Column("elsewhere", sa.Boolean, nullable=False, server_default=sa.false()),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # SHA-256 of what the cookie holds.
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    # The person's, when it began: one of another epoch has ended.
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("began_at", sa.DateTime, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False),
    # When its person last showed who they are.
    sa.Column("shown_at", sa.DateTime, nullable=False),
    # Browser and system by name, no more of what it says it is; no address.
    sa.Column("device", sa.Text, nullable=False),
    # Whether a provider elsewhere vouches for a second factor.
    sa.Column("vouched_for", sa.Boolean, nullable=False, server_default=sa.false()),
)

authenticator = sa.Table(
    "authenticator",
    metadata,
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    # Encrypted, with whose it is.
    sa.Column("secret", sa.Text, nullable=False),
    # The step of the last code that was taken: no code up to it is taken again.
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
)

passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    # As WebAuthn has it, in base64url.
    sa.Column("credential", sa.Text, nullable=False, unique=True),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("uses", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("used_at", sa.DateTime),
)

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    # SHA-256; a code has 120 bits. One that was used is not here any more.
    sa.Column("digest", sa.String(64), primary_key=True),
)

secret = sa.Table(
    "secret",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sign_in_budget = sa.Table(
    "sign_in_budget",
    metadata,
    # A keyed digest of a kind and of who it is about: of what was typed nothing is kept.
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.Column("locked_until", sa.DateTime),
    # Forgotten afterwards.
    sa.Column("ends_at", sa.DateTime, nullable=False, index=True),
)

kept_form = sa.Table(
    "kept_form",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("person_id", sa.ForeignKey(person.c.id), nullable=False, index=True),
    # What its form was given when it was written: a double click sends it twice.
    sa.Column("once", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    # What was typed, packed and sealed.
    sa.Column("content", sa.Text, nullable=False),
)

letter = sa.Table(
    "letter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.ForeignKey(person.c.id), nullable=False, index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    # As it was then: where a person is told of their account before it changes hands.
    sa.Column("email", sa.Text, nullable=False),
    # JSON: lines of it, no secret.
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    # As those of a delivery.
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("claimed_at", sa.DateTime),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("last_error", sa.Text, nullable=False, server_default=""),
)
