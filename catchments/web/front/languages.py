"""The language of a page, said by its address: `/mi/map` is `/map` in te reo Māori."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from catchments.web.common.i18n import LANGUAGE


class Languages:
    """The WSGI application of one whose pages are there in several languages.

    An address says the language by itself, so that it can be sent to somebody, and caches need no
    `Vary`. What the application stands below then ends with the language, and so do all of its
    links to pages.
    """

    def __init__(self, application: WSGIApplication, languages: Collection[str]) -> None:
        self._application, self._languages = application, languages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Take a language off the address, and answer."""
        language, _, rest = environ["PATH_INFO"][1:].partition("/")
        if language in self._languages:
            environ[LANGUAGE] = language
            environ["SCRIPT_NAME"] += f"/{language}"
            environ["PATH_INFO"] = f"/{rest}"
        return self._application(environ, start_response)
