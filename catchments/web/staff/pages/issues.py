"""Findings: what needs a person, kind by kind, and what has been explained away with a reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, shown
from catchments.core.model import EDUCATION_REGIONS, DirectoryRelease, Edition
from catchments.core.plain_cells import Cell, plain_table
from catchments.core.roles import Action
from catchments.editions.issues import Issue, MatterKind, matters
from catchments.lookup.snapshot import Published, Snapshot
from catchments.lookup.values import whole_number
from catchments.store.explanations import REASON_AT_MOST, Explanation, Explanations
from catchments.store.site.reports import MistakeReports
from catchments.web.accounts.access import me, requires
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.query_parameters import one_of, page_parameters, region
from catchments.web.common.services import attached, service
from catchments.web.common.tables import MEDIA_TYPE
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages.drafts import bases_of
from catchments.web.staff.pages.impact import scheduled_after
from catchments.web.staff.repairs import OF_ALL, repairs_of

AT_ONCE, OF_EACH = 100, 10
"""Of one kind on its page; of each kind where all are shown."""
FILTERS = {"kind", "region", "page", "explained", "edition"}
HEADINGS = (
    *("kind", "finding", "name", "school_id", "catchment_code", "education_region"),
    *("distance_m", "lng", "lat", "explained", "explained_by", "explained_on", "key"),
    *("edition", "directory_release"),
)
NAMES = {
    MatterKind.NO_PROVIDER: _l("Catchments without a provider"),
    MatterKind.CONTRACT_ENDED: _l("Contracts that have ended"),
    MatterKind.CONTRACT_ENDING: _l("Contracts that end within 90 days"),
    MatterKind.LISTED_CLOSED: _l("Closed schools that are on the list"),
    MatterKind.UNKNOWN_NUMBER: _l("Numbers on the list that no directory has"),
    MatterKind.UNLISTED: _l("Schools that are not on the list"),
    MatterKind.NEAR_BOUNDARY: _l("Schools near a boundary, not on the list"),
    MatterKind.OUTSIDE_LISTED: _l("Schools outside the catchment that they are listed in"),
    MatterKind.NO_PLACE: _l("Schools without a place"),
    MatterKind.NO_PHONE: _l("Providers without a telephone number"),
    MatterKind.NO_SCHOOLS: _l("Catchments without an open school"),
    MatterKind.NO_CATCHMENT: _l("Providers without a catchment"),
}
REMEDIES = {
    MatterKind.NO_PROVIDER: _l("Give it a provider."),
    MatterKind.CONTRACT_ENDED: _l("Say who follows, or correct the date."),
    MatterKind.CONTRACT_ENDING: _l("Say who follows from the day after, or correct the date."),
    MatterKind.LISTED_CLOSED: _l("Take it off the list."),
    MatterKind.UNKNOWN_NUMBER: _l("Look for a mistyped number, or take it off the list."),
    MatterKind.UNLISTED: _l("List it in the catchment that it belongs to."),
    MatterKind.NEAR_BOUNDARY: _l("Decide where it belongs, and list it there."),
    MatterKind.OUTSIDE_LISTED: _l("The list is what counts. See whether it is meant so."),
    MatterKind.NO_PLACE: _l("Only the list can say where it belongs."),
    MatterKind.NO_PHONE: _l("Schools cannot call it. Add the number."),
    MatterKind.NO_SCHOOLS: _l("See whether the list is whole."),
    MatterKind.NO_CATCHMENT: _l("Retire it, or give it a catchment."),
}


@dataclass(frozen=True)
class Filter:
    """What the page is filtered by."""

    kind: MatterKind | None = None
    region: str = ""
    page: int = 1
    explained: int = 1
    """The page of those that are explained."""
    edition: int | None = None
    """A scheduled edition that is looked at instead of the one in force."""

    def takes(self, matter: Issue) -> bool:
        """Whether a finding is to be shown."""
        of_kind = self.kind in (None, matter.kind)
        return of_kind and (not self.region or self.region in matter.regions)

    def query(self, **other: Any) -> dict[str, Any]:
        """Return the query of an address with the same filters, or with others."""
        values = {"kind": self.kind, "region": self.region, "edition": self.edition, **other}
        for name, page in (("page", self.page), ("explained", self.explained)):
            values[name] = other.get(name, page)
        return {name: value for name, value in values.items() if value and value != 1}


T = TypeVar("T")


@dataclass(frozen=True)
class Part(Generic[T]):
    """A page of a list, and how many there are in all."""

    shown: Sequence[T]
    count: int
    first: int
    """The place of the first one shown, from 1."""
    before: int | None = None
    """The page before; likewise the one after."""
    after: int | None = None

    @classmethod
    def of(cls, those: Sequence[T], page: int, at_once: int = AT_ONCE) -> Part[T]:
        """Return a page of a list, the last one where there is none so far on."""
        if at_once < AT_ONCE:
            return cls(those[:at_once], len(those), 1)
        last = max(1, -(-len(those) // AT_ONCE))
        page = min(page, last)
        start = (page - 1) * AT_ONCE
        before, after = page - 1 if page > 1 else None, page + 1 if page < last else None
        return cls(those[start : start + AT_ONCE], len(those), start + 1, before, after)


@dataclass(frozen=True)
class Refused:
    """A form that could not be taken: shown again with what was typed and ticked."""

    kind: MatterKind | None = None
    reason: str = ""
    ticked: Collection[str] = ()
    wrongs: tuple[FieldError, ...] = ()


# --- what is found --------------------------------------------------------------------------------


def found_in(world: Published, snapshot: Snapshot) -> tuple[Issue, ...]:
    """Return what needs a person, today or once an edition is in force; worked out once a world."""
    key = ("matters", snapshot.edition.number, snapshot.release.number)
    on = max(world.today, snapshot.edition.effective_from or world.today)
    return world.recent.get(
        key,
        lambda: matters(
            snapshot,
            previous=_previous(world, snapshot),
            on=on,
            scheduled=scheduled_after(on, snapshot.edition),
        ),
    )


def _previous(world: Published, snapshot: Snapshot) -> DirectoryRelease | None:
    """Return the directory release before a snapshot's."""
    numbers = [each.number for each in world.timeline.releases]
    number = snapshot.release.number
    place = numbers.index(number) if number in numbers else 0
    return service().store.release(numbers[place - 1]) if place else None


