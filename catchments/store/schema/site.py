"""The tables of what the site keeps beside editions."""

from __future__ import annotations

import sqlalchemy as sa

from catchments.store.schema.base import metadata

mistake_report = sa.Table(
    "mistake_report",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    # Where on the site, in its sender's words.
    sa.Column("place", sa.Text, nullable=False),
    # Where to answer; empty where none was given, and as soon as it is closed.
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("came_at", sa.DateTime, nullable=False, index=True),
    sa.Column("closed_at", sa.DateTime),
    # A name.
    sa.Column("closed_by", sa.Text, nullable=False, server_default=""),
)

content_version = sa.Table(
    "content_version",
    metadata,
    # The id of a piece of the site's texts.
    sa.Column("piece", sa.String(40), primary_key=True),
    # From 1 up, a piece.
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source_title", sa.Text, nullable=False),
    sa.Column("source_url", sa.Text, nullable=False),
    sa.Column("source_note", sa.Text, nullable=False),
    sa.Column("checked_on", sa.Date, nullable=False),
    sa.Column("check_again_after", sa.Date, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    # proposed, published or dropped; what is decided is never changed again.
    sa.Column("state", sa.String(20), nullable=False),
    # A login and a name.
    sa.Column("writer", sa.Text, nullable=False),
    sa.Column("written_by", sa.Text, nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_at", sa.DateTime),
)

content_check = sa.Table(
    "content_check",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("piece", sa.String(40), nullable=False),
    # Of what was compared with its source; what is written anew has another.
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("checked_on", sa.Date, nullable=False),
    sa.Column("check_again_after", sa.Date, nullable=False),
    # A name.
    sa.Column("checked_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
)
