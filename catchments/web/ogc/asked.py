"""The query of a request for features: each value read as at every other door.

pygeoapi is given what was read, so that it has nothing to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import request

from catchments.core.errors import InputRefused, Kind, shown
from catchments.core.text_folding import folded
from catchments.lookup import values
from catchments.lookup.snapshot import AsAt
from catchments.web.common.pins import EDITION, PINS, pinned
from catchments.web.common.query_parameters import (
    named,
    one_of,
    optional_date,
    refuse_unknown_or_repeated,
    school_id,
    whole_number,
)
from catchments.web.common.services import service
from catchments.web.ogc.frames import CRS84, areas_360, supported
from catchments.web.ogc.layers import WORDS, Collected, Layer, Value
from catchments.web.ogc.moments import day_asked

FORMATS = ("json", "html")
REGION = "education_region"
OF_ONE = ("crs", "datetime", *(each.name for each in PINS))
"""What a feature by itself is asked with."""
OF_ALL = (*OF_ONE, "limit", "offset", "bbox", "bbox-crs", "properties", "skipGeometry")
"""What a page of features is asked with, beside each property."""


@dataclass(frozen=True)
class Page:
    """Which part of the features that were found is asked for, and what of each."""

    limit: int
    offset: int
    properties: tuple[str, ...] = ()
    """All, if none is named."""
    placed: bool = True
    asked_for: int = 0
    """The limit as it was given, which may be more than one response has."""

    @property
    def checked(self) -> dict[str, str]:
        """The page as pygeoapi is asked for it."""
        chosen = {"properties": ",".join(self.properties)} if self.properties else {}
        geometry = {} if self.placed else {"skipGeometry": "true"}
        return {"limit": str(self.limit), "offset": str(self.offset), **chosen, **geometry}


def format_asked(allowed: Iterable[str]) -> str:
    """Return json or html if the parameter f says so, otherwise nothing.

    Raises InputRefused, also for a parameter that is not allowed.
    """
    refuse_unknown_or_repeated(request.args, {"f", *allowed})
    asked = request.args.get("f")
    if asked is None or asked.strip() in FORMATS:
        return (asked or "").strip()
    raise InputRefused(
        f"The parameter f is {shown(asked)}.",
        field="f",
        allowed="It must be json or html.",
        next_step="Leave it out for JSON.",
    )


def world_asked() -> AsAt:
    """Return what a request asks of: today, a date, or a certain edition and release.

    Those count for more than the date. Raises InputRefused, NotKnown.
    """
    world = service().snapshots.current()
    return pinned(world.as_at(day_asked(request.args.get("datetime"), today=world.today)))


def crs_asked() -> str:
    """Return the URI of the system to answer in. Raises InputRefused."""
    return supported("crs", request.args.get("crs", CRS84))


def found(layer: Layer) -> list[int]:
    """Return which features are asked for, before paging. Raises InputRefused."""
    # That all are of a pinned edition goes without saying.
    names = named(request.args)
    fields = sorted(set(layer.of.fields) & set(names) - {EDITION.name})
    wanted = {field: _value(layer.of, field, names[field]) for field in fields}
    if (region := wanted.get(REGION)) is not None:
        # As everywhere else, however it is spelled; of one that there is not nothing is found.
        spelled = {folded(str(row[REGION])): row[REGION] for row in layer.rows}
        wanted[REGION] = spelled.get(folded(str(region)), region)
    crs = supported("bbox-crs", request.args.get("bbox-crs", CRS84))
    box = request.args.get("bbox")
    if box is None and "bbox-crs" in request.args:
        raise InputRefused(
            "The parameter bbox-crs is given without bbox.",
            field="bbox-crs",
            allowed="It says in which system the numbers of bbox are.",
            next_step="Give both or neither.",
            kind=Kind.MISSING_PARAMETER,
        )
    return layer.having(wanted, None if box is None else areas_360(box, crs=crs))


def page_asked(of: Collected) -> Page:
    """Return the page that is asked for. Raises InputRefused."""
    limit = _limit(of)
    return Page(
        limit=min(limit, of.at_once),
        offset=whole_number(request.args, "offset") or 0,
        properties=_properties(of),
        placed=not _truth("skipGeometry"),
        asked_for=limit,
    )


def _limit(of: Collected) -> int:
    text = request.args.get("limit")
    if text is None:
        return of.usual
    limit = values.whole_number(text)
    if limit:
        return limit
    raise InputRefused(
        f"The parameter limit is {shown(text)}.",
        field="limit",
        allowed=f"It must be a whole number from 1 to {of.at_once}.",
        next_step="Ask for more page by page: each links to the next one.",
        kind=Kind.INVALID_VALUE if limit is None else Kind.OUT_OF_RANGE,
    )


def _properties(of: Collected) -> tuple[str, ...]:
    text = request.args.get("properties")
    if text is None:
        return ()
    listed = {name.strip(): _field(of, name.strip()) for name in text.split(",")}
    fields = dict.fromkeys(filter(None, listed.values()))
    unknown = next((name for name, field in listed.items() if not field), None)
    if unknown is None:
        return tuple(fields)
    raise InputRefused(
        f"The parameter properties names {shown(unknown)}."
        if unknown
        else f"The parameter properties is {shown(text)}.",
        field="properties",
        allowed=f"It must be one or more of {', '.join(of.fields)}, with commas between them.",
        next_step="Leave it out for all of them.",
    )


def _field(of: Collected, name: str) -> str | None:
    """Return the property that is called by a name, or by another of its names."""
    field = name if name in of.fields else values.field_called(name)
    return field if field in of.fields else None


def _value(of: Collected, field: str, name: str) -> Value | None:
    """Return the value that a property is to have, whatever it is called in the query."""
    given, schema = request.args, of.fields[field]
    if field == "school_id":
        return school_id(given[name], name=name)
    if field in WORDS:
        return one_of(given, name, WORDS[field])
    if schema["type"] == "integer":
        return whole_number(given, name)
    if schema["type"] == "boolean":
        return _truth(name)
    day = optional_date(given, name) if schema.get("format") == "date" else None
    return day.isoformat() if day else given[name].strip()


def _truth(name: str) -> bool | None:
    """Return a parameter that is true or false, or None where it is absent."""
    text = request.args.get(name)
    if text is None:
        return None
    truth = values.truth_of(text)
    if truth is not None:
        return truth
    raise InputRefused(
        f"The parameter {name} is {shown(text)}.",
        field=name,
        allowed="It must be true or false.",
        next_step="Correct it or leave it out.",
    )
