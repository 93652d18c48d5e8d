"""The impact of a draft on its page: tables, schools that move, what blocks and warns, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import shapely
from flask import current_app, request, url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup

from catchments.changes.effects import Effect, beside_the_ground
from catchments.changes.publication_checks import Concern
from catchments.changes.uncovered import area
from catchments.core.model import Answer, DirectoryRelease, Edition
from catchments.editions.contracts import Scheduled, agreed_days
from catchments.editions.differences import SchoolChange
from catchments.editions.impact.answering import touched_codes
from catchments.editions.impact.calculator import ImpactCalculator
from catchments.editions.impact.faults import changed_area
from catchments.editions.impact.pieces import CUT_OFF, parted
from catchments.editions.impact.rates import Rates
from catchments.editions.impact.tables import Impact, Row
from catchments.geometry.coordinates import geometry_to_360, to_360
from catchments.geometry.tiling.ground import km2_of
from catchments.lookup.snapshot import Snapshot
from catchments.readers.land import land
from catchments.runtime.recent import Recent
from catchments.runtime.remembered import Remembered
from catchments.store.directory.rates import OTHERS, AbsenceRates
from catchments.web.common.services import service
from catchments.web.pages.map import locator
from catchments.web.staff.pages.draft_view import DraftState

KEPT = "catchments.editions.impact"
NOTHINGS_KEPT = 1
"""Empty editions that a draft from nothing starts from: one of a directory release."""
FIRST = 50
"""Schools and warnings that are listed before the rest is folded away."""
NAMED_AT_MOST, LINES_AT_MOST = 5, 3
"""In the sentence: names, and lines of what differs; all of it stands below."""
AROUND_A_PLACE_DEG = 0.05
DRAWN_DEG = 0.0001
"""Ten metres: as exact as land is measured that changes hands."""

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Linked:
    """A concern, with where its link zooms to."""

    concern: Concern
    bounds: Bounds | None
    """West, south, east, north; longitudes 0…360. None where there is nothing to zoom to."""


@dataclass(frozen=True)
class Panel:
    """What the page shows of an impact."""

    impact: Impact
    words: str
    tables: tuple[tuple[str, str, tuple[Row, ...], tuple[Row, ...]], ...]
    """Of catchments and of providers: id, title, rows that changed, the others."""
    blocks: tuple[Linked, ...]
    warnings: tuple[Linked, ...]
    rate_words: str
    beside: tuple[Effect, ...]
    """What differs beside boundaries, thing by thing: names, listings, contracts, provision."""
    title: str
    no_warning: str
    """Said where there is nothing new to look at."""
    ground: str
    """How much land changes hands, in a sentence; empty where none does."""

    @property
    def moved(self) -> tuple[Sequence[SchoolChange], Sequence[SchoolChange]]:
        """The schools whose provider changes: the first, and the rest."""
        return self.impact.moved[:FIRST], self.impact.moved[FIRST:]

    @property
    def is_on_map(self) -> bool:
        """Whether a map has anything to show of it: ground, schools, or a place to look at."""
        found, news = self.impact, (*self.blocks, *self.warnings)
        comparison = found.comparison
        redrawn = (
            comparison.boundaries_changed
            or comparison.catchments_added
            or comparison.catchments_removed
        )
        looked_at = any(each.bounds and not each.concern.as_before for each in news)
        return bool(found.moved or found.relisted or redrawn or looked_at)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The parts of it that are there, for a list of links: their ids and names."""
        schools = [("moved", gettext("Schools"))] if self.impact.moved else []
        return [*schools, *((name, title) for name, title, _, _ in self.tables)]


@dataclass(frozen=True)
class Zoomed:
    """What a link of the panel asked to see."""

    concern: Concern
    svg: Markup
    bounds: Bounds


class _Bench:
    """The workbench of a process, and what it worked out of contents that something still holds."""

    def __init__(self) -> None:
        self.workbench = ImpactCalculator(service().addresses.counts_within)
        self.impacts, self.answers = Remembered(), Remembered()
        self.drawn, self.ground = Remembered(), Remembered()
        self.recent = Recent(NOTHINGS_KEPT)


