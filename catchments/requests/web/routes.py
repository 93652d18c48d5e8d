"""Every page of requests, gathered on their blueprints, and their registration."""

from flask import Flask

from catchments.requests.web import (  # noqa: F401 - each adds its pages
    counts,
    figures,
    handovers,
    health,
    home,
    people,
    sending,
    writing,
)
from catchments.requests.web.blueprint import blueprint, files
from catchments.requests.web.cases import lists, page, said, steps  # noqa: F401

__all__ = ["register"]


def register(app: Flask) -> None:
    """Add all pages to an application."""
    app.register_blueprint(blueprint)
    app.register_blueprint(files)
