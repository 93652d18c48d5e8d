"""Dates in the language of the page, as the Unicode consortium's CLDR writes them."""

from __future__ import annotations

from datetime import date

from flask_babel import format_date

from catchments.core import errors
from catchments.web.spoken.catalogues import is_english


def long_date(day: date) -> str:
    """Return a date as people write it: “5 January 2026”, “5 Hānuere 2026”."""
    return errors.long_date(day) if is_english() else str(format_date(day, "long"))
