"""Tables pasted or uploaded in a draft: junk is named, the difference shown, then added as one."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from werkzeug.test import TestResponse

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.lookup.snapshot import Snapshot
from catchments.store.drafts.repository import DraftRepository
from maps.exports.export_input import ExportInput
from maps.exports.school_tables import schools_csv
from tests.staff import added, content, csrf_token, hidden, post, sent, version_of, words
from tests.worlds import AHI, KOWHAI, RIMU, TOTARA, small_edition, small_release, store_of

pytestmark = pytest.mark.usefixtures("unfenced")

FIVE = "54\tTōtara\nhello\tworld\n#55\tRimu\n９９９９\tRimu\n56 St Joseph's School\tTOT-4\n"


def uploaded(
    app: Flask, client: FlaskClient, kind: str, name: str, body: bytes, **more: Any
) -> TestResponse:
    form = {"csrf_token": csrf_token(client), "version": version_of(app), **more}
    form["file"] = (io.BytesIO(body), name)
    return client.post(f"/staff/drafts/1/change/{kind}", data=form)


def changes(app: Flask) -> tuple[Any, ...]:
    return DraftRepository(store_of(app)).draft(1).changes


@pytest.mark.in_a_fence
def test_junk_is_named_line_by_line_and_one_goes_on_with_what_is_known(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "move-by-table", pasted=FIVE)
    assert page.status_code == 400
    said = words(page)
    assert "2 things in the table are not understood. Nothing was added." in said
    assert "line 2: “hello”: no school has that name" in said
    assert "line 4: “９９９９”: no school has the number 9999" in said
    assert "Go on with the 3 that are known" in said
    assert "hello\tworld" in page.text, "what was pasted is kept"
    page = sent(app, hana, "move-by-table", pasted=FIVE, known_only="yes")
    assert page.status_code == 200
    said = words(page)
    assert "Schools listed elsewhere: 2 54, Kura o Ahi: Ahi (AHI-1) → Tōtara (TOT-4)" in said
    assert "line 2: “hello”: no school has that name, left out" in said
    assert changes(app) == ()
    sentence = added(app, hana, "move-by-table", **hidden(page), confirmed="yes")
    assert sentence == (
        "3 schools (54, 55 and 56) moved by a table: 2 to Tōtara (TOT-4) and 1 to Rimu (RIM-3)."
    )
    assert content(app).listings == {54: TOTARA, 55: RIMU, 56: TOTARA, 57: RIMU}
    post(hana, "/staff/drafts/1/undo", version=version_of(app))
    assert content(app).listings == small_edition().listings


def test_two_answers_for_one_school_are_named_and_never_chosen(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "move-by-table", pasted="54\tTōtara\n54\tRimu\n55\tRimu\n")
    assert page.status_code == 400
    assert (
        "54, Kura o Ahi has 2 answers: line 1 says Tōtara (TOT-4); line 2 says Rimu (RIM-3)"
        in words(page)
    )
    page = sent(app, hana, "move-by-table", pasted="54\tTōtara\n54\tRimu\n", known_only="yes")
    assert "Nothing in the table is understood." in words(page)
    assert changes(app) == ()


def test_a_table_gives_catchments_other_providers_in_one_step(
    app: Flask, hana: FlaskClient
) -> None:
    pasted = f"Catchment\tProvider\n{AHI}\tNgā Rākau\nKōwhai\tP-RAKAU\nRimu\tAhi Trust\n"
    page = sent(app, hana, "assign-by-table", pasted=pasted)
    said = words(page)
    assert "Catchments with another provider: 2" in said
    assert "so already: 1" in said
    added(app, hana, "assign-by-table", **hidden(page), confirmed="yes")
    (change,) = changes(app)
    assert change == AssignProvider((), "", {AHI: "P-RAKAU", RIMU: "P-AHI"})


@pytest.mark.in_a_fence
def test_a_file_is_kept_while_one_goes_on_with_what_is_known(app: Flask, hana: FlaskClient) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    for row in (("School number", "Catchment"), (54, "Tōtara"), ("x", "Rimu"), (55, "=cmd|'x'!A0")):
        sheet.append(row)
    book.create_sheet("Empty")
    book.save(held := io.BytesIO())
    page = uploaded(app, hana, "move-by-table", "moves.xlsx", held.getvalue())
    assert page.status_code == 400
    assert "formulas without a value" in words(page)
    sheet["B4"] = "{{7*191}}"
    book.save(held := io.BytesIO())
    page = uploaded(app, hana, "move-by-table", "moves.xlsx", held.getvalue())
    assert "catchment “{{7*191}}” is not known" in words(page)
    assert "moves.xlsx was read." in words(page)
    kept = {**hidden(page), "known_only": "yes"}
    page = sent(app, hana, "move-by-table", **kept)
    assert page.status_code == 200, words(page)
    added(app, hana, "move-by-table", **hidden(page), confirmed="yes")
    assert changes(app) == (MoveSchools((54,), TOTARA),)


@pytest.mark.in_a_fence
@pytest.mark.parametrize("kind", ["move-by-table", "assign-by-table"])
def test_the_tables_of_schools_and_of_catchments_are_read_back_as_nothing_changed(
    app: Flask, hana: FlaskClient, kind: str
) -> None:
    known = Snapshot.of(replace(small_edition(), number=1), small_release())
    tables = [schools_csv(ExportInput.of(known)), hana.get("/downloads/1/1/schools.csv").data]
    if kind == "assign-by-table":
        tables.append(hana.get("/downloads/1/1/catchments.csv").data)
    for table in tables:
        page = uploaded(app, hana, kind, "ours.csv", table)
        assert page.status_code == 200, words(page)
        assert "It changes nothing: the draft has all of this already." in words(page)
        assert 'name="confirmed"' not in page.text


def test_in_our_own_table_a_school_on_no_list_moves_where_it_is_put(
    app: Flask, hana: FlaskClient
) -> None:
    table = hana.get("/downloads/1/1/schools.csv").text
    (line,) = [each for each in table.splitlines() if each.startswith("56,")]
    assert "TOT-4,Tōtara" in line
    moved = line.replace("TOT-4,Tōtara", "RIM-3,Rimu")
    page = uploaded(app, hana, "move-by-table", "o.csv", table.replace(line, moved).encode())
    assert "56, St Joseph's School: Tōtara (TOT-4) → Rimu (RIM-3)" in words(page)
    page = sent(app, hana, "move-by-table", pasted="56\tTōtara\n54\tAhi")
    said = words(page)
    assert "Schools that come onto the list where they lie: 1 56, St Joseph's School" in said
    assert "so already: 1" in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Paste a table, or choose a file."),
        ({"pasted": "   \n"}, "Paste a table, or choose a file."),
        ({"pasted": "hello"}, "has no header row"),
        ({"pasted": "School\tCatchment\n"}, "The table has no row below its headings."),
        ({"pasted": "x\ty\n"}, "1 thing in the table is not understood."),
        ({"pasted": "54\tTōtara\n" * 200_000}, "That is too much"),
        ({"kept": "0" * 64}, "is not kept any more"),
        ({"kept": "0" * 64, "confirmed": "yes"}, "is not kept any more"),
    ],
)
def test_a_table_of_nothing_is_refused_in_a_sentence(
    app: Flask, hana: FlaskClient, fields: dict[str, str], said: str
) -> None:
    page = sent(app, hana, "move-by-table", **fields)
    assert page.status_code == 400
    assert said in words(page)
    assert changes(app) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("54\tTōtara\n55\tRimu\n".encode("utf-16"), "54, Kura o Ahi: Ahi (AHI-1) → Tōtara"),
        ("54;TOT-4\n55;Café\n".encode("cp1252"), "catchment “Café” is not known"),
        (b"54;TOT-4\n\xff\xfe\x00", "there is a NUL byte"),
        (b"\x00" * 1000, "t.csv"),
    ],
)
def test_other_encodings_are_read_or_said(
    app: Flask, hana: FlaskClient, body: bytes, said: str
) -> None:
    page = uploaded(app, hana, "move-by-table", "t.csv", body)
    assert said in words(page)
    assert changes(app) == ()


def test_what_a_table_of_another_kind_was_read_for_is_not_taken(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "move-by-table", pasted=f"54\t{KOWHAI}\n")
    kept = hidden(page)["kept"]
    page = sent(app, hana, "assign-by-table", kept=kept, confirmed="yes")
    assert page.status_code == 400
    assert "choose the file again" in words(page)


def test_the_map_of_a_table_that_changes_nothing_is_drawn_as_nothing(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "move-by-table", pasted="54\tAhi\n")
    assert page.status_code == 200, words(page)
    url = "/staff/drafts/1/change/move-by-table/map.json"
    drawn = post(hana, url, **hidden(page))
    assert drawn.status_code == 200, words(drawn)
    assert (drawn.get_json()["area"], drawn.get_json()["moved"]) == (None, [])
    assert sent(app, hana, "move-by-table", **hidden(page), confirmed="yes").status_code == 400


def test_more_than_any_field_takes_is_counted_and_not_sent_back(
    app: Flask, hana: FlaskClient
) -> None:
    page = sent(app, hana, "move-by-table", pasted="junk " * 900_000)
    assert page.status_code == 400
    assert len(page.data) < 500_000
    assert "What was sent here has 4,500,000 characters: more than is taken" in words(page)
    kept = sent(app, hana, "move-by-table", pasted="junk " * 200_000)
    assert kept.data.count(b"junk") >= 200_000  # what could be taken is there again
