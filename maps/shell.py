"""The Folium part: the element the map is drawn in and the script that opens an empty map there.

branca renders what it is given as a template again, so nothing that a person or a file supplied
comes near this module: it takes no arguments. Importing it imports Folium and with it pandas: only
commands do that.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import folium
from branca.element import Figure

MAP_ID = "catchments"
MAP_NAME = f"map_{MAP_ID}"
"""The id of the map's element, and the script's one global name."""
CENTRE = (-41.2, 173.2)
WIDEST_ZOOM = 3
CLOSEST_ZOOM = 13
"""Closer than this the simplified boundaries would pretend to a precision they do not have."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What a page holds (`html`) and what it loads after Leaflet (`script`)."""

    html: str
    script: str


class CatchmentMap(folium.Map):
    """Folium's map without its links to other people's servers.

    The lists are set on this subclass: `add_js_link` would change `folium.Map` for the whole
    process. Folium's header is not rendered at all: our own page has the links, and its inline
    styles and its viewport, which forbids zooming, are replaced by `map.css` and `base.html`.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - Folium declares it so
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - Folium declares it so

    def __init__(self) -> None:
        super().__init__(
            location=CENTRE,
            tiles=None,
            zoom_start=5,
            control_scale=True,
            prefer_canvas=False,
            # With tiles=None Folium drops max_zoom unless it is passed as one of Leaflet's options.
            maxZoom=CLOSEST_ZOOM,
            minZoom=WIDEST_ZOOM,
            zoomSnap=0.25,
            attributionControl=False,
            # The wheel scrolls the page until the map has the focus: map-app.js sees to it.
            scrollWheelZoom=False,
        )
        self._id = MAP_ID


def render_shell() -> Shell:
    """Return the map's HTML fragment and script, the same bytes every time."""
    figure = Figure()
    figure._id = MAP_ID
    CatchmentMap().add_to(figure)
    figure.render()
    return Shell(html=_tidy(figure.html.render()), script=_tidy(figure.script.render()))


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in textwrap.dedent(text).splitlines())
    return "\n".join(line for line in lines if line) + "\n"
