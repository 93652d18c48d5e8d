"""One form for each kind of change: what is typed → a change → the draft.

Each works without a mouse and without JavaScript. A form carries the draft's version and a token:
where another has changed the draft meanwhile the form comes back with what was typed, and a form
that is sent twice does its work once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes import Change
from catchments.changes.kinds.add_provider import AddProvider
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.core.errors import CatchmentsError, NotKnown
from catchments.core.model import EDUCATION_REGIONS, Catchment, Contract, Edition, Provider
from catchments.core.roles import Action
from catchments.core.text_folding import folded
from catchments.store import StoreUnavailable
from catchments.store.drafts.repository import ExpectedVersion, NotNow, Stale
from catchments.web.accounts.access import requires
from catchments.web.common.services import page_context, service
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms import areas, choosing_schools, uploads
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState

REFUSED, STALE = 400, 412
LARGEST_FORM_BYTES = 32 << 20
"""A file of boundaries, or an area with very many vertices."""

Offer = Callable[[FormReader, DraftState], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of change that staff can make."""

    name: str
    """As in its address."""
    title: LazyString
    hint: LazyString
    template: str
    read: Callable[[FormReader, DraftState], Change]
    """Raises FormRefused."""
    offer: Offer
    """What its page offers to choose from."""
    preview: Callable[[FormReader, DraftState, Change], dict[str, Any]] | None = None
    """What is shown before it is added; it is then sent once more with `confirmed`."""


# --- the two views --------------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft>/change/<kind>")
@requires(Action.EDIT)
def change(draft: int, kind: str) -> Response:
    """Show the form of a kind of change."""
    return _form(_kind(kind), draft_view.open_to_changes(draft), FormReader(request.args))


@blueprint.post("/drafts/<int:draft>/change/<kind>")
@requires(Action.EDIT, at_most=LARGEST_FORM_BYTES)
def make_change(draft: int, kind: str) -> AnyResponse:
    """Add a change to a draft, or say what is wrong with the form."""
    chosen, seen = _kind(kind), draft_view.seen_given()
    typed = FormReader(request.form, request.files)
    is_stale = draft_view.head_of(draft).version != seen.version
    if is_stale and draft_view.desk().is_done(draft, seen.idempotency_key):
        return _to_draft(draft)  # a double click, the back button, a line that broke
    worked = draft_view.open_to_changes(draft)
    if typed.text("do") in {"find", "back"}:
        return _form(chosen, worked, typed)
    if worked.draft.version != seen.version:
        return _stale(chosen, worked, typed, seen)
    return _made(chosen, worked, typed, seen)


def _made(kind: Kind, worked: DraftState, typed: FormReader, seen: ExpectedVersion) -> AnyResponse:
    try:
        made = kind.read(typed, worked)
        typed.check()
        if typed.text("do") == "check" or (kind.preview and not typed.text("confirmed")):
            made.apply(worked.content)  # or says at once what does not fit
            return _looked_over(kind, worked, typed, made)
        draft_view.add(worked, made, seen, upload=typed.text("kept"))
    except FormRefused as refused:
        return _form(kind, worked, typed, refused.wrongs)
    except Stale:
        return _stale(kind, draft_view.open_to_changes(worked.draft.id), typed, seen)
    except (NotNow, StoreUnavailable):
        raise
    except CatchmentsError as error:  # it does not fit: said above the form, what was typed stays
        return _form(kind, worked, typed, (FieldError("", str(error)),))
    if typed.said:
        once = f"{seen.idempotency_key[:63]}r" if seen.idempotency_key else ""
        draft_view.desk().comment(worked.draft.id, typed.said, by=seen.person, idempotency_key=once)
    flash(gettext("The change is added."))
    return _to_draft(worked.draft.id)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotKnown(
            gettext("There is no such kind of change."),
            next_step=gettext("Choose one on the draft's page."),
        )
    return KINDS[name]


def _to_draft(draft: int) -> AnyResponse:
    return redirect(url_for("staff.draft", draft=draft), 303)


def _stale(kind: Kind, worked: DraftState, typed: FormReader, seen: ExpectedVersion) -> Response:
    """Give a form back with what was typed, for the version that the draft has now."""
    meanwhile = draft_view.done_since(worked.draft.id, seen.version)
    page = _form(kind, worked, typed, stale=True, meanwhile=meanwhile)
    page.status_code = STALE
    return page


def _looked_over(kind: Kind, worked: DraftState, typed: FormReader, made: Change) -> Response:
    """Show what a change will do before it is added."""
    if kind.preview is None:
        return _form(kind, worked, typed, report=typed.said)
    shown = kind.preview(typed, worked, made)
    # What a file held cannot be asked of the browser again: it is kept here, and its digest there.
    hidden = {**dict(typed.given.lists()), **shown.pop("hidden", {})}
    left_out = {"csrf_token", "once", "version", "do", "confirmed"}
    fields = [(k, each) for k, values in hidden.items() if k not in left_out for each in values]
    return _form(kind, worked, typed, previewed=True, hidden=fields, **shown)


