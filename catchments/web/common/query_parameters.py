"""Query parameters: each at most once, well formed, in combinations that mean something."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

from werkzeug.datastructures import MultiDict
from werkzeug.routing import BaseConverter, IntegerConverter

from catchments.core.errors import InputRefused, shown
from catchments.core.model import EDUCATION_REGIONS
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import checked_degrees
from catchments.lookup import values
from catchments.lookup.values import WHOLE, day_of, degrees, school_number

EXAMPLE = "For example /v1/provider?school_id=54 or /v1/provider?lat=-36.8694&lng=174.7689."
Word = TypeVar("Word", bound=StrEnum)
WAYS_TO_ASK = ("school_id", "address", "lat", "lng", "lon")


class Number(IntegerConverter):
    """A number in an address: as in a query, at most nine digits, and of ASCII only."""

    regex = WHOLE


class Code(BaseConverter):
    """A code in an address: any text, slashes at its beginning included."""

    regex = "(?s:.+)"
    part_isolating = False

    def to_url(self, value: str) -> str:
        """Quote all that an address gives a meaning to."""
        return quote(value, safe="")


@dataclass(frozen=True, slots=True)
class Question:
    """What /provider is asked: a school, an address or a point, on a date or today."""

    school_id: int | None = None
    address: str | None = None
    lng: float = 0.0
    lat: float = 0.0
    on: date | None = None


def question(given: MultiDict[str, str]) -> Question:
    """Return what a query asks whose parameters are known, each given once.

    Raises InputRefused for a missing, conflicting or malformed parameter.
    """
    on = optional_date(given)
    if "school_id" in given:
        _refuse_beside("school_id", given)
        return Question(school_id=school_id(given["school_id"]), on=on)
    if "address" in given:
        _refuse_beside("address", given)
        return Question(address=given["address"], on=on)
    lng_name = _longitude_name(given)
    if "lat" not in given and lng_name not in given:
        raise InputRefused(
            "The parameter school_id is missing.",
            field="school_id",
            allowed="Give school_id, or lat and lng, or address.",
            next_step=EXAMPLE,
        )
    lat = _degrees(given, "lat", limit=90)
    lng = _degrees(given, lng_name, limit=180)
    return Question(lng=lng, lat=lat, on=on)


def refuse_unknown_or_repeated(given: MultiDict[str, str], allowed: Collection[str]) -> None:
    """Raise InputRefused for a parameter that is not allowed or is given twice."""
    for name in given:
        if name not in allowed:
            raise InputRefused(
                f"There is no parameter {shown(name)}.",
                field=name[:80],
                allowed=_allowed(allowed),
                next_step="Remove it or correct its name.",
            )
        if len(given.getlist(name)) > 1:
            raise InputRefused(
                f"The parameter {name} is given {len(given.getlist(name))} times.",
                field=name,
                allowed="Each parameter may be given once.",
                next_step="Ask one question at a time.",
            )


def _allowed(names: Collection[str]) -> str:
    if not names:
        return "This address takes no parameter."
    return f"Allowed {'is' if len(names) == 1 else 'are'} {', '.join(sorted(names))}."


def page_parameters(given: MultiDict[str, str], allowed: Collection[str]) -> MultiDict[str, str]:
    """Return what a page takes of a query; what it does not know was added by whoever shared it.

    A blank date, which a form sends when it is emptied, is none. Raises InputRefused for a
    parameter that is given twice.
    """
    known = MultiDict((name, text) for name, text in given.items(multi=True) if name in allowed)
    if known.get("on", "-").strip() == "":
        known.pop("on")
    refuse_unknown_or_repeated(known, allowed)
    return known


def optional_date(given: MultiDict[str, str], name: str = "on") -> date | None:
    """Return a parameter that is a date, or None where it is absent. Raises InputRefused."""
    if name not in given:
        return None
    text = given[name]
    day = day_of(text)
    if day is not None:
        return day
    raise InputRefused(
        f"The parameter {name} is {shown(text)}.",
        field=name,
        allowed="It must be a date of the calendar as YYYY-MM-DD.",
        next_step=f"For example {name}=2026-03-03.",
    )


def whole_number(given: Mapping[str, str], name: str) -> int | None:
    """Return a parameter of at most nine digits, or None if it is absent. Raises InputRefused."""
    if name not in given:
        return None
    number = values.whole_number(given[name])
    if number is not None:
        return number
    raise InputRefused(
        f"The parameter {name} is {shown(given[name])}.",
        field=name,
        allowed="It must be a whole number of at most nine digits.",
        next_step=f"Correct it, or leave {name} out.",
    )


def school_id(text: str) -> int:
    """Return a school number. Raises InputRefused."""
    number = school_number(text)
    if number is None:
        raise InputRefused(
            f"The parameter school_id is {shown(text)}.",
            field="school_id",
            allowed="It must be a school's number in the Ministry's directory, digits only.",
            next_step="For example school_id=54.",
        )
    return number


def region(text: str, used: Iterable[str]) -> str:
    """Return an education region's name, however it is spelled; nothing for all.

    `used` are the names that catchments have, beside the usual ones. Raises InputRefused.
    """
    known = {folded(name): name for name in (*EDUCATION_REGIONS, *used)}
    if not text or folded(text) in known:
        return known.get(folded(text), "")
    raise InputRefused(
        f"The parameter region is {shown(text)}.",
        field="region",
        allowed=f"It must be an education region: {'; '.join(known.values())}.",
        next_step="Leave it out for all of them.",
    )


def one_of(given: Mapping[str, str], name: str, allowed: type[Word]) -> Word | None:
    """Return a parameter that is one of a few words, or None. Raises InputRefused."""
    text = given.get(name)
    if text is None:
        return None
    try:
        return allowed(text)
    except ValueError:
        raise InputRefused(
            f"The parameter {name} is {shown(text)}.",
            field=name,
            allowed=f"It must be one of {', '.join(allowed)}.",
            next_step="Leave it out for all of them.",
        ) from None


def _refuse_beside(chosen: str, given: MultiDict[str, str]) -> None:
    for name in WAYS_TO_ASK:
        if name != chosen and name in given:
            raise InputRefused(
                f"The parameters {chosen} and {name} are given together.",
                field=name,
                allowed="Give school_id, or lat and lng, or address: one of the three.",
                next_step="Remove one of them.",
            )


def _longitude_name(given: MultiDict[str, str]) -> str:
    if "lng" in given and "lon" in given:
        raise InputRefused(
            "The parameters lng and lon are given together.",
            field="lon",
            allowed="They mean the same; give one of them.",
            next_step="Remove one of them.",
        )
    return "lon" if "lon" in given else "lng"


def _degrees(given: MultiDict[str, str], name: str, *, limit: float) -> float:
    if name not in given:
        raise InputRefused(
            f"The parameter {name} is missing.",
            field=name,
            allowed="A point needs both lat and lng, in WGS 84 decimal degrees.",
            next_step=EXAMPLE,
        )
    text = given[name]
    value = degrees(text)
    if value is None:
        raise InputRefused(
            f"The parameter {name} is {shown(text)}.",
            field=name,
            allowed=f"It must be a number of degrees from {-limit:g} to {limit:g}.",
            next_step=EXAMPLE,
        )
    return checked_degrees(name, value, limit=limit)
