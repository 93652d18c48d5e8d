"""Real answers for the document: the application is asked itself, past what stands in front of it.

Neither rate limits nor kept answers have a part in that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import quote

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from catchments.lookup.snapshot import Published
from catchments.web.common import problems
from catchments.web.common.contract import Operation
from catchments.web.common.problem_types import Asked as AskedFor
from catchments.web.common.problem_types import Example

SHOWN_SCHOOL = 54
ENDINGS = {"application/json": "json", "application/geo+json": "geojson", "text/csv": "csv"}
LONGEST = 24_000
"""Bytes of an example; of a longer answer the document gives the address."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request came to."""

    status: int
    media_type: str
    body: bytes
    """At most somewhat more than LONGEST bytes of it."""

    @property
    def whole(self) -> bool:
        """Whether it is short enough to be shown."""
        return len(self.body) <= LONGEST

    @property
    def value(self) -> Any:
        """The body as a document shows it: an object where it is JSON, otherwise its text."""
        text = self.body.decode()
        return json.loads(text) if self.media_type.endswith(("/json", "+json")) else text


def ask(
    app: Flask, address: str, accept: str, *, root: str = "", body: str = "", content_type: str = ""
) -> Asked:
    """Return what an application answers at an address, asked as if over HTTP below `root`."""
    builder = EnvironBuilder(
        path=address,
        base_url=f"http://localhost{root}",
        method="POST" if content_type else "GET",
        headers=Headers([("Accept", accept)]),
        data=body or None,
        content_type=content_type or None,
        environ_overrides={problems.EXAMPLE: True},
    )
    # The application's own method: `app.wsgi_app` has doors in front that count and keep.
    inner = partial(Flask.wsgi_app, app)
    pieces, status, headers = run_wsgi_app(inner, builder.get_environ(), buffered=False)
    return Asked(int(status[:3]), headers.get("Content-Type", "").partition(";")[0], _read(pieces))


def problem_of(app: Flask, example: Example, root: str = "") -> dict[str, Any]:
    """Return a problem as it is really answered below `root`."""
    if isinstance(example, AskedFor):
        found = ask(
            app,
            example.address,
            example.accept,
            root=root,
            body=example.body,
            content_type=example.content_type,
        )
        return cast(dict[str, Any], found.value)
    builder = EnvironBuilder(
        base_url=f"http://localhost{root}",
        headers=Headers([("Accept", problems.PROBLEM)]),
        environ_overrides={problems.EXAMPLE: True},
    )
    with app.request_context(builder.get_environ()):
        return cast(dict[str, Any], example().get_json())


def address_of(
    operation: Operation, world: Published, rule: Rule, media_type: str = "application/json"
) -> str:
    """Return an operation's example address for a world and a rule; empty where there is none."""
    snapshot = world.on(world.today) if world.timeline.editions else None
    if snapshot is None:
        return ""
    edition = snapshot.edition
    served = [each for each in edition.catchments.values() if each.provider_code]
    schools = snapshot.release.schools
    known = {
        "school": SHOWN_SCHOOL if SHOWN_SCHOOL in schools else next(iter(sorted(schools)), ""),
        "catchment": served[0].code if served else "",
        "provider": served[0].provider_code if served else "",
        "edition": edition.number,
    }
    address = operation.example.format_map({key: quote(str(one)) for key, one in known.items()})
    if "ending" not in rule.arguments:
        return address
    path, mark, query = address.partition("?")
    return f"{path}.{ENDINGS[media_type]}{mark}{query}"


def example_of(
    app: Flask, operation: Operation, address: str, media_type: str, root: str
) -> dict[str, Any]:
    """Return a Media Type Object's example of an operation: nothing where there is none."""
    if not address:
        return {}
    sent = next(iter(operation.asks.items()), ("", ""))
    if operation.accepts and not sent[0]:
        return {}
    bare = media_type.partition(";")[0]
    found = ask(app, address, bare, root=root, content_type=sent[0], body=sent[1])
    if found.status != 200 or found.media_type != bare:
        return {}
    if not found.whole and bare != operation.media_types[0]:
        return {}  # opened by itself, the address would give the first form
    if not found.whole:
        return {"x-example": f"{root}{address}"}  # generators would fetch an `externalValue`
    return {"example": found.value}


def _read(pieces: Any) -> bytes:
    read = b""
    try:
        for piece in pieces:
            read += piece
            if len(read) > LONGEST:
                break
    finally:
        getattr(pieces, "close", lambda: None)()
    return read
