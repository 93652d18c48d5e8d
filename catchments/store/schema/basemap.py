"""The tables of roads, lakes and rivers, cut for the map."""

from __future__ import annotations

import sqlalchemy as sa

from catchments.store.schema.base import metadata

basemap = sa.Table(
    "basemap",
    metadata,
    # One import's rows are there at a time.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("imported_at", sa.DateTime, nullable=False),
    # Of all cells in order: browsers keep them under it.
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    # JSON: name, SHA-256 and size of each file.
    sa.Column("files", sa.Text, nullable=False),
)

basemap_cell = sa.Table(
    "basemap_cell",
    metadata,
    sa.Column("number", sa.ForeignKey(basemap.c.number), primary_key=True),
    # Level and cell, such as “near/174_-42”.
    sa.Column("place", sa.String(40), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
