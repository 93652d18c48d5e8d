"""The two commonest questions, answered in front of the application.

What Flask answered for `/provider?school_id=N` is replayed byte for byte, headers and all, for as
long as the world stands that it was made from. For a point only the body is worked out. Anything
else goes to the application.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask

from catchments.lookup.snapshot import Published
from catchments.lookup.values import flaw_of
from catchments.web.common.http_cache import freshness_ends
from catchments.web.common.payload import answer_json, point_answer
from catchments.web.common.services import EXTENSION, Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_AT_MOST = 20_000
"""Answers kept a world: more than there are schools, too few to fill memory."""
PATHS = frozenset({"/provider", "/v1/provider"})
TAKES_JSON = frozenset(
    {"*/*", "application/json", "application/json, */*", "application/json, text/plain, */*"}
)
"""What clients that want JSON say; whoever says more is answered by the application."""
POINT = "point"
_SCHOOL = re.compile(r"school_id=[1-9][0-9]{0,8}")
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_POINT = re.compile(
    rf"lat=(?P<lat>{_DEGREES})&(?:lng|lon)=(?P<lng>{_DEGREES})"
    rf"|(?:lng|lon)=(?P<lng2>{_DEGREES})&lat=(?P<lat2>{_DEGREES})"
)

Headers = list[tuple[str, str]]
Head = tuple[str, Headers]


class ResponseCache:
    """The WSGI application of a Flask one, with answers kept in front of it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application: WSGIApplication = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from what is kept, or ask the application and keep what it says."""
        if environ["PATH_INFO"] not in PATHS or not self._is_plain(environ):
            return self._application(environ, start_response)
        world = self._world()
        if world is None:
            return self._application(environ, start_response)
        query = environ["QUERY_STRING"]
        kept = world.memo.get((environ["PATH_INFO"], query)) or _of_point(world, environ, query)
        if kept is None:
            return self._answered(world, environ, start_response)
        (status, headers), body = kept
        start_response(status, list(headers))
        return body

    def _is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether a request asks for nothing but a whole answer as JSON."""
        return (
            environ["REQUEST_METHOD"] == "GET"
            and "HTTP_IF_NONE_MATCH" not in environ
            and environ.get("HTTP_ACCEPT", "*/*") in TAKES_JSON
        )

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
        heads: list[Head] = []

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            heads.append((status, list(headers)))
            return start_response(status, headers, exc_info)

        answer = self._application(environ, noted)
        if not (heads and heads[0][0] == "200 OK"):
            return answer
        query = environ["QUERY_STRING"]
        if _POINT.fullmatch(query):
            status, headers = heads[0]
            at = [name.lower() for name, _ in headers].index("content-length")
            world.memo[environ["PATH_INFO"], POINT] = (status, headers[:at], headers[at + 1 :])
        if not (_SCHOOL.fullmatch(query) and len(world.memo) < KEPT_AT_MOST):
            return answer
        body = [b"".join(answer)]
        getattr(answer, "close", lambda: None)()
        world.memo[environ["PATH_INFO"], query] = (heads[0], body)
        return body


def _of_point(
    world: Published, environ: WSGIEnvironment, query: str
) -> tuple[Head, list[bytes]] | None:
    """Return the answer for a point, or None where it is for the application to say.

    Of all points of a world and a day the headers are the same, so that they are the
    application's but for the length; only the body is worked out.
    """
    head: tuple[str, Headers, Headers] | None = world.memo.get((environ["PATH_INFO"], POINT))
    asked = head and _POINT.fullmatch(query)
    if not head or not asked:
        return None
    lat, lng = float(asked["lat"] or asked["lat2"]), float(asked["lng"] or asked["lng2"])
    if flaw_of(lng=lng, lat=lat):
        return None
    today = world.as_at(world.today)
    body = msgspec.json.encode(answer_json(point_answer(today, lng=lng, lat=lat), today))
    status, before, after = head
    return (status, [*before, ("Content-Length", str(len(body))), *after]), [body]
