"""Files that are sent with a form, and files that are given: a download each, and never a page."""

from __future__ import annotations

import io
from typing import IO, Any
from urllib.parse import quote

from flask import Request, Response, request

from catchments.core.errors import InputRefused
from catchments.requests.rules.files import LARGEST

LONGEST_UPLOAD = 100 * 1024 * 1024
"""Bytes of a form's file that are read at all: of one that is somewhat too large that is said."""
FILE, ONCE = "file", "file_once"
"""The fields of a form for its file, and for what tells the same form sent twice."""
_LONGEST_ONCE = 64


class UnwrittenRequest(Request):
    """A request whose files stay in memory while it is read: on no disk as they are, ever."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return _NoMoreThanNeeded()


class _NoMoreThanNeeded(io.BytesIO):
    """Bytes of which no more are held than tell that they are too many."""

    def write(self, content: Any, /) -> int:
        room = LARGEST + 1 - self.tell()
        super().write(bytes(content)[:room] if room > 0 else b"")
        return len(content)


def file_sent() -> tuple[str, bytes] | None:
    """Return name and content of the file that was chosen in a form, or None."""
    given = request.files.get(FILE)
    if given is None or not given.filename:
        return None
    with given.stream as sent:
        return given.filename, sent.read(LARGEST + 1)


def once_of(field: str) -> str:
    """Return what tells a form that is sent twice. Raises InputRefused for none of ours."""
    once = request.form.get(field, "")
    if not 16 <= len(once) <= _LONGEST_ONCE:
        raise InputRefused("The form was not written by this service.", next_step="Load it again.")
    return once


def download(name: str, media_type: str, content: bytes) -> Response:
    """Return a file as a download."""
    response = Response(content, mimetype=media_type)
    # In ASCII for old browsers, and as it is named for the others.
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = named
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
