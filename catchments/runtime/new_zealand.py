"""New Zealand's clock, by whose midnights editions take effect."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

NEW_ZEALAND_TIME = ZoneInfo("Pacific/Auckland")
"""Dates are those of New Zealand: an edition takes effect at midnight there."""


def today_in_new_zealand() -> date:
    """Return the date that it is now in New Zealand."""
    return datetime.now(NEW_ZEALAND_TIME).date()
