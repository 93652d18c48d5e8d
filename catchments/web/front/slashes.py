"""Slashes too many in an address, at its end or doubled: the way to the address without them.

A code may have slashes anywhere, so that an address is looked at only when nothing is there as it
stands. Never for anything but GET and HEAD, and never to another host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound

from catchments.web.common.cache_control import A_MINUTE
from catchments.web.common.i18n import language_prefix
from catchments.web.common.services import address

_KEPT = "/:@!$&'()*+,;=~"
"""What stands in a path as it is, beside letters and digits."""


def register(app: Flask) -> None:
    """Lead on from addresses with slashes too many."""
    app.url_map.merge_slashes = False  # Werkzeug's own way leads on with POST as well
    app.before_request(_from_no_address)
    app.after_request(_from_no_code)


def _from_no_address() -> Response | None:
    return _way() if isinstance(request.routing_exception, NotFound) else None


def _from_no_code(response: Response) -> Response:
    is_unknown = response.status_code == 404 and request.routing_exception is None
    return (_way() if is_unknown else None) or response


def _way() -> Response | None:
    """Return the way to an address that there is without the slashes too many."""
    if request.method not in {"GET", "HEAD"}:
        return None
    adapter = current_app.create_url_adapter(request)
    meant = next((p for p in _meant(request.path) if adapter and adapter.test(p, "GET")), None)
    if meant is None:
        return None
    to = address(language_prefix() + quote(meant, safe=_KEPT))
    query = quote(request.query_string, safe=f"{_KEPT}?%")
    # Not for long: an edition may bring a code that ends in a slash.
    kept = {"Location": f"{to}?{query}" if query else to, "Cache-Control": A_MINUTE}
    return Response(status=308, headers=kept)


def _meant(path: str) -> Iterator[str]:
    """Yield what a path with slashes too many may mean, the nearest first.

    Werkzeug leaves one slash of several at its beginning, where two would mean a host.
    """
    merged = re.sub("/{2,}", "/", path)
    for meant in (path.removesuffix("/"), path.rstrip("/"), merged.rstrip("/")):
        if meant not in {"", path}:
            yield meant
