"""The pages for people, and the data that the map draws."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from catchments.core.model import Provider
from catchments.web.common.services import EXTENSION
from maps.leaflet import LEAFLET_VERSION
from tests.worlds import (
    AHI,
    KOWHAI,
    REKOHU,
    SQUARES,
    TODAY,
    next_edition,
    overlapping_edition,
    real_artefacts,
    running_application,
    small_edition,
    small_release,
    small_schools,
    store_of,
    visited,
)

pytestmark = pytest.mark.every_case

DAYS_LATER = TODAY.replace(month=7, day=1)


class Page(HTMLParser):
    """The parts of a page that tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        # What is no program is not loaded: schema.org's words for the page.
        if tag in {"script", "link", "img"} and given.get("type") != "application/ld+json":
            self.loads.append(given.get("src", given.get("href", "")))
        self.loads += json.loads(given.get("data-scripts", "[]"))
        if "id" in given:
            self.ids.append(given["id"])
        self.handlers += [n for n in given if n.startswith("on") or n == "style"]


def words(text: str) -> str:
    """What a person reads of a page, spaces made one."""
    bare = re.sub(r"<(script|style|template)\b.*?</\1>", "", text, flags=re.DOTALL)
    in_place = re.sub(r'<span lang="mi">(.*?)</span>', r"\1", bare)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", in_place)).strip()


def main(text: str) -> str:
    return words(text[text.index("<main") : text.index("</main>")])


PAGES = (
    "/",
    "/?q=school",
    "/?q=nobody",
    "/?q=",
    "/school/54",
    "/school/498",
    "/school/64",
    "/school/54?on=2026-01-05",
    "/catchments",
    "/catchments?on=2026-01-04",
    "/catchments?q=ahi&region=waikato&sort=schools",
    "/catchments?q=nowhere",
    f"/catchment/{AHI}",
    f"/catchment/{REKOHU}?on=2026-02-01",
    "/catchment/none",
    "/map",
    "/map?school=54",
    "/map?school=498",
    f"/map?catchment={AHI}",
    "/school/99",
    "/map?school=99",
    "/map?catchment=none",
    "/school/54?on=x",
    "/nowhere",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(path: str, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    page = Page(response.text)
    assert response.mimetype == "text/html"
    assert response.status_code in {200, 400, 404}
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert len(page.ids) == len(set(page.ids))
    assert "main" in page.ids
    assert '<html lang="en-NZ">' in response.text
    # The content security policy allows no inline script, style or handler, and no stranger.
    assert page.handlers == []
    assert "style" not in page.tags
    assert all(load.startswith("/") or load == "data:," for load in page.loads)
    assert "None" not in main(response.text)
    assert "Stats NZ" in response.text
    assert "Ministry of Education" in response.text


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_every_page_leads_somewhere(path: str, client: FlaskClient) -> None:
    page = Page(client.get(path).text)
    for link in {*page.links, *page.loads}:
        target, _, fragment = link.partition("#")
        if link.startswith(("https://", "tel:", "mailto:", "data:")):
            continue
        if not target:
            assert fragment in page.ids, link
            continue
        assert target.startswith("/"), link
        with client.get(target) as found:
            assert found.status_code in {200, 303}, link
            if fragment:
                assert fragment in Page(found.text).ids, link


# --- looking for a school -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("54", 54),
        ("#54", 54),
        (" 54 ", 54),
        ("kura o ahi", 54),
        ("te one school", 3553),
        ("St Joseph’s School, Tōtara", 56),
    ],
)
def test_a_text_that_names_one_school_leads_to_its_answer(
    text: str, number: int, client: FlaskClient
) -> None:
    response = client.get("/", query_string={"q": text})
    assert (response.status_code, response.location) == (303, f"/school/{number}")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("KURA AHI", 54),
        ("nga puna", 57),
        ("Ngā  Puna", 57),
        ("st josephs kowhai", 55),
        ("St Joseph’s, Tōtara", 56),
    ],
)
def test_a_school_named_in_other_words_is_shown_beside_what_was_typed(
    text: str, number: int, client: FlaskClient
) -> None:
    response = client.get("/", query_string={"q": text})
    assert response.status_code == 303
    assert response.location.startswith(f"/school/{number}?typed=")
    page = client.get(response.location)
    name = escape(small_schools()[number].name)
    typed = " ".join(text.split())
    assert f"You typed “{typed}”. This is {name}." in main(page.text)
    assert "private" in page.headers["Cache-Control"]


