"""Areas and lines given in a form, drawn or typed, and the listed schools in an area.

Whatever it came from, an area is WGS 84, longitude -180…180, and is looked at in 0…360, so that
the Chatham Islands are one place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import ChangeDoesNotFit, InputRefused, shown
from catchments.geometry.coordinates import geometry_to_180, in_new_zealand, look_swapped, xy_to_360
from catchments.geometry.outlines import CORNERS_AT_MOST, refuse_entangled, refuse_many_corners
from catchments.geometry.shape_text import AREAS, LINES, TooManyVertices, shape_of
from catchments.lookup.values import degrees
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import base_of, bench

TYPED_AT_MOST = 20_000
"""Points that are typed."""
NAMED_BADLY_AT_MOST = 50


def drawn(typed: FormReader, field: str, kinds: Sequence[str]) -> BaseGeometry | None:
    """Return the WKT or GeoJSON that a drawing, or a person, has put in a field."""
    try:
        given = shape_of(typed.text(field), kinds, vertices_at_most=CORNERS_AT_MOST)
    except TooManyVertices as error:
        raise _too_many(field, error.count) from error
    except InputRefused:
        what = gettext("polygon") if kinds is AREAS else gettext("line")
        problem = gettext("That is no %(what)s in WKT or GeoJSON. Draw it again.", what=what)
        typed.refuse(field, problem)
        return None
    return checked(given, field, kinds)


def _too_many(field: str, count: int) -> FormRefused:
    problem = gettext("It has %(n)s corners; at most %(most)s are taken. Simplify it first.")
    said = problem % {"n": f"{count:,}", "most": f"{CORNERS_AT_MOST:,}"}
    return FormRefused([FieldError(field, said)])


def typed_points(typed: FormReader, field: str, *, at_least: int) -> BaseGeometry | None:
    """Return the polygon, or from two points up the line, of “lng lat” a line."""
    lines = [line for line in typed.text(field).splitlines() if line.strip()]
    points: list[tuple[float, float]] = []
    bad: list[str] = []
    for number, line in enumerate(lines[:TYPED_AT_MOST], start=1):
        point = _point(line)
        if isinstance(point, str):
            bad.append(gettext("line %(n)s: %(problem)s", n=number, problem=point))
        elif [point] != points[-1:]:
            points.append(point)
    if bad:
        problem = gettext("Write each point as longitude, a blank, latitude: 174.76 -36.85.")
        typed.refuse(field, problem, bad[:NAMED_BADLY_AT_MOST])
        return None
    if len(lines) > TYPED_AT_MOST or len(set(points)) < at_least:
        problem = gettext(
            "Give %(least)s points or more, at most %(most)s.", least=at_least, most=TYPED_AT_MOST
        )
        typed.refuse(field, problem)
        return None
    if at_least == 2:
        return checked(shapely.linestrings(points), field, LINES)
    return checked(shapely.polygons(points), field, AREAS)


def _point(line: str) -> tuple[float, float] | str:
    """Return the point of a line, or what is wrong with it."""
    parts = [part for part in re.split(r"[\s,;]+", line) if part]
    lng, lat = map(degrees, parts) if len(parts) == 2 else (None, None)
    if lng is None or lat is None:
        return str(gettext("%(text)s is no point", text=shown(line.strip())))
    if in_new_zealand(lng=lng, lat=lat):
        return lng, lat
    if look_swapped(lng=lng, lat=lat):
        return str(gettext("%(text)s has latitude first", text=shown(line.strip())))
    return str(gettext("%(text)s is not in New Zealand", text=shown(line.strip())))


def checked(given: BaseGeometry, field: str, kinds: Sequence[str]) -> BaseGeometry:
    """Return what was drawn or typed in -180…180. Raises FormRefused for what cannot be taken."""
    xy = shapely.get_coordinates(given)
    if not _all_in_new_zealand(xy):
        raise FormRefused([FieldError(field, gettext("It lies outside New Zealand."))])
    moved = shapely.transform(given, xy_to_360)
    try:
        refuse_many_corners(moved)
        refuse_entangled(moved)  # before anything looks for where it crosses itself
    except ChangeDoesNotFit as error:
        raise FormRefused([FieldError(field, str(error))]) from error
    _refuse_crossing(moved, field, kinds)
    if kinds is LINES:
        return shapely.transform(moved, _line_to_180)
    return geometry_to_180(moved)


def _refuse_crossing(moved: BaseGeometry, field: str, kinds: Sequence[str]) -> None:
    is_fine = shapely.is_simple(moved) if kinds is LINES else shapely.is_valid(moved)
    if is_fine:
        return
    reason = "" if kinds is LINES else shapely.is_valid_reason(moved)
    where = re.search(r"\[(\S+) (\S+)\]", reason)
    at = gettext(" near %(x)s %(y)s", x=where[1], y=where[2]) if where else ""
    problem = gettext("The line crosses itself%(at)s. Draw it again without crossing.", at=at)
    raise FormRefused([FieldError(field, problem)])


def _all_in_new_zealand(xy: npt.NDArray[np.float64]) -> bool:
    if not np.isfinite(xy).all() or not len(xy):
        return False
    moved = xy_to_360(xy)
    corners = (moved.min(axis=0), moved.max(axis=0))
    return all(in_new_zealand(lng=float(x), lat=float(y)) for x, y in corners)


def _line_to_180(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.where(xy[:, 0] > 180, xy[:, 0] - 360.0, xy[:, 0]), xy[:, 1]])


def schools_in(area: BaseGeometry, givers: set[str], worked: DraftState) -> tuple[int, ...]:
    """Return the schools on the givers' lists that lie in an area (0…360)."""
    schools = base_of(worked).release.schools  # the very ones that the impact asks about
    inside = bench().workbench.schools.touching(schools, area)
    listings = worked.content.listings.items()
    return tuple(number for number, code in listings if number in inside and code in givers)
