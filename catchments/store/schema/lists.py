"""The tables of editions, drafts, the directory and what is told of them."""

from __future__ import annotations

import sqlalchemy as sa

from catchments.store.schema.accounts import person
from catchments.store.schema.base import metadata

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
    # On PostgreSQL `geom` stands beside it, generated from it: for GIS programs, not for this code.
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
    # Empty too in releases that were kept before there was room for it.
    sa.Column("website", sa.Text, nullable=False, server_default=""),
    sa.Column("email_domain", sa.Text, nullable=False, server_default=""),
    sa.Column("education_region", sa.Text, nullable=False),
    sa.Column("territorial_authority", sa.Text, nullable=False),
    sa.Column("roll", sa.Integer),
    sa.Column("opens", sa.Date),
    sa.Column("closed", sa.Date),
)

alias = sa.Table(
    "alias",
    metadata,
    # One import's rows are there at a time. Numbers only grow: whoever reads sees that it is new.
    sa.Column("import_number", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("school_id", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
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
    # JSON: the ground that is in no catchment any more, and why; null where none was lost so.
    sa.Column("uncovered_accepted", sa.Text),
    sa.Column("draft_id", sa.Integer),
    sa.Column("base_number", sa.ForeignKey("edition.number")),
    sa.Column("withdrawn_at", sa.DateTime),
    # Names as they were then: an account may be renamed, the record stays.
    sa.Column("author", sa.Text, nullable=False, server_default=""),
    sa.Column("approved_by", sa.Text, nullable=False, server_default=""),
    sa.Column("published_by", sa.Text, nullable=False, server_default=""),
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
    sa.Column("contract_starts", sa.Date),
    sa.Column("contract_ends", sa.Date),
    sa.Column("capacity", sa.Integer),
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
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.String(20), nullable=False, server_default="editing"),
    # Raised by whatever is done to it, so that a stale form is known for one.
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("effective_from", sa.Date),
    # People, without a foreign key: SQLite cannot add one to a table that is there.
    sa.Column("author_id", sa.Integer),
    # Who last worked on it, and when; no moment in drafts of before it was kept.
    sa.Column("holder_id", sa.Integer),
    sa.Column("worked_at", sa.DateTime),
    sa.Column("approver_id", sa.Integer),
    sa.Column("approved_at", sa.DateTime),
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
    sa.Column("sentence", sa.Text, nullable=False, server_default=""),
    sa.Column("author_id", sa.Integer),
    sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.false()),
    # The draft's version when it was undone: the last that was undone is done again first.
    sa.Column("undone_in", sa.Integer),
    # What its form was given when it was written: a double click sends it twice.
    sa.Column("once", sa.String(64)),
)

draft_comment = sa.Table(
    "draft_comment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("draft_id", sa.ForeignKey(draft.c.id), nullable=False, index=True),
    sa.Column("person_id", sa.ForeignKey(person.c.id), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("once", sa.String(64)),
    # A comment, or why the draft was sent back.
    sa.Column("kind", sa.String(20), nullable=False, server_default="comment"),
    # What of the draft it is about, and how that was called then; empty for all of it.
    sa.Column("about", sa.String(120), nullable=False, server_default=""),
    sa.Column("called", sa.Text, nullable=False, server_default=""),
)

draft_upload = sa.Table(
    "draft_upload",
    metadata,
    sa.Column("draft_id", sa.ForeignKey(draft.c.id), primary_key=True),
    sa.Column("person_id", sa.ForeignKey(person.c.id), primary_key=True),
    # Of the file's name and the area: all that the browser is given of it.
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("uploaded_at", sa.DateTime, nullable=False),
    sa.Column("wkb", sa.LargeBinary, nullable=False),
)

alias_upload = sa.Table(
    "alias_upload",
    metadata,
    # What somebody looks over before it is imported: the last file that they gave.
    sa.Column("person_id", sa.ForeignKey(person.c.id), primary_key=True),
    # Of what was read: all that the browser is given of it.
    sa.Column("sha256", sa.String(64), nullable=False),
    # The import that was there when it was read.
    sa.Column("seen_import", sa.Integer, nullable=False),
    # JSON: what the audit trail keeps of the file, and the aliases.
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("aliases", sa.Text, nullable=False),
    sa.Column("uploaded_at", sa.DateTime, nullable=False),
)

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), nullable=False, index=True),
    # “school” or “provider”, and its number or code.
    sa.Column("recipient_kind", sa.String(20), nullable=False),
    sa.Column("recipient", sa.String(100), nullable=False),
    sa.Column("recipient_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # Of recipient, date and text: the same is never sent twice.
    sa.Column("fingerprint", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # An e-mail of a notice, or an edition told to a webhook.
    sa.Column("notice_id", sa.ForeignKey(notice.c.id), unique=True),
    sa.Column("webhook_id", sa.Integer),
    sa.Column("edition_number", sa.ForeignKey(edition.c.number), nullable=False),
    # That it was “published”, or “withdrawn”.
    sa.Column("event", sa.String(20), nullable=False, server_default="published"),
    # waiting, sending, sent, failed or cancelled
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("claimed_at", sa.DateTime),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("last_error", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("webhook_id", "edition_number", "event", name="uq_delivery_webhook"),
)

webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("disabled_at", sa.DateTime),
)

absence_rate = sa.Table(
    "absence_rate",
    metadata,
    # Empty for all regions without a rate of their own.
    sa.Column("education_region", sa.String(100), primary_key=True),
    # Of the roll, 0…1.
    sa.Column("rate", sa.Double, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", sa.DateTime, nullable=False),
)

finding_explained = sa.Table(
    "finding_explained",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("explained_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # SHA-256 of the key, in hexadecimal; the key itself is kept nowhere.
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    # How it begins, so that its owner can tell it from others.
    sa.Column("prefix", sa.String(12), nullable=False),
    sa.Column("requests_a_minute", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False, server_default=""),
    sa.Column("revoked_at", sa.DateTime),
)
