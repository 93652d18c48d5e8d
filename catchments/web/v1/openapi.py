"""The API's contract as an OpenAPI 3.1 document, made from what the routes promise."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import chain
from typing import Any

import msgspec
from apispec import APISpec
from flask import Flask, Response, current_app, request
from werkzeug.routing import Rule

from catchments import __version__
from catchments.lookup.snapshot import AsAt, Published
from catchments.web.common import schemas as shared
from catchments.web.common.contract import WHOLE_NUMBER, Operation, operation, promised_by
from catchments.web.common.problem_types import TYPES
from catchments.web.common.problems import status_of
from catchments.web.common.schemas import among
from catchments.web.common.services import kept, remembered, service, sources_of
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.bulk.schemas import ONE_OF
from catchments.web.v1.examples import address_of, example_of, problem_of
from catchments.web.v1.formats import AS, ENDING, MEDIA_TYPES, NAMES_OF_FORMS, Form
from catchments.web.v1.wording import ABOUT, HEADERS, PROBLEMS, TAGS, TITLE

VERSION = "1.2.0"
"""Of the contract: the second number rises when something is added; nothing is taken away."""
PREFIX = "/v1/"
JSON = "application/json"
PROBLEM = "application/problem+json"
LINES = frozenset({"application/x-ndjson"})
"""Media types of which each line is what a promise's type says."""
LICENCES = {"CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/"}
_CONVERTER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_REFERENCE = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 406, 429, 503)
_NAMES = frozenset({"school_id", "catchment", "provider", "edition", "release", "state"})
"""Parameters that name something, which there may not be."""
_OF_A_BODY = (413, 415)


@dataclass(frozen=True)
class Contract:
    """The document as a value and as it is served."""

    document: Mapping[str, Any]
    body: bytes
    digest: str


@blueprint.get("/v1/openapi.json")
@blueprint.get("/openapi.json")
@operation(returns={JSON: shared.Anything}, tag="This document")
def document() -> Response:
    """Give this contract as OpenAPI 3.1.

    Generators of clients read it; its examples are what the service answers at present.
    """
    world = service().snapshots.current()
    made = contract(world)
    of_no_edition = AsAt(world, world.today, None)
    return kept(of_no_edition, Response(made.body, mimetype=JSON), written=made.digest)


def contract(world: Published) -> Contract:
    """Return the contract with examples from a world; made once for it."""
    public = service().settings.public_url
    root = public or request.script_root

    def make() -> Contract:
        made = Document(current_app, world, root).made()
        body = msgspec.json.encode(made)
        return Contract(made, body, hashlib.sha256(body).hexdigest()[:12])

    return remembered(world, ("contract", root), make)


