"""The list of all catchments and providers, the full alternative to the map; a page for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown, shown
from catchments.core.model import NamedPlace
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.snapshot import AsAt, Published, Snapshot
from catchments.web.common.cache_control import AN_HOUR
from catchments.web.common.query_parameters import (
    optional_date,
    page_parameters,
    refuse_unknown_or_repeated,
    region,
)
from catchments.web.common.services import as_at, attached, kept_by_content, public_page, service
from catchments.web.common.tables import MEDIA_TYPE, catchments_table, schools_table
from catchments.web.pages.catchment_summaries import (
    ORDERS,
    Entry,
    by_region,
    entries,
    lines,
    regions_of,
)
from catchments.web.pages.machines import structured_data
from catchments.web.pages.map import drawing, locator
from catchments.web.pages.upcoming import prospects, unknown_catchment
from maps.locator import neighbours

blueprint = Blueprint("directory", __name__)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text means, where it means anything for certain."""

    words: Sequence[str]
    """Its folded words, to look for in names where it means nothing for certain."""
    taken_for: tuple[NamedPlace, ...] = ()
    codes: frozenset[str] = frozenset()
    """The catchments that all this is in; none, say, for a school that is in none."""


# --- all of them ----------------------------------------------------------------------------------


@blueprint.get("/catchments")
def catchments() -> Response:
    """List all catchments with their providers, region by region."""
    given = page_parameters(request.args, {"on", "q", "kind", "region", "sort"})
    asked = as_at(optional_date(given))
    found = entries(asked.world, asked.snapshot) if asked.snapshot else {}
    wanted = _wanted(found)
    meant = _meant(asked, wanted["text"], given.get("kind", ""))
    listed = lines(
        found.values(),
        asked.day,
        words=meant.words,
        region=wanted["region"],
        order=wanted["order"],
        codes=meant.codes if meant.taken_for else None,
    )
    return public_page(
        asked,
        "catchments.html",
        gettext("All catchments and providers"),
        typed=bool(wanted["text"]),
        **wanted,
        shown_text=shown(wanted["text"]),
        meant=meant,
        groups=by_region(listed),
        regions=regions_of(found.values()),
        count=len(listed),
        total=len(found),
        providers=len({each.entry.provider.code for each in listed if each.entry.provider}),
        first=None if asked.snapshot else asked.world.timeline.editions[0].effective_from,
    )


@blueprint.get("/provider-directory")
def provider_directory() -> AnyResponse:
    """Lead to the list by its other name."""
    return redirect(url_for("directory.catchments"), 301)


def _wanted(found: Mapping[str, Entry]) -> dict[str, str]:
    """Return what the list is filtered and sorted by. Raises InputRefused."""
    return {
        "text": request.args.get("q", "")[:LONGEST_TEXT],
        "region": region(request.args.get("region", ""), regions_of(found.values())),
        "order": _order(request.args.get("sort", "")),
    }


def _meant(asked: AsAt, text: str, kind: str) -> Meaning:
    """Return what a text means for certain on a date, which may be nothing, and its words."""
    try:
        finding = service().finder(asked.world).find(text, as_at=asked, kind=kind)
    except InputRefused:  # it has no words; no name has its signs
        return Meaning([text] if text.strip() else [])
    if finding is None or not finding.is_exact:
        return Meaning(finding.typed.words if finding else [])
    codes = {each.catchment.code for match in finding.matches for each in match.answer.all_named}
    named = tuple(match.named for match in finding.matches)
    return Meaning(finding.typed.words, named, frozenset(codes))


def _order(text: str) -> str:
    if not text or text in ORDERS:
        return text or ORDERS[0]
    raise InputRefused(
        f"The parameter sort is {shown(text)}.",
        field="sort",
        allowed=f"It must be one of {', '.join(ORDERS)}.",
        next_step=f"For example sort={ORDERS[-1]}.",
    )


# --- one ------------------------------------------------------------------------------------------


@blueprint.get("/catchment/<code:code>")
def catchment(code: str) -> Response:
    """Show a catchment: its provider, schools and neighbours, and what will change about it."""
    asked = as_at(optional_date(page_parameters(request.args, {"on"})))
    world, snapshot = asked.world, asked.in_force
    known = entries(world, snapshot)
    if code not in known:
        raise unknown_catchment(asked, code, "/catchments")
    entry = known[code]
    name = entry.catchment.name
    today = snapshot if asked.day == world.today else world.as_at(world.today).snapshot
    label = gettext("Small map of the %(name)s catchment and its neighbours", name=name)
    return public_page(
        asked,
        "catchment.html",
        gettext("%(name)s catchment", name=name),
        entry=entry,
        schools=entry.schools(asked.day),
        is_on_map=today is not None and code in today.edition.catchments,
        drawn=locator(world, snapshot, codes=[code], place=None, label=label),
        neighbours=_neighbours(world, snapshot, known, code),
        changes=prospects(asked, code),
        linked_data=structured_data.of_catchment(asked, entry.catchment, entry.provider),
    )


def _neighbours(
    world: Published, snapshot: Snapshot, known: Mapping[str, Entry], code: str
) -> list[Entry]:
    kept = drawing(world, snapshot)
    beside = [known[each] for each in neighbours(kept, code) if each in known] if kept else []
    return sorted(beside, key=lambda entry: folded(entry.catchment.name))


# --- to take away ---------------------------------------------------------------------------------


@blueprint.get("/downloads/<int:edition>/<int:release>/catchments.csv")
def catchments_csv(edition: int, release: int) -> Response:
    """Give the list of all catchments and providers as a table."""
    refuse_unknown_or_repeated(request.args, set())
    world = service().snapshots.current()
    snapshot = world.numbered(edition, release)
    table = catchments_table(snapshot, entries(world, snapshot).values())
    return _given(table, f"catchments-edition-{edition}-release-{release}.csv")


@blueprint.get("/downloads/<int:edition>/<int:release>/schools.csv")
def schools_csv(edition: int, release: int) -> Response:
    """Give the schools in a catchment as a table, or in all; `catchment` is a code."""
    refuse_unknown_or_repeated(request.args, {"catchment"})
    world = service().snapshots.current()
    snapshot = world.numbered(edition, release)
    known = entries(world, snapshot)
    code = request.args.get("catchment")
    if code is not None and code not in known:
        raise NotKnown(
            f"There is no catchment {shown(code)} in edition {edition}.",
            next_step="Choose one from the list at /catchments.",
        )
    wanted = known.values() if code is None else [known[code]]
    about = "" if code is None else f"-{folded(code).replace(' ', '-')[:60]}"
    table = schools_table(snapshot, wanted, rest=code is None)
    return _given(table, f"schools{about}-edition-{edition}-release-{release}.csv")


def _given(table: bytes, name: str) -> Response:
    # What an edition and a release hold together never changes, but how it is written may.
    return kept_by_content(attached(table, MEDIA_TYPE, name), AN_HOUR)