@pytest.mark.parametrize("typed", ["nga puna", "nobody at all", "", "!!!", "55"])
def test_what_leads_elsewhere_is_not_said_to_have_been_typed(
    typed: str, client: FlaskClient
) -> None:
    response = client.get("/school/54", query_string={"typed": typed})
    assert response.status_code == 200
    assert "You typed" not in response.text


@pytest.mark.parametrize(
    ("text", "number", "match"),
    [("pounamu", 498, "part"), ("shore scool", 58, "slip"), ("ahitown kura", 54, "part")],
)
def test_what_is_not_named_wholly_is_asked_about_in_one_click(
    text: str, number: int, match: str, client: FlaskClient
) -> None:
    response = client.get("/", query_string={"q": text})
    assert response.status_code == 200
    assert f"We do not know “{text}”" in main(response.text)
    assert f"/school/{number}" in Page(response.text).links
    body = client.get("/search", query_string={"q": text}).get_json()
    assert (body["status"], body["match"]) == ("unresolved", match)
    assert body["matches"][0]["match"] == match
    assert "approximate-match" in [notice["code"] for notice in body["notices"]]


def test_a_text_that_names_several_schools_lets_people_choose(client: FlaskClient) -> None:
    response = client.get("/?q=st+josephs")
    assert response.status_code == 200
    said = main(response.text)
    assert "2 places for “st josephs”" in said
    assert "St Joseph&#39;s School Kōwhai, school 55" in said
    assert "St Joseph&#39;s School Tōtara, school 56" in said
    assert {"/school/55", "/school/56"} <= set(Page(response.text).links)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing was typed."),
        ("   ", "Nothing was typed."),
        ("٥٤", "The text “٥٤” names nothing."),
        ("!!!", "The text “!!!” names nothing."),
    ],
)
def test_a_text_that_means_nothing_says_so(text: str, said: str, client: FlaskClient) -> None:
    response = client.get("/", query_string={"q": text})
    assert response.status_code == 200
    assert "There is a problem" in response.text
    assert said in response.text
    assert "<title>Error: " in response.text


@pytest.mark.parametrize("text", ["nobody", "99", "9999999999"])
def test_what_is_not_found_is_no_mistake_of_whoever_typed(text: str, client: FlaskClient) -> None:
    said = client.get("/", query_string={"q": text}).text
    assert f"No school, address, suburb or town was found for “{text}”." in said
    assert "Try fewer words" in said
    assert f"<title>Nothing found for “{text}” – " in said
    assert "There is a problem" not in said
    assert "Error:" not in said
    assert 'aria-invalid="true"' not in said


def test_without_a_text_there_is_no_problem(client: FlaskClient) -> None:
    said = client.get("/").text
    assert "There is a problem" not in said
    assert "<title>Find your provider" in said


def test_no_more_schools_are_named_than_anybody_would_read(tmp_path: Path) -> None:
    kura = small_schools()[54]
    many = {n: replace(kura, school_id=n, name="Kura") for n in range(1000, 1100)}
    with visited(tmp_path, release=small_release(schools=many)) as client:
        page = client.get("/?q=kura").text
    assert "The first 25 places" in page
    assert page.count('href="/school/') == 25


# --- a school's answer ----------------------------------------------------------------------------

