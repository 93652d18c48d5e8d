"""Repairs of findings: the form of a change that mends each, filled in, in a draft of choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import NotKnown
from catchments.core.model import Edition
from catchments.core.roles import Action
from catchments.editions.issues import Issue, MatterKind
from catchments.store.drafts.records import EDITABLE
from catchments.web.accounts.access import requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.kinds import BY_NAME
from catchments.web.staff.pages.draft_view import desk
from catchments.web.staff.pages.drafts import LONGEST_COMMENT, bases_of, begun

FIELDS = ("schools", "to", "catchments", "provider", "listed", "ends", "into")
"""What of a form may be filled in by a link."""


@dataclass(frozen=True)
class Repair:
    """One way to mend a finding: the form of a change, what is filled in, and its link's words."""

    form: str
    words: LazyString
    fields: Mapping[str, Any] = field(default_factory=dict)

    def address(self, edition: int, why: str = "") -> str:
        """Return where one chooses the draft for it; the edition is the one with the finding.

        `why` is what was found: a new draft's reason to begin with.
        """
        given = {**self.fields, **({"why": why} if why else {})}
        return url_for("staff.repair", form=self.form, edition=edition, **given)


def repairs_of(matter: Issue, edition: Edition) -> Iterator[Repair]:
    """Yield the ways to mend a finding of an edition, the likeliest first."""
    if matter.school_id is not None or matter.kind is MatterKind.UNKNOWN_NUMBER:
        yield from _of_school(matter, edition)
    elif matter.provider is not None:
        yield from _of_provider(matter, matter.provider)
    elif matter.code is not None:
        yield from _of_catchment(matter, matter.code)


def _of_school(matter: Issue, edition: Edition) -> Iterator[Repair]:
    number = matter.school_id if matter.school_id is not None else int(matter.name)
    if matter.kind in {MatterKind.LISTED_CLOSED, MatterKind.UNKNOWN_NUMBER}:
        if number in edition.listings or number in edition.unserved:
            yield Repair("take-off-list", _l("Take it off the list"), {"listed": number})
        elif matter.kind is MatterKind.LISTED_CLOSED:
            fields = {"schools": number, "ends": "yes"}
            yield Repair("in-school-provision", _l("End its provision"), fields)
        return
    to = {"to": matter.meant} if matter.meant else {}
    words = _l("Move it where it lies") if matter.meant else _l("Move it")
    if matter.kind is MatterKind.UNLISTED and matter.meant:
        words = _l("List it where it lies")
    yield Repair("move-schools", words, {"schools": number, **to})


def _of_provider(matter: Issue, code: str) -> Iterator[Repair]:
    edit = Repair("edit-provider", _l("Edit its details"), {"provider": code})
    retire = Repair("retire-provider", _l("Retire it"), {"provider": code})
    if matter.kind is MatterKind.NO_PHONE:
        yield edit
    elif matter.kind is MatterKind.NO_CATCHMENT:
        yield retire
        yield Repair("assign-provider", _l("Give it a catchment"), {"provider": code})
    else:
        yield Repair("retire-provider", _l("Say who follows"), {"provider": code})
        yield Repair("edit-provider", _l("Correct its contract"), {"provider": code})


def _of_catchment(matter: Issue, code: str) -> Iterator[Repair]:
    if matter.kind is MatterKind.NO_PROVIDER:
        yield Repair("assign-provider", _l("Give it a provider"), {"catchments": code})
    else:
        yield Repair("move-schools", _l("Move schools into it"), {"to": code})
        yield Repair("merge-catchments", _l("Merge it into another"), {"catchments": code})


OF_ALL: Mapping[MatterKind, Repair] = {
    MatterKind.UNLISTED: Repair("list-where-located", _l("List schools where they lie")),
    MatterKind.LISTED_CLOSED: Repair("take-off-list", _l("Take schools off the list")),
    MatterKind.UNKNOWN_NUMBER: Repair("take-off-list", _l("Take schools off the list")),
    MatterKind.NO_PROVIDER: Repair("assign-by-table", _l("Change providers by a table")),
}
"""What mends many of a kind at once."""


# --- in which draft -------------------------------------------------------------------------------


@blueprint.get("/repair/<form>")
@requires(Action.EDIT)
def repair(form: str) -> Response:
    """Ask in which draft a finding is to be mended."""
    return _page(form, FormReader(request.args), ())


@blueprint.post("/repair/<form>")
@requires(Action.EDIT)
def begin_repair(form: str) -> AnyResponse:
    """Begin a draft in which a finding is to be mended, and go on to the form, filled in."""
    typed = FormReader(request.form)
    _refuse_unknown(form)
    try:
        return redirect(_filled_in(begun(typed), form), 303)
    except FormRefused as refused:
        return _page(form, typed, refused.wrongs)


def _page(form: str, typed: FormReader, wrongs: tuple[FieldError, ...]) -> Response:
    _refuse_unknown(form)
    bases = bases_of(service().snapshots.current())
    wanted = request.args.get("edition", "")
    open_ones = [draft for draft in desk().drafts() if draft.state in EDITABLE]
    return staff_page(
        "staff/repair.html",
        str(BY_NAME[form].title),
        kind=BY_NAME[form],
        typed=typed,
        wrongs=wrongs,
        bases=bases,
        base=typed.text("base") or wanted,
        reason=typed.given.get("reason", request.args.get("why", "")[:LONGEST_COMMENT]),
        fitting=[(d, _filled_in(d.id, form)) for d in open_ones if str(d.base_number) == wanted],
        others=[(d, _filled_in(d.id, form)) for d in open_ones if str(d.base_number) != wanted],
        names=desk().names(),
        address=url_for("staff.begin_repair", form=form, edition=wanted, **_fields()),
    )


def _refuse_unknown(form: str) -> None:
    if form not in BY_NAME:
        raise NotKnown(
            gettext("There is no such kind of change."),
            next_step=gettext("Choose one on a draft's page."),
        )


def _filled_in(draft: int, form: str) -> str:
    return url_for("staff.change", draft=draft, kind=form, **_fields())


def _fields() -> dict[str, Any]:
    given = request.args
    return {name: given.getlist(name) for name in FIELDS if name in given}
