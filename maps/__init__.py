"""Maps: an edition's display geometry, its Folium map, pictures and files to take away.

Importing this much imports neither Folium nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import folium
    from shapely.geometry.base import BaseGeometry

    from catchments.core.model import DirectoryRelease, Edition

MAKER = "18"
"""The version of what this room makes; kept artefacts of another version are made anew.

Raise it whenever the same edition would give other bytes: a changed tolerance, property, colouring
or Folium version.
"""


def edition_map(
    edition: Edition,
    release: DirectoryRelease | None = None,
    *,
    coast: BaseGeometry | None = None,
) -> folium.Map:
    """Return Folium's map of an edition, with all its data inside: for a notebook, or to `save`.

    With a directory release it has its schools; without a coast (WGS 84) boundaries are drawn as
    far as they reach.
    """
    from catchments.lookup.snapshot import Snapshot
    from maps.exports.export_input import ExportInput
    from maps.screen.standalone import whole_map

    if release is None:
        return whole_map(ExportInput(edition, coast))
    return whole_map(ExportInput.of(Snapshot.of(edition, release), coast=coast))