SAID = [
    ("/school/54", "Attendance service provider Ahi Trust"),
    ("/school/54", "Why It is on the published list of schools in this catchment."),
    ("/school/54", "In-school provision Funded for 30 students in 2026"),
    ("/school/54", "Phone 0800 000 000"),
    ("/school/54", "Catchment Ahi"),
    ("/school/56", "It is not on the published list; its place lies inside this catchment."),
    ("/school/58", "this one is the nearest. It is 1.7 km away; confirm with the provider."),
    ("/school/59", "This school closed on 19 December 2025."),
    ("/school/60", "This school is proposed; it is to open on 1 February 2027."),
    ("/school/61", "This place is exactly on the boundary between Ahi (Ahi Trust) and Kōwhai"),
    ("/school/63", "Not known Unplaced School has no recorded place"),
    (
        "/school/498",
        "Te Kura serves the whole country Te Aho o Te Kura Pounamu is on record as belonging to no",
    ),
    (
        "/school/54?on=2026-01-04",
        "No edition was in force on 4 January 2026; the first is from 5 Jan",
    ),
    ("/school/54?on=2026-01-10", "As at 10 January 2026. See today’s answer"),
    ("/school/54?on=2026-01-10", "The school directory used is that of 1 February 2026"),
    ("/catchments", "5 catchments, 4 providers."),
    ("/catchments", "Kōwhai Ngā Rākau 0800 000 001"),
    ("/catchments?on=2026-01-04", "No edition was in force on 4 January 2026; the first is from 5"),
    ("/map?school=54", "Kura o Ahi (school 54) Ahi Trust"),
    (f"/map?catchment={KOWHAI}", "Kōwhai catchment Ngā Rākau"),
    ("/map?school=498", "Te Aho o Te Kura Pounamu (school 498) No catchment is recorded"),
    ("/map?school=58", "Shore School lies outside every catchment; the nearest, 1.7 km away, is"),
    ("/map?school=59", "This school closed on 19 December 2025."),
    ("/map?school=60", "This school is proposed; it is to open on 1 February 2027."),
    ("/map?school=61", "This place is exactly on the boundary between Ahi (Ahi Trust) and Kōwhai"),
    ("/map", "Nothing chosen yet."),
]


@pytest.mark.parametrize(("path", "said"), SAID)
def test_a_page_says(path: str, said: str, client: FlaskClient) -> None:
    assert said in main(client.get(path).text)


def test_the_map_of_a_school_where_catchments_overlap_names_them(tmp_path: Path) -> None:
    with visited(tmp_path, overlapping_edition(listings={})) as client:
        page = main(client.get("/map?school=61").text)
    assert "Edge School (school 61) More than one catchment" in page
    assert "Edge School lies in more than one catchment: Ahi and Kōwhai." in page
    assert "No catchment is recorded" not in page


def test_a_page_says_what_will_change_and_answers_for_then(tmp_path: Path) -> None:
    with visited(tmp_path, small_edition(), next_edition(DAYS_LATER)) as client:
        now, then = client.get("/school/55").text, client.get(f"/school/55?on={DAYS_LATER}").text
        same = client.get("/school/54").text
    changes = "This changes. From 1 July 2026 it is served by Ahi Trust, in the Kōwhai catchment."
    assert changes in main(now)
    assert "Attendance service provider Ngā Rākau" in main(now)
    assert "This changes" not in main(same)
    assert "Attendance service provider Ahi Trust" in main(then)
    assert "As at 1 July 2026." in main(then)


def test_a_school_in_two_catchments_is_shown_both(tmp_path: Path) -> None:
    with visited(tmp_path, overlapping_edition(listings={})) as client:
        said = main(client.get("/school/61").text)
    assert "More than one catchment" in said
    assert "Ahi Trust Ahi catchment 0800 000 000 Ngā Rākau Kōwhai catchment 0800 000 001" in said


