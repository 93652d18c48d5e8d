"""Cases: what a request becomes, its states, and the steps from one to the next.

The Ministry's page names tasks (assign, pause, close), not states: these are ours, and pages say
so. A case is immutable: each step returns another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from catchments.core.errors import InputRefused, NotAllowed
from catchments.requests.rules.roles import CaseRole, Viewer

LONGEST_REASON = 2_000


class CaseState(StrEnum):
    """Where a case stands."""

    QUEUED = "with the provider"
    ASSIGNED = "assigned"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    RETURNED = "sent back for more"
    DECLINED = "declined"


OPEN = frozenset(CaseState) - {CaseState.CLOSED, CaseState.DECLINED}
"""The states of a case that somebody still has to do something with."""


class Step(StrEnum):
    """What somebody does with a case."""

    ASSIGN = "assign"
    BEGIN = "begin"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    SEND_BACK = "send back for more"
    SEND_AGAIN = "send again"
    DECLINE = "decline"
    REOPEN = "open again"


class Happened(StrEnum):
    """What a case's history tells beside steps."""

    SUBMITTED = "submitted"
    HANDED_OVER = "handed over"
    STAYS = "stays until it is closed"
    LEFT = "student left the school"
    CONTACT = "another Primary Contact"


class ClosedBecause(StrEnum):
    """Why a case was closed. These are ours: the Ministry's are not public."""

    ATTENDING = "attends regularly again"
    MOVED_SCHOOL = "goes to another school"
    LEFT_SCHOOL = "left school: 16 or older, or exempt"
    OTHER_SERVICE = "another service has taken over"
    NOT_ENGAGED = "the family did not take part"
    WITHDRAWN = "the school withdrew its request"
    OTHER = "another reason"


class _Who(StrEnum):
    LEAD = "a Workflow Lead of whoever has it"
    WORKS = "its Case Manager, or a Workflow Lead of whoever has it"
    SCHOOL = "the school: whoever sent it, its Primary Contact or an Attendance Lead"


@dataclass(frozen=True, slots=True)
class _Rule:
    before: frozenset[CaseState]
    after: CaseState
    who: _Who
    with_reason: bool = False


