"""Lists of cases, with filters and ages; giving some to somebody; looking for one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotAllowed, NotKnown, Stale
from catchments.core.roles import Action
from catchments.requests.rules.cases import OPEN, WORKED, CaseState
from catchments.requests.rules.references import read_reference
from catchments.requests.rules.requests import LONGEST_LINE, Sought
from catchments.requests.rules.roles import WORKERS, CaseRole, OrganisationKind
from catchments.requests.store.case_rows import CaseHead
from catchments.requests.store.cases import LISTED_AT_ONCE, Wanted
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.frame import STALE, places_of_mine, show, whole
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import going_to, me, requires, said_at
from catchments.web.accounts.pages import REFUSED, path_of

STATES: dict[str, tuple[str, frozenset[CaseState]]] = {
    "open": ("Open", OPEN),
    "queued": ("In the queue", frozenset({CaseState.QUEUED})),
    "assigned": ("Assigned, not begun", frozenset({CaseState.ASSIGNED})),
    "active": ("Active", frozenset({CaseState.ACTIVE})),
    "paused": ("Paused", frozenset({CaseState.PAUSED})),
    "worked": ("Being worked on", WORKED),
    "returned": ("Sent back for more", frozenset({CaseState.RETURNED})),
    "closed": ("Closed or declined", frozenset({CaseState.CLOSED, CaseState.DECLINED})),
    "all": ("All", frozenset()),
}
"""What can be asked for of a list, by the word in its address."""
LAST_PAGE = 10_000


@blueprint.get("/cases")
@requires(Action.READ)
def cases() -> Response:
    """List the cases that whoever is signed in sees."""
    return _list_page()


@blueprint.post("/cases/assign")
@requires(Action.READ)
def assign() -> AnyResponse:
    """Give the cases that are ticked to one person: all or none."""
    try:
        chosen = dict(map(_case_and_version, request.form.getlist("case")))
        if not chosen:
            raise InputRefused("No case is ticked.", next_step="Tick the cases to be given.")
        assignee = request.form.get("assignee", 0, whole)
        if not assignee:
            raise InputRefused("Nobody is chosen.", field="assignee", next_step="Choose a person.")
        portal().cases.assign(me(), chosen, assignee)
    except (InputRefused, NotAllowed, Stale, NotKnown) as refused:
        status = STALE if isinstance(refused, Stale) else REFUSED
        errors = {getattr(refused, "field", "") or "assignee": f"Nothing was given. {refused}"}
        return _list_page(errors, status=status)
    name = portal().organisations.names({assignee}).get(assignee, "")
    said = f"{len(chosen)} {'case was' if len(chosen) == 1 else 'cases were'} given to {name}."
    asked = {name: value for name in ("state", "at") if (value := request.form.get(name))}
    return said_at(path_of(".cases", **asked), said)


@blueprint.get("/search")
@requires(Action.READ)
def search() -> Response:
    """Ask for a reference or a student."""
    return _search_page()


@blueprint.post("/search")
@requires(Action.READ)
def find() -> AnyResponse:
    """Go to the case of a reference, or list those of a student.

    What is typed stands in no address: it may be a name, also where a reference is asked for.
    """
    return _by_reference() if "reference" in request.form else _by_student()


def _by_reference() -> AnyResponse:
    typed = request.form["reference"]
    try:
        return going_to(path_of(".case", reference=read_reference(typed)))
    except InputRefused as refused:
        return _search_page({"reference": str(refused)}, reference=typed, status=REFUSED)


def _by_student() -> Response:
    name, born = request.form.get("student_name", "").strip(), request.form.get("born_on", "")
    errors = {}
    if not 0 < len(name) <= LONGEST_LINE:
        errors["student_name"] = "Give the student's whole name."
    try:
        born_on = date.fromisoformat(born.strip())
    except ValueError:
        errors["born_on"] = "Give when the student was born: day, month and year."
    if errors:
        return _search_page(errors, given=request.form, status=REFUSED)
    wanted = Wanted(student=Sought(name, born_on), oldest_first=False)
    heads = portal().cases.listed(me(), viewer(), wanted)
    return _search_page(given=request.form, heads=heads, **_names(heads))


def _case_and_version(text: str) -> tuple[str, int]:
    reference, _, version = text.partition(":")
    if not version.isdecimal() or len(version) > 9:
        raise InputRefused("The form was not written by this service.", next_step="Load it again.")
    return reference, int(version)


def _list_page(errors: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
    given = request.form if request.method == "POST" else request.args
    state = given.get("state", "open")
    state = state if state in STATES else "open"
    at, mine = given.get("at", 0, whole), given.get("mine") == "yes"
    number = min(max(given.get("page", 1, whole), 1), LAST_PAGE)
    school, here = _school(given.get("school", "")), places_of_mine()
    at = at if at in {each.id for each in here} else here[0].id if len(here) == 1 else 0
    wanted = Wanted(
        STATES[state][1],
        organisation=at or None,
        school=school,
        assigned_to=me().id if mine else None,
        oldest_first=state != "closed",
        offset=(number - 1) * LISTED_AT_ONCE,
    )
    total = portal().cases.count(viewer(), wanted)
    heads = portal().cases.listed(me(), viewer(), wanted)
    is_lead = bool(at) and viewer().is_in(at, CaseRole.WORKFLOW_LEAD)
    asked = {"state": state, "at": at or None, "school": given.get("school") or None}
    return show(
        "cases.html",
        "Cases",
        status=status,
        heads=heads,
        total=total,
        number=number,
        pages=max(1, -(-total // LISTED_AT_ONCE)),
        asked=asked | {"mine": "yes" if mine else None},
        states=STATES,
        places=here,
        asked_of_school=school is not None,
        is_lead=is_lead,
        works=bool(viewer().organisations(*WORKERS)),
        workers=portal().organisations.members(at, *WORKERS) if is_lead else [],
        caseload=portal().cases.caseload(viewer(), at) if is_lead else {},
        errors=errors,
        ticked=given.getlist("case"),
        assignee=given.get("assignee", ""),
        demonstration=any(head.demonstration for head in heads),
        **_names(heads),
    )


def _school(number: str) -> int | None:
    """Return the school that is asked for, None for any, and 0 where there is none such."""
    if not number.strip():
        return None
    kind = OrganisationKind.SCHOOL
    found = portal().organisations.named(kind, number.strip()[:20])
    return found.id if found else 0


def _names(heads: list[CaseHead]) -> dict[str, Any]:
    places = {each for head in heads for each in (head.case.school, head.case.holder)}
    people = {head.case.assigned_to for head in heads if head.case.assigned_to}
    of = portal().organisations
    return {"organisations": of.some(places), "people": of.names(people)}


def _search_page(
    errors: Mapping[str, str] | None = None,
    *,
    reference: str = "",
    given: Mapping[str, str] | None = None,
    heads: list[CaseHead] | None = None,
    status: int = 200,
    **names: Any,
) -> Response:
    return show(
        "search.html",
        "Search",
        status=status,
        errors=errors,
        reference=reference,
        given=given or {},
        heads=heads,
        demonstration=any(head.demonstration for head in heads or []),
        **names,
    )
