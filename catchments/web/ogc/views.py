"""OGC API – Features for GIS programs: every address below /ogc.

A request takes the world once, so that no response mixes two editions. Parameters are checked here;
pygeoapi (`mounted`), imported at the first of these requests, writes the documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
from flask import Blueprint, Response, request

from catchments.core.errors import InputRefused, NotKnown, shown
from catchments.lookup.snapshot import AsAt
from catchments.web.common.query_parameters import refuse_unknown_or_repeated
from catchments.web.common.services import kept, public_page, service
from catchments.web.ogc.description import about_service, provenance, temporal
from catchments.web.ogc.frames import CRS84, areas_360, supported
from catchments.web.ogc.layers import COLLECTED, Layer, layer_of
from catchments.web.ogc.moments import day_asked

blueprint = Blueprint("features", __name__, url_prefix="/ogc")

WRITTEN = "ogc2"
"""Raise it when the same document is written in another way."""
JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA, OPENAPI = "application/schema+json", "application/vnd.oai.openapi+json;version=3.0"
FORMATS = {"json", "html"}
PAGING = {"limit", "offset"}
FILTERS = {"bbox", "bbox-crs"}
CHOICE = {"properties", "skipGeometry"}
Json = dict[str, Any]


@blueprint.before_request
def _refuse_unknown_collection() -> None:
    name = (request.view_args or {}).get("name")
    if name is not None and name not in COLLECTED:
        raise NotKnown(
            f"There is no collection {shown(name)}.",
            next_step=f"There are {' and '.join(COLLECTED)}.",
        )


@blueprint.get("/", strict_slashes=False)
def landing() -> Response:
    """Say what there is."""
    return _document("landing")


@blueprint.get("/conformance")
def conformance() -> Response:
    """Say which parts of the standard are kept."""
    return _document("conformance")


@blueprint.get("/openapi")
def openapi() -> Response:
    """Give the contract as OpenAPI 3.0."""
    return _document("openapi", media_type=OPENAPI)


@blueprint.get("/collections")
def collections() -> Response:
    """Say what each collection is."""
    return _document("collections")


@blueprint.get("/collections/<name>")
def collection(name: str) -> Response:
    """Say what one collection is."""
    return _document("collections", name)


@blueprint.get("/collections/<name>/queryables")
def queryables(name: str) -> Response:
    """Say what features can be filtered by."""
    return _document("queryables", name, media_type=SCHEMA)


@blueprint.get("/collections/<name>/schema")
def schema(name: str) -> Response:
    """Say what features have."""
    return _document("schema", name, media_type=SCHEMA)


@blueprint.get("/collections/<name>/items")
def items(name: str) -> Response:
    """Give a page of features."""
    fields = set(COLLECTED[name].fields)
    kind = _format({"crs", "datetime"} | PAGING | FILTERS | CHOICE | fields, GEOJSON)
    asked = _asked()
    positions = _positions(asked, name, fields)
    checked = _checked()
    unchanged = _unchanged(asked, kind)
    if unchanged:
        return unchanged
    if kind == HTML:
        checked = {**checked, "skipGeometry": "true"}
    mounted = _mounted(asked, (_layer(asked, name), positions))
    return _answer(asked, mounted.items(name, request.args.to_dict(), checked), kind)


@blueprint.get("/collections/<name>/items/<code:identifier>", merge_slashes=False)
def item(name: str, identifier: str) -> Response:
    """Give one feature."""
    kind = _format({"crs", "datetime"}, GEOJSON)
    asked = _asked()
    layer = _layer(asked, name)
    at = layer.position.get(identifier)
    if at is None:
        raise NotKnown(
            f"There is no feature {shown(identifier)} in {name}.",
            next_step=f"Choose one from /ogc/collections/{name}/items.",
        )
    unchanged = _unchanged(asked, kind)
    if unchanged:
        return unchanged
    body = _mounted(asked, (layer, [at])).item(name, quote(identifier, safe=""))
    return _answer(asked, body, kind)


# --- what is asked --------------------------------------------------------------------------------


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


def _asked() -> AsAt:
    world = service().snapshots.current()
    return world.as_at(day_asked(request.args.get("datetime"), today=world.today))


def _layer(asked: AsAt, name: str) -> Layer:
    if asked.snapshot is None:
        return Layer(COLLECTED[name], [], np.array([], dtype=object))
    return layer_of(asked.world, asked.snapshot, name)


def _positions(asked: AsAt, name: str, fields: Iterable[str]) -> list[int]:
    """Return which features are asked for. Raises InputRefused."""
    layer = _layer(asked, name)
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


def _mounted(asked: AsAt, selection: tuple[Layer, list[int]] | None = None) -> Any:
    # pygeoapi takes a second and thirty megabytes: only a worker that needs it pays.
    from catchments.web.ogc import mounted

    chosen = mounted.Selection(*selection, crs=_crs()) if selection else None
    root = service().settings.public_url or request.url_root.rstrip("/")
    return mounted.Mounted(about_service(root, asked), f"{root}/ogc", chosen)


def _document(kind: str, *of: str, media_type: str = JSON) -> Response:
    media_type, asked = _format((), media_type), _asked()
    unchanged = _unchanged(asked, media_type)
    if unchanged:
        return unchanged
    body = _mounted(asked).document(kind, *of)
    for part in body.get("collections", [body] if "extent" in body else []):
        part["extent"]["temporal"] = temporal(asked.world)
        part.update(provenance(asked))
    return _answer(asked, body, media_type)


def _unchanged(asked: AsAt, kind: str) -> Response | None:
    """Return 304 where the client has this answer, before anything is worked out for it."""
    if kind == HTML:
        return None
    response = kept(asked, Response(headers={"Vary": "Accept"}), written=WRITTEN)
    return response if response.status_code == 304 else None


def _answer(asked: AsAt, body: Json, kind: str) -> Response:
    if "links" in body:  # which schemas and the contract have not
        body = {**body, **provenance(asked)}
    if kind == HTML:
        return _page(asked, body)
    response = Response(msgspec.json.encode(body), content_type=kind, headers={"Vary": "Accept"})
    if kind == GEOJSON:
        response.headers["Content-Crs"] = f"<{_crs()}>"
    return kept(asked, response, written=WRITTEN)


def _page(asked: AsAt, body: Json) -> Response:
    of = COLLECTED.get((request.view_args or {}).get("name", ""))
    response = public_page(
        asked,
        "features.html",
        body.get("title") or (of.title if of else request.path.rsplit("/", 1)[-1]),
        written=WRITTEN,
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
