"""The names under which this service may be asked; under any other nothing is answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from catchments.web.common import problems
from catchments.web.common.problems import instead_of_flask
from catchments.web.front.room import CHECKS

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+?)\.?(:[0-9]{1,5})?")
KNOWN_AT_MOST = 100


class KnownHosts:
    """The WSGI application, for requests to a host that is known.

    What watches a server asks it by whatever name its machine has, and is told nothing but how the
    server is.
    """

    def __init__(self, app: Flask, inner: WSGIApplication, hosts: Iterable[str]) -> None:
        self._app, self._inner = app, inner
        self._hosts = tuple(hosts)
        self._known: set[str] = set()
        """As they were written; not many, since a client may write a port behind each."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, or say that there is nobody of that name here."""
        host = environ.get("HTTP_HOST", "")
        if host in self._known or environ["PATH_INFO"] in CHECKS or self._is_trusted(host):
            return self._inner(environ, start_response)
        # The name that was asked for reaches nothing: neither an address nor a cache.
        told = {**environ, "HTTP_HOST": self._hosts[0].lstrip("."), "HTTP_X_FORWARDED_HOST": ""}
        return instead_of_flask(self._app, told, start_response, problems.unknown_host)

    def _is_trusted(self, host: str) -> bool:
        named = _HOST.fullmatch(host.lower())
        if named is None:
            return False
        name = named["name"]
        if not any(_means(each, name) for each in self._hosts):
            return False
        if len(self._known) < KNOWN_AT_MOST:
            self._known.add(host)
        return True


def _means(trusted: str, name: str) -> bool:
    below = trusted.startswith(".") and name.endswith(trusted.lower())
    return below or name == trusted.lower().removeprefix(".")
