"""The application with one route more, which does nothing but answer: the benchmark's yardstick."""

from __future__ import annotations

from flask import Flask, Response

from catchments.web.application import serve_app

BODY = b'{"status":"ok"}'


def bare_app() -> Flask:
    """Return the application as it is served, with `/bare` beside `/provider`."""
    app = serve_app()
    app.add_url_rule("/bare", "api.bare", lambda: Response(BODY, mimetype="application/json"))
    return app