def test_a_link_is_made_only_of_what_can_be_one(tmp_path: Path) -> None:
    odd = Provider(
        "P-AHI", "Ahi", "0800 call me", "nobody at home", "JAVASCRIPT:alert(1)//https://"
    )
    fine = Provider("P-RIMU", "R", "+64 (3) 555-0100", "a?b=c&d@x.example", "https://x.example/")
    providers = {**small_edition().providers, "P-AHI": odd, "P-RIMU": fine}
    with visited(tmp_path, small_edition(providers=providers)) as client:
        links = [
            link
            for path in ("/school/54", "/school/57", "/catchments", "/map?school=54")
            for link in Page(client.get(path).text).links
            if not link.startswith(("/", "#"))
        ]
    schemes = {link.partition(":")[0] for link in links}
    assert schemes == {"https", "tel", "mailto"}
    assert {link for link in links if link.startswith("tel:")} == {
        "tel:+6435550100",
        "tel:0800000001",
    }
    subject = "Attendance%20support%3A%20Ng%C4%81%20Puna%20School%20%28school%2057%29"
    assert {link for link in links if link.startswith("mailto:")} == {
        "mailto:a%3Fb%3Dc%26d@x.example",
        f"mailto:a%3Fb%3Dc%26d@x.example?subject={subject}",
    }
    assert "https://x.example/" in links


def test_maori_names_of_regions_are_marked_as_such(client: FlaskClient) -> None:
    assert 'lang="mi"' in client.get("/catchments").text


# --- the map --------------------------------------------------------------------------------------


def data_addresses(page: str) -> dict[str, str]:
    """Where each file is that the map's layers name."""
    (written,) = re.findall(r'data-urls="([^"]+)"', page)
    found: dict[str, str] = json.loads(html.unescape(written))
    return found


def test_the_map_page_loads_only_what_is_there(client: FlaskClient) -> None:
    response = client.get("/map")
    named = data_addresses(response.text)
    assert set(named) == {
        *("overview", "boundaries", "published", "places", "catchments", "schools", "suburbs")
    }
    del named["published"]  # Of one catchment: its own tests ask for it.
    named |= {name: named[name].replace("WHICH", "174_-38") for name in ("schools", "suburbs")}
    for address in [*named.values(), *Page(response.text).loads]:
        if address == "data:,":
            continue
        with client.get(address.replace("&amp;", "&")) as found:
            assert found.status_code == 200, address
            assert found.data


def test_what_is_named_by_its_content_is_kept_for_good_and_nothing_else(
    client: FlaskClient,
) -> None:
    page = client.get("/map").text
    boundaries = data_addresses(page)["boundaries"]
    script = next(load for load in Page(page).loads if load.startswith("/map.js"))
    for address in (boundaries, script):
        assert "immutable" in client.get(address).headers["Cache-Control"]
        for other in (address.partition("?")[0], address[:-1], address + "0"):
            assert client.get(other).headers["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/map.js", "text/javascript"),
        ("/map/data/1/boundaries.topojson", "application/json"),
        ("/map/data/1/overview.topojson", "application/json"),
        ("/map/data/1/places.json", "application/json"),
        ("/map/data/1/country.svg", "image/svg+xml"),
        ("/map/data/1/coast/near/172_-41.json", "application/json"),
        ("/map/data/1/1/catchments.json", "application/json"),
        ("/map/data/1/suburbs/174_-38.json", "application/json"),
        ("/map/data/1/1/schools.json", "application/json"),
        ("/map/data/1/1/schools/87_-20.json", "application/json"),
        ("/downloads/1/boundaries.geojson", "application/geo+json"),
        (f"/leaflet/{LEAFLET_VERSION}/leaflet.js", "text/javascript"),
        (f"/leaflet/{LEAFLET_VERSION}/leaflet.css", "text/css"),
        ("/static/site.css", "text/css"),
        ("/static/map.css", "text/css"),
        ("/static/map-app.js", "text/javascript"),
    ],
)
def test_a_file_has_its_media_type_and_its_validators(
    path: str, media_type: str, client: FlaskClient
) -> None:
    with client.get(path) as response:
        tag = response.headers["ETag"]
        assert (response.status_code, response.mimetype) == (200, media_type)
        assert response.data
    with client.get(path, headers={"If-None-Match": tag}) as again:
        assert (again.status_code, again.data) == (304, b"")


def test_catchments_for_the_map_have_all_that_it_shows(client: FlaskClient) -> None:
    body = client.get("/map/data/1/1/catchments.json").get_json()
    found = {c["code"]: c for c in body["catchments"]}
    assert set(found) == set(SQUARES)
    assert found[AHI]["provider"]["name"] == "Ahi Trust"
    assert found[AHI]["bounds"] == [174.0, -39.0, 175.0, -38.0]
    assert found[REKOHU]["bounds"] == [183.0, -44.5, 184.0, -43.5]


