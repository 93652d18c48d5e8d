"""The map page, and the data that it draws, each under an address of its own."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import shapely
from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext
from markupsafe import Markup

from catchments.core.errors import CatchmentsError, InputRefused, Kind, NotKnown, shown
from catchments.core.map_tiles import PLAIN
from catchments.core.model import Place
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import to_360
from catchments.lookup.snapshot import AsAt, Published, Snapshot
from catchments.runtime.recent import Recent
from catchments.store import Artefact
from catchments.store.site.basemap import AboutBasemap, Basemaps
from catchments.web.common.assets import content_of
from catchments.web.common.cache_control import A_MINUTE, AN_HOUR, FOR_GOOD, validated
from catchments.web.common.payload import provenance_json, provider_json
from catchments.web.common.query_parameters import (
    page_parameters,
    refuse_unknown_or_repeated,
)
from catchments.web.common.services import (
    as_at,
    kept_by_content,
    leave_uncached,
    public_page,
    service,
)
from catchments.web.pages.catchment_summaries import catchment_list
from catchments.web.pages.map_focus import focus_asked
from maps.artefacts import (
    COAST,
    COUNTRY,
    COUNTRY_DARK,
    MAP_ELEMENT,
    OVERVIEW,
    PICTURE,
    PLACES,
    TOPOLOGY,
)
from maps.artefacts import (
    MAP_SCRIPT as FOLIUMS_SCRIPT,
)
from maps.exports.packing import is_empty, member_of
from maps.leaflet import LEAFLET_FILES, LEAFLET_VERSION, MAP_SCRIPTS, leaflet_file
from maps.locator import Drawing, locator_svg, read_drawing
from maps.screen.school_rows import school_row

blueprint = Blueprint("mapping", __name__)

_CELL = re.compile(r"[0-9]{1,3}_-?[0-9]{1,3}")
VERSION_LENGTH = 12
CELL_DEG = 2
"""Degrees a cell of schools and suburbs, as `maps.screen.folium_map` tells the map."""
WHOLE_FILE = "catchments.whole_file"
WHOLE_FILES_KEPT = 2
AS_MADE = {
    "boundaries": TOPOLOGY,
    "overview": OVERVIEW,
    "country": COUNTRY,
    "country_dark": COUNTRY_DARK,
    "picture": PICTURE,
}
"""What is given as it is kept, by its endpoint: boundaries as they are drawn, simplified and
clipped to the coast, also for the whole country at once; the country where the map will be, for a
light and a dark page; and the picture that others show beside a link to a page."""


@blueprint.get("/map")
def page() -> Response:
    """Show the map of all catchments, opened on a school or a catchment if one is named."""
    page_parameters(request.args, {"school", "catchment"})
    asked, snapshot = _today()
    return public_page(
        asked,
        "map.html",
        gettext("Map of catchments"),
        **map_context(snapshot, focus=focus_asked(asked, snapshot)),
        remember=True,
    )


def map_context(snapshot: Snapshot, *, focus: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a page needs to show the big map, opened on a school or a catchment if given."""
    return {
        "map_shell": Markup(_artefact(snapshot, MAP_ELEMENT).content.decode()),  # noqa: S704 - ours
        "urls": _urls(snapshot),
        "data_urls": _data_urls(snapshot),
        "catchments": catchment_list(snapshot.resolver),
        "focus": focus,
        "tiles": _tiles(),
        "basemap": _basemap(),
    }


def _tiles() -> dict[str, Any] | None:
    """Return what the browser is told of map tiles, if a setting names a server of them."""
    tiles = service().settings.tiles
    if tiles is None:
        return None
    return {
        "backgrounds": [(each.name, each.address) for each in tiles.backgrounds],
        "first": PLAIN if tiles.begins_plain else tiles.backgrounds[0].name,
        "closest": tiles.closest,
        "attribution": tiles.attribution,
        "link": tiles.attribution_link,
    }


def locator(
    world: Published, snapshot: Snapshot, *, codes: Sequence[str], place: Place | None, label: str
) -> Markup:
    """Return the small map of catchments and a place as markup; empty where it cannot be drawn."""
    kept = drawing(world, snapshot)
    if kept is None:
        return Markup()
    names = {code: c.name for code, c in snapshot.edition.catchments.items()}
    svg = locator_svg(kept, codes=codes, place=place, label=label, names=names)
    return Markup(svg or "")  # noqa: S704 - numbers and escaped text


