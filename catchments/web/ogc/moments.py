"""The parameter `datetime` of OGC API – Features, as the one date that a response answers for."""

from __future__ import annotations

import re
from datetime import date, datetime

from catchments.core.errors import InputRefused, shown
from catchments.lookup.values import day_of
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_OPEN = {"", ".."}


def day_asked(text: str | None, *, today: date) -> date:
    """Return the date to answer for: today, a date or moment given, or one within an interval.

    A response never mixes two editions, so of an interval it is the date nearest to today. Dates
    are those of New Zealand. Raises InputRefused.
    """
    if text is None:
        return today
    parts = [part.strip() for part in text.split("/", 2)]
    if len(parts) == 1:
        return _day(parts[0], text)
    if len(parts) != 2 or set(parts) <= _OPEN:
        raise _no_time(text)
    starts, ends = (None if part in _OPEN else _day(part, text) for part in parts)
    if starts and ends and starts > ends:
        raise _no_time(text)
    return min(max(today, starts or today), ends or date.max)


def _day(part: str, text: str) -> date:
    if day := day_of(part):
        return day
    try:
        if _MOMENT.fullmatch(part):
            return datetime.fromisoformat(part).astimezone(NEW_ZEALAND_TIME).date()
    except (ValueError, OverflowError):
        pass  # such as 2026-02-30: refused below, like any other text
    raise _no_time(text)


def _no_time(text: str) -> InputRefused:
    return InputRefused(
        f"The parameter datetime is {shown(text)}.",
        field="datetime",
        allowed="It must be a date, a date and time with its zone, or two of them with / between.",
        next_step="For example datetime=2026-03-03, 2026-03-03T00:00:00Z or 2026-03-03/..",
    )
