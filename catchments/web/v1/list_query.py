"""The query of a list: its date, filters and page, and the pages beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from flask import request

from catchments.core.errors import InputRefused, Kind, NotKnown, shown
from catchments.core.model import Basis, SchoolStatus, Status
from catchments.lookup import boxes
from catchments.lookup.boxes import box_of
from catchments.lookup.selection import Filter
from catchments.lookup.snapshot import AsAt
from catchments.web.common.contract import WHOLE_NUMBER, Parameter
from catchments.web.common.pins import PINS, pinned
from catchments.web.common.query_parameters import one_of, optional_date, region, whole_number
from catchments.web.common.services import address, as_at
from catchments.web.pages.catchment_summaries import entries, regions_of
from catchments.web.v1.provider import ON

ON_A_PAGE = 100
AT_MOST = 1_000

# --- parameters -----------------------------------------------------------------------------------

LIMIT = Parameter(
    "limit",
    f"How many at most, 1 to {AT_MOST:,}. Left out: {ON_A_PAGE} in JSON; in GeoJSON and CSV all, "
    "because what reads those files does not ask for a second page.",
    {"type": "integer", "minimum": 1, "maximum": AT_MOST},
)
OFFSET = Parameter("offset", "How many to pass over; `next` has it.", WHOLE_NUMBER)
REGION = Parameter(
    "region",
    "An education region, with or without macrons and punctuation.",
    {"type": "string"},
)
CATCHMENT = Parameter("catchment", "A catchment's code.", {"type": "string"})
PROVIDER = Parameter("provider", "A provider's code.", {"type": "string"})
BBOX = Parameter(
    "bbox",
    "West, south, east, north in WGS 84 degrees, as in 174,-37,176,-36; one that crosses 180° has "
    "a west that is greater than its east, as in 166,-48,-176,-34, or counts on, as in "
    "166,-48,184,-34. Six numbers have heights, which do not count.",
    {"type": "string", "pattern": boxes.PATTERN},
)
IN_TIME = (ON, *PINS)
PAGED = (LIMIT, OFFSET)
WHERE = (REGION, CATCHMENT, PROVIDER, BBOX)


def words(name: str, about: str, allowed: type[StrEnum]) -> Parameter:
    """Return a parameter that is one of a few words."""
    return Parameter(name, about, {"type": "string", "enum": [each.value for each in allowed]})


# --- what is asked --------------------------------------------------------------------------------


def asked_for() -> AsAt:
    """Return what a request asks of: a date, or on it a certain edition and directory release.

    Raises InputRefused for a malformed parameter, NotKnown for an edition or release that is not.
    """
    return pinned(as_at(optional_date(request.args)))


def filter_asked(found: AsAt) -> Filter:
    """Return what a list is filtered by. Raises InputRefused, NotKnown for a code that is none."""
    given = request.args
    return Filter(
        region=_region(found, given.get("region", "")) or None,
        catchment=_code(found, "catchment"),
        provider=_code(found, "provider"),
        box=box_of(given["bbox"]) if "bbox" in given else None,
        status=one_of(given, "status", SchoolStatus),
        basis=one_of(given, "basis", Basis),
        answer=one_of(given, "answer", Status),
    )


def _region(found: AsAt, text: str) -> str:
    used = regions_of(entries(found.world, found.snapshot).values()) if found.snapshot else ()
    return region(text, used)


def _code(found: AsAt, kind: str) -> str | None:
    given = request.args.get(kind)
    if given is None or found.snapshot is None:
        return given
    code = given.strip()
    edition = found.snapshot.edition
    known = edition.catchments if kind == "catchment" else edition.providers
    if code not in known:
        raise NotKnown(
            f"There is no {kind} {shown(code)} in edition {edition.number}.",
            next_step=f"Choose one from the list at /v1/{kind}s.",
        )
    return code


# --- pages ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; without a limit it is all that is left."""

    limit: int | None
    offset: int

    @property
    def part(self) -> slice:
        """Which part of the list it is."""
        return slice(self.offset, None if self.limit is None else self.offset + self.limit)


def page_asked(*, usual: int | None) -> Page:
    """Return the page that is asked for. Raises InputRefused."""
    limit = whole_number(request.args, "limit")
    if limit is not None and not 1 <= limit <= AT_MOST:
        raise InputRefused(
            f"The parameter limit is {limit}.",
            field="limit",
            allowed=f"It must be from 1 to {AT_MOST}.",
            next_step="Ask for more page by page: each names the next one.",
            kind=Kind.OUT_OF_RANGE,
        )
    return Page(usual if limit is None else limit, whole_number(request.args, "offset") or 0)


def pages_beside(page: Page, total: int, pins: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the addresses of the next and the previous page; None where there is none."""
    if page.limit is None:
        return {"next": None, "previous": None}
    end = page.offset + page.limit
    before = max(0, min(page.offset, total) - page.limit)
    return {
        "next": _beside(page.limit, end, pins) if end < total else None,
        "previous": _beside(page.limit, before, pins) if page.offset > 0 else None,
    }


def _beside(limit: int, offset: int, pins: Mapping[str, Any]) -> str:
    given = {**request.args.to_dict(), **pins, "limit": limit, "offset": offset}
    return address(f"{request.path}?{urlencode(given)}")
