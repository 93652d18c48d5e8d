"""The list of all catchments, a page for each, and what one can take away of them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import shapely
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from catchments.core.model import (
    Answer,
    Basis,
    Catchment,
    Edition,
    Place,
    Provider,
    School,
    Status,
)
from catchments.core.plain_cells import RUNS_IN_A_SPREADSHEET, as_meant
from catchments.store import StoreUnavailable
from catchments.web.common.services import EXTENSION
from catchments.web.common.tables import schools_table
from catchments.web.pages import catchment_summaries
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    STARTS,
    TODAY,
    TOTARA,
    next_edition,
    real_artefacts,
    running_application,
    small_edition,
    small_release,
    small_schools,
    store_of,
    visited,
)

JULY = TODAY.replace(month=7, day=1)
ODD_CODES = (
    "a/b c",
    "/begins with one",
    "two//of them",
    "ends with one/",
    "Ōtāhuhu?x=1&y=#z",
    "100% é +",
    "../../map",
    "{{7*191}}",
    "</script><b>'\"",
    "' OR 1=1 --",
    "\u202eright to left",
    "e" + "\u0301" * 90,
    "semi;colon\\back",
)


def words(text: str) -> str:
    """What a person reads between the start and the end of a page's main part."""
    part = text[text.index("<main") : text.index("</main>")]
    bare = re.sub(r"<(select|svg)\b.*?</\1>", " ", part, flags=re.DOTALL)
    bare = re.sub(r"</?(span|a|strong)\b[^>]*>", "", bare)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare))).strip()


def rows(text: str) -> list[str]:
    """The catchments of the list, in order."""
    bodies = "".join(re.findall(r"<tbody>(.*?)</tbody>", text, flags=re.DOTALL))
    heads = re.findall(r'<th scope="row"><a[^>]*>(.*?)</a>', bodies, flags=re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", head)) for head in heads]


def table(response: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.data.decode(), newline="")))


# --- the list of all ------------------------------------------------------------------------------


def test_the_list_goes_from_north_to_south_and_by_name(client: FlaskClient) -> None:
    text = client.get("/catchments").text
    assert rows(text) == ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]
    found = re.findall(r'<h2 id="region-\d+"><span[^>]*>(.*?)</span>', text)
    assert found == [
        "Waikato",
        "Taranaki, Whanganui, Manawatū",
        "Wellington",
        "Canterbury, Chatham Islands",
    ]


def test_a_row_says_who_serves_it_how_to_reach_them_and_how_many_schools(
    client: FlaskClient,
) -> None:
    said = words(client.get("/catchments").text)
    assert "Ahi Ahi Trust 0800 000 000 kia@ahi.example 2" in said
    assert "Rimu Rimu Services 1" not in said
    assert f"Rēkohu {HOSTILE} {HOSTILE}" in said