def bench() -> _Bench:
    """Return this process's workbench."""
    return current_app.extensions.setdefault(KEPT, _Bench())  # type: ignore[no-any-return]


def impact_panel(worked: DraftState | None) -> dict[str, Any]:
    """Return what `staff/_impact.html` needs: `impact` (None where there is none) and `map`."""
    if worked is None:
        return {"impact": None, "map": None}
    base, found = base_of(worked), impact_of(worked)
    panel = _panel(base, worked, found)
    url = url_for("staff.map_data", draft=worked.draft.id, v=worked.draft.version)
    zoom = _zoomed(base, panel, request.args.get("zoom", ""))
    return {"impact": panel, "map": {"url": url, "zoomed": zoom}}


def trial_panels(worked: DraftState, trial: DraftState, *, url: str, zoom: str) -> dict[str, Any]:
    """Return what `staff/_impact.html` needs to show what one change more does to a draft.

    `whole` is what the draft then does to its base, where it has done something before: all that
    the page of the draft will say. `url` is where the map asks, `zoom` what is to be seen of it.
    """
    base = base_of(worked)
    whole = _panel(base, trial, impact_of(trial))
    panel = whole
    if worked.draft.changes:
        panel = _panel(base, trial, impact_of(trial, since=worked), since=worked)
    both = replace(panel, blocks=(*panel.blocks, *whole.blocks), warnings=panel.warnings)
    return {
        "impact": panel,
        "whole": whole if panel is not whole else None,
        "map": {"url": url, "zoomed": _zoomed(base, both, zoom)},
    }


def cut_off_by(worked: DraftState, trial: DraftState) -> dict[str, Concern]:
    """Return what a change would cut off from the rest of its catchment, by what is ticked for it.

    Somebody has to say of each that it is meant.
    """
    found = parted(worked.content, trial.content)
    return {_ticked_as(each): each for each in found if each.kind == CUT_OFF}


def _ticked_as(concern: Concern) -> str:
    return hashlib.sha256(concern.sentence.encode()).hexdigest()[:16]


def impact_of(worked: DraftState, *, since: DraftState | None = None) -> Impact:
    """Return what a draft changes, from the date that it is proposed for, or from today.

    Told as it differs from the draft before a change, where it is asked `since` that.
    """
    rates = stated_rates()
    on = worked.draft.effective_from or service().snapshots.current().today
    scheduled = scheduled_after(on, worked.content, base_of(worked).edition)
    numbers = tuple(edition.number for _, edition in scheduled)
    base, after = base_of(worked), worked.content
    before = since.content if since else None
    about = (on, _key_of(rates), numbers)
    things = (base, before or base, after)
    known, found = bench().impacts.of(*things) or (None, None)
    if known != about or found is None:
        found = bench().workbench.impact(
            base, after, on=on, rates=rates, since=before, scheduled=scheduled
        )
        agreed = agreed_days(worked.draft.changes, base.edition, on)
        found = replace(found, blocks=(*found.blocks, *agreed))
        bench().impacts.keep(*things, (about, found))
    return found


def scheduled_after(day: date, *editions: Edition) -> Scheduled:
    """Return the editions that come after a day, each with its own, the soonest first.

    None where no contract of those that it is asked for ends: then nobody has to follow.
    """
    if not any(contract.ends for each in editions for contract in each.contracts.values()):
        return ()
    world = service().snapshots.current()
    return [
        (each.effective_from, found.edition)
        for each in world.timeline.scheduled_after(max(day, world.today))
        if (found := world.on(each.effective_from)) is not None
    ]


def answers_of(worked: DraftState) -> Mapping[int, Answer]:
    """Return the answer for each school as a draft has it, by number."""
    base, content = base_of(worked), worked.content
    found: Mapping[int, Answer] | None = bench().answers.of(base, content)
    if found is None:
        found = bench().workbench.answers(base, content)
        bench().answers.keep(base, content, found)
    return found


