"""The page of a case: what the school wrote, what happened, what was said, what may be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused, NotAllowed, Stale
from catchments.core.roles import Action
from catchments.lookup.guidance import guide_on
from catchments.requests.rules.access import Part
from catchments.requests.rules.cases import RULES, Happened, Step
from catchments.requests.rules.roles import WORKERS, CaseRole
from catchments.requests.store.case_rows import CaseHead
from catchments.requests.store.cases import Event
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.form import contacts, labels
from catchments.requests.web.frame import STALE, show
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import me, requires, said_at
from catchments.web.accounts.pages import REFUSED, path_of

BUTTONS = {
    Step.ASSIGN: "Give the case to somebody",
    Step.BEGIN: "Begin",
    Step.PAUSE: "Pause",
    Step.RESUME: "Go on with it",
    Step.CLOSE: "Close",
    Step.SEND_BACK: "Send back for more",
    Step.SEND_AGAIN: "Send again",
    Step.DECLINE: "Decline",
    Step.REOPEN: "Open again",
}
"""What each step is called where one takes it."""
HAPPENED: dict[str, str] = {
    Step.ASSIGN: "Given to somebody",
    Step.BEGIN: "Begun",
    Step.PAUSE: "Paused",
    Step.RESUME: "Gone on with",
    Step.CLOSE: "Closed",
    Step.SEND_BACK: "Sent back for more",
    Step.SEND_AGAIN: "Sent again",
    Step.DECLINE: "Declined",
    Step.REOPEN: "Opened again",
    Happened.SUBMITTED: "Sent",
    Happened.HANDED_OVER: "Handed over",
    Happened.STAYS: "Stays until it is closed",
    Happened.LEFT: "The student left the school",
    Happened.CONTACT: "Another Primary Contact",
}
"""What each thing that happened is called in a case's history."""
WITH_FIELDS = frozenset({Step.ASSIGN, Step.SEND_AGAIN})
"""The steps that ask for something, beside those that need a reason."""
FORBIDDEN = 403


@blueprint.get("/cases/<reference>")
@requires(Action.READ)
def case(reference: str) -> Response:
    """Show a case as whoever is signed in may see it."""
    return case_page(reference)


def done(
    reference: str, said: str, do: Callable[[], object], anchor: str = "", *, to_list: bool = False
) -> AnyResponse:
    """Do something with a case and go back to it; where it is refused, with all that was typed.

    `to_list` says that whoever does it may not see the case afterwards. Raises NotKnown where they
    may not see it now.
    """
    try:
        do()
    except (InputRefused, NotAllowed, Stale) as refused:
        return _refused(reference, refused)
    page = path_of(".cases") if to_list else path_of(".case", reference=reference)
    return said_at(f"{page}{anchor}", said)


def _refused(reference: str, refused: CatchmentsError) -> Response:
    """Return the page of a case with what was refused, and what was typed in its form."""
    field = getattr(refused, "field", "")
    form = request.form.get("form", "")
    status = STALE if isinstance(refused, Stale) else FORBIDDEN
    status = REFUSED if isinstance(refused, InputRefused) else status
    errors = {f"{form}-{field}" if form and field else "": str(refused)}
    return case_page(reference, errors=errors, status=status)


