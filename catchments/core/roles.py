"""Roles: the people of the staff pages, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; a person may have several."""

    READER = "reader"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything that a role is asked for."""

    READ = "read drafts, impact, findings and the audit trail"
    EDIT = "prepare drafts, propose texts and import aliases"
    REVIEW = "send drafts and texts back or approve and publish them"
    EXPLAIN = "explain findings away, set rates and say that texts were checked"
    ADMINISTER = "manage people, webhooks and withdrawals, and publish for a date that is past"


MAY: dict[Action, frozenset[Role]] = {
    Action.READ: frozenset(Role),
    Action.EDIT: frozenset({Role.EDITOR, Role.ADMINISTRATOR}),
    Action.REVIEW: frozenset({Role.APPROVER, Role.ADMINISTRATOR}),
    Action.EXPLAIN: frozenset({Role.EDITOR, Role.APPROVER, Role.ADMINISTRATOR}),
    Action.ADMINISTER: frozenset({Role.ADMINISTRATOR}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    id: int
    login: str
    """What they sign in with, folded to lower case."""
    name: str
    email: str
    roles: frozenset[Role]
    created_at: datetime
    disabled_at: datetime | None = None
    subject: str = ""
    """Who they are to the OpenID Connect provider, if they sign in there."""

    def may(self, action: Action) -> bool:
        """Whether one of their roles allows an action; a disabled account may do nothing."""
        return self.disabled_at is None and bool(self.roles & MAY[action])


COMMAND_LINE = "command line"
"""Stands in the audit trail for whoever runs commands on the machine itself."""
