"""OGC API – Features for GIS programs: every address below /ogc.

A request takes the world once, so that no response mixes two editions. Parameters are checked here;
pygeoapi (`mounted`), imported at the first of these requests, writes the documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
from flask import Blueprint, Response, request

from catchments.core.errors import NotKnown, shown
from catchments.lookup.snapshot import AsAt
from catchments.web.common.pins import pins_of
from catchments.web.common.services import absolute, kept, public_page
from catchments.web.ogc.asked import (
    OF_ALL,
    OF_ONE,
    Page,
    crs_asked,
    format_asked,
    found,
    page_asked,
    world_asked,
)
from catchments.web.ogc.description import about_service, provenance, temporal
from catchments.web.ogc.layers import COLLECTED, Collected, Layer, layer_of
from catchments.web.ogc.links import Links

blueprint = Blueprint("features", __name__, url_prefix="/ogc")

WRITTEN = "ogc3"
"""Raise it when the same document is written in another way."""
JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA, OPENAPI = "application/schema+json", "application/vnd.oai.openapi+json;version=3.0"
Json = dict[str, Any]
DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "/": ("landing", JSON),
    "/conformance": ("conformance", JSON),
    "/openapi": ("openapi", OPENAPI),
    "/collections": ("collections", JSON),
    "/collections/<name>": ("collection", JSON),
    "/collections/<name>/queryables": ("queryables", SCHEMA),
    "/collections/<name>/schema": ("schema", SCHEMA),
}
"""Every document without features: its address, its kind and its media type."""


@blueprint.before_request
def _refuse_unknown_collection() -> None:
    name = (request.view_args or {}).get("name")
    if name is not None and name not in COLLECTED:
        raise NotKnown(
            f"There is no collection {shown(name)}.",
            next_step=f"There are {' and '.join(COLLECTED)}.",
        )


@blueprint.get("/collections/<name>/items")
def items(name: str) -> Response:
    """Give a page of features."""
    of = COLLECTED[name]
    kind = _media_type({*OF_ALL, *of.fields}, GEOJSON)
    asked, page, crs = world_asked(), page_asked(of), crs_asked()
    layer = _layer(asked, name)
    positions = found(layer)
    unchanged = _unchanged(asked, kind)
    if unchanged:
        return unchanged
    if kind == HTML:
        page = replace(page, placed=False)
    mounted = _mounted(asked, (layer, positions, crs))
    body = mounted.items(name, page.checked, _links(asked))
    return _answer(asked, {**body, **_said_of(page, of)}, kind)


@blueprint.get("/collections/<name>/items/<code:identifier>", merge_slashes=False)
def item(name: str, identifier: str) -> Response:
    """Give one feature."""
    kind = _media_type(OF_ONE, GEOJSON)
    asked, crs = world_asked(), crs_asked()
    layer = layer_of(asked.world, asked.in_force, name)
    at = layer.at(identifier)
    if at is None:
        raise NotKnown(
            f"There is no feature {shown(identifier)} in {name}.",
            next_step=f"Choose one from /ogc/collections/{name}/items.",
        )
    unchanged = _unchanged(asked, kind)
    if unchanged:
        return unchanged
    of = str(layer.rows[at][layer.of.id_field])
    body = _mounted(asked, (layer, [at], crs)).item(name, quote(of, safe=""), _links(asked))
    return _answer(asked, body, kind)


# --- what is asked --------------------------------------------------------------------------------


def _media_type(allowed: Iterable[str], usual: str) -> str:
    """Return the media type to answer in. Raises InputRefused, also for unknown parameters."""
    asked = format_asked(allowed)
    if asked:
        return HTML if asked == "html" else usual
    best = request.accept_mimetypes.best_match([usual, JSON, HTML], default=usual)
    return HTML if best == HTML else usual


def _layer(asked: AsAt, name: str) -> Layer:
    if asked.snapshot is None:
        return Layer(COLLECTED[name], [], np.array([], dtype=object))
    return layer_of(asked.world, asked.snapshot, name)


def _links(asked: AsAt) -> Links:
    """Return what links to this answer ask for: it, pinned; and the same of what is in force."""
    given = request.args.to_dict()
    pins = pins_of(asked, day="datetime")
    lasting = {name: text for name, text in given.items() if name not in {*pins, "offset", "f"}}
    return Links({**given, **pins}, lasting)


def _said_of(page: Page, of: Collected) -> Json:
    if page.asked_for <= of.at_once:
        return {}
    return {
        "note": f"The limit was {page.asked_for}; a page has at most {of.at_once} features. The "
        "link next leads on where there are more."
    }


# --- the answer -----------------------------------------------------------------------------------


def _mounted(asked: AsAt, selection: tuple[Layer, list[int], str] | None = None) -> Any:
    # pygeoapi takes a second and thirty megabytes: only a worker that needs it pays.
    from catchments.web.ogc import mounted

    chosen = mounted.Selection(*selection) if selection else None
    root = absolute("")
    return mounted.Mounted(about_service(root, asked), f"{root}/ogc", chosen)


def _document(kind: str, media_type: str, name: str | None = None) -> Response:
    """Give a document of a kind, of a collection where one is named."""
    media_type, asked = _media_type((), media_type), world_asked()
    unchanged = _unchanged(asked, media_type)
    if unchanged:
        return unchanged
    body = _mounted(asked).document(kind, *filter(None, [name]))
    for part in body.get("collections", [body] if "extent" in body else []):
        part["extent"]["temporal"] = temporal(asked.world)
        part.update(provenance(asked))
    return _answer(asked, body, media_type)


for at, document in DOCUMENTS.items():
    blueprint.add_url_rule(at, endpoint=document[0], view_func=partial(_document, *document))
blueprint.add_url_rule("", endpoint="landing")  # by name too: of a slash left out no 405 is said


def _unchanged(asked: AsAt, kind: str) -> Response | None:
    """Return 304 where the client has this answer, before anything is worked out for it."""
    if kind == HTML or "If-None-Match" not in request.headers:
        return None
    absolute("")  # its links are whole: kept for whom the answer itself is kept for
    response = kept(asked, Response(headers={"Vary": "Accept"}), written=WRITTEN)
    return response if response.status_code == 304 else None


def _answer(asked: AsAt, body: Json, kind: str) -> Response:
    if "links" in body:  # which schemas and the contract have not
        body = {**body, **provenance(asked)}
    if kind == HTML:
        return _page(asked, body)
    response = Response(msgspec.json.encode(body), content_type=kind, headers={"Vary": "Accept"})
    if kind == GEOJSON:
        response.headers["Content-Crs"] = f"<{crs_asked()}>"
    return kept(asked, response, written=WRITTEN)


def _page(asked: AsAt, body: Json) -> Response:
    of = COLLECTED.get((request.view_args or {}).get("name", ""))
    is_of_features = "features" in body or "geometry" in body
    query = _links(asked).this if is_of_features else {}
    response = public_page(
        asked,
        "features.html",
        body.get("title") or (of.title if of else request.path.rsplit("/", 1)[-1]),
        written=WRITTEN,
        description=body.get("description", ""),
        links=[_to_page(link) for link in body.get("links", [])],
        as_json=f"{request.path}?{urlencode({**query, 'f': 'json'})}",
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
