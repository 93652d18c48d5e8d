"""One connection to the database for a request, instead of one for each of its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from catchments.store.engine import Database


class OneConnection:
    """The WSGI application of one whose transactions follow each other on one connection.

    An SQLite file that is opened reads its whole schema, which takes longer than most questions;
    a page of the staff asks six.
    """

    def __init__(self, application: WSGIApplication, database: Callable[[], Database]) -> None:
        self._application, self._database = application, database

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer; what is read while the answer is sent opens connections of its own."""
        with self._database().kept_open():
            return self._application(environ, start_response)
