"""Validators and freshness: a response may be kept only as long as it stays true.

Answers are kept for `max_age_s` of `core/settings.py`, or less; other times than that are here.

An `ETag` names the edition, the directory release, the state of the archive (a scheduled edition
changes what an answer says of the future, other aliases what a school is called) and the date that
the answer is for.
"""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from datetime import time as clock

from flask import Response, request

from catchments.lookup.snapshot import AsAt, Published
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME

REPRESENTATION = "3"
"""Raise it when the same answer is written in another way."""
FOR_GOOD = "max-age=31536000, immutable"
FOR_NOBODY = "no-store"
"""Of what names the host that a request came to, which whoever asked may have made up."""
AN_HOUR, A_MINUTE = "max-age=3600", "max-age=60"


def etag(asked: AsAt, *, written: str = "") -> str:
    """Return the quoted entity tag of an answer on a date; `written` is how its page is."""
    world, day, snapshot = asked.world, asked.day, asked.snapshot
    edition = snapshot.edition.number if snapshot else 0
    release = snapshot.release.number if snapshot else 0
    state = world.state
    archive = f"{state.editions}.{state.withdrawn}.{state.releases}.{state.aliases}"
    # What is said of a date depends on today as well: whether it is past, what is still to change.
    days = f"{day:%Y%m%d}" if day == world.today else f"{day:%Y%m%d}.{world.today:%Y%m%d}"
    return f'"{written or REPRESENTATION}-e{edition}-d{release}-a{archive}-{days}"'


def midnight_after(day: date) -> float:
    """Return the moment, in seconds since 1970, at which a date ends in New Zealand.

    Editions take effect at midnight, so nothing cached before the next one is kept past it.
    """
    return datetime.combine(day + timedelta(days=1), clock(), NEW_ZEALAND_TIME).timestamp()


def freshness_ends(world: Published) -> float:
    """Return the moment until which what this world says of today may be true."""
    ends = world.memo.get("ends")
    if ends is None:
        ends = world.memo["ends"] = midnight_after(world.today)
    return float(ends)


def cache_control(world: Published, max_age_s: int, *, private: bool = False) -> str:
    """Return the `Cache-Control` of an answer from this world."""
    left = int(freshness_ends(world) - time.time())
    # Whatever may be kept for a while shared caches keep, unless it says “private”.
    return f"{'private, ' if private else ''}max-age={max(0, min(max_age_s, left))}"


def validated(response: Response, tag: str, control: str) -> Response:
    """Give a response its validators; it becomes 304 where the client has it already."""
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = control
    if "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response