def case_page(
    reference: str, *, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Return the page of a case. Raises NotKnown, also where they may not see it."""
    cases, who = portal().cases, viewer()
    head = cases.head(me(), who, reference)
    sees, said = head.sight.sees, None
    if sees(Part.STUDENT):
        said = cases.student(who, reference)
    guide = guide_on(said.guide) if said and said.guide else None
    events, notes = cases.history(who, reference), portal().notes.of(who, reference)
    files = portal().notes.files(who, reference)
    moves = portal().handovers.of_case(me(), reference)
    places = _places(head, events) | {m.from_id for m in moves} | {m.to_id for m in moves}
    places |= {note.organisation for note in notes} | {file.organisation for file in files}
    organisations = portal().organisations.some(places)
    held = Names(head, _people(head, events) | {e.by for e in notes} | {e.by for e in files})
    is_school_lead = who.is_in(head.case.school, CaseRole.ATTENDANCE_LEAD)
    return show(
        "case.html",
        f"Case {reference[:4]} {reference[4:]}",
        status=status,
        head=head,
        case=head.case,
        said=said,
        same=cases.same_student(who, said, but=reference) if said and head.case.is_open else [],
        answers=labels(guide, said.criteria) if said and guide else [],
        events=[
            (event, HAPPENED.get(event.kind, event.kind), _told(event, organisations, held))
            for event in events
        ],
        notes=notes,
        files=files,
        moves=moves,
        organisations=organisations,
        named=held,
        at_once=[(s, BUTTONS[s]) for s in head.sight.steps if not _asks(s)],
        buttons=[(s, BUTTONS[s], RULES[s].with_reason) for s in head.sight.steps if _asks(s)],
        workers=_workers(head),
        contacts=contacts(head.case.school) if head.sight.for_school else [],
        may_say_left=head.sight.for_school and is_school_lead and head.case.left_on is None,
        errors=errors,
        given=request.form,
        today=portal().today(),
        demonstration=head.demonstration,
        other_side=_other_side(head, organisations),
    )


class Names:
    """Who did what, as whoever looks may know it: of the other side's people the side alone."""

    def __init__(self, head: CaseHead, people: set[int]) -> None:
        organisations = portal().organisations
        self.all = head.sight.sees(Part.PEOPLE)
        self._school = {each.person.id for each in organisations.members(head.case.school)}
        self._known = portal().organisations.names(people)

    def __call__(self, number: int | None) -> str:
        """Return a person's name, or what is said in its place."""
        if number is None:
            return "the service itself"
        if not self.all and number not in self._school:
            return "somebody who is not of your school now"
        return self._known.get(number, "somebody")


def _asks(step: Step) -> bool:
    return RULES[step].with_reason or step in WITH_FIELDS


def _workers(head: CaseHead) -> list[Any]:
    if Step.ASSIGN not in head.sight.steps:
        return []
    return portal().organisations.members(head.case.holder, *WORKERS)


def _places(head: CaseHead, events: list[Event]) -> set[int]:
    named = ("before", "after", "next")
    facts = {int(event.facts[name]) for event in events for name in named if name in event.facts}
    return {head.case.school, head.case.holder} | facts


def _people(head: CaseHead, events: list[Event]) -> set[int]:
    """Return all who are named in a case's head and in its history."""
    named = {event.facts.get(name) for event in events for name in ("assigned_to", "contact")}
    named |= {event.by for event in events}
    named |= {head.case.assigned_to, head.case.primary_contact}
    return {int(each) for each in named if each is not None}


def _told(event: Event, organisations: Mapping[int, Any], named: Names) -> str:
    """Return what an event's facts say, as a sentence; nothing where they say nothing more."""
    facts = event.facts
    if "before" in facts and "after" in facts:
        before, after = (organisations.get(int(facts[name])) for name in ("before", "after"))
        edition = f", with edition {facts['edition']}" if facts.get("edition") else ""
        return f"From {before and before.name} to {after and after.name}{edition}."
    if facts.get("assigned_to") and named.all:
        return f"To {named(int(facts['assigned_to']))}."
    if facts.get("contact"):
        return f"It is {named(int(facts['contact']))}."
    if event.kind == "submitted" and facts.get("edition"):
        count = facts.get("files", 0)
        files = f", with {count} {'file' if count == 1 else 'files'}" if count else ""
        return f"By edition {facts['edition']}{files}."
    return ""


def _other_side(head: CaseHead, organisations: Mapping[int, Any]) -> str:
    """Return with whom something is shared that whoever looks shares."""
    if head.sight.for_school and head.sight.for_holder:
        return "school and holder"
    other = head.case.school if head.sight.for_holder else head.case.holder
    return str(organisations[other].name)
