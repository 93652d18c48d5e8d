"""POST /v1/providers:resolve: many rows in one request, each answered or marked, in their order."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import BodyTooLarge
from catchments.core.model import NamedPlace, Place, PlaceKind
from catchments.lookup.search.text_search import NoAddresses
from catchments.store import StoreUnavailable
from catchments.web.common.services import EXTENSION
from catchments.web.v1.bulk import answers as answers_bulk
from catchments.web.v1.bulk.rows import AT_MOST
from catchments.web.v1.bulk.unpacking import LONGEST_BODY, unpacked
from tests.laws import examples
from tests.worlds import (
    HOSTILE,
    fill,
    next_edition,
    running_application,
    small_edition,
    small_release,
    small_schools,
    sqlite_url,
    visited,
)

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
RESOLVE = "/v1/providers:resolve"
APRIL = date(2026, 4, 1)


class TwoAddresses(NoAddresses):
    """12 High Street in Ahi's catchment; whatever else is asked of it is away."""

    def localities_named_in(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def candidates(self, typed, *, at_most):  # noqa: ARG002
        text = typed.text
        if "away" in text:
            raise StoreUnavailable("The address book is away.")
        place = (Place(174.5, -38.5),)
        known = NamedPlace(PlaceKind.ADDRESS, "12 High Street", "Ahitown", places=place)
        return [known] if "12 High" in text else []


class Stranger(NoAddresses):
    """A geocoder elsewhere, which is not to be asked."""

    def localities_named_in(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def candidates(self, typed, *, at_most):
        raise AssertionError(f"asked for {typed} and {at_most}")


@pytest.fixture(scope="module")
def bulk_app(tmp_path_factory):
    with visited(tmp_path_factory.mktemp("bulk"), small_edition(), next_edition(APRIL)) as client:
        app = client.application
        running = app.extensions[EXTENSION]
        app.extensions[EXTENSION] = replace(running, addresses=TwoAddresses(), geocoder=Stranger())
        yield app


@pytest.fixture(scope="module")
def ask(bulk_app):
    client = bulk_app.test_client()

    def post(body, content_type=JSON, *, query="", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body = json.dumps(body)
        return client.post(
            RESOLVE + query, data=body, headers={"Content-Type": content_type, **named}
        )

    return post


@pytest.fixture(scope="module")
def single(bulk_app):
    client = bulk_app.test_client()
    return lambda **query: client.get("/v1/provider", query_string=query).json


def rows_of(response):
    """The answers of a response in any form, as JSON has them or as cells of CSV."""
    assert response.status_code == 200, response.get_data(as_text=True)
    text = response.get_data(as_text=True)
    if response.mimetype == CSV:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if response.mimetype == NDJSON:
        return [json.loads(line) for line in text.split("\n") if line]
    return json.loads(text)["answers"]


def problem_of(response, status):
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    return response.json


# --- the answer is the single one -----------------------------------------------------------------


def assert_same(row, answer):
    beside = answer["alternatives"] + answer["candidates"]
    assert row["status"] == answer["status"]
    assert row.get("basis") == answer["basis"]
    assert row.get("distance_m") == answer["distance_m"]
    assert row.get("in_school_provision") == answer["in_school_provision"]
    for name in ("catchment", "provider"):
        whole = answer[name]
        assert row.get(name) == (whole and {"code": whole["code"], "name": whole["name"]})
    assert row.get("alternatives", []) == [each["catchment"]["code"] for each in beside]
    assert row.get("notices", []) == [each["code"] for each in answer["notices"]]


@pytest.mark.parametrize("on", [None, "2025-01-01", "2026-04-01"])
def test_every_school_is_answered_as_alone(ask, single, on):
    dated = {"on": on} if on else {}
    numbers = list(small_schools())
    rows = rows_of(ask({"school_ids": numbers}, query=f"?on={on}" if on else ""))
    assert [row["school_id"] for row in rows] == numbers
    for row, number in zip(rows, numbers, strict=True):
        assert_same(row, single(school_id=number, **dated))


POINTS = [
    (174.5, -38.5),
    (175.0, -38.5),
    (175.0, -39.0),
    (174.9995, -38.5),
    (176.02, -38.5),
    (-176.5, -44.0),
    (170.0, -45.0),
    (0.0, 90.0),
]


@pytest.mark.parametrize("on", [None, "2025-01-01", "2026-04-01"])
def test_every_point_is_answered_as_alone(ask, single, on):
    dated = {"on": on} if on else {}
    asked = [{"id": n, "lng": lng, "lat": lat} for n, (lng, lat) in enumerate(POINTS)]
    rows = rows_of(ask({"rows": asked}, query=f"?on={on}" if on else ""))
    assert [row["id"] for row in rows] == list(range(len(POINTS)))
    for row, (lng, lat) in zip(rows, POINTS, strict=True):
        assert row["place"] == {"lng": lng, "lat": lat}
        assert_same(row, single(lng=lng, lat=lat, **dated))


@pytest.mark.parametrize(
    "text", ["12 High Street, Ahitown", "Ahitown", "St Joseph's School", "Kura o Ahi", "nowhere"]
)
def test_an_address_is_answered_as_alone(ask, single, text):
    (row,) = rows_of(ask({"rows": [{"address": text}]}))
    assert_same(row, single(address=text))


def test_an_address_says_what_it_was_taken_for(ask):
    (row,) = rows_of(ask({"rows": [{"address": "12 High Street"}]}))
    assert row["matched"] == "12 High Street, Ahitown"


def test_a_body_says_what_it_was_made_from(ask, single):
    body = ask({"school_ids": [54, 999]}).json
    alone = single(school_id=54)
    for name in ("edition", "directory_release", "demonstration", "sources", "as_at"):
        assert body[name] == alone[name]
    assert body["count"] == 2


@pytest.mark.parametrize("form", [JSON, NDJSON, CSV])
def test_headers_say_what_an_answer_was_made_from(ask, form):
    response = ask({"school_ids": [54]}, Accept=form)
    assert response.mimetype == form
    said = {name: response.headers[f"Catchments-{name}"] for name in ("Edition", "As-At")}
    assert said == {"Edition": "1", "As-At": "2026-03-03"}
    assert response.headers["Catchments-Demonstration"] == "true"
    assert response.headers["Link"] == '</v1/editions/1>; rel="describedby"'
    assert response.headers["Cache-Control"] == "no-store"


# --- forms ----------------------------------------------------------------------------------------

MIXED = [
    {"id": "a", "school_id": 54},
    {"id": "b", "lng": 174.5, "lat": -38.5},
    {"id": "c", "address": "12 High Street"},
    {"id": "d", "school_id": 999},
]
MIXED_CSV = (
    "id,school_id,lng,lat,address\na,54,,,\nb,,174.5,-38.5,\nc,,,,12 High Street\nd,999,,,\n"
)
BODIES = {
    JSON: json.dumps({"rows": MIXED}),
    NDJSON: "".join(json.dumps(row) + "\n" for row in MIXED),
    CSV: MIXED_CSV,
}


@pytest.mark.parametrize("asked", BODIES)
@pytest.mark.parametrize("written", BODIES)
def test_every_form_asks_and_answers_the_same(ask, asked, written):
    rows = rows_of(ask(BODIES[asked], asked, Accept=written))
    catchment = "catchment_code" if written == CSV else "catchment"
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert [row["status"] for row in rows] == ["resolved"] * 3 + ["unknown"]
    codes = [row.get(catchment) for row in rows[:3]]
    assert codes == (["AHI-1"] * 3 if written == CSV else [{"code": "AHI-1", "name": "Ahi"}] * 3)


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("accept", ["", "*/*"])
def test_the_form_of_the_answer_is_that_of_the_body_unless_another_is_asked_for(ask, form, accept):
    assert ask(BODIES[form], form, Accept=accept).mimetype == form


def test_a_form_that_is_not_offered_is_refused(ask):
    assert "text/csv" in problem_of(ask({"school_ids": []}, Accept="image/png"), 406)["allowed"]


@pytest.mark.parametrize("form", BODIES)
def test_nothing_asked_is_nothing_answered(ask, form):
    body = {JSON: '{"rows":[]}', NDJSON: "\n\n", CSV: "id,school_id\n"}[form]
    assert rows_of(ask(body, form)) == []


def test_rows_of_csv_say_where_they_are_from(ask):
    (row,) = rows_of(ask("school_id\n54\n", CSV))
    assert row["edition"] == "1"
    assert row["demonstration"] == "yes: made up"
    assert row["as_at"] == "2026-03-03"
    assert "Nobody (CC0)" in row["source"]


def test_no_cell_of_ours_runs_anything_in_a_spreadsheet(ask):
    (row,) = rows_of(ask("id,school_id\n=1+1,64\n", CSV))
    assert row["provider"] == HOSTILE
    assert row["id"] == "=1+1"


IDS = ['"a"', '""', '"{{7*191}}"', '"\\"\\n\\u0101"', "0", "-1", "1.50", "1e400", "true", "null"]


@pytest.mark.parametrize("own", [*IDS, "123456789012345678901234567890"])
@pytest.mark.parametrize("beside", ["", ',{"id":1,"school_id":"none"}', ',{"id":2,"lng":NaN}'])
def test_an_id_comes_back_exactly(ask, own, beside):
    response = ask(f'{{"rows":[{{"id":{own},"school_id":54}}{beside}]}}')
    first = response.get_data(as_text=True).splitlines()[1]
    written = json.dumps(json.loads(own), ensure_ascii=False) if own.startswith('"') else own
    assert first.startswith((f'{{"id":{own},', f'{{"id":{written},'))


@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ids=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@pytest.mark.parametrize("written", [JSON, NDJSON, CSV])
def test_any_text_is_an_id(ask, written, ids):
    asked = [{"id": each, "school_id": 54} for each in ids]
    rows = rows_of(ask({"rows": asked}, Accept=written))
    assert [row["id"] for row in rows] == ids


# --- rows at fault are marked ---------------------------------------------------------------------

FAULTS = [
    ({"school_id": "x"}, "school_id", "x"),
    ({"school_id": -1}, "school_id", "-1"),
    ({"school_id": 54.5}, "school_id", "54.5"),
    ({"school_id": True}, "school_id", "true"),
    ({"school_id": 10**10}, "school_id", "10000000000"),
    ({"school_id": [54]}, "school_id", "[54]"),
    ({"lng": 174.5}, "lat", None),
    ({"lat": -38.5}, "lng", None),
    ({"lng": "174,5", "lat": -38.5}, "lng", "174,5"),
    ({"lng": 174.5, "lat": -91}, "lat", "-91"),
    ({"lng": 360.5, "lat": -38.5}, "lng", "360.5"),
    ({"lng": -38.5, "lat": 174.5}, "lat", "174.5"),
    ({"lng": 174.5, "lat": 38.5}, "lat", "38.5"),
    ({"lng": 174.5, "lon": 174.5, "lat": -38.5}, "lon", "174.5"),
    ({"lng": float("nan"), "lat": -38.5}, "lng", "nan"),
    ({"lng": 174.5, "lat": float("-inf")}, "lat", "-inf"),
    ({"lng": 10**400, "lat": -38.5}, "lng", None),
    ({"address": "  "}, "address", "  "),
    ({"address": 12}, "address", "12"),
    ({"school_id": 54, "address": "Ahitown"}, "address", "Ahitown"),
    ({"school_id": 54, "lat": -38.5, "lng": 174.5}, "lat", "-38.5"),
    ({"school_id": 54, "student": "Ana"}, "student", None),
    ({}, None, None),
]


@pytest.mark.parametrize(("fault", "field", "value"), FAULTS)
@pytest.mark.parametrize("form", [JSON, NDJSON])
def test_a_row_at_fault_is_marked_and_the_others_are_answered(ask, form, fault, field, value):
    rows = [
        {"id": "first", "school_id": 54},
        {"id": "bad", **fault},
        {"id": "last", "lng": 174.5, "lat": -38.5},
    ]
    body = {"rows": rows} if form == JSON else "\n".join(json.dumps(row) for row in rows)
    first, bad, last = rows_of(ask(body, form))
    assert [first["status"], last["status"]] == ["resolved", "resolved"]
    assert (bad["id"], bad["status"]) == ("bad", "refused")
    assert bad["error"]["row"] == 2
    assert bad["error"].get("field") == field
    assert value is None or bad["error"]["value"] == value
    assert bad["error"]["problem"]
    assert bad["error"]["allowed"]


def test_a_column_without_a_name_is_refused_by_its_place(ask):
    found = ask(",school_id\n0,54\n", "text/csv")
    assert found.status_code == 400
    assert found.json["detail"] == "Column 1 has no name."
    assert "index=False" in found.json["next_step"]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_a_first_line_may_say_what_parts_the_columns(ask, first):
    (row,) = rows_of(ask(f"{first}\nid;school_id\na,b;54.0\n", CSV))
    assert (row["id"], row["status"], row["school_id"]) == ("a,b", "resolved", "54")


def test_swapped_coordinates_are_named_as_such(ask):
    (row,) = rows_of(ask({"rows": [{"lng": -36.8694, "lat": 174.7689}]}))
    assert "look swapped" in row["error"]["problem"]


@pytest.mark.parametrize("row", ["null", "54", '"54"', "[]", "[1,2]"])
def test_a_row_that_is_no_object_is_marked(ask, row):
    rows = rows_of(ask(f'{{"rows":[{{"school_id":54}},{row}]}}'))
    assert [each["status"] for each in rows] == ["resolved", "refused"]


def test_a_line_that_is_no_json_is_marked(ask):
    rows = rows_of(ask(b'{"school_id":54}\n{"school_id":\nNaN\n{"id":3,"school_id":55}', NDJSON))
    assert [row["status"] for row in rows] == ["resolved", "refused", "refused", "resolved"]


@pytest.mark.parametrize("own", ["[1]", '{"a":1}', "NaN"])
def test_an_id_that_is_no_scalar_is_at_fault(ask, own):
    (row,) = rows_of(ask(f'{{"rows":[{{"id":{own},"school_id":54}}]}}'))
    assert row["error"]["field"] == "id"
    assert "id" not in row


@pytest.mark.parametrize("number", ["x", None, 5.5, -3, [], 10**12])
def test_a_number_in_a_list_that_is_none_is_marked(ask, number):
    rows = rows_of(ask({"school_ids": [54, number, 55]}))
    assert [row["status"] for row in rows] == ["resolved", "refused", "resolved"]
    assert rows[1]["error"]["row"] == 2


def test_a_school_number_may_be_text(ask):
    rows = rows_of(ask({"rows": [{"school_id": "54"}, {"school_id": " 0055 "}]}))
    assert [row["school_id"] for row in rows] == [54, 55]


CSV_FAULTS = [
    ("a,x,,", "school_id"),
    ("a,,nan,-38.5", "lng"),
    ("a,,174.5,inf", "lat"),
    ('a,,"174,5",-38.5', "lng"),
    ("a,,１７４,-38.5", "lng"),
    ("a,,1_7,-38.5", "lng"),
    ("a,,174.5,", "lat"),
    ("a,,-38.5,174.5", "lat"),
    ("a,54,174.5,-38.5", "lat"),
    ("a,,,", ""),
    ("a,54", ""),
    ("a,54,,,,", ""),
]


@pytest.mark.parametrize(("line", "field"), CSV_FAULTS)
def test_a_line_of_csv_at_fault_is_marked(ask, line, field):
    rows = rows_of(ask(f"id,school_id,lng,lat\nx,54,,\n{line}\ny,,174.5,-38.5\n", CSV))
    assert [row["status"] for row in rows] == ["resolved", "refused", "resolved"]
    assert (rows[1]["id"], rows[1]["error_field"]) == ("a", field)
    assert rows[1]["error"].startswith("Row 2")


def test_a_decimal_comma_is_named_as_such(ask):
    (row,) = rows_of(ask("lat;lng\n-38,5;174.5\n", CSV, Accept=JSON))
    assert "comma" in row["error"]["problem"]


AWKWARD = {
    "a byte order mark": "\ufeffid,school_id\na,54\n",
    "semicolons": "id;school_id\na;54\n",
    "tabs": "id\tschool_id\na\t54\n",
    "old line ends": "id,school_id\ra,54\r",
    "Windows' line ends": "id,school_id\r\na,54\r\n\r\n",
    "quotes": '"id","school_id"\n"a","54"\n',
    "capitals and spaces": " ID , School_Id \na, 54 \n",
    "other columns first": "lat,school_id,id,lng\n,54,a,\n",
    "blank lines": "\n\nid,school_id\n\na,54\n,\n",
    "no end": "id,school_id\na,54",
    "a break that is none": "id,school_id,address\na,54,\u2028\n",
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_awkward_csv_is_read(ask, text):
    rows = rows_of(ask(text.encode(), CSV))
    assert [(row["id"], row["school_id"]) for row in rows] == [("a", "54")]


def test_a_quoted_cell_may_have_anything_in_it(ask):
    own = 'a,"b"\n;{{7*191}}'
    quoted = own.replace('"', '""')
    (row,) = rows_of(ask(f'id,address\n"{quoted}","12 High Street,\nAhitown"\n', CSV))
    assert (row["id"], row["catchment_code"]) == (own, "AHI-1")


def test_longitude_and_latitude_are_known_by_their_long_names(ask):
    (row,) = rows_of(ask("Latitude,Longitude\n-38.5,174.5\n", CSV))
    assert row["catchment_code"] == "AHI-1"


def test_another_character_set_may_be_named(ask):
    body = (
        "id,address\nTēnā\u2013koe,Ahitown\n".replace("ē", "e").replace("ā", "a").encode("cp1252")
    )
    (row,) = rows_of(ask(body, "text/csv; charset=windows-1252"))
    assert row["id"] == "Tena\u2013koe"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", ""),
        ("utf-16", "utf-8"),
        ("utf-8-sig", "windows-1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "utf-16be"),
    ],
)
def test_csv_in_utf_16_is_read_as_resolve_reads_it(ask, encoding, said):
    body = "id\tschool_id\nTēnā koe\t54\n".encode(encoding)
    (row,) = rows_of(ask(body, f"text/csv; charset={said}" if said else CSV))
    assert (row["id"], row["catchment_code"]) == ("Tēnā koe", "AHI-1")


# --- bodies at fault are refused whole ------------------------------------------------------------

BROKEN = [
    (JSON, b"", 400, {}),
    (JSON, b"x", 400, {}),
    (JSON, b'{"school_ids":[54', 400, {}),
    (JSON, b"[54]", 400, {}),
    (JSON, b"{}", 400, {}),
    (JSON, b'{"school_ids":[54],"rows":[]}', 400, {}),
    (JSON, b'{"school_ids":54}', 400, {}),
    (JSON, b'{"school_ids":[54],"on":"2026-01-01"}', 400, {}),
    (JSON, b'{"rows":[{"id":"\xff"}]}', 400, {}),
    (JSON, '{"school_ids":[54]}'.encode("utf-16"), 400, {}),
    (JSON, b"[" * 100_000, 400, {}),
    (JSON, b'{"school_ids":[' + b"9" * 5_000 + b"]}", 400, {}),
    (NDJSON, b'{"id":"\xff"}', 400, {}),
    (CSV, b"", 400, {}),
    (CSV, b"54\n55\n", 400, {}),
    (CSV, b"id,school_id\n\xff,54\n", 400, {"row": 1}),
    (CSV, b"id,id,school_id\na,b,54\n", 400, {"parameter": "id"}),
    (CSV, b"lng,longitude,lat\n1,1,1\n", 400, {"parameter": "longitude"}),
    (CSV, b"lng,lon,lat\n1,1,1\n", 400, {"parameter": "lon"}),
    (CSV, b"id,lat\na,-38.5\n", 400, {"parameter": "lng"}),
    (CSV, b"id,lng\na,174.5\n", 400, {"parameter": "lat"}),
    (CSV, b"id\na\n", 400, {"parameter": "school_id"}),
    (CSV, b"id,school_id,student\na,54,Ana\n", 400, {"parameter": "student"}),
    (CSV, "id,school_id\na,54\n".encode("utf-16") + b"x", 400, {}),
    (CSV, b'id,school_id\na,54\n"b,55\nc,56\n', 400, {"row": 2}),
    (CSV, b'id,school_id\n"a"b,54\n', 400, {"row": 1}),
    (CSV, b'id,school_id\na,"' + b"5" * 200_000 + b'"\n', 400, {"row": 1}),
    ("text/plain", b"54", 415, {}),
    ("", b"54", 415, {}),
    ("application/x-www-form-urlencoded", b"school_ids=54", 415, {}),
    ("application/json; charset=utf-16", b"{}", 415, {}),
    ("text/csv; charset=ebcdic", b"school_id\n54\n", 415, {}),
]


@pytest.mark.parametrize(("content_type", "body", "status", "named"), BROKEN)
def test_a_body_that_cannot_be_read_is_refused_with_what_to_do(
    ask, content_type, body, status, named
):
    problem = problem_of(ask(body, content_type), status)
    assert problem["next_step"]
    assert problem["allowed"]
    assert {name: problem[name] for name in named} == named


MANY = {
    "numbers": (JSON, json.dumps({"school_ids": [54] * (AT_MOST + 1)})),
    "rows": (JSON, json.dumps({"rows": [{"school_id": 54}] * (AT_MOST + 1)})),
    "rows at fault": (JSON, json.dumps({"rows": [{"school_id": "x"}] * (AT_MOST + 1)})),
    "empty rows by the million": (JSON, '{"rows":[' + "{}," * 1_000_000 + "{}]}"),
    "empty lists by the million": (JSON, '{"rows":[' + "[]," * 1_000_000 + "[]]}"),
    "lines": (NDJSON, '{"school_id":54}\n' * (AT_MOST + 1)),
    "lines of CSV": (CSV, "school_id\n" + "54\n" * (AT_MOST + 1)),
}


@pytest.mark.parametrize("name", MANY)
def test_a_row_too_many_is_refused_with_what_to_do(ask, name):
    content_type, body = MANY[name]
    problem = problem_of(ask(body, content_type), 413)
    assert "10,000" in problem["allowed"]
    assert "in parts" in problem["next_step"]


@settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.text('aā,"\n {[=', max_size=4), st.sampled_from([54, 55, 498, 999, 10**9 - 1])
        ),
        min_size=1,
        max_size=6,
    )
)
@pytest.mark.parametrize("written", BODIES)
@pytest.mark.parametrize("asked", BODIES)
def test_a_school_is_answered_the_same_among_others_and_among_schools(ask, asked, written, rows):
    given = [{"id": own, "school_id": number} for own, number in rows]

    def answered(more):
        every = [*given, *more]
        text = io.StringIO()
        table = csv.DictWriter(text, ["id", "school_id", *(["address"] if more else [])])
        table.writeheader()
        table.writerows(every)
        lines = "\n".join(map(json.dumps, every))
        body = {JSON: {"rows": every}, NDJSON: lines, CSV: text.getvalue().encode()}[asked]
        return rows_of(ask(body, asked, Accept=written))[: len(given)]

    assert answered([]) == answered([{"id": "more", "address": "Ahitown"}])


