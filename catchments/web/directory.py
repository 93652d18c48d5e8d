"""The list of all catchments and providers: the full alternative to the map."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, Response, render_template, request

from catchments.model import EDUCATION_REGIONS
from catchments.resolver import Resolver
from catchments.web.context import page_context, page_response, service
from catchments.web.parameters import optional_date, refuse_unknown_or_repeated

blueprint = Blueprint("directory", __name__)


@blueprint.get("/catchments")
def catchments() -> Response:
    """List all catchments with their providers, region by region."""
    refuse_unknown_or_repeated(request.args, {"on"})
    world = service().snapshots.current()
    day = optional_date(request.args) or world.today
    snapshot = world.on(day)
    listed = catchment_list(snapshot.resolver) if snapshot else []
    page = render_template(
        "catchments.html",
        **page_context(world, snapshot, "All catchments and providers"),
        regions=[(region, list(them)) for region, them in groupby(listed, lambda c: c["region"])],
        count=len(listed),
        day=day,
        today=world.today,
    )
    return page_response(world, snapshot, day, page)


def catchment_list(resolver: Resolver) -> list[dict[str, object]]:
    """Return every catchment with its region and provider, north to south, then by name."""
    places = {region: place for place, region in enumerate(EDUCATION_REGIONS)}
    ordered = sorted(
        resolver.edition.catchments.values(),
        key=lambda c: (
            places.get(c.education_region, len(places)),
            c.education_region,
            c.name,
            c.code,
        ),
    )
    return [
        {
            "code": c.code,
            "name": c.name,
            "region": c.education_region,
            "provider": resolver.provider_of(c),
        }
        for c in ordered
    ]