def drawing(world: Published, snapshot: Snapshot) -> Drawing | None:
    """Return an edition's boundaries for small maps; None where they are not to be had now."""

    def read() -> Drawing:
        return read_drawing(_artefact(snapshot, TOPOLOGY).content)

    try:
        return world.recent.get(("drawing", snapshot.edition.number), read)
    except CatchmentsError:
        # Not made yet, or the database is away: the page says all the same without it.
        leave_uncached()
        return None


@blueprint.get("/map.js")
def script() -> Response:
    """Give the script that Folium wrote."""
    return _served(_artefact(_today()[1], "map.js"))


@blueprint.get("/map/data/<int:edition>/places.json")
def places(edition: int) -> Response:
    """Give towns and waters by which people find their way."""
    kept = _stored(edition, PLACES)
    members = msgspec.json.decode(kept.content, type=dict[str, msgspec.Raw])
    members.pop("suburbs", None)  # they are asked for by the cell, from near by
    return _served(kept, msgspec.json.encode(members))


@blueprint.get("/map/data/<int:edition>/suburbs/<cell>.json")
def suburbs(edition: int, cell: str) -> Response:
    """Give the suburbs in a cell of the map."""
    within = _within(cell)
    named = msgspec.json.decode(_stored(edition, PLACES).content).get("suburbs", [])
    return _kept({"suburbs": [row for row in named if within(row[1], row[2])]})


@blueprint.get("/map/data/<int:edition>/coast/<any(near, nearest):detail>/<cell>.json")
def coast(edition: int, detail: str, cell: str) -> Response:
    """Give a cell of the coast: the land in it, or none where all of it is sea."""
    kept = _stored(edition, COAST)
    if not _CELL.fullmatch(cell):
        raise NotKnown(f"There is no cell {shown(cell)} of the coast.")
    content = member_of(kept.content, f"{detail}/{cell}.json") or b'{"per":1,"rings":[]}'
    response = Response(content, content_type="application/json")
    return kept_by_content(response, AN_HOUR)


@blueprint.get("/map/data/basemap/<version>/<any(far, near, nearest):detail>/<cell>.json")
def basemap(version: str, detail: str, cell: str) -> Response:
    """Give a cell of roads, lakes and rivers; an empty one where there are none."""
    about = _basemap()
    if about is None or not about.sha256.startswith(version) or len(version) != VERSION_LENGTH:
        raise NotKnown("These roads, lakes and rivers are not on the map any more.")
    if not _CELL.fullmatch(cell):
        raise NotKnown(f"There is no cell {shown(cell)} of roads, lakes and rivers.")
    kept = Basemaps(service().store).cell(f"{detail}/{cell}")
    content = zlib.decompress(kept) if kept else b'{"per":1}'
    response = Response(content, content_type="application/json")
    return validated(response, f'"basemap-{version}-{detail}-{cell}"', FOR_GOOD)


def _basemap() -> AboutBasemap | None:
    world = service().snapshots.current()
    return world.recent.get("basemap", lambda: Basemaps(service().store).about())


def _as_made(artefact: str, edition: int) -> Response:
    """Give a file that is kept with an edition."""
    return _served(_stored(edition, artefact))


for endpoint, artefact in AS_MADE.items():
    view = partial(_as_made, artefact)
    blueprint.add_url_rule(f"/map/data/<int:edition>/{artefact}", endpoint, view)


@blueprint.get("/downloads/<int:edition>/boundary.geojson")
def boundary(edition: int) -> Response:
    """Give the boundary of the catchment with this code, as it is looked up in."""
    refuse_unknown_or_repeated(request.args, {"catchment"})
    code = request.args.get("catchment")
    if code is None:
        raise InputRefused(
            "The parameter catchment is missing.",
            field="catchment",
            allowed="Give a catchment's code.",
            next_step="For the boundaries of all ask for boundaries.geojson.",
            kind=Kind.MISSING_PARAMETER,
        )
    file = _whole_file(edition)
    feature = file.features.get(code)
    if feature is None:
        raise NotKnown(
            f"There is no catchment {shown(code)} in edition {edition}.",
            next_step="Choose one from the list at /catchments.",
        )
    response = _kept({**file.members, "features": [feature]}, media_type="application/geo+json")
    name = f"catchment-{folded(code).replace(' ', '-')[:60]}-edition-{edition}.geojson"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


