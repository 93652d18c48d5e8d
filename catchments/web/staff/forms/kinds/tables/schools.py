"""Schools moved by a table, each to its own catchment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes import naming
from catchments.changes.effects import Effect
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.core.model import Edition
from catchments.readers.reading_job import Sought
from catchments.web.staff.forms import tables
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import answers_of


def read(typed: FormReader, worked: DraftState) -> MoveSchools:
    """Return what moves each school that a table puts elsewhere than it is."""
    found = tables.decisions(typed, worked, Sought.SCHOOLS_TABLE)
    answers, content = answers_of(worked), worked.content
    each = {n: to for n, to in found.schools.items() if to != listed_now(content, n)}
    # In our own table a school that is on no list has the catchment that it lies in.
    for number, to in found.located.items():
        answer = answers.get(number)
        if to != (answer.catchment.code if answer and answer.catchment else ""):
            each[number] = to
    tables.refuse_nothing(typed, each)
    return MoveSchools.by_table(each) if each else MoveSchools((), "", {})


def listed_now(content: Edition, number: int) -> str | None:
    """Return the code of the catchment that lists a school; empty for none; None if on no list."""
    return "" if number in content.unserved else content.listings.get(number)


def preview(_typed: FormReader, worked: DraftState, change: MoveSchools) -> dict[str, Any]:
    """Return which schools a table moves, from where, and what of it is so already."""
    moved = len(change.schools) + len(change.each or {})
    shown = tables.difference(worked, change, same=tables.table_read().count - moved)
    became = set(change.apply(worked.content).listings) - set(worked.content.listings)
    told = [each for each in shown["effects"] if not each.only_adds]
    return {**shown, "effects": [*_newly_listed(worked, change, became), *told]}


def _newly_listed(worked: DraftState, change: MoveSchools, numbers: Iterable[int]) -> list[Effect]:
    """Return the schools that come onto the list: those that move by it, and those that stay."""
    answers, after = answers_of(worked), change.apply(worked.content)
    moving, staying = [], []
    for number in sorted(numbers):
        answer, code = answers.get(number), after.listings[number]
        now = answer.catchment if answer else None
        school = worked.schools.get(number)
        named = f"{number}, {school.name if school else gettext('not in the directory')}"
        to = naming.catchment(code, after)
        if now and now.code == code:
            staying.append(f"{named}: {to}")
        else:
            moving.append(f"{named}: {f'{now.name} ({now.code})' if now else '–'} → {to}")
    both = (
        Effect(gettext("Schools on no list that move, and come onto it"), tuple(moving)),
        Effect(gettext("Schools that come onto the list where they lie"), tuple(staying)),
    )
    return [effect for effect in both if effect.lines]


FORM = ChangeForm(
    "move-by-table",
    22,
    _l("Move schools by a table"),
    _l("pasted or from a file: each school with its catchment"),
    read,
    tables.offer,
    preview,
    template="change_table.html",
    explanation=_l(
        "Each row has a school and the catchment that it is to be in, by number or name and by "
        "code or name. Schools that the table does not name stay where they are. Instead of a "
        "catchment a row may say “none”, for a school that belongs to no catchment, or “off the "
        "list”, for one that is to belong where it lies. What changes is shown before it is added."
    ),
)
