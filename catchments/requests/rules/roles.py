"""Roles: organisations, what their people may be there, and who is looking.

The roles of schools and providers are the Ministry's own (its page on the attendance service). What
Office Support sees is not public, so it is ours: the requests that they themselves sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catchments.core.errors import NotAllowed


class OrganisationKind(StrEnum):
    """What an organisation is to a case."""

    SCHOOL = "school"
    PROVIDER = "provider"
    IN_SCHOOL_TEAM = "in-school team"
    """A school's own, where it has in-school provision."""
    MINISTRY = "ministry"


class CaseRole(StrEnum):
    """What somebody may be in an organisation; a person may have several, in several."""

    ATTENDANCE_LEAD = "Attendance Lead"
    PRIMARY_CONTACT = "Primary Contact"
    OFFICE_SUPPORT = "Office Support"
    WORKFLOW_LEAD = "Workflow Lead"
    CASE_MANAGER = "Case Manager"
    AUTHORISER = "Delegated authoriser"
    FIGURES = "Figures"


SENDERS = frozenset({CaseRole.ATTENDANCE_LEAD, CaseRole.PRIMARY_CONTACT, CaseRole.OFFICE_SUPPORT})
"""Who may ask for support for a student of their school."""
WORKERS = frozenset({CaseRole.WORKFLOW_LEAD, CaseRole.CASE_MANAGER})
"""Who may be given a case."""
ROLES_OF: dict[OrganisationKind, frozenset[CaseRole]] = {
    OrganisationKind.SCHOOL: SENDERS | {CaseRole.AUTHORISER},
    OrganisationKind.PROVIDER: WORKERS | {CaseRole.AUTHORISER},
    OrganisationKind.IN_SCHOOL_TEAM: WORKERS | {CaseRole.AUTHORISER},
    OrganisationKind.MINISTRY: frozenset({CaseRole.FIGURES, CaseRole.AUTHORISER}),
}
"""The roles that each kind of organisation gives."""


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """One role of one person in one organisation."""

    organisation: int
    kind: OrganisationKind
    role: CaseRole


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is signed in, as the rules see them: who they are, and what they are where."""

    person: int
    memberships: frozenset[Membership] = frozenset()

    def is_in(self, organisation: int, *roles: CaseRole) -> bool:
        """Whether they have one of some roles in an organisation."""
        return any(
            each.organisation == organisation and each.role in roles for each in self.memberships
        )

    def organisations(self, *roles: CaseRole) -> frozenset[int]:
        """Return the organisations in which they have one of some roles."""
        return frozenset(each.organisation for each in self.memberships if each.role in roles)


def refuse_role(kind: OrganisationKind, role: CaseRole) -> None:
    """Raise NotAllowed for a role that a kind of organisation does not give."""
    if role not in ROLES_OF[kind]:
        raise NotAllowed(
            f"The role of {role} is none of a {kind}.",
            allowed=f"It gives {', '.join(each for each in CaseRole if each in ROLES_OF[kind])}.",
        )
