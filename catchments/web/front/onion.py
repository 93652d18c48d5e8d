"""What stands in front of any application of ours, whatever it answers, from the inside out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from catchments.core.settings import Settings
from catchments.web.front.below import Below
from catchments.web.front.body_deadlines import BoundedBodies
from catchments.web.front.header_lengths import ShortHeaders
from catchments.web.front.hosts import KnownHosts
from catchments.web.front.room import Room


def enclose(app: Flask, settings: Settings) -> None:
    """Have an application know its proxies and its hosts, and bound what it is sent."""
    _behind_proxies(app, settings.trusted_proxies)
    if below := urlsplit(settings.public_url).path:
        app.wsgi_app = Below(app.wsgi_app, below)  # type: ignore[method-assign]
    app.wsgi_app = ShortHeaders(app, app.wsgi_app)  # type: ignore[method-assign]
    if settings.trusted_hosts:
        hosts = settings.trusted_hosts
        app.wsgi_app = KnownHosts(app, app.wsgi_app, hosts)  # type: ignore[method-assign]
    proxied = bool(settings.trusted_proxies)
    app.wsgi_app = BoundedBodies(  # type: ignore[method-assign]
        app.wsgi_app, proxied=proxied, within_s=settings.body_within_s
    )
    app.wsgi_app = Room(app, app.wsgi_app, proxied=proxied)  # type: ignore[method-assign]


def _behind_proxies(app: Flask, proxies: int) -> None:
    """Take from so many proxies whose request it is, and whether it came by HTTPS."""
    if proxies:
        # Each adds an address, but passes on one scheme. Of the host nothing is taken: a proxy
        # passes `Host` as it was asked for.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=1, x_host=0, x_port=0, x_prefix=0
        )