def base_of(worked: DraftState) -> Snapshot:
    """Return what a draft starts from; an empty edition where it starts from nothing."""
    if worked.base is not None:
        return worked.base
    key = ("nothing", worked.release.number)
    return bench().recent.get(key, lambda: Snapshot.of(Edition(), worked.release))


def stated_rates() -> Rates:
    """Return the rates that staff have set, as estimates use them."""
    stated = {r: each.rate for r, each in AbsenceRates(service().store).stated().items()}
    if OTHERS not in stated:
        return Rates(stated)
    others = stated.pop(OTHERS)
    return Rates(stated, others, stated=True)


def _key_of(rates: Rates) -> tuple[Any, ...]:
    return (*sorted(rates.by_region.items()), rates.default, rates.stated)


# --- the panel ------------------------------------------------------------------------------------


def _panel(
    base: Snapshot, worked: DraftState, found: Impact, *, since: DraftState | None = None
) -> Panel:
    of_draft, before = since is None, since.content if since else base.edition
    tables = (
        ("catchments", gettext("Catchments"), found.catchments),
        ("providers", gettext("Providers"), found.providers),
    )
    beside = beside_boundaries(before, worked.content, worked.release)
    return Panel(
        impact=found,
        words=words_of(
            found,
            beside,
            nothing=gettext("The draft changes nothing so far.")
            if of_draft
            else gettext("The change alters nothing that the draft has."),
        ),
        tables=tuple((name, title, *_parted(rows)) for name, title, rows in tables),
        blocks=tuple(_linked(base, worked, each) for each in found.blocks),
        warnings=tuple(_linked(base, worked, each) for each in found.warnings),
        rate_words=rate_words(found.rates),
        beside=tuple(beside),
        ground=_ground(before, worked.content, found),
        title=gettext("Impact") if of_draft else gettext("What this change does"),
        no_warning=(
            gettext("Nothing that this draft brings about.")
            if of_draft
            else gettext("Nothing that this change brings about.")
        ),
    )


def _ground(before: Edition, after: Edition, found: Impact) -> str:
    """Return how much land changes hands; the sea of a catchment does not count."""
    touched = touched_codes(before, after, found.comparison)
    if not touched or not before.boundaries:
        return ""
    km2: float | None = bench().ground.of(before, after)
    if km2 is None:
        changed = changed_area(before.boundaries, after.boundaries, touched)
        km2 = km2_of(land().within(shapely.simplify(changed, DRAWN_DEG)))
        bench().ground.keep(before, after, km2)
    return gettext("Land that changes hands: about %(area)s.", area=area(km2)) if km2 else ""


