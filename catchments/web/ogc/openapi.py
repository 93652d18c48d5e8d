"""The OpenAPI document of /ogc: pygeoapi's, with what this service answers and nothing else.

pygeoapi's refers to schemas on other people's servers, which a program would have to fetch, and
names parameters, formats and methods that are refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catchments.web.common.contract import WHOLE_NUMBER, Parameter
from catchments.web.common.pins import PINS
from catchments.web.ogc.frames import FRAMES
from catchments.web.ogc.layers import COLLECTED

Json = dict[str, Any]
NOT_TAKEN = {"lang", "vendorSpecificParameters", "sortby.yaml", "ui", "profile"}
KEPT = ("bbox", "bbox-crs", "crs", "offset", "skipGeometry")
_PROPERTIES_PATHS = ("/queryables", "/schema")
_SYSTEM = {"schema": {"type": "string", "format": "uri", "enum": list(FRAMES)}}
MENDED: Mapping[str, Json] = {
    "bbox": {
        "description": (
            "Only features that meet this box: west, south, east, north in the system of bbox-crs, "
            "or six numbers with heights, which do not count. West may be greater than east, "
            "across 180°."
        )
    },
    "bbox-crs": _SYSTEM,
    "crs": _SYSTEM,
    "f": {"schema": {"type": "string", "enum": ["json", "html"]}},
    "offset": {
        "description": "How many features to pass over; the link next has it.",
        "schema": {**WHOLE_NUMBER, "default": 0},
    },
}
"""What this service says of a parameter in place of pygeoapi."""
DATETIME = Parameter(
    "datetime",
    "The date to answer for: a date, a date and time, or an interval, of which the date nearest to "
    "today counts. A response holds the one edition in force on it; edition and release count for "
    "more.",
    {"type": "string"},
)
LIMIT = (
    "How many features at most. Of a greater limit than {:,} so many are given, and the response "
    "says so; the link next leads to more."
)
FEATURE_ID = {
    "name": "featureId",
    "in": "path",
    "description": "The feature's id: a catchment's code or a school's number.",
    "required": True,
    "schema": {"type": "string"},
}
RESPONSES = {
    "Features": ("Features.", "application/geo+json"),
    "Feature": ("A feature.", "application/geo+json"),
    "Queryables": ("A JSON Schema.", "application/schema+json"),
    "LandingPage": ("The document.", "application/json"),
    "Collection": ("What is known of the collection.", "application/json"),
    "InvalidParameter": ("A parameter is unknown or malformed.", "application/problem+json"),
    "NotFound": ("There is no such collection or feature.", "application/problem+json"),
    "ServerError": ("The service met an error of its own.", "application/problem+json"),
    "200": ("The document.", "application/json"),
    "default": ("An error.", "application/problem+json"),
}
_COMPONENTS = {
    name: {"description": about, "content": {media_type: {"schema": {"type": "object"}}}}
    for name, (about, media_type) in RESPONSES.items()
}


def contract(written: Json) -> Json:
    """Return pygeoapi's document, true of this service and complete in itself."""
    paths = {
        path: {"get": _operation(path, methods["get"])}
        for path, methods in written["paths"].items()
        if "get" in methods and path.split("/")[1] in {"", "openapi", "conformance", "collections"}
    }
    used = {tag for methods in paths.values() for tag in methods["get"]["tags"]}
    known = written["components"]["parameters"]
    kept = {name: {**known[name], **MENDED.get(name, {})} for name in (*KEPT, "f")}
    ours = {each.name: _written(each) for each in (DATETIME, *PINS)}
    return {
        **written,
        "security": [],  # none is needed, which linters want said
        "tags": [_tag(tag) for tag in written["tags"] if tag["name"] in used],
        "paths": paths,
        "components": {
            "parameters": {**kept, **ours, "featureId": FEATURE_ID},
            "responses": _COMPONENTS,
        },
    }


def _operation(path: str, operation: Json) -> Json:
    parameters = [
        _of_collection(path, p)
        for p in map(_local, operation.get("parameters", []))
        if _is_taken(path, p)
    ]
    if path.endswith(("/items", "/items/{featureId}")):
        ours = [each.name for each in (DATETIME, *PINS)]
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in ours]
    responses = {code: _local(answer) for code, answer in operation["responses"].items()}
    return {**operation, "parameters": parameters, "responses": responses}


def _of_collection(path: str, parameter: Json) -> Json:
    """Return a parameter of a collection with all that is known of its values."""
    of = COLLECTED.get(path.split("/")[2]) if path.endswith("/items") else None
    name = parameter.get("name", "")
    if of and name == "limit":
        return {**parameter, "description": LIMIT.format(of.at_once)}
    if of and name in of.fields:
        return {**parameter, "schema": dict(of.fields[name])}
    return parameter


def _written(parameter: Parameter) -> Json:
    """Return a parameter as this document has it."""
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "required": False,
        "schema": dict(parameter.schema),
        "style": "form",
        "explode": False,
    }


def _local(part: Json) -> Json:
    """Return a part of the document, or a reference to the component of that name in it."""
    reference = part.get("$ref", "")
    if not reference.startswith("http"):
        return part
    kind, name = reference.split("/")[-2:]
    return {"$ref": f"#/components/{kind}/{name}"}


def _is_taken(path: str, parameter: Json) -> bool:
    name = parameter.get("name") or parameter["$ref"].rpartition("/")[2]
    if name in {each.name for each in PINS}:
        return False  # a property, too: said once, as what it does
    return name not in NOT_TAKEN and not (name == "properties" and path.endswith(_PROPERTIES_PATHS))


def _tag(tag: Json) -> Json:
    return {name: tag[name] for name in ("name", "description")}
