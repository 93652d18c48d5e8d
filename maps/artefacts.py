"""Artefacts: files made once when an edition is published, kept with it, and served as they are.

Making needs Folium, GDAL and Pillow; serving needs none. So this module imports them only when
it makes something, and whoever keeps or serves artefacts may import it freely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import CatchmentsError, PublicationRefused
from catchments.lookup.snapshot import Snapshot
from catchments.readers.report import Progress, no_progress
from catchments.store import Artefact
from maps.exports.downloads import FILES, GEOJSON, MANIFEST, File
from maps.exports.export_input import ExportInput
from maps.exports.manifest import manifest
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
DRAWING, MAKING = "Drawing the map", "Making the downloads"


Step = tuple[str, str, Callable[[], bytes]]
"""Name, media type, and what makes it."""


def build_all(
    snapshot: Snapshot,
    *,
    coast: BaseGeometry | None = None,
    earlier: Callable[[str], Artefact | None] = lambda _: None,
    progress: Progress = no_progress,
) -> tuple[Artefact, ...]:
    """Return all that is kept with an edition: what the map needs, the downloads, their manifest.

    `earlier` reads what was kept with another edition, of which is taken over what would be the
    same. It is all of it or nothing: raises PublicationRefused, which names the file that could not
    be made.
    """
    kept = parts_of(snapshot, coast=coast, earlier=earlier)
    by_name = {each.name: each.content for each in kept}
    material = ExportInput.of(snapshot, coast=coast)
    material = replace(material, drawn_before=unpacked(by_name[DRAWN]))
    made = (
        *map_parts(material, progress, coast=by_name[COAST]),
        *_made(_files(material), MAKING, progress),
    )
    by_name |= {each.name: each.content for each in made}
    told = manifest(material, FILES, [by_name[each.name] for each in FILES])
    rest = [each for each in kept if each.name != COAST]
    return (*made, *rest, Artefact(MANIFEST, "application/json", told))


def parts_of(
    snapshot: Snapshot, *, coast: BaseGeometry | None, earlier: Callable[[str], Artefact | None]
) -> tuple[Artefact, ...]:
    """Return the parts that name no edition, taken over where they were made of the same.

    These are the boundaries as they are drawn and the cells of the coast, and of what they were
    made.
    """
    parts, land = Parts(earlier), coast.wkb if coast is not None else b""
    material = ExportInput.of(snapshot, coast=coast)
    made: tuple[tuple[str, str, str, Callable[[], bytes]], ...] = (
        (DRAWN, BYTES, digest(snapshot.fingerprint, land), lambda: packed(material.drawn)),
        (COAST, ZIP, digest(land), lambda: _coast(coast)),
    )
    return (
        *(
            Artefact(name, kind, parts.part(name, of, partial(_or_refused, name, make)))
            for name, kind, of, make in made
        ),
        Artefact(MADE_OF, "application/json", parts.written()),
    )


def map_parts(
    material: ExportInput, progress: Progress = no_progress, *, coast: bytes | None = None
) -> tuple[Artefact, ...]:
    """Return what the map needs, the same bytes for the same edition.

    Without a coast the map draws boundaries as far as they reach; `coast` are its cells, where they
    are made already.
    """
    from maps.screen.country_picture import country_svg
    from maps.screen.folium_map import render_shell
    from maps.screen.orientation import places_json
    from maps.topology import drawn_topology, overview_topology

    shell = render_shell()
    (geojson,) = (each for each in FILES if each.name == GEOJSON)
    steps: tuple[Step, ...] = (
        (MAP_ELEMENT, "text/html; charset=utf-8", shell.html.encode),
        (MAP_SCRIPT, "text/javascript; charset=utf-8", shell.script.encode),
        (TOPOLOGY, "application/json", lambda: drawn_topology(material)),
        (OVERVIEW, "application/json", lambda: overview_topology(material)),
        (PLACES, "application/json", lambda: places_json(material)),
        (COAST, ZIP, lambda: _coast(material.coast) if coast is None else coast),
        (COUNTRY, SVG, lambda: country_svg(material)),
        (COUNTRY_DARK, SVG, lambda: country_svg(material, dark=True)),
        _step(material, geojson),
    )
    return _made(steps, DRAWING, progress)


def _coast(coast: BaseGeometry | None) -> bytes:
    from maps.screen.coast_cells import coast_cells

    return coast_cells(coast)


def _files(material: ExportInput) -> list[Step]:
    rest = [_step(material, each) for each in FILES if each.name != GEOJSON]
    return [*rest, _picture(material)]


def _picture(material: ExportInput) -> Step:
    def make() -> bytes:
        from maps.picture import picture_png

        return picture_png(material)

    return PICTURE, "image/png", make


def _step(material: ExportInput, file: File) -> Step:
    return file.name, file.media_type, lambda: file.make(material)


def _made(steps: Sequence[Step], doing: str, progress: Progress) -> tuple[Artefact, ...]:
    made = []
    for done, (name, media_type, make) in enumerate(steps):
        progress(doing, done, len(steps))
        made.append(Artefact(name, media_type, _or_refused(name, make)))
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
