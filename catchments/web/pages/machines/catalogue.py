"""The catalogue of APIs (RFC 9727), what /v1 itself leads to, and links on what APIs answer."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.lookup.snapshot import Published
from catchments.web.common.query_parameters import refuse_unknown_or_repeated
from catchments.web.common.services import address, service
from catchments.web.pages.downloads import read_manifest
from catchments.web.pages.machines.blueprint import blueprint, told
from catchments.web.pages.machines.page_heads import path_of

LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
CATALOGUE = "/.well-known/api-catalog"
JSON, HTML, LD_JSON = "application/json", "text/html", "application/ld+json"
OGC_OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
OF_APIS = frozenset({"api", "v1"})
"""The blueprints whose answers say where they are described."""

Target = dict[str, str]


@blueprint.get(CATALOGUE)
def catalogue() -> Response:
    """List the APIs, each with its contract, its page, and whether it is well."""
    refuse_unknown_or_repeated(request.args, set())
    apis = [
        _api("/v1", _to("/v1/openapi.json", JSON), "/api"),
        _api("/ogc/", _to("/ogc/openapi", OGC_OPENAPI), "/api#files"),
    ]
    whole = {"anchor": address(CATALOGUE), "item": [{"href": each["anchor"]} for each in apis]}
    world = service().snapshots.latest
    about = _about(world) if world else {}
    sets = [whole, *({**each, **about} for each in apis)]
    response = told(json.dumps({"linkset": sets}), LINKSET)
    response.headers["Link"] = f'<{address(CATALOGUE)}>; rel="api-catalog"'
    return response


def _api(path: str, contract: Target, page: str) -> dict[str, Any]:
    return {
        "anchor": address(path),
        "service-desc": [contract],
        "service-doc": [_to(page, HTML)],
        "status": [_to("/readyz", JSON)],
    }


def _about(world: Published) -> dict[str, list[Target]]:
    """Return where what is answered today is described, and under which licences it is."""
    edition = world.timeline.edition_on(world.today)
    found = read_manifest(edition.number) if edition else None
    if edition is None or found is None:
        return {}
    licences = [
        {"href": each["url"], "title": each["name"]} for each in found["licences"] if each["url"]
    ]
    described = _to(path_of("downloads.dcat", edition=edition.number), LD_JSON)
    return {"describedby": [described], **({"license": licences} if licences else {})}


def _to(path: str, media_type: str) -> Target:
    return {"href": address(path), "type": media_type}


@blueprint.get("/v1")
def lists() -> AnyResponse:
    """Lead whoever begins at the root of the API to its contract, or a reader to its page."""
    page = request.accept_mimetypes.best_match([JSON, HTML], default=JSON) == HTML
    response = redirect(f"{request.script_root}{'/api' if page else '/v1/openapi.json'}", 303)
    response.vary.add("Accept")
    return response


@blueprint.after_app_request
def _described(response: Response) -> Response:
    """Say on every answer of an API where the API is described (RFC 8631)."""
    if request.blueprint in OF_APIS and response.status_code < 400:
        root = service().settings.public_url or request.script_root
        response.headers.add(
            "Link",
            f'<{root}/v1/openapi.json>; rel="service-desc"; type="{JSON}", '
            f'<{root}/api>; rel="service-doc"; type="{HTML}"',
        )
    return response
