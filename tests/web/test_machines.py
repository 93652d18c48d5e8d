"""What machines ask first, what pages' heads say to them, and that it leads where it says."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.store import Artefact
from catchments.web.common.services import EXTENSION, Services
from catchments.web.pages.machines import sitemap
from maps.artefacts import PICTURE
from maps.exports.export_input import ExportInput
from maps.picture import picture_png
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    fill,
    opened,
    real_artefacts,
    running_application,
    simple_artefacts,
    small_edition,
    small_release,
    visited,
)

pytestmark = pytest.mark.every_case

PUBLIC = "https://attendance.example/find"
"""Where the public finds the service, below a path of its own."""
NAMESPACE = {"s": sitemap.NAMESPACE}
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def real_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world as if it were no demonstration, with what publishing draws."""
    path = tmp_path_factory.mktemp("real") / "real.sqlite"
    edition = small_edition(demonstration=False)
    picture = Artefact(PICTURE, "image/png", picture_png(ExportInput(edition)))
    fill(
        path,
        edition,
        release=small_release(demonstration=False),
        artefacts=[*real_artefacts(edition), picture],
    )
    return path


def with_settings(app: Flask, **settings: Any) -> Flask:
    """The application, run with settings of its own."""
    running: Services = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = Services(
        Settings(database_url=running.settings.database_url, **settings),
        running.store,
        running.snapshots,
    )
    return app


@pytest.fixture
def real(real_database: Path) -> Iterator[FlaskClient]:
    """A client of a service that is no demonstration and knows where the public finds it."""
    with running_application(real_database) as app:
        yield with_settings(app, public_url=PUBLIC).test_client()


@pytest.fixture
def unnamed(real_database: Path) -> Iterator[FlaskClient]:
    """A client of one that does not know it."""
    with running_application(real_database) as app:
        yield app.test_client()


def whole(client: FlaskClient, path: str) -> TestResponse:
    """An answer that is read to its end, and closed: static files are open until then."""
    with client.get(path) as response:
        assert response.data
        return response


def below(address: str) -> str:
    """The path of an address of ours, as the test's client asks for it."""
    assert address.startswith(f"{PUBLIC}/"), address
    return address.removeprefix(PUBLIC)


# --- the addresses themselves ---------------------------------------------------------------------

