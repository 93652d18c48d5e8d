"""Following the lookup: whatever is published or withdrawn, cases end up with who serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from catchments.requests.lookup import Lookup
from catchments.requests.rules.handovers import moves_ahead, moves_on
from catchments.requests.store.handovers import Handovers
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store.engine import now

ANYHOW_EVERY = timedelta(minutes=5)
"""Also where nothing was published: new cases may be in catchments that are to change hands."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one look at the lookup led to."""

    moved: int
    coming: int


def follow(
    handovers: Handovers, lookup: Lookup, *, today: Callable[[], date] = today_in_new_zealand
) -> Done | None:
    """Hand over what is to be handed over today, and write down what comes; None if all is known.

    Done again it changes nothing more. Raises LookupAway before anything of its answers is used:
    what was begun then is gone on with the next time.
    """
    day, feed, heard = today(), lookup.feed(), handovers.heard()
    known = heard is not None and (heard.editions, heard.day) == (feed.state, day)
    if known and heard is not None and timedelta() <= now() - heard.heard_at < ANYHOW_EVERY:
        return None
    held, holders = handovers.held()
    schools = {each.school_id for each in held}
    served = lookup.all_served(schools, day)
    moved = sum(handovers.move(move) for move in moves_on(held, served, holders))
    held, holders = handovers.held()
    ahead = {each: lookup.all_served(schools, each) for each in feed.days_after(day)}
    coming = moves_ahead(held, ahead, holders)
    handovers.write_down(coming)
    handovers.note_heard(day=day, editions=feed.state, demonstration=feed.demonstration)
    return Done(moved, len(coming))
