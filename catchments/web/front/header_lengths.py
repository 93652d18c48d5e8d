"""The limit of a header's length: what reads headers takes its time over each word.

A server in front mostly sees to it (nginx takes 8 kB a header); this one may stand alone. The
length of an address is bounded by what reads HTTP: 64 kB.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from catchments.web.common import problems
from catchments.web.common.problems import LONGEST_HEADER, instead_of_flask

_OTHER_HEADERS = {"CONTENT_TYPE", "CONTENT_LENGTH"}


class ShortHeaders:
    """The WSGI application, for requests whose headers are of a usual length."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app = app
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, or say which header is too long without reading it."""
        for name, value in environ.items():
            if isinstance(value, str) and len(value) > LONGEST_HEADER and _is_header(name):
                return self._refused(name, environ, start_response)
        return self._inner(environ, start_response)

    def _refused(
        self, name: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = [each for each in environ if _is_header(each)]
        short = {each: text for each, text in environ.items() if each not in headers}
        if len(environ.get("HTTP_ACCEPT", "")) <= LONGEST_HEADER:
            short["HTTP_ACCEPT"] = environ.get("HTTP_ACCEPT", "*/*")
        header = name.removeprefix("HTTP_").replace("_", "-").title()
        problem = partial(problems.too_long, header, LONGEST_HEADER)
        return instead_of_flask(self._app, short, start_response, problem)


def _is_header(name: str) -> bool:
    return name.startswith("HTTP_") or name in _OTHER_HEADERS
