"""`kill -9` at any moment: the last published edition answers on, and nothing is half there."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from catchments.changes import ReplaceProviders
from catchments.model import SourceKind
from catchments.settings import ROOT
from catchments.snapshot import today_in_new_zealand
from tests.faults_files import size_of
from tests.worlds import (
    fill,
    opened,
    running_application,
    small_edition,
    small_release,
    source,
    sqlite_url,
)

pytestmark = pytest.mark.slow

KILLS = 4
SCHOOLS = 2_500
SERVED_WITHIN_S = 5.0
PARTS_OF_AN_EDITION = {
    "edition_catchment": 5,
    "edition_provider": 4,
    "edition_listing": 4,
    "edition_in_school_provision": 1,
    "edition_source": 3,
    "artefact": 14,
}
STAND_INS = 4
"""Artefacts of the first edition, which a test published without making files."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The small world as real data, published."""
    path = tmp_path / "kill.sqlite"
    fill(
        sqlite_url(path),
        small_edition(demonstration=False),
        release=small_release(demonstration=False),
    )
    return path


@contextmanager
def flask(database: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A real `flask` process on a database; killed at the end if it is still there."""
    environment = {**os.environ, "DATABASE_URL": sqlite_url(database)}
    with subprocess.Popen(
        [sys.executable, "-m", "flask", *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(database: Path, *words: object) -> str:
    with flask(database, *words) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def killed_after(delay_s: float, database: Path, *words: object) -> bool:
    """Start a command and kill it after a while; return whether it was still running."""
    with flask(database, *words) as process:
        try:
            process.wait(delay_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
    return False


def killed_while_writing(database: Path, *words: object) -> bool:
    """Start a command and kill it a moment after its first bytes reach the database's journal."""
    journal = Path(f"{database}-wal")
    with flask(database, *words) as process:
        while process.poll() is None:
            if size_of(journal) > 0:
                time.sleep(random.uniform(0, 0.02))
                process.send_signal(signal.SIGKILL)
                process.wait()
                return True
            time.sleep(0.0005)
    return False


def nothing_is_half_there(path: Path) -> tuple[int, int]:
    """Look at the file itself; return how many editions and releases it holds, all whole."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        editions = [n for (n,) in database.execute("SELECT number FROM edition ORDER BY number")]
        for number in editions:
            found = {
                table: database.execute(
                    f"SELECT count(*) FROM {table} WHERE edition_number = ?", (number,)
                ).fetchone()[0]
                for table in PARTS_OF_AN_EDITION
            }
            made = STAND_INS if number == 1 else PARTS_OF_AN_EDITION["artefact"]
            assert found == {**PARTS_OF_AN_EDITION, "artefact": made}
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
    with running_application(sqlite_url(path), today=today_in_new_zealand()) as app:
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
    with opened(sqlite_url(path)) as store:
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
    *,
    kills: int = KILLS,
) -> None:
    """Let one command finish, kill many at random moments, let one finish; check after each."""
    turns = iter(range(100))
    whole_s = timed(database, command, check, next(turns))
    killed = 0
    while killed < kills:
        turn, began = next(turns), time.monotonic()
        words = command(turn)
        if turn % 4 == 0:
            died = killed_while_writing(database, *words)
        else:
            died = killed_after(whole_s * random.uniform(0.05, 1.0), database, *words)
        if not died:  # quicker than the one that was measured
            whole_s = min(whole_s, time.monotonic() - began)
        killed += died
        check(turn)
    timed(database, command, check, next(turns))


def timed(
    database: Path,
    command: Callable[[int], tuple[object, ...]],
    check: Callable[[int], None],
    turn: int,
) -> float:
    words, began = command(turn), time.monotonic()
    finished(database, *words)
    took_s = time.monotonic() - began
    check(turn)
    return took_s


def test_an_import_killed_at_any_moment_leaves_all_of_a_release_or_nothing(
    database: Path, tmp_path: Path
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

    kill_again_and_again(database, command, check)
    assert counts[0] == 2
    assert counts == sorted(counts)
    assert counts[-1] == counts[-2] + 1  # the last one was let be


@pytest.mark.parametrize("kills", [KILLS // 2, KILLS - KILLS // 2])  # halves, on two cores
def test_a_publication_killed_at_any_moment_leaves_the_edition_before_or_the_one_after(
    kills: int, database: Path
) -> None:
    drafts: dict[int, int] = {}
    counts: list[int] = []

    def command(turn: int) -> tuple[object, ...]:
        drafts[turn] = new_draft(database, turn)
        return publish(drafts[turn])

    def check(turn: int) -> None:
        editions, _ = nothing_is_half_there(database)
        body = answer(database)
        with opened(sqlite_url(database)) as store:
            number = store.draft(drafts[turn]).published_as
        before = counts[-1] if counts else 1
        assert editions == before + (number is not None)
        assert body["edition"]["number"] == editions
        if number is not None:
            assert body["provider"]["phone"] == f"0800 {turn}"
        counts.append(editions)

    kill_again_and_again(database, command, check, kills=kills)
    assert counts[-1] == counts[-2] + 1


def test_the_very_publication_that_was_killed_succeeds_when_it_is_tried_again(
    database: Path,
) -> None:
    draft_id = new_draft(database, 1)
    assert killed_after(0.7, database, *publish(draft_id))
    assert nothing_is_half_there(database) == (1, 1)
    assert "Published as edition 2" in finished(database, *publish(draft_id))
    assert answer(database)["provider"]["phone"] == "0800 1"


# --- a server beside it ---------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, dict[str, Any]]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def wait_until(done: Callable[[], bool], *, within_s: float) -> float:
    """Wait for something to be so; return how long it took."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > within_s:
            pytest.fail(f"not so within {within_s} s")
        time.sleep(0.05)
    return time.monotonic() - began


def is_ready(port: int) -> bool:
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False


def children_of(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in found}


def all_workers_serve(port: int, edition: int) -> bool:
    """Whether forty connections in a row meet no worker that still serves another edition."""
    return all(
        get(port, "/provider?school_id=54")[1]["edition"]["number"] == edition for _ in range(40)
    )


class Asking(threading.Thread):
    """Somebody who asks the server without pause and keeps whatever was wrong."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.asked = port, 0
        self.wrong: list[object] = []
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.02):
            try:
                status, body = get(self.port, "/provider?school_id=54")
                whole = status == 200 and body["provider"]["name"] == "Ahi Trust"
            except Exception as error:
                status, whole = repr(error), False  # type: ignore[assignment]
            self.asked += 1
            if not whole:
                self.wrong.append(status)

    def stop(self) -> None:
        self._enough.set()
        self.join()


@pytest.fixture
def server(database: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The service as scripts/serve starts it, with two workers."""
    port = _free_port()
    with flask(database, "serve", "--port", port, "--workers", 2) as process:
        try:
            wait_until(lambda: is_ready(port) or process.poll() is not None, within_s=60)
            assert process.poll() is None, process.stdout and process.stdout.read()
            yield process, port
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)


