"""What all tables of a store share: their metadata, and what is no table of ours."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ONLY_ON_POSTGRESQL = frozenset(
    {"spatial_ref_sys", "geom", "ix_boundary_geom", "fid", "ix_edition_catchment_fid"}
)
"""What migrations make there for GIS programs, beside the tables below; this code never asks it."""


def is_ours(_thing: object, name: str | None, *_more: object) -> bool:
    """Whether Alembic compares what a database has under a name with the tables below."""
    return name not in ONLY_ON_POSTGRESQL
