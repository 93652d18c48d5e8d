"""How messages name several things."""

from __future__ import annotations

from collections.abc import Sequence

from catchments.core.errors import shown

NAMED_AT_MOST = 10


def named(things: Sequence[object]) -> str:
    """Return the first ten of some things, and how many more there are."""
    first = ", ".join(shown(thing) for thing in things[:NAMED_AT_MOST])
    more = len(things) - NAMED_AT_MOST
    return f"{first} and {more} more" if more > 0 else first