class _Feature(msgspec.Struct):
    id: str


@dataclass(frozen=True)
class _WholeFile:
    """The file of all boundaries, taken apart, as it is written."""

    members: dict[str, msgspec.Raw]
    """Those beside the features."""
    features: dict[str, msgspec.Raw]
    """By code."""


def _whole_file(edition: int) -> _WholeFile:
    _refuse_unknown_edition(edition)

    def read() -> _WholeFile:
        content = _read(edition, "boundaries.geojson").content
        members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        features = msgspec.json.decode(members.pop("features", b"[]"), type=list[msgspec.Raw])
        by_code = {msgspec.json.decode(each, type=_Feature).id: each for each in features}
        return _WholeFile(members, by_code)

    # It may be tens of megabytes: apart from what else is kept, and of few editions.
    kept: Recent = current_app.extensions.setdefault(WHOLE_FILE, Recent(WHOLE_FILES_KEPT))
    return kept.get(edition, read)


@blueprint.get("/map/data/<int:edition>/<int:release>/catchments.json")
def catchments(edition: int, release: int) -> Response:
    """Give each catchment's name, region, provider and extent (0…360 degrees)."""
    snapshot = service().snapshots.current().numbered(edition, release)
    codes = [entry["code"] for entry in catchment_list(snapshot.resolver)]
    found = Counter(a.catchment.code for a in snapshot.answers.values() if a.school and a.catchment)
    body = {
        **provenance_json(snapshot),
        "edition": edition,
        "catchments": [
            {**_catchment(snapshot, str(code)), "schools": found[str(code)]} for code in codes
        ],
    }
    return _kept(body)


@blueprint.get("/map/data/<int:edition>/<int:release>/schools.json", defaults={"cell": None})
@blueprint.get("/map/data/<int:edition>/<int:release>/schools/<cell>.json")
def schools(edition: int, release: int, cell: str | None) -> Response:
    """Give each school with a place, in a cell of the map or everywhere.

    A row is number, name, lng, lat, catchment code, status; and what is not certain, if anything.
    """
    within = _within(cell)
    snapshot = service().snapshots.current().numbered(edition, release)
    body = {
        "demonstration": snapshot.demonstration,
        "release": release,
        "schools": [
            row
            for answer in snapshot.answers.values()
            if answer.place and within(answer.place.lng, answer.place.lat)
            if (row := school_row(answer))
        ],
    }
    return _kept(body)


