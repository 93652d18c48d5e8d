"""What every request handler may reach: the present world, the store's artefacts, the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from flask import Response, current_app

from catchments.settings import Settings
from catchments.snapshot import Snapshot, Snapshots, World
from catchments.store import Store
from catchments.web.caching import cache_control, etag, validated

EXTENSION = "catchments"


@dataclass(frozen=True)
class Service:
    """The parts that `create_app` puts together."""

    settings: Settings
    store: Store
    snapshots: Snapshots


def service() -> Service:
    """Return the running application's parts."""
    return cast(Service, current_app.extensions[EXTENSION])


def page_context(world: World, snapshot: Snapshot | None, title: str) -> dict[str, Any]:
    """Return what `base.html` needs on every page."""
    timeline = world.timeline
    if snapshot is None:
        nothing = {"edition": None, "release": None}
        return {"title": title, "demonstration": world.demonstration, **nothing}
    return {
        "title": title,
        "edition": snapshot.edition,
        "release": snapshot.release,
        "demonstration": snapshot.demonstration,
        "sources": sources_of(snapshot),
        "scheduled": timeline.scheduled_after(world.today),
    }


def page_response(world: World, snapshot: Snapshot | None, day: date, page: str) -> Response:
    """Return a page that answers for a date, kept by caches as long as that stays true."""
    control = cache_control(world, service().settings.max_age_s)
    return validated(Response(page), etag(world, snapshot, day), control)


def sources_of(snapshot: Snapshot) -> list[Any]:
    """Return the sources of an edition and of its directory release."""
    return [*snapshot.edition.sources, snapshot.release.source]


def long_date(day: date) -> str:
    """Return a date as people write it: “5 January 2026”."""
    return f"{day.day} {day:%B %Y}"
