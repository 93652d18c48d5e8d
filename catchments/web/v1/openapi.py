"""The API's contract as an OpenAPI 3.1 document, made from what the routes promise."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from apispec import APISpec
from flask import Flask, Response, current_app
from werkzeug.routing import Rule

from catchments.web.contract import Operation, promised_by
from catchments.web.v1.room import blueprint

VERSION = "1.0.0"
"""Of the contract: the second number rises when something is added; nothing is taken away."""
PREFIX = "/v1/"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE = "#/components/schemas/{name}"


@blueprint.get("/openapi.json")
def document() -> Response:
    """Give the contract as OpenAPI 3.1."""
    body = msgspec.json.encode(contract(current_app))
    return Response(body, mimetype="application/json")


def contract(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of an application: every route below /v1 that promises."""
    spec = APISpec(
        title="Find your attendance service provider",
        version=VERSION,
        openapi_version="3.1.0",
    )
    promised = promised_rules(app)
    types = [each for _, operation in promised for each in operation.returns.values() if each]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for name, schema in components.items():
        spec.components.schema(name, schema)
    by_type = dict(zip(map(id, types), schemas, strict=True))
    for rule, operation in promised:
        method = "post" if "POST" in (rule.methods or ()) else "get"
        path = _CONVERTER.sub(r"{\1}", rule.rule)
        spec.path(path=path, operations={method: _operation(rule, operation, by_type)})
    return spec.to_dict()


def promised_rules(app: Flask) -> list[tuple[Rule, Operation]]:
    """Return each rule below /v1 with what its view promises, by address."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    found = [(rule, promised_by(app.view_functions.get(rule.endpoint))) for rule in rules]
    return [(rule, made) for rule, made in found if made and rule.rule.startswith(PREFIX)]


def _operation(rule: Rule, operation: Operation, schemas: dict[int, Any]) -> dict[str, Any]:
    content = {
        media_type: {"schema": schemas.get(id(each), {"type": "string"})}
        for media_type, each in operation.returns.items()
    }
    return {
        "summary": operation.about,
        "operationId": rule.endpoint.rpartition(".")[2],
        "tags": [operation.tag],
        "parameters": [
            {
                "name": each.name,
                "in": each.place,
                "description": each.about,
                "required": each.required or each.place == "path",
                "schema": dict(each.schema),
            }
            for each in operation.parameters
            if each.place != "path" or each.name in rule.arguments
        ],
        "responses": {"200": {"description": "The answer.", "content": content}},
    }
