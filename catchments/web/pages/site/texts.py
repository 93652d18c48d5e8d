"""The site's own pages: how to ask, help, and whose site it is; texts that staff keep up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from catchments.core.settings import Settings
from catchments.lookup.plain_markup import Block, blocks
from catchments.lookup.site_texts import PAGES, Piece, shipped_pages
from catchments.web.common.i18n import base_root
from catchments.web.common.query_parameters import page_parameters
from catchments.web.common.services import as_at, public_page, service

blueprint = Blueprint("site", __name__)

OF_THEIR_OWN = frozenset({"about", "ask-for-support", "contact", "privacy"})
"""Pages with more than their texts: `templates/site/` has one for each."""


@blueprint.record_once
def _read_texts(setup: BlueprintSetupState) -> None:
    # A file with a fault stops the start, where somebody sees it, and not the first visitor.
    shipped_pages()
    # `_` of a template takes what it is given for markup: words of people go through `translated`.
    setup.app.jinja_env.globals |= {
        "markup_of": markup_of,
        "link_to": link_to,
        "translated": translated,
    }
    setup.app.context_processor(lambda: {"asks_elsewhere": asks_elsewhere(service().settings)})


def page(name: str) -> Response:
    """Show a page as its pieces hold today."""
    page_parameters(request.args, set())
    asked, shipped = as_at(), shipped_pages()[name]
    pieces = [asked.world.texts.on(asked.day, piece) for piece in shipped.pieces]
    return public_page(
        asked,
        f"site/{name}.html" if name in OF_THEIR_OWN else "site/page.html",
        gettext(shipped.title),
        written=_digest(pieces),
        page=shipped,
        pieces=pieces,
        more=[(each, gettext(shipped_pages()[each].title)) for each in PAGES if each != name],
    )


for each in PAGES:
    blueprint.add_url_rule(f"/{each}", endpoint=each, view_func=partial(page, each))


def asks_elsewhere(settings: Settings) -> Mapping[str, bool]:
    """Return what of a visit other services come to know, as whoever runs this one has set it."""
    tiles = bool(getattr(settings, "tiles", None))
    return {"geocoder": bool(settings.geocoder), "tiles": tiles}


def _digest(pieces: list[Piece]) -> str:
    said = "".join(f"{each.digest}{each.checked_on}" for each in pieces)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


# --- what templates need --------------------------------------------------------------------------


def translated(text: str) -> str:
    """Return a text in the reader's language, where it is translated: plain text, no markup."""
    return str(gettext(text)) if text else ""


def markup_of(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text, in the reader's language where there is a translation."""
    return blocks(text, translated)


def link_to(target: str) -> str:
    """Return where a link leads: a path of this site stands below what the service stands below."""
    if not target.startswith("/"):
        return target
    path, hash_, fragment = target.partition("#")
    try:
        endpoint, values = current_app.url_map.bind("localhost").match(path, method="GET")
    except HTTPException:  # a page that there is not: the link says so
        return f"{base_root()}{target}"
    found: dict[str, Any] = dict(values)
    return f"{url_for(endpoint, **found)}{hash_}{fragment}"