ASKED_FIRST = {
    "/robots.txt": "text/plain; charset=utf-8",
    "/sitemap.xml": "application/xml",
    "/favicon.ico": "image/vnd.microsoft.icon",
    "/apple-touch-icon.png": "image/png",
    "/manifest.webmanifest": "application/manifest+json",
    "/.well-known/api-catalog": "application/linkset+json; "
    'profile="https://www.rfc-editor.org/info/rfc9727"',
    "/.well-known/security.txt": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("path", ASKED_FIRST)
def test_what_machines_ask_first_is_there_in_its_own_type_and_may_be_kept(
    path: str, real_database: Path
) -> None:
    with running_application(real_database) as app:
        named = with_settings(app, public_url=PUBLIC, security_contacts=("tel:+64-4-000-0000",))
        client = named.test_client()
        response = client.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (200, ASKED_FIRST[path])
        assert response.headers["Cache-Control"].startswith("max-age=")
        head = client.head(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Type"] == ASKED_FIRST[path]
        again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        refused = client.post(path)
        assert refused.status_code == 405
        assert {"GET", "HEAD"} <= set(refused.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/sitemap-0.xml", "/sitemap-2.xml", "/.well-known/none", "/.well-known/security.txt"]
)
def test_what_is_not_there_is_404(path: str, real: FlaskClient) -> None:
    response = real.get(path)
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_none_of_it_counts_against_whoever_asks_for_robots_txt(real: FlaskClient) -> None:
    assert "RateLimit" not in real.get("/robots.txt").headers
    assert "RateLimit" in real.get("/sitemap.xml").headers


# --- robots ---------------------------------------------------------------------------------------


def test_robots_are_kept_off_what_is_typed_and_shown_the_list_of_pages(real: FlaskClient) -> None:
    lines = real.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {
        "Disallow: /find/staff",
        "Disallow: /find/v1/search",
        "Disallow: /find/*?q=",
    } <= set(lines)
    assert lines[-1] == f"Sitemap: {PUBLIC}/sitemap.xml"


@pytest.mark.parametrize("path", ["/school/54", f"/catchment/{AHI}", "/catchments", "/v1/schools"])
def test_robots_are_not_kept_off_what_is_public(path: str, real: FlaskClient) -> None:
    rules = [line[len("Disallow: /find") :] for line in real.get("/robots.txt").text.splitlines()]
    assert not [each for each in rules if each and path.startswith(each)]
    assert "X-Robots-Tag" not in real.get(path).headers


@pytest.mark.parametrize(
    "path",
    [
        "/?q=kura",
        "/school/54?typed=kura+o+ahi",
        "/catchments?q=ahi",
        "/v1/search?q=kura",
        "/nothing-here",
        "/school/99",
        "/staff/sign-in",
        "/readyz",
    ],
)
def test_what_is_for_one_reader_is_not_indexed(path: str, real: FlaskClient) -> None:
    response = real.get(path, headers=PAGE)
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    if response.mimetype == "text/html":
        assert Head(response.text).meta["robots"] == "noindex, nofollow"
        assert "canonical" not in Head(response.text).links


def test_nothing_that_is_made_up_is_indexed(client: FlaskClient) -> None:
    rules = client.get("/robots.txt").text.splitlines()
    assert "Disallow: /" in rules
    assert "Demonstration data" in rules[0]
    for path in ("/", "/school/54", "/v1/provider?school_id=54", "/v1/provider?lat=-38&lng=174.5"):
        for _ in range(2):  # the second answer is one that is kept
            assert client.get(path).headers.getlist("X-Robots-Tag") == ["noindex, nofollow"]
    assert Head(client.get("/").text).meta["robots"] == "noindex, nofollow"


def test_a_service_that_began_as_a_demonstration_is_indexed_but_for_that(tmp_path: Path) -> None:
    begun = small_edition(effective_from=date(2026, 1, 1))
    real = small_edition(demonstration=False)
    release = small_release(demonstration=False)
    with visited(tmp_path, begun, real, release=release, artefacts=real_artefacts(real)) as client:
        assert "Disallow: /staff" in client.get("/robots.txt").text.splitlines()
        for path, indexed in {
            "/school/54": True,
            "/school/54?on=2026-01-02": False,
            "/history/2": True,
            "/history/1": False,
            "/downloads/1": False,
        }.items():
            assert ("robots" not in Head(client.get(path).text).meta) is indexed, path
        text = client.get("/sitemap.xml").text
        assert ("/history/2<" in text, "/history/1<" in text) == (True, False)


def test_before_anything_is_published_robots_are_kept_off(tmp_path: Path) -> None:
    with opened(tmp_path / "empty.sqlite"):
        pass
    with running_application(tmp_path / "empty.sqlite") as app:
        assert "Disallow: /\n" in app.test_client().get("/robots.txt").text


# --- the sitemap ----------------------------------------------------------------------------------


def listed(client: FlaskClient, path: str = "/sitemap.xml") -> dict[str, str]:
    """Address → when it changed, as a sitemap has it."""
    root = ET.fromstring(client.get(path).data)
    found = root.findall("*")
    return {
        each.findtext("s:loc", "", NAMESPACE): each.findtext("s:lastmod", "", NAMESPACE)
        for each in found
    }


def test_every_address_of_the_sitemap_is_a_page_and_its_own_canonical_one(
    real: FlaskClient,
) -> None:
    pages = listed(real)
    assert len(pages) > 20
    for address in pages:
        response = real.get(below(address), headers=PAGE)
        assert (response.status_code, response.mimetype) == (200, "text/html"), address
        assert Head(response.text).links["canonical"] == [address]
        assert "X-Robots-Tag" not in response.headers


def test_catchments_and_schools_changed_with_their_edition(real: FlaskClient) -> None:
    pages = listed(real)
    for path in ("/school/54", "/school/498", f"/catchment/{AHI}", "/map"):
        changed = pages[PUBLIC + path]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", changed)
        assert changed >= "2026-01-05"


def test_of_more_pages_than_a_file_may_hold_there_are_several(
    real: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed(real)
    monkeypatch.setattr(sitemap, "AT_MOST", 7)
    assert b"<sitemapindex" in real.get("/sitemap.xml").data
    parts = [listed(real, below(part)) for part in listed(real)]
    assert all(0 < len(part) <= 7 for part in parts)
    assert {address: at for part in parts for address, at in part.items()} == whole


def test_the_host_of_a_request_stands_in_nothing_that_is_kept(unnamed: FlaskClient) -> None:
    for path in ("/robots.txt", "/sitemap.xml"):
        response = unnamed.get(path, headers={"Host": "anybody.example"})
        assert "http://anybody.example/sitemap.xml" in response.text or path != "/robots.txt"
        assert response.headers["Cache-Control"] == "no-store"
    for path in ("/", "/school/54", "/.well-known/api-catalog", "/manifest.webmanifest"):
        response = unnamed.get(path, headers={"Host": "anybody.example"})
        assert "anybody.example" not in response.text
        assert response.headers["Cache-Control"].startswith("max-age=")


def test_below_a_path_every_address_has_it(real_database: Path) -> None:
    with running_application(real_database) as app:
        client = app.test_client()
        behind = "http://localhost/attendance"
        assert "Disallow: /attendance/staff" in client.get("/robots.txt", base_url=behind).text
        page = client.get("/school/54", base_url=behind, headers=PAGE)
        head = Head(page.text)
        everything = [href for found in head.links.values() for href in found]
        assert all(href.startswith("/attendance/") for href in everything)
        made = client.get("/manifest.webmanifest", base_url=behind).json
        assert made["start_url"] == "/attendance/"


# --- whom to tell of a weakness -------------------------------------------------------------------


def security_txt(database: Path, **settings: Any) -> dict[str, list[str]]:
    with running_application(database) as app:
        response = with_settings(app, **settings).test_client().get("/.well-known/security.txt")
        assert response.status_code == 200
        found: dict[str, list[str]] = {}
        for line in response.text.splitlines():
            name, _, value = line.partition(": ")
            found.setdefault(name, []).append(value)
        return found


def test_security_txt_says_what_is_known_and_for_how_long(real_database: Path) -> None:
    contacts = ("mailto:safe@attendance.example", "https://attendance.example/report")
    found = security_txt(real_database, security_contacts=contacts, public_url=PUBLIC)
    assert tuple(found["Contact"]) == contacts
    assert found["Canonical"] == [f"{PUBLIC}/.well-known/security.txt"]
    left = datetime.fromisoformat(found["Expires"][0]) - datetime.now(UTC)
    assert 30 < left.days < 365
    assert set(found) == {"Contact", "Expires", "Preferred-Languages", "Canonical"}


def test_security_txt_without_an_address_of_the_service_names_none(real_database: Path) -> None:
    assert "Canonical" not in security_txt(real_database, security_contacts=("tel:+64-4-1",))


def test_the_old_place_of_security_txt_leads_to_the_new_one(real: FlaskClient) -> None:
    response = real.get("/security.txt")
    assert (response.status_code, response.location) == (301, "/.well-known/security.txt")


def test_who_keeps_passwords_is_led_to_where_they_are_changed(real: FlaskClient) -> None:
    response = real.get("/.well-known/change-password")
    assert (response.status_code, response.location) == (303, "/staff/password")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ()),
        ("safe@attendance.example", ("mailto:safe@attendance.example",)),
        (
            "https://a.example/report  tel:+64-4-000-0000\nmailto:b@a.example",
            ("https://a.example/report", "tel:+64-4-000-0000", "mailto:b@a.example"),
        ),
    ],
)
def test_contacts_are_read_from_a_setting(given: str, read: tuple[str, ...]) -> None:
    made = Settings.from_environment({"CATCHMENTS_SECURITY_CONTACT": given})
    assert made.security_contacts == read


