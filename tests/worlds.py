"""A small made-up world: five square catchments, their providers and awkward schools.

Everything is a plain model object, so that a test says in a line what is special about its world.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from shapely.geometry.base import BaseGeometry
from werkzeug.test import TestResponse

from app import create_app
from catchments.core.model import (
    Catchment,
    DirectoryRelease,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.core.settings import Settings
from catchments.lookup.snapshot import Snapshots
from catchments.store import Artefact, Publication, Store, Withdrawal
from catchments.web.application import web_app
from catchments.web.common.services import EXTENSION, Services
from maps import MAKER
from maps.artefacts import map_parts
from maps.exports.export_input import ExportInput
from maps.exports.packing import zipped
from tests.kept import kept, kept_folder
from tests.waiting import PATIENCE_S

STARTS = date(2026, 1, 5)
"""From when the first edition of the small world is in force."""
TODAY = date(2026, 3, 3)
RELEASED = date(2026, 2, 1)
HOSTILE = "{{7*191}}</script><img src=x onerror=alert(1)>`${alert(2)}`' OR 1=1 --"
"""What a provider of the small world calls itself."""

AHI, KOWHAI, RIMU, TOTARA, REKOHU = "AHI-1", "KOW-2", "RIM-3", "TOT-4", "REK-5"
SQUARES: Mapping[str, tuple[float, float, float, float]] = {
    AHI: (174.0, -39.0, 175.0, -38.0),
    KOWHAI: (175.0, -39.0, 176.0, -38.0),
    RIMU: (174.0, -40.0, 175.0, -39.0),
    TOTARA: (175.0, -40.0, 176.0, -39.0),
    REKOHU: (-177.0, -44.5, -176.0, -43.5),
}
"""West, south, east, north: four in a square on the mainland, one on the Chathams."""
DATA_KEY = "a-key-of-the-tests-which-copies-of-a-database-share"
TABLES = (
    "source",
    "boundary",
    "directory_release",
    "school",
    "alias",
    "alias_upload",
    "basemap",
    "basemap_cell",
    "edition",
    "edition_source",
    "edition_catchment",
    "edition_provider",
    "edition_listing",
    "edition_in_school_provision",
    "artefact",
    "draft",
    "draft_change",
    "draft_comment",
    "draft_upload",
    "person",
    "sign_in_budget",
    "letter",
    "session",
    "kept_form",
    "authenticator",
    "passkey",
    "recovery_code",
    "secret",
    "audit_entry",
    "kept_rows",
    "trail_sent",
    "notice",
    "delivery",
    "webhook",
    "absence_rate",
    "finding_explained",
    "content_version",
    "content_check",
    "api_key",
    "mistake_report",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WITHOUT_WINDOWS = ("chromium-headless-shell", "chrome-headless-shell")
"""Chromium without what is around its pages, which takes half of its time by itself."""


# --- what the world is made of --------------------------------------------------------------------


def source(kind: SourceKind, *, demonstration: bool = True, **more: Any) -> Source:
    """A source that has all it needs to be declared."""
    values = {
        "title": f"Squares ({kind})",
        "authority": "Nobody",
        "licence": "CC0",
        "release": "2026-01-05",
        "sha256": "ab" * 32,
        "file_name": "squares.csv",
        "url": "https://squares.example/",
    }
    return Source(kind=kind, demonstration=demonstration, **{**values, **more})


def square(code: str) -> BaseGeometry:
    return shapely.box(*SQUARES[code])


def small_edition(*, demonstration: bool = True, **changes: Any) -> Edition:
    """Five catchments; Kōwhai and Tōtara share a provider, Rēkohu's means no good."""
    regions = ["Waikato", "Waikato", "Taranaki, Whanganui, Manawatū", "Wellington"]
    regions.append("Canterbury, Chatham Islands")
    names = ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]
    providers = ["P-AHI", "P-RAKAU", "P-RIMU", "P-RAKAU", "P-REK"]
    kinds = (SourceKind.BOUNDARIES, SourceKind.PROVIDERS, SourceKind.LISTINGS)
    edition = Edition(
        catchments={
            code: Catchment(code, name, region, provider)
            for code, name, region, provider in zip(SQUARES, names, regions, providers, strict=True)
        },
        boundaries={code: square(code) for code in SQUARES},
        providers={
            "P-AHI": Provider("P-AHI", "Ahi Trust", "0800 000 000", "kia@ahi.example"),
            "P-RAKAU": Provider(
                "P-RAKAU", "Ngā Rākau", "0800 000 001", "", "https://rakau.example"
            ),
            "P-RIMU": Provider("P-RIMU", "Rimu Services"),
            "P-REK": Provider("P-REK", HOSTILE, HOSTILE, HOSTILE, "javascript:alert(3)"),
        },
        listings={54: AHI, 55: KOWHAI, 57: RIMU},
        unserved=frozenset({498}),
        in_school_provision={54: "Funded for 30 students in 2026"},
        sources=tuple(source(kind, demonstration=demonstration) for kind in kinds),
        title="Squares",
        reason="Made up for a test.",
        effective_from=STARTS,
    )
    return replace(edition, **changes)


