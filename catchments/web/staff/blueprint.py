"""The blueprint of all staff pages; the modules beside this one add their pages to it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
