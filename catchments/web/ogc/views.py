"""OGC API – Features for GIS programs: every address below /ogc.

A request takes the world once, so that no response mixes two editions. Parameters are checked here;
pygeoapi (`mounted`), imported at the first of these requests, writes the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
from flask import Blueprint, Response, render_template, request

from catchments.core.errors import InputRefused, NotKnown, shown
from catchments.lookup.snapshot import Published, Snapshot
from catchments.web.common.http_cache import cache_control, etag, validated
from catchments.web.common.query_parameters import refuse_unknown_or_repeated
from catchments.web.common.services import page_context, page_response, service
from catchments.web.ogc.description import about_service, provenance, temporal
from catchments.web.ogc.frames import CRS84, areas_360, supported
from catchments.web.ogc.layers import COLLECTED, Layer, layer_of
from catchments.web.ogc.moments import day_asked

blueprint = Blueprint("features", __name__, url_prefix="/ogc")

WRITTEN = "ogc1"
"""Raise it when the same document is written in another way."""
JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA, OPENAPI = "application/schema+json", "application/vnd.oai.openapi+json;version=3.0"
FORMATS = {"json", "html"}
PAGING = {"limit", "offset"}
FILTERS = {"bbox", "bbox-crs"}
CHOICE = {"properties", "skipGeometry"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """What a response is made from: a world, a date, and what was in force then."""

    world: Published
    day: date
    snapshot: Snapshot | None


@blueprint.get("/", strict_slashes=False)
def landing() -> Response:
    """Say what there is."""
    return _document(lambda mounted: mounted.landing())


@blueprint.get("/conformance")
def conformance() -> Response:
    """Say which parts of the standard are kept."""
    return _document(lambda mounted: mounted.conformance())


@blueprint.get("/openapi")
def openapi() -> Response:
    """Give the contract as OpenAPI 3.0."""
    return _document(lambda mounted: mounted.openapi(), media_type=OPENAPI)


@blueprint.get("/collections")
def collections() -> Response:
    """Say what each collection is."""
    return _document(lambda mounted: mounted.collections())


@blueprint.get("/collections/<name>")
def collection(name: str) -> Response:
    """Say what one collection is."""
    _known(name)
    return _document(lambda mounted: mounted.collection(name))


@blueprint.get("/collections/<name>/queryables")
def queryables(name: str) -> Response:
    """Say what features can be filtered by."""
    _known(name)
    return _document(lambda mounted: mounted.queryables(name), media_type=SCHEMA)


@blueprint.get("/collections/<name>/schema")
def schema(name: str) -> Response:
    """Say what features have."""
    _known(name)
    return _document(lambda mounted: mounted.schema(name), media_type=SCHEMA)


@blueprint.get("/collections/<name>/items")
def items(name: str) -> Response:
    """Give a page of features."""
    _known(name)
    fields = set(COLLECTED[name].fields)
    kind = _format({"crs", "datetime"} | PAGING | FILTERS | CHOICE | fields, GEOJSON)
    moment = _moment()
    positions = _positions(moment, name, fields)
    checked = _checked()
    kept = _still_kept(moment, kind)
    if kept:
        return kept
    selection = (_layer(moment, name), positions)
    if kind == HTML:
        checked = {**checked, "skipGeometry": "true"}
    body = _mounted(moment, selection).items(name, request.args.to_dict(), checked)
    return _answer(moment, {**body, **provenance(moment.world, moment.snapshot)}, kind)


@blueprint.get("/collections/<name>/items/<code:identifier>", merge_slashes=False)
def item(name: str, identifier: str) -> Response:
    """Give one feature."""
    _known(name)
    kind = _format({"crs", "datetime"}, GEOJSON)
    moment = _moment()
    layer = _layer(moment, name)
    at = layer.position.get(identifier)
    if at is None:
        raise NotKnown(
            f"There is no feature {shown(identifier)} in {name}.",
            next_step=f"Choose one from /ogc/collections/{name}/items.",
        )
    kept = _still_kept(moment, kind)
    if kept:
        return kept
    body = _mounted(moment, (layer, [at])).item(name, quote(identifier, safe=""))
    return _answer(moment, {**body, **provenance(moment.world, moment.snapshot)}, kind)


# --- what is asked --------------------------------------------------------------------------------


def _known(name: str) -> None:
    if name not in COLLECTED:
        raise NotKnown(
            f"There is no collection {shown(name)}.",
            next_step=f"There are {' and '.join(COLLECTED)}.",
        )


def _format(allowed: Iterable[str], media_type: str) -> str:
    """Return the media type to answer in. Raises InputRefused, also for unknown parameters."""
    refuse_unknown_or_repeated(request.args, {"f", *allowed})
    asked = request.args.get("f")
    if asked is None:
        offered = [media_type, JSON, HTML]
        best = request.accept_mimetypes.best_match(offered, default=media_type)
        return HTML if best == HTML else media_type
    if asked not in FORMATS:
        raise InputRefused(
            f"The parameter f is {shown(asked)}.",
            field="f",
            allowed="It must be json or html.",
            next_step="Leave it out for JSON.",
        )
    return HTML if asked == "html" else media_type


def _moment() -> Moment:
    world = service().snapshots.current()
    day = day_asked(request.args.get("datetime"), today=world.today)
    return Moment(world, day, world.on(day))


def _layer(moment: Moment, name: str) -> Layer:
    if moment.snapshot is None:
        return Layer(COLLECTED[name], [], np.array([], dtype=object))
    return layer_of(moment.world, moment.snapshot, name)


def _positions(moment: Moment, name: str, fields: Iterable[str]) -> list[int]:
    """Return which features are asked for. Raises InputRefused."""
    layer = _layer(moment, name)
    found = np.ones(len(layer.rows), dtype=bool)
    for each in sorted(set(fields) & set(request.args)):
        found &= layer.equal(each, request.args[each])
    box = request.args.get("bbox")
    if box is not None:
        crs = supported("bbox-crs", request.args.get("bbox-crs", CRS84))
        found &= layer.within(areas_360(box, crs=crs))
    elif "bbox-crs" in request.args:
        raise InputRefused(
            "The parameter bbox-crs is given without bbox.",
            field="bbox-crs",
            next_step="Give both or neither.",
        )
    return np.flatnonzero(found).tolist()


def _checked() -> dict[str, str]:
    """Return what pygeoapi is to do: paging, the system, which properties. Raises InputRefused."""
    for each in PAGING & set(request.args):
        if not (request.args[each].isascii() and request.args[each].isdigit()):
            raise InputRefused(
                f"The parameter {each} is {shown(request.args[each])}.",
                field=each,
                allowed="It must be a whole number.",
            )
    if request.args.get("skipGeometry", "true") not in {"true", "false"}:
        raise InputRefused(
            f"The parameter skipGeometry is {shown(request.args['skipGeometry'])}.",
            field="skipGeometry",
            allowed="It must be true or false.",
        )
    _crs()
    given = {each: request.args[each] for each in ("crs", "limit", *CHOICE) if each in request.args}
    return {**given, "offset": request.args.get("offset", "0")}


def _crs() -> str:
    return supported("crs", request.args.get("crs", CRS84))


# --- the answer -----------------------------------------------------------------------------------


def _mounting() -> ModuleType:
    # pygeoapi takes a second and thirty megabytes: only a worker that needs it pays.
    from catchments.web.ogc import mounted

    return mounted


def _root() -> str:
    """Return where the service is found, without a slash at the end."""
    return service().settings.public_url or request.url_root.rstrip("/")


def _mounted(moment: Moment, selection: tuple[Layer, list[int]] | None = None) -> Any:
    mounting = _mounting()
    chosen = mounting.Selection(*selection, crs=_crs()) if selection else None
    about = about_service(_root(), moment.world, moment.snapshot)
    return mounting.Mounted(about, f"{_root()}/ogc", chosen)


def _document(write: Callable[[Any], Json], *, media_type: str = JSON) -> Response:
    kind = _format((), media_type)
    moment = _moment()
    kept = _still_kept(moment, kind)
    if kept:
        return kept
    body = write(_mounted(moment))
    for part in body.get("collections", [body] if "extent" in body else []):
        part["extent"]["temporal"] = temporal(moment.world)
        part.update(provenance(moment.world, moment.snapshot))
    if "links" in body:
        body = {**body, **provenance(moment.world, moment.snapshot)}
    return _answer(moment, body, kind)


def _validators(moment: Moment) -> tuple[str, str]:
    tag = etag(moment.world, moment.snapshot, moment.day, written=WRITTEN)
    return tag, cache_control(moment.world, service().settings.max_age_s)


def _still_kept(moment: Moment, kind: str) -> Response | None:
    """Return 304 where the client has this answer, before anything is worked out for it."""
    if kind == HTML:
        return None
    response = validated(Response(), *_validators(moment))
    response.headers["Vary"] = "Accept"
    return response if response.status_code == 304 else None


def _answer(moment: Moment, body: Json, kind: str) -> Response:
    if kind == HTML:
        return _page(moment, body)
    response = Response(msgspec.json.encode(body), content_type=kind)
    response.headers["Vary"] = "Accept"
    if kind == GEOJSON:
        response.headers["Content-Crs"] = f"<{_crs()}>"
    return validated(response, *_validators(moment))


def _page(moment: Moment, body: Json) -> Response:
    of = COLLECTED.get((request.view_args or {}).get("name", ""))
    title = body.get("title") or (of.title if of else request.path.rsplit("/", 1)[-1])
    html = render_template(
        "features.html",
        **page_context(moment.world, moment.snapshot, title),
        description=body.get("description", ""),
        links=[_to_page(link) for link in body.get("links", [])],
        as_json=f"{request.path}?{urlencode({**request.args.to_dict(), 'f': 'json'})}",
        properties=body.get("properties", {}) if "$schema" in body else {},
        collections=body.get("collections", []),
        conforms_to=body.get("conformsTo", []),
        rows=_rows(body),
        matched=body.get("numberMatched"),
        returned=body.get("numberReturned"),
    )
    response = page_response(moment.world, moment.snapshot, moment.day, html, written=WRITTEN)
    response.headers["Vary"] = "Accept"
    return response


def _to_page(link: Json) -> Json:
    """Return a link to the next page for people as one to a page."""
    turns = link["rel"] in {"next", "prev"}
    return {**link, "href": link["href"].replace("f=json", "f=html") if turns else link["href"]}


def _rows(body: Json) -> list[Mapping[str, Any]]:
    features = body.get("features", [body] if "geometry" in body else [])
    read = msgspec.json.decode(msgspec.json.encode(features), type=list[dict[str, Any]])
    return [_said(each["properties"]) for each in read]


def _said(properties: Json) -> Mapping[str, Any]:
    """Return what a feature has, as a filter would have it written."""
    words = {True: "true", False: "false"}
    known = {name: value for name, value in properties.items() if value is not None}
    return {name: words[v] if isinstance(v, bool) else v for name, v in known.items()}
