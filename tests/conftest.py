"""What all tests share: databases, the small world behind a client, the demonstration edition."""

from __future__ import annotations

import gc
import os
import re
import secrets
import shutil
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from shapely.geometry.base import BaseGeometry
from werkzeug.routing import Rule

from catchments.commands.jobs.publishing_setup import publisher
from catchments.lookup import snapshot
from catchments.lookup.snapshot import Snapshot
from catchments.readers.demonstration import demonstration_aliases, read_demonstration
from catchments.readers.report import no_progress
from catchments.runtime import subprocess_job
from catchments.store import Store, engine
from catchments.store.outbox import mail_sending, webhook_calls
from catchments.web.accounts import oidc
from catchments.web.common import assets
from catchments.web.common.services import EXTENSION
from catchments.web.front import metrics_endpoint
from catchments.web.pages import health
from catchments.web.staff.forms import uploads
from scripts.postgresql import programs, throw_away
from tests import laws, prepared
from tests.kept import WHAT_PUBLISHES, kept
from tests.waiting import PATIENCE_MS, PATIENCE_S
from tests.worlds import (
    CHROMIUM_FLAGS,
    DATA_KEY,
    chromium_path,
    lacking,
    opened,
    publish_whole,
    real_artefacts,
    running_application,
    small_edition,
    small_release,
    sqlite_url,
)

_ALL_THOROUGH = re.compile(r"^pytestmark = (\[\s*)?pytest\.mark\.thorough\b", re.MULTILINE)
INDEXES_HELD = 30
_READ_FROM_A_RULE = ("_parts", "_trace", "_converters", "_build", "_build_unknown", "arguments")
_SETTINGS = ("DATABASE_URL", "CATCHMENTS_REFRESH_S", "CATCHMENTS_MAX_AGE_S", "FLASK_APP")


