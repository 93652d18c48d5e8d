"""Tables of what differs between two editions."""

from __future__ import annotations

from collections.abc import Mapping

from catchments.changes.comparison import schools_moved
from catchments.changes.effects import effects
from catchments.commands.console import say, table
from catchments.core.model import Answer, Edition, School

NAMED_AT_MOST = 30


def show_effects(before: Edition, after: Edition, schools: Mapping[int, School]) -> None:
    """Print what one edition has that another has not, and what differs, thing by thing.

    Of what is only added the first are named; whatever is dropped or altered is named whole.
    """
    found = effects(before, after, schools)
    if not found:
        say("It changes nothing.")
        return
    say("What it changes:")
    for effect in found:
        say(f"{effect.what}: {len(effect.lines):,}")
        shown = effect.lines[:NAMED_AT_MOST] if effect.only_adds else effect.lines
        for line in shown:
            say(f"  {line}")
        if len(effect.lines) > len(shown):
            say(f"  … and {len(effect.lines) - len(shown):,} more")


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
