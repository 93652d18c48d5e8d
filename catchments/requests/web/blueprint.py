"""The blueprint of the pages of requests; the modules beside this one add theirs."""

from flask import Blueprint

ROOM = "/requests"
"""Below it are all pages that know who is signed in."""
blueprint = Blueprint("requests", __name__, url_prefix=ROOM, template_folder="templates")
files = Blueprint(
    "requests_files", __name__, static_folder="static", static_url_path="/requests-static"
)
"""The style sheet and the script of these pages, which are the same for everybody."""
