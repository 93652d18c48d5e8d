"""One connection to the database for a request, instead of one for each of its transactions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from catchments.web.common.services import EXTENSION, Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask


class OneConnection:
    """The WSGI application of one whose transactions follow each other on one connection.

    An SQLite file that is opened reads its whole schema, which takes longer than most questions;
    a page of the staff asks six.
    """

    def __init__(self, app: Flask, application: WSGIApplication) -> None:
        self._app, self._application = app, application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer; what is read while the answer is sent opens connections of its own."""
        services: Services = self._app.extensions[EXTENSION]
        with services.store.kept_open():
            return self._application(environ, start_response)