def test_names_with_and_without_a_macron_sort_together(tmp_path: Path) -> None:
    catchments = {
        code: Catchment(code, name, "Waikato", "P-AHI")
        for code, name in zip("ABCDE", ["Zed", "Ōtāhuhu", "Otago", "Pukekohe", "āwhi"], strict=True)
    }
    edition = small_edition(catchments=catchments, boundaries={}, listings={})
    with visited(tmp_path, edition) as client:
        found = rows(client.get("/catchments").text)
    assert found == ["āwhi", "Otago", "Ōtāhuhu", "Pukekohe", "Zed"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=kowhai", ["Kōwhai"]),
        ("q=KŌWHAI", ["Kōwhai"]),
        ("q=nga+rakau", ["Kōwhai", "Tōtara"]),
        ("q=wai", ["Ahi", "Kōwhai"]),
        ("q=ahitown", ["Ahi"]),
        ("q=ahi+ahitown", ["Ahi"]),
        ("q=te+one", ["Rēkohu"]),
        ("q=rek-5", ["Rēkohu"]),
        ("q=" + quote(HOSTILE), ["Rēkohu"]),
        ("q=%20", ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]),
        ("q=", ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]),
        ("region=Waikato", ["Ahi", "Kōwhai"]),
        ("region=taranaki+%7C+whanganui+%7C+manawatu", ["Rimu"]),
        ("region=", ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]),
        ("q=rakau&region=Wellington", ["Tōtara"]),
        ("sort=", ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Rēkohu"]),
    ],
)
def test_the_list_is_filtered(query: str, found: list[str], client: FlaskClient) -> None:
    assert rows(client.get(f"/catchments?{query}").text) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("catchment", ["Aroha", "Bell", "Cook", "Dove"]),
        ("provider", ["Cook", "Bell", "Aroha", "Dove"]),
        ("schools", ["Bell", "Cook", "Aroha", "Dove"]),
    ],
)
def test_the_list_is_sorted_within_each_region(
    order: str, found: list[str], tmp_path: Path
) -> None:
    served = {"Aroha": "P-RIMU", "Bell": "P-RAKAU", "Cook": "P-AHI", "Dove": None}
    edition = small_edition(
        catchments={name: Catchment(name, name, "Waikato", code) for name, code in served.items()},
        boundaries={},
        listings={54: "Bell", 55: "Bell", 56: "Cook"},
    )
    with visited(tmp_path, edition) as client:
        text = client.get(f"/catchments?sort={order}").text
    assert rows(text) == found
    assert f'<option value="{order}" selected>' in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=zzz", "No catchment, provider or town has “zzz” in its name."),
        ("q=zzz&region=Waikato", "has “zzz” in its name in Waikato."),
        ("region=Tai+Tokerau", "No catchment is recorded in Tai Tokerau."),
        ("q=!!!", "has “!!!” in its name."),
        ("q=%00", "Try fewer letters, or another spelling"),
        ("q=" + "e%CC%81" * 500, "Try fewer letters"),
        ("q=%3C/style%3E%27+OR+3%3D3", "has “</style>' OR 3=3” in its name."),
        ("q=ikato", "has “ikato” in its name."),
        ("q=%E2%80%AEabc", "See what else it may mean"),
    ],
)
def test_nothing_found_is_no_error_and_says_what_to_do(
    query: str, said: str, client: FlaskClient
) -> None:
    response = client.get(f"/catchments?{query}")
    assert response.status_code == 200
    assert said in words(response.text)
    assert rows(response.text) == []
    assert 'href="/catchments"' in response.text


def test_what_was_typed_is_shown_as_text(client: FlaskClient) -> None:
    text = client.get("/catchments", query_string={"q": HOSTILE, "sort": "schools"}).text
    assert "<img" not in text
    assert unescape(re.findall(r'id="q"[^>]* value="([^"]*)"', text)[0]) == HOSTILE


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sort=phone", "It must be one of catchment, provider, schools."),
        ("sort=Catchment", "In the address, sort is “Catchment”."),
        ("region=Atlantis", "In the address, region is “Atlantis”."),
        ("region=!", "It must be an education region: Tai Tokerau; Tāmaki Herenga Tāngata;"),
        ("q=a&q=b", "In the address, q is given 2 times."),
        ("on=2026-02-30", "In the address, on is “2026-02-30”."),
    ],
)
def test_a_question_that_means_nothing_is_refused(
    query: str, said: str, client: FlaskClient
) -> None:
    response = client.get(f"/catchments?{query}")
    assert response.status_code == 400
    assert said in words(response.text)


def test_a_catchment_found_by_the_town_of_a_school_says_so(client: FlaskClient) -> None:
    assert "Rēkohu has schools in Te One" in words(client.get("/catchments?q=te+one").text)
    assert "has schools in" not in words(client.get("/catchments?q=rekohu").text)


@pytest.mark.parametrize(
    ("text", "found", "taken_for"),
    [
        ("54", ["Ahi"], "Taken for: Kura o Ahi, Ahitown (school 54)."),
        ("Kura o Ahi", ["Ahi"], "Taken for: Kura o Ahi, Ahitown (school 54)."),
        ("St Joseph's School", ["Kōwhai", "Tōtara"], "(school 55); St Joseph's School"),
        ("61", ["Ahi", "Kōwhai"], "(school 61)"),  # it stands on the boundary
        ("Bridge", ["Ahi", "Kōwhai"], "Bridge (town)"),
    ],
)
def test_a_school_and_a_town_show_the_catchments_that_they_are_in(
    client: FlaskClient, text: str, found: list[str], taken_for: str
) -> None:
    page = client.get("/catchments", query_string={"q": text}).text
    assert rows(page) == found
    assert taken_for in words(page)
    assert '">The finder’s answer</a>' in page


