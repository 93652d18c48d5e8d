"""Areas and lines given in a form: drawn, typed, as suburbs or as a file; and what they do.

Whatever it came from, an area is WGS 84, longitude -180…180, and is looked at in 0…360, so that
the Chatham Islands are one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry

from catchments.changes import Change
from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.core.errors import InputRefused, shown
from catchments.core.model import Catchment, NamedPlace, PlaceKind
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.geometry.coordinates import (
    area_m2,
    geometry_to_180,
    geometry_to_360,
    in_new_zealand,
    look_swapped,
    metric_crs,
    to_360,
    to_metres,
    to_wgs84,
)
from catchments.geometry.shape_text import AREAS, LINES, TooManyVertices, shape_of
from catchments.readers.uploads import VERTICES_AT_MOST
from catchments.web.common.services import service
from catchments.web.staff.forms import uploads
from catchments.web.staff.forms.choosing_schools import lines_of
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages.draft_view import DraftState

AROUND_A_PLACE_M = 300.0
"""How far around the known places of a suburb its area is taken to reach."""
SUBURBS_FOUND, SUBURBS_AT_MOST = 40, 50
TYPED_AT_MOST = 20_000
"""Points that are typed."""
NAMED_BADLY_AT_MOST = 50
LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")


# --- transfer an area -----------------------------------------------------------------------------


def read_transfer(typed: FormReader, worked: DraftState) -> Change:
    """Return what gives an area to a catchment, with the listed schools in it."""
    content = worked.content
    to = typed.one_of("to", content.catchments, gettext("the catchment that gets the area"))
    from_ = typed.some_of("from", content.catchments, "", at_least=0)
    if to and to in from_:
        typed.refuse("from", gettext("A catchment cannot give to itself."))
    area, label = _area_given(typed, worked)
    typed.check()
    assert area is not None  # noqa: S101 - or something was wrong
    givers = _givers(worked, to, from_)
    if not any(shapely.intersects(_in_360(area), _boundary(worked, code)) for code in givers):
        problem = gettext(
            "The area lies in no catchment that gives it: in the sea, or in %(to)s itself.",
            to=content.catchments[to].name,
        )
        raise FormRefused([FieldError(_field_of(typed), problem)])
    schools = _schools_in(_in_360(area), set(givers), worked)
    return TransferArea(area, to, from_, schools, label)


def offer_transfer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the catchments, and the suburbs that were looked for or ticked."""
    text = typed.text("q")
    ticked = [each for each in (_suburb(key) for key in typed.all("suburbs")) if each]
    keys = {key_of(each) for each in ticked}
    found = _localities(text, SUBURBS_FOUND) if text else []
    return {
        "catchments": _options(worked),
        "text": text,
        "suburbs": [(key_of(each), each) for each in found if key_of(each) not in keys],
        "chosen": [(key_of(each), each) for each in ticked],
        "around_m": int(AROUND_A_PLACE_M),
        "kept": uploads.name_of_kept(worked, typed.text("kept")),
        "formats": uploads.FORMATS,
    }


def preview_transfer(typed: FormReader, worked: DraftState, change: Change) -> dict[str, Any]:
    """Return what is about to be transferred: how much, from whom, and which schools with it."""
    assert isinstance(change, TransferArea)  # noqa: S101 - what `read_transfer` made
    area, to = _in_360(change.area), worked.content.catchments[change.to]
    parts = {
        code: area_m2(shapely.intersection(area, _boundary(worked, code))) / 1e6
        for code in _givers(worked, change.to, change.from_)
        if shapely.intersects(area, _boundary(worked, code))
    }
    said = "; ".join(
        gettext("%(km2)s km² of %(name)s (%(code)s)", km2=f"{km2:,.1f}", name=name, code=code)
        for code, km2 in parts.items()
        for name in [worked.content.catchments[code].name]
    )
    what = gettext(
        "The area (%(label)s) goes to %(name)s (%(code)s): %(said)s.",
        label=change.label,
        name=to.name,
        code=to.code,
        said=said,
    )
    has_file = typed.files("file") or typed.text("kept")
    hidden = {"kept": [uploads.keep(worked, change.area, change.label)]} if has_file else {}
    return {
        "what": what,
        "lines": lines_of(change.schools, worked),
        "says_schools": True,
        "hidden": hidden,
    }


def _area_given(typed: FormReader, worked: DraftState) -> tuple[BaseGeometry | None, str]:
    """Return the one area that was given, and what it is to people."""
    ways: dict[str, Callable[[], tuple[BaseGeometry | None, str]]] = {
        "drawn": lambda: (_drawn(typed, "drawn", AREAS), gettext("drawn")),
        "suburbs": lambda: _around_suburbs(typed),
        "points": lambda: (_typed_points(typed, "points", at_least=3), gettext("typed")),
        "file": lambda: _of_file(typed, worked),
    }
    given = [field for field in ways if _is_given(typed, field)]
    if len(given) == 1:
        return ways[given[0]]()
    problem = (
        gettext("Give the area in one way; it was given in %(n)s.", n=len(given))
        if given
        else gettext("Give the area: draw it, choose suburbs, choose a file, or type its corners.")
    )
    typed.refuse(given[0] if given else "drawn", problem)
    return None, ""


