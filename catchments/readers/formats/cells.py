"""Texts of cells: what a cell of any table holds, as text on one line."""

from __future__ import annotations

import unicodedata
from datetime import datetime


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