@pytest.mark.parametrize("given", ["somebody", "http://a.example", "javascript:1", "mailto:é", "@"])
def test_what_nobody_can_be_told_by_is_refused(given: str) -> None:
    with pytest.raises(InputRefused, match="CATCHMENTS_SECURITY_CONTACT"):
        Settings.from_environment({"CATCHMENTS_SECURITY_CONTACT": given})


# --- icons ----------------------------------------------------------------------------------------


def test_the_manifests_icons_are_what_they_say(unnamed: FlaskClient) -> None:
    made = unnamed.get("/manifest.webmanifest").json
    assert made["name"] == "Find your attendance service provider"
    assert {"short_name", "lang", "start_url", "theme_color"} <= set(made)
    assert {"any", "maskable"} == {each["purpose"] for each in made["icons"]}
    for icon in made["icons"]:
        response = whole(unnamed, icon["src"])
        assert (response.status_code, response.mimetype) == (200, icon["type"])
        if icon["type"] == "image/png":
            width, height = Image.open(io.BytesIO(response.data)).size
            assert icon["sizes"] == f"{width}x{height}"


def test_a_demonstration_is_called_one_on_a_home_screen(client: FlaskClient) -> None:
    assert "demonstration" in client.get("/manifest.webmanifest").json["name"]


