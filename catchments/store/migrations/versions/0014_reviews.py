"""reviews: what comments are about, what was undone last, when a draft was last worked on"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft", sa.Column("worked_at", sa.DateTime(), nullable=True))
    op.add_column("draft_change", sa.Column("undone_in", sa.Integer(), nullable=True))
    for column in (
        sa.Column("kind", sa.String(length=20), server_default="comment", nullable=False),
        sa.Column("about", sa.String(length=120), server_default="", nullable=False),
        sa.Column("called", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("draft_comment", column)


def downgrade() -> None:
    op.execute("UPDATE draft SET state = 'editing' WHERE state = 'sent back'")
    for name in ("called", "about", "kind"):
        op.drop_column("draft_comment", name)
    op.drop_column("draft_change", "undone_in")
    op.drop_column("draft", "worked_at")
