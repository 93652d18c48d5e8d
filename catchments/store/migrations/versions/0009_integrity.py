"""integrity: secrets under a key, the chain of the trail under one, digests of what it is about"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in entries that are there: no key was known. The first start begins the keyed chain.
    op.add_column("audit_entry", sa.Column("mac", sa.String(length=80)))
    op.create_table(
        "kept_rows",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "part", name=op.f("pk_kept_rows")),
    )
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
    # Backups hold it as well, so that it is used no more: sessions end once.
    op.execute("DELETE FROM secret WHERE name = 'session'")


def downgrade() -> None:
    op.drop_table("trail_sent")
    op.drop_table("kept_rows")
    op.drop_column("audit_entry", "mac")
