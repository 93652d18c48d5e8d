"""The tables. Migrations make them; this says what they are to the code that reads and writes.

One schema serves SQLite and PostgreSQL. Nothing published is ever updated: an edition's and a
release's rows are inserted once, in one transaction, and only `edition.withdrawn_at` may be set.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
)

boundary = sa.Table(
    "boundary",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("wkb", sa.LargeBinary, nullable=False),
)

directory_release = sa.Table(
    "directory_release",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("released", sa.Date, nullable=False),
    sa.Column("imported_at", sa.DateTime, nullable=False),
    sa.Column("school_count", sa.Integer, nullable=False),
    sa.Column("source_id", sa.ForeignKey(source.c.id), nullable=False),
)

school = sa.Table(
    "school",
    metadata,
    sa.Column("release_number", sa.ForeignKey(directory_release.c.number), primary_key=True),
    sa.Column("school_id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("lng", sa.Double),
    sa.Column("lat", sa.Double),
    sa.Column("org_type", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("suburb", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("postcode", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("education_region", sa.Text, nullable=False),
    sa.Column("territorial_authority", sa.Text, nullable=False),
    sa.Column("roll", sa.Integer),
    sa.Column("opens", sa.Date),
    sa.Column("closed", sa.Date),
)

edition = sa.Table(
    "edition",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("published_at", sa.DateTime, nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
    sa.Column("overlaps_accepted", sa.Boolean, nullable=False),
    sa.Column("gaps_accepted", sa.Boolean, nullable=False),
    sa.Column("draft_id", sa.Integer),
    sa.Column("base_number", sa.ForeignKey("edition.number")),
    sa.Column("withdrawn_at", sa.DateTime),
)

edition_source = sa.Table(
    "edition_source",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.ForeignKey(source.c.id), nullable=False),
)

edition_catchment = sa.Table(
    "edition_catchment",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("code", sa.String(100), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("education_region", sa.Text, nullable=False),
    sa.Column("provider_code", sa.Text),
    sa.Column("boundary_sha256", sa.ForeignKey(boundary.c.sha256)),
)

edition_provider = sa.Table(
    "edition_provider",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("code", sa.String(100), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("website", sa.Text, nullable=False),
)

edition_listing = sa.Table(
    "edition_listing",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("school_id", sa.Integer, primary_key=True),
    # Null where the list says that the school belongs to no catchment.
    sa.Column("catchment_code", sa.String(100)),
)

edition_in_school_provision = sa.Table(
    "edition_in_school_provision",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("school_id", sa.Integer, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),
)

artefact = sa.Table(
    "artefact",
    metadata,
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), primary_key=True),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("maker", sa.String(100), nullable=False),
    sa.Column("media_type", sa.String(100), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

draft = sa.Table(
    "draft",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("base_number", sa.ForeignKey(edition.c.number)),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("published_as", sa.ForeignKey(edition.c.number)),
)

draft_change = sa.Table(
    "draft_change",
    metadata,
    sa.Column("draft_id", sa.ForeignKey(draft.c.id), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    # JSON; boundaries stand in it as their sha256.
    sa.Column("content", sa.LargeBinary, nullable=False),
)
