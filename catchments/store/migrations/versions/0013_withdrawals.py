"""withdrawals: a delivery tells that an edition was published, or that it was withdrawn"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OF_A_WEBHOOK = "uq_delivery_webhook"


def upgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.add_column(
            sa.Column("event", sa.String(length=20), server_default="published", nullable=False)
        )
        delivery.drop_constraint(OF_A_WEBHOOK, type_="unique")
        delivery.create_unique_constraint(OF_A_WEBHOOK, ["webhook_id", "edition_number", "event"])


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE event <> 'published'")
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_constraint(OF_A_WEBHOOK, type_="unique")
        delivery.create_unique_constraint(OF_A_WEBHOOK, ["webhook_id", "edition_number"])
        delivery.drop_column("event")
