"""The blueprint of the staff pages; the modules beside this one add their pages to it."""

from __future__ import annotations

from flask import Blueprint

from catchments.web.accounts.access import ROOM

blueprint = Blueprint("staff", __name__, url_prefix=ROOM)
