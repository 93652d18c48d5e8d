"""What each page's head says to machines: its one address, its other forms, its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext
from jinja2 import pass_context
from jinja2.runtime import Context

from catchments.core.errors import CatchmentsError
from catchments.web.common.i18n import base_root, language_prefix, pages_in_languages, prefix_of
from catchments.web.common.services import address, service
from catchments.web.pages.machines.blueprint import blueprint, made_up
from catchments.web.v1.formats import with_ending
from maps.artefacts import PICTURE

JSON, GEOJSON, CSV = "application/json", "application/geo+json", "text/csv"
ATOM, LD_JSON = "application/atom+xml", "application/ld+json"


@dataclass(frozen=True, slots=True)
class Alternate:
    """The same in another form."""

    media_type: str
    href: str
    title: str = ""
    rel: str = "alternate"


@dataclass(frozen=True, slots=True)
class PageHead:
    """What a page's head says beside its title."""

    indexed: bool
    """Whether search engines may show it."""
    canonical: str = ""
    """Its one address, without what was asked beside; empty where there is none."""
    alternates: Sequence[Alternate] = ()
    languages: Sequence[tuple[str, str]] = ()
    """Codes of languages, and its address in each; English is the first, and for all others."""
    picture: str = ""
    """Of all catchments; empty where there is none yet."""


def path_of(endpoint: str, **values: Any) -> str:
    """Return the path of a view as if the service stood at the root: for `address`."""
    # Not `url_for`, which names what the service stands below; the host is not used.
    return current_app.url_map.bind("localhost").build(endpoint, values)


@blueprint.app_template_global()
@pass_context
def page_head(context: Context) -> PageHead:
    """Return what the head of the page being written says.

    Only what `public_page` writes is for anybody but its reader.
    """
    if not context.get("open_to_all"):
        return PageHead(indexed=False, alternates=_alternates(context))
    return PageHead(
        indexed=not (made_up() or _shows_what_is_made_up(context)),
        canonical=_canonical(),
        alternates=_alternates(context),
        languages=_languages(),
        picture=_picture(context),
    )


def _shows_what_is_made_up(context: Context) -> bool:
    """Whether a page is of a day, or of an edition, that was one of demonstration."""
    chapter, shown = context.get("chapter"), context.get("shown_edition")
    editions = [chapter.edition] if chapter else [shown] if shown else []
    made_up_edition = any(each.demonstration for each in editions)
    return bool(context.get("demonstration")) or made_up_edition


def _canonical() -> str:
    if request.blueprint == "features" or request.endpoint is None:
        return ""  # the pages of /ogc are a form of what its addresses give to programs
    return address(language_prefix() + path_of(request.endpoint, **(request.view_args or {})))


def _languages() -> Sequence[tuple[str, str]]:
    path = path_of(request.endpoint or "", **(request.view_args or {}))
    return [(each.code, address(prefix_of(each.code) + path)) for each in pages_in_languages()]


# --- other forms ----------------------------------------------------------------------------------

Forms = list[tuple[str, str]]
"""Media types and paths."""


def _in_three_forms(path: str) -> Forms:
    return [(JSON, path), (GEOJSON, f"{path}.geojson"), (CSV, f"{path}.csv")]


def _catchment(values: Mapping[str, Any]) -> Forms:
    code = with_ending(values["code"])
    bare = path_of("v1.catchment", code=values["code"])
    return [(JSON, f"/v1/catchments/{code}"), (GEOJSON, f"{bare}.geojson"), (CSV, f"{bare}.csv")]


def _catchments(_: Mapping[str, Any]) -> Forms:
    return _in_three_forms("/v1/catchments")


OF_A_DAY: Mapping[str, Callable[[Mapping[str, Any]], Forms]] = {
    "finder.school": lambda values: _in_three_forms(f"/v1/schools/{values['school_id']}"),
    "directory.catchment": _catchment,
    "directory.catchments": _catchments,
    "mapping.page": _catchments,
}
"""Endpoint → the same as programs get it on the same day."""
OF_ALL_DAYS: Mapping[str, Callable[[Mapping[str, Any]], Forms]] = {
    "history.history": lambda _: [(JSON, "/v1/editions"), (CSV, "/v1/editions.csv")],
    "history.edition": lambda values: [(JSON, f"/v1/editions/{values['number']}")],
    "documentation.page": lambda _: [(JSON, "/v1/openapi.json")],
}
TOLD_OF_CHANGES = frozenset({"history.history", "history.edition", "finder.home"})


def _alternates(context: Context) -> Sequence[Alternate]:
    if "open_to_all" not in context:
        return ()  # an error, or a page of the staff's
    endpoint, values = request.endpoint or "", request.view_args or {}
    as_json = context.get("as_json")
    if endpoint == "features.items" or as_json:
        kind = GEOJSON if "/items" in request.path else JSON
        return [Alternate(kind, f"{request.script_root}{as_json}")]
    found = [Alternate(kind, address(path)) for kind, path in _forms(context, endpoint, values)]
    if endpoint in TOLD_OF_CHANGES:
        found.append(Alternate(ATOM, address("/v1/changes.atom"), gettext("What changes")))
    return found + _files(context, endpoint)


def _forms(context: Context, endpoint: str, values: Mapping[str, Any]) -> Forms:
    if endpoint in OF_ALL_DAYS:
        return OF_ALL_DAYS[endpoint](values)
    if endpoint not in OF_A_DAY or not context.get("edition"):
        return []
    day, today = context.get("day"), context.get("today")
    on = f"?on={day.isoformat()}" if day and day != today else ""
    return [(kind, path + on) for kind, path in OF_A_DAY[endpoint](values)]


def _files(context: Context, endpoint: str) -> list[Alternate]:
    edition = context.get("shown_edition")
    if endpoint not in {"downloads.page", "downloads.edition_page"} or not context.get("manifest"):
        return []
    number = edition.number if edition else 0
    told = Alternate(JSON, address(path_of("downloads.manifest", edition=number)))
    dcat = address(path_of("downloads.dcat", edition=number))
    return [told, Alternate(LD_JSON, dcat), Alternate(LD_JSON, dcat, rel="describedby")]


# --- the picture ----------------------------------------------------------------------------------


def _picture(context: Context) -> str:
    """Return the address of the picture of all catchments of the edition that a page shows."""
    edition = context.get("edition")
    if edition is None:
        return ""
    world = service().snapshots.latest
    key = (PICTURE, edition.number)
    if world is None:
        return ""
    if key not in world.memo:
        try:
            found = service().store.artefact(edition.number, PICTURE)
        except CatchmentsError:
            return ""  # the database is away: asked again for the next page
        world.memo[key] = found.sha256[:12] if found else ""
    if not world.memo[key]:
        return ""
    path = url_for("mapping.picture", edition=edition.number, v=world.memo[key])
    return address(path.removeprefix(base_root()))
