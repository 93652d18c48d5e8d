"""One table over all doors: the same value has the same verdict, in each door's own form.

A door is a function that asks with one value and gives the verdict: what the value was taken for,
or REFUSED, SWAPPED, SIGN. It gives CANNOT where the value cannot be expressed there: a query has no
lists, a column of one type no objects, an address no empty part.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from catchments.bulk.files import resolve_file
from catchments.commands.console import DAY, NUMBER
from catchments.core.errors import FileRefused
from catchments.lookup import values
from catchments.lookup.snapshot import Snapshot
from catchments.readers.directory import read_directory
from catchments.readers.lists.listings import read_listings
from catchments.web.staff.forms.choosing_schools import chosen_schools
from catchments.web.staff.forms.fields import FormReader
from catchments.web.v1.bulk.csv_questions import read_csv
from catchments.web.v1.bulk.json_questions import read_json, read_ndjson
from catchments.web.v1.bulk.rows import Kind, Points, Questions, Row, Schools, row_of
from tests.laws import examples
from tests.worlds import (
    AHI,
    KOWHAI,
    REKOHU,
    RIMU,
    TODAY,
    TOTARA,
    running_application,
    small_edition,
    small_release,
    small_schools,
)

REFUSED, SWAPPED, SIGN, CANNOT = "refused", "swapped", "sign missing", "cannot"
NOWHERE = "in no catchment"
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
RESOLVE = "/v1/providers:resolve"
Verdict = Any


@pytest.fixture(scope="module")
def app(small_database: Path) -> Iterator[Flask]:
    """The application on the small world, which is only read."""
    with running_application(small_database) as made:
        yield made


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.of(small_edition(number=1), small_release(number=1))


class Doors:
    """What a door needs to ask: a client, a world, a folder of its own."""

    def __init__(self, app: Flask, snapshot: Snapshot, folder: Path) -> None:
        self.client: FlaskClient = app.test_client()
        self.snapshot, self.folder = snapshot, folder

    def get(self, path: str, /, **query: str) -> TestResponse:
        return self.client.get(f"{path}?{urlencode(query)}" if query else path)

    def rows(self, body: str, form: str) -> Any:
        answer = self.client.post(RESOLVE, data=body, content_type=form)
        if answer.status_code == 400:
            return {"error": answer.json, "status": "refused"}
        assert answer.status_code == 200, answer.text
        if form == JSON:
            return answer.json["answers"][0]
        if form == NDJSON:
            return json.loads(answer.text)
        cells = next(csv.DictReader(answer.text.splitlines()))
        return {**cells, "error": {"problem": cells["error"]}}

    def file(self, name: str, written: Callable[[Path], None]) -> Any:
        source, target = self.folder / name, self.folder / "out.parquet"
        written(source)
        try:
            resolve_file(source, target, self.snapshot, on=TODAY, replace=True)
        except FileRefused as refused:
            return {"provider_status": "refused", "provider_problem": refused.problem}
        return pq.read_table(target).to_pylist()[0]


@pytest.fixture
def doors(app: Flask, snapshot: Snapshot, tmp_path: Path) -> Doors:
    return Doors(app, snapshot, tmp_path)


def text_of(value: Any) -> str | None:
    """Return how a value is written where all is text; None where it cannot be."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def in_words(problem: str) -> Verdict:
    """Return which refusal a door's sentence is."""
    if "swapped" in problem or "exchanged" in problem:
        return SWAPPED
    return SIGN if "minus sign" in problem.lower() else REFUSED


def refusal(answer: TestResponse) -> Verdict:
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), answer.text
    return in_words(answer.json["detail"] + answer.json["allowed"])


def said_on_the_command_line(
    kind: click.ParamType[Any], text: str, told: Callable[[str], Verdict]
) -> Verdict:
    @click.command()
    @click.option("--given", type=kind)
    def tell(given: object) -> None:
        click.echo(str(given))

    result = CliRunner().invoke(tell, [f"--given={text}"])
    if result.exit_code:
        assert "Invalid value for '--given': “" in result.output
        return REFUSED
    return told(result.output.strip())