def promised_rules(app: Flask) -> list[tuple[Rule, Operation]]:
    """Return each rule below /v1 with what its view promises, by address."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    found = [(rule, promised_by(app.view_functions.get(rule.endpoint))) for rule in rules]
    return [(rule, made) for rule, made in found if made and rule.rule.startswith(PREFIX)]


class Document:
    """Makes the document of an application for a world, with addresses below a root."""

    def __init__(self, app: Flask, world: Published, root: str) -> None:
        self._app = app
        self._world = world
        self._root = root
        self._below = root if "://" not in root else ""
        """The path that examples are asked below."""
        self._rules = promised_rules(app)
        self._named: set[str] = set()
        self._examples: dict[tuple[str, str], dict[str, Any]] = {}
        self._spec = APISpec(
            TITLE,
            VERSION,
            "3.1.0",
            info=self._info(),
            servers=[{"url": root or "/"}],
            security=[{}, {"key": []}],
        )

    def made(self) -> dict[str, Any]:
        """Return the document."""
        self._schemas = self._declare_schemas()
        self._declare_problems()
        used = dict.fromkeys(operation.tag for _, operation in self._rules)
        for tag in [*(each for each in TAGS if each in used), *sorted(used.keys() - TAGS.keys())]:
            self._spec.tag({"name": tag, "description": TAGS.get(tag, "")})
        for rule, each in self._rules:
            method = "post" if "POST" in (rule.methods or ()) else "get"
            for path, made in self._written(rule, each):
                self._spec.path(path=path, operations={method: made})
        return self._spec.to_dict()

    def _written(self, rule: Rule, operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the path of a rule with its operation; of one with endings, a path for each.

        To tools that match paths, `/schools/{number}.{ending}` is `/schools/{number}` as well.
        """
        path = _CONVERTER.sub(r"{\2}", rule.rule)
        if ENDING.name not in rule.arguments:
            yield path, self._operation(rule, operation, self._name(rule))
            return
        name = str(rule.endpoint).rpartition(".")[2].removesuffix(AS)
        others = tuple(each for each in operation.parameters if each.name != ENDING.name)
        for form in (each for each in Form if MEDIA_TYPES[each] in operation.returns):
            media_type = MEDIA_TYPES[form]
            by_itself = replace(
                operation,
                about=f"{operation.about.removesuffix('.')}: as {NAMES_OF_FORMS[form]}.",
                parameters=others,
                returns={media_type: operation.returns[media_type]},
            )
            made = self._operation(rule, by_itself, f"{name}_{form}")
            yield path.replace(f"{{{ENDING.name}}}", form), {**made, "x-ending": form.value}

    def _info(self) -> dict[str, Any]:
        snapshot = self._world.on(self._world.today) if self._world.timeline.editions else None
        licences = sorted({each.licence for each in sources_of(snapshot)}) if snapshot else []
        return {
            "summary": "Who serves a school, an address or a place.",
            "description": ABOUT,
            "contact": {"name": TITLE, **self._page()},
            "x-software-version": __version__,  # `version` is the contract's own
            "license": self._licence(licences),
        }

    def _licence(self, licences: list[str]) -> dict[str, str]:
        """Return the licences of the data; where there are several, the page that names them."""
        only = LICENCES.get(licences[0]) if len(licences) == 1 else None
        name = f"Data: {'; '.join(licences) or 'as its sources say'}"
        return {"name": name, "url": only or f"{self._root}/downloads"}

    def _page(self) -> dict[str, str]:
        """Return the address of the readable page, where it is known under which the public comes.

        Never the host of a request: the document is kept for whoever asks next.
        """
        return {"url": f"{self._root}/api"} if "://" in self._root else {}

    # --- what is used all over ---

    def _declare_schemas(self) -> dict[int, Any]:
        types = [
            each
            for _, operation in self._rules
            for each in (*operation.returns.values(), *operation.accepts.values())
            if each is not None
        ]
        types += [shared.Problem, *chain.from_iterable(ONE_OF.values())]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
        for name, schema in components.items():
            if "enum" in schema:
                schema.setdefault("type", "string")
            self._spec.components.schemas[name] = schema
        self._declare_ways()
        kinds = among([f"{self._root}/problems/{kind}" for kind in TYPES])
        self._spec.components.schemas["Problem"]["properties"]["type"] |= kinds
        return dict(zip(map(id, types), schemas, strict=True))

    def _declare_ways(self) -> None:
        """Say of what comes in one of several shapes which these are: nothing is beside them."""
        declared = self._spec.components.schemas
        for name, ways in ONE_OF.items():
            for way in ways:
                declared[way.__name__]["additionalProperties"] = False
            about = declared[name]["description"]
            shapes = [{"$ref": _REFERENCE.format(name=way.__name__)} for way in ways]
            declared[name] = {"title": name, "description": about, "oneOf": shapes}

    def _declare_problems(self) -> None:
        self._spec.components.security_scheme(
            "key",
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "Optional: a key only allows more requests a minute.",
            },
        )
        for name, header in HEADERS.items():
            self._spec.components.header(name, header)
        for status, said in PROBLEMS.items():
            content = {"schema": self._schemas[id(shared.Problem)], **self._problems(status)}
            made = {
                "description": said,
                "headers": _headers(*_headers_of(status)),
                "content": {PROBLEM: content},
            }
            self._spec.components.response(_name_of(status), made)

    def _problems(self, status: int) -> dict[str, Any]:
        """Return the examples of a status: one of each kind of problem that has it."""
        if not self._world.timeline.editions:
            return {}
        kinds = [kind for kind in TYPES if status_of(kind) == status]
        found = ((kind, problem_of(self._app, TYPES[kind].example, self._below)) for kind in kinds)
        return {"examples": {str(kind): {"value": value} for kind, value in found}}

    # --- operations ---

    def _operation(self, rule: Rule, operation: Operation, name: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "summary": operation.about,
            "description": operation.details or operation.about,
            "operationId": name,
            "tags": [operation.tag],
            "parameters": list(_parameters(rule, operation)),
            "responses": self._responses(rule, operation),
        }
        example = address_of(operation, self._world, rule, operation.media_types[0])
        if example:
            made["x-example"] = example
        if operation.ways:
            # OpenAPI 3.1 has no word for parameters that depend on each other.
            ways = [{"required": sorted(way)} for way in operation.ways]
            made["x-query-schema"] = {"type": "object", "oneOf": ways}
        if operation.accepts:
            content = {
                media_type: {**self._body(media_type, each), **_sent(operation, media_type)}
                for media_type, each in operation.accepts.items()
            }
            made["requestBody"] = {"required": True, "content": content}
        return made

    def _responses(self, rule: Rule, operation: Operation) -> dict[str, Any]:
        reading = "POST" not in (rule.methods or ())
        statuses = [*_ALWAYS, *(_OF_A_BODY if operation.accepts else ())]
        if rule.arguments or any(each.name in _NAMES for each in operation.parameters):
            statuses.append(404)
        found: dict[str, Any] = {"200": self._answer(rule, operation)}
        if reading:
            unchanged = _headers("ETag", "Cache-Control", "RateLimit-Policy", "RateLimit")
            said = "What `If-None-Match` names is still so; there is no body."
            found["304"] = {"description": said, "headers": unchanged}
        for status in sorted(statuses):
            found[str(status)] = {"$ref": f"#/components/responses/{_name_of(status)}"}
        return found

    def _answer(self, rule: Rule, operation: Operation) -> dict[str, Any]:
        content = {
            media_type.partition(";")[0]: {
                **self._form(media_type, each),
                **self._example(rule, operation, media_type),
            }
            for media_type, each in operation.returns.items()
        }
        names = ["Cache-Control", "Content-Language", "RateLimit-Policy", "RateLimit"]
        if not operation.accepts:
            names.insert(0, "ETag")
        return {"description": "The answer.", "headers": _headers(*names), "content": content}

    def _form(self, media_type: str, each: Any) -> dict[str, Any]:
        """Return the part of a Media Type Object that says what a body is."""
        if each is None:
            return {"schema": {"type": "string"}}
        if media_type in LINES:
            said = "Lines, each of them JSON: see `x-item-schema`."
            return {
                "schema": {"type": "string", "description": said},
                "x-item-schema": self._schemas[id(each)],  # OpenAPI 3.2 has a word for it
            }
        return {"schema": self._schemas[id(each)]}

    def _body(self, media_type: str, each: Any) -> dict[str, Any]:
        """Return the same of a request's body: a file, to generators, where it is not JSON."""
        made = self._form(media_type, each)
        if media_type != JSON:
            made["schema"] = {**made["schema"], "format": "binary"}
        return made

    def _example(self, rule: Rule, operation: Operation, media_type: str) -> dict[str, Any]:
        if not self._world.timeline.editions:
            return {}
        address = address_of(operation, self._world, rule, media_type)
        key = (address, media_type)
        if key not in self._examples:
            self._examples[key] = example_of(self._app, operation, address, media_type, self._below)
        return self._examples[key]

    def _name(self, rule: Rule) -> str:
        """Return an operationId; where a view has several addresses, the later ones are longer."""
        name = str(rule.endpoint).rpartition(".")[2]
        if name in self._named:
            name = re.sub(r"\W+", "_", _CONVERTER.sub(r"\2", rule.rule[len(PREFIX) :])).strip("_")
        self._named.add(name)
        return name


def _parameters(rule: Rule, operation: Operation) -> Iterator[dict[str, Any]]:
    """Yield the parameters of an address, and those of the query."""
    written = {each.name: each for each in operation.parameters}
    for converter, name in _CONVERTER.findall(rule.rule):
        if name not in written and name != ENDING.name:
            schema = dict(WHOLE_NUMBER) if converter == "int" else {"type": "string"}
            yield {"name": name, "in": "path", "required": True, "schema": schema}
    for each in operation.parameters:
        if each.place != "path" or each.name in rule.arguments:
            yield {
                "name": each.name,
                "in": each.place,
                "description": each.about,
                "required": each.required or each.place == "path",
                "schema": dict(each.schema),
            }


def _sent(operation: Operation, media_type: str) -> dict[str, Any]:
    text = operation.asks.get(media_type)
    if text is None:
        return {}
    return {"example": msgspec.json.decode(text) if media_type == JSON else text}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers_of(status: int) -> tuple[str, ...]:
    common = ("Content-Language", "RateLimit-Policy", "RateLimit")
    if status in {429, 503}:
        return ("Retry-After", *common)
    return common if status != 401 else ("Content-Language",)


def _name_of(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
