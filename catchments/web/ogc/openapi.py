"""The OpenAPI document of /ogc: pygeoapi's, with what this service answers and nothing else.

pygeoapi's refers to schemas on other people's servers, which a program would have to fetch, and
names parameters, formats and methods that are refused here.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
NOT_TAKEN = {"lang", "vendorSpecificParameters", "sortby.yaml", "ui", "profile"}
KEPT = ("bbox", "bbox-crs", "crs", "offset", "skipGeometry")
_PROPERTIES_PATHS = ("/queryables", "/schema")
DATETIME = {
    "name": "datetime",
    "in": "query",
    "description": (
        "The date to answer for: a date, a date and time, or an interval, of which the date "
        "nearest to today counts. A response holds the one edition in force on it."
    ),
    "required": False,
    "schema": {"type": "string"},
    "style": "form",
    "explode": False,
}
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
    parameters = written["components"]["parameters"]
    kept = {name: parameters[name] for name in KEPT}
    kept["f"] = {**parameters["f"], "schema": {"type": "string", "enum": ["json", "html"]}}
    return {
        **written,
        "tags": [_tag(tag) for tag in written["tags"] if tag["name"] in used],
        "paths": paths,
        "components": {
            "parameters": {**kept, "datetime": DATETIME, "featureId": FEATURE_ID},
            "responses": _COMPONENTS,
        },
    }


def _operation(path: str, operation: Json) -> Json:
    parameters = [p for p in map(_local, operation.get("parameters", [])) if _is_taken(path, p)]
    if path.endswith(("/items", "/items/{featureId}")):
        parameters.append({"$ref": "#/components/parameters/datetime"})
    responses = {code: _local(answer) for code, answer in operation["responses"].items()}
    return {**operation, "parameters": parameters, "responses": responses}


def _local(part: Json) -> Json:
    """Return a part of the document, or a reference to the component of that name in it."""
    reference = part.get("$ref", "")
    if not reference.startswith("http"):
        return part
    kind, name = reference.split("/")[-2:]
    return {"$ref": f"#/components/{kind}/{name}"}


def _is_taken(path: str, parameter: Json) -> bool:
    name = parameter.get("name") or parameter["$ref"].rpartition("/")[2]
    return name not in NOT_TAKEN and not (name == "properties" and path.endswith(_PROPERTIES_PATHS))


def _tag(tag: Json) -> Json:
    return {name: tag[name] for name in ("name", "description")}
