"""Clients that page through lists while editions are published, at every door that has pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.core.model import Catchment, Edition, Provider, School
from catchments.store import Store
from catchments.web.common.services import EXTENSION
from tests.worlds import (
    AHI,
    TODAY,
    next_edition,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    small_schools,
    square,
    store_of,
    withdraw,
)

MEANWHILE = 10
"""How often something is published while a client pages through a list."""
BEGIN_AGAIN = "Begin again without the parameters edition and release."


@dataclass(frozen=True)
class Page:
    """What a client keeps of a page."""

    ids: list[str]
    made_from: set[tuple[str, str]]
    """Of which editions and directory releases its parts say that they are."""
    following: str
    """The address of the next page; empty where there is none."""
    before: str


def of_v1(answer: TestResponse) -> Page:
    """A page of /v1 in any of its forms; each names the pages beside it in the header Link."""
    links = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", ""))
    beside = {relation: address for address, relation in links}
    read = _of_csv if answer.mimetype == "text/csv" else _of_json
    return Page(*read(answer), beside.get("next", ""), beside.get("prev", ""))


def _of_csv(answer: TestResponse) -> tuple[list[str], set[tuple[str, str]]]:
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    made_from = {(row["edition"], row["directory_release"]) for row in rows}
    return [next(iter(row.values())) for row in rows], made_from


def _of_json(answer: TestResponse) -> tuple[list[str], set[tuple[str, str]]]:
    body = answer.get_json(force=True)
    release = body["directory_release"]["released"]
    items = body["features"] if "features" in body else body["items"]
    return [_id(item) for item in items], {(str(body["edition"]["number"]), release)}


def _id(item: dict[str, Any]) -> str:
    return str(item.get("id") or item.get("code") or item["school"]["school_id"])


def of_ogc(answer: TestResponse) -> Page:
    body = answer.json
    links = {link["rel"]: link["href"] for link in body["links"]}
    ids, made_from = _of_json(answer)
    for each in (feature["properties"] for feature in body["features"]):
        made_from.add((str(each["edition"]), body["directory_release"]["released"]))
        assert each.get("directory_release") in {None, body["directory_release"]["released"]}
    return Page(ids, made_from, links.get("next", ""), links.get("prev", ""))


Reader = Callable[[TestResponse], Page]
DOORS: dict[str, Reader] = {
    **{
        f"/v1/{of}{ending}?limit={limit}": of_v1
        for of, limit in (("schools", 4), ("catchments", 2), ("providers", 1))
        for ending in ("", ".geojson", ".csv")
    },
    "/v1/schools?limit=2&status=open&bbox=174,-40,176,-38": of_v1,
    "/v1/schools?limit=3&on=2026-04-18": of_v1,
    "/ogc/collections/catchments/items?limit=2": of_ogc,
    "/ogc/collections/schools/items?limit=4": of_ogc,
    "/ogc/collections/schools/items?limit=2&status=open&bbox=174,-40,176,-38": of_ogc,
    "/ogc/collections/schools/items?limit=3&datetime=2026-04-18T00:00:00Z/..": of_ogc,
    "/ogc/collections/catchments/items?limit=1&skipGeometry=true&crs="
    "http://www.opengis.net/def/crs/EPSG/0/2193": of_ogc,
}


# --- what is published meanwhile ------------------------------------------------------------------


def edition_with(number: int) -> Edition:
    """The small world with catchments and providers before all others, and without Ahi."""
    base = small_edition(effective_from=TODAY)
    new = [f"A{number:02}-{at}" for at in range(3)]
    catchments = {code: Catchment(code, code, "Waikato", f"P-{code}") for code in new}
    kept = {code: of for code, of in base.catchments.items() if code != AHI}
    return small_edition(
        catchments={**catchments, **kept},
        boundaries={**base.boundaries, **dict.fromkeys(new, square(AHI))},
        providers={**base.providers, **{f"P-{c}": Provider(f"P-{c}", c) for c in new}},
        listings={},
        effective_from=TODAY,
        title=f"New {number}",
    )


def publish_another(app: Flask, number: int) -> None:
    """Publish an edition and a directory release, in which much stands elsewhere."""
    schools = {at: School(at, f"New {at}") for at in range(number + 1, number + 4)}
    kept = {at: of for at, of in small_schools().items() if at % 2}
    released = date(2026, 2, 2) + timedelta(days=number)
    publish_whole(store_of(app), edition_with(number))
    store_of(app).add_release(small_release(schools={**schools, **kept}, released=released))
    refresh(app)


def refresh(app: Flask) -> None:
    assert app.extensions[EXTENSION].snapshots.refresh()


def asked(client: FlaskClient, address: str, read: Reader) -> Page:
    parts = urlsplit(address)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 200, answer.text
    return read(answer)


def whole(path: str) -> str:
    return re.sub(r"limit=\d+", "limit=100", path)


# --- the law --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOORS)
def test_pages_are_of_one_edition_and_have_everything_once_whatever_is_published(
    path: str, small_copy: Path
) -> None:
    read, published = DOORS[path], 0
    with running_application(small_copy) as app:
        client = app.test_client()
        expected = asked(client, whole(path), read)
        page = asked(client, path, read)
        ids, made_from, seen = list(page.ids), set(page.made_from), [page]
        while page.following:
            for _ in range(5 if published < MEANWHILE else 0):
                publish_another(app, published)
                published += 1
            page = asked(client, page.following, read)
            ids += page.ids
            made_from |= page.made_from
            seen.append(page)
        assert published >= MEANWHILE
        assert ids == expected.ids
        assert len(set(ids)) == len(ids)
        assert made_from == expected.made_from
        assert asked(client, path, read).ids != seen[0].ids
        for earlier in reversed(seen[:-1]):
            page = asked(client, page.before, read)
            assert page == earlier
        assert not page.before


@pytest.mark.parametrize("path", DOORS)
def test_who_stops_half_way_goes_on_a_day_later_in_the_same_edition(
    path: str, small_copy: Path
) -> None:
    day, read = [TODAY], DOORS[path]
    with running_application(small_copy, today=lambda: day[0]) as app:
        store: Store = store_of(app)
        publish_whole(store, next_edition(TODAY + timedelta(days=1)))
        client = app.test_client()
        expected = asked(client, whole(path), read)
        page = asked(client, path, read)
        ids, made_from = list(page.ids), set(page.made_from)
        day[0] += timedelta(days=1)
        assert asked(client, "/ogc/collections/catchments/items", of_ogc).made_from == {
            ("2", "2026-02-01")
        }
        while page.following:
            page = asked(client, page.following, read)
            ids += page.ids
            made_from |= page.made_from
        assert (ids, made_from) == (expected.ids, expected.made_from)


@pytest.mark.parametrize("path", DOORS)
def test_who_goes_on_in_an_edition_that_was_withdrawn_is_told_so(
    path: str, small_copy: Path
) -> None:
    with running_application(small_copy) as app:
        publish_whole(store_of(app), edition_with(1))
        client = app.test_client()
        page = asked(client, path, DOORS[path])
        assert {edition for edition, _ in page.made_from} == {"2"}
        withdraw(store_of(app), 2)
        refresh(app)
        gone = client.get(page.following)
        assert (gone.status_code, gone.mimetype) == (404, "application/problem+json")
        assert gone.json["detail"] == "There is no edition 2. It may have been withdrawn since."
        assert gone.json["next_step"] == BEGIN_AGAIN


def test_changes_are_told_once_each_whatever_is_published_meanwhile(small_copy: Path) -> None:
    with running_application(small_copy) as app:
        client = app.test_client()
        for number in range(15):
            publish_another(app, number)
        told, path, published = [], "/v1/changes", 15
        while path:
            body = client.get(path).json
            told += [each["edition"] for each in body["editions"]]
            for _ in range(MEANWHILE if published < 25 else 0):
                publish_another(app, published)
                published += 1
            path = body["next"]
        assert told == list(range(1, 27))


@pytest.mark.parametrize("ending", ["", ".csv"])
def test_editions_are_listed_once_each_whatever_is_published_meanwhile(
    ending: str, small_copy: Path
) -> None:
    with running_application(small_copy) as app:
        client = app.test_client()
        for number in range(5):
            publish_another(app, number)
        listed: list[int] = []
        path = f"/v1/editions{ending}?limit=3"
        while path:
            answer = client.get(path)
            assert answer.status_code == 200, answer.text
            listed += numbers_of(answer)
            if len(listed) == 3:
                for number in range(5, 5 + MEANWHILE):
                    publish_another(app, number)
            links = re.findall(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
            path = links[0] if links else ""
        assert listed == list(range(1, 17))


def numbers_of(answer: TestResponse) -> list[int]:
    """Which editions a page of /v1/editions has."""
    if answer.mimetype == "text/csv":
        return [int(row["edition"]) for row in csv.DictReader(io.StringIO(answer.text))]
    return [item["number"] for item in answer.json["items"]]


@pytest.mark.parametrize("query", ["standing=replaced", "from=2026-01-01", "to=2027-01-01"])
@pytest.mark.parametrize("event", ["publication", "withdrawal", "another day"])
def test_a_list_of_editions_that_changes_with_time_says_when_it_has_changed(
    query: str, event: str, small_copy: Path
) -> None:
    day = [TODAY]
    with running_application(small_copy, today=lambda: day[0]) as app:
        client = app.test_client()
        for number in range(3):
            publish_whole(store_of(app), edition_with(number))
            publish_whole(store_of(app), next_edition(date(2026, 7, 1 + number)))
        first = client.get(f"/v1/editions?{query}&limit=1").json
        second = client.get(f"/v1/editions?{query}&limit=1&offset=1").json
        assert client.get(first["next"]).json["items"] == second["items"]
        if event == "publication":
            publish_whole(store_of(app), next_edition(date(2026, 7, 2)))
        elif event == "withdrawal":
            withdraw(store_of(app), 2)
        else:
            day[0] += timedelta(days=1)
        app.extensions[EXTENSION].snapshots.refresh()
        gone = client.get(first["next"])
        assert gone.status_code == 404
        assert gone.json["next_step"] == "Begin again without the parameters state and offset."


def test_a_state_that_is_none_is_refused(client: FlaskClient) -> None:
    answer = client.get("/v1/editions?state=now")
    assert (answer.status_code, answer.json["parameter"]) == (400, "state")


# --- pins of GIS programs -------------------------------------------------------------------------


def links_of(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {link["rel"]: link["href"] for link in answer.json["links"]}


@pytest.mark.parametrize(
    "path",
    ["catchments/items", "catchments/items/KOW-2", "schools/items?offset=2", "schools/items/55"],
)
def test_self_and_alternate_lead_to_this_very_answer_and_the_latest_to_what_is_in_force(
    path: str, small_copy: Path
) -> None:
    with running_application(small_copy) as app:
        client = app.test_client()
        first = client.get(f"/ogc/collections/{path}")
        links = links_of(first)
        publish_whole(store_of(app), next_edition(TODAY))
        refresh(app)
        again, latest = client.get(links["self"]), client.get(links["latest-version"])
        assert (again.status_code, again.json) == (200, first.json)
        assert client.get(links["alternate"]).mimetype == "text/html"
        assert "edition=1&" in links["alternate"]
        assert latest.json["edition"]["number"] == 2
        assert "offset" not in links["latest-version"]


def test_a_pin_counts_for_more_than_the_date(small_copy: Path) -> None:
    july = date(2026, 7, 1)
    with running_application(small_copy) as app:
        publish_whole(store_of(app), next_edition(july))
        client = app.test_client()

        def edition(query: str) -> Any:
            answer = client.get(f"/ogc/collections/catchments/items/KOW-2?{query}")
            assert answer.status_code == 200, answer.text
            served_by = answer.json["properties"]["provider_code"]
            return answer.json["edition"]["number"], served_by

        assert edition(f"datetime={july}") == (2, "P-AHI")
        assert edition(f"datetime={july}&edition=1") == (1, "P-RAKAU")
        assert edition("edition=2") == (2, "P-AHI")
        assert edition("datetime=2020-01-01&edition=2&release=1") == (2, "P-AHI")


@pytest.mark.parametrize("pin", ["edition", "release"])
def test_a_pin_that_is_none_is_not_found(pin: str, client: FlaskClient) -> None:
    for path in (
        "/v1/schools",
        "/ogc/collections/schools/items",
        "/ogc/collections/schools/items/54",
    ):
        answer = client.get(f"{path}?{pin}=9")
        assert (answer.status_code, answer.json["next_step"]) == (404, BEGIN_AGAIN)


def test_a_pinned_answer_is_kept_by_caches_as_that_of_its_edition(small_copy: Path) -> None:
    path = "/ogc/collections/schools/items"
    with running_application(small_copy) as app:
        client = app.test_client()
        publish_whole(store_of(app), next_edition(TODAY))
        newest, pinned = client.get(path), client.get(f"{path}?edition=1")
        assert pinned.headers["ETag"] != newest.headers["ETag"]
        for address, answer in ((path, newest), (f"{path}?edition=1", pinned)):
            tag = {"If-None-Match": answer.headers["ETag"]}
            assert client.get(address, headers=tag).status_code == 304
        tag = {"If-None-Match": pinned.headers["ETag"]}
        assert client.get(path, headers=tag).status_code == 200
        withdraw(store_of(app), 1)
        refresh(app)
        assert client.get(f"{path}?edition=1", headers=tag).status_code == 404


@pytest.mark.parametrize(("of", "at_most"), [("catchments", 100), ("schools", 1000)])
def test_a_limit_beyond_the_greatest_is_answered_with_that_and_says_so(
    of: str, at_most: int, client: FlaskClient
) -> None:
    path = f"/ogc/collections/{of}/items"
    body = client.get(f"{path}?limit={at_most + 1}").json
    assert body["note"].startswith(f"The limit was {at_most + 1}; a page has at most {at_most} ")
    assert f"limit={at_most}&" in body["links"][0]["href"]
    assert "note" not in client.get(f"{path}?limit={at_most}").json
    assert f"at most {at_most:,} features" in client.get(path.removesuffix("/items")).text
    contract = client.get("/ogc/openapi").json["paths"][f"/collections/{of}/items"]["get"]
    [limit] = [each for each in contract["parameters"] if each.get("name") == "limit"]
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, at_most)
