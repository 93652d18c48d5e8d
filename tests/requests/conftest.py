"""Fixtures of the tests of requests for support."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import fresh_postgresql
from tests.requests.desk import Desk, desk_at, desk_like, desk_of

LIKE = "made_up_desk"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.either_database]),
    ]
)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A made-up world of its own, which a test may change, once in each kind of database."""
    if request.param == "sqlite":
        with_file = desk_at(tmp_path)
        yield with_file
        with_file.database.close()
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    first = request.getfixturevalue("desk_in_postgresql")
    with fresh_postgresql(cluster, like=LIKE) as url:
        made = desk_like(first, url)
        yield made
        made.database.close()


@pytest.fixture
def desk_in_a_file(tmp_path: Path) -> Iterator[Desk]:
    """The same in SQLite alone, for tests of its file."""
    made = desk_at(tmp_path)
    yield made
    made.database.close()


@pytest.fixture(scope="session")
def desk_in_postgresql(postgresql_cluster: str) -> Desk:
    """What every world in PostgreSQL is a copy of."""
    with psycopg.connect(host=postgresql_cluster, user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {LIKE}")
    made = desk_of(f"postgresql://postgres@/{LIKE}?host={postgresql_cluster}")
    made.database.close()
    return made
