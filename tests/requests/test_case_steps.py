"""Cases: every step by whoever may take it, and by nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import CatchmentsError, InputRefused, NotAllowed
from catchments.requests.rules.access import sight
from catchments.requests.rules.cases import (
    OPEN,
    RULES,
    Case,
    CaseState,
    Step,
    handed_over,
    may,
    steps_for,
    taken,
)
from catchments.requests.rules.roles import (
    ROLES_OF,
    CaseRole,
    Membership,
    OrganisationKind,
    Viewer,
)

AT = datetime(2026, 11, 30, 9)  # noqa: DTZ001 - as it is kept, without a zone
SCHOOL, HOLDER, OTHER = 1, 2, 3
LEAD, MANAGER, SENDER, CONTACT, STRANGER = 10, 11, 12, 13, 14
KINDS = {SCHOOL: OrganisationKind.SCHOOL, HOLDER: OrganisationKind.PROVIDER}


def person(number: int, organisation: int, *roles: CaseRole) -> Viewer:
    kind = KINDS.get(organisation, OrganisationKind.PROVIDER)
    return Viewer(number, frozenset(Membership(organisation, kind, role) for role in roles))


WHO = {
    "workflow lead": person(LEAD, HOLDER, CaseRole.WORKFLOW_LEAD),
    "case manager": person(MANAGER, HOLDER, CaseRole.CASE_MANAGER),
    "another manager": person(STRANGER, HOLDER, CaseRole.CASE_MANAGER),
    "lead elsewhere": person(LEAD, OTHER, CaseRole.WORKFLOW_LEAD),
    "manager gone elsewhere": person(MANAGER, OTHER, CaseRole.CASE_MANAGER),
    "attendance lead": person(STRANGER, SCHOOL, CaseRole.ATTENDANCE_LEAD),
    "primary contact": person(CONTACT, SCHOOL, CaseRole.PRIMARY_CONTACT),
    "another contact": person(STRANGER, SCHOOL, CaseRole.PRIMARY_CONTACT),
    "who sent it": person(SENDER, SCHOOL, CaseRole.OFFICE_SUPPORT),
    "other office": person(STRANGER, SCHOOL, CaseRole.OFFICE_SUPPORT),
    "authoriser": person(STRANGER, SCHOOL, CaseRole.AUTHORISER),
    "figures": person(STRANGER, 9, CaseRole.FIGURES),
    "nobody": Viewer(STRANGER),
    "who sent it, without a role now": Viewer(SENDER),
}
OF_SCHOOL = {"attendance lead", "primary contact", "who sent it"}
OF_HOLDER = {"workflow lead", "case manager"}


def a_case(state: CaseState = CaseState.ACTIVE, **changes) -> Case:
    made = Case(
        reference="X",
        school=SCHOOL,
        holder=HOLDER,
        state=state,
        submitted_by=SENDER,
        primary_contact=CONTACT,
        submitted_on=date(2026, 11, 1),
        assigned_to=MANAGER,
    )
    return replace(made, **changes)


@pytest.mark.every_case
@pytest.mark.parametrize("who", WHO)
def test_only_the_school_and_who_supports_the_student_see_a_case(who):
    found = sight(WHO[who], a_case())
    assert (found is not None) == (who in OF_SCHOOL | OF_HOLDER)
    if found is not None:
        assert (found.for_school, found.for_holder) == (who in OF_SCHOOL, who in OF_HOLDER)


@pytest.mark.every_case
@pytest.mark.parametrize("who", WHO)
def test_a_student_who_left_is_no_more_the_schools_to_follow(who):
    found = sight(WHO[who], a_case(left_on=date(2026, 11, 20)))
    assert (found is not None) == (who in OF_HOLDER)


def test_each_side_sees_its_own_notes_and_not_the_others():
    school, holder = sight(WHO["who sent it"], a_case()), sight(WHO["case manager"], a_case())
    assert school.parts ^ holder.parts == {"school notes", "holder notes", "people"}
    assert "holder notes" not in school.parts
    assert "school notes" not in holder.parts


STEPS = [
    (CaseState.QUEUED, Step.ASSIGN, {"workflow lead"}, CaseState.ASSIGNED),
    (CaseState.ASSIGNED, Step.ASSIGN, {"workflow lead"}, CaseState.ASSIGNED),
    (CaseState.ACTIVE, Step.ASSIGN, {"workflow lead"}, CaseState.ACTIVE),
    (CaseState.PAUSED, Step.ASSIGN, {"workflow lead"}, CaseState.PAUSED),
    (CaseState.ASSIGNED, Step.BEGIN, OF_HOLDER, CaseState.ACTIVE),
    (CaseState.ACTIVE, Step.PAUSE, OF_HOLDER, CaseState.PAUSED),
    (CaseState.PAUSED, Step.RESUME, OF_HOLDER, CaseState.ACTIVE),
    (CaseState.ASSIGNED, Step.CLOSE, OF_HOLDER, CaseState.CLOSED),
    (CaseState.ACTIVE, Step.CLOSE, OF_HOLDER, CaseState.CLOSED),
    (CaseState.PAUSED, Step.CLOSE, OF_HOLDER, CaseState.CLOSED),
    (CaseState.QUEUED, Step.SEND_BACK, {"workflow lead"}, CaseState.RETURNED),
    (CaseState.ASSIGNED, Step.SEND_BACK, {"workflow lead"}, CaseState.RETURNED),
    (CaseState.RETURNED, Step.SEND_AGAIN, OF_SCHOOL, CaseState.QUEUED),
    (CaseState.QUEUED, Step.DECLINE, {"workflow lead"}, CaseState.DECLINED),
    (CaseState.ASSIGNED, Step.DECLINE, {"workflow lead"}, CaseState.DECLINED),
    (CaseState.CLOSED, Step.REOPEN, {"workflow lead"}, CaseState.QUEUED),
]


@pytest.mark.every_case
@pytest.mark.parametrize(("state", "step", "who", "after"), STEPS)
def test_a_step_is_for_some_and_leads_to_one_state(state, step, who, after):
    case = a_case(state)
    assert {name for name, viewer in WHO.items() if may(viewer, case, step)} == who
    for name in who:
        done = taken(WHO[name], case, step, at=AT, reason="Made up.", assignee=MANAGER)
        assert done.state is after
        assert done.version == case.version + 1
        assert (done.closed_at == AT) == (after not in OPEN)


def test_no_other_step_can_be_taken():
    allowed = {(state, step) for state, step, _, _ in STEPS}
    for state in CaseState:
        for step in Step:
            if (state, step) in allowed:
                continue
            for viewer in WHO.values():
                with pytest.raises(NotAllowed):
                    taken(viewer, a_case(state), step, at=AT, reason="Made up.", assignee=MANAGER)


@pytest.mark.parametrize("step", [step for step in Step if RULES[step].with_reason])
@pytest.mark.parametrize("reason", ["", " \n ", "x" * 2_001])
def test_a_reason_is_asked_for_where_somebody_will_want_to_know(step, reason):
    [state] = [state for state, each, _, _ in STEPS if each is step][:1]
    with pytest.raises(InputRefused, match="reason"):
        taken(WHO["workflow lead"], a_case(state), step, at=AT, reason=reason)


ORGANISATIONS = st.sampled_from([SCHOOL, HOLDER, OTHER])
PEOPLE = st.sampled_from([LEAD, MANAGER, SENDER, CONTACT, STRANGER])


@st.composite
def viewers(draw):
    held = draw(st.lists(st.tuples(ORGANISATIONS, st.sampled_from(CaseRole)), max_size=4))
    fitting = [
        Membership(where, kind, role)
        for where, role in held
        if role in ROLES_OF[kind := KINDS.get(where, OrganisationKind.PROVIDER)]
    ]
    return Viewer(draw(PEOPLE), frozenset(fitting))


WALKS = st.lists(
    st.tuples(viewers(), st.sampled_from(Step) | ORGANISATIONS, PEOPLE), min_size=1, max_size=12
)


@given(WALKS)
def test_whatever_is_tried_a_case_stays_whole(walk):
    case = a_case(CaseState.QUEUED, assigned_to=None)
    for viewer, doing, somebody in walk:
        before = case
        try:
            if isinstance(doing, Step):
                case = taken(viewer, case, doing, at=AT, reason="Made up.", assignee=somebody)
                assert sight(viewer, before) is not None, "who may not see it does nothing with it"
                assert doing in steps_for(viewer, before)
            else:
                case = handed_over(case, doing)
                assert case.assigned_to is None
        except CatchmentsError:
            assert case is before
            continue
        assert (case.school, case.reference) == (SCHOOL, "X")
        assert case.version == before.version + 1
        assert (case.closed_at is not None) == (not case.is_open)
        worked = case.state in {CaseState.ASSIGNED, CaseState.ACTIVE, CaseState.PAUSED}
        assert not worked or case.assigned_to is not None
