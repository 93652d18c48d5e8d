"""The contract: what the document says, that it is true, and that the service keeps to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.lookup.notice_codes import NoticeCode
from catchments.web.common import schemas as shared
from catchments.web.common.contract import promised_by
from catchments.web.v1 import examples
from catchments.web.v1.openapi import PREFIX
from tests.worlds import opened, running_application, sqlite_url, visited

PROBLEM = "application/problem+json"
CODE = Path(__file__).resolve().parents[2] / "catchments"


@pytest.fixture(scope="module")
def document(small_app: Flask) -> dict[str, Any]:
    response = small_app.test_client().get("/openapi.json")
    assert response.status_code == 200
    made: dict[str, Any] = response.json
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, by_method in document["paths"].items():
        for method, operation in by_method.items():
            yield f"{method.upper()} {path}", operation


# --- the document ---------------------------------------------------------------------------------


def test_every_address_below_v1_promises_something(small_app: Flask) -> None:
    rules = [r for r in small_app.url_map.iter_rules() if r.rule.startswith(PREFIX)]
    silent = [r.rule for r in rules if not promised_by(small_app.view_functions[r.endpoint])]
    assert rules
    assert silent == []


def test_what_is_referred_to_is_there_and_names_are_used_once(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
    names = [operation["operationId"] for _, operation in operations(document)]
    assert sorted(names) == sorted(set(names))


def test_every_operation_documents_what_may_go_wrong(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        needed = {"200", "400", "401", "406", "429", "503"}
        needed |= {"413", "415"} if name.startswith("POST") else {"304"}
        assert needed <= operation["responses"].keys(), name
        assert operation["summary"].endswith("."), name
        assert all(each["schema"] for each in operation["parameters"]), name
    assert "Retry-After" in document["components"]["responses"]["TooManyRequests"]["headers"]


def untyped(schema: Any, where: str) -> Iterator[str]:
    """Where a schema of a property says nothing of what its value is."""
    for name, each in schema.get("properties", {}).items():
        if not {"type", "$ref", "anyOf", "enum", "oneOf", "const"} & each.keys():
            yield f"{where}.{name}"


def test_every_field_has_a_type(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert [each for name, schema in schemas.items() for each in untyped(schema, name)] == []


def test_the_codes_of_notices_are_those_that_the_code_gives() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in CODE.rglob("*.py"))
    assert re.findall(r'\bNotice\(\s*"', text) == []
    given = {NoticeCode[name] for name in re.findall(r"\bNoticeCode\.([A-Z_]+)", text)}
    assert set(shared.NOTICE_CODES) == given


# --- its examples ---------------------------------------------------------------------------------


def shown(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (name, media_type, content)
        for name, operation in operations(document)
        for media_type, content in operation["responses"]["200"]["content"].items()
    ]


def test_every_form_of_every_answer_has_an_example_that_fits_its_schema(
    document: dict[str, Any],
) -> None:
    # The document itself is no example in itself.
    for name, media_type, content in shown(document):
        if name.endswith("/openapi.json"):
            continue
        assert {"example", "x-example"} & content.keys(), (name, media_type)
        schema = {**content.get("x-item-schema", content["schema"])}
        schema["components"] = document["components"]
        for value in values_of(content):
            jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def values_of(content: dict[str, Any]) -> list[Any]:
    """The example of a media type; of lines, each of them."""
    if "example" not in content:
        return []
    lines = content["example"].splitlines() if "x-item-schema" in content else None
    return [content["example"]] if lines is None else [json.loads(line) for line in lines]


def test_what_is_sent_in_an_example_fits_its_schema(document: dict[str, Any]) -> None:
    posted = [each for name, each in operations(document) if name.startswith("POST")]
    for content in (form for each in posted for form in each["requestBody"]["content"].values()):
        schema = {**content.get("x-item-schema", content["schema"])}
        schema["components"] = document["components"]
        assert values_of(content)
        for value in values_of(content):
            jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def test_an_example_is_what_the_service_answers(
    document: dict[str, Any], client: FlaskClient
) -> None:
    for name, operation in operations(document):
        content = operation["responses"]["200"]["content"]
        if name.startswith("GET") and "example" in content.get("application/json", {}):
            answer = client.get(operation["x-example"], headers={"Accept": "application/json"})
            assert content["application/json"]["example"] == answer.json, name


def test_an_answer_too_long_to_be_shown_is_an_address(
    small_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "LONGEST", 900)
    operation = promised_by(small_app.view_functions["api.provider"])
    assert operation
    asked = (operation, "/v1/provider?school_id=54", "application/json", "/root")
    made = examples.example_of(small_app, *asked)
    assert made == {"x-example": "/root/v1/provider?school_id=54"}


def test_before_anything_is_published_the_document_has_no_examples(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "empty.sqlite")
    with opened(url):
        pass
    with running_application(url) as app:
        made = app.test_client().get("/openapi.json")
        page = app.test_client().get("/api")
    assert (made.status_code, page.status_code) == (200, 200)
    assert not any("example" in content for _, _, content in shown(made.json))


def test_before_the_first_edition_takes_effect_the_document_is_there(tmp_path: Path) -> None:
    with visited(tmp_path, today=date(2025, 1, 1)) as client:
        assert client.get("/openapi.json").status_code == 200
        assert client.get("/api").status_code == 200


# --- forms, languages, origins --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/json;q=0.1, text/html", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html", 406),
        ("image/png", 406),
        ("application/json;q=0", 406),
        ("nonsense", 406),
    ],
)
def test_what_a_client_takes_is_respected(
    accept: str | None, status: int, client: FlaskClient
) -> None:
    for _ in range(2):  # the second may be kept in front of the application
        headers = {"Accept": accept} if accept else {}
        response = client.get("/v1/provider?school_id=54", headers=headers)
        assert response.status_code == status
        # What has always been answered goes on being answered.
        assert client.get("/provider?school_id=54", headers=headers).status_code == 200


def test_what_is_offered_is_named_where_nothing_fits(client: FlaskClient) -> None:
    response = client.get("/v1/changes.atom", headers={"Accept": "image/png"})
    assert (response.status_code, response.mimetype) == (406, PROBLEM)
    assert response.json["allowed"] == "It is offered as application/atom+xml."
    assert "Accept" in response.vary


def test_an_answer_says_its_language(client: FlaskClient) -> None:
    for address in ("/v1/provider?school_id=54", "/v1/provider?school_id=99", "/v1/changes.atom"):
        response = client.get(address, headers={"Accept-Language": "mi, en;q=0.5"})
        assert response.headers.getlist("Content-Language") == ["en-NZ"]


OPEN = [
    "/dcat.jsonld",
    "/v1/provider?school_id=54",
    "/v1/provider?school_id=99",
    "/v1/provider?nonsense=1",
    "/v1/no-such-thing",
    "/v1/changes",
    "/v1/changes.atom",
    "/provider?school_id=54",
    "/openapi.json",
]


@pytest.mark.parametrize("address", OPEN)
def test_scripts_of_any_website_may_read_an_answer_and_what_it_says_of_itself(
    address: str, client: FlaskClient
) -> None:
    response = client.get(address, headers={"Origin": "https://elsewhere.example"})
    assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    readable = response.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Link"} <= set(
        readable.split(", ")
    )


@pytest.mark.parametrize("address", ["/v1/provider?school_id=99&x=1", "/provider", "/v1/search"])
def test_a_browser_that_asks_first_is_told_what_it_may_send(
    address: str, client: FlaskClient
) -> None:
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-api-key, if-none-match",
    }
    response = client.options(address, headers=asked)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    allowed = set(response.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"X-API-Key", "Content-Type", "If-None-Match"} <= allowed
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_browser_may_send_many_questions_packed(client: FlaskClient) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    allowed = client.options("/v1/providers:resolve", headers=asked).headers
    assert "POST" in allowed["Access-Control-Allow-Methods"]
    assert {"Content-Type", "Content-Encoding"} <= set(
        allowed["Access-Control-Allow-Headers"].split(", ")
    )


@pytest.mark.parametrize("address", ["/", "/school/54", "/map", "/nowhere", "/staff/", "/api"])
def test_pages_are_nobody_elses_to_read(address: str, client: FlaskClient) -> None:
    for method in ("GET", "OPTIONS"):
        response = client.open(address, method=method)
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_the_document_is_kept_while_nothing_changes(client: FlaskClient) -> None:
    first, second = client.get("/openapi.json"), client.get("/v1/openapi.json")
    assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head("/openapi.json").headers["ETag"] == first.headers["ETag"]


# --- the page -------------------------------------------------------------------------------------


def test_the_page_shows_every_operation_and_every_object(
    document: dict[str, Any], client: FlaskClient
) -> None:
    page = client.get("/api").text
    for name, operation in operations(document):
        if "x-ending" not in operation:
            assert f'id="{operation["operationId"]}"' in page, name
    for name in document["components"]["schemas"]:
        assert f'id="is-{name}"' in page, name
    anchors = re.findall(r'href="#([^"]+)"', page)
    assert [each for each in anchors if f'id="{each}"' not in page] == []
    assert "{{" not in page


def test_the_page_is_kept_while_nothing_changes(client: FlaskClient) -> None:
    first = client.get("/api?utm_source=x")
    again = client.get("/api", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
