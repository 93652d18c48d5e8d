"""Query parameters: each at most once, well formed, in combinations that mean something."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

from werkzeug.datastructures import MultiDict
from werkzeug.routing import BaseConverter, IntegerConverter, ValidationError

from catchments.core.errors import InputRefused, Kind, shown
from catchments.core.model import EDUCATION_REGIONS
from catchments.core.text_folding import folded
from catchments.lookup import values
from catchments.lookup.values import (
    ADDRESS,
    LAT,
    LNG,
    NUMBER,
    SCHOOL_ID,
    day_of,
    degrees,
    field_called,
    number_text,
    school_number,
    wrong_degrees,
    wrong_point,
)

EXAMPLE = "For example /v1/provider?school_id=54 or /v1/provider?lat=-36.8694&lng=174.7689."
Word = TypeVar("Word", bound=StrEnum)
WAYS_TO_ASK = (SCHOOL_ID, ADDRESS, LAT, LNG)


class Number(IntegerConverter):
    """A number in an address: as in a query."""

    regex = rf"\s*{NUMBER.pattern}\s*"

    def to_python(self, value: str) -> int:
        """Return the number. Raises ValidationError."""
        number = values.whole_number(value)
        if number is None:
            raise ValidationError
        return number


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
    names = named(given)
    if SCHOOL_ID in names:
        _refuse_beside(SCHOOL_ID, names)
        return Question(school_id=school_id(given[names[SCHOOL_ID]], name=names[SCHOOL_ID]), on=on)
    if ADDRESS in names:
        _refuse_beside(ADDRESS, names)
        return Question(address=given[names[ADDRESS]], on=on)
    if not names.keys() & {LAT, LNG}:
        raise InputRefused(
            "The parameter school_id is missing.",
            field="school_id",
            allowed="Give school_id, or lat and lng, or address.",
            next_step=EXAMPLE,
            kind=Kind.MISSING_PARAMETER,
        )
    lng, lat = _point(given, names, on)
    return Question(lng=lng, lat=lat, on=on)


def refuse_unknown_or_repeated(given: MultiDict[str, str], allowed: Collection[str]) -> None:
    """Raise InputRefused for a parameter that is not allowed or is given twice.

    What has more than one name may be called by any of them, but not by two at once.
    """
    seen: dict[str, str] = {}
    for name in given:
        field = name if name in allowed else field_called(name)
        if field not in allowed:
            raise InputRefused(
                f"There is no parameter {shown(name)}.",
                field=name[:80],
                allowed=_allowed(allowed),
                next_step="Remove it or correct its name.",
                kind=Kind.UNKNOWN_PARAMETER,
            )
        if len(given.getlist(name)) > 1:
            raise InputRefused(
                f"The parameter {name} is given {len(given.getlist(name))} times.",
                field=name,
                allowed="Each parameter may be given once.",
                next_step="Ask one question at a time.",
                kind=Kind.REPEATED_PARAMETER,
            )
        meant = field_called(name) or name
        if meant in seen:
            raise InputRefused(
                f"The parameters {seen[meant]} and {name} are given together.",
                field=name,
                allowed="They mean the same; give one of them.",
                next_step="Remove one of them.",
                kind=Kind.REPEATED_PARAMETER,
            )
        seen[meant] = name


def named(given: Iterable[str]) -> dict[str, str]:
    """Return under which name each parameter is given; those of one name are under that."""
    return {field_called(name) or name: name for name in given}


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


def school_id(text: str, *, name: str = SCHOOL_ID) -> int:
    """Return a school number. Raises InputRefused."""
    number = school_number(text)
    if number is None:
        raise InputRefused(
            f"The parameter {name} is {shown(text)}.",
            field=name,
            allowed=values.SCHOOL_NUMBER_ALLOWED,
            next_step=f"For example {name}=54.",
        )
    return number


def whole_number(given: Mapping[str, str], name: str) -> int | None:
    """Return a parameter of at most nine digits, or None. Raises InputRefused."""
    text = given.get(name)
    if text is None:
        return None
    number = values.whole_number(text)
    if number is None:
        raise InputRefused(
            f"The parameter {name} is {shown(text)}.",
            field=name,
            allowed="It must be a whole number of at most nine digits.",
            next_step=f"Correct it, or leave {name} out.",
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
        return allowed(text.strip())
    except ValueError:
        raise InputRefused(
            f"The parameter {name} is {shown(text)}.",
            field=name,
            allowed=f"It must be one of {', '.join(allowed)}.",
            next_step="Leave it out for all of them.",
        ) from None


def _refuse_beside(chosen: str, names: Mapping[str, str]) -> None:
    for field in WAYS_TO_ASK:
        if field != chosen and field in names:
            raise InputRefused(
                f"The parameters {names[chosen]} and {names[field]} are given together.",
                field=names[field],
                allowed="Give school_id, or lat and lng, or address: one of the three.",
                next_step="Remove one of them.",
                kind=Kind.CONFLICTING_PARAMETERS,
            )


def _point(
    given: Mapping[str, str], names: Mapping[str, str], on: date | None
) -> tuple[float, float]:
    """Return a longitude and a latitude that may be a point. Raises InputRefused."""
    lat, lng = (_degrees(given, names.get(field, field), field) for field in (LAT, LNG))
    wrong = wrong_point(lng=lng, lat=lat)
    if wrong is None:
        return lng, lat
    name = names[wrong.field]
    problem, next_step = wrong.problem, EXAMPLE
    if wrong.mended:
        meant = "/v1/provider?lng={}&lat={}".format(*map(number_text, wrong.mended))
        next_step = f"If that is so, ask {meant}{f'&on={on}' if on else ''}."
    else:
        problem = f"The parameter {name} is {shown(given[name])}."
    raise InputRefused(
        problem, field=name, allowed=wrong.allowed, next_step=next_step, kind=wrong.kind
    )


def _degrees(given: Mapping[str, str], name: str, field: str) -> float:
    if name not in given:
        raise InputRefused(
            f"The parameter {name} is missing.",
            field=name,
            allowed="A point needs both lat and lng, in WGS 84 decimal degrees.",
            next_step=EXAMPLE,
            kind=Kind.MISSING_PARAMETER,
        )
    text = given[name]
    value = degrees(text)
    if value is not None:
        return value
    wrong = wrong_degrees(field, text)
    raise InputRefused(
        f"The parameter {name} is {shown(text)}. {wrong.problem}",
        field=name,
        allowed=wrong.allowed,
        next_step=EXAMPLE,
    )
