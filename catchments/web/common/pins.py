"""The pins of a list: parameters that keep all its pages to one edition and directory release.

An edition is immutable and so is a directory release, so `offset` counts among the same things
however much is published between two pages (decision 16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import request

from catchments.core.errors import NotKnown
from catchments.core.model import EditionSummary, ReleaseSummary
from catchments.lookup.snapshot import AsAt, Snapshot
from catchments.web.common.contract import WHOLE_NUMBER, Parameter
from catchments.web.common.query_parameters import whole_number

EDITION = Parameter(
    "edition",
    "Read this edition instead of the one in force on the date; `next` has it.",
    WHOLE_NUMBER,
)
RELEASE = Parameter(
    "release",
    "Read this directory release instead of the one of the date; `next` has it.",
    WHOLE_NUMBER,
)
PINS = (EDITION, RELEASE)


def pinned(asked: AsAt) -> AsAt:
    """Return what a request asks of: its date's edition and release, or those that it pins.

    A pin counts for more than the date. Raises InputRefused for a malformed pin, NotKnown for an
    edition or a release that is not, or no longer.
    """
    edition, release = (whole_number(request.args, each.name) for each in PINS)
    if edition is None and release is None:
        return asked
    return replace(asked, snapshot=_snapshot(asked, edition, release))


def pins_of(asked: AsAt, *, day: str = "on") -> Mapping[str, str]:
    """Return what keeps every page to the same day, edition and directory release.

    `day` is what the parameter for the date is called.
    """
    on, of = {day: asked.day.isoformat()}, asked.snapshot
    if of is None:
        return on
    return {**on, EDITION.name: str(of.edition.number), RELEASE.name: str(of.release.number)}


def _snapshot(asked: AsAt, edition: int | None, release: int | None) -> Snapshot | None:
    timeline = asked.world.timeline
    edition = edition if edition is not None else _number(timeline.edition_on(asked.day))
    release = release if release is not None else _number(timeline.release_on(asked.day))
    if edition is None or release is None:
        return None
    try:
        return asked.world.numbered(edition, release)
    except NotKnown as error:
        raise NotKnown(
            f"{error.problem} It may have been withdrawn since.",
            next_step="Begin again without the parameters edition and release.",
        ) from error


def _number(found: EditionSummary | ReleaseSummary | None) -> int | None:
    return found.number if found else None