@pytest.mark.parametrize(
    ("query", "found", "taken_for"),
    [
        (
            {"q": "P-RAKAU"},
            ["Kōwhai", "Tōtara"],
            "Taken for: Ngā Rākau, Kōwhai, Tōtara (provider).",
        ),
        ({"q": "Waikato region"}, ["Ahi", "Kōwhai"], "Taken for: Waikato (region)."),
        (
            {"q": "Waikato", "region": "Wellington"},
            [],
            "“Waikato” is in no catchment in Wellington",
        ),
        ({"q": "ahi"}, ["Ahi"], "Taken for: Ahi"),
        ({"q": "Wellington", "kind": "region"}, ["Tōtara"], "Taken for: Wellington (region)."),
        ({"q": "Wellington", "kind": "none"}, [], "Taken for: Wellington (town)."),
        ({"q": "waik"}, ["Ahi", "Kōwhai"], "2 of 5 catchments for “waik”."),
    ],
)
def test_a_provider_and_a_region_show_their_catchments_and_a_part_of_a_name_filters(
    client: FlaskClient,
    query: dict[str, str],
    found: list[str],
    taken_for: str,
) -> None:
    page = client.get("/catchments", query_string=query).text
    assert rows(page) == found
    assert taken_for in words(page)


def test_a_school_that_is_in_no_catchment_shows_none_and_says_so(client: FlaskClient) -> None:
    page = client.get("/catchments?q=498").text
    assert rows(page) == []
    assert "“498” is in no one catchment." in words(page)
    assert "Taken for: Te Aho o Te Kura Pounamu, Wellington (school 498)." in words(page)


def test_a_typed_text_is_kept_by_no_shared_cache(client: FlaskClient) -> None:
    assert client.get("/catchments?q=ahi").headers["Cache-Control"].startswith("private")
    for query in ("", "?sort=schools", "?region=Waikato"):
        assert client.get(f"/catchments{query}").headers["Cache-Control"].startswith("max-age=")


def test_a_date_stays_while_one_filters(tmp_path: Path) -> None:
    with visited(tmp_path, small_edition(), next_edition(JULY)) as client:
        text = client.get(f"/catchments?on={JULY}&q=kowhai").text
    assert f'<input type="hidden" name="on" value="{JULY}">' in text
    assert f"/catchment/{KOWHAI}?on={JULY}" in text
    assert f'href="/catchments?on={JULY}"' in text
    assert "As at 1 July 2026." in words(text)
    assert "Kōwhai Ahi Trust 0800 000 000" in words(text)


def test_before_the_first_edition_the_list_says_when_it_begins(client: FlaskClient) -> None:
    said = words(client.get("/catchments?on=2026-01-04").text)
    assert "No edition was in force on 4 January 2026; the first is from 5 January 2026." in said
    assert "0 catchments" not in said


@pytest.mark.parametrize(
    ("day", "count"), [("2026-03-03", 2), ("2026-04-16", 2), ("2026-04-17", 1)]
)
def test_a_school_counts_until_it_closes(day: str, count: int, client: FlaskClient) -> None:
    said = words(client.get(f"/catchments?q=rimu&on={day}").text)
    assert f"Rimu Rimu Services {count} Downloads" in said
    page = words(client.get(f"/catchment/{RIMU}?on={day}").text)
    assert f"Ngā kura · {count}" in page
    assert ("Leaving School closing" in page) == (count == 2)


def test_what_belongs_to_a_catchment_is_worked_out_once(
    small_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        catchment_summaries, "_entries", _noted(catchment_summaries._entries, asked)
    )
    with running_application(small_database) as app:
        client = app.test_client()
        for path in ("/catchments", "/catchments?q=ahi", f"/catchment/{AHI}", "/catchments"):
            assert client.get(path).status_code == 200
    assert len(asked) == 1


