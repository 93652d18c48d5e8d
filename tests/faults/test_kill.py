"""`kill -9` at any moment: the last published edition answers on, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.model import SourceKind
from catchments.runtime.new_zealand import today_in_new_zealand
from maps.exports.downloads import FILES
from tests import prepared
from tests.faults_files import size_of
from tests.serving import Server, serving
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import (
    fill,
    opened,
    running_application,
    simple_artefacts,
    small_edition,
    small_release,
    source,
    sqlite_url,
)

AT_MOMENTS = pytest.mark.parametrize(
    "moments", [1, pytest.param(8, marks=pytest.mark.thorough)], ids=["few", "many"]
)
"""As many steps of a program, and as many bytes of a file, at random."""
SCHOOLS = 300
PARTS_OF_AN_EDITION = {
    "edition_catchment": 5,
    "edition_provider": 4,
    "edition_listing": 4,
    "edition_in_school_provision": 1,
    "edition_source": 3,
}
STAND_INS = len(simple_artefacts())
"""Artefacts of the first edition, which a test published without making files."""
QUICK, WHOLE = STAND_INS + 1, STAND_INS + len(FILES) + 5
"""Artefacts of an edition with stand-ins for files, or with real ones: the map's parts and the
files (one is both), a picture, a manifest, what a later edition may take over with what it was
made of; each with a difference."""
LEAST_BYTE = 33 << 10
"""The file that SQLite's processes share is that long before anything is written."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The small world as real data, published."""
    path = tmp_path / "kill.sqlite"
    fill(
        path,
        small_edition(demonstration=False),
        release=small_release(demonstration=False),
    )
    return path


def begun(database: Path, *words: object, **fate: int | None) -> prepared.Process:
    """A `flask` process on a database."""
    return prepared.begin("flask", *words, settings={"DATABASE_URL": sqlite_url(database)}, **fate)


def finished(database: Path, *words: object) -> prepared.Process:
    process = begun(database, *words)
    assert process.wait() == 0, process.stdout + process.stderr
    return process