degrees_of_lng = st.sampled_from([174.5, 175, 175.0000001, 180, 183.4567, 360, -176.5, 1e-7, 400])
degrees_of_lat = st.sampled_from([-38.5, -38, -38.00001, -1e-7, 0, -0.0, -90, 38.5, 174.5])


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.text('aā,"\n {[=:', max_size=4),
            degrees_of_lng | st.floats(173.0, 177.0),
            degrees_of_lat | st.floats(-41.0, -36.0),
        ),
        min_size=1,
        max_size=6,
    )
)
@pytest.mark.parametrize("written", BODIES)
@pytest.mark.parametrize("asked", BODIES)
def test_a_point_is_answered_the_same_among_others_and_among_points(ask, asked, written, rows):
    given = [{"id": own, "lng": lng, "lat": lat} for own, lng, lat in rows]

    def answered(more):
        every = [*given, *more]
        text = io.StringIO()
        table = csv.DictWriter(text, ["id", "lng", "lat", *(["school_id"] if more else [])])
        table.writeheader()
        table.writerows(every)
        lines = "\n".join(map(json.dumps, every))
        body = {JSON: {"rows": every}, NDJSON: lines, CSV: text.getvalue().encode()}[asked]
        return rows_of(ask(body, asked, Accept=written))[: len(given)]

    assert answered([]) == answered([{"id": "more", "school_id": 54}])