@pytest.mark.parametrize(
    ("path", "sizes"),
    [("/favicon.ico", {(16, 16), (32, 32), (48, 48)}), ("/apple-touch-icon.png", {(180, 180)})],
)
def test_icons_asked_for_unasked_are_pictures(
    path: str, sizes: set[tuple[int, int]], client: FlaskClient
) -> None:
    picture: Any = Image.open(io.BytesIO(client.get(path).data))
    assert picture.info.get("sizes", {picture.size}) == sizes


# --- the catalogue of APIs ------------------------------------------------------------------------


def test_everything_that_the_catalogue_names_answers_as_it_says(real: FlaskClient) -> None:
    response = real.get("/.well-known/api-catalog")
    assert f'<{PUBLIC}/.well-known/api-catalog>; rel="api-catalog"' in response.headers["Link"]
    sets = json.loads(response.data)["linkset"]
    assert {each["anchor"] for each in sets} == {
        f"{PUBLIC}{path}" for path in ("/.well-known/api-catalog", "/v1", "/ogc/")
    }
    targets = [
        t for each in sets for found in each.values() if found != each["anchor"] for t in found
    ]
    ours = [each for each in targets if each["href"].startswith(PUBLIC)]
    assert len(ours) >= 8
    for each in ours:
        found = real.get(below(each["href"]).partition("#")[0], follow_redirects=False)
        assert found.status_code in {200, 303}, each
        if "type" in each:
            assert found.headers["Content-Type"].replace(" ", "").startswith(each["type"]), each


def test_the_root_of_the_api_leads_to_its_contract_or_its_page(unnamed: FlaskClient) -> None:
    assert unnamed.get("/v1").location == "/v1/openapi.json"
    assert unnamed.get("/v1", headers=PAGE).location == "/api"


@pytest.mark.parametrize(
    "path", ["/provider?school_id=54", "/v1/schools?limit=1", "/v1/search?q=k"]
)
def test_an_answer_says_where_it_is_described(path: str, real: FlaskClient) -> None:
    for _ in range(2):
        links = ", ".join(real.get(path).headers.getlist("Link"))
        assert f'<{PUBLIC}/v1/openapi.json>; rel="service-desc"' in links
        assert f'<{PUBLIC}/api>; rel="service-doc"' in links


# --- heads of pages -------------------------------------------------------------------------------