def _noted(function: Any, calls: list[str]) -> Any:
    def noting(*given: Any) -> Any:
        calls.append(function.__name__)
        return function(*given)

    return noting


def test_the_other_name_of_the_list_leads_to_it(client: FlaskClient) -> None:
    response = client.get("/provider-directory")
    assert (response.status_code, response.location) == (301, "/catchments")


# --- one ------------------------------------------------------------------------------------------

SAID = [
    (AHI, "Ahi catchment Attendance service provider Ahi Trust Phone 0800 000 000"),
    (AHI, "Kura o Ahi in-school provision 54 Ahitown On the published list"),
    (AHI, "Ahi Trust Phone 0800 000 000 Email kia@ahi.example Region rohe Waikato"),
    (AHI, "Neighbouring catchments Kōwhai Ngā Rākau 0800 000 001 Rimu Rimu Services Downloads"),
    (KOWHAI, "Shore School 58 Sandspit Nearest catchment, 1.7 km away"),
    (KOWHAI, "New School proposed 60 Inside the boundary, not on the list"),
    (TOTARA, "St Joseph's School 56 Tōtara Inside the boundary, not on the list"),
    (REKOHU, f"Attendance service provider {HOSTILE}"),
    (REKOHU, f"{HOSTILE} 64 {HOSTILE} Inside the boundary, not on the list Te One School 3553"),
]


@pytest.mark.parametrize(("code", "said"), SAID)
def test_a_catchment_says(code: str, said: str, client: FlaskClient) -> None:
    assert said in words(client.get(f"/catchment/{code}").text)


def test_schools_are_by_name_and_lead_to_their_answers(client: FlaskClient) -> None:
    text = client.get(f"/catchment/{KOWHAI}").text
    assert rows(text) == ["New School", "Shore School", "St Joseph's School"]
    assert '<a href="/school/58">' in text


def test_a_school_that_has_closed_is_not_listed(client: FlaskClient) -> None:
    assert "Gone School" not in client.get(f"/catchment/{AHI}").text
    assert "Gone School" not in client.get(f"/catchment/{AHI}?on=2026-01-10").text


def test_a_page_of_another_date_keeps_the_date_in_its_links(client: FlaskClient) -> None:
    text = client.get(f"/catchment/{AHI}?on=2026-01-10").text
    assert "As at 10 January 2026." in words(text)
    assert "/school/54?on=2026-01-10" in text
    assert f"/catchment/{KOWHAI}?on=2026-01-10" in text
    assert "/catchments?region=Waikato&amp;on=2026-01-10" in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/catchment/none", "There is no catchment “none” on 3 March 2026."),
        ("/catchment/none", "Choose one from the list at /catchments."),
        ("/catchment/AHI-1/x", "There is no catchment “AHI-1/x”"),
        ("/catchment/" + quote(HOSTILE, safe=""), f"There is no catchment “{HOSTILE[:80]}”"),
        ("/catchment/%00", "There is no catchment “ ”"),
        ("/catchment/" + "e%CC%81" * 900, "There is no catchment “e\u0301"),
        (f"/catchment/{AHI}?on=2025-12-31", "the first is from 5 January 2026. Ask for a later"),
    ],
)
def test_a_catchment_that_is_not_there_says_what_to_do(
    path: str, said: str, client: FlaskClient
) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert said in words(response.text)


