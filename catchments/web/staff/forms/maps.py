"""Maps of drafts: what one redraws, as data, and the map that people draw and choose schools on."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, get_template_attribute, url_for
from markupsafe import Markup

from catchments.core.roles import Action
from catchments.editions.impact.answering import touched_codes
from catchments.editions.impact.tables import Impact
from catchments.store import Draft
from catchments.web.accounts.access import requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.pages import draft_view, impact
from catchments.web.staff.pages.draft_view import DraftState
from maps.differences import display_differences
from maps.leaflet import LEAFLET_VERSION


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
            "before": move.before.catchment.name if move.before.catchment else "",
            "after": move.after.catchment.name if move.after.catchment else "",
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
def leaflet_url(name: str) -> str:
    """Return the address of one of Leaflet's files."""
    return url_for("mapping.leaflet", version=LEAFLET_VERSION, name=name)