class Head(HTMLParser):
    """What the head of a page says to machines."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: dict[str, list[str]] = {}
        self.alternates: dict[str, str] = {}
        self.title = ""
        self.data: Any = None
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in = tag
        if tag == "meta":
            self.meta[given.get("name") or given.get("property", "")] = given.get("content", "")
        if tag == "link":
            self.links.setdefault(given["rel"], []).append(given["href"])
            # In another language it is the same page: test_language has those.
            if given["rel"] == "alternate" and "hreflang" not in given:
                self.alternates[given["href"]] = given["type"]
        if tag == "script" and given.get("type") == "application/ld+json":
            self._in = "data"

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self.title += data
        if self._in == "data":
            self.data = json.loads(data)
        self._in = ""


PUBLIC_PAGES = {
    "/": 1,
    "/school/54": 3,
    "/school/64": 3,
    "/school/498": 3,
    f"/catchment/{AHI}": 3,
    "/catchments": 3,
    "/map": 3,
    "/when-to-ask": 0,
    "/history": 3,
    "/history/1": 2,
    "/downloads": 0,
    "/downloads/1": 0,
    "/api": 1,
    "/problems": 0,
    "/problems/not-found": 0,
}
"""Each with how many other forms it has; the small world has no files to take away."""


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_every_public_page_says_what_it_is_and_where_else_it_is(
    path: str, real: FlaskClient
) -> None:
    response = real.get(path, headers=PAGE)
    head = Head(response.text)
    assert head.title
    assert 40 < len(head.meta["description"]) < 400
    assert "<" not in head.meta["description"].replace(HOSTILE, "")
    assert head.links["canonical"] == [head.meta["og:url"]] == [PUBLIC + path]
    assert head.meta["og:description"] == head.meta["description"]
    assert head.meta["og:title"] in head.title
    assert (head.meta["og:type"], head.meta["twitter:card"]) == ("website", "summary_large_image")
    assert "robots" not in head.meta
    assert len(head.alternates) == PUBLIC_PAGES[path]
    for address, media_type in head.alternates.items():
        other = real.get(below(address))
        assert (other.status_code, other.mimetype) == (200, media_type), address
    picture = real.get(below(head.meta["og:image"]))
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert Image.open(io.BytesIO(picture.data)).size == (1200, 630)
    for icon in (*head.links["icon"], *head.links["apple-touch-icon"], *head.links["manifest"]):
        assert whole(real, icon).status_code == 200


def test_every_page_that_a_reader_comes_to_says_what_it_is(real: FlaskClient) -> None:
    canonical: dict[str, str] = {}
    others: set[tuple[str, str]] = set()
    for path, text in crawled(real):
        head = Head(text)
        if "canonical" not in head.links:  # of /ogc, where addresses are for programs
            assert path.startswith("/ogc"), path
            continue
        assert head.title, path
        assert len(head.meta["description"]) > 20, path
        canonical.setdefault(head.links["canonical"][0], path)
        others |= set(head.alternates.items())
    assert len(canonical) > 30
    for address in canonical:
        assert real.get(below(address), headers=PAGE).status_code == 200, address
    for address, media_type in others:
        found = real.get(below(address))
        assert (found.status_code, found.mimetype) == (200, media_type), address


def crawled(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Every page that links lead to from the first, but for those of staff and of searches."""
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        with client.get(path, headers=PAGE) as response:
            if response.mimetype != "text/html" or response.status_code != 200:
                continue
            text = response.text
        yield path, text
        for link in re.findall(r'<a [^>]*?href="(/[^"#]*)', text):
            bare = unescape(link).partition("?")[0]
            if bare not in seen and not bare.startswith(("/staff", "/downloads/1/")):
                seen.add(bare)
                waiting.append(bare)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/school/54?on=2026-02-01", "/school/54"),
        ("/school/00054", "/school/54"),
        ("/catchments?region=waikato&sort=schools", "/catchments"),
        ("/map?school=54", "/map"),
        ("/?utm_source=x", "/"),
        ("/history?page=1", "/history"),
    ],
)
def test_a_page_asked_for_otherwise_names_its_one_address(
    path: str, canonical: str, real: FlaskClient
) -> None:
    head = Head(real.get(path, headers=PAGE).text)
    assert head.links["canonical"] == [PUBLIC + canonical]


def test_of_another_day_the_other_forms_are_of_that_day(real: FlaskClient) -> None:
    head = Head(real.get("/school/54?on=2026-02-01", headers=PAGE).text)
    assert f"{PUBLIC}/v1/schools/54?on=2026-02-01" in head.alternates
    for address in head.alternates:
        assert real.get(below(address)).status_code == 200
    before = Head(real.get("/catchments?on=2026-01-04", headers=PAGE).text)
    assert before.alternates == {}