def nothing_is_half_there(path: Path, *, artefacts: int = QUICK) -> tuple[int, int]:
    """Look at the file itself; return how many editions and releases it holds, all whole."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        editions = [n for (n,) in database.execute("SELECT number FROM edition ORDER BY number")]
        for number in editions:
            whole = {**PARTS_OF_AN_EDITION, "artefact": STAND_INS if number == 1 else artefacts}
            found = {
                table: database.execute(
                    f"SELECT count(*) FROM {table} WHERE edition_number = ?", (number,)
                ).fetchone()[0]
                for table in whole
            }
            assert found == whole
        wrong = database.execute(
            "SELECT number FROM directory_release WHERE school_count <> "
            "(SELECT count(*) FROM school WHERE release_number = number)"
        ).fetchall()
        assert wrong == []
        promised = "SELECT published_as FROM draft WHERE published_as IS NOT NULL"
        assert {n for (n,) in database.execute(promised)} <= set(editions)
        (releases,) = database.execute("SELECT count(*) FROM directory_release").fetchone()
    return len(editions), releases


def answer(path: Path) -> dict[str, Any]:
    with running_application(path, today=today_in_new_zealand()) as app:
        response = app.test_client().get("/provider?school_id=54")
        assert response.status_code == 200
        body: dict[str, Any] = response.get_json()
        return body


def directory_file(folder: Path, turn: int) -> Path:
    headings = "School_Id,Org_Name,Status,Latitude,Longitude,Add1_City"
    rows = [
        f"{n},School {n} of turn {turn},Open,-38.5,174.5,Ahitown" for n in range(54, 54 + SCHOOLS)
    ]
    day = date(2026, 3, 1) + timedelta(days=turn)
    path = folder / f"schooldirectory-{day}.csv"
    path.write_text("\n".join([headings, *rows]))
    return path


def new_draft(path: Path, turn: int) -> int:
    """A draft on the newest edition that changes a phone number; return its id."""
    providers = dict(small_edition().providers)
    providers["P-AHI"] = replace(providers["P-AHI"], phone=f"0800 {turn}")
    change = ReplaceProviders(providers, source(SourceKind.PROVIDERS, demonstration=False))
    with opened(path) as store:
        newest = store.editions()[-1].number
        return store.add_to_draft(change, draft_id=None, title=f"Turn {turn}", base_number=newest)


def publish(draft_id: int) -> tuple[object, ...]:
    day = today_in_new_zealand()
    # The reason is for a test that is running at midnight.
    return ("editions", "publish", draft_id, "--effective-from", day, "--reason", "A test")


def kill_again_and_again(
    database: Path,
    command: Callable[[int], tuple[object, ...]],
    check: Callable[[int], None],
    moments: int,
) -> None:
    """Let one command finish, kill many at any step and any byte, let one finish; check each."""
    steps = finished(database, *command(0)).steps
    check(0)
    fates = fates_at(moments, steps, database)
    for turn, fate in enumerate(fates, start=1):
        ended = begun(database, *command(turn), **fate).wait()
        assert ended in {-signal.SIGKILL, -signal.SIGXFSZ, 0}, fate
        assert ended < 0 or "dies_at_byte" in fate
        check(turn)
    finished(database, *command(len(fates) + 1))
    check(len(fates) + 1)


def fates_at(moments: int, steps: int, database: Path) -> list[dict[str, int]]:
    """When processes of so many steps die: at a step, or at a byte of the journal or database."""
    last = {"dies_at_step": steps}  # when all of it is there, and only to be committed
    at_steps = [{"dies_at_step": random.randint(1, steps)} for _ in range(moments)]
    end = size_of(database)
    return [last, *at_steps, *[{"dies_at_byte": random.randint(LEAST_BYTE, end)} for _ in at_steps]]


@AT_MOMENTS
def test_an_import_killed_at_any_moment_leaves_all_of_a_release_or_nothing(
    moments: int, database: Path, tmp_path: Path
) -> None:
    counts: list[int] = []

    def command(turn: int) -> tuple[object, ...]:
        return ("schools", "import", directory_file(tmp_path, turn), "--allow-shrink", "--commit")

    def check(turn: int) -> None:
        editions, releases = nothing_is_half_there(database)
        assert editions == 1
        counts.append(releases)
        body = answer(database)
        assert (body["edition"]["number"], body["provider"]["name"]) == (1, "Ahi Trust")
        assert body["school"]["name"].startswith(("Kura o Ahi", "School 54 of turn"))

    kill_again_and_again(database, command, check, moments)
    assert counts[0] == 2
    assert counts == sorted(counts)
    assert counts[-1] == counts[-2] + 1  # the last one was let be


@AT_MOMENTS
def test_a_publication_killed_at_any_moment_leaves_the_edition_before_or_the_one_after(
    moments: int, database: Path
) -> None:
    drafts: dict[int, int] = {}
    counts: list[int] = []

    def command(turn: int) -> tuple[object, ...]:
        drafts[turn] = new_draft(database, turn)
        return publish(drafts[turn])

    def check(turn: int) -> None:
        editions, _ = nothing_is_half_there(database)
        body = answer(database)
        with opened(database) as store:
            number = store.draft(drafts[turn]).published_as
        before = counts[-1] if counts else 1
        assert editions == before + (number is not None)
        assert body["edition"]["number"] == editions
        if number is not None:
            assert body["provider"]["phone"] == f"0800 {turn}"
        counts.append(editions)

    kill_again_and_again(database, command, check, moments)
    assert counts[-1] == counts[-2] + 1


def test_the_very_publication_that_was_killed_succeeds_when_it_is_tried_again(
    database: Path,
) -> None:
    draft_id = new_draft(database, 1)
    assert begun(database, *publish(draft_id), dies_at_step=20).wait() == -signal.SIGKILL
    assert nothing_is_half_there(database) == (1, 1)
    assert "Published as edition 2" in finished(database, *publish(draft_id)).stdout
    assert answer(database)["provider"]["phone"] == "0800 1"


@pytest.mark.thorough
def test_a_publication_with_all_its_files_killed_from_outside_is_whole_or_not_there(
    database: Path,
) -> None:
    draft_id, journal = new_draft(database, 1), Path(f"{database}-wal")
    first = begun(database, *publish(draft_id), draws=True)
    writes = "it writes to its journal, or ends"
    wait_until(lambda: size_of(journal) > 0 or first.poll() is not None, writes)
    first.kill()
    editions, _ = nothing_is_half_there(database, artefacts=WHOLE)
    again = begun(database, *publish(draft_id), draws=True)
    assert (again.wait() == 0) == (editions == 1), again.stderr
    assert nothing_is_half_there(database, artefacts=WHOLE) == (2, 1)
    assert answer(database)["provider"]["phone"] == "0800 1"


# --- a server beside it ---------------------------------------------------------------------------


class Asking(threading.Thread):
    """Somebody who asks the server without pause and keeps whatever was wrong."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.asked = server, 0
        self.wrong: list[object] = []
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.05):
            try:
                status, body = self.server.get("/provider?school_id=54")
                whole = status == 200 and body["provider"]["name"] == "Ahi Trust"
            except Exception as error:
                status, whole = repr(error), False  # type: ignore[assignment]
            self.asked += 1
            if not whole:
                self.wrong.append(status)

    def wait_for_more(self) -> None:
        """Wait for questions that are asked and answered from here on."""
        before = self.asked
        self.server.wait_until(lambda: self.asked > before + 2, "questions go on being answered")

    def stop(self) -> None:
        self._enough.set()
        self.join(PATIENCE_S)


@pytest.mark.thorough
def test_a_server_answers_on_while_publishers_are_killed_and_then_serves_the_new_edition(
    database: Path,
) -> None:
    with serving(database, workers=2) as server:
        asking = Asking(server)
        asking.start()
        for turn, fate in enumerate(({"dies_at_step": 30}, {"dies_at_byte": 2 * LEAST_BYTE})):
            begun(database, *publish(new_draft(database, turn)), **fate).wait()
            nothing_is_half_there(database)
            asking.wait_for_more()
        finished(database, *publish(new_draft(database, 7)))
        newest = nothing_is_half_there(database)[0]
        server.wait_until_served(newest, workers=2)
        asking.wait_for_more()
        asking.stop()
        assert asking.wrong == []
        assert server.get("/provider?school_id=54")[1]["provider"]["phone"] == "0800 7"
        workers = server.workers()
        assert server.stop() in {0, -signal.SIGTERM}
        assert not server.answers()
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    nothing_is_half_there(database)


def test_a_worker_that_is_killed_is_replaced(database: Path) -> None:
    with serving(database) as server:
        (victim,) = server.workers()
        os.kill(victim, signal.SIGKILL)
        server.wait_until(lambda: server.workers() - {victim}, "another worker is there")
        server.wait_until(server.answers, "it answers")
        assert server.get("/provider?school_id=54")[0] == 200
        assert server.stop() in {0, -signal.SIGTERM}
