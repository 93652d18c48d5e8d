"""A member that is there twice in a JSON object is refused by name, at whatever door of bulk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import Kind
from catchments.web.v1.bulk import rows
from catchments.web.v1.bulk.json_questions import read_json, read_ndjson
from catchments.web.v1.bulk.rows import BodyRefused, Row

RESOLVE = "/v1/providers:resolve"
JSON, NDJSON = "application/json", "application/x-ndjson"

NAMES = ["id", "school_id", "lng", "lat", "lon", "address", "nonsense", "a:b"]
VALUES = ["54", "54.0", '"54"', "null", "-36.87", '"a: b"', '"a\\u003ab"', '"{"', "NaN", "[]", "{}"]
ROWS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=5)


def object_of(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}: {value}" for name, value in pairs) + "}"


def found_twice(row: Row) -> bool:
    return row.kind is rows.Kind.FAULT and row.asked.kind is Kind.REPEATED_MEMBER


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_a_row_is_refused_for_a_member_twice_when_and_only_when_it_has_one(
    given_rows: list[list[tuple[str, str]]],
) -> None:
    expected = [len({name for name, _ in row}) < len(row) for row in given_rows]
    texts = list(map(object_of, given_rows))
    of_json = read_json(f'{{"rows": [{",".join(texts)}]}}'.encode())
    of_lines = read_ndjson("\n".join(texts).encode())
    for read in (of_json, of_lines):
        found = [found_twice(row) for row in read] if isinstance(read, list) else []
        assert (found or [False] * len(read)) == expected


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "a", "school_id": 54, "school_id": 55}',
        '{"id": "a", "school_id": 54, "school\\u005fid": 55}',
        '{"id": "a", "school_id": null, "school_id": 54}',
        '{"school_id": 54, "id": "a", "school_id": 54}',
    ],
)
def test_the_others_are_answered_and_the_row_keeps_its_id(row: str, client: FlaskClient) -> None:
    body = f'{{"rows": [{{"school_id": 54}}, {row}]}}'
    answers: Any = client.post(RESOLVE, data=body, content_type=JSON).json["answers"]
    assert answers[0]["status"] == "resolved"
    assert (answers[1]["id"], answers[1]["status"]) == ("a", "refused")
    assert answers[1]["error"] == {
        "row": 2,
        "field": "school_id",
        "problem": "It has “school_id” twice.",
        "allowed": "Each member of a JSON object may be there once.",
        "kind": "repeated-member",
    }
    lines = client.post(RESOLVE, data=f'{{"school_id": 54}}\n{row}', content_type=NDJSON).text
    assert json.loads(lines.splitlines()[1])["error"]["kind"] == "repeated-member"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"school_ids": [54], "school_ids": [55]}', "school_ids"),
        ('{"rows": [{"school_id": 54}], "rows": []}', "rows"),
        ('{"rows": [], "rows": []}', "rows"),
    ],
)
def test_a_body_with_a_list_twice_is_refused_whole(
    body: str, name: str, client: FlaskClient
) -> None:
    answer = client.post(RESOLVE, data=body, content_type=JSON)
    assert (answer.status_code, answer.json["parameter"]) == (400, name)
    assert answer.json["type"].endswith("/problems/repeated-member")
    with pytest.raises(BodyRefused, match=f"The body has “{name}” twice"):
        read_json(body.encode())
