"""The tables of requests, beside those of accounts and of the trail, which this store has as well.

What is of a student is sealed (see `sealed_columns`); nothing of it stands in any other column.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from catchments.store import schema as core
from catchments.store.schema.base import metadata as core_metadata

OF_ACCOUNTS = (
    core.person,
    core.session,
    core.authenticator,
    core.passkey,
    core.recovery_code,
    core.kept_form,
    core.secret,
    core.sign_in_budget,
    core.letter,
    core.audit_entry,
    core.kept_rows,
    core.trail_sent,
)
"""The tables that this store shares the form of with the service's own."""
metadata = sa.MetaData(naming_convention=core_metadata.naming_convention)
for _table in OF_ACCOUNTS:
    _table.to_metadata(metadata)
person = metadata.tables["person"]

organisation = sa.Table(
    "organisation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # A word of `OrganisationKind`.
    sa.Column("kind", sa.String(20), nullable=False),
    # A school's number, for its in-school team too; a provider's code; of a ministry its name.
    sa.Column("key", sa.String(100), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("kind", "key", name="uq_organisation_kind_key"),
)

membership = sa.Table(
    "membership",
    metadata,
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), primary_key=True, index=True),
    # A word of `CaseRole`.
    sa.Column("role", sa.String(40), primary_key=True),
    sa.Column("given_at", sa.DateTime, nullable=False),
)

request_draft = sa.Table(
    "request_draft",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    # What its form was given when it was begun: it is sent once under it.
    sa.Column("once", sa.String(64), nullable=False, unique=True),
    # JSON of the form's fields, sealed.
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
    sa.Column("ends_at", sa.DateTime, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
)


def _file_columns() -> tuple[sa.Column[Any], ...]:
    """Return what a row holds of a file, of a request and of a case alike."""
    return (
        # A media type, judged by content.
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        # What it is sealed for: of a request at random, and the same then in its case.
        sa.Column("once", sa.String(64), nullable=False, unique=True),
        # Sealed.
        sa.Column("name", sa.Text, nullable=False),
        # Of the content alone, sealed: so that another data key costs no file anew.
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


draft_file = sa.Table(
    "draft_file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("draft_id", sa.ForeignKey("request_draft.id"), nullable=False),
    # What its form was given: sent twice it is added once.
    sa.Column("form", sa.String(64), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    # It goes into the case as it is when the request is sent.
    *_file_columns(),
    sa.UniqueConstraint("draft_id", "form", name="uq_draft_file_draft_id"),
)

support_case = sa.Table(
    "support_case",
    metadata,
    sa.Column("reference", sa.String(8), primary_key=True),
    sa.Column("once", sa.String(64), nullable=False, unique=True),
    sa.Column("school_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("holder_id", sa.ForeignKey("organisation.id"), nullable=False),
    # A word of `CaseState`.
    sa.Column("state", sa.String(30), nullable=False),
    sa.Column("submitted_at", sa.DateTime, nullable=False),
    # The same by New Zealand's calendar: ages and figures are of days.
    sa.Column("submitted_on", sa.Date, nullable=False),
    sa.Column("submitted_by_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("primary_contact_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("assigned_to_id", sa.ForeignKey("person.id"), index=True),
    sa.Column("left_on", sa.Date),
    sa.Column("closed_at", sa.DateTime),
    sa.Column("stays", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    # As the lookup answered on the day it was sent; they never change.
    sa.Column("catchment_code", sa.String(100), nullable=False),
    sa.Column("catchment_name", sa.Text, nullable=False),
    sa.Column("provider_code", sa.String(100), nullable=False),
    sa.Column("provider_name", sa.Text, nullable=False),
    sa.Column("edition_number", sa.Integer, nullable=False),
    # Whether the school's own team has it, which no edition moves.
    sa.Column("in_school", sa.Boolean, nullable=False, server_default=sa.false()),
    # Whether the lookup said that what it answers is made up.
    sa.Column("demonstration", sa.Boolean, nullable=False, server_default=sa.false()),
    # A `SupportRequest` as JSON, sealed.
    sa.Column("student", sa.Text, nullable=False),
    # Name and birth, digested under a key: how the same student is found again.
    sa.Column("student_digest", sa.String(64), nullable=False, index=True),
    sa.Index("ix_support_case_school_id", "school_id", "state", "submitted_at"),
    sa.Index("ix_support_case_holder_id", "holder_id", "state", "submitted_at"),
    sa.Index("ix_support_case_closed_at", "closed_at"),
)

case_event = sa.Table(
    "case_event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", sa.ForeignKey("support_case.reference"), nullable=False, index=True),
    sa.Column("at", sa.DateTime, nullable=False),
    # None where it came about by itself, on its day.
    sa.Column("by_id", sa.ForeignKey("person.id")),
    # A word of `Step`, or of `events.Happened`.
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("state", sa.String(30), nullable=False),
    # JSON: organisations, people and editions by number, never anything of a student.
    sa.Column("facts", sa.Text, nullable=False),
    # At random: what its reason is sealed for.
    sa.Column("once", sa.String(64), nullable=False, unique=True),
    # Why, sealed: it may say something of the student. Empty where no reason was given.
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)

case_note = sa.Table(
    "case_note",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", sa.ForeignKey("support_case.reference"), nullable=False, index=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("by_id", sa.ForeignKey("person.id"), nullable=False),
    # Whether school and holder both see it; else its organisation alone.
    sa.Column("shared", sa.Boolean, nullable=False),
    # A word of `NoteKind`: a comment, a task, an event.
    sa.Column("kind", sa.String(20), nullable=False),
    # Of a task or event.
    sa.Column("due_on", sa.Date),
    sa.Column("done_at", sa.DateTime),
    sa.Column("once", sa.String(64), nullable=False, unique=True),
    # Sealed.
    sa.Column("text", sa.Text, nullable=False),
)

case_file = sa.Table(
    "case_file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", sa.ForeignKey("support_case.reference"), nullable=False, index=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("by_id", sa.ForeignKey("person.id"), nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    *_file_columns(),
)

handover = sa.Table(
    "handover",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("reference", sa.ForeignKey("support_case.reference"), nullable=False, index=True),
    sa.Column("from_id", sa.ForeignKey("organisation.id"), nullable=False, index=True),
    sa.Column("to_id", sa.ForeignKey("organisation.id"), nullable=False, index=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("edition_number", sa.Integer, nullable=False),
    # A word of `HandoverState`.
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("told_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    # What the one before wants the next to know; sealed.
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    # Of those who want it to stay: Workflow Leads of the one before and of the next.
    sa.Column("stay_from_id", sa.ForeignKey("person.id")),
    sa.Column("stay_to_id", sa.ForeignKey("person.id")),
    # Sealed.
    sa.Column("stay_reason", sa.Text, nullable=False, server_default=""),
)

trail_of = sa.Table(
    "trail_of",
    metadata,
    # Of whose cases an entry of the trail tells, as they stood then: an index of the trail.
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), primary_key=True),
    sa.Column("number", sa.ForeignKey("audit_entry.number"), primary_key=True, autoincrement=False),
)

followed = sa.Table(
    "followed",
    metadata,
    # One row: what was last heard of the lookup.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("heard_at", sa.DateTime, nullable=False),
    # Until which date handovers were looked for, and of what state of editions.
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("editions", sa.String(64), nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
)
