"""Access: the one place that decides who sees which cases, and what of them.

`reach` says in which ways somebody comes to cases; `sight` decides about one. Whatever queries ask
by `reach` is asked of `sight` once more, row by row: a property test holds that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catchments.requests.rules.cases import (
    Case,
    Step,
    speaks_for_school,
    steps_for,
    works_on,
)
from catchments.requests.rules.roles import CaseRole, Viewer


class Part(StrEnum):
    """A part of a case that somebody may see, each allowed by name."""

    HEAD = "head"
    """Reference, state, school, holder, dates: nothing of the student."""
    STUDENT = "student"
    """What the school wrote: the student, their family, what was tried."""
    SHARED = "shared"
    """Comments, files and events that are shared between school and holder."""
    SCHOOL_NOTES = "school notes"
    """Notes and files that are the school's alone."""
    HOLDER_NOTES = "holder notes"
    """Notes and files that are the holder's alone, and its tasks."""
    PEOPLE = "people"
    """Who works on it for the holder."""


_SCHOOL_SEES = frozenset({Part.HEAD, Part.STUDENT, Part.SHARED, Part.SCHOOL_NOTES})
_HOLDER_SEES = frozenset({Part.HEAD, Part.STUDENT, Part.SHARED, Part.HOLDER_NOTES, Part.PEOPLE})


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of one case, and what they may do with it."""

    parts: frozenset[Part]
    steps: tuple[Step, ...]
    for_school: bool
    """Whether they see it as the school does; what they write is the school's then."""
    for_holder: bool

    def sees(self, part: Part) -> bool:
        """Whether they see a part."""
        return part in self.parts


@dataclass(frozen=True, slots=True)
class Reach:
    """In which ways somebody comes to cases: any one of these is enough."""

    person: int
    schools: frozenset[int] = frozenset()
    """All cases of students enrolled there: Attendance Leads."""
    named: frozenset[int] = frozenset()
    """Those of these schools in which they are the Primary Contact."""
    sent: frozenset[int] = frozenset()
    """Those of these schools that they sent."""
    holders: frozenset[int] = frozenset()
    """All cases that these hold: Workflow Leads."""
    assigned: frozenset[int] = frozenset()
    """Those that these hold and that are given to them."""


def reach(viewer: Viewer) -> Reach:
    """Return in which ways somebody comes to cases."""
    return Reach(
        viewer.person,
        schools=viewer.organisations(CaseRole.ATTENDANCE_LEAD),
        named=viewer.organisations(CaseRole.PRIMARY_CONTACT),
        sent=viewer.organisations(CaseRole.OFFICE_SUPPORT),
        holders=viewer.organisations(CaseRole.WORKFLOW_LEAD),
        assigned=viewer.organisations(CaseRole.CASE_MANAGER),
    )


def sight(viewer: Viewer, case: Case) -> Sight | None:
    """Return what somebody sees of a case and may do with it, or None: then it is not there."""
    for_school = speaks_for_school(viewer, case)
    for_holder = works_on(viewer, case)
    if not (for_school or for_holder):
        return None
    parts: frozenset[Part] = frozenset()
    parts |= _SCHOOL_SEES if for_school else frozenset()
    parts |= _HOLDER_SEES if for_holder else frozenset()
    return Sight(parts, steps_for(viewer, case), for_school, for_holder)
