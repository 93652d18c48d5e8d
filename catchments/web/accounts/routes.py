"""Every page of accounts, gathered on their blueprint, and their registration."""

from flask import Flask

from catchments.web.accounts import (  # noqa: F401 - each adds its pages
    access,
    devices,
    oidc,
    oidc_logout,
    people,
    refusals,
    second_step,
    setting_up,
    signed_in,
    signing_in,
)
from catchments.web.accounts.access import blueprint
from catchments.web.accounts.kept import keeping, writer  # noqa: F401
from catchments.web.accounts.room import Room

__all__ = ["blueprint", "register"]


def register(app: Flask, room: Room) -> None:
    """Have an application's people sign in, and guard what is below the path of their room."""
    app.register_blueprint(blueprint, url_prefix=room.path)
    access.register(app, room)
