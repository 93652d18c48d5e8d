"""What every request handler may reach: the present world, the store's artefacts, the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from flask import current_app

from catchments.settings import Settings
from catchments.snapshot import Snapshot, Snapshots, World
from catchments.store import Store

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


def sources_of(snapshot: Snapshot) -> list[Any]:
    """Return the sources of an edition and of its directory release."""
    return [*snapshot.edition.sources, snapshot.release.source]


def long_date(day: date) -> str:
    """Return a date as people write it: “5 January 2026”."""
    return f"{day.day} {day:%B %Y}"
