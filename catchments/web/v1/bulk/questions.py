"""A body of many questions, as JSON, NDJSON or CSV: rows, each a question or a fault of its own.

A row that cannot be understood is marked and the others are read; only what makes the whole body
unreadable is refused.
"""

from __future__ import annotations

import codecs
from enum import StrEnum

from catchments.core.errors import BodyNotTaken, shown
from catchments.web.v1.bulk.csv_questions import read_csv
from catchments.web.v1.bulk.json_questions import read_json, read_ndjson
from catchments.web.v1.bulk.rows import BodyRefused, Questions

_BOM = b"\xef\xbb\xbf"
_ENCODINGS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_MARKS = {
    _BOM: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""How a text begins that says itself what it is, whatever was said of it; Excel's “Unicode text”
is UTF-16."""


class Form(StrEnum):
    """A form that questions come in and answers go out in."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


def read(body: bytes, form: Form, *, charset: str = "") -> Questions:
    """Return the rows of a body.

    Raises BodyRefused, BodyTooLarge or BodyNotTaken.
    """
    if form is Form.CSV:
        return read_csv(_text(body, charset))
    if charset and _ENCODINGS.get(charset.lower()) != "utf-8":
        raise _charset_not_taken(charset, "JSON is UTF-8.")
    body = body.removeprefix(_BOM)
    _check_encoding(body)
    return read_json(body) if form is Form.JSON else read_ndjson(body)


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BodyRefused(
            f"Line {line} of the body is not UTF-8, from byte {error.start + 1} of the body on.",
            allowed="JSON is UTF-8.",
            next_step="Send it as UTF-8.",
        ) from error


def _charset_not_taken(charset: str, allowed: str) -> BodyNotTaken:
    return BodyNotTaken(
        f"The character set of the body is {shown(charset)}.",
        allowed=allowed,
        next_step="Send it as UTF-8.",
    )


def _text(body: bytes, charset: str) -> str:
    encoding = _ENCODINGS.get(charset.lower())
    if encoding is None:
        raise _charset_not_taken(charset, f"It is one of {', '.join(filter(None, _ENCODINGS))}.")
    encoding = next((_MARKS[mark] for mark in _MARKS if body.startswith(mark)), encoding)
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BodyRefused(
            f"Line {line} of the body is not {encoding.removesuffix('-sig').upper()}.",
            row=max(line - 1, 1),
            allowed="CSV is read as UTF-8 unless it, or Content-Type, says otherwise.",
            next_step="Save it as UTF-8, or send Content-Type: text/csv; charset=windows-1252.",
        ) from error