@pytest.mark.parametrize(
    "row", ['{"id":1,"lng":174.5,"lat":-38.5,"lng":175}', '{"id":{},"lng":174.5,"lat":-38.5}']
)
def test_a_point_that_has_a_member_twice_or_no_plain_id_is_at_fault_among_points(ask, row):
    plain = '{"id":2,"lng":174.5,"lat":-38.5}'
    first, second = rows_of(ask(f"{row}\n{plain}", NDJSON))
    assert (first["status"], second["status"]) == ("refused", "resolved")


@pytest.mark.parametrize("form", BODIES)
def test_ten_thousand_rows_are_answered_in_their_order(ask, form):
    numbers = [54 + n % 9 for n in range(AT_MOST)]
    rows = [{"id": str(n), "school_id": number} for n, number in enumerate(numbers)]
    lines = "".join(f"{row['id']},{row['school_id']}\n" for row in rows)
    body = {
        JSON: json.dumps({"rows": rows}),
        NDJSON: "\n".join(map(json.dumps, rows)),
        CSV: f"id,school_id\n{lines}",
    }[form]
    answers = rows_of(ask(body, form))
    assert [row["id"] for row in answers] == [row["id"] for row in rows]
    assert [int(row["school_id"]) for row in answers] == numbers


def test_a_body_too_long_is_refused(ask):
    assert "4 MB" in problem_of(ask(b" " * (LONGEST_BODY + 1)), 413)["allowed"]


