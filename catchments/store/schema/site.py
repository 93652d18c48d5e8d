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
