"""What is made once when an edition is published, kept with it, and served as it is.

Making needs Folium, which needs pandas; serving needs neither. So this module imports them only
when it makes something, and whoever keeps or serves artefacts may import it freely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from catchments.model import Edition
from catchments.sources.report import Progress, no_progress
from maps import MAKER

__all__ = ["MAKER", "Artefact", "build_artefacts"]

MAP_HTML = "map.html"
MAP_SCRIPT = "map.js"
TOPOLOGY = "boundaries.topojson"
DOWNLOAD = "boundaries.geojson"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A named file made from an edition."""

    name: str
    media_type: str
    content: bytes


def build_artefacts(
    edition: Edition, *, coast: BaseGeometry | None = None, progress: Progress = no_progress
) -> tuple[Artefact, ...]:
    """Return everything the map and the downloads need, the same bytes for the same edition.

    `coast` is all land, WGS 84; without it the map draws boundaries as far as they reach.
    """
    from maps.display import display_topology
    from maps.download import boundaries_geojson
    from maps.shell import render_shell

    shell = render_shell()
    steps: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        (MAP_HTML, "text/html; charset=utf-8", shell.html.encode),
        (MAP_SCRIPT, "text/javascript; charset=utf-8", shell.script.encode),
        (TOPOLOGY, "application/json", lambda: display_topology(edition, coast=coast)),
        (DOWNLOAD, "application/geo+json", lambda: boundaries_geojson(edition)),
    )
    made = []
    for done, (name, media_type, make) in enumerate(steps):
        progress("Drawing the map", done, len(steps))
        made.append(Artefact(name, media_type, make()))
    progress("Drawing the map", len(steps), len(steps))
    return tuple(made)
