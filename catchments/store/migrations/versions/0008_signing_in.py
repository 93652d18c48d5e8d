"""signing in: first passwords, accounts for elsewhere, budgets, letters"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("change_password_by", sa.DateTime()))
    op.add_column(
        "person",
        sa.Column("elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute("UPDATE person SET elsewhere = TRUE WHERE password_hash = ''")
    op.drop_column("person", "failures")
    op.drop_column("person", "locked_until")
    op.create_table(
        "sign_in_budget",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime()),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_budget")),
    )
    op.create_index(op.f("ix_sign_in_budget_ends_at"), "sign_in_budget", ["ends_at"])
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_at", sa.DateTime()),
        sa.Column("sent_at", sa.DateTime()),
        sa.Column("last_error", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_person_id"), "letter", ["person_id"])
    op.create_index(op.f("ix_letter_state"), "letter", ["state"])


def downgrade() -> None:
    op.drop_table("letter")
    op.drop_table("sign_in_budget")
    op.add_column("person", sa.Column("locked_until", sa.DateTime()))
    op.add_column("person", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.drop_column("person", "elsewhere")
    op.drop_column("person", "change_password_by")