def _present(wanted: Filter) -> tuple[Published, Snapshot | None, tuple[Issue, ...]]:
    """Return what is published, the edition that is looked at, and its findings.

    Raises InputRefused for an edition that is neither in force nor scheduled.
    """
    world = service().snapshots.current()
    day = {each.number: max(each.effective_from, world.today) for each in bases_of(world)}
    if wanted.edition is not None and wanted.edition not in day:
        raise InputRefused(
            f"The parameter edition is {wanted.edition}.",
            field="edition",
            allowed=f"In force or scheduled: {', '.join(map(str, day)) or 'none'}.",
            next_step="Leave it out for the edition in force.",
        )
    snapshot = world.on(day.get(wanted.edition or 0, world.today))
    return world, snapshot, found_in(world, snapshot) if snapshot else ()


# --- pages ----------------------------------------------------------------------------------------


@blueprint.get("/findings")
@requires(Action.READ)
def findings() -> Response:
    """Show what needs a person, kind by kind, and what was explained away."""
    return _page(_wanted(), Refused())


@blueprint.get("/findings.csv")
@requires(Action.READ)
def findings_csv() -> Response:
    """Give the findings of a kind and a region, or all, as a table, the explained ones too."""
    wanted = _wanted()
    _, snapshot, found = _present(wanted)
    explained = Explanations(service().store).explained()
    rows = [_row(m, explained.get(m.key), snapshot) for m in found if wanted.takes(m)]
    return attached(plain_table(HEADINGS, rows), MEDIA_TYPE, "findings.csv")


@blueprint.post("/findings/explain")
@requires(Action.EXPLAIN)
def explain_findings() -> AnyResponse:
    """Explain away the findings that are ticked, for one reason."""
    wanted, typed, person = _wanted(), FormReader(request.form), me()
    _, _, found = _present(wanted)
    try:
        ticked, reason = _explanation(typed)
    except FormRefused as refused:
        again = Refused(
            _kind(typed.text("group")), typed.text("reason"), typed.all("keys"), refused.wrongs
        )
        return _page(wanted, again)
    present = {m.key: m.sentence for m in found if m.key in ticked}
    done = Explanations(service().store).explain(present, reason, by=person)
    _say_explained(len(done), len(ticked) - len(done))
    return redirect(url_for("staff.findings", **wanted.query()), 303)


@blueprint.post("/findings/take-back")
@requires(Action.EXPLAIN)
def take_back_explanation() -> AnyResponse:
    """Take an explanation away: its finding needs a person again."""
    wanted, key = _wanted(), request.form.get("key", "")
    stood = Explanations(service().store).take_back(key, by=me())
    flash(
        gettext("The explanation is taken back: the finding is open again.")
        if stood
        else gettext("There is no such explanation any more. Nothing was done.")
    )
    return redirect(url_for("staff.findings", **wanted.query()), 303)


def _explanation(typed: FormReader) -> tuple[list[str], str]:
    """Return the keys that are ticked, and the reason. Raises FormRefused."""
    group = typed.text("group")
    ticked, reason = typed.all("keys"), typed.text("reason").replace("\0", "").strip()
    if not ticked:
        typed.refuse(f"findings-{group}", gettext("Tick the findings that the reason is for."))
    if not reason:
        typed.refuse(f"reason-{group}", gettext("Say in a sentence why nothing has to be done."))
    elif len(reason) > REASON_AT_MOST:
        problem = gettext(
            "The reason has %(count)s characters; it may have %(most)s.",
            count=len(reason),
            most=REASON_AT_MOST,
        )
        typed.refuse(f"reason-{group}", problem)
    typed.check()
    return ticked, reason


