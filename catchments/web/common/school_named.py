"""The school that a text names, for pages that are about one school: by its number or its name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from flask_babel import gettext

from catchments.core.errors import InputRefused, shown
from catchments.core.model import NamedPlace, PlaceKind, School
from catchments.lookup.snapshot import Published
from catchments.lookup.values import whole_number
from catchments.web.common.services import service

OFFERED_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class NamedSchool:
    """What came of a text that should name a school."""

    number: int | None = None
    """Of the one that it names for certain, whether or not the directory has it."""
    candidates: tuple[School, ...] = ()
    """Those that it may name, where it names none for certain."""
    problem: str = ""
    """A sentence, where there is neither."""


def school_named(world: Published, text: str, *, field: str) -> NamedSchool:
    """Return the school that a number or a name means today; never one that it only may mean."""
    number = whole_number(text.strip().removeprefix("#").strip())
    if number is not None:
        return NamedSchool(number)
    try:
        finding = service().finder(world).find(text, as_at=world.as_at(world.today), field=field)
    except InputRefused as error:
        return NamedSchool(problem=str(error))
    one = finding.the_one if finding else None
    if finding and one and one.kind is PlaceKind.SCHOOL and not finding.also:
        return NamedSchool(one.schools[0].school_id)
    found = [match.named for match in finding.matches] + [*finding.also] if finding else []
    candidates = _schools_of(found)
    if not candidates:  # what begins like a text that names wholly what has no schools
        candidates = _schools_of(service().finder(world).suggest(text, at_most=OFFERED_AT_MOST))
    if candidates:
        return NamedSchool(candidates=candidates)
    return NamedSchool(problem=gettext("No school is found for %(text)s.", text=shown(text)))


def _schools_of(found: list[NamedPlace]) -> tuple[School, ...]:
    """Return the schools that are named, or are in what is, each once, the best first."""
    schools = chain.from_iterable(each.schools for each in found)
    known = {school.school_id: school for school in schools}
    return tuple(known.values())[:OFFERED_AT_MOST]
