"""many machines: keys of the API; on PostgreSQL boundaries as PostGIS geometries, and views"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from catchments.core.errors import CatchmentsError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The bytes stay the truth; the geometry follows from them, so that neither can be without the other.
# Whatever else a boundary could be, GIS programs want one type: polygons, in two dimensions.
GEOMETRY = "ST_Multi(ST_CollectionExtract(ST_Force2D(ST_GeomFromWKB(wkb, 4326)), 3))"

# `fid` is there for QGIS, which wants a whole number that names a row.
CATCHMENT_BY_EDITION = """
CREATE VIEW catchment_by_edition AS
SELECT c.fid, c.edition_number AS edition, e.effective_from, e.withdrawn_at IS NOT NULL AS withdrawn,
       e.demonstration, c.code, c.name, c.education_region,
       c.provider_code, p.name AS provider, p.phone, p.email, p.website, b.geom
FROM edition_catchment c
JOIN edition e ON e.number = c.edition_number
LEFT JOIN edition_provider p ON p.edition_number = c.edition_number AND p.code = c.provider_code
LEFT JOIN boundary b ON b.sha256 = c.boundary_sha256
"""

# Dates are those of New Zealand; the later number wins a tie.
CATCHMENT_IN_FORCE = """
CREATE VIEW catchment_in_force AS
WITH new_zealand AS (SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date AS today)
SELECT v.fid, v.edition, v.effective_from,
       (SELECT min(later.effective_from) FROM edition later, new_zealand
        WHERE later.withdrawn_at IS NULL AND later.effective_from > today) AS effective_until,
       v.demonstration, v.code, v.name, v.education_region,
       v.provider_code, v.provider, v.phone, v.email, v.website, v.geom
FROM catchment_by_edition v
WHERE v.edition = (
    SELECT number FROM edition, new_zealand
    WHERE withdrawn_at IS NULL AND effective_from <= today
    ORDER BY effective_from DESC, number DESC LIMIT 1)
"""


class PostgisMissing(CatchmentsError):
    """The database has no PostGIS, and this account may not or cannot add it."""


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("requests_a_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _add_postgis()
        _add_geometries()


def _add_postgis() -> None:
    try:
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except DBAPIError as error:
        raise _postgis_missing(str(error.orig).splitlines()[0]) from error


def _postgis_missing(reason: str) -> PostgisMissing:
    name = op.get_bind().engine.url.database
    return PostgisMissing(
        f"The database “{name}” has no PostGIS, and it could not be added: {reason}.",
        next_step="Have whoever administers the database server install PostGIS (Debian: "
        "postgresql-15-postgis-3), then run as its superuser, in this database: CREATE EXTENSION "
        "postgis; – and start again. Nothing was changed.",
    )


def _add_geometries() -> None:
    op.execute(
        "ALTER TABLE boundary ADD COLUMN geom geometry(MultiPolygon, 4326) "
        f"GENERATED ALWAYS AS ({GEOMETRY}) STORED"
    )
    op.execute("CREATE INDEX ix_boundary_geom ON boundary USING gist (geom)")
    op.execute("ALTER TABLE edition_catchment ADD COLUMN fid integer GENERATED ALWAYS AS IDENTITY")
    op.execute("CREATE UNIQUE INDEX ix_edition_catchment_fid ON edition_catchment (fid)")
    op.execute(CATCHMENT_BY_EDITION)
    op.execute(CATCHMENT_IN_FORCE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP VIEW catchment_in_force")
        op.execute("DROP VIEW catchment_by_edition")
        op.drop_column("edition_catchment", "fid")
        op.drop_column("boundary", "geom")  # its index goes with it; PostGIS stays
    op.drop_table("api_key")
