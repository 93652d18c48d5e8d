"""Staff see what was told of each edition and what became of it; administrators see to webhooks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.roles import Role
from catchments.store import Publication, Store
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.queue import Outbox
from catchments.store.outbox.webhook_addresses import Webhooks
from tests.staff import add_person, post, signed_in
from tests.worlds import (
    HOSTILE,
    next_edition,
    opened,
    running_application,
    simple_artefacts,
    store_of,
)

FROM = date(2026, 4, 1)
FORMULA = '=HYPERLINK("http://evil.example";"x")'
TOLD = [
    Announcement("school", "54", HOSTILE, "", "What changes", FORMULA, FROM),
    Announcement("provider", "P-AHI", FORMULA, "kia@ahi.example", "What changes", "Kia ora", FROM),
]


@pytest.fixture
def app(small_copy: Path) -> Iterator[Flask]:
    with opened(small_copy) as store:
        publication = Publication(
            next_edition(FROM), FROM, 1, artefacts=simple_artefacts(), maker="t", notices=TOLD
        )
        store.publish([publication], expected=store.state())
        add_person(store, "rua")
        add_person(store, "ana", Role.ADMINISTRATOR)
    with running_application(small_copy) as made:
        yield made


@pytest.fixture
def store(app: Flask) -> Store:
    return store_of(app)


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    return signed_in(app, "rua")


@pytest.fixture
def administrator(app: Flask) -> FlaskClient:
    return signed_in(app, "ana")


def failed(store: Store) -> int:
    outbox = Outbox(store)
    claimed = outbox.claim()
    assert claimed is not None
    outbox.mark_refused(claimed, f"550 {HOSTILE}", for_good=True)
    return claimed.id


# --- notices --------------------------------------------------------------------------------------


def test_a_reader_sees_how_many_were_told_and_what_became_of_it(reader):
    page = reader.get("/staff/notices").text
    assert "Kōwhai to Ahi Trust" in page
    assert "1 waiting" in page
    assert "No SMTP server is set" in page


def test_the_download_has_everybody_and_runs_nothing(reader):
    response = reader.get("/staff/notices/2.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["kind"], row["recipient"], row["email"], row["state"]) for row in rows] == [
        ("school", "54", "", "for the download"),
        ("provider", "P-AHI", "kia@ahi.example", "waiting"),
    ]
    assert rows[0]["name"] == HOSTILE
    assert rows[0]["text"] == f"'{FORMULA}"
    assert rows[1]["name"] == f"'{FORMULA}"


def test_an_edition_that_is_not_there_has_no_download(reader):
    assert reader.get("/staff/notices/99.csv").status_code == 404


def test_an_administrator_sends_again_what_failed(administrator, store):
    number = failed(store)
    page = administrator.get("/staff/notices").text
    assert HOSTILE not in page
    assert "Send again" in page
    assert post(administrator, f"/staff/notices/again/{number}").status_code == 303
    claimed = Outbox(store).claim()
    assert claimed is not None
    assert claimed.id == number


def test_what_has_not_failed_is_not_sent_again(administrator, store):
    assert post(administrator, "/staff/notices/again/1").status_code == 409
    assert post(administrator, "/staff/notices/again/99").status_code == 404


def test_a_reader_may_look_but_not_send(reader, store):
    number = failed(store)
    assert "Send again" not in reader.get("/staff/notices").text
    assert post(reader, f"/staff/notices/again/{number}").status_code == 403
    assert reader.get("/staff/webhooks").status_code == 403


# --- webhooks -------------------------------------------------------------------------------------


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve to a machine of the public's, without asking anybody."""
    answer = [(2, 1, 6, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(
        "catchments.store.outbox.webhook_calls.socket.getaddrinfo", lambda *_, **__: answer
    )


@pytest.mark.usefixtures("public")
def test_the_secret_of_a_new_webhook_is_shown_once(administrator, store):
    page = post(administrator, "/staff/webhooks", address=" https://service.example/hook ").text
    (secret,) = re.findall(r"<code>([^<]+)</code>", page)
    assert Webhooks(store).secret(1) == ("https://service.example/hook", secret)
    again = administrator.get("/staff/webhooks").text
    assert "https://service.example/hook" in again
    assert secret not in again


@pytest.mark.parametrize("url", ["", "http://127.0.0.1/", "ftp://x.example/", HOSTILE])
def test_an_address_that_cannot_be_a_webhook_is_refused_beside_its_field(administrator, store, url):
    response = post(administrator, "/staff/webhooks", address=url)
    assert response.status_code == 400
    assert 'href="#address"' in response.text
    assert 'aria-invalid="true"' in response.text
    assert HOSTILE not in response.text
    assert Webhooks(store).all() == []


@pytest.mark.usefixtures("public")
def test_a_webhook_is_disabled_and_that_is_said(administrator, store):
    post(administrator, "/staff/webhooks", address="https://service.example/hook")
    assert post(administrator, "/staff/webhooks/1/disable").status_code == 303
    page = administrator.get("/staff/webhooks").text
    assert "disabled" in page
    assert "Send a test" not in page
    assert post(administrator, "/staff/webhooks/1/test").status_code == 404


def test_a_test_says_what_came_of_it(administrator, store):
    Webhooks(store).add("http://127.0.0.1:9/", by="ana")
    assert post(administrator, "/staff/webhooks/1/test").status_code == 303
    said = administrator.get("/staff/webhooks").text
    assert "The test was not taken: its host is this machine" in said
