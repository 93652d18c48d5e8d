"""An area transferred to a catchment: drawn, chosen as suburbs, from a file, or typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from shapely.geometry.base import BaseGeometry

from catchments.changes.kinds.transfer_area import TransferArea
from catchments.geometry.changing_index import boundaries_touching
from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.shape_text import AREAS
from catchments.web.staff.forms import suburbs, uploads
from catchments.web.staff.forms.areas import checked, drawn, schools_in, typed_points
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import lines_of
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import impact_of

LONGEST_SENT = 100_000
"""Characters of a drawing that a page carries; a larger one is kept here as a file's area is."""


def read(typed: FormReader, worked: DraftState) -> TransferArea:
    """Return what gives an area to a catchment, with the listed schools in it."""
    content = worked.content
    to = typed.one_of("to", content.catchments, gettext("the catchment that gets the area"))
    from_ = typed.some_of("from", content.catchments, "", at_least=0)
    if to and to in from_:
        typed.refuse("from", gettext("A catchment cannot give to itself."))
    area, label, field = _area_given(typed, worked)
    typed.check()
    assert area is not None  # noqa: S101 - or something was wrong
    givers, in_360 = _givers(worked, to, from_), geometry_to_360(area)
    if boundaries_touching(content.boundaries, in_360).keys().isdisjoint(givers):
        problem = gettext(
            "The area lies in no catchment that gives it: in the sea, or in %(to)s itself.",
            to=content.catchments[to].name,
        )
        raise FormRefused([FieldError(field, problem)])
    schools = schools_in(in_360, set(givers), worked)
    return TransferArea(area, to, from_, schools, label)


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the catchments, and the suburbs that were looked for or ticked."""
    text = typed.text("q")
    ticked = {key: each for key in typed.all("suburbs") if (each := suburbs.suburb(key))}
    found = {suburbs.key_of(each): each for each in suburbs.found(text)} if text else {}
    return {
        "catchments": options_of(worked.content.catchments),
        "text": text,
        "suburbs": [(key, each) for key, each in found.items() if key not in ticked],
        "chosen": list(ticked.items()),
        "around_m": int(suburbs.AROUND_A_PLACE_M),
        "kept": uploads.name_of_kept(worked, typed.text("kept")),
        "formats": uploads.FORMATS,
    }


def preview(typed: FormReader, worked: DraftState, change: TransferArea) -> dict[str, Any]:
    """Return what is about to be transferred: how much, from whom, and which schools with it."""
    to = worked.content.catchments[change.to]
    found = impact_of(draft_view.tried(worked, change), since=worked)
    parts = {
        row.code: -row.difference.area_km2
        for row in found.catchments
        if row.difference.area_km2 < 0
    }
    said = "; ".join(
        gettext("%(km2)s km² of %(name)s (%(code)s)", km2=f"{km2:,.1f}", name=name, code=code)
        for code, km2 in parts.items()
        for name in [worked.content.catchments[code].name]
    )
    what = gettext(
        "The area (%(label)s) goes to %(name)s (%(code)s): %(said)s, sea included.",
        label=change.label,
        name=to.name,
        code=to.code,
        said=said,
    )
    # A file cannot be asked of the browser again: its area is kept here, its digest goes there.
    # Nor is it sent to and fro with as many corners as a file has.
    hidden: dict[str, list[str]] = {"far": suburbs.far_wanted(typed)}
    if typed.files("file") or len(typed.text("drawn")) > LONGEST_SENT:
        hidden |= {"kept": [uploads.keep(worked, change.area, change.label)], "drawn": []}
    return {
        "what": what,
        "lines": lines_of(change.schools, worked),
        "says_schools": True,
        "far": suburbs.far_away(),
        "hidden": hidden,
    }


def _area_given(typed: FormReader, worked: DraftState) -> tuple[BaseGeometry | None, str, str]:
    """Return the one area that was given, what it is to people, and the field that gave it."""
    ways: dict[str, Callable[[], tuple[BaseGeometry | None, str]]] = {
        "drawn": lambda: (drawn(typed, "drawn", AREAS), gettext("drawn")),
        "suburbs": lambda: suburbs.around_those_ticked(typed),
        "points": lambda: (typed_points(typed, "points", at_least=3), gettext("typed")),
        "file": lambda: _of_file(typed, worked),
    }
    given = [field for field in ways if _is_given(typed, field)]
    if len(given) == 1:
        return *ways[given[0]](), given[0]
    problem = (
        gettext("Give the area in one way; it was given in %(n)s.", n=len(given))
        if given
        else gettext("Give the area: draw it, choose suburbs, choose a file, or type its corners.")
    )
    typed.refuse(given[0] if given else "drawn", problem)
    return None, "", ""


def _is_given(typed: FormReader, field: str) -> bool:
    if field == "file":
        return bool(typed.files("file") or typed.text("kept"))
    return bool(typed.text(field))


def _of_file(typed: FormReader, worked: DraftState) -> tuple[BaseGeometry, str]:
    files = typed.files("file")
    if not files:
        area, label = uploads.kept(worked, typed.text("kept"), "file")
        return checked(area, "file", AREAS), label
    name = "".join(c for c in (files[0].filename or "") if c.isprintable())[:80]
    return checked(uploads.area_of_file(typed, "file"), "file", AREAS), name


def _givers(worked: DraftState, to: str, from_: Sequence[str]) -> list[str]:
    chosen = from_ or tuple(worked.content.catchments)
    return [code for code in chosen if code != to and code in worked.content.boundaries]


FORM = ChangeForm(
    "transfer-area",
    30,
    _l("Transfer an area"),
    _l("drawn, chosen as suburbs, from a file, or typed"),
    read,
    offer,
    preview,
    template="change_transfer.html",
)
