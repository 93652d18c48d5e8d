"""names: websites and e-mail domains of schools, what people call them, and what is looked over"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty in releases that are there: what their files said of it was not kept.
    for name in ("website", "email_domain"):
        op.add_column("school", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_table(
        "alias",
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_number", "position", name=op.f("pk_alias")),
    )
    op.create_table(
        "alias_upload",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("seen_import", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("aliases", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_alias_upload_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_alias_upload")),
    )


def downgrade() -> None:
    op.drop_table("alias_upload")
    op.drop_table("alias")
    op.drop_column("school", "email_domain")
    op.drop_column("school", "website")
