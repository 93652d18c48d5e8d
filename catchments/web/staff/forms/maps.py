"""Maps of drafts: what one redraws, as data, and the map that people draw and choose schools on."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, get_template_attribute, url_for
from markupsafe import Markup

from catchments.core.errors import NotKnown
from catchments.core.roles import Action
from catchments.editions.impact.answering import touched_codes
from catchments.editions.impact.tables import Impact
from catchments.store import Draft
from catchments.web.accounts.access import requires
from catchments.web.common.services import service
from catchments.web.pages.map import map_context
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.pages import draft_view, impact
from catchments.web.staff.pages.draft_view import DraftState
from maps.differences import display_differences
from maps.leaflet import LEAFLET_VERSION, MAP_SCRIPTS

NOT_OURS = frozenset({"map-app.js"})
"""The public page around its map."""
_PARTS = "map snap-index outline pen snapping draw choose totals"
STAFF_SCRIPTS = tuple(f"staff-{part}.js" for part in _PARTS.split())
"""In the order in which they run."""


@blueprint.get("/drafts/<int:draft>/map.json")
@requires(Action.READ)
def map_data(draft: int) -> Response:
    """Give the map what a draft redraws, the schools it moves, and where the rest is to be had."""
    return map_of(draft_view.working_on(draft_view.read(draft)))


def map_of(worked: DraftState, *, since: DraftState | None = None) -> Response:
    """Return what the map draws of a draft, or of what it does `since` it was another."""
    found = impact.impact_of(worked, since=since)
    before = since.content if since else impact.base_of(worked).edition
    drawn: dict[str, msgspec.Raw] | None = impact.bench().drawn.of(before, worked.content)
    if drawn is None:
        touched = touched_codes(before, worked.content, found.comparison)
        parts = display_differences(before, worked.content, touched)
        drawn = {name: msgspec.Raw(msgspec.json.encode(part)) for name, part in parts.items()}
        impact.bench().drawn.keep(before, worked.content, drawn)
    body = {**drawn, "moved": _moved(found), **_sources(worked)}
    return Response(msgspec.json.encode(body), mimetype="application/json")


def _moved(found: Impact) -> list[dict[str, Any]]:
    return [
        {
            "number": move.school.school_id,
            "name": move.school.name,
            "lng": move.school.place.lng,
            "lat": move.school.place.lat,
            "before": move.names[0],
            "after": move.names[1],
        }
        for move in (*found.moved, *found.relisted)
        if move.school.place
    ]


def _sources(worked: DraftState) -> dict[str, str | None]:
    """Return the addresses of the boundaries before, and of all schools as they are listed then."""
    edition, release = worked.draft.base_number, worked.release.number
    published = {e.number for e in service().snapshots.current().timeline.editions}
    if edition not in published:
        return {"boundaries": None, "schools": None}
    return {
        "boundaries": url_for("mapping.boundaries", edition=edition),
        "schools": url_for("mapping.schools", edition=edition, release=release),
    }


@blueprint.app_template_global()
def draw_map(draft: Draft, mode: str, target: str) -> Markup:
    """Return a map to draw on: `mode` is area, line or schools, `target` the field's id."""
    macro = get_template_attribute("staff/_draw_map.html", "draw_map")
    return macro(draft, mode, target)  # type: ignore[no-any-return]


@blueprint.app_template_global()
def base_map(number: int | None, draft: Draft | None = None) -> dict[str, Any]:
    """Return what the public map's scripts need to draw an edition below a draft.

    It is today's where there is none with the number. From near by boundaries are the draft's own,
    where one is given. Where there is no edition, or its map is not made yet, there is no map:
    what is drawn on it can be typed.
    """
    world = service().snapshots.current()
    published = {each.number for each in world.timeline.editions}
    snapshot = world.on(world.today)
    if number in published:
        snapshot = world.numbered(number or 0, draft_view.release_for(world).number or 0)
    try:
        context = map_context(snapshot) if snapshot else None
    except NotKnown:
        context = None
    if context is None:
        return {"scripts": [url_for("static", filename="staff-map.js")], "data_urls": {}}
    return {**context, "data_urls": _data_urls(context, draft), "scripts": _scripts(context)}


def _data_urls(context: dict[str, Any], draft: Draft | None) -> dict[str, str]:
    if draft is None:
        return dict(context["data_urls"])
    own = url_for("staff.draft_boundary", draft=draft.id, v=draft.version, catchment="WHICH")
    return {**context["data_urls"], "published": own}


def _scripts(context: dict[str, Any]) -> list[str]:
    """Return the map's scripts: the public map's, ours, and last what Folium wrote."""
    leaflet, *_, written = context["urls"]["scripts"]
    names = (*(name for name in MAP_SCRIPTS if name not in NOT_OURS), *STAFF_SCRIPTS)
    return [leaflet, *(url_for("static", filename=name) for name in names), written]


@blueprint.app_template_global()
def leaflet_url(name: str) -> str:
    """Return the address of one of Leaflet's files."""
    return url_for("mapping.leaflet", version=LEAFLET_VERSION, name=name)
