"""Artefacts: files made once when an edition is published, kept with it, and served as they are.

Making needs Folium, GDAL and Pillow; serving needs none. So this module imports them only when
it makes something, and whoever keeps or serves artefacts may import it freely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import msgspec
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import CatchmentsError, PublicationRefused
from catchments.lookup.snapshot import Snapshot, boundaries_fingerprint
from catchments.readers.report import Progress, no_progress
from catchments.store import Artefact
from maps.exports.downloads import FILE_SHELL, FILES, GEOJSON, MANIFEST, File, shell_of_file
from maps.exports.export_input import Coast, ExportInput
from maps.exports.manifest import manifest
from maps.screen.shell import Shell, small_extent, writers
from maps.taken_over import MADE_OF, Parts, digest, packed, unpacked

MAP_ELEMENT = "map-element.html"
MAP_SCRIPT = "map.js"
TOPOLOGY = "boundaries.topojson"
"""As the map draws it; the one to take away is `downloads.TOPOJSON`."""
OVERVIEW = "overview.topojson"
"""The same, for the whole country at once."""
PLACES = "places.json"
COAST = "coast.zip"
COUNTRY, COUNTRY_DARK = "country.svg", "country-dark.svg"
"""What stands where the map will be."""
DRAWN = "drawn.bin"
"""Boundaries as they are drawn, for the edition after it: no page asks for them."""
PICTURE = "picture.png"
"""What others show beside a link to a page."""
SVG, ZIP, BYTES = "image/svg+xml", "application/zip", "application/octet-stream"
JSON = "application/json"
DRAWING, MAKING = "Drawing the map", "Making the downloads"


@dataclass(frozen=True, slots=True)
class Step:
    """A file to make."""

    name: str
    media_type: str
    make: Callable[[], bytes]
    made_of: str = ""
    """Digest of what it is made of; empty where that names the edition, so that it is made anew."""


def build_all(
    snapshot: Snapshot,
    *,
    coast: BaseGeometry | Coast | None = None,
    earlier: Callable[[str], Artefact | None] = lambda _: None,
    progress: Progress = no_progress,
) -> tuple[Artefact, ...]:
    """Return all that is kept with an edition: what the map needs, the downloads, their manifest.

    `earlier` reads what was kept with another edition, of which is taken over what would be the
    same. It is all of it or nothing: raises PublicationRefused, which names the file that could not
    be made.
    """
    material, parts = ExportInput.of(snapshot, coast=coast), Parts(earlier)
    drawn, shell = _made(_hidden(material), DRAWING, no_progress, parts)
    material = replace(material, drawn_before=unpacked(drawn.content))
    material.memo[FILE_SHELL] = msgspec.json.decode(shell.content, type=Shell)
    made = (
        *map_parts(material, progress, parts),
        *_made(_files(material), MAKING, progress, parts),
    )
    by_name = {each.name: each.content for each in made}
    told = manifest(material, FILES, [by_name[each.name] for each in FILES])
    return (
        *made,
        drawn,
        shell,
        Artefact(MADE_OF, JSON, parts.written()),
        Artefact(MANIFEST, JSON, told),
    )


def map_parts(
    material: ExportInput, progress: Progress = no_progress, parts: Parts | None = None
) -> tuple[Artefact, ...]:
    """Return what the map needs, the same bytes for the same edition.

    Without a coast the map draws boundaries as far as they reach. Of `parts` is taken over what is
    the same in them.
    """
    from maps.screen.coast_cells import coast_cells
    from maps.screen.country_picture import country_svg
    from maps.screen.orientation import places_json
    from maps.topology import OVERVIEW as OVERVIEW_MADE
    from maps.topology import TOPOLOGY as TOPOLOGY_MADE
    from maps.topology import drawn_topology, overview_topology

    shell_of, seen = digest(writers()), _seen(material)
    steps = (
        Step(MAP_ELEMENT, "text/html; charset=utf-8", _element, shell_of),
        Step(MAP_SCRIPT, "text/javascript; charset=utf-8", _script, shell_of),
        Step(TOPOLOGY, JSON, lambda: drawn_topology(material), seen),
        Step(OVERVIEW, JSON, lambda: overview_topology(material), seen),
        Step(PLACES, JSON, lambda: places_json(material)),
        Step(COAST, ZIP, lambda: coast_cells(material.land), digest(material.shore.digest)),
        Step(COUNTRY, SVG, lambda: country_svg(material), seen),
        Step(COUNTRY_DARK, SVG, lambda: country_svg(material, dark=True), seen),
        *(_step(material, each) for each in FILES if each.name == GEOJSON),
    )
    made = _made(steps, DRAWING, progress, parts or Parts())
    by_name = {each.name: each.content for each in made}
    material.memo[TOPOLOGY_MADE] = by_name[TOPOLOGY]
    material.memo[OVERVIEW_MADE] = by_name[OVERVIEW]
    return made


def _hidden(material: ExportInput) -> Sequence[Step]:
    """Return what no page asks for: what other files are made of, for the edition after it."""
    drawn_of = digest(_boundaries(material), material.shore.digest)
    shell_of = digest(writers(), msgspec.json.encode(small_extent(material)))
    return (
        Step(DRAWN, BYTES, lambda: packed(material.drawn), drawn_of),
        Step(FILE_SHELL, JSON, lambda: msgspec.json.encode(shell_of_file(material)), shell_of),
    )


def _seen(material: ExportInput) -> str:
    """Return a digest of all that the map shows without a word of anybody's."""
    told = (material.catchments, material.edition.demonstration)
    return digest(_boundaries(material), material.shore.digest, msgspec.json.encode(told))


def _boundaries(material: ExportInput) -> bytes:
    return boundaries_fingerprint(material.edition.boundaries)


def _element() -> bytes:
    return _shell().html.encode()


def _script() -> bytes:
    return _shell().script.encode()


@cache
def _shell() -> Shell:
    from maps.screen.folium_map import render_shell

    return render_shell()


def _files(material: ExportInput) -> list[Step]:
    from maps.picture import picture_png

    rest = [_step(material, each) for each in FILES if each.name != GEOJSON]
    return [*rest, Step(PICTURE, "image/png", lambda: picture_png(material))]


def _step(material: ExportInput, file: File) -> Step:
    return Step(file.name, file.media_type, lambda: file.make(material))


def _made(
    steps: Sequence[Step], doing: str, progress: Progress, parts: Parts
) -> tuple[Artefact, ...]:
    made = []
    for done, step in enumerate(steps):
        progress(doing, done, len(steps))
        make = partial(_or_refused, step.name, step.make)
        content = parts.part(step.name, step.made_of, make) if step.made_of else make()
        made.append(Artefact(step.name, step.media_type, content))
    progress(doing, len(steps), len(steps))
    return tuple(made)


def _or_refused(name: str, make: Callable[[], bytes]) -> bytes:
    try:
        return make()
    except (CatchmentsError, MemoryError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise PublicationRefused(
            f"The file {name} could not be made: {type(error).__name__}: {said}",
            next_step="Nothing was published. Mend what it names, or report it, and try again.",
        ) from error
