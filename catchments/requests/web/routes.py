"""Every page of requests, gathered on their blueprints, and their registration.

A module that is put here adds its pages: no list of them is kept.
"""

from importlib import import_module
from pkgutil import walk_packages

from flask import Flask

from catchments.requests import web
from catchments.requests.web.blueprint import blueprint, files

for each in walk_packages(web.__path__, f"{web.__name__}."):
    import_module(each.name)


def register(app: Flask) -> None:
    """Add all pages to an application."""
    app.register_blueprint(blueprint)
    app.register_blueprint(files)