def _say_explained(done: int, left: int) -> None:
    if done:
        said = ngettext("%(num)s finding is explained.", "%(num)s findings are explained.", done)
        flash(said)
    if left:
        said = ngettext(
            "%(num)s was left as it is: it had been explained already, or is so no more.",
            "%(num)s were left as they are: they had been explained already, or are so no more.",
            left,
        )
        flash(said)


def _page(wanted: Filter, refused: Refused) -> Response:
    world, snapshot, found = _present(wanted)
    may_edit = me().may(Action.EDIT)
    explanations = Explanations(service().store).explained()
    taken = [m for m in found if wanted.takes(m)]
    return staff_page(
        "staff/findings.html",
        gettext("Findings"),
        shown_edition=snapshot.edition if snapshot else None,
        editions=bases_of(world),
        repairs=_repairs(snapshot) if may_edit else lambda _matter: (),
        of_all=_of_all(snapshot) if may_edit else {},
        groups=_groups([m for m in taken if m.key not in explanations], wanted),
        explained=Part.of(_explained(taken, explanations), wanted.explained),
        overview=_overview(found, explanations),
        wanted=wanted,
        kinds=[(kind.value, name) for kind, name in NAMES.items()],
        regions=EDUCATION_REGIONS,
        names=NAMES,
        remedies=REMEDIES,
        may_explain=me().may(Action.EXPLAIN),
        reports=MistakeReports(service().store).waiting(),
        refused=refused,
        wrongs=refused.wrongs,
    )


def _groups(open_ones: Sequence[Issue], wanted: Filter) -> list[tuple[MatterKind, Part[Issue]]]:
    page, at_once = (wanted.page, AT_ONCE) if wanted.kind else (1, OF_EACH)
    by_kind = groupby(open_ones, key=lambda matter: matter.kind)
    return [(kind, Part.of(list(those), page, at_once)) for kind, those in by_kind]


def _repairs(snapshot: Snapshot | None) -> Callable[[Issue], list[tuple[str, str]]]:
    """Return what gives, for a finding of an edition, the words and the address of each repair."""

    def of(matter: Issue) -> list[tuple[str, str]]:
        edition = snapshot.edition if snapshot else Edition()
        number, why = edition.number or 0, matter.sentence
        return [(str(r.words), r.address(number, why)) for r in repairs_of(matter, edition)]

    return of


def _of_all(snapshot: Snapshot | None) -> dict[MatterKind, tuple[str, str]]:
    """Return the words and the address of what mends many findings of a kind at once."""
    number = (snapshot.edition.number if snapshot else 0) or 0
    return {kind: (str(each.words), each.address(number)) for kind, each in OF_ALL.items()}


def _explained(
    taken: Sequence[Issue], known: Mapping[str, Explanation]
) -> list[tuple[Issue, Explanation]]:
    """Return the findings that are explained, the latest first."""
    found = [(m, known[m.key]) for m in taken if m.key in known]
    return sorted(found, key=lambda each: each[1].at, reverse=True)


def _overview(
    found: Sequence[Issue], known: Mapping[str, Explanation]
) -> list[tuple[MatterKind, int]]:
    """Return each kind with how many are open, whatever the page is filtered by."""
    open_kinds = [m.kind for m in found if m.key not in known]
    return [(kind, open_kinds.count(kind)) for kind in MatterKind if kind in open_kinds]


def _row(matter: Issue, given: Explanation | None, snapshot: Snapshot | None) -> list[Cell]:
    place = matter.place
    return [
        *(matter.kind.value, matter.sentence, matter.name, matter.school_id, matter.code),
        "; ".join(matter.regions),
        None if matter.distance_m is None else round(matter.distance_m),
        # Numbers, so that the minus of a latitude is no sign of a formula.
        *((round(place.lng, 6), round(place.lat, 6)) if place else (None, None)),
        *((given.reason, given.by) if given else (None, None)),
        in_new_zealand(given.at).date().isoformat() if given else None,
        matter.key,
        snapshot.edition.number if snapshot else None,
        snapshot.release.released.isoformat() if snapshot else None,
    ]


# --- what is asked for ----------------------------------------------------------------------------


def _wanted() -> Filter:
    """Return what the address filters by. Raises InputRefused."""
    given = page_parameters(request.args, FILTERS)
    return Filter(
        one_of(given, "kind", MatterKind) if given.get("kind") else None,
        region(given.get("region", ""), ()),
        _number(given, "page"),
        _number(given, "explained"),
        _number(given, "edition") if given.get("edition") else None,
    )


def _kind(text: str) -> MatterKind | None:
    return MatterKind(text) if text in set(MatterKind) else None


def _number(given: Mapping[str, str], name: str) -> int:
    text = given.get(name, "1")
    number = whole_number(text)
    if number and number < 1_000_000:
        return number
    raise InputRefused(
        f"The parameter {name} is {shown(text)}.",
        field=name,
        allowed="It must be a number from 1.",
        next_step="Leave it out for the first, or for the edition in force.",
    )
