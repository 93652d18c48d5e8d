"""Tables of what differs between two editions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catchments.changes.comparison import compare, schools_moved
from catchments.commands.console import say, table
from catchments.core.model import Answer, Edition

NAMED_AT_MOST = 20


def show_comparison(before: Edition, after: Edition) -> None:
    """Print what one edition has that another has not, and what differs."""
    difference = compare(before, after)
    if not difference:
        say("It changes nothing.")
        return
    rows = [
        (name.replace("_", " "), len(things), _some(things))
        for name in difference.__dataclass_fields__
        if (things := getattr(difference, name))
    ]
    table("What it changes", ("What", "How many", "Which"), rows)


def show_moved(before: Mapping[int, Answer], after: Mapping[int, Answer]) -> None:
    """Print the schools whose provider differs."""
    moved = schools_moved(before, after)
    say(f"{len(moved)} schools get another provider.")
    rows = [
        (school.school_id, school.name, old.name if old else "–", new.name if new else "–")
        for school, old, new in moved[:NAMED_AT_MOST]
    ]
    if rows:
        table("Provider changes", ("Number", "School", "Before", "After"), rows)
    if len(moved) > NAMED_AT_MOST:
        say(f"… and {len(moved) - NAMED_AT_MOST} more.")


def _some(things: Sequence[object]) -> str:
    more = len(things) - NAMED_AT_MOST
    named = ", ".join(str(thing) for thing in things[:NAMED_AT_MOST])
    return f"{named} … and {more} more" if more > 0 else named
