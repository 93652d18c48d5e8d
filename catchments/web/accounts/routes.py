"""Every page of accounts, gathered on their blueprint, and their registration.

A module that is put here adds its pages: no list of them is kept.
"""

from importlib import import_module
from pkgutil import walk_packages

from flask import Flask

from catchments.web import accounts
from catchments.web.accounts import access
from catchments.web.accounts.access import blueprint
from catchments.web.accounts.room import Room

__all__ = ["blueprint", "register"]

for each in walk_packages(accounts.__path__, f"{accounts.__name__}."):
    import_module(each.name)


def register(app: Flask, room: Room) -> None:
    """Have an application's people sign in, and guard what is below the path of their room."""
    app.register_blueprint(blueprint, url_prefix=room.path)
    access.register(app, room)
