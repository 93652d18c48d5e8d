"""The room of the staff pages: accounts as the Ministry's people have them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from catchments.web.accounts.room import Room
from catchments.web.common.services import EXTENSION, shows_a_demonstration
from catchments.web.staff.blueprint import ROOM

WELCOME = _l("For Ministry staff who prepare, approve and publish changes of catchments.")


def staff_room(app: Flask) -> Room:
    """Return the room of this service's own staff, with the services of its application."""

    return Room(
        app.extensions[EXTENSION].store,
        lambda: app.extensions[EXTENSION].settings,
        path=ROOM,
        welcome=WELCOME,
        about=_about,
    )


def _about() -> dict[str, Any]:
    return {"edition": None, "release": None, "demonstration": shows_a_demonstration()}