def test_a_server_answers_on_while_publishers_are_killed_and_then_serves_the_new_edition(
    server: tuple[subprocess.Popen[str], int], database: Path
) -> None:
    process, port = server
    asking = Asking(port)
    asking.start()
    for turn, delay_s in enumerate((0.4, 1.2, 2.0)):
        killed_after(delay_s, database, *publish(new_draft(database, turn)))
        nothing_is_half_there(database)
        assert is_ready(port)
    finished(database, *publish(new_draft(database, 7)))
    newest = nothing_is_half_there(database)[0]
    took_s = wait_until(lambda: all_workers_serve(port, newest), within_s=SERVED_WITHIN_S)
    asking.stop()
    assert asking.wrong == []
    assert asking.asked > 50
    assert took_s < SERVED_WITHIN_S
    assert get(port, "/provider?school_id=54")[1]["provider"]["phone"] == "0800 7"
    workers = children_of(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) in {0, -signal.SIGTERM}
    with pytest.raises(OSError, match="refused"):
        get(port, "/healthz")
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    nothing_is_half_there(database)


def test_a_worker_that_is_killed_is_replaced(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    before = children_of(process.pid)
    victim = next(worker for worker in before if "catchments.serving" in _command(worker))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(children_of(process.pid) - {victim}) >= len(before), within_s=20)
    wait_until(lambda: is_ready(port), within_s=20)
    assert get(port, "/provider?school_id=54")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in {0, -signal.SIGTERM}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
