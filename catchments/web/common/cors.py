"""Cross-origin access (CORS): other websites may read what programs may read.

Nothing that is open to them takes a cookie, so any origin will do.
"""

from __future__ import annotations

from flask import Flask, Response, request

from catchments.web.common.problems import MACHINES

OPEN_PATHS = ("/v1/", "/ogc", "/downloads/", "/dcat.jsonld")
"""Where else: files to download, and addresses below which there is nothing."""
ASKED_WITH = (
    "Accept, Accept-Language, Content-Encoding, Content-Type, If-Match, If-None-Match, If-Range, "
    "Range, X-API-Key"
)
READABLE = (
    "Accept-Ranges, Catchments-As-At, Catchments-Demonstration, Catchments-Directory-Release, "
    "Catchments-Edition, Content-Crs, Content-Disposition, Content-Length, Content-Range, ETag, "
    "Link, Location, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, WWW-Authenticate"
)
PREFLIGHT_KEPT_S = 86_400


def register(app: Flask) -> None:
    """Open what is for programs to the scripts of any website."""
    app.after_request(_opened)


def is_open() -> bool:
    """Whether the present request is for what any website may read."""
    return request.blueprint in MACHINES or request.path.startswith(OPEN_PATHS)


def _opened(response: Response) -> Response:
    if not is_open():
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = READABLE
    if request.method == "OPTIONS" and response.allow:
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(response.allow))
        response.headers["Access-Control-Allow-Headers"] = ASKED_WITH
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT_S)
    return response