@pytest.mark.parametrize("more", [0, 1, 1 << 20])
def test_a_body_in_chunks_is_read_up_to_its_limit(bulk_app, more):
    body = b'{"school_ids":[54]}'.ljust(LONGEST_BODY) + b" " * more
    response = bulk_app.test_client().post(
        RESOLVE,
        input_stream=io.BytesIO(body),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert response.status_code == (413 if more else 200)


def test_a_body_cut_short_is_refused(bulk_app):
    body = b'{"school_ids":[54]}'
    response = bulk_app.test_client().post(
        RESOLVE,
        input_stream=io.BytesIO(body),
        content_type=JSON,
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 1)},
    )
    assert "shorter" in problem_of(response, 400)["detail"]


def test_other_addresses_take_no_more_than_before(bulk_app):
    client = bulk_app.test_client()
    response = client.post("/v1/provider", data=b" " * 100_000)
    assert response.status_code == 405


# --- compression ----------------------------------------------------------------------------------

PACKED = gzip.compress(b'{"school_ids":[54]}')


@pytest.mark.parametrize(
    "body",
    [PACKED, gzip.compress(b'{"school_ids"') + gzip.compress(b":[54]}")],
    ids=["one member", "two members"],
)
def test_a_body_may_be_gzip(ask, body):
    assert [row["school_id"] for row in rows_of(ask(body, Content_Encoding="gzip"))] == [54]