def _is_given(typed: FormReader, field: str) -> bool:
    if field == "file":
        return bool(typed.files("file") or typed.text("kept"))
    return bool(typed.text(field))


def _field_of(typed: FormReader) -> str:
    ways = ("drawn", "suburbs", "points", "file")
    return next((field for field in ways if _is_given(typed, field)), "drawn")


def _of_file(typed: FormReader, worked: DraftState) -> tuple[BaseGeometry, str]:
    files = typed.files("file")
    if not files:
        area, label = uploads.kept(worked, typed.text("kept"), "file")
        return _checked(area, "file", AREAS), label
    name = "".join(c for c in (files[0].filename or "") if c.isprintable())[:80]
    return _checked(uploads.area_of_file(typed, "file"), "file", AREAS), name


def _givers(worked: DraftState, to: str, from_: Sequence[str]) -> list[str]:
    chosen = from_ or tuple(worked.content.catchments)
    return [code for code in chosen if code != to and code in worked.content.boundaries]


def _schools_in(area: BaseGeometry, givers: set[str], worked: DraftState) -> tuple[int, ...]:
    """Return the schools on the givers' lists that lie in an area (0…360)."""
    listed = [
        (number, school.place)
        for number, code in worked.content.listings.items()
        if code in givers and (school := worked.schools.get(number)) and school.place
    ]
    if not listed:
        return ()
    xs = [to_360(place.lng) for _, place in listed]
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, xs, [place.lat for _, place in listed])
    return tuple(number for (number, _), is_in in zip(listed, inside, strict=True) if is_in)


# --- split a catchment ----------------------------------------------------------------------------


def read_split(typed: FormReader, worked: DraftState) -> Change:
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