WORKED = frozenset({CaseState.ASSIGNED, CaseState.ACTIVE, CaseState.PAUSED})
_NEW = frozenset({CaseState.QUEUED, CaseState.ASSIGNED})
RULES: dict[Step, _Rule] = {
    # To somebody else too, and then it stays in the state that it has: see `_after`.
    Step.ASSIGN: _Rule(WORKED | {CaseState.QUEUED}, CaseState.ASSIGNED, _Who.LEAD),
    Step.BEGIN: _Rule(frozenset({CaseState.ASSIGNED}), CaseState.ACTIVE, _Who.WORKS),
    Step.PAUSE: _Rule(frozenset({CaseState.ACTIVE}), CaseState.PAUSED, _Who.WORKS, True),
    Step.RESUME: _Rule(frozenset({CaseState.PAUSED}), CaseState.ACTIVE, _Who.WORKS),
    Step.CLOSE: _Rule(WORKED, CaseState.CLOSED, _Who.WORKS, True),
    Step.SEND_BACK: _Rule(_NEW, CaseState.RETURNED, _Who.LEAD, True),
    Step.SEND_AGAIN: _Rule(frozenset({CaseState.RETURNED}), CaseState.QUEUED, _Who.SCHOOL),
    Step.DECLINE: _Rule(_NEW, CaseState.DECLINED, _Who.LEAD, True),
    Step.REOPEN: _Rule(frozenset({CaseState.CLOSED}), CaseState.QUEUED, _Who.LEAD, True),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A request for support and what became of it, without anything of its student."""

    reference: str
    school: int
    """The organisation that asked."""
    holder: int
    """The organisation that has it now: always exactly one."""
    state: CaseState
    submitted_by: int
    primary_contact: int
    submitted_on: date
    assigned_to: int | None = None
    left_on: date | None = None
    """When the school said that its student is enrolled there no longer."""
    closed_at: datetime | None = None
    stays: bool = False
    """Whether both Workflow Leads agreed that it stays with its holder until it is closed."""
    version: int = 1
    """Raised by every step, so that two people who act on one page are told apart."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something with it."""
        return self.state in OPEN


def works_on(viewer: Viewer, case: Case) -> bool:
    """Whether somebody is who works on a case for its holder."""
    if viewer.is_in(case.holder, CaseRole.WORKFLOW_LEAD):
        return True
    mine = case.assigned_to == viewer.person
    return mine and viewer.is_in(case.holder, CaseRole.CASE_MANAGER)


def speaks_for_school(viewer: Viewer, case: Case) -> bool:
    """Whether somebody may answer for the school that asked: of students enrolled there alone."""
    if case.left_on is not None:
        return False
    if viewer.is_in(case.school, CaseRole.ATTENDANCE_LEAD):
        return True
    named = viewer.person == case.primary_contact
    if named and viewer.is_in(case.school, CaseRole.PRIMARY_CONTACT):
        return True
    sent = viewer.person == case.submitted_by
    return sent and viewer.is_in(case.school, CaseRole.OFFICE_SUPPORT)


def may(viewer: Viewer, case: Case, step: Step) -> bool:
    """Whether somebody may take a step with a case as it stands."""
    return case.state in RULES[step].before and _is(viewer, case, RULES[step].who)


def steps_for(viewer: Viewer, case: Case) -> tuple[Step, ...]:
    """Return the steps that somebody may take with a case as it stands."""
    return tuple(step for step in Step if may(viewer, case, step))


def taken(
    viewer: Viewer,
    case: Case,
    step: Step,
    *,
    at: datetime,
    reason: str = "",
    assignee: int | None = None,
) -> Case:
    """Return a case after a step.

    `reason` is why, where the step needs one, `assignee` to whom a case is given; that they are a
    Case Manager or Workflow Lead of its holder whoever calls has seen to. Raises NotAllowed and
    InputRefused.
    """
    _refuse_step(viewer, case, step)
    if RULES[step].with_reason:
        checked_reason(reason)
    if step is Step.ASSIGN and assignee is None:
        raise InputRefused(
            "Nobody is named to work on the case.",
            field="assignee",
            allowed="It must be a Case Manager or a Workflow Lead of your organisation.",
        )
    after = _after(case, step)
    return replace(
        case,
        state=after,
        assigned_to=_assigned(case, step, assignee),
        closed_at=at if after not in OPEN else None,
        stays=case.stays and after in OPEN,
        version=case.version + 1,
    )


def handed_over(case: Case, holder: int) -> Case:
    """Return a case with another holder: whole, back in its queue, as its state allows.

    What the school still has to answer stays with the school. Raises NotAllowed where it is closed
    or stays where it is.
    """
    if not case.is_open or case.stays or holder == case.holder:
        raise NotAllowed(f"The case {case.reference} is not to be handed over.")
    state = case.state if case.state is CaseState.RETURNED else CaseState.QUEUED
    return replace(case, holder=holder, state=state, assigned_to=None, version=case.version + 1)


def checked_reason(text: str) -> str:
    """Return a reason without blanks around it. Raises InputRefused where there is none."""
    reason = text.strip()
    if 0 < len(reason) <= LONGEST_REASON:
        return reason
    raise InputRefused(
        "No reason is given." if not reason else f"The reason has {len(reason):,} characters.",
        field="reason",
        allowed=f"It must have 1 to {LONGEST_REASON:,}.",
        next_step="Whoever reads the case later will want to know why.",
    )


def reason_if_given(text: str) -> str:
    """Return a reason without blanks around it, or nothing where there is none."""
    return checked_reason(text) if text.strip() else ""


def _after(case: Case, step: Step) -> CaseState:
    given_on = step is Step.ASSIGN and case.state in {CaseState.ACTIVE, CaseState.PAUSED}
    return case.state if given_on else RULES[step].after


def _assigned(case: Case, step: Step, assignee: int | None) -> int | None:
    if step is Step.ASSIGN:
        return assignee
    return case.assigned_to if step in {Step.BEGIN, Step.PAUSE, Step.RESUME, Step.CLOSE} else None


def _is(viewer: Viewer, case: Case, who: _Who) -> bool:
    if who is _Who.LEAD:
        return viewer.is_in(case.holder, CaseRole.WORKFLOW_LEAD)
    return works_on(viewer, case) if who is _Who.WORKS else speaks_for_school(viewer, case)


def _refuse_step(viewer: Viewer, case: Case, step: Step) -> None:
    rule = RULES[step]
    if not _is(viewer, case, rule.who):
        raise NotAllowed(f"You may not {step} this case.", allowed=f"It is for {rule.who}.")
    if case.state not in rule.before:
        states = ", ".join(state for state in CaseState if state in rule.before)
        raise NotAllowed(
            f"The case is {case.state}.",
            allowed=f"To {step} it must be {states}.",
            next_step="Load the page again: somebody may have been faster.",
        )