@pytest.mark.parametrize("path", [f"/catchment/{AHI}?on=2026-13-01", f"/catchment/{AHI}?on=x"])
def test_a_catchment_asked_for_wrongly_is_refused(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 400


def test_any_text_may_be_a_code(tmp_path: Path) -> None:
    catchments = {code: Catchment(code, f"No {n}", "", None) for n, code in enumerate(ODD_CODES)}
    edition = small_edition(
        catchments=catchments, boundaries={}, listings=dict(enumerate(ODD_CODES)), number=1
    )
    with visited(tmp_path, edition) as client:
        links = re.findall(r'<th scope="row"><a href="([^"]+)"', client.get("/catchments").text)
        named = {words(client.get(unescape(link)).text) for link in links}
        for n, code in enumerate(ODD_CODES):
            # What the big map's script makes of a code.
            assert f"No {n} catchment" in client.get(f"/catchment/{quote(code, safe='')}").text
            schools = client.get("/downloads/1/1/schools.csv", query_string={"catchment": code})
            assert schools.status_code == 200
            assert schools.headers["Content-Disposition"].isascii()
    assert len(named) == len(ODD_CODES)


def test_a_catchment_without_anything_still_has_a_page(tmp_path: Path) -> None:
    bare = {"X": Catchment("X", "Bare")}
    with visited(tmp_path, small_edition(catchments=bare, boundaries={}, listings={})) as client:
        text = client.get("/catchment/X").text
        assert "No region recorded" in words(client.get("/catchments").text)
    said = words(text)
    assert "No provider is recorded Your Ministry of Education regional office knows" in said
    assert "No school of the school directory is in this catchment." in said
    assert "None" not in said
    assert "Neighbouring" not in said


def test_two_hundred_schools_are_all_there(tmp_path: Path) -> None:
    numbers = range(1001, 1201)
    schools = {n: School(n, f"School {n}", place=Place(174.5, -38.5)) for n in numbers}
    with visited(tmp_path, release=small_release(schools=schools)) as client:
        found = rows(client.get(f"/catchment/{AHI}").text)
    assert found == [f"School {n}" for n in numbers]


# --- the small map --------------------------------------------------------------------------------


def test_the_page_has_the_small_map(client: FlaskClient) -> None:
    text = client.get(f"/catchment/{AHI}").text
    (svg,) = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert 'aria-label="Small map of the Ahi catchment and its neighbours"' in svg
    assert 'class="locator-chosen"' in svg
    assert ">Kōwhai</text>" in svg


def test_without_what_it_is_drawn_from_the_page_says_all_the_same(tmp_path: Path) -> None:
    for artefacts in ([], None):
        with visited(tmp_path / str(artefacts), artefacts=artefacts) as client:
            response = client.get(f"/catchment/{AHI}")
        assert response.status_code == 200
        assert "Ahi Trust" in words(response.text)
        assert "<svg" not in response.text


def test_while_the_database_is_away_the_page_says_all_the_same(
    small_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise StoreUnavailable("The database is away.")

    with running_application(small_database) as app:
        app.extensions[EXTENSION].snapshots.current()
        monkeypatch.setattr(store_of(app), "artefact", away)
        response = app.test_client().get(f"/catchment/{AHI}")
    assert (response.status_code, "<svg" in response.text) == (200, False)


def test_a_map_that_was_not_made_yet_is_drawn_once_it_is(tmp_path: Path) -> None:
    with visited(tmp_path, artefacts=[]) as client:
        assert "<svg" not in client.get(f"/catchment/{AHI}").text
        store = store_of(client.application)
        store.add_artefacts(1, real_artefacts(small_edition()), maker="1")
        assert "<svg" in client.get(f"/catchment/{AHI}").text


# --- what changes ---------------------------------------------------------------------------------


def later_edition(**changes: Any) -> Edition:
    edition = small_edition(**changes)
    return replace(edition, effective_from=JULY)


def renamed(code: str, **changes: Any) -> dict[str, Catchment]:
    catchments = dict(small_edition().catchments)
    return {**catchments, code: replace(catchments[code], **changes)}


def reached(**changes: str) -> dict[str, Provider]:
    providers = small_edition().providers
    return {**providers, "P-AHI": replace(providers["P-AHI"], **changes)}


LARGER_AHI = {**small_edition().boundaries, AHI: shapely.box(173.5, -39, 175, -38)}
WITHOUT_TOTARA = {k: v for k, v in small_edition().catchments.items() if k != TOTARA}
CHANGES = [
    (
        next_edition(JULY),
        KOWHAI,
        "This changes on 1 July 2026. It will be served by Ahi Trust. Phone: 0800 000 000.",
    ),
    (next_edition(JULY), AHI, ""),
    (
        later_edition(catchments=renamed(AHI, provider_code=None)),
        AHI,
        "This changes on 1 July 2026. No provider is recorded from then on.",
    ),
    (
        later_edition(catchments=renamed(AHI, name="Ahikā")),
        AHI,
        "This changes on 1 July 2026. It will be called Ahikā.",
    ),
    (
        later_edition(boundaries=LARGER_AHI),
        AHI,
        "This changes on 1 July 2026. Its boundary changes.",
    ),
    (
        later_edition(listings={54: KOWHAI, 55: KOWHAI, 57: RIMU}),
        AHI,
        "This changes on 1 July 2026. 1 school leaves it for Kōwhai.",
    ),
    (
        later_edition(listings={54: KOWHAI, 55: KOWHAI, 57: KOWHAI}),
        KOWHAI,
        "This changes on 1 July 2026. 2 schools join it.",
    ),
    (
        later_edition(
            catchments=WITHOUT_TOTARA,
            boundaries={k: v for k, v in small_edition().boundaries.items() if k != TOTARA},
            listings={**small_edition().listings, 56: RIMU},
        ),
        TOTARA,
        "From then on there is no such catchment. 1 school leaves it for Rimu.",
    ),
    (later_edition(title="Nothing else"), AHI, ""),
    (
        later_edition(providers=reached(phone="0800 999 999")),
        AHI,
        "This changes on 1 July 2026. Phone: 0800 999 999. ",
    ),
    (later_edition(providers=reached(email="made-up@example.org")), AHI, ""),
]


@pytest.mark.parametrize(("edition", "code", "said"), CHANGES)
def test_a_page_says_what_a_scheduled_edition_changes(
    edition: Edition, code: str, said: str, tmp_path: Path
) -> None:
    with visited(tmp_path, small_edition(), edition) as client:
        now = words(client.get(f"/catchment/{code}").text)
        past = words(client.get(f"/catchment/{code}?on={STARTS}").text)
    assert said in now
    assert ("This changes" in now) == bool(said)
    assert "This changes" not in past


def test_each_of_several_changes_is_told_against_the_one_before(tmp_path: Path) -> None:
    back = replace(small_edition(), effective_from=JULY.replace(month=10), title="Back again")
    with visited(tmp_path, small_edition(), next_edition(JULY), back) as client:
        said = words(client.get(f"/catchment/{KOWHAI}").text)
        between = words(client.get(f"/catchment/{KOWHAI}?on={JULY}").text)
    assert "This changes on 1 July 2026. It will be served by Ahi Trust." in said
    assert "This changes on 1 October 2026. It will be served by Ngā Rākau." in said
    assert "1 July" not in between.replace("From 1 July 2026", "")
    assert "This changes on 1 October 2026." in between


def test_a_catchment_to_come_says_from_when(tmp_path: Path) -> None:
    coming = {**small_edition().catchments, "NEW-6": Catchment("NEW-6", "New", "Waikato", "P-AHI")}
    with visited(tmp_path, small_edition(), later_edition(catchments=coming)) as client:
        missing = client.get("/catchment/NEW-6")
        there = client.get(f"/catchment/NEW-6?on={JULY}")
    assert missing.status_code == 404
    assert "It comes into being on 1 July 2026." in words(missing.text)
    assert there.status_code == 200


def test_only_what_the_map_has_is_linked_to_it(tmp_path: Path) -> None:
    coming = {**small_edition().catchments, "NEW-6": Catchment("NEW-6", "New", "Waikato", "P-AHI")}
    with visited(tmp_path, small_edition(), later_edition(catchments=coming)) as client:
        there, known = client.get(f"/catchment/NEW-6?on={JULY}"), client.get(f"/catchment/{RIMU}")
        missing = client.get("/map?catchment=NEW-6")
    assert "/map?catchment=" not in there.text
    assert f"/map?catchment={RIMU}" in known.text
    assert missing.status_code == 404
    assert "It comes into being on 1 July 2026." in words(missing.text)


@pytest.mark.parametrize("path", ["/school/54", f"/catchment/{RIMU}", "/catchments"])
def test_a_date_to_come_may_still_change(path: str, tmp_path: Path) -> None:
    may_change = "Later editions may still change this."
    with visited(tmp_path, small_edition(), later_edition()) as client:
        now, past, begins, then = (
            words(client.get(f"{path}?on={day}").text)
            for day in ("2026-03-03", "2026-01-10", JULY, "2099-01-01")
        )
    assert may_change in begins
    assert f"As at 1 January 2099. {may_change}" in then
    assert may_change not in now + past


# --- to take away ---------------------------------------------------------------------------------


NAMED = ("school_name", "town", "catchment_name", "provider_name", "basis")


def test_the_schools_of_a_catchment_are_a_table(client: FlaskClient) -> None:
    response = client.get(f"/downloads/1/1/schools.csv?catchment={AHI}")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    named = "attachment; filename=schools-ahi-1-edition-1-release-1.csv"
    assert response.headers["Content-Disposition"] == named
    assert not response.data.startswith(b"\xef\xbb\xbf")
    assert response.data.count(b"\r\n") == response.data.count(b"\n")
    first = next(row for row in table(response) if row["school_id"] == "54")
    assert {name: first[name] for name in NAMED} == {
        "school_name": "Kura o Ahi",
        "town": "Ahitown",
        "catchment_name": "Ahi",
        "provider_name": "Ahi Trust",
        "basis": "listed",
    }
    assert first["in_school_provision"] == "Funded for 30 students in 2026"
    assert (first["edition"], first["directory_release"]) == ("1", "2026-02-01")
    assert first["demonstration"] == "yes: made up"
    assert first["source"] == "Nobody (CC0)"


def test_the_table_of_all_schools_is_the_tables_of_all_catchments_and_who_is_in_none(
    client: FlaskClient,
) -> None:
    whole = table(client.get("/downloads/1/1/schools.csv"))
    parts = [
        row
        for code in (AHI, KOWHAI, RIMU, TOTARA, REKOHU)
        for row in table(client.get(f"/downloads/1/1/schools.csv?catchment={code}"))
    ]
    assert whole[: len(parts)] == parts
    known = {n for n in small_schools() if client.get(f"/provider?school_id={n}").json["catchment"]}
    assert {int(row["school_id"]) for row in parts} == known
    assert [(row["school_id"], row["listing"]) for row in whole[len(parts) :]] == [
        ("63", ""),
        ("498", "none"),
    ]
    assert {row["catchment_code"] for row in whole[len(parts) :]} == {""}


def test_the_tables_have_what_only_the_edition_knows(tmp_path: Path) -> None:
    small = small_edition()
    edition = replace(
        small,
        providers={**small.providers, "P-IDLE": Provider("P-IDLE", "=1+1", "02")},
        listings={**small.listings, 58: AHI, 7001: AHI},
        unserved=small.unserved | {7002},
        in_school_provision={**small.in_school_provision, 7003: "Funded for 3 students"},
    )
    with visited(tmp_path, edition) as client:
        schools = {r["school_id"]: r for r in table(client.get("/downloads/1/1/schools.csv"))}
        of_one = table(client.get(f"/downloads/1/1/schools.csv?catchment={AHI}"))
        catchments = table(client.get("/downloads/1/1/catchments.csv"))
        page = client.get(f"/catchment/{AHI}").text
    names = ("school_name", "status", "catchment_code", "provider_code", "listing")
    assert [[schools[number][name] for name in names] for number in ("7001", "7002", "7003")] == [
        ["", "not in the directory", AHI, "P-AHI", AHI],
        ["", "not in the directory", "", "", "none"],
        ["", "not in the directory", "", "", ""],
    ]
    assert schools["7003"]["in_school_provision"] == "Funded for 3 students"
    assert schools["58"]["listing"] == AHI
    assert [row["school_id"] for row in of_one if not row["school_name"]] == ["7001"]
    idle = {name: cell for name, cell in catchments[-1].items() if cell}
    assert idle == {
        "provider_code": "P-IDLE",
        "provider_name": "'=1+1",
        "provider_phone": "02",
        **{
            n: catchments[0][n] for n in ("edition", "directory_release", "demonstration", "source")
        },
    }
    assert [row["catchment_code"] for row in catchments] == [AHI, KOWHAI, RIMU, TOTARA, REKOHU, ""]
    assert catchments[1]["provider_code"] == "P-RAKAU"
    assert "7001" not in page


def test_the_table_of_catchments_has_everyone_to_call(client: FlaskClient) -> None:
    found = {
        row["catchment_code"]: row for row in table(client.get("/downloads/1/1/catchments.csv"))
    }
    assert list(found) == [AHI, KOWHAI, RIMU, TOTARA, REKOHU]
    assert found[AHI]["provider_name"] == "Ahi Trust"
    assert found[AHI]["provider_email"] == "kia@ahi.example"
    assert found[REKOHU]["provider_name"] == HOSTILE
    assert found[KOWHAI]["schools"] == "3"


@given(text=st.text(st.sampled_from("=+-@\t\r\n'\",;a1\0ā")) | st.text())
def test_no_cell_begins_as_a_formula_does_and_all_can_be_read_back(text: str) -> None:
    snapshot, entry = _world_with(text)
    (row,) = csv.DictReader(
        io.StringIO(schools_table(snapshot, [entry]).decode(errors="strict"), newline="")
    )
    assert not row["school_name"].startswith(RUNS_IN_A_SPREADSHEET)
    assert row["school_name"] in (text, f"'{text}")
    assert as_meant(row["school_name"]) == text


class _Stand:
    """As much of a snapshot as a table says of it."""

    def __init__(self, answer: Answer) -> None:
        self.answers = {1: answer, **dict.fromkeys(small_schools(), answer)}
        self.edition, self.release = small_edition(number=1), small_release(number=1)
        self.demonstration = True


def _world_with(name: str) -> tuple[Any, Any]:
    school, catchment = School(1, name), small_edition().catchments[AHI]
    member = catchment_summaries.Member(school, Basis.LISTED, None, None)
    answer = Answer(Status.RESOLVED, "", school, basis=Basis.LISTED, catchment=catchment)
    return _Stand(answer), catchment_summaries.Entry(catchment, None, (member,), (), "", {})


def test_the_boundary_of_a_catchment_is_what_the_file_of_all_says(client: FlaskClient) -> None:
    whole = json.loads(client.get("/downloads/1/boundaries.geojson").data)
    for feature in whole["features"]:
        response = client.get(f"/downloads/1/boundary.geojson?catchment={feature['id']}")
        assert response.mimetype == "application/geo+json"
        assert json.loads(response.data) == {**whole, "features": [feature]}
    assert "catchment-tot-4-edition-1.geojson" in response.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path",
    [
        "/downloads/1/1/schools.csv",
        "/downloads/1/1/catchments.csv",
        f"/downloads/1/boundary.geojson?catchment={AHI}",
    ],
)
def test_a_download_is_kept_and_asked_for_again_by_its_tag(path: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert response.headers["Cache-Control"] == "max-age=3600"
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/downloads/2/1/schools.csv", 404),
        ("/downloads/1/2/schools.csv", 404),
        ("/downloads/2/1/catchments.csv", 404),
        ("/downloads/1/1/schools.csv?catchment=none", 404),
        ("/downloads/1/1/schools.csv?catchment=", 404),
        ("/downloads/1/1/schools.csv?code=x", 400),
        ("/downloads/1/1/catchments.csv?catchment=x", 400),
        ("/downloads/1/boundary.geojson", 400),
        ("/downloads/1/boundary.geojson?catchment=none", 404),
        ("/downloads/2/boundary.geojson?catchment=AHI-1", 404),
        ("/downloads/1/boundary.geojson?catchment=a&catchment=b", 400),
    ],
)
def test_a_download_that_is_not_there_says_so(path: str, status: int, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == status
    assert "<h1>" in response.text


def test_every_page_of_the_demonstration_is_there(demonstration_database: Path) -> None:
    with running_application(demonstration_database) as app:
        client = app.test_client()
        links = re.findall(r'<th scope="row"><a href="([^"]+)"', client.get("/catchments").text)
        assert len(links) > 80
        for link in links:
            text = client.get(link).text
            assert "Demonstration data:" in text
            assert "<svg" in text
            assert rows(text) or "No school of the school directory" in text
