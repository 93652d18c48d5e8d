"""Answers kept whole, in front of the application: the commonest question costs one look-up.

What Flask answered for `/provider?school_id=N` is replayed byte for byte, headers and all, for as
long as the world stands that it was made from. Anything else goes to the application.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from catchments.snapshot import World
from catchments.web.caching import freshness_ends
from catchments.web.context import EXTENSION, Service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_AT_MOST = 20_000
"""Answers kept a world: more than there are schools, too few to fill memory."""
PATHS = frozenset({"/provider", "/v1/provider"})
_QUERY = re.compile(r"school_id=[0-9]{1,9}")

Head = tuple[str, list[tuple[str, str]]]


class KeptAnswers:
    """The WSGI application of a Flask one, with answers kept in front of it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application: WSGIApplication = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Replay a kept answer, or ask the application and keep what it says."""
        if environ["PATH_INFO"] not in PATHS or not self._is_plain(environ):
            return self._application(environ, start_response)
        world = self._world()
        if world is None:
            return self._application(environ, start_response)
        kept = world.memo.get((environ["PATH_INFO"], environ["QUERY_STRING"]))
        if kept is None:
            return self._answered(world, environ, start_response)
        (status, headers), body = kept
        start_response(status, list(headers))
        return body  # type: ignore[no-any-return]

    def _is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether a request asks for nothing but a whole answer."""
        return environ["REQUEST_METHOD"] == "GET" and "HTTP_IF_NONE_MATCH" not in environ

    def _world(self) -> World | None:
        """Return the present world, or None where what is kept would soon be stale."""
        try:
            running: Service = self._app.extensions[EXTENSION]
            world = running.snapshots.current()
        except Exception:
            return None  # whatever is wrong, the application meets it too and says so
        left_s = freshness_ends(world) - time.time()
        # Towards midnight max-age shrinks by the second; the application works it out.
        return world if left_s > running.settings.max_age_s else None

    def _answered(
        self, world: World, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        heads: list[Head] = []

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            heads.append((status, list(headers)))
            return start_response(status, headers, exc_info)

        answer = self._application(environ, noted)
        if not (heads and heads[0][0] == "200 OK" and self._is_worth_keeping(world, environ)):
            return answer
        body = [b"".join(answer)]
        getattr(answer, "close", lambda: None)()
        world.memo[environ["PATH_INFO"], environ["QUERY_STRING"]] = (heads[0], body)
        return body

    def _is_worth_keeping(self, world: World, environ: WSGIEnvironment) -> bool:
        known = _QUERY.fullmatch(environ["QUERY_STRING"]) is not None
        return known and len(world.memo) < KEPT_AT_MOST
