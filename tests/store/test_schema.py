"""Migrations and the tables that the code speaks of are the same thing."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from catchments.core.errors import InputRefused, NothingPublished
from catchments.store import State, Store, StoreUnavailable
from catchments.store.engine import open_engine
from catchments.store.schema import ONLY_ON_POSTGRESQL, is_ours, metadata
from tests.filled import at_revision
from tests.worlds import TABLES, fill, opened, publish_whole, small_edition, sqlite_url

pytestmark = pytest.mark.dialects

COMPARED = {"compare_type": True, "include_object": is_ours}


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_migrations_from_empty_make_exactly_the_schema(database_url: str) -> None:
    with opened(database_url):
        engine = open_engine(database_url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=COMPARED)
            differences = compare_metadata(context, metadata)
            tables = set(sa.inspect(connection).get_table_names()) - ONLY_ON_POSTGRESQL
        engine.dispose()
    assert differences == []
    assert sorted(tables) == sorted([*TABLES, "alembic_version"])


def test_migrating_twice_keeps_what_is_there(database_url: str) -> None:
    fill(database_url)
    with opened(database_url) as store:
        store.migrate()
        assert store.state() == State(editions=1, withdrawn=0, releases=1)


OF_THE_FIRST_REVISION = (
    (
        "INSERT INTO edition (number, title, reason, effective_from, published_at, demonstration,"
        " overlaps_accepted, gaps_accepted) VALUES"
        " (1, 'Squares', 'Made up', '2026-01-05', '2026-01-01', true, false, false)"
    ),
    (
        "INSERT INTO edition_provider (edition_number, code, name, phone, email, website) VALUES"
        " (1, 'P-AHI', 'Ahi Trust', '0800 000 000', '', '')"
    ),
    "INSERT INTO draft (id, title, base_number, created_at) VALUES (1, 'Old', 1, '2026-02-01')",
)


def test_what_an_earlier_version_kept_is_read_after_its_upgrade(database_url: str) -> None:
    at_revision(database_url, "0001")
    engine = open_engine(database_url)
    with engine.begin() as connection:
        for statement in OF_THE_FIRST_REVISION:
            connection.execute(sa.text(statement))
    engine.dispose()
    with opened(database_url) as store:
        edition, [draft] = store.edition(1), store.drafts()
        assert edition.providers["P-AHI"].name == "Ahi Trust"
        assert edition.contracts == {}
        assert store.editions()[0].published_by == ""
        assert (draft.title, draft.state, draft.version, draft.author_id) == (
            "Old",
            "editing",
            0,
            None,
        )


def test_a_database_that_was_not_set_up_says_how_to(database_url: str) -> None:
    store = Store(database_url)
    for ask in (store.state, store.editions, store.releases, store.drafts):
        with pytest.raises(NothingPublished, match=r"has not been set up\. Run `flask setup`"):
            ask()
    with pytest.raises(NothingPublished, match="has not been set up"):
        publish_whole(store, small_edition())
    store.close()


def test_asking_a_database_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "none.sqlite"))
    with pytest.raises(NothingPublished):
        store.state()
    store.close()
    assert list(tmp_path.iterdir()) == []


NOT_ADDRESSES = (
    "mysql://root:hunter2@db.example/catchments",
    "oracle://root:hunter2@db.example/catchments",
    "postgresql://root:hunter2@db.example:port/catchments",
    "nonsense",
    "://",
    "sqlite",
    "",
)


@pytest.mark.parametrize("url", NOT_ADDRESSES)
def test_what_is_no_address_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(InputRefused, match="is not a database address") as refused:
        Store(url)
    assert "hunter2" not in str(refused.value)
    assert "It must look like sqlite:////folder/file.sqlite" in str(refused.value)
    assert refused.value.field == "DATABASE_URL"


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    store = Store("postgresql://someone:hunter2@127.0.0.1:1/catchments?connect_timeout=2")
    with pytest.raises(StoreUnavailable, match="cannot be used") as away:
        store.state()
    store.close()
    assert "127.0.0.1" in str(away.value)
    assert "hunter2" not in str(away.value)
    assert "\n" not in str(away.value)


def test_an_option_that_postgresql_does_not_know_is_not_called_a_missing_set_up() -> None:
    store = Store("postgresql://someone:hunter2@127.0.0.1:1/catchments?colour=red")
    with pytest.raises(StoreUnavailable, match="colour") as away:
        store.state()
    store.close()
    assert "hunter2" not in str(away.value)


@pytest.mark.parametrize("what", ["a folder", "another file", "below a file"])
def test_a_path_that_cannot_be_a_database_gives_one_clear_sentence(
    what: str, tmp_path: Path
) -> None:
    if what == "a folder":
        path = tmp_path
    elif what == "another file":
        path = tmp_path / "letter.txt"
        path.write_text("Dear Minister, " * 1000)
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "below.sqlite"
    with (
        pytest.raises(StoreUnavailable, match=r"The database .* cannot be used: ") as away,
        opened(path) as store,
    ):
        store.state()
    assert path.name[:10] in str(away.value)
    assert "\n" not in str(away.value)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "b" / "c.sqlite") as store:
        assert store.editions() == []
