"""Findings on a page: kind by kind, explained away with a reason that stays, and taken back."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.model import Contract, Place, School, SchoolStatus
from catchments.core.roles import Role
from catchments.editions.issues import MatterKind
from catchments.store.explanations import REASON_AT_MOST, Explanations
from catchments.store.integrity.audit import AuditTrail
from catchments.web.common.services import EXTENSION
from tests.staff import add_person, post, signed_in, text_of
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    RELEASED,
    RIMU,
    publish_whole,
    small_edition,
    small_release,
    small_schools,
    store_of,
    visited,
)

URL = "/staff/findings"
EXPLAIN, TAKE_BACK = f"{URL}/explain", f"{URL}/take-back"
_KEY = re.compile(r'name="keys" value="([^"]*)"')


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


def keys_on(client: FlaskClient, query: str = "") -> list[str]:
    """The keys of the findings that a page shows to be ticked."""
    return [unescape(key) for key in _KEY.findall(client.get(f"{URL}{query}").text)]


def explained(app: Flask) -> dict[str, str]:
    return {k: e.reason for k, e in Explanations(store_of(app)).explained().items()}


# --- what is shown --------------------------------------------------------------------------------


def test_the_page_names_what_needs_a_person_and_leads_there(hana: FlaskClient) -> None:
    page = hana.get(URL)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    said = text_of(page.text)
    assert "Ngā Puna School (57) is listed in Rimu but lies inside Tōtara" in said
    assert "No telephone number is recorded for Rimu Services." in said
    assert "Schools outside the catchment that they are listed in: 1" in said
    assert 'href="/school/57"' in page.text
    assert f'href="/catchment/{RIMU}"' in page.text
    assert 'href="/staff/findings"' in page.text  # it is in the navigation


def test_a_kind_and_a_region_filter_the_page(hana: FlaskClient) -> None:
    assert len(keys_on(hana, "?kind=outside-listed")) == 1
    assert keys_on(hana, "?kind=outside-listed&region=Waikato") == []
    of_rimu = keys_on(hana, "?region=taranaki | whanganui / manawatu")
    assert "no-phone P-RIMU" in of_rimu
    assert set(of_rimu) < set(keys_on(hana))
    said = text_of(hana.get(f"{URL}?kind=outside-listed&region=Waikato").text)
    assert "Nothing here needs a person." in said


@pytest.mark.parametrize(
    "query",
    [
        "kind=x",
        "region=Atlantis",
        "page=0",
        "page=-1",
        "page=١",
        "page=x",
        "explained=-1",
        "kind=a&kind=b",
    ],
)
@pytest.mark.parametrize("url", [URL, f"{URL}.csv"])
def test_what_is_no_filter_is_refused(hana: FlaskClient, url: str, query: str) -> None:
    assert hana.get(f"{url}?{query}").status_code == 400


def test_hostile_names_are_shown_as_they_are(hana: FlaskClient) -> None:
    page = hana.get(URL).text
    assert "<img src=x" not in page
    assert not is_worked_out(page)
    assert f"{HOSTILE} (64) is not on the published list." in unescape(page)


def test_every_kind_has_a_name_and_says_what_to_do(tmp_path: Path) -> None:
    listings = {999: AHI, 59: AHI, 57: RIMU, 63: KOWHAI}
    with visited(tmp_path, small_edition(listings=listings)) as client:
        add_person(store_of(client.application), "hana", Role.EDITOR)
        page = signed_in(client.application, "hana").get(URL).text
    for kind in ("unknown-number", "listed-closed", "outside-listed", "no-place", "unlisted"):
        assert f'id="heading-{kind}"' in page
    choices = re.findall(r'<option value="([a-z-]+)"', page)
    assert [c for c in choices if c in set(MatterKind)] == list(MatterKind)


def test_a_school_that_the_release_before_lacks_is_called_new(
    app: Flask, hana: FlaskClient
) -> None:
    fresh = School(70, "Fresh School", place=Place(174.4, -38.4))
    schools = {**small_schools(), 70: fresh}
    store_of(app).add_release(small_release(schools=schools, released=RELEASED.replace(day=20)))
    app.extensions[EXTENSION].snapshots.refresh()
    said = text_of(hana.get(f"{URL}?kind=unlisted").text)
    assert "Fresh School (70) is new in the school directory of 20 February 2026" in said
    assert "New School (60) is not on the published list." in said


def test_a_hundred_are_shown_at_once_and_all_can_be_reached(tmp_path: Path) -> None:
    many = {n: School(n, f"School {n}", place=Place(174.5, -38.5)) for n in range(1_000, 1_250)}
    with visited(tmp_path, release=small_release(schools={**small_schools(), **many})) as client:
        add_person(store_of(client.application), "hana", Role.EDITOR)
        hana = signed_in(client.application, "hana")
        everything = hana.get(URL).text
        assert "All 2" in text_of(everything), "of each kind the first stand there"
        assert 'kind=unlisted"' in everything
        assert len([k for k in keys_on(hana) if k.startswith("unlisted ")]) == 10
        assert "kind=unlisted&amp;page=2" in hana.get(f"{URL}?kind=unlisted").text
        pages = [keys_on(hana, f"?kind=unlisted&page={number}") for number in (1, 2, 3)]
        assert [len(keys) for keys in pages[:2]] == [100, 100]
        together = [key for keys in pages for key in keys]
        assert len(set(together)) == len(together) > 250
        assert keys_on(hana, "?kind=unlisted&page=99") == pages[2]
        post(hana, EXPLAIN, group="unlisted", keys=together, reason="Known")
        backs = [hana.get(f"{URL}?explained={n}").text.count(TAKE_BACK) for n in (1, 2, 3)]
        assert backs[:2] == [100, 100]
        assert sum(backs) == len(together)
        assert "explained=2" in hana.get(f"{URL}?kind=unlisted").text


def test_without_an_edition_in_force_the_page_says_so(tmp_path: Path) -> None:
    with visited(tmp_path, small_edition(effective_from=RELEASED.replace(year=2027))) as client:
        add_person(store_of(client.application), "hana", Role.EDITOR)
        hana = signed_in(client.application, "hana")
        assert "No edition is in force today" in text_of(hana.get(URL).text)
        assert len(hana.get(f"{URL}.csv").text.splitlines()) == 1


# --- explaining -----------------------------------------------------------------------------------


def test_what_is_ticked_is_explained_with_who_and_why_and_audited(
    app: Flask, hana: FlaskClient
) -> None:
    keys = keys_on(hana, "?kind=unlisted")[:2]
    reason = f"  Known since 2024 {HOSTILE} "
    sent = post(hana, f"{EXPLAIN}?kind=unlisted", group="unlisted", keys=keys, reason=reason)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{URL}?kind=unlisted")
    page = hana.get(URL).text
    assert "2 findings are explained." in text_of(page)
    assert "2 explained away" in text_of(page)
    assert f"Known since 2024 {HOSTILE}" in unescape(page)
    assert "<img src=x" not in page
    assert "Hana of the Ministry on" in text_of(page)
    assert not set(keys) & set(keys_on(hana))
    done = AuditTrail(store_of(app)).entries(matching={"action": "finding.explain"}, at_most=9)
    assert [entry.actor for entry in done] == ["hana", "hana"]
    assert done[0].subject == f"finding {keys[1]}"


def test_an_explanation_stays_when_there_is_a_newer_directory(
    app: Flask, hana: FlaskClient
) -> None:
    (key,) = keys_on(hana, "?kind=outside-listed")
    post(hana, EXPLAIN, group="outside-listed", keys=key, reason="Meant so")
    store_of(app).add_release(small_release(released=RELEASED.replace(day=20)))
    app.extensions[EXTENSION].snapshots.refresh()
    assert keys_on(hana, "?kind=outside-listed") == []
    assert "Meant so" in hana.get(URL).text


def test_a_finding_that_has_become_another_needs_a_person_again(
    app: Flask, hana: FlaskClient
) -> None:
    (key,) = keys_on(hana, "?kind=outside-listed")
    post(hana, EXPLAIN, group="outside-listed", keys=key, reason="Meant so")
    moved = School(57, "Ngā Puna School", place=Place(175.5, -38.5))
    schools = {**small_schools(), 57: moved}
    store_of(app).add_release(small_release(schools=schools, released=RELEASED.replace(day=20)))
    app.extensions[EXTENSION].snapshots.refresh()
    (another,) = keys_on(hana, "?kind=outside-listed")
    assert another != key


@pytest.mark.parametrize(
    ("fields", "says", "leads_to"),
    [
        ({"reason": "Known"}, "Tick the findings", "findings-no-phone"),
        ({"keys": "no-phone P-RIMU"}, "Say in a sentence why", "reason-no-phone"),
        ({"keys": "no-phone P-RIMU", "reason": " \t "}, "Say in a sentence", "reason-no-phone"),
        (
            {"keys": "no-phone P-RIMU", "reason": "x" * (REASON_AT_MOST + 1)},
            "The reason has 2,001 characters",
            "reason-no-phone",
        ),
    ],
)
def test_a_form_that_lacks_something_is_shown_again_as_it_was(
    app: Flask, hana: FlaskClient, fields: dict[str, str], says: str, leads_to: str
) -> None:
    sent = post(hana, EXPLAIN, group="no-phone", **fields)
    assert sent.status_code == 400
    assert says in text_of(sent.text)
    assert f'href="#{leads_to}"' in sent.text
    assert f'id="{leads_to}"' in sent.text
    assert ("keys" in fields) == bool(re.search(r'value="no-phone P-RIMU"[^>]* checked', sent.text))
    assert fields.get("reason", "").strip() in sent.text
    assert explained(app) == {}


def test_a_form_sent_twice_explains_once_and_the_first_reason_stays(
    app: Flask, hana: FlaskClient
) -> None:
    for reason in ("First", "Second"):
        post(hana, EXPLAIN, group="no-phone", keys="no-phone P-RIMU", reason=reason)
    assert explained(app) == {"no-phone P-RIMU": "First"}
    assert "it had been explained already" in text_of(hana.get(URL).text)


@pytest.mark.parametrize("key", ["no-phone P-NOBODY", HOSTILE, "x" * 10_000, ""])
def test_what_is_no_finding_is_not_explained(app: Flask, hana: FlaskClient, key: str) -> None:
    sent = post(hana, EXPLAIN, group="no-phone", keys=key, reason="Known")
    assert sent.status_code == 303
    assert explained(app) == {}


def test_a_form_with_a_group_that_is_none_is_refused_like_any_other(hana: FlaskClient) -> None:
    sent = post(hana, EXPLAIN, group=HOSTILE, reason="")
    assert sent.status_code == 400
    assert "<img src=x" not in sent.text


def test_an_explanation_is_taken_back_once(app: Flask, hana: FlaskClient) -> None:
    post(hana, EXPLAIN, group="no-phone", keys="no-phone P-RIMU", reason="Known")
    for says in ("the finding is open again", "There is no such explanation any more"):
        assert post(hana, TAKE_BACK, key="no-phone P-RIMU").status_code == 303
        assert says in text_of(hana.get(URL).text)
    assert "no-phone P-RIMU" in keys_on(hana)
    assert explained(app) == {}


def test_whoever_only_reads_sees_everything_and_explains_nothing(
    app: Flask, hana: FlaskClient
) -> None:
    post(hana, EXPLAIN, group="no-phone", keys="no-phone P-RIMU", reason="Known")
    rata = signed_in(app, "rata")
    page = rata.get(URL).text
    assert "Ngā Puna School (57) is listed in Rimu" in text_of(page)
    assert "1 explained away" in text_of(page)
    assert EXPLAIN not in page
    assert TAKE_BACK not in page
    assert post(rata, EXPLAIN, keys="x", reason="x").status_code == 403
    assert post(rata, TAKE_BACK, key="no-phone P-RIMU").status_code == 403
    assert explained(app) == {"no-phone P-RIMU": "Known"}


# --- to take away ---------------------------------------------------------------------------------


def test_the_table_has_what_the_page_has_and_runs_nothing(hana: FlaskClient) -> None:
    post(hana, EXPLAIN, group="no-phone", keys="no-phone P-RIMU", reason="=1+1")
    given = hana.get(f"{URL}.csv")
    assert given.headers["Content-Type"].startswith("text/csv")
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(given.text))}
    assert set(keys_on(hana)) < set(rows)
    phone = rows["no-phone P-RIMU"]
    assert (phone["explained"], phone["explained_by"]) == ("'=1+1", "Hana of the Ministry")
    outside = next(row for row in rows.values() if row["kind"] == "outside-listed")
    assert (outside["school_id"], outside["catchment_code"]) == ("57", RIMU)
    assert int(outside["distance_m"]) > 40_000
    assert (outside["edition"], outside["explained"]) == ("1", "")
    chathams = next(row for row in rows.values() if row["school_id"] == "64")
    assert chathams["lng"] == "-176.4"  # a number, not a formula and not a text
    filtered = hana.get(f"{URL}.csv?kind=outside-listed").text
    assert len(filtered.splitlines()) == 2


def test_closed_schools_raise_nothing_but_their_listing(app: Flask, hana: FlaskClient) -> None:
    closed = {n for n, s in small_schools().items() if s.status is SchoolStatus.CLOSED}
    rows = csv.DictReader(io.StringIO(hana.get(f"{URL}.csv").text))
    named = {int(row["school_id"]) for row in rows if row["school_id"]}
    assert 59 in closed
    assert 59 not in named


# --- mended ---------------------------------------------------------------------------------------


def links_on(client: FlaskClient, query: str = "") -> dict[str, str]:
    """What the links of the page to repairs say, by their addresses."""
    found = re.findall(
        r'<a[^>]* href="(/staff/repair/[^"]*)"[^>]*>(.*?)</a>', client.get(f"{URL}{query}").text
    )
    return {unescape(a).partition("&why=")[0]: text_of(words) for a, words in found}


def test_a_finding_leads_to_the_form_that_mends_it_filled_in(tmp_path: Path) -> None:
    listings = {59: AHI, 57: RIMU, 999: AHI}
    with visited(tmp_path, small_edition(listings=listings)) as client:
        add_person(store_of(client.application), "hana", Role.EDITOR)
        hana = signed_in(client.application, "hana")
        links = links_on(hana)
        move = "/staff/repair/move-schools?edition=1&schools=57&to=TOT-4"
        assert links[move] == "Move it where it lies: Ngā Puna School"
        assert "/staff/repair/take-off-list?edition=1&listed=59" in links
        assert "/staff/repair/take-off-list?edition=1&listed=999" in links
        assert links["/staff/repair/list-where-located?edition=1"] == "List schools where they lie"
        assert "/staff/repair/edit-provider?edition=1&provider=P-RIMU" in links
        asked = hana.get(move)
        assert "In a new draft" in text_of(asked.text)
        assert HOSTILE in unescape(hana.get(f"{move}&why={quote(HOSTILE)}").text)
        begun = post(hana, move, title="Lists", reason="Findings", base="1", once="abc")
        form = begun.headers["Location"]
        assert form == "/staff/drafts/1/change/move-schools?schools=57&to=TOT-4"
        assert (
            post(hana, move, title="Lists", reason="x", base="1", once="abc").headers["Location"]
            == form
        ), "a double click begins one draft"
        filled = hana.get(form).text
        assert 'value="57" id="school-57" checked' in filled
        assert '<option value="TOT-4" selected>' in filled
        again = hana.get(move).text
        assert f'href="{form.replace("&", "&amp;")}"' in again, "the draft is offered"


def test_a_closed_school_and_an_unknown_number_are_taken_off_the_list(tmp_path: Path) -> None:
    listings = {59: AHI, 57: RIMU, 999: AHI}
    with visited(tmp_path, small_edition(listings=listings)) as client:
        add_person(store_of(client.application), "hana", Role.EDITOR)
        hana = signed_in(client.application, "hana")
        url = "/staff/repair/take-off-list?edition=1&listed=59"
        form = post(hana, url, title="T", reason="R", base="1", once="a").headers["Location"]
        page = hana.get(form)
        assert 'value="59" id="listed-59" checked' in page.text
        assert 'value="999" id="listed-999"' in page.text
        fields = {"listed": ["59"], "numbers": "999", "version": "1"}
        shown = post(hana, form, **fields)
        assert "To be on no list" in text_of(shown.text)
        assert post(hana, form, **{**fields, "numbers": "12"}).status_code == 400
        done = post(hana, form, **fields, confirmed="yes")
        assert done.status_code == 303
        said = text_of(hana.get("/staff/drafts/1").text)
        assert "2 schools (59 and 999) taken off the list." in said
        assert "Schools that lose their listing: 59, " in said
        assert "(closed): was in Ahi (AHI-1)" in said


@pytest.mark.parametrize(
    ("query", "status"),
    [("?edition=99", 400), ("?edition=x", 400), ("?edition=1", 200)],
)
def test_findings_are_of_an_edition_in_force_or_scheduled(
    hana: FlaskClient, query: str, status: int
) -> None:
    assert hana.get(f"{URL}{query}").status_code == status


def test_a_repair_that_is_none_is_not_found_and_readers_have_none(
    app: Flask, hana: FlaskClient
) -> None:
    assert hana.get("/staff/repair/delete-everything").status_code == 404
    assert post(hana, "/staff/repair/delete-everything").status_code == 404
    wrong = post(hana, "/staff/repair/move-schools?edition=1", base="77")
    assert wrong.status_code == 400
    assert "There is no “77” any more." in text_of(wrong.text)
    rata = signed_in(app, "rata")
    assert links_on(rata) == {}
    assert rata.get("/staff/repair/move-schools").status_code == 403


def test_a_scheduled_edition_has_findings_of_its_own_and_its_repairs_begin_from_it(
    app: Flask, hana: FlaskClient
) -> None:
    ends = Contract(ends=date(2099, 1, 31))
    later = small_edition(effective_from=date(2099, 1, 1), contracts={"P-AHI": ends})
    publish_whole(store_of(app), later)
    app.extensions[EXTENSION].snapshots.refresh()
    assert "contract-ending" not in hana.get(URL).text.partition("<select")[0]
    page = hana.get(f"{URL}?edition=2&kind=contract-ending")
    said = text_of(page.text)
    assert "These are findings of edition 2, as they will be from 1 January 2099." in said
    assert "The contract of Ahi Trust, which serves Ahi, ends on 31 January 2099." in said
    address = "/staff/repair/retire-provider?edition=2&provider=P-AHI"
    assert links_on(hana, "?edition=2&kind=contract-ending")[address].startswith("Say who follows")
    assert '<option value="2" selected>' in hana.get(address).text
    rows = hana.get(f"{URL}.csv?edition=2&kind=contract-ending").text
    assert "P-AHI" in rows
    followed = {**later.catchments, AHI: replace(later.catchments[AHI], provider_code="P-RIMU")}
    publish_whole(
        store_of(app), replace(later, effective_from=date(2099, 2, 1), catchments=followed)
    )
    app.extensions[EXTENSION].snapshots.refresh()
    page = hana.get(f"{URL}?edition=2&kind=contract-ending")
    assert "Nothing here needs a person." in text_of(page.text), "another follows the day after"
