"""Handovers in the store: what comes is written down and told, and on its day it is done.

`follow` makes what is written down equal to what holds, case by case, each in a transaction of its
own: killed at any moment it goes on where it was, and done twice it does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown
from catchments.core.roles import Person
from catchments.requests.rules.cases import (
    OPEN,
    Case,
    Happened,
    handed_over,
    reason_if_given,
)
from catchments.requests.rules.handovers import HandoverState, HeldCase, Move
from catchments.requests.rules.requests import LONGEST_TEXT
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.store import mail, schema
from catchments.requests.store.case_rows import case_of, head_of, on_trail, record, write
from catchments.requests.store.organisations import (
    ensured,
    has_role,
    organisation_of,
    viewer_of,
)
from catchments.requests.store.sealed import handover_context, seal, stay_context, unseal
from catchments.store.engine import Repository, inserted, now

_C, _H, _O = schema.support_case, schema.handover, schema.organisation
_F = schema.followed
_Told = tuple[mail.About, int, date, int]
"""What is told to which organisation, of which day and edition."""


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """A case that changes hands, as its two providers see it."""

    id: int
    reference: str
    from_id: int
    to_id: int
    day: date
    edition_number: int
    state: HandoverState
    note: str
    stay_from_id: int | None
    stay_to_id: int | None
    stay_reason: str

    @property
    def stays(self) -> bool:
        """Whether both Workflow Leads agreed that it stays."""
        return self.stay_from_id is not None and self.stay_to_id is not None


@dataclass(frozen=True, slots=True)
class Followed:
    """What was last heard of the lookup."""

    heard_at: datetime
    day: date
    editions: str
    demonstration: bool


class Handovers(Repository):
    """The handovers of a store."""

    # --- following what is published --------------------------------------------------------------

    def heard(self) -> Followed | None:
        """Return what was last heard of the lookup, or None before the first time."""
        columns = (_F.c.heard_at, _F.c.day, _F.c.editions, _F.c.demonstration)
        found = self._read(sa.select(*columns), Followed)
        return found[0] if found else None

    def note_heard(self, *, day: date, editions: str, demonstration: bool) -> None:
        """Keep what was heard, once all that follows from it is done."""
        values = {"heard_at": now(), "day": day, "editions": editions}
        values["demonstration"] = demonstration
        with self._database.writing() as connection:
            if not connection.execute(_F.update().values(**values)).rowcount:
                connection.execute(_F.insert().values(id=1, **values))

    def held(self) -> tuple[list[HeldCase], dict[str, str]]:
        """Return the open cases that providers have, and by reference the code of the provider."""
        school, holder = _O.alias("school"), _O.alias("holder")
        query = (
            sa.select(_C, school.c.key.label("school_key"), holder.c.key.label("holder_key"))
            .join(school, school.c.id == _C.c.school_id)
            .join(holder, holder.c.id == _C.c.holder_id)
            .where(_C.c.state.in_(sorted(OPEN)), _C.c.in_school.is_(False))
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        cases = [HeldCase(case_of(row), int(row.school_key)) for row in rows]
        return cases, {row.reference: row.holder_key for row in rows}

    def write_down(self, moves: Iterable[Move]) -> None:
        """Make the handovers that are coming exactly these; tell both sides what changes.

        One that is called off is told to whoever had been told that it comes.
        """
        wanted = {(move.reference, move.day): move for move in moves}
        told: Counter[_Told] = Counter()
        with self._database.writing() as connection:
            known: dict[tuple[str, date], Any] = {}
            for row in connection.execute(
                sa.select(_H).where(_H.c.state == HandoverState.COMING)
            ).all():
                move = wanted.get((row.reference, row.day))
                code = organisation_of(connection, row.to_id).key
                if move is not None and code == move.served.provider_code:
                    known[row.reference, row.day] = row
                    continue
                _end(connection, row.id, HandoverState.CALLED_OFF)
                case = _case(connection, row.reference)
                if not case.is_open or case.holder != row.from_id:
                    continue  # closed, or handed over sooner: it does not stay
                for side in (row.from_id, row.to_id):
                    told[mail.About.CALLED_OFF, side, row.day, row.edition_number] += 1
            for at, move in sorted(wanted.items(), key=lambda each: each[0][::-1]):
                told += _written_down(connection, move, known.get(at))
            _tell(connection, told)

    def move(self, move: Move) -> bool:
        """Hand a case over, today; whether it was still to be done."""
        with self._database.writing() as connection:
            row = connection.execute(
                sa.select(_C).where(_C.c.reference == move.reference)
            ).one_or_none()
            if row is None:
                return False
            case, served = case_of(row), move.served
            kind = OrganisationKind.PROVIDER
            to = ensured(connection, kind, served.provider_code, served.provider_name).id
            if not case.is_open or case.stays or case.holder == to or row.in_school:
                return False
            planned = _planned(connection, case, to, move)
            after = handed_over(case, to)
            write(connection, after)
            _end(connection, planned, HandoverState.DONE)
            record(
                connection,
                after,
                Happened.HANDED_OVER,
                by=None,
                edition=served.edition_number,
                before=case.holder,
                after=to,
            )
            mail.tell_contact(connection, after, mail.About.MOVED)
            mail.tell_leads(connection, to, mail.About.ARRIVED, case.reference)
            return True

    # --- what people see and do -------------------------------------------------------------------

    def of(self, person: Person, organisation: int) -> list[HandoverRow]:
        """Return what comes to and goes from an organisation, by day. Raises NotAllowed.

        Its Workflow Leads see it. Of what comes to them they see that it does, not the case: that
        is theirs from the day on. Whose notes are whose `note` alone: empty for who gets them.
        """
        with self._database.reading() as connection:
            if not has_role(connection, person.id, organisation, {CaseRole.WORKFLOW_LEAD}):
                raise NotAllowed("You may not see the handovers of this organisation.")
            query = sa.select(_H).where(
                _H.c.state == HandoverState.COMING,
                sa.or_(_H.c.from_id == organisation, _H.c.to_id == organisation),
            )
            rows = connection.execute(query.order_by(_H.c.day, _H.c.reference)).all()
            return [_row(connection, row, for_=organisation) for row in rows]

    def of_case(self, person: Person, reference: str) -> list[HandoverRow]:
        """Return the handovers of a case, past and coming, for who works on it.

        Raises NotKnown where they may not see the case as its holder does.
        """
        with self._database.reading() as connection:
            head = head_of(connection, viewer_of(connection, person.id), reference)
            if not head.sight.for_holder:
                return []
            query = sa.select(_H).where(_H.c.reference == reference).order_by(_H.c.day, _H.c.id)
            rows = connection.execute(query).all()
            return [_row(connection, row, for_=head.case.holder) for row in rows]

    def write_note(self, person: Person, number: int, text: str) -> None:
        """Keep what whoever has a case now wants the next to know. Raises NotKnown."""
        with self._database.writing() as connection:
            row = _coming_row(connection, number)
            viewer = viewer_of(connection, person.id)
            case = _case(connection, row.reference)
            if not (
                viewer.is_in(row.from_id, CaseRole.WORKFLOW_LEAD)
                or (
                    case.assigned_to == person.id
                    and viewer.is_in(row.from_id, CaseRole.CASE_MANAGER)
                )
            ):
                raise _no_such_handover()
            context = handover_context(reference=row.reference)
            note = seal(connection, text.strip()[:LONGEST_TEXT], context)
            connection.execute(_H.update().where(_H.c.id == number).values(note=note))
            on_trail(
                connection,
                [row.from_id],
                actor=person.login,
                action="handover.note",
                subject=f"case {row.reference}",
            )

    def agree_to_stay(self, person: Person, number: int, reason: str) -> bool:
        """Say for one's own side that a case stays until it is closed; whether both now did.

        Raises NotKnown, InputRefused.
        """
        why = reason_if_given(reason)
        with self._database.writing() as connection:
            row = _coming_row(connection, number)
            viewer = viewer_of(connection, person.id)
            sides = {"stay_from_id": row.from_id, "stay_to_id": row.to_id}
            mine = {
                name: person.id
                for name, side in sides.items()
                if viewer.is_in(side, CaseRole.WORKFLOW_LEAD)
            }
            if not mine:
                raise _no_such_handover()
            if not (why or row.stay_reason):
                raise InputRefused("No reason is given.", field="reason")
            context = stay_context(reference=row.reference)
            change = {**mine, **({"stay_reason": seal(connection, why, context)} if why else {})}
            connection.execute(_H.update().where(_H.c.id == number).values(**change))
            on_trail(
                connection,
                [row.from_id, row.to_id],
                actor=person.login,
                action="handover.stay",
                subject=f"case {row.reference}",
            )
            again = _coming_row(connection, number)
            if again.stay_from_id is None or again.stay_to_id is None:
                return False
            _stay(connection, person, again)
            return True


def _stay(connection: sa.Connection, person: Person, row: Any) -> None:
    case = _case(connection, row.reference)
    after = replace(case, stays=True, version=case.version + 1)
    write(connection, after)
    reason = unseal(connection, row.stay_reason, stay_context(reference=row.reference))
    record(
        connection,
        after,
        Happened.STAYS,
        by=person,
        reason=reason,
        edition=row.edition_number,
        next=row.to_id,
    )
    _end(connection, row.id, HandoverState.CALLED_OFF)


def _row(connection: sa.Connection, row: Any, *, for_: int) -> HandoverRow:
    theirs = row.from_id == for_ or row.state == HandoverState.DONE
    context = handover_context(reference=row.reference)
    return HandoverRow(
        row.id,
        row.reference,
        row.from_id,
        row.to_id,
        row.day,
        row.edition_number,
        HandoverState(row.state),
        unseal(connection, row.note, context) if theirs else "",
        row.stay_from_id,
        row.stay_to_id,
        unseal(connection, row.stay_reason, stay_context(reference=row.reference)),
    )


def _coming_row(connection: sa.Connection, number: int) -> Any:
    query = sa.select(_H).where(_H.c.id == number, _H.c.state == HandoverState.COMING)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise _no_such_handover()
    return row


def _no_such_handover() -> NotKnown:
    return NotKnown(
        "There is no such handover of yours that is still to come.",
        next_step="It may have been done, or called off.",
    )


def _case(connection: sa.Connection, reference: str) -> Case:
    return case_of(connection.execute(sa.select(_C).where(_C.c.reference == reference)).one())


def _written_down(connection: sa.Connection, move: Move, known: Any) -> Counter[_Told]:
    """Write a handover down, from whoever has the case by then; return whom to tell."""
    served, number = move.served, move.served.edition_number
    from_id = _by_then(connection, move)
    if known is not None:  # re-based, an edition has another number, and it is no news
        here = _H.update().where(_H.c.id == known.id)
        connection.execute(here.values(edition_number=number, from_id=from_id))
        return Counter()
    kind = OrganisationKind.PROVIDER
    to = ensured(connection, kind, served.provider_code, served.provider_name).id
    _insert(connection, move.reference, from_id, to, move)
    going, coming = mail.About.GOING, mail.About.COMING
    return Counter([(going, from_id, move.day, number), (coming, to, move.day, number)])


def _by_then(connection: sa.Connection, move: Move) -> int:
    """Return who has a case just before a day, as handovers are written down."""
    before = (
        sa.select(_H.c.to_id)
        .where(
            _H.c.reference == move.reference,
            _H.c.state == HandoverState.COMING,
            _H.c.day < move.day,
        )
        .order_by(_H.c.day.desc())
        .limit(1)
    )
    found: int | None = connection.scalar(before)
    return found if found is not None else _case(connection, move.reference).holder


def _insert(connection: sa.Connection, reference: str, from_id: int, to_id: int, move: Move) -> int:
    return inserted(
        connection,
        _H,
        reference=reference,
        from_id=from_id,
        to_id=to_id,
        day=move.day,
        edition_number=move.served.edition_number,
        state=HandoverState.COMING,
        told_at=now(),
    )


def _planned(connection: sa.Connection, case: Case, to: int, move: Move) -> int:
    """Return the handover that a move does: the one that was written down, or one made now."""
    query = sa.select(_H.c.id).where(
        _H.c.reference == case.reference,
        _H.c.to_id == to,
        _H.c.day <= move.day,
        _H.c.state == HandoverState.COMING,
    )
    known = connection.scalar(query.order_by(_H.c.day).limit(1))
    return (
        known if known is not None else _insert(connection, case.reference, case.holder, to, move)
    )


def _end(connection: sa.Connection, number: int, state: HandoverState) -> None:
    connection.execute(_H.update().where(_H.c.id == number).values(state=state, ended_at=now()))


def _tell(connection: sa.Connection, told: Counter[_Told]) -> None:
    """Tell the Workflow Leads of each side how many cases come or go, in one letter for a day."""
    for (about, organisation, day, edition), cases in sorted(told.items(), key=str):
        mail.tell_leads(
            connection,
            organisation,
            about,
            whose=organisation_of(connection, organisation).name,
            cases=f"{cases:,}",
            day=f"{day.day} {day:%B %Y}",
            edition=str(edition),
        )
