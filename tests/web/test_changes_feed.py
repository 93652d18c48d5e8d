"""/changes for services that follow what changes, and the Atom feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.store import schema
from catchments.web.common.services import EXTENSION, Services
from tests.worlds import (
    HOSTILE,
    fill,
    next_edition,
    opened,
    running_application,
    small_edition,
    sqlite_url,
    visited,
    withdraw,
)

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = sqlite_url(tmp_path / "changes.sqlite")
    nasty = replace(next_edition(APRIL), title=HOSTILE, reason=f"]]>&amp;\x00\x1b\uffff{HOSTILE}")
    fill(made, small_edition(), next_edition(MARCH), nasty)
    with opened(made) as store, store.writing() as connection:
        table = schema.edition
        for number in (1, 2, 3):
            # At noon UTC it is the next day already in New Zealand: 28 February, 1 and 2 March.
            at = datetime(2026, 2, 26, 12, tzinfo=UTC).replace(tzinfo=None)
            values = {"published_at": at + timedelta(days=number)}
            connection.execute(table.update().where(table.c.number == number).values(**values))
    return made


@pytest.fixture
def app(url: str) -> Iterator[Flask]:
    with running_application(url) as made:
        yield made


def numbers(client: FlaskClient, query: str = "") -> list[int]:
    response = client.get(f"/changes{query}")
    assert response.status_code == 200, response.text
    return [each["edition"] for each in response.json["editions"]]


# --- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3]),
        ("?since=0", [1, 2, 3]),
        ("?since=1", [2, 3]),
        ("?since=3", []),
        ("?since=999999999", []),
        ("?since=2026-02-28", [1, 2, 3]),
        ("?since=2026-03-01", [2, 3]),
        ("?since=2026-03-02", [3]),
        ("?since=2026-03-03", []),
    ],
)
def test_it_tells_of_editions_after_a_number_or_from_a_date_on_oldest_first(
    client, query, expected
):
    assert numbers(client, query) == expected


def test_an_edition_says_what_it_changed_with_providers_before_and_after(client):
    told = client.get("/changes?since=1").json["editions"][0]
    assert (told["effective_from"], told["last_day"]) == ("2026-03-01", "2026-03-31")
    assert told["standing"] == "in force"
    assert told["changes"]["compared_with"] == 1
    assert told["changes"]["catchments"]["provider_changed"] == [
        {"code": "KOW-2", "before": "P-RAKAU", "after": "P-AHI"}
    ]
    assert told["changes"]["schools"][0] == {
        "school_id": 55,
        "catchment": {"before": "KOW-2", "after": "KOW-2"},
        "provider": {
            "before": {"code": "P-RAKAU", "name": "Ngā Rākau"},
            "after": {"code": "P-AHI", "name": "Ahi Trust"},
        },
    }
    assert client.get(told["url"]).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "since=",
        "since=x",
        "since=-1",
        "since=1.5",
        "since=2026-02-30",
        "since=2026-3-1",
        "since=1234567890",
        "since=٣",
        "since=1&since=2",
        "until=3",
    ],
)
def test_bad_input_is_a_problem_in_json(client, query):
    response = client.get(f"/changes?{query}")
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.json["parameter"] in {"since", "until"}


def test_pages_follow_each_other_until_there_is_no_next(tmp_path):
    editions = [small_edition(effective_from=date(2025, 1, 1 + n)) for n in range(23)]
    with visited(tmp_path, *editions) as client:
        address, seen = "/changes", []
        while address:
            body = client.get(address).json
            assert len(body["editions"]) <= 10
            seen += [each["edition"] for each in body["editions"]]
            address = body["next"]
    assert seen == list(range(1, 24))


def test_a_withdrawal_is_seen_by_whoever_has_read_the_edition_already(url):
    with opened(url) as store:
        withdraw(store, 3)
    with running_application(url) as app:
        body = app.test_client().get("/changes?since=3").json
        told = app.test_client().get("/changes?since=2").json["editions"][0]
    assert (body["editions"], body["withdrawn"]) == ([], [3])
    assert (told["standing"], told["changes"], told["last_day"]) == ("withdrawn", None, None)


def test_answers_are_validated_and_open_to_other_origins(client):
    for address, kept in (("/changes?since=1", "max-age="), ("/changes.atom", "no-store")):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        # The feed names the host that was asked, since no public address is set here.
        assert kept in first.headers["Cache-Control"]
        assert first.headers["Access-Control-Allow-Origin"] == "*"


def test_it_says_that_it_is_made_up(client):
    body = client.get("/changes").json
    assert body["demonstration"] is True
    assert all(each["demonstration"] for each in body["editions"])


# --- Atom -----------------------------------------------------------------------------------------


def parsed(client: FlaskClient) -> ET.Element:
    response = client.get("/changes.atom")
    assert response.status_code == 200
    assert response.content_type == "application/atom+xml; charset=utf-8"
    return ET.fromstring(response.data)


def test_the_feed_has_what_rfc_4287_asks_for(client):
    feed = parsed(client)
    assert feed.tag == f"{ATOM}feed"
    for each in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(each.findall(ATOM + name)) == 1
        assert datetime.fromisoformat(each.findtext(f"{ATOM}updated")).utcoffset() == timedelta(0)
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert {link.get("rel") for link in feed.findall(f"{ATOM}link")} == {"self", "alternate"}


def test_there_is_an_entry_an_edition_with_an_id_that_never_changes(client):
    entries = parsed(client).findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}id") for each in entries] == [
        f"tag:localhost,2026:edition/{number}" for number in (3, 2, 1)
    ]
    assert entries[1].findtext(f"{ATOM}updated") == "2026-02-28T12:00:00Z"
    assert entries[1].find(f"{ATOM}link").get("href") == "http://localhost/history/2"


def test_ids_and_links_are_of_the_public_address_where_it_is_set(app):
    running: Services = app.extensions[EXTENSION]
    public = replace(running.settings, public_url="https://attendance.example")
    app.extensions[EXTENSION] = replace(running, settings=public)
    entry = parsed(app.test_client()).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "tag:attendance.example,2026:edition/3"
    assert entry.find(f"{ATOM}link").get("href") == "https://attendance.example/history/3"


def test_whatever_a_reason_holds_the_feed_is_xml_and_says_it(client):
    entry = parsed(client).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == f"Edition 3: {HOSTILE}"
    assert f"]]>&amp;\ufffd\ufffd\ufffd{HOSTILE}" in entry.findtext(f"{ATOM}content")


def test_a_withdrawn_edition_is_updated_when_it_was_withdrawn(url):
    with opened(url) as store:
        withdraw(store, 3)
    with running_application(url) as app:
        entry = parsed(app.test_client()).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title").endswith("(withdrawn)")
    assert entry.findtext(f"{ATOM}updated") > entry.findtext(f"{ATOM}published")
    assert "does not take effect" in entry.findtext(f"{ATOM}content")


def test_the_feed_takes_no_parameters(client):
    assert client.get("/changes.atom?since=1").status_code == 400
