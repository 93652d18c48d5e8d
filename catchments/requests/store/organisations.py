"""Organisations, and what their people may be in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown
from catchments.core.roles import COMMAND_LINE, Person
from catchments.requests.rules.roles import (
    CaseRole,
    Membership,
    OrganisationKind,
    Viewer,
    refuse_role,
)
from catchments.requests.store import schema
from catchments.store.accounts.rows import person_of
from catchments.store.engine import Repository, inserted, now, reads, writes
from catchments.store.integrity.audit import append
from catchments.store.schema import person

_O, _M = schema.organisation, schema.membership
_ROWS = sa.select(_O.c.id, _O.c.kind, _O.c.key, _O.c.name)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A school, a provider, a school's own team, or the Ministry."""

    id: int
    kind: OrganisationKind
    key: str
    name: str

    @property
    def school_id(self) -> int:
        """The number of the school that it is, or is the team of."""
        return int(self.key)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in an organisation, with all that they are there."""

    person: Person
    roles: frozenset[CaseRole]


# --- in a transaction of the caller's -------------------------------------------------------------


def organisation_of(connection: sa.Connection, number: int) -> Organisation:
    """Return an organisation. Raises NotKnown."""
    row = connection.execute(_ROWS.where(_O.c.id == number)).one_or_none()
    if row is None:
        raise NotKnown("There is no such organisation.")
    return _organisation(**row._mapping)


def found(connection: sa.Connection, kind: OrganisationKind, key: str) -> Organisation | None:
    """Return the organisation of a key, or None."""
    query = _ROWS.where(_O.c.kind == kind, _O.c.key == key)
    row = connection.execute(query).one_or_none()
    return _organisation(**row._mapping) if row else None


def ensured(connection: sa.Connection, kind: OrganisationKind, key: str, name: str) -> Organisation:
    """Return an organisation, made or named anew if need be."""
    known = found(connection, kind, key)
    if known is None:
        values = {"kind": kind, "key": key, "name": name, "made_at": now()}
        return Organisation(inserted(connection, _O, **values), kind, key, name)
    if known.name != name:
        connection.execute(_O.update().where(_O.c.id == known.id).values(name=name))
    return Organisation(known.id, kind, key, name)


def viewer_of(connection: sa.Connection, person_id: int) -> Viewer:
    """Return what somebody is where; nothing anywhere where their account is closed."""
    query = (
        sa.select(_M.c.organisation_id, _O.c.kind, _M.c.role)
        .join(_O, _O.c.id == _M.c.organisation_id)
        .join(person, person.c.id == _M.c.person_id)
        .where(_M.c.person_id == person_id, person.c.disabled_at.is_(None))
    )
    return Viewer(
        person_id,
        frozenset(
            Membership(row.organisation_id, OrganisationKind(row.kind), CaseRole(row.role))
            for row in connection.execute(query)
        ),
    )


def has_role(
    connection: sa.Connection, person_id: int, organisation: int, roles: Iterable[CaseRole]
) -> bool:
    """Whether somebody with an open account has one of some roles in an organisation."""
    return viewer_of(connection, person_id).is_in(organisation, *roles)


def _organisation(id: int, kind: str, key: str, name: str) -> Organisation:  # noqa: A002 - a column
    return Organisation(id, OrganisationKind(kind), key, name)


class Organisations(Repository):
    """The organisations in a store, and their people."""

    one = reads(organisation_of)
    named = reads(found)
    ensure = writes(ensured)
    viewer = reads(viewer_of)

    def all(self, *kinds: OrganisationKind) -> list[Organisation]:
        """Return the organisations of some kinds, by name."""
        query = _ROWS.where(_O.c.kind.in_(kinds)).order_by(_O.c.name)
        return self._read(query, _organisation)

    def some(self, numbers: Iterable[int]) -> dict[int, Organisation]:
        """Return organisations by number; of those that there are not, nothing."""
        found = self._read(_ROWS.where(_O.c.id.in_(sorted(set(numbers)))), _organisation)
        return {each.id: each for each in found}

    def names(self, person_ids: Iterable[int]) -> dict[int, str]:
        """Return the names of people by the numbers of their accounts."""
        query = sa.select(person.c.id, person.c.name).where(
            person.c.id.in_(sorted(set(person_ids)))
        )
        with self._database.reading() as connection:
            return {int(number): str(name) for number, name in connection.execute(query)}

    def of(self, person_id: int) -> list[Organisation]:
        """Return the organisations that somebody has a role in, by name."""
        mine = _ROWS.join(_M, _M.c.organisation_id == _O.c.id).where(_M.c.person_id == person_id)
        return self._read(mine.distinct().order_by(_O.c.name), _organisation)

    def members(self, organisation: int, *roles: CaseRole) -> list[Member]:
        """Return the people of an organisation whose accounts are open, by name.

        Those with one of some roles, if any are given.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(person, _M.c.role)
                .join(_M, _M.c.person_id == person.c.id)
                .where(_M.c.organisation_id == organisation)
                .order_by(person.c.name, person.c.id)
            ).all()
        people = {row.id: person_of(row) for row in rows}
        held = {
            number: frozenset(CaseRole(row.role) for row in rows if row.id == number)
            for number in people
        }
        return [
            Member(each, held[number])
            for number, each in people.items()
            if not roles or (each.disabled_at is None and held[number] & set(roles))
        ]

    def set_roles(
        self,
        person_id: int,
        organisation: int,
        roles: Collection[CaseRole],
        *,
        by: Person | None = None,
    ) -> None:
        """Give somebody exactly these roles in an organisation.

        `by` is its delegated authoriser, or None on the command line. Raises NotAllowed for roles
        that it does not give or who may not, and InputRefused where no authoriser would be left.
        """
        with self._database.writing() as connection:
            into = organisation_of(connection, organisation)
            _refuse_unless_authoriser(connection, into, by)
            for role in roles:
                refuse_role(into.kind, role)
            login = connection.scalar(sa.select(person.c.login).where(person.c.id == person_id))
            if login is None:
                raise NotKnown("There is no such person.")
            _refuse_to_lose_authoriser(into, person_id, roles, by)
            here = sa.and_(_M.c.person_id == person_id, _M.c.organisation_id == organisation)
            before = set(connection.scalars(sa.select(_M.c.role).where(here)))
            if before == set(roles):
                return
            connection.execute(_M.delete().where(here))
            for role in sorted(set(roles)):
                values = {"person_id": person_id, "organisation_id": organisation, "role": role}
                connection.execute(_M.insert().values(**values, given_at=now()))
            append(
                connection,
                actor=by.login if by else COMMAND_LINE,
                action="member.roles",
                subject=f"person {login}",
                organisation=organisation,
                before=sorted(before),
                after=sorted(roles),
            )


def _refuse_unless_authoriser(
    connection: sa.Connection, into: Organisation, by: Person | None
) -> None:
    if by is None or has_role(connection, by.id, into.id, {CaseRole.AUTHORISER}):
        return
    raise NotAllowed(
        f"You may not give roles in {into.name}.",
        allowed="Its delegated authorisers may.",
        next_step="Ask one of them.",
    )


def _refuse_to_lose_authoriser(
    into: Organisation,
    person_id: int,
    roles: Collection[CaseRole],
    by: Person | None,
) -> None:
    if by is None or CaseRole.AUTHORISER in roles or by.id != person_id:
        return
    raise InputRefused(
        "You cannot take the role of delegated authoriser from yourself.",
        field="roles",
        next_step=f"Ask another authoriser of {into.name}.",
    )
