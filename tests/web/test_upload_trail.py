"""What was uploaded, by whom, and what became of it: all of it stands in the audit trail."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.commands.jobs import reading
from catchments.readers.reading_job import Read, Wish
from catchments.runtime import ended_programs
from catchments.store.drafts.repository import DraftRepository
from catchments.store.integrity.audit import AuditEntry, AuditTrail
from catchments.web.staff.forms import uploads
from tests.hostile_files import AREA
from tests.staff import csrf_token
from tests.worlds import HOSTILE, KOWHAI, store_of

GOOD = f'WKT,name\n"{AREA.wkt}",a\n'.encode()
BAD = b"nothing"


@pytest.fixture
def hana(hana: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(uploads, "_read_elsewhere", read_here)
    return hana


def read_here(wish: Wish, _folder: str) -> Read:
    return reading.read(wish)


def upload(app: Flask, client: FlaskClient, *files: tuple[str, bytes]) -> int:
    version = str(DraftRepository(store_of(app)).draft(1).version)
    kind = "transfer-area" if len(files) == 1 else "replace-boundaries"
    form = {
        "csrf_token": csrf_token(client),
        "version": version,
        "to": KOWHAI,
        "authority": "Ministry",
        "licence": "CC BY 4.0",
        "file": [(io.BytesIO(content), name) for name, content in files],
    }
    return client.post(f"/staff/drafts/1/change/{kind}", data=form).status_code


def last(app: Flask) -> tuple[AuditEntry, dict[str, Any]]:
    entry = AuditTrail(store_of(app)).last()
    assert entry is not None
    return entry, json.loads(entry.detail)


def facts(name: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "sha256": digest, "bytes": len(content)}


def test_what_was_read_is_kept_with_who_gave_it_and_for_which_draft(
    app: Flask, hana: FlaskClient
) -> None:
    assert upload(app, hana, ("peninsula.csv", GOOD)) == 200
    entry, detail = last(app)
    assert (entry.actor, entry.action, entry.subject) == ("hana", "upload.read", "draft 1")
    assert detail == {"files": [facts("peninsula.csv", GOOD)], "file_count": 1}


def test_what_was_refused_is_kept_with_why(app: Flask, hana: FlaskClient) -> None:
    assert upload(app, hana, ("a.csv", GOOD), ("b.kml", BAD)) == 400
    entry, detail = last(app)
    assert (entry.actor, entry.action, entry.subject) == ("hana", "upload.refused", "draft 1")
    assert detail["files"] == [facts("a.csv", GOOD), facts("b.kml", BAD)]
    assert detail["why"].startswith("“b.kml” is not KML, or it is damaged")


def test_more_files_than_are_taken_are_counted(app: Flask, hana: FlaskClient) -> None:
    assert upload(app, hana, *[(f"{n}.csv", GOOD) for n in range(25)]) == 400
    entry, detail = last(app)
    assert (entry.action, detail["file_count"]) == ("upload.refused", 25)
    assert [file["name"] for file in detail["files"]] == [f"{n}.csv" for n in range(20)]


ENDS: dict[str, tuple[Any, str]] = {
    "killed": (subprocess.CompletedProcess([], -signal.SIGKILL, b"", b""), "killed by SIGKILL"),
    "out of time": (
        subprocess.CompletedProcess([], -signal.SIGXCPU, b"", b""),
        "killed by SIGXCPU",
    ),
    "a signal without a name": (
        subprocess.CompletedProcess([], -99, b"", b""),
        "killed by signal 99",
    ),
    "an overflow": (
        subprocess.CompletedProcess([], -signal.SIGSEGV, b"", b""),
        "killed by SIGSEGV",
    ),
    "an error": (subprocess.CompletedProcess([], 1, b"", b"secret"), "ended with code 1"),
    "no answer": (subprocess.CompletedProcess([], 0, b"\xc1"), "its answer cannot be understood"),
    "a signal, under bwrap": (
        subprocess.CompletedProcess([], 128 + signal.SIGSEGV, b"", b""),
        "killed by SIGSEGV",
    ),
    "never": (ended_programs.NotEnded("stopped after 9 seconds"), "stopped after 9 seconds"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_reader_that_crashed_is_kept_with_how_it_ended(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    came, why = ENDS[end]

    def run(*_: Any, **__: Any) -> Any:
        if isinstance(came, Exception):
            raise came
        return came

    monkeypatch.undo()
    monkeypatch.setattr(ended_programs, "run", run)
    assert upload(app, hana, ("a.csv", GOOD)) == 400
    entry, detail = last(app)
    assert (entry.actor, entry.action, entry.subject) == ("hana", "upload.crashed", "draft 1")
    assert detail == {"files": [facts("a.csv", GOOD)], "file_count": 1, "why": why}


@pytest.mark.parametrize(
    "name",
    [f"{HOSTILE}.csv".replace("/", ""), "a\u202eb\x1b[31m.csv", "=1+1.csv", "x" * 999 + ".csv"],
)
def test_a_hostile_name_is_text_wherever_the_trail_is_shown(
    app: Flask, hana: FlaskClient, name: str
) -> None:
    upload(app, hana, (name, GOOD))
    entry, detail = last(app)
    assert entry.action.startswith("upload.")
    (file,) = detail["files"]
    assert len(file["name"]) <= 200
    assert file["name"].isprintable()
    assert "<img src=x" not in hana.get("/staff/audit").text
    assert "\x1b" not in hana.get("/staff/audit.csv").text
    assert AuditTrail(store_of(app)).broken_at() is None


def test_what_a_refusal_quotes_of_a_file_or_of_what_was_pasted_is_not_in_the_trail(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "“a.csv” lacks the column “WKT”: it has “Rangi Smith, born 2012”. Add it."
    monkeypatch.setattr(uploads, "_read_elsewhere", lambda *_: Read(refused=said))
    assert upload(app, hana, ("a.csv", GOOD)) == 400
    assert last(app)[1]["why"] == "“a.csv” lacks the column “…”: it has “…”. Add it."