def overlapping_edition(*, accepted: bool = True, **changes: Any) -> Edition:
    """The small world with Ahi reaching 0.2° into Kōwhai; Edge School in there is on the list."""
    wide = {AHI: shapely.box(174.0, -39.0, 175.2, -38.0)}
    boundaries = {**small_edition().boundaries, **wide}
    listings = {**small_edition().listings, 61: AHI}
    given = {"boundaries": boundaries, "listings": listings, "overlaps_accepted": accepted}
    return small_edition(**{**given, **changes})


def next_edition(effective_from: date, **changes: Any) -> Edition:
    """The small world after Kōwhai has gone to Ahi Trust."""
    edition = small_edition(**changes)
    moved = replace(edition.catchments[KOWHAI], provider_code="P-AHI")
    return replace(
        edition,
        catchments={**edition.catchments, KOWHAI: moved},
        title="Kōwhai to Ahi Trust",
        effective_from=effective_from,
    )


def small_schools() -> dict[int, School]:
    """A school for each way to an answer and for each awkward state."""
    closed, proposed = SchoolStatus.CLOSED, SchoolStatus.PROPOSED
    schools = (
        School(54, "Kura o Ahi", place=Place(174.5, -38.5), city="Ahitown", roll=120),
        School(55, "St Joseph's School", place=Place(175.5, -38.5), city="Kōwhai"),
        School(56, "St Joseph's School", place=Place(175.5, -39.5), city="Tōtara"),
        School(57, "Ngā Puna School", place=Place(175.5, -39.5), city="Tōtara"),
        School(58, "Shore School", place=Place(176.02, -38.5), city="Sandspit"),
        School(59, "Gone School", closed, Place(174.2, -38.2), closed=date(2025, 12, 19)),
        School(60, "New School", proposed, Place(175.2, -38.2), opens=date(2027, 2, 1)),
        School(61, "Edge School", place=Place(175.0, -38.5), city="Bridge"),
        School(62, "Leaving School", closed, Place(174.3, -39.3), closed=date(2026, 4, 17)),
        School(63, "Unplaced School", proposed),
        School(64, HOSTILE, place=Place(-176.4, -44.1), city=HOSTILE, address=HOSTILE),
        School(498, "Te Aho o Te Kura Pounamu", city="Wellington"),
        School(3553, "Te One School", place=Place(-176.5, -44.0), city="Te One"),
    )
    return {school.school_id: school for school in schools}


def small_release(*, demonstration: bool = True, **changes: Any) -> DirectoryRelease:
    release = DirectoryRelease(
        schools=small_schools(),
        released=RELEASED,
        source=source(SourceKind.DIRECTORY, demonstration=demonstration),
    )
    return replace(release, **changes)


def without_identity(edition: Edition) -> Edition:
    return replace(edition, number=None)


# --- stores and applications ----------------------------------------------------------------------


SCHEMA = ("catchments/store/migrations/**/*.py", "catchments/store/engine.py")
"""What an empty database is made by."""


@cache
def _migrated_sqlite() -> Path:
    """An SQLite file with the schema and nothing in it, to copy: Alembic takes its time."""

    def make(path: Path) -> None:
        with closing(Store(sqlite_url(path))) as store:
            store.migrate()

    return kept("migrated.sqlite", SCHEMA, make)


@contextmanager
def opened(database: Path | str) -> Iterator[Store]:
    """A store with its schema made, closed at the end."""
    url = url_of(database)
    begin_with_the_schema(url)
    store = Store(url, data_keys=(DATA_KEY,))
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def begin_with_the_schema(url: str) -> None:
    """Put the schema where an SQLite file is to be, if there is none."""
    parsed = sa.make_url(url)
    path = Path(parsed.database or "")
    if parsed.get_backend_name() == "sqlite" and path.parent.is_dir() and not path.exists():
        shutil.copy(_migrated_sqlite(), path)


def publish_whole(
    store: Store, edition: Edition, *, draft_id: int | None = None, artefacts: Any = None
) -> int:
    """Publish an edition as it is, unchecked, and return its number."""
    assert edition.effective_from
    publication = Publication(
        edition,
        edition.effective_from,
        None,
        draft_id,
        artefacts=simple_artefacts() if artefacts is None else artefacts,
        maker=MAKER,
    )
    return store.publish([publication], expected=store.state())[0]


def withdraw(store: Store, number: int, **how: Any) -> None:
    """Withdraw a scheduled edition that nothing is on top of."""
    store.publish([], expected=store.state(), withdrawal=Withdrawal([number], **how))


