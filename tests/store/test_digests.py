"""Digests: whatever is done to a cell shows, and both databases give the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.readers.report import no_progress
from catchments.store import Store, schema
from catchments.store.integrity.digests import (
    TableDigest,
    Unreadable,
    aliases_rows,
    artefact_rows,
    digest_of,
    edition_rows,
    one_state,
    release_rows,
    row_digest,
)
from catchments.store.upkeep.moving import move
from tests.conftest import fresh_postgresql
from tests.filled import fill_every_table
from tests.laws import examples
from tests.worlds import opened, sqlite_url

pytestmark = pytest.mark.dialects

LAW = settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OF_AN_EDITION = {
    "edition_catchment": "edition_number",
    "edition_provider": "edition_number",
    "edition_listing": "edition_number",
    "edition_in_school_provision": "edition_number",
    "edition_source": "edition_number",
    "artefact": "edition_number",
    "edition": "number",
}
"""Tables with rows of edition 1, and what says so."""
STARTED = datetime(2026, 1, 1)  # noqa: DTZ001 - as the store keeps it


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("everything") / "source.sqlite"
    fill_every_table(sqlite_url(path))
    return path


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def filled(
    request: pytest.FixtureRequest, everything: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store with something in every table; whoever changes it rolls back."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("copy") / "copy.sqlite"
        with opened(Path(shutil.copy(everything, path))) as store:
            yield store
        return
    with fresh_postgresql(request.getfixturevalue("postgresql_cluster")) as url:
        move(sqlite_url(everything), url, progress=no_progress)
        with opened(url) as store:
            yield store


@contextmanager
def tampering(store: Store) -> Iterator[sa.Connection]:
    """A transaction of somebody who owns the database and minds no rule of it; rolled back."""
    engine = store._engine
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            driver.execute("PRAGMA foreign_keys = OFF")
        else:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        try:
            yield connection
        finally:
            connection.rollback()


def another(value: Any, column: sa.Column[Any]) -> Any:
    """A value that a column can hold, and is not the one given."""
    if column is schema.boundary.c.wkb:
        return shapely.to_wkb(shapely.box(174, -38, 175, -37))  # PostGIS reads it, too
    kind: Callable[[Any], Any] = {
        sa.Boolean: lambda v: not v,
        sa.Integer: lambda v: (v or 0) + 1,
        sa.Double: lambda v: (v or 0.0) + 1e-9,
        sa.Date: lambda v: (v or date(2026, 1, 1)) + timedelta(days=1),
        sa.DateTime: lambda v: (v or STARTED) + timedelta(microseconds=1),
        sa.LargeBinary: lambda v: bytes([(v or b"\0")[0] ^ 1]) + (v or b"\0")[1:],
    }.get(
        type(column.type),
        lambda v: "" if v is None else f"{v}."[-(getattr(column.type, "length", None) or 10_000) :],
    )
    return kind(value)


def cells(
    connection: sa.Connection, table: sa.Table, condition: Any
) -> list[tuple[sa.Column[Any], Any]]:
    row = connection.execute(
        sa.select(table).where(condition).order_by(*table.primary_key.columns).limit(1)
    ).one()
    return [(column, row._mapping[column.name]) for column in table.c]


def boundary_of_one() -> Any:
    used = schema.edition_catchment
    return schema.boundary.c.sha256.in_(
        sa.select(used.c.boundary_sha256).where(used.c.edition_number == 1)
    )


def source_of_one() -> Any:
    used = schema.edition_source
    return schema.source.c.id.in_(sa.select(used.c.source_id).where(used.c.edition_number == 1))


def rows_of_edition() -> dict[sa.Table, Any]:
    found: dict[sa.Table, Any] = {
        (table := schema.metadata.tables[name]): table.c[column] == 1
        for name, column in OF_AN_EDITION.items()
    }
    return {**found, schema.boundary: boundary_of_one(), schema.source: source_of_one()}


EDITION_CELLS = sorted(
    f"{table.name}.{column.name}"
    for table in rows_of_edition()
    for column in table.c
    if f"{table.name}.{column.name}" != "edition.withdrawn_at"
)


Digests = dict[str, TableDigest]


def edition_digest(connection: sa.Connection, number: int) -> Digests:
    rows = {
        **edition_rows(connection, number),
        schema.artefact.name: artefact_rows(connection, number),
    }
    return {name: digest_of(each) for name, each in rows.items()}


def release_digest(connection: sa.Connection, number: int) -> Digests:
    return {name: digest_of(each) for name, each in release_rows(connection, number).items()}


def aliases_digest(connection: sa.Connection) -> Digests:
    return {name: digest_of(each) for name, each in aliases_rows(connection).items()}


def differing(before: Digests, after: Digests) -> list[str]:
    return [name for name in before if before[name] != after[name]]


@pytest.mark.every_case
@pytest.mark.parametrize("cell", EDITION_CELLS)
def test_each_cell_of_an_edition_is_in_its_digest(cell: str, filled: Store) -> None:
    name, column_name = cell.split(".")
    table = schema.metadata.tables[name]
    with tampering(filled) as connection:
        before = edition_digest(connection, 1)
        found = cells(connection, table, rows_of_edition()[table])
        values = {c.name: (c, v) for c, v in found}
        column, value = values[column_name]
        here = sa.and_(*(table.c[k.name] == values[k.name][1] for k in table.primary_key.columns))
        given = (
            9_999
            if column.primary_key and isinstance(column.type, sa.Integer)
            else another(value, column)
        )
        connection.execute(table.update().where(here).values({column.name: given}))
        assert edition_digest(connection, 1) != before


def test_null_is_not_an_empty_text(filled: Store) -> None:
    table = schema.edition_catchment
    with tampering(filled) as connection:
        found = []
        for value in (None, ""):
            connection.execute(
                table.update().where(table.c.edition_number == 1).values(provider_code=value)
            )
            found.append(edition_digest(connection, 1))
        assert found[0] != found[1]


@pytest.mark.parametrize(
    "table", [t for t in rows_of_edition() if t is not schema.edition], ids=str
)
def test_a_row_that_is_gone_shows(table: sa.Table, filled: Store) -> None:
    with tampering(filled) as connection:
        before = edition_digest(connection, 1)
        found = dict(cells(connection, table, rows_of_edition()[table]))
        here = sa.and_(*(k == found[k] for k in table.primary_key.columns))
        connection.execute(table.delete().where(here))
        after = edition_digest(connection, 1)
        assert after != before
        assert table.name in differing(before, after)


def test_withdrawing_an_edition_and_another_edition_leave_its_digest(filled: Store) -> None:
    with tampering(filled) as connection:
        before = edition_digest(connection, 1)
        table, provider = schema.edition, schema.edition_provider
        connection.execute(table.update().where(table.c.number == 1).values(withdrawn_at=STARTED))
        connection.execute(
            provider.update().where(provider.c.edition_number == 2).values(phone="0900")
        )
        assert edition_digest(connection, 1) == before


@pytest.mark.parametrize("column", [c for c in schema.school.c if not c.primary_key], ids=str)
def test_each_cell_of_a_school_is_in_its_release(column: sa.Column[Any], filled: Store) -> None:
    table = schema.school
    with tampering(filled) as connection:
        before = release_digest(connection, 1)
        found = dict(cells(connection, table, table.c.release_number == 1))
        here = sa.and_(*(k == found[k] for k in table.primary_key.columns))
        connection.execute(
            table.update().where(here).values({column.name: another(found[column], column)})
        )
        assert differing(before, release_digest(connection, 1)) == ["school"]


def test_an_alias_that_leads_elsewhere_shows(filled: Store) -> None:
    with tampering(filled) as connection:
        before = aliases_digest(connection)
        connection.execute(schema.alias.update().values(school_id=57))
        assert aliases_digest(connection) != before


def test_both_databases_give_the_same(everything: Path, filled: Store) -> None:
    with opened(everything) as first:
        found = []
        for store in (first, filled):
            with store.reading() as connection:
                one_state(connection)
                found.append(
                    (
                        edition_digest(connection, 1),
                        release_digest(connection, 1),
                        aliases_digest(connection),
                    )
                )
    assert found[0] == found[1]


@pytest.mark.parametrize("damaged", ["'yesterday'", "CAST(x'ff' AS TEXT)"])
def test_a_cell_that_cannot_be_read_is_named(
    damaged: str, everything: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(everything, tmp_path / "damaged.sqlite"))
    with opened(path) as store, tampering(store) as connection:
        column = "effective_from" if "day" in damaged else "title"
        connection.execute(sa.text(f"UPDATE edition SET {column} = {damaged}"))
        with pytest.raises(Unreadable, match="table edition "):
            edition_digest(connection, 1)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(),
)
ROWS = st.dictionaries(st.sampled_from(["a", "b", "ab", "c"]), VALUES)


def as_kept(row: dict[str, Any]) -> set[tuple[str, str, str]]:
    kept = (
        (name, value + 0.0 if isinstance(value, float) else value) for name, value in row.items()
    )
    return {(name, type(v).__name__, repr(v)) for name, v in kept if v is not None}


@LAW
@given(one=ROWS, other=ROWS)
def test_rows_have_one_digest_just_where_they_hold_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (row_digest(one) == row_digest(other)) == (as_kept(one) == as_kept(other))
    assert row_digest(dict(reversed(one.items()))) == row_digest(one)


def test_a_row_digests_the_same_in_every_version() -> None:
    row = {
        "n": 1,
        "x": 0.1,
        "on": True,
        "t": "Tāmaki",
        "d": date(2026, 7, 1),
        "b": b"\0",
        "none": None,
    }
    # Whoever changes the form changes FORM as well: trails of years hold digests in it.
    assert row_digest(row).hex().startswith("f2b543b39e0458d3f15b76c7efba110c83a2c68b")
