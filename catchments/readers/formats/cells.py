"""Texts of cells: what a cell of any table holds, as text on one line."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from catchments.core.errors import shown

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"\d{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-\d{{2}}|20\d\d-\d\d-\d\d(?: \d\d:\d\d:\d\d)?",
    re.IGNORECASE,
)
"""What a spreadsheet makes of 1-2 and 3/4, in a CSV file or as a workbook has it."""
_SHORTENED = re.compile(r"[1-9](?:\.\d+)?E\+\d+", re.IGNORECASE)
_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"}
    | {"#GETTING_DATA", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!"}
)
"""What a spreadsheet shows in place of a value that it cannot reckon."""
_TOO_NARROW = re.compile("#{3,}")
"""What it shows, and may save as text, where a number is wider than its column."""
_KEPT_AS_TEXT = re.compile(r'\s*="([^"]*)"\s*')
"""How a CSV file keeps a spreadsheet from taking “02” for a number."""


def unwrapped(text: str) -> str:
    """Return a text that a CSV file keeps from becoming a number, `="02"`, without its wrapping."""
    kept = _KEPT_AS_TEXT.fullmatch(text)
    return kept[1] if kept else text


def shows_an_error(text: str) -> bool:
    """Whether a cell has what a spreadsheet shows where it has no value to show."""
    bare = text.strip()
    return bare.upper() in _ERRORS or _TOO_NARROW.fullmatch(bare) is not None


def is_shortened(text: str) -> bool:
    """Whether a text is a number of which a spreadsheet has dropped digits: 6.42E+10."""
    return _SHORTENED.fullmatch(text.strip()) is not None


def is_date(text: str) -> bool:
    """Whether a text is how a spreadsheet writes a day: it may have been a code, as 1-2."""
    return _DATE.fullmatch(text.strip()) is not None


def doubt_of(text: str) -> str:
    """Return what seems wrong with the text of a code or a name, or nothing."""
    if shows_an_error(text):
        return f"{shown(text)} is an error of a spreadsheet"
    if is_shortened(text):
        return f"{shown(text)} is a number that a spreadsheet shortened"
    return f"{shown(text)} is a date, as a spreadsheet makes of 1-2" if is_date(text) else ""


def tidy(text: str) -> str:
    """Return `text` in composed Unicode, without invisible characters, on one line."""
    if text.isascii() and text.isprintable():
        if "  " not in text and text == text.strip():
            return text  # as most are
    else:
        text = "".join(map(_visible, unicodedata.normalize("NFC", text)))
    return " ".join(text.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"}:  # marks that reverse or join text, and halves of characters
        return ""
    return " " if category == "Cc" else character


def cell_text(value: object) -> str:
    """Return a workbook's or a JSON value as the text a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # a spreadsheet has no whole numbers: 54 is kept as 54.0
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)
