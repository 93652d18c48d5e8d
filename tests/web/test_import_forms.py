"""Lists of schools and tables of providers, uploaded by staff: looked over whole, then added."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from werkzeug.test import TestResponse

from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.roles import Role
from catchments.lookup.snapshot import Snapshot
from catchments.store.drafts.repository import DraftRepository
from maps.exports.export_input import ExportInput
from maps.exports.geoparquet import schools_geoparquet
from tests.staff import add_person, csrf_token, signed_in, words
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    RIMU,
    TOTARA,
    small_edition,
    small_release,
    store_of,
)

pytestmark = pytest.mark.usefixtures("unfenced")

GIVEN = {"authority": "Ministry", "licence": "CC BY 4.0", "release": "2026-06-01"}
LIST = "School Number,Catchment\n54,Ahi\n55,Kōwhai\n"
ADDED = 303


def sent(
    app: Flask, client: FlaskClient, kind: str, *files: tuple[str, bytes], **fields: Any
) -> TestResponse:
    version = str(DraftRepository(store_of(app)).draft(1).version)
    form = {
        "file": [(io.BytesIO(content), name) for name, content in files],
        "csrf_token": csrf_token(client),
        "version": version,
        **GIVEN,
        **fields,
    }
    return client.post(f"/staff/drafts/1/change/{kind}", data=form)


def hidden_of(page: TestResponse) -> dict[str, str]:
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.get_data(as_text=True)
    )
    return {name: unescape(value) for name, value in found}


def confirmed(client: FlaskClient, kind: str, page: TestResponse, **more: str) -> TestResponse:
    assert page.status_code == 200, words(page)
    fields = {**hidden_of(page), "confirmed": "yes", "csrf_token": csrf_token(client), **more}
    return client.post(f"/staff/drafts/1/change/{kind}", data=fields)


def changes(app: Flask) -> tuple[Any, ...]:
    return DraftRepository(store_of(app)).draft(1).changes


@pytest.mark.in_a_fence
def test_a_list_is_looked_over_with_all_that_it_changes_and_then_added(
    app: Flask, hana: FlaskClient
) -> None:
    rows = f"School Number,Catchment\n55,{AHI}\n"
    page = sent(app, hana, "read-listings", ("a.csv", rows.encode()), allow_shrink="yes")
    said = words(page)
    assert "Schools that lose their listing: 1 54, Kura o Ahi: was in Ahi (AHI-1)" in said
    assert "Schools listed elsewhere: 1 55, " in said
    assert changes(app) == ()
    assert confirmed(hana, "read-listings", page).status_code == ADDED
    (change,) = changes(app)
    assert isinstance(change, ReplaceListings)
    assert (dict(change.listings), change.speaks_for) == ({55: AHI}, {AHI})
    assert (change.source.licence, change.source.file_name) == ("CC BY 4.0", "a.csv")


@pytest.mark.in_a_fence
@pytest.mark.parametrize("kind", ["read-listings", "read-providers"])
def test_the_parquet_of_schools_is_read_back_as_nothing_changed(
    app: Flask, hana: FlaskClient, kind: str
) -> None:
    known = Snapshot.of(replace(small_edition(), number=1), small_release())
    content = schools_geoparquet(ExportInput.of(known))
    page = sent(app, hana, kind, ("schools-and-providers.parquet", content))
    assert page.status_code == 200, words(page)
    assert "It changes nothing" in words(page)


def test_a_list_that_drops_more_than_a_tenth_is_refused_by_name(
    app: Flask, hana: FlaskClient
) -> None:
    rows = f"School Number,Catchment\n55,{AHI}\n"
    page = sent(app, hana, "read-listings", ("a.csv", rows.encode()))
    assert page.status_code == 400
    assert "1 of 1 schools lose their listing." in words(page)
    assert "54, Kura o Ahi" in words(page)
    assert "“Accept that more than a tenth is left out”" in words(page)


def test_lists_of_two_catchments_go_in_one_after_the_other(app: Flask, hana: FlaskClient) -> None:
    for code, number in ((AHI, 54), (TOTARA, 63)):
        rows = f"School Number,Catchment\n{number},{code}\n".encode()
        page = sent(app, hana, "read-listings", (f"{code}.csv", rows))
        if code == AHI:
            assert "It changes nothing" in words(page)
            assert 'name="confirmed"' not in page.get_data(as_text=True)
            assert "It changes nothing" in words(confirmed(hana, "read-listings", page))
            continue
        assert confirmed(hana, "read-listings", page).status_code == ADDED
    assert [change.speaks_for for change in changes(app)] == [{TOTARA}]


def test_a_school_that_two_lists_of_a_draft_name_is_asked_about(
    app: Flask, hana: FlaskClient
) -> None:
    first = f"School Number,Catchment\n63,{TOTARA}\n".encode()
    page = sent(app, hana, "read-listings", ("a.csv", first))
    assert confirmed(hana, "read-listings", page).status_code == ADDED
    second = f"School Number,Catchment\n63,{RIMU}\n57,{RIMU}\n".encode()
    page = sent(app, hana, "read-listings", ("b.csv", second))
    assert page.status_code == 400
    assert "The list names school 63, which an earlier change of this draft lists" in words(page)


def test_several_files_are_one_list(app: Flask, hana: FlaskClient) -> None:
    files = [
        (f"{code}.csv", f"School Number,Catchment\n{number},{code}\n".encode())
        for code, number in ((TOTARA, 63), (KOWHAI, 55))
    ]
    page = sent(app, hana, "read-listings", *files)
    assert "TOT-4.csv, line 2: 1 row" in words(page)
    assert confirmed(hana, "read-listings", page).status_code == ADDED
    assert len(changes(app)) == 1


@pytest.mark.in_a_fence
def test_providers_are_known_by_their_code_and_what_changes_of_each_is_said(
    app: Flask, hana: FlaskClient
) -> None:
    table = "Provider code,Provider,Phone\nP-AHI,Ahi Trust Nui,09 1\n"
    page = sent(app, hana, "read-providers", ("p.csv", table.encode()))
    assert "Ahi Trust (P-AHI) is now Ahi Trust Nui" in words(page)
    assert "phone “0800 000 000” → “09 1”" in words(page)
    assert confirmed(hana, "read-providers", page).status_code == ADDED
    (change,) = changes(app)
    assert isinstance(change, ReplaceProviders)
    assert change.providers["P-AHI"].email == "kia@ahi.example"  # no column tells of it
    assert not change.whole


@pytest.mark.in_a_fence
def test_a_hidden_sheet_is_named_and_what_is_hostile_is_text(app: Flask, hana: FlaskClient) -> None:
    book = Workbook()
    book.active.title = "Old <b>"
    book.active.append(("School Number", "Catchment"))
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("2026")
    for row in (("School Number", "School Name", "Catchment"), (63, HOSTILE, TOTARA)):
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    page = sent(app, hana, "read-listings", ("l.xlsx", written.getvalue()))
    assert page.status_code == 200, words(page)
    assert "sheet “Old <b>”" in words(page)
    assert "hidden" in words(page)
    assert "<img src=x" not in page.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["read-listings", "read-providers", "replace-boundaries"])
def test_what_was_read_for_one_person_or_another_kind_is_for_nobody_else(
    kind: str, app: Flask, hana: FlaskClient
) -> None:
    page = sent(
        app, hana, "read-listings", ("a.csv", f"School Number,Catchment\n63,{TOTARA}\n".encode())
    )
    fields = hidden_of(page)
    if kind != "read-listings":
        assert confirmed(hana, kind, page).status_code == 400
    add_person(store_of(app), "other@example", Role.EDITOR)
    other = signed_in(app, "other@example")
    answer = other.post(
        f"/staff/drafts/1/change/{kind}",
        data={**fields, "confirmed": "yes", "csrf_token": csrf_token(other)},
    )
    assert answer.status_code == 400, words(answer)
    assert "Choose the file again" in words(answer)
    assert changes(app) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no header row"),
        (b"School Number,Catchment\n54,Nowhere\n", "“Nowhere” is not known"),
        (b"\x00" * 100, "NUL"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(
    content: bytes, said: str, app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "read-listings", ("l.csv", content))
    assert page.status_code == 400
    assert said in words(page)
    assert changes(app) == ()
