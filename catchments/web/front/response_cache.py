"""The two commonest questions, answered in front of the application.

All answers of a world and a day have the same headers but for the length: those that Flask gave the
first time. Bodies for `/provider?school_id=N` are replayed byte for byte, for as long as the world
stands that they were made from; for a point the body is worked out. Whoever has the world's answers
already (`If-None-Match`) is told so as Flask told the first. Anything else goes to the application.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
from flask import Flask

from catchments.lookup.snapshot import Published
from catchments.lookup.values import flaw_of
from catchments.web.common.cache_control import freshness_ends
from catchments.web.common.payload import answer_json, point_answer
from catchments.web.common.services import EXTENSION, Services

KEPT_AT_MOST = 20_000
"""Answers kept a world: more than there are schools, too few to fill memory."""
PATHS = frozenset({"/provider", "/v1/provider"})
TAKES_JSON = frozenset(
    {"*/*", "application/json", "application/json, */*", "application/json, text/plain, */*"}
)
"""What clients that want JSON say; whoever says more is answered by the application."""
HEAD, UNCHANGED = object(), object()
"""Under which what begins all answers of a path is kept, and what begins a 304 for a tag."""
_SCHOOL = re.compile(r"school_id=([1-9][0-9]{0,8})")
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_POINT = re.compile(
    rf"lat=(?P<lat>{_DEGREES})&(?:lng|lon)=(?P<lng>{_DEGREES})"
    rf"|(?:lng|lon)=(?P<lng2>{_DEGREES})&lat=(?P<lat2>{_DEGREES})"
)

Headers = list[tuple[str, str]]


class ResponseCache:
    """The WSGI application of a Flask one, with answers kept in front of it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application: WSGIApplication = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from what is kept, or ask the application and keep what it says."""
        path = environ["PATH_INFO"]
        if path not in PATHS or not _is_plain(environ):
            return self._application(environ, start_response)
        world = self._world()
        if world is None:
            return self._application(environ, start_response)
        tag = environ.get("HTTP_IF_NONE_MATCH")
        make = _answer if tag is None else _unchanged
        kept = make(world, path, environ["QUERY_STRING"], tag)
        if kept is None:
            return self._answered(world, environ, start_response)
        status, headers, body = kept
        start_response(status, headers)
        return body

    def _world(self) -> Published | None:
        """Return the present world, or None where what is kept would soon be stale."""
        try:
            running: Services = self._app.extensions[EXTENSION]
            world = running.snapshots.current()
        except Exception:
            return None  # whatever is wrong, the application meets it too and says so
        left_s = freshness_ends(world) - time.time()
        # Towards midnight max-age shrinks by the second; the application works it out.
        return world if left_s > running.settings.max_age_s else None

    def _answered(
        self, world: Published, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        heads: list[tuple[str, Headers]] = []

        def noted(status: str, headers: Headers, exc_info: Any = None) -> Any:
            heads.append((status, list(headers)))
            return start_response(status, headers, exc_info)

        answer = self._application(environ, noted)
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        is_school = bool(_SCHOOL.fullmatch(query))
        if not heads or not (is_school or _POINT.fullmatch(query)):
            return answer
        status, headers = heads[0]
        if status.startswith("304"):
            if ("ETag", environ["HTTP_IF_NONE_MATCH"]) in headers:  # and no other way to say it
                world.memo[path, UNCHANGED, environ["HTTP_IF_NONE_MATCH"]] = status, headers
            return answer
        if status != "200 OK":
            return answer
        at = [name.lower() for name, _ in headers].index("content-length")
        world.memo[path, HEAD] = status, headers[:at], headers[at + 1 :]
        if not is_school or len(world.memo) >= KEPT_AT_MOST:
            return answer
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        world.memo[path, query] = body
        return [body]


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Whether a request asks for nothing but a whole answer as JSON, or whether it is another."""
    is_json = environ.get("HTTP_ACCEPT", "*/*") in TAKES_JSON
    return is_json and environ["REQUEST_METHOD"] == "GET"


def _answer(
    world: Published, path: str, query: str, _tag: str | None
) -> tuple[str, Headers, list[bytes]] | None:
    """Return an answer, or None where it is for the application to say."""
    head: tuple[str, Headers, Headers] | None = world.memo.get((path, HEAD))
    body: bytes | None = head and (world.memo.get((path, query)) or _body_of_point(world, query))
    if not head or not body:
        return None
    status, before, after = head
    return status, [*before, ("Content-Length", str(len(body))), *after], [body]


def _unchanged(
    world: Published, path: str, query: str, tag: str | None
) -> tuple[str, Headers, list[bytes]] | None:
    """Return what tells that an answer is as it was, or None where it is for the application.

    One for all that have an answer: a tag names what is published, and the day.
    """
    head: tuple[str, Headers] | None = world.memo.get((path, UNCHANGED, tag))
    if not head or not (_place(query) or _is_of_school(world, query)):
        return None
    status, headers = head
    return status, list(headers), []


def _is_of_school(world: Published, query: str) -> bool:
    asked, snapshot = _SCHOOL.fullmatch(query), world.as_at(world.today).snapshot
    return bool(asked and snapshot and int(asked[1]) in snapshot.answers)


def _body_of_point(world: Published, query: str) -> bytes | None:
    place = _place(query)
    if place is None:
        return None
    lng, lat = place
    today = world.as_at(world.today)
    return msgspec.json.encode(answer_json(point_answer(today, lng=lng, lat=lat), today))


def _place(query: str) -> tuple[float, float] | None:
    """Return longitude and latitude of a question for a point, or None of one that is no such."""
    asked = _POINT.fullmatch(query)
    if asked is None:
        return None
    lat, lng = float(asked["lat"] or asked["lat2"]), float(asked["lng"] or asked["lng2"])
    return None if flaw_of(lng=lng, lat=lat) else (lng, lat)
