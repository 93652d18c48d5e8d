"""requests: accounts, organisations, cases and what is said of them"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_action"), "audit_entry", ["action"], unique=False)
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"], unique=False)
    op.create_table(
        "followed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("heard_at", sa.DateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("editions", sa.String(length=64), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followed")),
    )
    op.create_table(
        "kept_rows",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "part", name=op.f("pk_kept_rows")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("kind", "key", name="uq_organisation_kind_key"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("change_password_by", sa.DateTime(), nullable=True),
        sa.Column("elsewhere", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_table(
        "sign_in_budget",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_budget")),
    )
    op.create_index(op.f("ix_sign_in_budget_ends_at"), "sign_in_budget", ["ends_at"], unique=False)
    op.create_table(
        "trail_sent",
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_trail_sent")),
    )
    op.create_table(
        "authenticator",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_authenticator_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_authenticator")),
    )
    op.create_table(
        "kept_form",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_kept_form_person_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_form")),
    )
    op.create_index(op.f("ix_kept_form_person_id"), "kept_form", ["person_id"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_person_id"), "letter", ["person_id"], unique=False)
    op.create_index(op.f("ix_letter_state"), "letter", ["state"], unique=False)
    op.create_table(
        "membership",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", "role", name=op.f("pk_membership")),
    )
    op.create_index(
        op.f("ix_membership_organisation_id"), "membership", ["organisation_id"], unique=False
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passkey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential"),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "digest", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "request_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_request_draft_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_request_draft_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_draft")),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_request_draft_ends_at"), "request_draft", ["ends_at"], unique=False)
    op.create_index(
        op.f("ix_request_draft_person_id"), "request_draft", ["person_id"], unique=False
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("shown_at", sa.DateTime(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("vouched_for", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "support_case",
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("submitted_at", sa.DateTime(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=False),
        sa.Column("primary_contact_id", sa.Integer(), nullable=False),
        sa.Column("assigned_to_id", sa.Integer(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("stays", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("catchment_code", sa.String(length=100), nullable=False),
        sa.Column("catchment_name", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.String(length=100), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("edition_number", sa.Integer(), nullable=False),
        sa.Column("in_school", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("student", sa.Text(), nullable=False),
        sa.Column("student_digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["person.id"], name=op.f("fk_support_case_assigned_to_id")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisation.id"], name=op.f("fk_support_case_holder_id")
        ),
        sa.ForeignKeyConstraint(
            ["primary_contact_id"], ["person.id"], name=op.f("fk_support_case_primary_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_support_case_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["person.id"], name=op.f("fk_support_case_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_support_case")),
        sa.UniqueConstraint("once"),
    )
    op.create_index(
        op.f("ix_support_case_assigned_to_id"), "support_case", ["assigned_to_id"], unique=False
    )
    op.create_index("ix_support_case_closed_at", "support_case", ["closed_at"], unique=False)
    op.create_index(
        "ix_support_case_holder_id",
        "support_case",
        ["holder_id", "state", "submitted_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_support_case_primary_contact_id"),
        "support_case",
        ["primary_contact_id"],
        unique=False,
    )
    op.create_index(
        "ix_support_case_school_id",
        "support_case",
        ["school_id", "state", "submitted_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_support_case_student_digest"), "support_case", ["student_digest"], unique=False
    )
    op.create_index(
        op.f("ix_support_case_submitted_by_id"), "support_case", ["submitted_by_id"], unique=False
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_case_event_by_id")),
        sa.ForeignKeyConstraint(
            ["reference"], ["support_case.reference"], name=op.f("fk_case_event_reference")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_case_event_reference"), "case_event", ["reference"], unique=False)
    op.create_table(
        "case_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_case_file_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_case_file_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["reference"], ["support_case.reference"], name=op.f("fk_case_file_reference")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_case_file_reference"), "case_file", ["reference"], unique=False)
    op.create_table(
        "case_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_case_note_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_case_note_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["reference"], ["support_case.reference"], name=op.f("fk_case_note_reference")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_case_note_reference"), "case_note", ["reference"], unique=False)
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("edition_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("stay_from_id", sa.Integer(), nullable=True),
        sa.Column("stay_to_id", sa.Integer(), nullable=True),
        sa.Column("stay_reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["organisation.id"], name=op.f("fk_handover_from_id")),
        sa.ForeignKeyConstraint(
            ["reference"], ["support_case.reference"], name=op.f("fk_handover_reference")
        ),
        sa.ForeignKeyConstraint(
            ["stay_from_id"], ["person.id"], name=op.f("fk_handover_stay_from_id")
        ),
        sa.ForeignKeyConstraint(["stay_to_id"], ["person.id"], name=op.f("fk_handover_stay_to_id")),
        sa.ForeignKeyConstraint(["to_id"], ["organisation.id"], name=op.f("fk_handover_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_from_id"), "handover", ["from_id"], unique=False)
    op.create_index(op.f("ix_handover_reference"), "handover", ["reference"], unique=False)
    op.create_index(op.f("ix_handover_state"), "handover", ["state"], unique=False)
    op.create_index(op.f("ix_handover_to_id"), "handover", ["to_id"], unique=False)
    _forbid_rewriting_the_audit_trail()


def _forbid_rewriting_the_audit_trail() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_entry_no_{what.lower()} BEFORE {what} ON audit_entry "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
    )


def downgrade() -> None:
    op.drop_table("handover")
    op.drop_table("case_note")
    op.drop_table("case_file")
    op.drop_table("case_event")
    op.drop_table("support_case")
    op.drop_table("session")
    op.drop_table("request_draft")
    op.drop_table("recovery_code")
    op.drop_table("passkey")
    op.drop_table("membership")
    op.drop_table("letter")
    op.drop_table("kept_form")
    op.drop_table("authenticator")
    op.drop_table("trail_sent")
    op.drop_table("sign_in_budget")
    op.drop_table("secret")
    op.drop_table("person")
    op.drop_table("organisation")
    op.drop_table("kept_rows")
    op.drop_table("followed")
    op.drop_table("audit_entry")
