"""Accounts of an organisation's people, made and closed by its delegated authoriser."""

from __future__ import annotations

import secrets
from collections.abc import Collection

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown
from catchments.core.roles import COMMAND_LINE, Person, Role
from catchments.requests.rules.roles import CaseRole, refuse_role
from catchments.requests.store import mail, schema
from catchments.requests.store.organisations import (
    Organisation,
    Organisations,
    has_role,
    organisation_of,
)
from catchments.store.accounts.people import People
from catchments.store.engine import Repository

RANDOM_BYTES = 16
"""Of a first password."""
_M = schema.membership


class Invitations(Repository):
    """What an authoriser does with accounts; each raises NotKnown for whoever is none there."""

    def organisation(self, by: Person, number: int) -> Organisation:
        """Return an organisation that somebody is an authoriser of. Raises NotKnown."""
        with self._database.reading() as connection:
            if not has_role(connection, by.id, number, {CaseRole.AUTHORISER}):
                raise NotKnown(
                    "There is no such organisation whose people you look after.",
                    next_step="A delegated authoriser looks after the people of their own.",
                )
            return organisation_of(connection, number)

    def invite(
        self, by: Person, organisation: int, *, name: str, email: str, roles: Collection[CaseRole]
    ) -> tuple[Person, str]:
        """Give somebody an account and roles; return them, and their first password.

        The password is empty where they have an account that they have used: then they are given
        the roles there, beside those that they have. Raises InputRefused and NotAllowed.
        """
        into = self.organisation(by, organisation)
        if not roles:
            raise InputRefused(
                "No role is chosen.", field="roles", next_step="Choose at least one."
            )
        for role in roles:
            refuse_role(into.kind, role)
        people, organisations = People(self._database), Organisations(self._database)
        login = email.strip()
        known = people.known(login)
        who, first = (known.person, "") if known else new_account(people, login, name, by.login)
        held = organisations.viewer(who.id).memberships
        before = {each.role for each in held if each.organisation == organisation}
        organisations.set_roles(who.id, organisation, before | set(roles), by=by)
        is_new_here = known and known.change_password_by is not None
        if is_new_here and who.id != by.id and not self.is_elsewhere(who.id, organisation):
            first = self.new_password(by, organisation, who.id)  # invited twice, such as by a click
        with self._database.writing() as connection:
            mail.tell(connection, who.id, mail.About.INVITED, whose=into.name, login=who.login)
        return who, first

    def is_elsewhere(self, person_id: int, organisation: int) -> bool:
        """Whether somebody is a member of another organisation as well, or of none."""
        query = sa.select(_M.c.organisation_id).where(_M.c.person_id == person_id).distinct()
        with self._database.reading() as connection:
            return set(connection.scalars(query)) != {organisation}

    def disable(self, by: Person, organisation: int, person_id: int) -> None:
        """Close the account of somebody who belongs here alone. Raises NotAllowed, InputRefused."""
        People(self._database).disable(self._own(by, organisation, person_id).login, by=by.login)

    def enable(self, by: Person, organisation: int, person_id: int) -> None:
        """Open an account again of somebody who belongs here alone. Raises NotAllowed."""
        People(self._database).enable(self._own(by, organisation, person_id).login, by=by.login)

    def new_password(self, by: Person, organisation: int, person_id: int) -> str:
        """Give somebody who belongs here alone another first password, and return it."""
        who, first = self._own(by, organisation, person_id), secrets.token_urlsafe(RANDOM_BYTES)
        if who.id == by.id:
            raise NotAllowed("Change your own password on the page of your account.")
        People(self._database).set_password(who.login, first, by=by.login)
        return first

    def _own(self, by: Person, organisation: int, person_id: int) -> Person:
        into = self.organisation(by, organisation)
        members = Organisations(self._database).members(organisation)
        who = next((each.person for each in members if each.person.id == person_id), None)
        if who is None:
            raise NotKnown(f"There is no such person in {into.name}.")
        if self.is_elsewhere(person_id, organisation):
            raise NotAllowed(
                f"{who.name} belongs to another organisation as well.",
                allowed="You can take away the roles that they have here.",
                next_step="Whoever runs this service can close an account as a whole.",
            )
        return who


def new_account(
    people: People, email: str, name: str, by: str = COMMAND_LINE
) -> tuple[Person, str]:
    """Make an account that is signed in to by an e-mail address; return it and a first password."""
    first, readers = secrets.token_urlsafe(RANDOM_BYTES), {Role.READER}
    who = people.add(login=email, name=name, email=email, roles=readers, password=first, by=by)
    return who, first
