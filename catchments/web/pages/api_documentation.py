"""The page for programmers: the contract's document, readable, with its own examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app
from flask_babel import gettext
from markupsafe import Markup, escape

from catchments.core.errors import Kind
from catchments.web.common.services import absolute, as_published, public_page, service
from catchments.web.front.rate_limits import WINDOW_S
from catchments.web.pages.request_samples import TONGUES, Call, Sample, samples_of
from catchments.web.v1.formats import Form
from catchments.web.v1.openapi import Contract, contract
from catchments.web.v1.wording import PROBLEMS

blueprint = Blueprint("documentation", __name__)

Json = Mapping[str, Any]
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of an object, as a row of a table."""

    name: str
    kind: Markup
    about: Markup
    required: bool = True


@dataclass(frozen=True)
class Described:
    """One operation as the page shows it."""

    method: str
    path: str
    anchor: str
    about: str
    parameters: list[Field]
    samples: tuple[Sample, ...]
    """The call in each tongue; none where it has no example."""
    answer: str
    """The real answer to it, in the first form that it comes in; empty where there is none."""
    answers: Markup
    """The type of the answer."""
    media_types: list[str]
    endings: list[str]
    accepts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shape:
    """One object of the document."""

    name: str
    about: Markup
    fields: list[Field]
    words: list[str]
    """What it may be, where it is one of several words."""


@blueprint.get("/api")
def page() -> Response:
    """Show what other services can ask, and how."""
    asked = as_published()
    made = contract(asked.world)
    reader = Reader(made, absolute(""))
    tags = reader.tags()
    return public_page(
        asked,
        "api.html",
        gettext("API"),
        written=made.digest,
        base=reader.base,
        tags=tags,
        first=next((each for _, _, found in tags for each in found if each.answer), None),
        shapes=reader.shapes(),
        problems=[(status, code_spans(said)) for status, said in sorted(PROBLEMS.items())],
        refused=reader.refused(),
        quota=service().settings.rate_limit,
        window_s=WINDOW_S,
        max_age_s=service().settings.max_age_s,
        there_is=current_app.view_functions.__contains__,
        tongues=TONGUES,
    )


def code_spans(text: str) -> Markup:
    """Return a text with what stands between backticks as code."""
    parts = _SPAN.split(text)
    spans = (
        escape(p) if n % 2 == 0 else Markup("<code>{}</code>").format(p)
        for n, p in enumerate(parts)
    )
    return Markup().join(spans)


class Reader:
    """Reads the document for the page; `base` is the address that examples begin with."""

    def __init__(self, made: Contract, base: str) -> None:
        self.base = base
        self._document = made.document
        self._schemas: Json = made.document["components"]["schemas"]

    def tags(self) -> list[tuple[str, str, list[Described]]]:
        """Return the tags with their operations; those without any are left out."""
        found: dict[str, list[Described]] = {tag["name"]: [] for tag in self._document["tags"]}
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                if "x-ending" not in operation:
                    found[operation["tags"][0]].append(self._described(path, method, operation))
        about = {tag["name"]: tag["description"] for tag in self._document["tags"]}
        return [(name, about[name], made) for name, made in found.items() if made]

    def shapes(self) -> list[Shape]:
        """Return the objects by name."""
        return [self._shape(name, self._schemas[name]) for name in sorted(self._schemas)]

    def refused(self) -> str:
        """Return what a problem looks like."""
        content = self._document["components"]["responses"]["BadRequest"]["content"]
        examples: Json = content["application/problem+json"].get("examples", {})
        return _pretty(examples.get(Kind.INVALID_VALUE, {}).get("value"))

    def _described(self, path: str, method: str, operation: Json) -> Described:
        content: Json = operation["responses"]["200"]["content"]
        first = next(iter(content))
        schema = content[first]["schema"]
        sent: Json = operation.get("requestBody", {}).get("content", {})
        return Described(
            method=method.upper(),
            path=path,
            anchor=operation["operationId"],
            about=operation["summary"],
            parameters=[*map(self._field_of_parameter, operation["parameters"])],
            samples=self._samples(operation, first, sent),
            answer=_pretty(content[first].get("example")),
            answers=self._kind(schema) if "$ref" in schema else Markup(),
            media_types=[each.partition(";")[0] for each in content],
            endings=[form for form in Form if f"{path}.{form}" in self._document["paths"]],
            accepts=list(sent),
        )

    def _samples(self, operation: Json, answered_in: str, sent: Json) -> tuple[Sample, ...]:
        address = operation.get("x-example", "")
        if not address:
            return ()
        nothing: tuple[str, Json] = ("", {})
        sent_in, content = next(iter(sent.items()), nothing)
        bare = answered_in.partition(";")[0]
        return samples_of(Call(f"{self.base}{address}", bare, sent_in, content.get("example")))

    def _field_of_parameter(self, parameter: Json) -> Field:
        about = code_spans(parameter.get("description", ""))
        kind = self._kind(parameter["schema"])
        return Field(parameter["name"], kind, about, parameter["required"])

    def _shape(self, name: str, schema: Json) -> Shape:
        required = schema.get("required", [])
        fields = [
            Field(key, self._kind(each), code_spans(each.get("description", "")), key in required)
            for key, each in schema.get("properties", {}).items()
        ]
        about = code_spans(schema.get("description", ""))
        return Shape(name, about, fields, [str(each) for each in schema.get("enum", [])])

    def _kind(self, schema: Json) -> Markup:
        """Return in words what a value is; objects are links to what they hold."""
        return Markup(" {} ").format(gettext("or")).join(self._kinds(schema)) or Markup("any")

    def _kinds(self, schema: Json) -> Iterator[Markup]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield Markup('<a href="#is-{0}">{0}</a>').format(name)
        elif "anyOf" in schema or "oneOf" in schema:
            for each in schema.get("anyOf") or schema["oneOf"]:
                yield from self._kinds(each)
        elif "enum" in schema:
            yield from (Markup("<code>{}</code>").format(each) for each in schema["enum"])
        elif schema.get("type") == "array":
            held = schema.get("prefixItems") or [schema.get("items") or {}]
            yield escape(gettext("list of ")) + Markup(", ").join(map(self._kind, held))
        elif "type" in schema:
            yield escape(_plain(schema))


def _plain(schema: Json) -> str:
    if schema.get("format") == "date":
        return str(gettext("date"))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{schema['type']}, {low}…{high}"
    return str(schema["type"])


def _pretty(example: Any) -> str:
    if example is None or isinstance(example, str):
        return example or ""
    return json.dumps(example, ensure_ascii=False, indent=2)