def simple_artefacts() -> list[Artefact]:
    """Stand-ins for what Folium makes, where a test does not look at them."""
    return [
        Artefact(
            "map-element.html", "text/html; charset=utf-8", b"<div id='map_catchments'></div>"
        ),
        Artefact("map.js", "text/javascript; charset=utf-8", b"'use strict';"),
        Artefact("boundaries.topojson", "application/json", b"{}"),
        Artefact("overview.topojson", "application/json", b"{}"),
        Artefact("places.json", "application/json", b"{}"),
        Artefact("coast.zip", "application/zip", zipped({})),
        Artefact("country.svg", "image/svg+xml", b"<svg/>"),
        Artefact("country-dark.svg", "image/svg+xml", b"<svg/>"),
        Artefact("boundaries.geojson", "application/geo+json", b"{}"),
    ]


def real_artefacts(edition: Edition) -> tuple[Artefact, ...]:
    """What publishing makes, without a coastline."""
    return map_parts(ExportInput(edition))


def fill(
    database: Path | str,
    *editions: Edition,
    release: DirectoryRelease | None = None,
    artefacts: Any = None,
) -> None:
    """Set up a database with a directory release and editions, unchecked."""
    with opened(database) as store:
        store.add_release(release or small_release())
        for edition in editions or (small_edition(),):
            publish_whole(store, edition, artefacts=artefacts)


def application(
    database: Path | str,
    *,
    today: date | Callable[[], date] = TODAY,
    commands: bool = False,
    public_url: str = "",
) -> Flask:
    """The application on a database, on a day of the test's choosing."""
    settings = Settings(
        database_url=url_of(database),
        public_url=public_url,
        data_keys=(DATA_KEY,),
        miss_limit=0,  # one application answers hundreds of tests a minute
    )
    made = (create_app if commands else web_app)(settings)
    running = made.extensions[EXTENSION]
    clock = today if callable(today) else lambda: today
    made.extensions[EXTENSION] = Services(
        running.settings, running.store, Snapshots(running.store, today=clock)
    )
    made.testing = False  # errors are answered as they are in service
    made.jinja_env.bytecode_cache = compiled_templates()
    return made


class _Templates(FileSystemBytecodeCache):
    """Templates as they were compiled, which one application after the other takes from here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._held: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known_by = bucket.key, bucket.checksum
        if known_by not in self._held:
            super().load_bytecode(bucket)
            self._held[known_by] = bucket.code
        bucket.code = self._held[known_by]

    def dump_bytecode(self, bucket: Bucket) -> None:
        super().dump_bytecode(bucket)
        self._held[bucket.key, bucket.checksum] = bucket.code


@cache
def compiled_templates() -> FileSystemBytecodeCache:
    """Where applications of all processes and runs find templates that one of them compiled."""
    folder = kept_folder() / "templates"
    folder.mkdir(exist_ok=True)
    return _Templates(folder)


@contextmanager
def running_application(database: Path | str, **how: Any) -> Iterator[Flask]:
    made = application(database, **how)
    try:
        yield made
    finally:
        store_of(made).close()


@contextmanager
def visited(
    folder: Path,
    *editions: Edition,
    today: date | Callable[[], date] = TODAY,
    **content: Any,
) -> Iterator[FlaskClient]:
    """A client of the application on a new database in a folder, with what `fill` puts there."""
    fill(folder / "visited.sqlite", *editions, **content)
    with running_application(folder / "visited.sqlite", today=today) as made:
        yield made.test_client()


def store_of(app: Flask) -> Store:
    store: Store = app.extensions[EXTENSION].store
    return store


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def url_of(database: Path | str) -> str:
    """The URL of a database that is named by its URL or its SQLite file."""
    return sqlite_url(database) if isinstance(database, Path) else database


OF_THE_REQUEST = {"RateLimit", "RateLimit-Policy", "X-Request-ID"}
"""Headers that differ with each request."""


def lasting_headers(response: TestResponse) -> list[tuple[str, str]]:
    """The headers that two equal answers share."""
    return [(name, text) for name, text in response.headers if name not in OF_THE_REQUEST]


# --- several at once ------------------------------------------------------------------------------


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread, started together; return what each returned or raised."""
    results: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(at: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[at] = work()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    return results


# --- what the machine has -------------------------------------------------------------------------


def lacking(what: str) -> NoReturn:
    """Leave a test out, saying why; where CI is set nothing may be left out, so fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} – and CI is set, so that nothing may be left out", pytrace=False)
    pytest.skip(what)


def chromium_path(*, without_windows: bool = False) -> Path:
    """Return where Chromium is; without it skip the test, or fail it where CI is set.

    `without_windows` prefers the one that has none, where it is installed.
    """
    names = (*WITHOUT_WINDOWS, *CHROMIUM) if without_windows else CHROMIUM
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else lacking("Chromium is not installed: no test in a browser")
