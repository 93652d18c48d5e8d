"""Suburbs and towns chosen in a form, and the area around what is known of each."""

from __future__ import annotations

import shapely
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import shown
from catchments.core.model import NamedPlace, PlaceKind
from catchments.core.text_folding import LONGEST_TEXT
from catchments.geometry.coordinates import (
    geometry_to_180,
    geometry_to_360,
    metric_crs,
    to_metres,
    to_wgs84,
)
from catchments.web.common.services import service
from catchments.web.staff.forms.fields import FormReader

AROUND_A_PLACE_M = 300.0
"""How far around the known places of a suburb its area is taken to reach."""
SUBURBS_FOUND, SUBURBS_AT_MOST = 40, 50
LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}


def key_of(named: NamedPlace) -> str:
    """Return what a suburb or town is known by in a form."""
    return f"{named.name}, {named.within}" if named.within else named.name


def found(text: str) -> list[NamedPlace]:
    """Return the suburbs and towns that a text may mean, at most 40."""
    finder = service().finder(service().snapshots.current())
    suggested = finder.suggest(text[:LONGEST_TEXT], at_most=4 * SUBURBS_FOUND)
    return [each for each in suggested if each.kind in LOCALITIES][:SUBURBS_FOUND]


def suburb(key: str) -> NamedPlace | None:
    """Return the suburb or town of a key, if there is one."""
    name, _, within = key.partition(", ")
    named = found(f"{name} {within}".strip())
    return next((each for each in named if key_of(each) == key), None)


def around_those_ticked(typed: FormReader) -> tuple[BaseGeometry | None, str]:
    """Return the area around the known places of the suburbs that were ticked.

    Nobody publishes their boundaries here. So it is the convex hull of each one's known schools and
    addresses, 300 m wider, and says that it is no more than that.
    """
    keys = typed.all("suburbs")
    if len(keys) > SUBURBS_AT_MOST:
        typed.refuse("suburbs", gettext("Choose at most %(n)s suburbs.", n=SUBURBS_AT_MOST))
        return None, ""
    suburbs = {key: suburb(key) for key in keys}
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
