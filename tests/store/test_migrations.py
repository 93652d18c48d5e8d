"""Upgrading a database that an earlier version of the service filled loses and alters nothing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from catchments.core.model import Alias
from catchments.store.engine import open_engine
from catchments.store.integrity.audit import AuditTrail
from catchments.store.schema import metadata
from tests.filled import at_revision, fill_every_table
from tests.worlds import TABLES, opened, sqlite_url

pytestmark = pytest.mark.dialects

TABLES_OF = {"0001": 13, "0002": 22, "0003": 23, "0004": 24, "0005": 26, "0006": 26}
"""So many tables each revision has."""


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of the newest revision with something in every table. Only read it."""
    url = sqlite_url(tmp_path_factory.mktemp("newest") / "newest.sqlite")
    fill_every_table(url)
    return url


def columns_of(connection: sa.Connection) -> dict[str, list[str]]:
    """The columns that tables of ours have in a database, whatever its revision."""
    inspector = sa.inspect(connection)
    return {
        name: [c["name"] for c in inspector.get_columns(name) if c["name"] in table.c]
        for name, table in metadata.tables.items()
        if inspector.has_table(name)
    }


def content(url: str, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """What a database holds in some columns, in no order of its own."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(map(tuple, connection.execute(_some(name, kept))), key=repr)
            for name, kept in columns.items()
        }
    engine.dispose()
    return found


def _some(name: str, columns: list[str]) -> sa.Select[Any]:
    return sa.select(*(metadata.tables[name].c[column] for column in columns))


def fill_as_it_was(url: str, newest: str) -> dict[str, list[str]]:
    """Fill a database of an earlier revision with what it has room for; return its columns."""
    engine = open_engine(url)
    with engine.begin() as connection:
        columns = columns_of(connection)
        held = content(newest, columns)
        for table in metadata.sorted_tables:
            if held.get(table.name):
                rows = [dict(zip(columns[table.name], r, strict=True)) for r in held[table.name]]
                names = {name: sa.bindparam(name) for name in columns[table.name]}
                by_number = sorted(rows, key=lambda r: r.get("number") or 0)
                connection.execute(table.insert().values(names), by_number)
    engine.dispose()
    return columns


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
@pytest.mark.parametrize("revision", TABLES_OF)
def test_an_upgrade_keeps_every_row_bit_for_bit(
    revision: str, database_url: str, newest: str
) -> None:
    at_revision(database_url, revision)
    columns = fill_as_it_was(database_url, newest)
    assert len(columns) == TABLES_OF[revision]
    before = content(database_url, columns)
    assert before == content(newest, columns)
    with opened(database_url) as store:
        assert content(database_url, columns) == before
        assert AuditTrail(store).broken_at() is None
        editions = [store.edition(e.number) for e in store.editions()]
        with opened(newest) as other:
            for edition, wanted in zip(editions, map(other.edition, (1, 2)), strict=True):
                assert edition.boundaries == wanted.boundaries
                assert edition.listings == wanted.listings
    everywhere = {name: list(table.c.keys()) for name, table in metadata.tables.items()}
    after = content(database_url, everywhere)
    assert after.keys() == set(TABLES)
    assert {name for name, rows in after.items() if rows} == {n for n, r in before.items() if r}


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_what_was_kept_before_names_has_no_contacts_and_no_aliases(
    database_url: str, newest: str
) -> None:
    at_revision(database_url, "0004")
    fill_as_it_was(database_url, newest)
    with opened(database_url) as store:
        schools = store.release(1).schools.values()
        assert {(school.website, school.email_domain) for school in schools} == {("", "")}
        assert (store.aliases(), store.state().aliases) == ((), 0)
        store.replace_aliases([Alias("Ahi", 54, "its website")])
        assert store.state().aliases == 1
