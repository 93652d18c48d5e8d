"""A database that hangs instead of refusing: nobody waits for it longer than was said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from catchments.store import State, Store, StoreUnavailable, engine
from catchments.store.engine import PATIENCE
from catchments.web.common.services import EXTENSION
from catchments.web.pages import health
from tests.conftest import fresh_postgresql
from tests.waiting import PATIENCE_S
from tests.worlds import application, opened, withdraw


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://a:hunter2@127.0.0.1:{listening.getsockname()[1]}/x"


def test_a_server_that_says_nothing_is_given_up(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE, "connect_timeout", 2)
    store = Store(silent)
    with pytest.raises(StoreUnavailable, match="timeout expired"):
        store.state()
    store.close()


@pytest.mark.postgresql
def test_statements_and_locks_have_an_end_unless_the_url_says_otherwise(
    postgresql_cluster: str,
) -> None:
    with fresh_postgresql(postgresql_cluster) as url:
        assert limits(url) == ["1min", "15s"]
        assert limits(f"{url}&options=-c%20statement_timeout%3D9s") == ["9s", "0"]


def limits(url: str) -> list[str]:
    names = ("statement_timeout", "lock_timeout")
    with opened(url) as store, store.reading() as connection:
        return [connection.scalar(sa.text(f"SHOW {name}")) or "" for name in names]


@pytest.mark.postgresql
def test_a_writer_that_holds_the_lock_for_too_long_is_not_waited_for(
    postgresql_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE, "options", "-c lock_timeout=100")
    with fresh_postgresql(postgresql_cluster) as url, opened(url) as store:
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(8404)")
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                withdraw(store, 1)
        withdraw(store, 1)


@pytest.mark.postgresql
def test_when_all_connections_are_in_use_one_is_told_so(
    postgresql_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POOL_TIMEOUT_S", 0.1)
    with fresh_postgresql(postgresql_cluster) as url, opened(url) as store, ExitStack() as held:
        for _ in range(15):
            held.enter_context(store.reading())
        with pytest.raises(StoreUnavailable, match="all connections to it are in use"):
            store.state()


# --- readiness ------------------------------------------------------------------------------------


class Hanging(Store):
    """A store whose database takes questions and does not answer them until it is let."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.answering = threading.Event()
        self.answering.set()
        self.asked = 0

    def state(self) -> State:
        self.asked += 1
        self.answering.wait()
        return super().state()


def test_readiness_is_said_at_once_while_the_database_hangs_and_is_asked_once_only(
    small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_S", PATIENCE_S)
    app = application(small_copy)
    running = app.extensions[EXTENSION]
    store = Hanging(running.settings.database_url)
    object.__setattr__(running, "store", store)
    client = app.test_client()
    assert client.get("/readyz").get_json()["database"] == "ok"
    store.answering.clear()
    monkeypatch.setattr(health, "PATIENCE_S", 0.05)
    before = store.asked
    for _ in range(5):
        said = client.get("/readyz")
        assert (said.status_code, said.get_json()["edition"]) == (200, 1)
        assert said.get_json()["database"].startswith("away; last seen 20")
        assert client.get("/provider?school_id=54").status_code == 200
    assert store.asked == before + 1
    store.answering.set()
    monkeypatch.setattr(health, "PATIENCE_S", PATIENCE_S)
    assert client.get("/readyz").get_json()["database"] == "ok"
    store.close()
