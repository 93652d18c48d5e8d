"""Suburbs and towns chosen in a form, and the area around what is known of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from flask import g
from flask_babel import gettext, ngettext
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import shown
from catchments.core.model import NamedPlace, PlaceKind, School
from catchments.core.text_folding import LONGEST_TEXT
from catchments.geometry.coordinates import (
    geometry_to_180,
    geometry_to_360,
    metric_crs,
    to_360,
    to_metres,
    to_wgs84,
)
from catchments.geometry.planar import Flags, Shapes
from catchments.web.common.services import service
from catchments.web.staff.forms.fields import FormReader

GROUP_M = 10_000.0
"""Places of a suburb or town that are no further apart, one to the next, lie together."""
FAR_NAMED = 20
"""Places far away that are named, each."""
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


@dataclass(frozen=True)
class Far:
    """Known places of a suburb or town that lie far from its others."""

    key: str
    taken: bool
    """Whether somebody wants them in the area."""
    sentence: str
    lines: tuple[str, ...]
    """Each of them, with how far away it is."""


def around_those_ticked(typed: FormReader) -> tuple[BaseGeometry | None, str]:
    """Return the area around the known places of the suburbs that were ticked.

    Nobody publishes their boundaries here. So it is the convex hull of each one's known schools and
    addresses, 300 m wider, and says that it is no more than that. What lies far from the others, as
    a school does whose post comes by the town, is left out unless it is wanted.
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
    wanted = far_wanted(typed)
    known = {key: _Known.of(named) for key, named in suburbs.items() if named}
    if any(each is None for each in known.values()):
        typed.refuse("suburbs", gettext("No place is known in one of these: choose another way."))
        return None, ""
    both = [(key, each) for key, each in known.items() if each]
    g.far = [each.far(key, taken=key in wanted) for key, each in both if each.is_far.any()]
    hulls = [each.hull(whole=key in wanted) for key, each in both]
    names = "; ".join(keys)
    label = gettext("around the known places of %(names)s", names=names)
    if not all(each.taken for each in g.far):
        label = gettext(
            "around the known places of %(names)s, without those far from the others", names=names
        )
    label = label[:200]
    return geometry_to_180(shapely.union_all([geometry_to_360(hull) for hull in hulls])), label


def far_wanted(typed: FormReader) -> list[str]:
    """Return the suburbs whose places far away are wanted, too."""
    given = [*typed.all("far"), *typed.all("far_with")]
    return [key for key in dict.fromkeys(given) if key not in typed.all("far_without")]


def far_away() -> list[Far]:
    """Return what of the suburbs that were read in this request lies far from the rest."""
    found: list[Far] = g.get("far", [])
    return found


@dataclass(frozen=True)
class _Known:
    """The known places of a suburb or town, in metres."""

    named: NamedPlace
    crs: str
    points: Shapes
    """Of its places, then of its schools."""
    schools: tuple[School, ...]
    is_far: Flags
    """Which are not in its largest group, whose members are no further than `GROUP_M` apart."""

    @classmethod
    def of(cls, named: NamedPlace) -> _Known | None:
        """Return what is known of where it is; None where that is nothing."""
        schools = tuple(school for school in named.schools if school.place)
        places = [*named.places, *(school.place for school in schools if school.place)]
        if not places:
            return None
        crs = metric_crs(lng=places[0].lng)
        degrees = shapely.points([(to_360(place.lng), place.lat) for place in places])
        points = np.asarray(to_metres(degrees, crs=crs), dtype=object)
        circles = shapely.buffer(points, GROUP_M / 2, quad_segs=4)
        group = shapely.STRtree(shapely.get_parts(shapely.union_all(circles))).nearest(points)
        largest = int(np.argmax(np.bincount(group)))
        return cls(named, crs, points, schools, np.asarray(group != largest))

    def hull(self, *, whole: bool) -> BaseGeometry:
        """Return the convex hull of the places, 300 m wider; WGS 84."""
        those = self.points if whole else self.points[~self.is_far]
        hull = shapely.convex_hull(shapely.multipoints(those))
        found: BaseGeometry = to_wgs84([shapely.buffer(hull, AROUND_A_PLACE_M)], crs=self.crs)[0]
        return found

    def far(self, key: str, *, taken: bool) -> Far:
        """Return what is said of the places far away."""
        rest = shapely.multipoints(self.points[~self.is_far])
        away = shapely.distance(rest, self.points) / 1e3
        at = np.flatnonzero(self.is_far).tolist()
        counted = {"all": len(self.points), "name": key, "km": f"{away[at].max():,.0f}"}
        left_out = ngettext(
            "%(num)s of %(all)s known places of %(name)s is %(km)s km away from the others. It is "
            "left out.",
            "%(num)s of %(all)s known places of %(name)s are up to %(km)s km away from the others. "
            "They are left out.",
            len(at),
            **counted,
        )
        along = ngettext(
            "%(num)s of %(all)s known places of %(name)s is %(km)s km away from the others. It is "
            "taken along.",
            "%(num)s of %(all)s known places of %(name)s are up to %(km)s km away from the others. "
            "They are taken along.",
            len(at),
            **counted,
        )
        lines = [f"{self._called(n)}: {away[n]:,.0f} km" for n in at[:FAR_NAMED]]
        return Far(key, taken, along if taken else left_out, tuple(lines))

    def _called(self, number: int) -> str:
        of_schools = number - (len(self.points) - len(self.schools))
        if of_schools >= 0:
            school = self.schools[of_schools]
            return f"{school.school_id} {school.name}"
        place = self.named.places[number]
        return str(gettext("a place at %(lng)s %(lat)s", lng=place.lng, lat=place.lat))
