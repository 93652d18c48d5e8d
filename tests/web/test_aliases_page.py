"""Staff import what people call schools: checked and looked over first, then put in place whole."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.commands.jobs import reading
from catchments.core.model import Alias
from catchments.readers.aliases import read_aliases
from catchments.readers.reading_job import Read, Wish
from catchments.store.integrity.audit import AuditTrail
from catchments.web.staff.forms import uploads
from tests.staff import csrf_token, post, signed_in, text_of, words
from tests.worked_out import is_worked_out
from tests.worlds import HOSTILE, small_schools, store_of

URL = "/staff/aliases"
GOOD = "Alias,School number,Source\nThe Kura,54,www.kura.example\nJoes,55,its newsletter\n"


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


@pytest.fixture
def hana(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """An editor, whose files are read in this process; one test reads them as in service."""
    monkeypatch.setattr(uploads, "_read_elsewhere", lambda wish, _folder: reading.read(wish))
    return signed_in(app, "hana")


def upload(
    client: FlaskClient, content: str | bytes = GOOD, name: str = "aliases.csv"
) -> TestResponse:
    given = content.encode() if isinstance(content, str) else content
    form = {"csrf_token": csrf_token(client), "file": (io.BytesIO(given), name)}
    return client.post(URL, data=form)


def digest_in(page: TestResponse) -> str:
    found = re.search(r'name="upload" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


def last_entry(app: Flask) -> tuple[str, str, str]:
    entry = AuditTrail(store_of(app)).last()
    assert entry
    return entry.actor, entry.action, entry.subject


def test_a_table_is_looked_over_first_and_then_put_in_place(app: Flask, hana: FlaskClient) -> None:
    store = store_of(app)
    store.replace_aliases([Alias("Old Kura", 54, "x"), Alias("Joes", 55, "its newsletter")])
    page = upload(hana)
    assert page.status_code == 200, words(page)
    for said in ("Nothing is changed yet", "The Kura", "Old Kura", "1 alias stays as it is"):
        assert said in words(page)
    assert store.aliases()[0].text == "Old Kura"
    assert last_entry(app) == ("hana", "upload.read", "aliases")
    sent = post(hana, f"{URL}/import", upload=digest_in(page))
    assert sent.status_code == 303
    assert store.aliases() == (
        Alias("The Kura", 54, "www.kura.example"),
        Alias("Joes", 55, "its newsletter"),
    )
    assert last_entry(app) == ("hana", "import.aliases", "aliases")
    assert "2 aliases are in use." in text_of(hana.get(URL).text)
    entry = AuditTrail(store).last()
    assert entry
    assert json.loads(entry.detail)["files"][0]["name"] == "aliases.csv"


def test_a_form_sent_twice_imports_once(app: Flask, hana: FlaskClient) -> None:
    digest = digest_in(upload(hana))
    for _ in range(2):
        assert post(hana, f"{URL}/import", upload=digest).status_code == 303
    assert store_of(app).state().aliases == 1
    assert "Nothing was to be changed." in text_of(hana.get(URL).text)


def test_the_present_table_is_shown_with_the_schools(app: Flask, hana: FlaskClient) -> None:
    assert "There are none." in words(hana.get(URL))
    given = [Alias("The Kura", 54, "www.kura.example"), Alias("Elsewhere", 99, "x")]
    store_of(app).replace_aliases(given)
    said = words(hana.get(URL))
    assert "The Kura 54 Kura o Ahi Ahitown www.kura.example" in said
    assert "Elsewhere 99 not in the directory x" in said


def test_what_is_exported_is_read_back_as_it_is(
    app: Flask, hana: FlaskClient, tmp_path: Path
) -> None:
    given = (Alias("Joes", 55, "its “newsletter”, p. 3"), Alias("The Kura", 54, HOSTILE))
    store_of(app).replace_aliases(given)
    answer = hana.get(f"{URL}.csv")
    assert answer.mimetype == "text/csv"
    assert next(csv.reader(io.StringIO(answer.text)))[0] == "Alias"
    (tmp_path / "aliases.csv").write_bytes(answer.data)
    found, report = read_aliases(tmp_path / "aliases.csv", schools=small_schools())
    assert (found, report.problems) == (given, [])
    preview = words(upload(hana, answer.data))
    assert "2 aliases stay as they are." in preview
    assert "Added" not in preview


def test_another_import_meanwhile_is_not_undone_unseen(app: Flask, hana: FlaskClient) -> None:
    digest = digest_in(upload(hana))
    store_of(app).replace_aliases([Alias("Meanwhile", 54, "x")])
    sent = post(hana, f"{URL}/import", upload=digest)
    assert sent.status_code == 400
    assert "Another table of aliases was imported since" in words(sent)
    assert [alias.text for alias in store_of(app).aliases()] == ["Meanwhile"]


def test_what_one_looked_over_nobody_else_imports(app: Flask, hana: FlaskClient) -> None:
    digest = digest_in(upload(hana))
    sent = post(signed_in(app, "wiremu"), f"{URL}/import", upload=digest)
    assert sent.status_code == 400
    assert "not kept any more, or not for you" in words(sent)
    assert store_of(app).aliases() == ()


@pytest.mark.parametrize("digest", ["", "ab" * 32, "\0", HOSTILE, "x" * 5_000])
def test_what_was_not_looked_over_is_not_imported(
    app: Flask, hana: FlaskClient, digest: str
) -> None:
    sent = post(hana, f"{URL}/import", upload=digest)
    assert sent.status_code == 400
    assert store_of(app).aliases() == ()


BAD: dict[str, tuple[bytes, str]] = {
    "a name that is another's": (
        b"Alias,School number,Source\nTe One School,54,x\n",
        "is the whole name of another school: 3553, Te One School",
    ),
    "no source": (b"Alias,School number,Source\nAhi,54,\n", "it names no source"),
    "another table": (b"Name,Town\nAhi,Ahitown\n", "no header row with the columns needed"),
    "a web page": (b"<!doctype html><p>Sign in", "is a web page, not a CSV"),
    "nothing": (b"", "is empty"),
    "bytes": (bytes(range(256)), ""),
    "a broken workbook": (b"PK\x03\x04 broken", ""),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_in_one_message_and_nothing_changes(
    app: Flask, hana: FlaskClient, case: str
) -> None:
    content, said = BAD[case]
    store_of(app).replace_aliases([Alias("Old Kura", 54, "x")])
    page = upload(hana, content)
    assert page.status_code == 400, words(page)
    assert said in words(page)
    assert 'href="#file"' in page.text
    assert last_entry(app) == ("hana", "upload.refused", "aliases")
    assert [alias.text for alias in store_of(app).aliases()] == ["Old Kura"]


def test_no_file_and_two_files_are_said(app: Flask, hana: FlaskClient) -> None:
    assert "Choose one file." in words(post(hana, URL))
    files = [(io.BytesIO(GOOD.encode()), name) for name in ("a.csv", "b.csv")]
    page = hana.post(URL, data={"csrf_token": csrf_token(hana), "file": files})
    assert page.status_code == 400
    assert "Choose one file." in words(page)


def test_hostile_aliases_are_text_on_every_page(app: Flask, hana: FlaskClient) -> None:
    alias = f"Joes {HOSTILE}"
    quoted = alias.replace('"', '""')
    page = upload(hana, f'Alias,School number,Source\n"{quoted}",54,"{quoted}"\n')
    assert page.status_code == 200, words(page)
    post(hana, f"{URL}/import", upload=digest_in(page))
    for shown in (page, hana.get(URL), hana.get("/staff/audit")):
        assert "<img src=x" not in shown.text
        assert not is_worked_out(shown.text)
    assert alias in words(hana.get(URL))


def test_the_file_is_read_outside_the_web_process(app: Flask) -> None:
    page = upload(signed_in(app, "tama"))
    assert page.status_code == 200, words(page)
    assert "The Kura" in words(page)


def test_a_reader_that_crashed_is_said(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashed(_wish: Wish, _folder: str) -> Read:
        return Read(crashed="killed by SIGKILL")

    monkeypatch.setattr(uploads, "_read_elsewhere", crashed)
    page = upload(hana)
    assert page.status_code == 400
    assert "The file cannot be read" in words(page)
    assert last_entry(app) == ("hana", "upload.crashed", "aliases")


@pytest.mark.parametrize("login", ["rata", "aroha"])
def test_readers_and_approvers_see_the_table_and_import_none(app: Flask, login: str) -> None:
    store_of(app).replace_aliases([Alias("The Kura", 54, "x")])
    client = signed_in(app, login)
    page = client.get(URL)
    assert "The Kura" in words(page)
    assert 'type="file"' not in page.text
    assert upload(client).status_code == 403
    assert post(client, f"{URL}/import", upload="ab" * 32).status_code == 403


def test_an_alias_is_known_to_the_service_at_the_next_look(app: Flask, hana: FlaskClient) -> None:
    snapshots = app.extensions["catchments"].snapshots
    world = snapshots.current()
    assert world.on(world.today).gazetteer.aliases == ()
    post(hana, f"{URL}/import", upload=digest_in(upload(hana)))
    assert snapshots.refresh()
    world = snapshots.current()
    assert [alias.text for alias in world.on(world.today).gazetteer.aliases] == ["The Kura", "Joes"]


def test_an_answer_that_was_kept_before_other_aliases_is_not_called_the_same(
    app: Flask, hana: FlaskClient
) -> None:
    address = "/v1/schools/55"
    before = hana.get(address).headers["ETag"]
    assert hana.get(address, headers={"If-None-Match": before}).status_code == 304
    store_of(app).replace_aliases([Alias("Joes", 55, "its newsletter")])
    app.extensions["catchments"].snapshots.refresh()
    after = hana.get(address, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before