def test_without_a_picture_none_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "plain.sqlite", artefacts=simple_artefacts())
    with running_application(tmp_path / "plain.sqlite") as app:
        head = Head(app.test_client().get("/school/54").text)
    assert "og:image" not in head.meta
    assert head.meta["twitter:card"] == "summary"


def test_the_picture_is_the_same_bytes_each_time_and_takes_hostile_titles() -> None:
    made = [picture_png(ExportInput(small_edition(title=f"$x${HOSTILE}"))) for _ in range(2)]
    assert made[0] == made[1]


# --- schema.org -----------------------------------------------------------------------------------


def things(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    """What a page says in schema.org's words."""
    data = Head(client.get(path, headers=PAGE).text).data
    return data["@graph"] if data else []


def test_a_school_and_who_serves_it_are_described(real: FlaskClient) -> None:
    school, served = things(real, "/school/54")
    assert (school["@type"], school["name"]) == ("School", "Kura o Ahi")
    assert school["identifier"]["value"] == "54"
    assert school["mainEntityOfPage"] == f"{PUBLIC}/school/54"
    assert served["@type"] == "GovernmentService"
    assert served["areaServed"]["name"] == "Ahi catchment"
    assert served["provider"]["name"] == "Ahi Trust"
    assert served["provider"]["telephone"] == "0800 000 000"
    assert things(real, f"/catchment/{AHI}") == [served]


NOT_CERTAIN = {
    "/school/58": ["School"],  # the nearest catchment is a guess
    "/school/61": ["School"],  # on the edge of two
    "/school/498": ["School"],  # in none
    "/school/59": [],  # closed
    "/school/60": [],  # proposed
    "/school/54?on=2026-02-01": [],  # what was so then
    "/school/99": [],
    "/catchments": [],
}


@pytest.mark.parametrize("path", NOT_CERTAIN)
def test_no_more_is_described_than_is_known(path: str, real: FlaskClient) -> None:
    assert [each["@type"] for each in things(real, path)] == NOT_CERTAIN[path]


def test_hostile_names_stay_text(real: FlaskClient) -> None:
    response = real.get("/school/64", headers=PAGE)
    school = things(real, "/school/64")[0]
    assert school["name"] == school["address"]["streetAddress"] == HOSTILE
    assert HOSTILE not in response.text
    data = response.text.partition('type="application/ld+json">')[2].partition("</script>")[0]
    assert "<" not in data
    assert not is_worked_out(response.text)
    for each in things(real, "/school/64"):
        assert "javascript:" not in json.dumps(each)


def test_the_website_is_described_with_its_search(real: FlaskClient) -> None:
    (website,) = things(real, "/")
    template = website["potentialAction"]["target"]["urlTemplate"]
    assert template == f"{PUBLIC}/?q={{search_term_string}}"
    assert things(real, "/?q=kura") == []


@pytest.mark.parametrize("path", ["/school/54", f"/catchment/{AHI}", "/school/64"])
def test_of_what_is_made_up_nobody_is_described(path: str, client: FlaskClient) -> None:
    assert things(client, path) == []


def test_a_demonstrations_website_is_called_one(client: FlaskClient) -> None:
    assert things(client, "/")[0]["name"].startswith("Demonstration data: ")


def test_the_files_of_an_edition_are_a_data_set(demonstration_database: Path) -> None:
    with running_application(demonstration_database) as app:
        look_at_the_data_set(app.test_client())


def look_at_the_data_set(client: FlaskClient) -> None:
    (found,) = things(client, "/downloads")
    assert found["@type"] == "Dataset"
    assert found["name"].startswith("Demonstration data: ")
    assert found["temporalCoverage"].endswith("/..")
    assert 50 <= len(found["description"]) <= 5000
    assert len(found["distribution"]) > 5
    for file in found["distribution"]:
        path = urlsplit(file["contentUrl"]).path
        response = client.head(path)
        assert (response.status_code, response.mimetype) == (200, file["encodingFormat"])
        assert file["contentSize"] == f"{response.headers['Content-Length']} B"
    head = Head(client.get("/downloads").text)
    assert set(head.alternates.values()) == {"application/json", "application/ld+json"}
    for address, media_type in head.alternates.items():
        assert client.get(address).mimetype == media_type