@pytest.mark.parametrize(
    "body",
    [PACKED[:-9], b"not gzip", PACKED + b"more", PACKED[:3]],
    ids=["cut", "no gzip", "more behind it", "a head"],
)
def test_what_is_not_gzip_is_refused(ask, body):
    assert "gzip" in problem_of(ask(body, Content_Encoding="gzip"), 400)["detail"]


def test_a_gzip_bomb_does_not_burst(ask):
    bomb = gzip.compress(b"0" * (2 * LONGEST_BODY), 1)
    problem_of(ask(bomb, Content_Encoding="gzip"), 413)


def test_a_bomb_takes_no_more_memory_than_a_body_may():
    bomb = gzip.compress(b"0" * (8 * LONGEST_BODY), 1)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        unpacked(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LONGEST_BODY


def test_another_compression_is_refused_by_name(ask):
    assert "br" in problem_of(ask(PACKED, Content_Encoding="br"), 415)["detail"]


# --- the request ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "code"), [("2026-03-31", "P-RAKAU"), ("2026-04-01", "P-AHI")])
def test_it_answers_for_a_date(ask, day, code):
    (row,) = rows_of(ask({"school_ids": [55]}, query=f"?on={day}"))
    assert row["provider"]["code"] == code


def test_before_the_first_edition_nobody_serves(ask):
    rows = rows_of(ask({"rows": MIXED}, query="?on=2025-01-01"))
    assert [row["status"] for row in rows] == ["unresolved"] * 3 + ["unknown"]


@pytest.mark.parametrize(
    "query", ["?on=yesterday", "?school_id=54", "?on=2026-04-01&on=2026-04-02"]
)
def test_what_the_query_does_not_know_is_refused(ask, query):
    problem_of(ask({"school_ids": []}, query=query), 400)


def test_asking_without_a_body_to_post_is_refused(bulk_app):
    response = bulk_app.test_client().get(RESOLVE)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_script_of_another_site_may_post(bulk_app):
    response = bulk_app.test_client().options(RESOLVE)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]


