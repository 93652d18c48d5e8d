"""The feeds of what changes: /changes as JSON, and the editions as Atom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import msgspec
from flask import Response, request

from catchments.core.errors import InputRefused, long_date, shown
from catchments.core.model import EditionSummary
from catchments.editions.history import edition_json
from catchments.lookup.snapshot import Published
from catchments.lookup.values import day_of, whole_number
from catchments.web.common import schemas
from catchments.web.common.contract import DAY, SPOKEN, Parameter, operation
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.services import absolute, address, as_at, kept, service
from catchments.web.pages.edition_history import history_of, steps_of
from catchments.web.v1.formats import utc
from catchments.web.v1.provider import JSON, blueprint

ON_A_PAGE = 10
ATOM = "http://www.w3.org/2005/Atom"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
ATOM_TYPE = "application/atom+xml; charset=utf-8"
SERVICE = "Find your attendance service provider"
TAGGED_IN = "2026"
"""The year in which the feed's authority for its ids began; it must never change."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ET.register_namespace("", ATOM)


# --- JSON -----------------------------------------------------------------------------------------


@blueprint.get("/v1/changes")
@blueprint.get("/changes")
@operation(
    Parameter(
        "since",
        "An edition's number, or a date (YYYY-MM-DD); all editions when left out.",
        {"anyOf": [{"type": "string", "pattern": "^[0-9]{1,9}$"}, DAY]},
    ),
    returns={JSON: schemas.ChangesPage},
    tag="What changes",
    example="/v1/changes",
)
def changes() -> Response:
    """Tell of the editions published since an edition or a date, oldest first, page by page.

    For services that keep a copy: ask once a day with the `latest` of the time before as `since`.
    """
    asked = as_at()
    told = history_of(asked.world)
    since = request.args.get("since")
    newer = _published_since(told.editions, since) if since is not None else list(told.editions)
    shown_now, more = newer[:ON_A_PAGE], newer[ON_A_PAGE:]
    body: schemas.ChangesPage = {
        "editions": [
            edition_json(told, each, address(f"/history/{each.number}")) for each in shown_now
        ],
        "next": address(f"{request.path}?since={shown_now[-1].number}") if more else None,
        "latest": told.editions[-1].number if told.editions else None,
        "withdrawn": [each.number for each in told.editions if each.withdrawn_at is not None],
        "demonstration": asked.world.demonstration,
    }
    return kept(asked, Response(msgspec.json.encode(body), mimetype=JSON))


def _published_since(editions: Sequence[EditionSummary], since: str) -> list[EditionSummary]:
    """Return the editions after a number, or published on a date or later. Raises InputRefused."""
    number, day = whole_number(since), day_of(since)
    if number is not None:
        return [each for each in editions if each.number > number]
    if day is None:
        raise InputRefused(
            f"The parameter since is {shown(since)}.",
            field="since",
            allowed="It must be an edition's number, or a date of the calendar as YYYY-MM-DD.",
            next_step="For example since=7 or since=2026-03-03; leave it out for all.",
        )
    return [each for each in editions if in_new_zealand(each.published_at).date() >= day]


# --- Atom -----------------------------------------------------------------------------------------


@blueprint.get("/v1/changes.atom")
@blueprint.get("/changes.atom")
@operation(returns={ATOM_TYPE: None}, tag="What changes", example="/v1/changes.atom")
def feed() -> Response:
    """Give every edition as an entry of an Atom feed (RFC 4287), the latest first.

    For people's feed readers; programs read /v1/changes.
    """
    asked = as_at()  # or says that nothing is published: a feed needs a date
    world = asked.world
    editions = sorted(history_of(world).editions, key=lambda e: e.number, reverse=True)
    root = ET.Element(f"{{{ATOM}}}feed", {LANGUAGE: SPOKEN})
    _add(root, "id", _tag("changes"))
    made_up = "Demonstration data: " if world.demonstration else ""
    _add(root, "title", f"{made_up}{SERVICE}: what changes")
    _add(root, "updated", utc(max(map(_changed_at, editions))))
    _add(_add(root, "author"), "name", SERVICE)
    _link(root, "self", request.path, "application/atom+xml")
    _link(root, "alternate", "/history", "text/html")
    for edition in editions:
        _add_entry(root, world, edition)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return kept(asked, Response(text, content_type=ATOM_TYPE))


def _add_entry(root: ET.Element, world: Published, edition: EditionSummary) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", _tag(f"edition/{edition.number}"))
    withdrawn = " (withdrawn)" if edition.withdrawn_at is not None else ""
    named = f": {edition.title}" if edition.title else ""
    _add(entry, "title", f"Edition {edition.number}{named}{withdrawn}")
    _add(entry, "published", utc(edition.published_at))
    _add(entry, "updated", utc(_changed_at(edition)))
    _link(entry, "alternate", f"/history/{edition.number}", "text/html")
    _add(entry, "content", "\n".join(_said(world, edition))).set("type", "text")


def _said(world: Published, edition: EditionSummary) -> list[str]:
    if edition.withdrawn_at is not None:
        return ["Withdrawn: it does not take effect.", edition.reason]
    said = [f"From {long_date(edition.effective_from)}.", edition.reason]
    if edition.demonstration:
        said.insert(0, "Demonstration data: this is made up.")
    return [*filter(None, said), *steps_of(world, edition)]


def _add(parent: ET.Element, name: str, text: str = "") -> ET.Element:
    made = ET.SubElement(parent, f"{{{ATOM}}}{name}")
    made.text = _NOT_XML.sub("\ufffd", text)  # what XML cannot say, however it is escaped
    return made


def _link(parent: ET.Element, rel: str, path: str, media_type: str) -> None:
    _add(parent, "link").attrib.update({"rel": rel, "href": absolute(path), "type": media_type})


def _tag(about: str) -> str:
    """Return an id as a tag: URI (RFC 4151), the same under whatever name one comes here."""
    host = urlsplit(service().settings.public_url).hostname or "localhost"
    return f"tag:{host},{TAGGED_IN}:{about}"


def _changed_at(edition: EditionSummary) -> datetime:
    return edition.withdrawn_at or edition.published_at
