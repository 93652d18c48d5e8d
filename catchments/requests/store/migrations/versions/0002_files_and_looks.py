"""files_and_looks: files of requests that are being written; whose cases the trail tells of"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
INTERNAL = (
    """(a.detail LIKE '%"shared": false%' OR a.action IN ('case.task-done', 'handover.note'))"""
)


def upgrade() -> None:
    op.create_table(
        "draft_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        # No cascade: a release that knows no files is not to delete them with what it sends.
        sa.ForeignKeyConstraint(
            ["draft_id"], ["request_draft.id"], name=op.f("fk_draft_file_draft_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_file")),
        sa.UniqueConstraint("draft_id", "form", name="uq_draft_file_draft_id"),
        sa.UniqueConstraint("once"),
    )
    op.create_table(
        "trail_of",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["audit_entry.number"], name=op.f("fk_trail_of_number")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_trail_of_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "number", name=op.f("pk_trail_of")),
    )
    _find_what_there_is()


def _find_what_there_is() -> None:
    """Of entries of before it is not told whose the case was then: it is taken to be so as now.

    What is internal is told where whoever did it belongs, and a school whose student left nothing.
    """
    for column, also in (("school_id", "AND c.left_on IS NULL"), ("holder_id", "")):
        op.execute(
            f"INSERT INTO trail_of (organisation_id, number) "  # noqa: S608 - names of ours
            f"SELECT c.{column}, a.number FROM support_case c "
            f"JOIN audit_entry a ON a.subject = 'case ' || c.reference {also} WHERE NOT {INTERNAL} "
            f"OR EXISTS (SELECT 1 FROM membership m JOIN person p ON p.id = m.person_id "
            f"WHERE p.login = a.actor AND m.organisation_id = c.{column})"
        )
    op.execute(
        "INSERT INTO trail_of (organisation_id, number) SELECT o.id, a.number FROM organisation o "
        "JOIN audit_entry a ON a.subject = 'organisation ' || o.id WHERE a.action = 'cases.list'"
    )


def downgrade() -> None:
    op.drop_table("trail_of")
    op.drop_table("draft_file")
