"""A catchment split along a line that is drawn or typed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from shapely.geometry.base import BaseGeometry

from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.core.model import Catchment
from catchments.geometry.coordinates import area_m2, geometry_to_360
from catchments.geometry.shape_text import LINES
from catchments.web.staff.forms.areas import drawn, schools_in, typed_points
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import lines_of
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> SplitCatchment:
    """Return what cuts a catchment in two along a line."""
    content = worked.content
    code = typed.one_of("catchment", content.catchments, gettext("the catchment to split"))
    new_code = typed.code("code")
    if new_code in content.catchments:
        typed.refuse("code", gettext("There is a catchment with this code already."))
    name = typed.line("name", gettext("the new catchment's name"))
    provider = typed.one_of("provider", content.providers, gettext("its provider"))
    left = typed.one_of("side", {"left", "right"}, gettext("a side")) != "right"
    line = _line_given(typed)
    typed.check()
    assert line is not None  # noqa: S101 - or something was wrong
    new = Catchment(new_code, name, content.catchments[code].education_region, provider)
    side: Literal["left", "right"] = "left" if left else "right"
    change = SplitCatchment(code, line, new, side)
    return _with_schools(change, worked)


def offer(_typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the catchments and providers to choose from."""
    catchments, providers = worked.content.catchments, worked.content.providers
    return {"catchments": options_of(catchments), "providers": options_of(providers)}


def preview(_typed: FormReader, worked: DraftState, change: SplitCatchment) -> dict[str, Any]:
    """Return what the new catchment will be: how large, and with which schools."""
    after = draft_view.tried(worked, change).content
    old = worked.content.catchments[change.catchment]
    what = gettext(
        "%(new)s (%(code)s) gets %(km2)s km², on the %(side)s of the line; %(left)s km² stay with "
        "%(old)s. Sea is included.",
        new=change.new.name,
        code=change.new.code,
        km2=f"{area_m2(after.boundaries[change.new.code]) / 1e6:,.1f}",
        side=gettext("left") if change.side == "left" else gettext("right"),
        left=f"{area_m2(after.boundaries[change.catchment]) / 1e6:,.1f}",
        old=old.name,
    )
    return {"what": what, "lines": lines_of(change.schools, worked), "says_schools": True}


def _with_schools(change: SplitCatchment, worked: DraftState) -> SplitCatchment:
    """Return a split with the listed schools that lie in what becomes the new catchment."""
    new = geometry_to_360(change.apply(worked.content).boundaries[change.new.code])
    return replace(change, schools=schools_in(new, {change.catchment}, worked))


def _line_given(typed: FormReader) -> BaseGeometry | None:
    if typed.text("drawn") and typed.text("points"):
        typed.refuse("points", gettext("Draw the line or type its points, not both."))
        return None
    if typed.text("points"):
        return typed_points(typed, "points", at_least=2)
    if typed.text("drawn"):
        return drawn(typed, "drawn", LINES)
    typed.refuse("drawn", gettext("Give the line: draw it, or type its points."))
    return None


FORM = ChangeForm(
    "split-catchment",
    50,
    _l("Split a catchment"),
    _l("along a line that is drawn or typed"),
    read,
    offer,
    preview,
    template="change_split.html",
)
