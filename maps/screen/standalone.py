"""The map in one file as Folium's own, for a disk or a notebook; importing it imports Folium."""

from __future__ import annotations

from typing import Any

from branca.element import Figure

from maps.exports.export_input import ExportInput
from maps.screen.folium_map import CatchmentMap, tidy
from maps.screen.shell import MAP_ID, Corners, Shell, small_extent
from maps.screen.whole_page import whole_page


class WholeFile(Figure):
    """A page of its own that has in it all that the map needs."""

    def __init__(self, material: ExportInput) -> None:
        super().__init__()
        self._id = MAP_ID
        self.material = material

    def render(self, **kwargs: Any) -> str:
        """Return the page. Folium calls this to save a map, and to show it in a notebook."""
        return whole_page(self.material, _shell_of(self, **kwargs))


def whole_map(material: ExportInput) -> CatchmentMap:
    """Return Folium's map of an edition, its data inside; `save` and notebooks take it as any."""
    return _drawn_on(WholeFile(material), small_extent(material))


def file_shell(extent: Corners | None) -> Shell:
    """Return the shell of a map in one file; `extent` is that of a part of the country."""
    figure = Figure()
    figure._id = MAP_ID
    _drawn_on(figure, extent)
    return _shell_of(figure)


def _drawn_on(figure: Figure, extent: Corners | None) -> CatchmentMap:
    drawn = CatchmentMap()
    if extent:
        drawn.options["whole"] = extent
    drawn.add_to(figure)
    return drawn


def _shell_of(figure: Figure, **kwargs: Any) -> Shell:
    for child in figure._children.values():
        child.render(**kwargs)
    return Shell(tidy(figure.html.render()), tidy(figure.script.render()))
