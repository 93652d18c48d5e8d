"""ground: land that an edition leaves in no catchment on purpose, and why"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in editions that are there: nobody was asked.
    op.add_column("edition", sa.Column("uncovered_accepted", sa.Text()))


def downgrade() -> None:
    op.drop_column("edition", "uncovered_accepted")