def test_schools_for_the_map_are_those_with_a_place(client: FlaskClient) -> None:
    rows = client.get("/map/data/1/1/schools.json").get_json()["schools"]
    placed = [s for s in small_schools().values() if s.place]
    assert [row[0] for row in rows] == [s.school_id for s in placed]
    assert rows[0] == [54, "Kura o Ahi", 174.5, -38.5, AHI, "open"]
    assert next(row for row in rows if row[0] == 3553)[2:5] == [-176.5, -44.0, REKOHU]


def test_schools_for_the_map_say_what_is_not_certain(tmp_path: Path, client: FlaskClient) -> None:
    with visited(tmp_path, overlapping_edition(listings={})) as other:
        read = [each.get("/map/data/1/1/schools.json").json["schools"] for each in (client, other)]
    rows, overlapping = ({row[0]: row for row in each} for each in read)
    assert "the nearest, 1.7 km away, is the Kōwhai catchment" in rows[58][6]
    assert rows[61][6].startswith("This place is exactly on the boundary between Ahi")
    assert overlapping[61][4] == ""
    assert "lies in more than one catchment: Ahi and Kōwhai." in overlapping[61][6]
    assert len(rows[54]) == 6


def test_schools_are_given_by_the_cell_each_once(client: FlaskClient) -> None:
    def rows(cell: str) -> list[int]:
        answer = client.get(f"/map/data/1/1/schools{cell}.json").get_json()
        return [row[0] for row in answer["schools"]]

    # The Chatham Islands, at 176.5° west, lie in the cell of 183.5°.
    assert 3553 in rows("/91_-22")
    assert 54 in rows("/87_-20")
    # All of New Zealand: every cell from 166° to 186°, 34° to 48° south.
    cells = [f"/{x}_{y}" for x in range(83, 93) for y in range(-24, -17)]
    assert sorted(number for cell in cells for number in rows(cell)) == sorted(rows(""))


def test_the_download_is_geojson_with_a_name_of_its_own(client: FlaskClient) -> None:
    response = client.get("/downloads/1/boundaries.geojson")
    assert "catchments-edition-1.geojson" in response.headers["Content-Disposition"]
    assert response.headers["Content-Disposition"].startswith("attachment")
    body: dict[str, Any] = json.loads(response.data)
    assert body["type"] == "FeatureCollection"
    assert {feature["id"] for feature in body["features"]} == set(SQUARES)
    assert body["edition"]["number"] == 1


NOT_THERE = (
    "/nowhere",
    "/school/99",
    "/school/abc",
    "/school/",
    "/school/99/x",
    "/school/-54",
    "/school/9999999999",
    "/map?school=99",
    "/map?catchment=AHI",
    "/map?catchment=",
    "/map/data/2/boundaries.topojson",
    "/map/data/0/boundaries.topojson",
    "/map/data/1/boundaries.geojson",
    "/map/data/2/1/catchments.json",
    "/map/data/1/2/catchments.json",
    "/map/data/1/2/schools.json",
    "/map/data/1/1/schools/x.json",
    "/map/data/1/1/schools/1_2_3.json",
    "/map/data/1/suburbs/.json",
    "/map/data/1/suburbs/1e3_4.json",
    "/map/data/1/coast/near/1_x.json",
    "/downloads/2/boundaries.geojson",
    "/downloads/1/boundaries.kml",
    "/leaflet/1.9.4/leaflet.js",
    f"/leaflet/{LEAFLET_VERSION}/leaflet.js.map",
    f"/leaflet/{LEAFLET_VERSION}/..%2f__init__.py",
    "/static/none.css",
    "/static/../app.py",
    "/static/..%2f..%2f..%2fapp.py",
    "/favicon.png",
    "/robots",
)


