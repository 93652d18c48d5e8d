"""Files made to read a file of this machine, uploaded by an editor: none brings it out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.commands.jobs import reading
from catchments.readers.reading_job import Read, Wish
from catchments.store.drafts.repository import DraftRepository
from catchments.store.integrity.audit import AuditTrail
from catchments.web.staff.forms import uploads
from tests.hostile_files import LEAKED, WORD, canary_in, of_areas
from tests.staff import csrf_token
from tests.worlds import KOWHAI, store_of

FORMS: dict[str, dict[str, Any]] = {
    "transfer-area": {"to": KOWHAI},
    "replace-boundaries": {
        "authority": "Ministry",
        "licence": "CC BY 4.0",
        "accept_overlaps": "yes",
        "accept_gaps": "yes",
    },
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, tuple[str, bytes]]:
    return of_areas(canary_in(tmp_path), tmp_path / "made")


def read_here(wish: Wish, _folder: str) -> Read:
    """What the program that reads uploads makes of a file, without a process for each."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(reading.read(wish)), type=Read)


def sent(app: Flask, client: FlaskClient, kind: str, name: str, content: bytes) -> str:
    """Upload a file, and return the page that comes of it: the draft's, or the form's."""
    version = str(DraftRepository(store_of(app)).draft(1).version)
    form = {"file": (io.BytesIO(content), name), "csrf_token": csrf_token(client)}
    page = client.post(
        f"/staff/drafts/1/change/{kind}",
        data={**form, **FORMS[kind], "version": version},
        follow_redirects=True,
    )
    assert page.status_code in {200, 400}, page.text
    return page.text


def assert_nowhere(app: Flask, client: FlaskClient, small_copy: Path) -> None:
    trail = client.get("/staff/audit.json").text + client.get("/staff/audit").text
    assert "upload." in trail
    assert WORD not in trail
    assert WORD not in repr(AuditTrail(store_of(app)).entries(at_most=999))
    kept = small_copy.parent.glob("small.sqlite*")
    assert [path for path in kept if WORD.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("kind", FORMS)
def test_nothing_of_another_file_is_said_or_kept(
    app: Flask,
    hana: FlaskClient,
    files: dict[str, tuple[str, bytes]],
    small_copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    monkeypatch.setattr(uploads, "_read_elsewhere", read_here)
    for way in LEAKED:
        assert WORD not in sent(app, hana, kind, *files[way]), way
    assert WORD not in caplog.text
    assert_nowhere(app, hana, small_copy)


def test_nor_by_the_program_that_reads_uploads(
    app: Flask, hana: FlaskClient, files: dict[str, tuple[str, bytes]], small_copy: Path
) -> None:
    page = sent(app, hana, "replace-boundaries", *files["a comment in CREATE"])
    assert "has a table that SQLite did not write: “t”" in page
    assert WORD not in page
    assert_nowhere(app, hana, small_copy)


def test_a_reading_that_is_larger_than_any_map_is_not_kept(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_read_elsewhere", read_here)
    monkeypatch.setattr(uploads, "LARGEST_KEPT", 10)
    ring = "174 -37, 175 -37, 175 -38, 174 -37"
    page = sent(
        app, hana, "replace-boundaries", "a.csv", f'name,WKT\nA,"POLYGON(({ring}))"\n'.encode()
    )
    assert "The file cannot be read" in page
