"""The room that accounts are for: where its pages are, and whose people they are.

An application has one; this service's own is the staff pages. Whatever registers accounts with a
room of its own has them with its own people: another database, another cookie, another frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from flask import Flask, current_app
from flask_babel import LazyString

from catchments.core.roles import Role
from catchments.core.settings import Settings
from catchments.store.engine import Database

EXTENSION = "catchments.accounts"
LONGEST_NEXT = 1_000
"""Of the path to go on to: the session keeps it, and a cookie holds 4,000 characters."""


@dataclass(frozen=True)
class Room:
    """Accounts in one application."""

    store: Database
    """Where the accounts are: it has the tables of `store.schema.accounts` and of the trail."""
    settings_of: Callable[[], Settings]
    path: str = "/staff"
    """Below it are all pages that know who is signed in."""
    cookie: str = "staff"
    frame: str = "staff/base.html"
    """The template that the pages of accounts stand in."""
    name: str = "Catchments"
    """What an authenticator app calls the service."""
    welcome: str | LazyString = ""
    """Whom it is for, as the page says that asks who it is."""
    whom_to_ask: str | LazyString = ""
    """Whom to ask for an account or a password, as that page says; if empty, an administrator."""
    roles: tuple[Role, ...] = tuple(Role)
    """Those that people may have here."""
    about: Callable[[], dict[str, Any]] = dict
    """What the frame needs to know on every page."""

    @property
    def settings(self) -> Settings:
        """Return what whoever runs the application has set."""
        return self.settings_of()

    def own_path(self, text: str | None) -> str:
        """Return a path in the room to go on to: the text if it is one, else its first page."""
        path = text or ""
        here = path == self.path or path.startswith((f"{self.path}/", f"{self.path}?"))
        if not here or len(path) > LONGEST_NEXT or "\\" in path or not path.isprintable():
            return self.path
        return self.path if ".." in unquote(path.partition("?")[0]).split("/") else path


def room() -> Room:
    """Return the room of the running application."""
    return room_of(current_app)


def room_of(app: Flask) -> Room:
    """Return the room of an application, also where it is not the current one."""
    return cast(Room, app.extensions[EXTENSION])
