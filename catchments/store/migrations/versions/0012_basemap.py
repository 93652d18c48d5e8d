"""basemap: roads, lakes and rivers, cut for the map"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "basemap",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_basemap")),
    )
    op.create_table(
        "basemap_cell",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["basemap.number"], name=op.f("fk_basemap_cell_number")
        ),
        sa.PrimaryKeyConstraint("number", "place", name=op.f("pk_basemap_cell")),
    )


def downgrade() -> None:
    op.drop_table("basemap_cell")
    op.drop_table("basemap")