def csv_written(names: Sequence[str], cells: Sequence[str]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([names, cells])

    return write


def csv_text(names: Sequence[str], cells: Sequence[str]) -> str:
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([names, cells])
    return written.getvalue()


# --- school numbers -------------------------------------------------------------------------------

FULL_WIDTH, ARABIC = "５４", "٥٤"
NUMBERS: list[tuple[Any, Verdict]] = [
    (54, 54),
    (54.0, 54),
    ("54", 54),
    ("54.0", 54),
    ("54.", 54),
    ("00054", 54),
    (" 54 ", 54),
    ("\t54.00\u00a0", 54),
    ("", REFUSED),
    ("nan", REFUSED),
    ("abc", REFUSED),
    ("-54", REFUSED),
    ("+54", REFUSED),
    ("54.5", REFUSED),
    ("54,0", REFUSED),
    ("5 4", REFUSED),
    ("54e0", REFUSED),
    ("0x36", REFUSED),
    ("5_4", REFUSED),
    ("1234567890", REFUSED),
    (FULL_WIDTH, REFUSED),
    (ARABIC, REFUSED),
    (-54, REFUSED),
    (54.5, REFUSED),
    (math.nan, REFUSED),
    (math.inf, REFUSED),
    (10**9, REFUSED),
    (10**400, REFUSED),
    (True, REFUSED),
    ([54], REFUSED),
    ({"a": 54}, REFUSED),
]


def number_of_row(row: Any) -> Verdict:
    return REFUSED if row["status"] == "refused" else int(row["school_id"])


def at_provider(doors: Doors, value: Any, path: str = "/v1/provider") -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    answer = doors.get(path, school_id=text)
    return answer.json["school"]["school_id"] if answer.status_code == 200 else refusal(answer)


def at_older_provider(doors: Doors, value: Any) -> Verdict:
    return at_provider(doors, value, "/provider")


def in_the_address(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if not text:
        return CANNOT
    answer = doors.get(f"/v1/schools/{quote(text)}")
    if answer.status_code == 404:
        assert answer.json["detail"] == "There is nothing at this address."
        return REFUSED
    return answer.json["school"]["school_id"]


def on_the_page(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if not text:
        return CANNOT
    answer = doors.get(f"/school/{quote(text)}")
    return 54 if answer.status_code == 200 and "Kura o Ahi" in answer.text else REFUSED


def on_the_map(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    answer = doors.get("/map", school=text)
    return 54 if answer.status_code == 200 and "Kura o Ahi" in answer.text else REFUSED


def in_json(doors: Doors, value: Any) -> Verdict:
    return number_of_row(doors.rows(json.dumps({"rows": [{"school_id": value}]}), JSON))


def in_json_with_an_id(doors: Doors, value: Any) -> Verdict:
    body = json.dumps({"rows": [{"id": 1, "school_id": value}]})
    return number_of_row(doors.rows(body, JSON))


def in_a_list_of_numbers(doors: Doors, value: Any) -> Verdict:
    return number_of_row(doors.rows(json.dumps({"school_ids": [value]}), JSON))


def in_ndjson(doors: Doors, value: Any) -> Verdict:
    return number_of_row(doors.rows(json.dumps({"school_id": value}), NDJSON))


def in_csv(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    return number_of_row(doors.rows(csv_text(["id", "school_id"], ["a", text]), CSV))


def at_ogc(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    answer = doors.get("/ogc/collections/schools/items", school_id=text)
    if answer.status_code != 200:
        return refusal(answer)
    (feature,) = answer.json["features"]
    return feature["properties"]["school_id"]


def number_of_file(row: Any) -> Verdict:
    return 54 if row.get("catchment_code") == AHI else REFUSED


def in_a_csv_file(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    return number_of_file(doors.file("in.csv", csv_written(["id", "school_id"], ["a", text])))


def parquet_written(**columns: Any) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table({n: [v] for n, v in columns.items()}), path)


def in_parquet(doors: Doors, value: Any) -> Verdict:
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return CANNOT
    return number_of_file(doors.file("in.parquet", parquet_written(school_id=value)))


def in_a_dictionary_column(doors: Doors, value: Any) -> Verdict:
    if isinstance(value, list | dict) or (isinstance(value, int) and abs(value) >= 1 << 63):
        return CANNOT
    column = pa.array([value]).dictionary_encode()

    def write(path: Path) -> None:
        pq.write_table(pa.table({"school_id": column}), path)

    return number_of_file(doors.file("in.parquet", write))


def in_a_directory(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    path = doors.folder / "directory-2026-02-01.csv"
    csv_written(["School Number", "School Name", "Status"], [text, "Kura o Ahi", "Open"])(path)
    try:
        release, _ = read_directory(path)
    except FileRefused:
        return REFUSED
    (number,) = release.schools
    return number


def in_a_list(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    if text is None:
        return CANNOT
    path = doors.folder / "list.csv"
    csv_written(["School Id", "Catchment Code"], [text, AHI])(path)
    try:
        listed = read_listings([path], schools=small_schools(), known=small_edition())
    except FileRefused:
        return REFUSED
    return next(iter(listed.listings), REFUSED)


def pasted_on_a_form(doors: Doors, value: Any) -> Verdict:
    if value == FULL_WIDTH:
        return CANNOT  # somebody's own list: read as people write it, see test_changing.py
    text = text_of(value)
    if text is None:
        return CANNOT
    worked: Any = SimpleNamespace(schools=small_schools())
    with doors.client.application.test_request_context():
        typed = FormReader(MultiDict({"numbers": text}))
        chosen = chosen_schools(typed, worked)
    return REFUSED if typed.wrongs else chosen[0]


def on_the_command_line(doors: Doors, value: Any) -> Verdict:
    text = text_of(value)
    return CANNOT if text is None else said_on_the_command_line(NUMBER, text, int)


DOORS_OF_NUMBERS = [
    at_provider,
    at_older_provider,
    in_the_address,
    on_the_page,
    on_the_map,
    in_json,
    in_json_with_an_id,
    in_a_list_of_numbers,
    in_ndjson,
    in_csv,
    at_ogc,
    in_a_csv_file,
    in_parquet,
    in_a_dictionary_column,
    in_a_directory,
    in_a_list,
    pasted_on_a_form,
    on_the_command_line,
]

# --- boxes ----------------------------------------------------------------------------------------

OGC_CATCHMENTS = "/ogc/collections/catchments/items"
LISTS_WITH_A_BOX = ("/v1/catchments", "/v1/catchments.geojson", OGC_CATCHMENTS)
EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
ALL = " ".join((AHI, KOWHAI, REKOHU, RIMU, TOTARA))
BOXES: list[tuple[str, Verdict]] = [
    ("174.2,-38.8,174.4,-38.6", AHI),
    (" 174.2 , -38.8, 174.4,-38.6 ", AHI),
    ("+174.2,-3.88e1,174.40,-38.6", AHI),
    ("174.2,-38.8,0,174.4,-38.6,100", AHI),
    ("534.2,-38.8,534.4,-38.6", AHI),
    ("-185.8,-38.8,-185.6,-38.6", AHI),
    ("175.5,-44.4,-176.4,-44", REKOHU),
    ("175.5,-44.4,183.6,-44", REKOHU),
    ("-184.5,-44.4,-176.4,-44", REKOHU),
    ("894.2,-44.4,903.6,-44", REKOHU),
    ("183.4,-44.4,-176.4,-44", REKOHU),
    ("-180,-90,180,90", ALL),
    ("0,-90,360,90", ALL),
    ("-2600.5,-90,2600.5,90", ALL),
    ("-100000000,-90,100000000,90", ALL),
    ("-10,-50,370,50", ALL),
    ("-10,-50,10,50", NOWHERE),
    ("350,-50,370,50", NOWHERE),
    ("-38.8,174.2,-38.6,174.4", SWAPPED),
    ("-44.4,183.4,-44.0,183.6", SWAPPED),
    ("174.2,38.6,174.4,38.8", SIGN),
    ("174.2,38.8,174.4,38.6", SIGN),
    ("174.2,-38.6,174.4,-38.8", REFUSED),
    ("174.2,-138.8,174.4,-38.6", REFUSED),
    ("174.2,-38.8,174.4,90.5", REFUSED),
    ("174.2,-38.8,174.4", REFUSED),
    ("174.2,-38.8,0,174.4,-38.6", REFUSED),
    ("174.2,-38.8,0,174.4,-38.6,0,0", REFUSED),
    ("174.2,-38.8,174.4,-38.6,", REFUSED),
    ("174,2,-38,8,174,4,-38,6", REFUSED),
    ("174.2 -38.8 174.4 -38.6", REFUSED),
    ("174.2;-38.8;174.4;-38.6", REFUSED),
    ("[174.2,-38.8,174.4,-38.6]", REFUSED),
    ("", REFUSED),
    (",,,", REFUSED),
    ("nan,-38.8,174.4,-38.6", REFUSED),
    ("174.2,-38.8,inf,-38.6", REFUSED),
    ("174.2,-38.8,1e999,-38.6", REFUSED),
    ("-1e300,-38.8,1e300,-38.6", REFUSED),
    ("１７４.2,-38.8,174.4,-38.6", REFUSED),
    ("1500000,5200000,1800000,5900000", REFUSED),
]


def box_in(doors: Doors, text: str, path: str, **query: str) -> Verdict:
    answer = doors.get(path, bbox=text, **query)
    if answer.status_code != 200:
        assert answer.json["parameter"] == "bbox"
        kind = answer.json["type"].rpartition("/")[2]
        said = {"swapped-coordinates": SWAPPED, "missing-sign": SIGN}.get(kind, REFUSED)
        assert said == refusal(answer)
        return said
    found = answer.json.get("items") or answer.json.get("features") or []
    codes = sorted(each.get("code") or each["id"] for each in found)
    return " ".join(codes) or NOWHERE


def box_in_a_list(doors: Doors, text: str) -> Verdict:
    return box_in(doors, text, "/v1/catchments")


def box_in_geojson(doors: Doors, text: str) -> Verdict:
    return box_in(doors, text, "/v1/catchments.geojson")


def box_at_ogc(doors: Doors, text: str) -> Verdict:
    return box_in(doors, text, OGC_CATCHMENTS)


def box_with_latitudes_first(doors: Doors, text: str) -> Verdict:
    parts = text.split(",")
    half = len(parts) // 2
    if len(parts) not in {4, 6}:
        return CANNOT
    corners = [[corner[1], corner[0], *corner[2:]] for corner in (parts[:half], parts[half:])]
    written = ",".join(corners[0] + corners[1])
    return box_in(doors, written, OGC_CATCHMENTS, **{"bbox-crs": EPSG_4326})


DOORS_OF_BOXES = [box_in_a_list, box_in_geojson, box_at_ogc, box_with_latitudes_first]

# --- points ---------------------------------------------------------------------------------------

POINTS: list[tuple[tuple[Any, Any], Verdict]] = [
    # longitude, latitude
    ((174.5, -38.5), AHI),
    (("174.5", "-38.5"), AHI),
    ((" 174.50 ", "-38.5\u00a0"), AHI),
    (("+174.5", "-38.5"), AHI),
    (("1745e-1", "-.385E2"), AHI),
    ((174, -39), AHI),
    (("175.5", "-38.5"), KOWHAI),
    ((-176.5, -44.0), REKOHU),
    ((183.5, -44.0), REKOHU),
    (("183.5", "-44."), REKOHU),
    ((0, 0), NOWHERE),
    ((360.0, -38.5), NOWHERE),
    ((-38.5, 174.5), SWAPPED),
    (("-44", "183.5"), SWAPPED),
    (("-44", "-176.5"), SWAPPED),
    ((174.5, 38.5), SIGN),
    (("183.5", "44"), SIGN),
    ((361, -38.5), REFUSED),
    ((-180.5, -38.5), REFUSED),
    ((174.5, -90.5), REFUSED),
    ((1e300, -38.5), REFUSED),
    (("174,5", "-38,5"), REFUSED),
    (("", ""), REFUSED),
    (("", "-38.5"), REFUSED),
    ((math.nan, -38.5), REFUSED),
    ((174.5, -math.inf), REFUSED),
    (("nan", "-38.5"), REFUSED),
    (("1e999", "-38.5"), REFUSED),
    ((10**400, -38.5), REFUSED),
    ((True, -38.5), REFUSED),
    (([174.5], -38.5), REFUSED),
    (({"x": 174.5}, -38.5), REFUSED),
    (("１７４.5", "-38.5"), REFUSED),
    (("١٧٤", "-38.5"), REFUSED),
    (("174°30'", "-38.5"), REFUSED),
    (("0x10", "-38.5"), REFUSED),
    (("1_7", "-38.5"), REFUSED),
    (("174.5 -38.5", "-38.5"), REFUSED),
]


def texts_of(point: tuple[Any, Any]) -> tuple[str, str] | None:
    lng, lat = map(text_of, point)
    return None if lng is None or lat is None else (lng, lat)


def point_at_provider(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    texts = texts_of(point)
    if texts is None:
        return CANNOT
    answer = doors.get("/v1/provider", lng=texts[0], lat=texts[1])
    if answer.status_code != 200:
        said = refusal(answer)
        kind = answer.json["type"].rpartition("/")[2]
        kinds = {SWAPPED: "swapped-coordinates", SIGN: "missing-sign"}
        assert kinds.get(said, kind) == kind
        return said
    assert -180 <= answer.json["place"]["lng"] <= 180
    return answer.json["catchment"]["code"] if answer.json["catchment"] else NOWHERE


def point_again(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    """Ask again: the second time what stands in front of the application may answer."""
    doors.get("/v1/provider", lng="174.5", lat="-38.5")
    return point_at_provider(doors, point)


def point_of_row(row: Any) -> Verdict:
    if row["status"] == "refused":
        return in_words(row["error"].get("problem") or row["error"]["detail"])
    if "catchment_code" in row:
        return row["catchment_code"] or NOWHERE
    return row["catchment"]["code"] if row.get("catchment") else NOWHERE


def point_in_json(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    lng, lat = point
    return point_of_row(doors.rows(json.dumps({"rows": [{"lng": lng, "lat": lat}]}), JSON))


def point_in_ndjson(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    lng, lat = point
    return point_of_row(doors.rows(json.dumps({"id": "a", "lng": lng, "lat": lat}), NDJSON))


def point_in_csv(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    texts = texts_of(point)
    if texts is None:
        return CANNOT
    return point_of_row(doors.rows(csv_text(["id", "lng", "lat"], ["a", *texts]), CSV))


def point_of_file(row: Any) -> Verdict:
    if row["provider_status"] == "refused":
        return in_words(row["provider_problem"])
    return row["catchment_code"] or NOWHERE


def point_in_a_csv_file(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    texts = texts_of(point)
    if texts is None:
        return CANNOT
    write = csv_written(["id", "longitude", "latitude"], ["a", *texts])
    return point_of_file(doors.file("in.csv", write))


def point_in_parquet(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    if any(isinstance(each, int) and abs(each) >= 1 << 63 for each in point):
        return CANNOT
    return point_of_file(doors.file("in.parquet", parquet_written(lng=point[0], lat=point[1])))


def corner_of_a_box(doors: Doors, point: tuple[Any, Any]) -> Verdict:
    texts = texts_of(point)
    is_far = isinstance(point[0], int | float) and not -180 <= point[0] <= 360
    if texts is None or "," in "".join(texts) or is_far:
        return CANNOT  # a box's longitudes are of any turn: a table of its own has them
    (found,) = {box_in(doors, ",".join(texts * 2), path) for path in LISTS_WITH_A_BOX}
    return AHI if found.startswith(AHI) else found  # which has the edge that it shares


DOORS_OF_POINTS = [
    point_at_provider,
    point_again,
    point_in_json,
    point_in_ndjson,
    point_in_csv,
    point_in_a_csv_file,
    point_in_parquet,
    corner_of_a_box,
]

# --- dates ----------------------------------------------------------------------------------------

SPRING = date(2026, 9, 1)
DATES: list[tuple[str, Verdict]] = [
    ("2026-09-01", SPRING),
    (" 2026-09-01 ", SPRING),
    ("2028-02-29", date(2028, 2, 29)),
    ("2026-02-29", REFUSED),
    ("2026-02-30", REFUSED),
    ("20260901", REFUSED),
    ("2026-9-1", REFUSED),
    ("2026-W36-2", REFUSED),
    ("2026-244", REFUSED),
    ("01/09/2026", REFUSED),
    ("1 September 2026", REFUSED),
    ("2569-13-01", REFUSED),
    ("令和8-09-01", REFUSED),
    ("２０２６-09-01", REFUSED),
    ("٢٠٢٦-٠٩-٠١", REFUSED),
    ("-2026-09-01", REFUSED),
    ("0000-01-01", REFUSED),
    ("2026-09-01T00:00", REFUSED),
    ("today", REFUSED),
    ("nan", REFUSED),
]


def day_of_answer(answer: TestResponse) -> Verdict:
    if answer.status_code != 200:
        return refusal(answer)
    return date.fromisoformat(answer.json["as_at"])


def day_at_provider(doors: Doors, text: str) -> Verdict:
    return day_of_answer(doors.get("/v1/provider", school_id="54", on=text))


def day_of_a_list(doors: Doors, text: str) -> Verdict:
    return day_of_answer(doors.get("/v1/schools", on=text, limit="1"))


def day_in_bulk(doors: Doors, text: str) -> Verdict:
    address = f"{RESOLVE}?{urlencode({'on': text})}"
    return day_of_answer(doors.client.post(address, json={"school_ids": [54]}))


def day_at_ogc(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/ogc/collections/schools/items", datetime=text, limit="1")
    if answer.status_code != 200:
        return refusal(answer)
    return values.day_of(text)  # which of its features do not say


def day_since(doors: Doors, text: str) -> Verdict:
    if text.isdigit():
        return CANNOT  # there it is an edition's number
    answer = doors.get("/v1/changes", since=text)
    return values.day_of(text) if answer.status_code == 200 else refusal(answer)


def day_on_the_page(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/school/54", on=text)
    return values.day_of(text) if answer.status_code == 200 else REFUSED


def day_on_a_form(doors: Doors, text: str) -> Verdict:
    typed = FormReader(MultiDict({"starts": text}))
    day = typed.day("starts")
    return REFUSED if typed.wrongs else day


def day_on_the_command_line(doors: Doors, text: str) -> Verdict:
    return said_on_the_command_line(DAY, text, date.fromisoformat)


DOORS_OF_DATES = [
    day_at_provider,
    day_of_a_list,
    day_in_bulk,
    day_at_ogc,
    day_since,
    day_on_the_page,
    day_on_a_form,
    day_on_the_command_line,
]

# --- what is true or false ------------------------------------------------------------------------

TRUTHS: list[tuple[str, Verdict]] = [
    *((text, True) for text in ("true", "True", " TRUE ", "yes", "Y", "1", "1.0")),
    *((text, False) for text in ("false", "FALSE", "no", "n", " 0 ", "0.0")),
    *((text, REFUSED) for text in ("2", "-1", "maybe", "１", "nan", "on", "wahr")),
]


def truth_at_ogc(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/ogc/collections/schools/items", skipGeometry=text, limit="1")
    if answer.status_code != 200:
        return refusal(answer)
    return answer.json["features"][0]["geometry"] is None


def truth_in_a_list(doors: Doors, text: str) -> Verdict:
    path = doors.folder / "list.csv"
    csv_written(["School Id", "In-school provision"], ["54", text])(path)
    listed = read_listings([path], schools=small_schools(), known=small_edition())
    if 54 in listed.without_provision:
        return False
    note = (listed.in_school_provision or {})[54]
    return True if note == "In-school provision" else REFUSED  # any other text is itself the note


DOORS_OF_TRUTHS = [truth_at_ogc, truth_in_a_list]

# --- regions, codes and words ---------------------------------------------------------------------

IN_WAIKATO = f"{AHI} {KOWHAI}"
REGIONS: list[tuple[str, Verdict]] = [
    (text, IN_WAIKATO) for text in ("Waikato", "waikato", " WAIKATO ", "Wāikatō")
]


def region_of_a_list(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/v1/catchments", region=text)
    return " ".join(sorted(each["code"] for each in answer.json["items"]))


def region_at_ogc(doors: Doors, text: str) -> Verdict:
    answer = doors.get(OGC_CATCHMENTS, education_region=text)
    return " ".join(sorted(each["id"] for each in answer.json["features"]))


CODES: list[tuple[str, Verdict]] = [
    (KOWHAI, KOWHAI),
    (f" {KOWHAI} ", KOWHAI),
    (KOWHAI.lower(), REFUSED),
    ("none", REFUSED),
    (f"{KOWHAI}\0", REFUSED),
]


def code_of_a_list(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/v1/catchments", catchment=text)
    return REFUSED if answer.status_code == 404 else answer.json["items"][0]["code"]


def code_at_ogc(doors: Doors, text: str) -> Verdict:
    found = doors.get(OGC_CATCHMENTS, code=text).json["features"]
    return found[0]["id"] if found else REFUSED  # a query of properties finds nothing


WORDS: list[tuple[str, Verdict]] = [
    ("proposed", 60),
    (" proposed ", 60),
    ("PROPOSED", REFUSED),
    ("proposed,open", REFUSED),
    ("", REFUSED),
]


def word_in_a_list(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/v1/schools", status=text)
    if answer.status_code != 200:
        return refusal(answer)
    return answer.json["items"][0]["school"]["school_id"]


def word_at_ogc(doors: Doors, text: str) -> Verdict:
    answer = doors.get("/ogc/collections/schools/items", status=text)
    return answer.json["features"][0]["id"] if answer.status_code == 200 else refusal(answer)


# --- what fields are called -----------------------------------------------------------------------

NAMES: list[tuple[tuple[str, ...], Verdict]] = [
    # the names under which 54 is given
    (("school_id",), 54),
    (("School_Id",), 54),
    (("SCHOOL ID",), 54),
    (("school number",), 54),
    (("School-No.",), 54),
    (("schoolId",), 54),
    (("schoolnumber",), 54),
    (("schol_id",), REFUSED),
    (("school",), REFUSED),
    (("school_ids",), REFUSED),
    (("ｓｃｈｏｏｌ_id; DROP TABLE",), REFUSED),
    (("school_id", "School Number"), REFUSED),
    (("school_id", "SCHOOL_ID"), REFUSED),
    (("school_id", "school_id"), REFUSED),
]


def name_in_a_query(doors: Doors, names: tuple[str, ...]) -> Verdict:
    answer = doors.get(f"/v1/provider?{urlencode([(name, '54') for name in names])}")
    return answer.json["school"]["school_id"] if answer.status_code == 200 else refusal(answer)


def name_at_ogc(doors: Doors, names: tuple[str, ...]) -> Verdict:
    query = urlencode([(name, "54") for name in names])
    answer = doors.get(f"/ogc/collections/schools/items?{query}")
    if answer.status_code != 200:
        return refusal(answer)
    (feature,) = answer.json["features"]
    return feature["properties"]["school_id"]


def name_of_a_member(doors: Doors, names: tuple[str, ...]) -> Verdict:
    members = ", ".join(f"{json.dumps(name)}: 54" for name in names)  # a dict has none twice
    return number_of_row(doors.rows(f'{{"rows": [{{{members}}}]}}', JSON))


def name_of_a_column(doors: Doors, names: tuple[str, ...]) -> Verdict:
    return number_of_row(doors.rows(csv_text(["id", *names], ["a", *("54" for _ in names)]), CSV))


def name_of_a_file_s_column(doors: Doors, names: tuple[str, ...]) -> Verdict:
    write = csv_written(["x", *names], ["a", *("54" for _ in names)])
    return number_of_file(doors.file("in.csv", write))


def name_in_a_directory(doors: Doors, names: tuple[str, ...]) -> Verdict:
    if len(names) > 1:
        return CANNOT  # a table may say a thing twice: the first column is read, the rest are named
    path = doors.folder / "directory-2026-02-01.csv"
    csv_written([*names, "School Name", "Status"], ["54", "Kura o Ahi", "Open"])(path)
    try:
        release, _ = read_directory(path)
    except FileRefused:
        return REFUSED
    return next(iter(release.schools))


DOORS_OF_NAMES = [
    name_in_a_query,
    name_at_ogc,
    name_of_a_member,
    name_of_a_column,
    name_of_a_file_s_column,
    name_in_a_directory,
]

AXES: list[tuple[tuple[str, ...], Verdict]] = [
    # the names of the longitude and of the latitude
    *(((name, "lat"), AHI) for name in ("lng", "lon", "long", "Longitude", "LNG", " Lon ")),
    *((("lng", name), AHI) for name in ("Latitude", "LAT")),
    *((names, REFUSED) for names in (("x", "y"), ("lng", "lon", "lat"), ("easting", "lat"))),
    (("lng", "lat", "Latitude"), REFUSED),
]


def _axes(names: tuple[str, ...]) -> dict[str, str]:
    return {n: "-38.5" if n.lower().startswith(("lat", "y")) else "174.5" for n in names}


def axes_in_a_query(doors: Doors, names: tuple[str, ...]) -> Verdict:
    answer = doors.get("/v1/provider", **_axes(names))
    return answer.json["catchment"]["code"] if answer.status_code == 200 else refusal(answer)


def axes_as_members(doors: Doors, names: tuple[str, ...]) -> Verdict:
    return point_of_row(doors.rows(json.dumps({"rows": [_axes(names)]}), JSON))


def axes_as_columns(doors: Doors, names: tuple[str, ...]) -> Verdict:
    return point_of_row(doors.rows(csv_text(names, list(_axes(names).values())), CSV))


def axes_of_a_file(doors: Doors, names: tuple[str, ...]) -> Verdict:
    return point_of_file(doors.file("in.csv", csv_written(names, list(_axes(names).values()))))


DOORS_OF_AXES = [axes_in_a_query, axes_as_members, axes_as_columns, axes_of_a_file]

# --- the table ------------------------------------------------------------------------------------

KINDS: dict[str, tuple[Sequence[tuple[Any, Verdict]], Sequence[Callable[..., Verdict]]]] = {
    "number": (NUMBERS, DOORS_OF_NUMBERS),
    "point": (POINTS, DOORS_OF_POINTS),
    "box": (BOXES, DOORS_OF_BOXES),
    "date": (DATES, DOORS_OF_DATES),
    "truth": (TRUTHS, DOORS_OF_TRUTHS),
    "region": (REGIONS, [region_of_a_list, region_at_ogc]),
    "code": (CODES, [code_of_a_list, code_at_ogc]),
    "word": (WORDS, [word_in_a_list, word_at_ogc]),
    "name": (NAMES, DOORS_OF_NAMES),
    "axes": (AXES, DOORS_OF_AXES),
}
CASES = [
    pytest.param(kind, value, verdict, id=f"{kind} {value!r}"[:60])
    for kind, (table, _) in KINDS.items()
    for value, verdict in table
]


@pytest.mark.every_case
@pytest.mark.parametrize(("kind", "value", "verdict"), CASES)
def test_a_value_has_the_same_verdict_at_every_door(
    kind: str, value: Any, verdict: Verdict, doors: Doors
) -> None:
    _, ways = KINDS[kind]
    found = {way.__name__: way(doors, value) for way in ways}
    said = {name: each for name, each in found.items() if each != CANNOT}
    assert said == dict.fromkeys(said, verdict)
    assert len(said) >= min(2, len(ways))


# --- numbers as no program here writes them -------------------------------------------------------

WRAPPED = [
    # as a CSV file keeps a spreadsheet from taking a text for a number
    ('="54"', 54),
    (' ="00054" ', 54),
    ('=" 54.0 "', 54),
    ('="54', REFUSED),
    ('="="54""', REFUSED),
    ('=""', REFUSED),
    ("=54", REFUSED),
    ("'54", REFUSED),
]


@pytest.mark.parametrize(("text", "verdict"), WRAPPED)
def test_a_cell_that_is_kept_as_text_has_the_same_verdict_wherever_csv_is_read(
    text: str, verdict: Verdict, doors: Doors
) -> None:
    ways = (in_csv, in_a_csv_file, in_a_directory, in_a_list)
    found = {way.__name__: way(doors, text) for way in ways}
    assert found == dict.fromkeys(found, verdict)


@pytest.mark.parametrize("way", [point_in_csv, point_in_a_csv_file])
def test_degrees_that_are_kept_as_text_are_read(
    way: Callable[[Doors, Any], Verdict], doors: Doors
) -> None:
    assert way(doors, ('="174.5"', '="-38.5"')) == AHI


WRITTEN = {
    "54.000": 54,
    "5.4e1": 54,
    "540E-1": 54,
    "NaN": REFUSED,
    "Infinity": REFUSED,
    "1e999": REFUSED,
    "-1E400": REFUSED,
}


@pytest.mark.parametrize(("text", "verdict"), WRITTEN.items())
def test_a_number_that_json_writes_otherwise_has_the_same_verdict(
    text: str, verdict: Verdict, doors: Doors
) -> None:
    bodies = {
        f'{{"rows":[{{"school_id":{text}}}]}}': JSON,
        f'{{"rows":[{{"id":1,"school_id":{text}}}]}}': JSON,
        f'{{"school_ids":[{text}]}}': JSON,
        f'{{"school_id":{text}}}': NDJSON,
    }
    said = {body: number_of_row(doors.rows(body, form)) for body, form in bodies.items()}
    assert said == dict.fromkeys(said, verdict)


# --- what is quick reads as what is slow ----------------------------------------------------------

texts_like_numbers = st.one_of(
    st.from_regex(r"\s?[+-]?[0-9]{0,11}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,3})?\s?", fullmatch=True),
    st.floats().map(str),
    st.integers(0, 200).map(str),
    st.text(max_size=4),
)
numbers = st.one_of(
    st.integers(0, 100), st.integers(), st.floats(-400, 400), st.floats(), st.booleans(), st.none()
)
near_here = st.one_of(st.floats(160, 190), st.floats(-60, 60), numbers, texts_like_numbers)
asked_values = st.one_of(numbers, texts_like_numbers, st.lists(st.integers(), max_size=1))
ids = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.none())
rows_of_schools = st.fixed_dictionaries({"id": ids, "school_id": st.one_of(asked_values)})
rows_of_all_kinds = st.one_of(
    rows_of_schools,
    st.fixed_dictionaries({"id": ids, "lng": near_here, "lat": near_here}),
    st.fixed_dictionaries({"lon": near_here, "lat": near_here}),
    st.fixed_dictionaries({"School_Id": asked_values}, optional={"lat": near_here, "id": ids}),
)
bodies = st.one_of(
    st.lists(st.fixed_dictionaries({"id": ids, "school_id": st.integers(0, 999)}), max_size=4),
    st.lists(rows_of_schools, max_size=4),
    st.lists(rows_of_all_kinds, max_size=4),
)


Read = list[tuple[Any, Kind, Any]]


def told(rows: Questions) -> Read:
    """Return rows with their ids as what they are, however JSON writes them."""
    if isinstance(rows, Schools):
        own = rows.ids or [b""] * len(rows)
        rows = [Row(i, Kind.SCHOOL, n) for i, n in zip(own, rows.numbers, strict=True)]
    if isinstance(rows, Points):
        points = zip(rows.lng, rows.lat, strict=True)
        rows = [Row(i, Kind.POINT, point) for i, point in zip(rows.ids, points, strict=True)]
    return [(each.id and msgspec.json.decode(each.id), each.kind, each.asked) for each in rows]


def read_slowly(row: dict[str, Any]) -> Row:
    row = dict(row)
    own = msgspec.json.encode(row.pop("id")) if "id" in row else b""
    return row_of(own, row)


@settings(max_examples=examples(400))
@given(bodies)
def test_what_is_read_quickly_in_json_is_what_the_slow_reader_reads(
    rows: list[dict[str, Any]],
) -> None:
    expected = told(list(map(read_slowly, rows)))
    assert told(read_json(json.dumps({"rows": rows}).encode())) == expected
    assert told(read_ndjson("\n".join(map(json.dumps, rows)).encode())) == expected


@settings(max_examples=examples(200))
@given(st.lists(asked_values, max_size=4))
def test_a_list_of_numbers_is_what_the_slow_reader_reads(given_numbers: list[Any]) -> None:
    found = told(read_json(json.dumps({"school_ids": given_numbers}).encode()))
    assert found == told([row_of(b"", {"school_id": number}) for number in given_numbers])


cells = st.one_of(st.integers(0, 99).map(str), texts_like_numbers)


@settings(max_examples=examples(400))
@given(
    st.sampled_from(
        [("id", "school_id"), ("id", "lng", "lat"), ("id", "School No", "Long", "LAT")]
    ),
    st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=4),
)
def test_what_is_read_quickly_in_csv_is_what_the_slow_reader_reads(
    names: tuple[str, ...], rows: list[tuple[str, str, str]]
) -> None:
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(
        [names, *(("a", *row[: len(names) - 1]) for row in rows)]
    )
    expected = [
        row_of(
            b'"a"',
            {n: text.strip() for n, text in zip(names[1:], row, strict=False) if text.strip()},
        )
        for row in rows
    ]
    assert told(read_csv(written.getvalue())) == told(expected)