def offer_split(_typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the catchments and providers to choose from."""
    providers = ((p.code, f"{p.name} ({p.code})") for p in worked.content.providers.values())
    return {
        "catchments": _options(worked),
        "providers": sorted(providers, key=lambda pair: folded(pair[1])),
    }


def preview_split(_typed: FormReader, worked: DraftState, change: Change) -> dict[str, Any]:
    """Return what the new catchment will be: how large, and with which schools."""
    assert isinstance(change, SplitCatchment)  # noqa: S101 - what `read_split` made
    after = change.apply(worked.content)
    old = worked.content.catchments[change.catchment]
    what = gettext(
        "%(new)s (%(code)s) gets %(km2)s km², on the %(side)s of the line; %(left)s km² stay with "
        "%(old)s.",
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
    new = _in_360(change.apply(worked.content).boundaries[change.new.code])
    return replace(change, schools=_schools_in(new, {change.catchment}, worked))


def _line_given(typed: FormReader) -> BaseGeometry | None:
    if typed.text("drawn") and typed.text("points"):
        typed.refuse("points", gettext("Draw the line or type its points, not both."))
        return None
    if typed.text("points"):
        return _typed_points(typed, "points", at_least=2)
    if typed.text("drawn"):
        return _drawn(typed, "drawn", LINES)
    typed.refuse("drawn", gettext("Give the line: draw it, or type its points."))
    return None


# --- suburbs --------------------------------------------------------------------------------------


def key_of(named: NamedPlace) -> str:
    """Return what a suburb or town is known by in a form."""
    return f"{named.name}, {named.within}" if named.within else named.name


def _localities(text: str, at_most: int) -> list[NamedPlace]:
    finder = service().finder(service().snapshots.current())
    found = finder.suggest(text[:LONGEST_TEXT], at_most=4 * at_most)
    return [each for each in found if each.kind in LOCALITIES][:at_most]


def _suburb(key: str) -> NamedPlace | None:
    """Return the suburb or town of a key, if there is one."""
    name, _, within = key.partition(", ")
    found = _localities(f"{name} {within}".strip(), SUBURBS_FOUND)
    return next((each for each in found if key_of(each) == key), None)


def _around_suburbs(typed: FormReader) -> tuple[BaseGeometry | None, str]:
    """Return the area around the known places of the suburbs that were ticked.

    Nobody publishes their boundaries here. So it is the convex hull of each one's known schools and
    addresses, 300 m wider, and says that it is no more than that.
    """
    keys = typed.all("suburbs")
    if len(keys) > SUBURBS_AT_MOST:
        typed.refuse("suburbs", gettext("Choose at most %(n)s suburbs.", n=SUBURBS_AT_MOST))
        return None, ""
    suburbs = {key: _suburb(key) for key in keys}
    gone = [shown(key) for key, named in suburbs.items() if named is None]
    if gone:
        typed.refuse("suburbs", gettext("These are not known:"), gone)
        return None, ""
    hulls = [hull for named in suburbs.values() if named and (hull := around_places(named))]
    if len(hulls) < len(keys):
        typed.refuse("suburbs", gettext("No place is known in one of these: choose another way."))
        return None, ""
    label = gettext("around the known places of %(names)s", names="; ".join(keys))[:200]
    return geometry_to_180(shapely.union_all([geometry_to_360(hull) for hull in hulls])), label


def around_places(named: NamedPlace) -> BaseGeometry | None:
    """Return the convex hull of a locality's known places, 300 m wider; None where none is known.

    WGS 84, longitude -180…180.
    """
    schools = (school.place for school in named.schools if school.place)
    points = [(place.lng, place.lat) for place in (*named.places, *schools)]
    if not points:
        return None
    crs = metric_crs(lng=points[0][0])
    hull = shapely.convex_hull(to_metres(shapely.multipoints(points), crs=crs))
    return to_wgs84([shapely.buffer(hull, AROUND_A_PLACE_M)], crs=crs)[0]


# --- drawn and typed ------------------------------------------------------------------------------


def _drawn(typed: FormReader, field: str, kinds: Sequence[str]) -> BaseGeometry | None:
    """Return the WKT or GeoJSON that a drawing, or a person, has put in a field."""
    try:
        given = shape_of(typed.text(field), kinds, vertices_at_most=VERTICES_AT_MOST)
    except TooManyVertices as error:
        raise _too_many(field, error.count) from error
    except InputRefused:
        what = gettext("polygon") if kinds is AREAS else gettext("line")
        problem = gettext("That is no %(what)s in WKT or GeoJSON. Draw it again.", what=what)
        typed.refuse(field, problem)
        return None
    return _checked(given, field, kinds)


def _too_many(field: str, count: int) -> FormRefused:
    problem = gettext("It has %(n)s vertices; at most %(most)s are taken.")
    said = problem % {"n": f"{count:,}", "most": f"{VERTICES_AT_MOST:,}"}
    return FormRefused([FieldError(field, said)])


def _typed_points(typed: FormReader, field: str, *, at_least: int) -> BaseGeometry | None:
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
        return _checked(shapely.linestrings(points), field, LINES)
    return _checked(shapely.polygons(points), field, AREAS)


def _point(line: str) -> tuple[float, float] | str:
    """Return the point of a line, or what is wrong with it."""
    parts = [part for part in re.split(r"[\s,;]+", line) if part]
    if len(parts) != 2 or not all(_DEGREES.fullmatch(part) for part in parts):
        return str(gettext("%(text)s is no point", text=shown(line.strip())))
    lng, lat = float(parts[0]), float(parts[1])
    if in_new_zealand(lng=lng, lat=lat):
        return lng, lat
    if look_swapped(lng=lng, lat=lat):
        return str(gettext("%(text)s has latitude first", text=shown(line.strip())))
    return str(gettext("%(text)s is not in New Zealand", text=shown(line.strip())))


def _checked(given: BaseGeometry, field: str, kinds: Sequence[str]) -> BaseGeometry:
    """Return what was drawn or typed in -180…180. Raises FormRefused for what cannot be taken."""
    xy = shapely.get_coordinates(given)
    if len(xy) > VERTICES_AT_MOST:
        raise _too_many(field, len(xy))
    if not _all_in_new_zealand(xy):
        raise FormRefused([FieldError(field, gettext("It lies outside New Zealand."))])
    moved = shapely.transform(given, _all_to_360)
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
    lng = np.where(xy[:, 0] < 0, xy[:, 0] + 360.0, xy[:, 0])
    corners = zip((lng.min(), lng.max()), (xy[:, 1].min(), xy[:, 1].max()), strict=True)
    return all(in_new_zealand(lng=float(x), lat=float(y)) for x, y in corners)


def _all_to_360(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360.0, xy[:, 0]), xy[:, 1]])


def _line_to_180(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.where(xy[:, 0] > 180, xy[:, 0] - 360.0, xy[:, 0]), xy[:, 1]])


def _in_360(geometry: BaseGeometry) -> BaseGeometry:
    return geometry_to_360(geometry)


def _boundary(worked: DraftState, code: str) -> BaseGeometry:
    return geometry_to_360(worked.content.boundaries[code])


def _options(worked: DraftState) -> list[tuple[str, str]]:
    named: Iterable[tuple[str, str]] = (
        (c.code, f"{c.name} ({c.code})") for c in worked.content.catchments.values()
    )
    return sorted(named, key=lambda pair: folded(pair[1]))