@pytest.mark.parametrize("path", NOT_THERE)
def test_what_is_not_there_is_said_in_a_page(path: str, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "<h1>Page not found</h1>" in response.text
    assert "<title>Page not found – " in response.text
    assert "error-summary" not in response.text
    assert 'href="/"' in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/?q=a&q=b",
        "/school/54?on=2026-02-30",
        "/catchments?on=tomorrow",
        "/map?school=abc",
        "/map?school=54&school=55",
        f"/map?school=54&catchment={AHI}",
    ],
)
def test_a_page_that_is_asked_for_wrongly_says_how_to(path: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert response.status_code == 400
    assert "<h1>Something in this address is wrong</h1>" in response.text
    assert "The parameter" not in main(response.text)


@pytest.mark.parametrize(
    "path",
    [
        "/?fbclid=1",
        "/school/54?utm_source=newsletter&utm_source=again",
        "/map?on=2026-03-03",
        "/catchments?order=1",
        "/when-to-ask?gclid=1",
        f"/catchment/{AHI}?at=1",
    ],
)
def test_a_link_works_with_what_was_added_when_it_was_shared(
    path: str, client: FlaskClient
) -> None:
    plain = path.partition("?")[0]
    response = client.get(path)
    assert response.status_code == 200
    assert main(response.text) == main(client.get(plain).text)


@pytest.mark.parametrize("path", ["/school/54", "/catchments", f"/catchment/{AHI}"])
def test_an_emptied_date_is_today(path: str, client: FlaskClient) -> None:
    assert main(client.get(f"{path}?on=").text) == main(client.get(path).text)


def test_an_answer_says_which_day_it_is_for(client: FlaskClient) -> None:
    assert "As at 3 March 2026." in main(client.get("/school/54").text)


def test_a_school_without_a_provider_is_not_told_to_ask_its_provider(client: FlaskClient) -> None:
    said = main(client.get("/school/498").text)
    assert "Before you ask for support" not in said
    assert "See it on the big map" not in said
    assert "Ask your Ministry of Education regional office" in said


def test_a_closed_school_is_said_to_be_closed_before_its_provider(client: FlaskClient) -> None:
    said = main(client.get("/school/59").text)
    assert said.index("This school closed") < said.index("Attendance service provider")


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/?q=ahitown", "Ahitown – Find"),
        ("/?q=st+josephs", "2 places for “st josephs” – Find"),
        ("/?q=zzzz", "Nothing found for “zzzz” – Find"),
    ],
)
def test_a_title_says_what_came_of_a_search(path: str, title: str, client: FlaskClient) -> None:
    assert f"<title>{title}" in client.get(path).text


def test_a_page_for_a_date_is_another_once_that_date_has_come(tmp_path: Path) -> None:
    days = iter([TODAY, TODAY, *[TODAY.replace(day=9)] * 9])
    with visited(tmp_path, today=lambda: next(days)) as client:
        before = client.get("/school/54?on=2026-03-09").headers["ETag"]
        after = client.get("/school/54?on=2026-03-09").headers["ETag"]
    assert before != after


def test_a_map_that_was_not_made_yet_is_there_once_it_is(tmp_path: Path) -> None:
    with visited(tmp_path, artefacts=[]) as client:
        missing = client.get("/map.js")
        assert missing.status_code == 404
        assert "flask setup" in missing.text
        store = store_of(client.application)
        store.add_artefacts(1, real_artefacts(store.edition(1)), maker="1")
        assert client.get("/map.js").status_code == 200
        assert client.get("/map").status_code == 200


def test_the_demonstration_is_served_whole(demonstration_database: Path) -> None:
    with running_application(demonstration_database) as app:
        _walk(app)


def _walk(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/map", "/catchments", "/school/54", "/school/498", "/school/3553"):
        response = client.get(path)
        assert response.status_code == 200
        assert "Demonstration data:" in response.text
    world = app.extensions[EXTENSION].snapshots.current()
    snapshot = world.on(world.today)
    for number in snapshot.release.schools:
        body = client.get(f"/provider?school_id={number}").get_json()
        assert body["demonstration"] is True
        assert body["school"]["school_id"] == number
    assert len(client.get("/map/data/1/1/catchments.json").get_json()["catchments"]) == len(
        snapshot.edition.catchments
    )
