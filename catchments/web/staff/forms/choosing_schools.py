"""Schools chosen in a form: found by a search and ticked, or pasted by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from catchments.core.errors import shown
from catchments.core.model import Catchment, MatchKind, NamedPlace, School
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.values import school_number
from catchments.web.common.services import service
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.pasted_numbers import PastedNumbers, read_numbers, shortened
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import answers_of

PASTED_AT_MOST = 100_000
"""Characters of a pasted list: every school's number, with its name beside it."""
FOUND_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A school as it is listed to choose from, with the catchment that it is in now."""

    school: School
    catchment: Catchment | None


def chosen_schools(typed: FormReader, worked: DraftState) -> tuple[int, ...]:
    """Return the schools that are ticked and those that are pasted, each once, in order."""
    ticked = _ticked(typed, worked)
    gone = [
        shown(text) for text in typed.all("schools") if school_number(text) not in worked.schools
    ]
    if gone:
        typed.refuse("schools", gettext("These are no numbers of known schools:"), gone)
    chosen = dict.fromkeys([*ticked, *_pasted(typed, worked)])
    if not chosen and not typed.wrongs:
        typed.refuse("q", gettext("Choose schools: look for them, or paste their numbers."))
    return tuple(chosen)


def lines_of(numbers: tuple[int, ...], worked: DraftState) -> list[Line]:
    """Return schools as they are listed, each with the catchment that it is in by now."""
    if not numbers:
        return []
    answers = answers_of(worked)
    return [
        Line(school, answer.catchment if (answer := answers.get(number)) else None)
        for number in numbers
        if (school := worked.schools.get(number))
    ]


def offer_schools(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the schools that were looked for, and those that are ticked."""
    text = typed.text("q")
    found, more = _found(text, worked)
    ticked = tuple(_ticked(typed, worked))
    return {
        "text": text,
        "found": lines_of(tuple(n for n in found if n not in ticked), worked),
        "more": more,
        "chosen": lines_of(ticked, worked),
        "known": _known(typed, worked),
    }


def pasted(typed: FormReader, worked: DraftState) -> PastedNumbers:
    """Return what is known of the numbers that were pasted, and what is not."""
    text = typed.given.get("numbers", "")[: PASTED_AT_MOST + 1]
    return read_numbers(text, worked.schools)


def left_out(typed: FormReader, worked: DraftState) -> list[str]:
    """Return what to say of pasted lines that were left out, where somebody went on without."""
    faults = pasted(typed, worked).faults if typed.text("known_only") else ()
    return [gettext("Left out: %(lines)s.", lines="; ".join(shortened(faults)))] if faults else []


def _pasted(typed: FormReader, worked: DraftState) -> list[int]:
    if len(typed.given.get("numbers", "")) > PASTED_AT_MOST:
        problem = gettext(
            "That is too much: paste at most %(count)s characters.", count=PASTED_AT_MOST
        )
        typed.refuse("numbers", problem)
        return []
    found = pasted(typed, worked)
    if found.faults and not typed.text("known_only"):
        problem = ngettext(
            "%(num)s thing in the list is no number of a known school. Nothing was added.",
            "%(num)s things in the list are no numbers of known schools. Nothing was added.",
            len(found.faults),
        )
        typed.refuse("numbers", problem, shortened(found.faults))
    return list(found.numbers)


def _known(typed: FormReader, worked: DraftState) -> int:
    """Return how many pasted schools one can go on with, where others are not known."""
    found = pasted(typed, worked)
    return len(found.numbers) if found.faults else 0


def _ticked(typed: FormReader, worked: DraftState) -> list[int]:
    numbers = map(school_number, typed.all("schools"))
    return [number for number in numbers if number is not None and number in worked.schools]


def _found(text: str, worked: DraftState) -> tuple[list[int], bool]:
    """Return the schools that a text means, all of a place too; and whether there are more."""
    if not folded(text):
        return [], False
    finder = service().finder(service().snapshots.current())
    named = finder.suggest(text[:LONGEST_TEXT], at_most=FOUND_AT_MOST)
    schools = (school.school_id for each in named for school in each.schools)
    found = dict.fromkeys(number for number in schools if number in worked.schools)
    found.update(dict.fromkeys(_in_catchments(named, worked)))
    return list(found)[:FOUND_AT_MOST], len(found) > FOUND_AT_MOST


def _in_catchments(named: Sequence[NamedPlace], worked: DraftState) -> Iterator[int]:
    """Yield the schools that are by now in catchments which a text names wholly."""
    exact = (each for each in named if each.match is MatchKind.EXACT)
    codes = {code for each in exact for code in each.catchment_codes}
    if codes:
        for number, answer in answers_of(worked).items():
            if answer.catchment and answer.catchment.code in codes:
                yield number