def _form(
    kind: Kind,
    worked: DraftState,
    typed: FormReader,
    wrongs: tuple[FieldError, ...] = (),
    **more: Any,
) -> Response:
    world = service().snapshots.current()
    title = str(kind.title)
    offered = {} if more.get("previewed") else kind.offer(typed, worked)
    page = render_template(
        "staff/change_preview.html" if more.get("previewed") else f"staff/{kind.template}",
        **page_context(world, world.on(world.today), title),
        kind=kind,
        draft=worked.draft,
        working=worked,
        content=worked.content,
        typed=typed,
        wrongs=wrongs,
        error=bool(wrongs),
        **{**offered, **more},
    )
    status = REFUSED if wrongs else 200
    return Response(page, status, headers={"Cache-Control": "no-store"})


# --- what there is to choose from -----------------------------------------------------------------


def by_region(catchments: Iterable[Catchment]) -> list[tuple[str, list[Catchment]]]:
    """Return catchments region by region, north to south, each region's by name."""
    order = {region: at for at, region in enumerate(EDUCATION_REGIONS)}
    grouped: dict[str, list[Catchment]] = {}
    for catchment in sorted(catchments, key=lambda c: (folded(c.name), c.code)):
        grouped.setdefault(catchment.education_region, []).append(catchment)
    return sorted(grouped.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def catchment_options(content: Edition) -> list[tuple[str, str]]:
    """Return every catchment's code with what it is called in a list, by name."""
    return sorted(
        ((c.code, f"{c.name} ({c.code})") for c in content.catchments.values()),
        key=lambda pair: folded(pair[1]),
    )


def provider_options(content: Edition) -> list[tuple[str, str]]:
    """Return every provider's code with what it is called in a list, by name."""
    return sorted(
        ((p.code, f"{p.name} ({p.code})") for p in content.providers.values()),
        key=lambda pair: folded(pair[1]),
    )


def _nothing_more(_typed: FormReader, worked: DraftState) -> dict[str, Any]:
    return {
        "catchments": catchment_options(worked.content),
        "providers": provider_options(worked.content),
    }


# --- another provider -----------------------------------------------------------------------------


def _read_assign(typed: FormReader, worked: DraftState) -> Change:
    content = worked.content
    chosen = typed.some_of("catchments", content.catchments, gettext("one catchment or more"))
    provider = typed.one_of("provider", content.providers, gettext("a provider"))
    return AssignProvider(chosen, provider)


def _offer_assign(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    content, ticked = worked.content, set(typed.all("catchments"))
    words, served_by = folded(typed.text("q")[:200]).split(), typed.text("served_by")
    found = [
        catchment
        for catchment in content.catchments.values()
        if catchment.code in ticked or _is_sought(catchment, worked, words, served_by)
    ]
    # Asked for all that one provider serves, as when its contract ends, all of it is ticked.
    also = {c.code for c in found if served_by and c.provider_code == served_by}
    return {
        "groups": by_region(found),
        "ticked": ticked | (also if typed.text("do") != "back" and not ticked else set()),
        "shown": len(found),
        **_nothing_more(typed, worked),
    }


def _is_sought(catchment: Catchment, worked: DraftState, words: list[str], served_by: str) -> bool:
    if served_by and catchment.provider_code != served_by:
        return False
    provider = worked.provider_of(catchment)
    parts = (catchment.code, catchment.name, catchment.education_region)
    text = folded(" ".join([*parts, provider.name if provider else ""])).split()
    return all(any(each.startswith(word) for each in text) for word in words)


# --- names, and catchments made one ---------------------------------------------------------------


def _read_rename(typed: FormReader, worked: DraftState) -> Change:
    code = typed.one_of("catchment", worked.content.catchments, gettext("a catchment"))
    name = typed.line("name", gettext("the new name"))
    old = worked.content.catchments.get(code)
    if old and name == old.name:
        typed.refuse("name", gettext("That is its name already."))
    return RenameCatchment(code, name)


def _read_merge(typed: FormReader, worked: DraftState) -> Change:
    content = worked.content
    several = gettext("two catchments or more")
    chosen = typed.some_of("catchments", content.catchments, several, at_least=2)
    into = typed.one_of("into", content.catchments, gettext("the one that stays"))
    if into and into not in chosen:
        chosen = (*chosen, into)
    return MergeCatchments(chosen, into)


def _offer_merge(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    return {
        "groups": by_region(worked.content.catchments.values()),
        "ticked": set(typed.all("catchments")),
        **_nothing_more(typed, worked),
    }


# --- providers ------------------------------------------------------------------------------------


def _details(typed: FormReader, code: str) -> tuple[Provider, Contract]:
    provider = Provider(
        code,
        typed.line("name", gettext("the provider's name")),
        typed.line("phone", "", required=False, at_most=60),
        typed.email("email"),
        typed.website("website"),
    )
    starts, ends = typed.day("starts"), typed.day("ends")
    if starts and ends and ends < starts:
        typed.refuse("ends", gettext("The contract ends before it starts."))
    return provider, Contract(starts, ends, typed.whole_number("capacity"))


def _read_add_provider(typed: FormReader, worked: DraftState) -> Change:
    code = typed.code("code")
    if code in worked.content.providers:
        typed.refuse("code", gettext("There is a provider with this code already."))
    return AddProvider(*_details(typed, code))


def _read_edit_provider(typed: FormReader, worked: DraftState) -> Change:
    code = typed.one_of("provider", worked.content.providers, gettext("a provider"))
    typed.check()  # without one there are no other fields
    made = EditProvider(*_details(typed, code))
    known = worked.content
    unchanged = (known.providers.get(code), known.contracts.get(code, Contract()))
    if (made.provider, made.contract) == unchanged:
        typed.refuse("name", gettext("These are its details already."))
    return made


def _offer_edit_provider(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    code = typed.text("provider")
    provider = worked.content.providers.get(code)
    said: Mapping[str, object] = {}
    if provider:
        contract = worked.content.contracts.get(code, Contract())
        said = {
            "name": provider.name,
            "phone": provider.phone,
            "email": provider.email,
            "website": provider.website,
            "starts": contract.starts or "",
            "ends": contract.ends or "",
            "capacity": "" if contract.capacity is None else contract.capacity,
        }
    return {"provider": provider, "said": said, **_nothing_more(typed, worked)}


def _offer_add_provider(_typed: FormReader, _worked: DraftState) -> dict[str, Any]:
    return {"said": {}}


def _read_retire(typed: FormReader, worked: DraftState) -> Change:
    return RetireProvider(typed.one_of("provider", worked.content.providers, gettext("a provider")))


def _offer_retire(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    serves: dict[str, list[str]] = {}
    for catchment in worked.content.catchments.values():
        serves.setdefault(catchment.provider_code or "", []).append(catchment.name)
    return {"serves": serves, **_nothing_more(typed, worked)}


# --- all kinds ------------------------------------------------------------------------------------

_ALL = (
    Kind(
        "assign-provider",
        _l("Change the provider of catchments"),
        _l("one catchment, or all that a provider serves"),
        "change_assign.html",
        _read_assign,
        _offer_assign,
    ),
    Kind(
        "move-schools",
        _l("Move schools"),
        _l("chosen by search, by pasting their numbers, or on the map"),
        "change_move_schools.html",
        choosing_schools.read_move,
        choosing_schools.offer_move,
        choosing_schools.preview_move,
    ),
    Kind(
        "transfer-area",
        _l("Transfer an area"),
        _l("drawn, chosen as suburbs, from a file, or typed"),
        "change_transfer.html",
        areas.read_transfer,
        areas.offer_transfer,
        areas.preview_transfer,
    ),
    Kind(
        "merge-catchments",
        _l("Merge catchments"),
        _l("two or more become one"),
        "change_merge.html",
        _read_merge,
        _offer_merge,
    ),
    Kind(
        "split-catchment",
        _l("Split a catchment"),
        _l("along a line that is drawn or typed"),
        "change_split.html",
        areas.read_split,
        areas.offer_split,
        areas.preview_split,
    ),
    Kind(
        "rename-catchment",
        _l("Rename a catchment"),
        _l("its code stays"),
        "change_rename.html",
        _read_rename,
        _nothing_more,
    ),
    Kind(
        "add-provider",
        _l("Add a provider"),
        _l("with its details and contract"),
        "change_provider.html",
        _read_add_provider,
        _offer_add_provider,
    ),
    Kind(
        "edit-provider",
        _l("Edit a provider's details"),
        _l("how to reach it, its contract, its capacity"),
        "change_provider.html",
        _read_edit_provider,
        _offer_edit_provider,
    ),
    Kind(
        "retire-provider",
        _l("Retire a provider"),
        _l("its catchments need another"),
        "change_retire.html",
        _read_retire,
        _offer_retire,
    ),
    Kind(
        "in-school-provision",
        _l("Set in-school provision"),
        _l("a school's own funded provision, or its end"),
        "change_provision.html",
        choosing_schools.read_provision,
        choosing_schools.offer_provision,
        choosing_schools.preview_provision,
    ),
    Kind(
        "replace-boundaries",
        _l("Replace boundaries from a file"),
        _l("all catchments, as a map or a boundary file has them"),
        "change_replace.html",
        uploads.read_replacement,
        uploads.offer_replacement,
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind of change, by its name in addresses, in the order in which they are offered."""