def _within(cell: str | None) -> Callable[[float, float], bool]:
    """Return what says whether a place lies in a cell, named by its west and south edges in cells.

    Raises NotKnown where there is no such cell.
    """
    if cell is None:
        return lambda *_: True
    if not _CELL.fullmatch(cell):
        raise NotKnown(f"There is no cell {shown(cell)} of the map.")
    west, south = map(int, cell.split("_"))
    return lambda lng, lat: (to_360(lng) // CELL_DEG, lat // CELL_DEG) == (west, south)


@blueprint.get("/leaflet/<version>/<name>")
def leaflet(version: str, name: str) -> Response:
    """Give Leaflet's own files."""
    path = leaflet_file(name) if version == LEAFLET_VERSION else None
    if path is None:
        raise NotKnown(f"There is no file {shown(name)} of Leaflet here.")
    response = Response(content_of(path), mimetype=LEAFLET_FILES[name])
    return validated(response, f'"leaflet-{LEAFLET_VERSION}"', FOR_GOOD)


def _today() -> tuple[AsAt, Snapshot]:
    asked = as_at()
    if asked.snapshot is None:
        raise NotKnown("No edition is in force today.")
    return asked, asked.snapshot


def _stored(edition: int, name: str) -> Artefact:
    world = _refuse_unknown_edition(edition)
    return world.recent.get(("artefact", edition, name), lambda: _read(edition, name))


def _refuse_unknown_edition(edition: int) -> Published:
    world = service().snapshots.current()
    if edition not in {e.number for e in world.timeline.editions}:
        raise NotKnown(f"There is no edition {edition}.")
    return world


def _read(edition: int, name: str) -> Artefact:
    found = service().store.artefact(edition, name)
    if found is None:
        raise NotKnown(
            f"Edition {edition} has no {name} yet.", next_step="Run `flask setup` to make it."
        )
    return found


def _artefact(snapshot: Snapshot, name: str) -> Artefact:
    return _stored(snapshot.edition.number or 0, name)


def _served(artefact: Artefact, part: bytes | None = None) -> Response:
    content = artefact.content if part is None else part
    response = Response(content, content_type=artefact.media_type)
    # Only the address that names this very content may be kept for good.
    exact = request.args.get("v") == artefact.sha256[:12]
    control = FOR_GOOD if exact else A_MINUTE
    return validated(response, f'"{artefact.sha256[:32]}"', control)


def _kept(body: dict[str, Any], *, media_type: str = "application/json") -> Response:
    # What an edition and a release hold together never changes, but how it is written may.
    response = Response(msgspec.json.encode(body), content_type=media_type)
    return kept_by_content(response, AN_HOUR)


def _urls(snapshot: Snapshot) -> dict[str, Any]:
    """Return where what a page itself asks for is."""
    at = partial(_address, snapshot)
    return {
        "boundaries": at("mapping.boundaries", TOPOLOGY),
        "country": at("mapping.country", COUNTRY),
        "country_dark": at("mapping.country_dark", COUNTRY_DARK),
        "leaflet_style": url_for("mapping.leaflet", version=LEAFLET_VERSION, name="leaflet.css"),
        "scripts": [
            url_for("mapping.leaflet", version=LEAFLET_VERSION, name="leaflet.js"),
            *(url_for("static", filename=name) for name in MAP_SCRIPTS),
            url_for("mapping.script", v=_artefact(snapshot, FOLIUMS_SCRIPT).sha256[:12]),
        ],
    }


def _data_urls(snapshot: Snapshot) -> dict[str, str]:
    """Return where each file is that the map's layers name; WHICH stands for a part of it."""
    edition, release = snapshot.edition.number or 0, snapshot.release.number
    published = url_for("mapping.boundary", edition=edition, catchment="WHICH")
    return {
        **_coast_url(snapshot),
        **_basemap_url(),
        "overview": _address(snapshot, "mapping.overview", OVERVIEW),
        "boundaries": _address(snapshot, "mapping.boundaries", TOPOLOGY),
        "places": _address(snapshot, "mapping.places", PLACES),
        "published": published,
        "catchments": url_for("mapping.catchments", edition=edition, release=release),
        "schools": url_for("mapping.schools", edition=edition, release=release, cell="WHICH"),
        "suburbs": url_for("mapping.suburbs", edition=edition, cell="WHICH"),
    }


def _coast_url(snapshot: Snapshot) -> dict[str, str]:
    """Return where cells of the coast are; nothing where an edition was made without a coast."""
    kept = _artefact(snapshot, COAST)
    if is_empty(kept.content):
        return {}
    edition, version = snapshot.edition.number or 0, kept.sha256[:12]
    cell = url_for("mapping.coast", edition=edition, detail="near", cell="0_0", v=version)
    return {"coast": cell.replace("near/0_0", "WHICH")}


def _basemap_url() -> dict[str, str]:
    about = _basemap()
    if about is None:
        return {}
    version = about.sha256[:VERSION_LENGTH]
    cell = url_for("mapping.basemap", version=version, detail="near", cell="0_0")
    return {"basemap": cell.replace("near/0_0", "WHICH")}


def _address(snapshot: Snapshot, endpoint: str, artefact: str) -> str:
    """Return the address of an artefact that names its content, so that it may be kept for good."""
    version = _artefact(snapshot, artefact).sha256[:12]
    return url_for(endpoint, edition=snapshot.edition.number or 0, v=version)


def _catchment(snapshot: Snapshot, code: str) -> dict[str, Any]:
    candidate = snapshot.resolver.candidate(code)
    return {
        "code": code,
        "name": candidate.catchment.name,
        "education_region": candidate.catchment.education_region,
        "provider": candidate.provider and provider_json(candidate.provider),
        "bounds": _bounds(snapshot, code),
    }


def _bounds(snapshot: Snapshot, code: str) -> list[float] | None:
    if code not in snapshot.edition.boundaries:
        return None
    bounds = shapely.bounds(snapshot.resolver.index.boundary_360(code))
    return [round(float(degrees), 5) for degrees in bounds]