def _parted(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    return tuple(r for r in rows if r.changed), tuple(r for r in rows if not r.changed)


def rate_words(rates: Rates) -> str:
    """Return where the estimates come from, in words."""
    default = f"{rates.default:.1%}"
    if not rates.stated:
        assumed: str = gettext(
            "Chronically absent students are an estimate: the roll times a rate. Where no rate is "
            "set it is %(rate)s, an assumption, not a measurement, until staff set a rate.",
            rate=default,
        )
        return assumed
    stated: str = gettext(
        "Chronically absent students are an estimate: the roll times the rate that staff set for "
        "the region, %(rate)s for regions without one of their own.",
        rate=default,
    )
    return stated


def beside_boundaries(before: Edition, after: Edition, release: DirectoryRelease) -> list[Effect]:
    """Return what differs of two editions that is no boundary, schools that closed included."""
    return list(beside_the_ground(before, after, release.ever))


def words_of(
    found: Impact, beside: Sequence[Effect], *, nothing: str, of_publication: bool = True
) -> str:
    """Return an impact in a few sentences.

    `nothing` is said where there is none; of a withdrawal it is not said what blocks publication.
    """
    said = [
        *([] if found.comparison else [nothing]),
        *_school_words(found),
        *_catchment_words(found),
        *(f"{each.what}: {_some(each.lines, LINES_AT_MOST, '; ')}." for each in beside),
        *(_standing_words(found) if of_publication else ()),
    ]
    return " ".join(said)


def _school_words(found: Impact) -> Iterator[str]:
    students = sum(move.school.roll or 0 for move in found.moved)
    if found.moved:
        yield (
            ngettext(
                "%(num)s school changes provider,",
                "%(num)s schools change provider,",
                len(found.moved),
            )
            + " "
            + ngettext(
                "with %(num)s student on the roll.",
                "with %(num)s students on their rolls.",
                students,
            )
        )
    elif found.comparison:
        yield gettext("No school changes provider.")
    if found.relisted:
        yield ngettext(
            "%(num)s school changes catchment but keeps its provider.",
            "%(num)s schools change catchment but keep their provider.",
            len(found.relisted),
        )


def _catchment_words(found: Impact) -> Iterator[str]:
    names = {row.code: row.name for row in found.catchments}
    comparison = found.comparison
    for codes, said in (
        (comparison.catchments_added, gettext("New catchments: %(names)s.")),
        (comparison.catchments_removed, gettext("Catchments that end: %(names)s.")),
        (comparison.boundaries_changed, gettext("Catchments that are redrawn: %(names)s.")),
    ):
        if codes:
            yield said % {"names": _some([names.get(code, code) for code in codes])}


def _standing_words(found: Impact) -> Iterator[str]:
    if found.blocks:
        yield ngettext(
            "%(num)s thing blocks publication.",
            "%(num)s things block publication.",
            len(found.blocks),
        )
        earlier = sum(each.as_before for each in found.blocks)
        if earlier:
            yield ngettext(
                "%(num)s of them does so already, without this change.",
                "%(num)s of them do so already, without this change.",
                earlier,
            )
    else:
        yield gettext("Nothing blocks publication.")
    fresh = [each for each in found.warnings if not each.as_before]
    if fresh:
        yield ngettext(
            "%(num)s thing should be looked at first.",
            "%(num)s things should be looked at first.",
            len(fresh),
        )


def _some(names: Sequence[str], at_most: int = NAMED_AT_MOST, between: str = ", ") -> str:
    more = len(names) - at_most
    shown = between.join(names[:at_most])
    return gettext("%(shown)s and %(more)s more", shown=shown, more=more) if more > 0 else shown


# --- where a link zooms to ------------------------------------------------------------------------


def _linked(base: Snapshot, worked: DraftState, concern: Concern) -> Linked:
    return Linked(concern, _bounds(base, worked.content, concern))


def _bounds(base: Snapshot, after: Edition, concern: Concern) -> Bounds | None:
    place = concern.place
    if concern.box is not None:
        return concern.box
    if place is not None:
        lng, around = to_360(place.lng), AROUND_A_PLACE_DEG
        return lng - around, place.lat - around, lng + around, place.lat + around
    shapes = [
        edition.boundaries[code]
        for code in _catchments_of(after, concern)
        for edition in (after, base.edition)
        if code in edition.boundaries
    ]
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds([geometry_to_360(s) for s in shapes]).tolist()
    return west, south, east, north


def _catchments_of(edition: Edition, concern: Concern) -> tuple[str, ...]:
    """Return the catchments that a concern is about: a provider's, where it names one."""
    named = set(concern.codes)
    served = (c.code for c in edition.catchments.values() if c.provider_code in named)
    return tuple(dict.fromkeys([*concern.codes, *served]))


def _zoomed(base: Snapshot, panel: Panel, key: str) -> Zoomed | None:
    """Return the concern that a link asked to see, drawn for a page without script."""
    both = (*panel.blocks, *panel.warnings)
    asked = next((each for each in both if each.concern.key == key), None)
    if asked is None or asked.bounds is None:
        return None
    world = service().snapshots.current()
    svg = Markup()
    if base.edition.number is not None:
        svg = locator(
            world,
            base,
            codes=_catchments_of(base.edition, asked.concern),
            place=asked.concern.place,
            label=asked.concern.sentence,
        )
    return Zoomed(asked.concern, svg, asked.bounds)