# Programs that tests begin use the databases that tests made, so they have the same data key.
os.environ["CATCHMENTS_DATA_KEY"] = DATA_KEY


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./scripts/test --all`: what CI runs."""
    parser.addoption("--all", action="store_true", help="thorough tests too, and laws at length")


def pytest_configure(config: pytest.Config) -> None:
    """Before any module of tests is read: `tests.laws` asks how long its laws are tried."""
    laws.load(thorough=config.option.all)
    os.environ["CATCHMENTS_SETTINGS"] = os.devnull  # nor is a file of settings read
    gc.disable()  # until all is imported and collected, none of which is garbage


def pytest_collection_finish() -> None:
    """Have the collector of garbage leave the libraries alone: it took a quarter of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker is given names of its own; what the caller named only the caller's process knows."""
    node.workerinput["leave_out_thorough"] = leaves_out_thorough(node.config)


def leaves_out_thorough(config: pytest.Config) -> bool:
    """Whether neither `--all` nor files or tests by name were asked for."""
    told: dict[str, bool] = getattr(config, "workerinput", {})
    by_itself = not config.option.all and config.args == config.getini("testpaths")
    return told.get("leave_out_thorough", by_itself)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import, with all that it brings, a module whose tests are all thorough."""
    if collection_path.suffix != ".py" or not leaves_out_thorough(config):
        return None
    return bool(_ALL_THOROUGH.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough tests to `--all`, unless files or tests were asked for by name."""
    if leaves_out_thorough(config):
        run = getattr(config, "workerinput", {}).get("testrunuid", "")
        kept = laws.some_of_each_table([i for i in items if not _is_thorough(i)], run=run)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


def _is_thorough(item: pytest.Item) -> bool:
    """Whether it is marked so, or asks of PostgreSQL what SQLite answers the same."""
    again = item.get_closest_marker("either_database") and not item.get_closest_marker("dialects")
    return bool(item.get_closest_marker("thorough") or again)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say plainly what was left out, and how long other people's tools took."""
    took: dict[str, float] = {}
    for report in terminalreporter.stats.get("passed", []):
        if report.nodeid.startswith("tests/contract/"):
            name = report.nodeid.partition("::")[2].partition("[")[0]
            took[name] = took.get(name, 0.0) + report.duration
    if took:
        each = ", ".join(f"{name} {seconds:.0f}" for name, seconds in took.items())
        terminalreporter.write_line(f"Other people's tools: {sum(took.values()):.0f} s ({each})")
    if leaves_out_thorough(config):
        said = (
            "Thorough tests, and most of long tables and of what laws are tried on, were left out; "
        )
        terminalreporter.write_line(f"{said}./scripts/test --all leaves nothing out.")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests has set for a service of theirs stays out of it."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _an_application_is_put_together_of_what_one_before_it_read() -> Iterator[None]:
    """Each test has an application of its own; reading its rules and files took a tenth of a test.

    What rules and versions come to depends on nothing but what they are read from.
    """
    compiles, rules = Rule.compile, dict[Any, dict[str, Any]]()

    def compile_once(self: Rule) -> None:
        assert self.map is not None
        domain, defaults = self.host if self.map.host_matching else self.subdomain, self.defaults
        known_by = (
            *(type(self), self.rule, domain, self.merge_slashes),
            *(repr(defaults), frozenset(self.map.converters.items())),
        )
        if known_by not in rules:
            compiles(self)
            rules[known_by] = {name: vars(self)[name] for name in _READ_FROM_A_RULE}
        read = rules[known_by]
        vars(self).update(read, arguments={*read["arguments"]})
        for name in ("_build", "_build_unknown"):
            setattr(self, name, read[name].__func__.__get__(self))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "compile", compile_once)
        patched.setattr(assets, "version_of", cache(assets.version_of))
        yield


class _Compiled(dict[Any, Any]):
    """Statements as they are compiled, by the kind of database rather than by each one of it."""

    at_most = 3_000

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) > self.at_most:
            self.clear()
        super().__setitem__((key[0].name, *key[1:]), compiled)


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """Each test has a database of its own; compiling the same for each was an eighth of a test."""
    opens, compiled = engine.open_engine, _Compiled()

    def open_engine(url: str) -> sa.Engine:
        return opens(url).execution_options(compiled_cache=compiled)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "open_engine", open_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def _worlds_of_late_have_their_index() -> Iterator[None]:
    """As long as it is held, every snapshot with those boundaries takes its index.

    That of the small world is always held, of others that are small those that were made lately.
    """
    small, late = Snapshot.of(small_edition(), small_release()), deque[Any](maxlen=INDEXES_HELD)
    makes = snapshot.SpatialIndex

    def make(boundaries: Mapping[str, BaseGeometry]) -> Any:
        made = makes(boundaries)
        if len(boundaries) <= 2 * len(small.edition.boundaries):
            late.append(made)
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(snapshot, "SpatialIndex", make)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_given_up_because_the_machine_is_busy() -> Iterator[None]:
    """What the service itself waits for, it waits for as long as the tests do.

    A test of such a time-out sets its own.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(health, "PATIENCE_S", PATIENCE_S)
        patched.setattr(metrics_endpoint, "ANSWERS_WITHIN_S", PATIENCE_S)
        patched.setattr(uploads, "READ_WITHIN_S", PATIENCE_S)
        patched.setattr(oidc, "TIMEOUT_S", PATIENCE_S)
        patched.setattr(mail_sending, "MAIL_TIMEOUT_S", PATIENCE_S)
        patched.setattr(webhook_calls, "CALL_TIMEOUT_S", (PATIENCE_S, PATIENCE_S))
        patched.setattr(engine, "POOL_TIMEOUT_S", PATIENCE_S)
        patched.setitem(engine.PATIENCE, "connect_timeout", int(PATIENCE_S))
        yield


@pytest.fixture(scope="session", autouse=True)
def _prepared_processes_end() -> Iterator[None]:
    yield
    prepared.end_all()


@pytest.fixture
def unfenced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read by processes that begin at once, and in no fence: they answer the same.

    Not in tests that are marked `in_a_fence`.
    """
    if not request.node.get_closest_marker("in_a_fence"):
        monkeypatch.setattr(subprocess_job, "run", prepared.answered)


# --- databases ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[str]:
    """The folder of a throw-away PostgreSQL cluster's socket; the cluster ends with the session."""
    if programs() is None:
        lacking("PostgreSQL is not installed in /usr/lib/postgresql: its tests are left out")
    with throw_away() as cluster:
        yield str(cluster.folder)


@contextmanager
def fresh_postgresql(cluster: str, *, like: str = "template1") -> Iterator[str]:
    """A new empty database in a cluster, or a copy of one, dropped at the end; gives its URL."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(host=cluster, user="postgres", autocommit=True) as connection:
        # Half the work of the way that version 15 takes by itself, and the only one before it.
        copied = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like} {copied}")
        yield f"postgresql://postgres@/{name}?host={cluster}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_cluster: str) -> str:
    """The name of a database with the schema and nothing in it, to copy."""
    name = "migrated"
    with psycopg.connect(host=postgresql_cluster, user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with opened(f"postgresql://postgres@/{name}?host={postgresql_cluster}"):
        return name


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.either_database]),
    ]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind; for a store, with its schema."""
    for_a_store = {"store", "schema_at_once"} & set(request.fixturenames)
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "test.sqlite")
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    like = request.getfixturevalue("migrated_postgresql") if for_a_store else "template1"
    with fresh_postgresql(cluster, like=like) as url:
        yield url


@pytest.fixture
def schema_at_once() -> None:
    """`database_url` has its schema: for tests that would make it there, which takes its time."""


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with its schema made and nothing in it, once of each kind."""
    with opened(database_url) as made, made.kept_open():
        yield made


# --- the small world ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def small_database() -> Path:
    """An SQLite file with the small world published, its map made by Folium. Do not write to it."""

    def make(path: Path) -> None:
        with opened(path) as store:
            store.add_release(small_release())
            edition = small_edition(number=1)
            publish_whole(store, edition, artefacts=real_artefacts(edition))

    return kept("small.sqlite", (*WHAT_PUBLISHES, "tests/worlds.py"), make)


@pytest.fixture
def small_copy(small_database: Path, tmp_path: Path) -> Path:
    """A copy of the small world's database, to write to."""
    return Path(shutil.copy(small_database, tmp_path / "small.sqlite"))


@pytest.fixture(scope="session")
def small_app(small_database: Path) -> Iterator[Flask]:
    with running_application(small_database) as made:
        made.extensions[EXTENSION].snapshots.current()
        yield made


@pytest.fixture
def client(request: pytest.FixtureRequest) -> FlaskClient:
    """A client of the module's own `app`, or else on the small world, on 3 March 2026."""
    own = hasattr(request.module, "app")
    application: Flask = request.getfixturevalue("app" if own else "small_app")
    return application.test_client()


# --- the demonstration edition --------------------------------------------------------------------


@pytest.fixture(scope="session")
def demonstration_database() -> Path:
    """An SQLite file with the demonstration published. Only read it."""

    def make(path: Path) -> None:
        with opened(path) as store:
            edition, release = read_demonstration()
            aliases = demonstration_aliases(release.schools)
            publisher(store, no_progress).seed(edition, release, aliases)

    return kept("demonstration.sqlite", WHAT_PUBLISHES, make)


@pytest.fixture
def demonstration_copy(demonstration_database: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration's database, to write to."""
    return Path(shutil.copy(demonstration_database, tmp_path / "demonstration.sqlite"))


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Where Chromium is; see `tests.worlds.chromium_path`."""
    return chromium_path()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests that want one: Playwright runs once in a process."""
    from playwright.sync_api import expect, sync_playwright  # half a second, of few tests

    executable = chromium_path(without_windows=True)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(executable), args=CHROMIUM_FLAGS, timeout=PATIENCE_MS
        )
        yield chromium
        chromium.close()