def test_the_contract_has_it_with_an_example(bulk_app):
    document = bulk_app.test_client().get("/v1/openapi.json").json
    operation = document["paths"][RESOLVE]["post"]
    assert set(operation["requestBody"]["content"]) == {JSON, NDJSON, CSV}
    assert operation["responses"]["200"]["content"][JSON]["example"]["count"] == 2


# --- addresses ------------------------------------------------------------------------------------


def test_an_address_that_cannot_be_looked_up_now_is_marked(ask):
    rows = rows_of(ask({"rows": [{"address": "1 away street"}, {"school_id": 54}]}))
    assert [row["status"] for row in rows] == ["refused", "resolved"]
    assert "in a minute" in rows[0]["error"]["allowed"]


def test_addresses_are_looked_up_for_so_long_and_the_rest_is_marked(ask, monkeypatch):
    monkeypatch.setattr(answers_bulk, "ADDRESSES_FOR_S", -1.0)
    rows = rows_of(ask({"rows": [{"address": "Ahitown"}, {"school_id": 54}]}))
    assert [row["status"] for row in rows] == ["refused", "resolved"]
    assert "no time" in rows[0]["error"]["problem"]


def test_what_was_typed_is_in_no_log(ask, caplog):
    ask({"rows": [{"address": "7 Secret Street"}]})
    ask("id,adress\na,7 Secret Street\n", CSV)
    assert "Secret" not in caplog.text


# --- one world ------------------------------------------------------------------------------------


def test_a_request_stays_with_the_edition_it_began_with(tmp_path):
    url = sqlite_url(tmp_path / "two.sqlite")
    fill(url)
    with running_application(url) as app:
        running = app.extensions[EXTENSION]
        body = json.dumps({"rows": [{"school_id": 55}] * 2_500})
        with app.test_client() as client:
            response = client.post(RESOLVE, data=body, content_type=JSON, buffered=False)
            pieces = response.iter_encoded()
            text = [next(pieces), next(pieces)]
            fill(url, next_edition(date(2026, 2, 1)), release=small_release())
            assert running.snapshots.refresh()
            text += pieces
            rows = json.loads(b"".join(text))["answers"]
            assert {row["provider"]["code"] for row in rows} == {"P-RAKAU"}
            again = client.post(RESOLVE, data=body, content_type=JSON).json
            assert {row["provider"]["code"] for row in again["answers"]} == {"P-AHI"}
