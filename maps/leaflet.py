"""Leaflet's own files: in the wheel XStatic-Leaflet, so that none comes from strangers.

Imports neither Folium nor pandas: the web process reads it.
"""

from __future__ import annotations

from pathlib import Path

from xstatic.pkg import leaflet

LEAFLET_FOLDER = Path(leaflet.BASE_DIR)
LEAFLET_FILES = {
    "leaflet.js": "text/javascript",
    "leaflet.css": "text/css",
}
"""What a page may ask for, and its media type; the wheel's images are for markers we never use."""
LEAFLET_VERSION = "1.9.3"
"""The version Folium pins; a test holds the wheel to it."""

_PARTS = "data areas lines schools names manners controls tiles card hover search app"
MAP_SCRIPTS = tuple(f"map-{part}.js" for part in _PARTS.split())
"""Our own, in the order in which they run: after Leaflet, before the script that Folium wrote."""


def leaflet_file(name: str) -> Path | None:
    """Return the path of one of `LEAFLET_FILES`, or None for any other name."""
    return LEAFLET_FOLDER / name if name in LEAFLET_FILES else None
