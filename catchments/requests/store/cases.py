"""Cases: sending a request, finding cases, looking at one, taking a step with it.

Whatever is read goes through `access`: rows are asked for by `reach`, and each is asked of `sight`
once more before anything of it leaves here. Every look and every step is on the audit trail, by
reference, without anything of a student.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from catchments.core.errors import InputRefused, NotAllowed
from catchments.core.roles import Person
from catchments.requests.rules.access import Part, reach, sight
from catchments.requests.rules.cases import (
    OPEN,
    Case,
    CaseState,
    Happened,
    Step,
    reason_if_given,
    taken,
)
from catchments.requests.rules.references import new_reference
from catchments.requests.rules.requests import Student, SupportRequest, packed, same_student
from catchments.requests.rules.roles import SENDERS, WORKERS, CaseRole, OrganisationKind, Viewer
from catchments.requests.rules.served import Served
from catchments.requests.store import mail, schema
from catchments.requests.store.case_rows import (
    CaseHead,
    SomebodyWasFaster,
    case_of,
    head_in,
    head_of,
    no_such_case,
    note_look,
    on_trail,
    record,
    sides,
    student_in,
    within,
    write,
)
from catchments.requests.store.database import student_digest
from catchments.requests.store.organisations import ensured, has_role, organisation_of, viewer_of
from catchments.requests.store.sealed import reason_context, seal, student_context, unseal
from catchments.requests.store.writing import Seen, send_files
from catchments.store.engine import Repository, now

LISTED_AT_ONCE = 30
_TRIES = 8
_C, _E = schema.support_case, schema.case_event


@dataclass(frozen=True, slots=True)
class Sending:
    """A request that is ready to be sent."""

    once: str
    """What its form was given: sent twice, it is one case."""
    school: int
    request: SupportRequest
    served: Served
    primary_contact: int
    to_own_team: bool = False
    seen: Seen | None = None
    """What its sender saw of the request being written; None where nobody looked at it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a request was sent: when, and to whom then."""

    reference: str
    school_id: int
    submitted_at: datetime
    primary_contact_id: int
    catchment_name: str
    provider_name: str
    edition_number: int
    in_school: bool
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the cases that somebody sees are asked for."""

    states: frozenset[CaseState] = frozenset()
    """Any if empty."""
    organisation: int | None = None
    """The school that asked, or the holder."""
    assigned_to: int | None = None
    school: int | None = None
    """The school that asked."""
    student: Student | None = None
    """The same student, by name and date of birth."""
    oldest_first: bool = True
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing in a case's history."""

    at: datetime
    by: int | None
    kind: str
    state: CaseState
    facts: dict[str, Any]
    reason: str


class Cases(Repository):
    """The cases in a store."""

    # --- sending ----------------------------------------------------------------------------------

    def submit(self, person: Person, sending: Sending) -> str:
        """Make a request a case of whoever serves its school, and return its reference.

        The same `once` is sent once; its files go into the case, shared with whoever has it. Raises
        NotAllowed for whoever may not ask for that school, InputRefused for a Primary Contact who
        is none there, or where nobody serves it, and Stale where it is not what was seen.
        """
        for _ in range(_TRIES):
            try:
                with self._database.writing() as connection:
                    return _submitted(connection, person, sending, new_reference())
            except IntegrityError:
                continue  # a reference that is taken already
        raise AssertionError("no reference is free")

    def sent_with(self, person: Person, once: str) -> str | None:
        """Return what somebody's form became that was sent with this `once`, or None."""
        query = sa.select(_C.c.reference).where(
            _C.c.once == once, _C.c.submitted_by_id == person.id
        )
        with self._database.reading() as connection:
            found: str | None = connection.scalar(query)
            return found

    def receipt(self, person: Person, reference: str) -> Receipt:
        """Return what whoever sent a request may always know of it: nothing of the student.

        Raises NotKnown, also for what somebody else sent.
        """
        columns = [_C.c[name] for name in Receipt.__slots__]
        query = sa.select(*columns).where(
            _C.c.reference == reference, _C.c.submitted_by_id == person.id
        )
        found = self._read(query, Receipt)
        if not found:
            raise no_such_case()
        return found[0]

    # --- looking ----------------------------------------------------------------------------------

    def count(self, viewer: Viewer, wanted: Wanted) -> int:
        """Return how many of the cases that somebody sees are asked for."""
        with self._database.reading() as connection:
            query = sa.select(sa.func.count()).select_from(_C)
            return int(connection.scalar(query.where(*_asked(connection, viewer, wanted))) or 0)

    def caseload(self, viewer: Viewer, organisation: int) -> dict[int, int]:
        """Return how many open cases each person has that an organisation holds.

        Of the cases that somebody sees; those of nobody are left out.
        """
        query = (
            sa.select(_C.c.assigned_to_id, sa.func.count())
            .where(
                within(reach(viewer)),
                _C.c.holder_id == organisation,
                _C.c.state.in_(sorted(OPEN)),
                _C.c.assigned_to_id.is_not(None),
            )
            .group_by(_C.c.assigned_to_id)
        )
        with self._database.reading() as connection:
            return {int(who): int(cases) for who, cases in connection.execute(query)}

    def listed(self, person: Person, viewer: Viewer, wanted: Wanted) -> list[CaseHead]:
        """Return the cases that somebody sees and asks for, at most `LISTED_AT_ONCE`.

        That they looked is on the trail, with the references.
        """
        order = _C.c.submitted_at.asc() if wanted.oldest_first else _C.c.submitted_at.desc()
        with self._database.writing() as connection:
            # Which first: what is sorted is not carried along with all that is sealed in it.
            which = sa.select(_C.c.reference).where(*_asked(connection, viewer, wanted))
            which = which.order_by(order, _C.c.reference).limit(LISTED_AT_ONCE)
            query = sa.select(_C).where(_C.c.reference.in_(which.offset(wanted.offset)))
            rows = connection.execute(query.order_by(order, _C.c.reference)).all()
            heads = [head for row in rows if (head := head_in(connection, viewer, row))]
            if heads:
                on_trail(
                    connection,
                    {each for head in heads for each in sides(head.case)},
                    actor=person.login,
                    action="cases.list",
                    subject=f"organisation {wanted.organisation or 0}",
                    cases=[head.case.reference for head in heads],
                )
        return heads

    def head(self, person: Person, viewer: Viewer, reference: str) -> CaseHead:
        """Return a case, and put on the trail that they looked. Raises NotKnown.

        One that they may not see is not there: the same is said of both.
        """
        with self._database.writing() as connection:
            head = head_of(connection, viewer, reference)
            note_look(connection, person, head.case)
            return head

    def student(self, viewer: Viewer, reference: str) -> SupportRequest:
        """Return what the school wrote. Raises NotKnown where they may not see it."""
        with self._database.reading() as connection:
            head = head_of(connection, viewer, reference)
            if not head.sight.sees(Part.STUDENT):
                raise no_such_case()
            return student_in(connection, reference)

    def history(self, viewer: Viewer, reference: str) -> list[Event]:
        """Return what happened to a case, the first first. Raises NotKnown."""
        with self._database.reading() as connection:
            head_of(connection, viewer, reference)
            rows = connection.execute(
                sa.select(_E).where(_E.c.reference == reference).order_by(_E.c.id)
            )
            return [
                Event(
                    row.at,
                    row.by_id,
                    row.kind,
                    CaseState(row.state),
                    json.loads(row.facts),
                    unseal(connection, row.reason, reason_context(once=row.once)),
                )
                for row in rows
            ]

    def same_student(self, viewer: Viewer, request: Student, *, but: str = "") -> list[str]:
        """Return the references of open cases of the same student that somebody sees, `but` one.

        Of others nothing is said: whoever asks may type any name. Who sees both is told there.
        """
        with self._database.reading() as connection:
            wanted = Wanted(OPEN, student=request)
            query = sa.select(_C).where(*_asked(connection, viewer, wanted))
            rows = connection.execute(query.order_by(_C.c.submitted_at)).all()
            seen = (row.reference for row in rows if sight(viewer, case_of(row)))
            return [reference for reference in seen if reference != but]

    # --- steps ------------------------------------------------------------------------------------

    def take(
        self,
        person: Person,
        reference: str,
        step: Step,
        *,
        version: int,
        reason: str = "",
        assignee: int | None = None,
    ) -> None:
        """Take a step with a case as it was when its page was made.

        Raises NotKnown, NotAllowed, InputRefused, and SomebodyWasFaster.
        """
        with self._database.writing() as connection:
            _take(connection, person, reference, step, version, reason, assignee)

    def assign(self, person: Person, chosen: dict[str, int], assignee: int) -> None:
        """Give several cases, by reference with the version seen, to one person: all or none."""
        with self._database.writing() as connection:
            for reference, version in chosen.items():
                _take(connection, person, reference, Step.ASSIGN, version, "", assignee)

    def has_left(self, person: Person, reference: str, on: date, *, version: int) -> None:
        """Note that a student is enrolled at the school no longer: it sees the case no more.

        Whoever has the case goes on until they close it. Raises as `take` does.
        """
        with self._database.writing() as connection:
            viewer = viewer_of(connection, person.id)
            case = _of_version(head_of(connection, viewer, reference), version)
            if not viewer.is_in(case.school, CaseRole.ATTENDANCE_LEAD):
                raise NotAllowed(
                    "You may not say that a student has left.", allowed="Attendance Leads may."
                )
            change = {"left_on": on, "version": case.version + 1}
            connection.execute(_C.update().where(_C.c.reference == reference).values(**change))
            record(connection, case, Happened.LEFT, by=person, on=on.isoformat())

    def name_contact(self, person: Person, reference: str, contact: int, *, version: int) -> None:
        """Make somebody else of the school a case's Primary Contact. Raises as `take` does."""
        with self._database.writing() as connection:
            viewer = viewer_of(connection, person.id)
            head = head_of(connection, viewer, reference)
            case = _of_version(head, version)
            if not head.sight.for_school:
                raise NotAllowed("You may not do that.", allowed="It is for the school.")
            _refuse_no_contact(connection, case.school, contact)
            change = {"primary_contact_id": contact, "version": case.version + 1}
            connection.execute(_C.update().where(_C.c.reference == reference).values(**change))
            record(connection, case, Happened.CONTACT, by=person, contact=contact)
            mail.tell(connection, contact, mail.About.NAMED, reference)


# --- in a transaction -----------------------------------------------------------------------------


def _submitted(connection: sa.Connection, person: Person, sending: Sending, reference: str) -> str:
    known = connection.execute(
        sa.select(_C.c.reference, _C.c.submitted_by_id).where(_C.c.once == sending.once)
    ).one_or_none()
    if known is not None and known.submitted_by_id == person.id:
        return str(known.reference)
    if known is not None:
        raise InputRefused("That form was sent by somebody else.", next_step="Begin a new request.")
    viewer = viewer_of(connection, person.id)
    if not viewer.is_in(sending.school, *SENDERS):
        raise NotAllowed(
            "You may not ask for support for this school.",
            allowed="Its Attendance Leads, Primary Contacts and Office Support may.",
            next_step="Ask your school's delegated authoriser for a role.",
        )
    _refuse_no_contact(connection, sending.school, sending.primary_contact)
    at, served = now(), sending.served
    case = Case(
        reference=reference,
        school=sending.school,
        holder=_holder(connection, sending),
        state=CaseState.QUEUED,
        submitted_by=person.id,
        primary_contact=sending.primary_contact,
        submitted_on=served.on,
    )
    connection.execute(
        _C.insert().values(
            reference=reference,
            once=sending.once,
            school_id=case.school,
            holder_id=case.holder,
            state=case.state,
            submitted_at=at,
            submitted_on=case.submitted_on,
            submitted_by_id=person.id,
            primary_contact_id=case.primary_contact,
            catchment_code=served.catchment_code,
            catchment_name=served.catchment_name,
            provider_code=served.provider_code,
            provider_name=served.provider_name,
            edition_number=served.edition_number,
            in_school=sending.to_own_team,
            demonstration=served.demonstration,
            student=seal(connection, packed(sending.request), student_context(reference=reference)),
            student_digest=student_digest(connection, same_student(sending.request)),
        )
    )
    facts = {"edition": served.edition_number} | _files_of(connection, person, sending, case, at)
    record(connection, case, Happened.SUBMITTED, by=person, **facts)
    mail.tell_contact(connection, case, mail.About.SUBMITTED)
    mail.tell_leads(connection, case.holder, mail.About.ARRIVED, reference)
    return reference


def _files_of(
    connection: sa.Connection, person: Person, sending: Sending, case: Case, at: datetime
) -> dict[str, Any]:
    """Move a request's files into its case; return what is told of it, nothing where none came."""
    of_case = {
        "reference": case.reference,
        "organisation_id": case.school,
        "at": at,
        "by_id": person.id,
        "shared": True,
    }
    files = send_files(connection, person, sending.once, of_case, sending.seen)
    return {"files": files} if files else {}


def _holder(connection: sa.Connection, sending: Sending) -> int:
    """Return who is to have a request: the provider, or the school's own team."""
    served = sending.served
    if sending.to_own_team:
        if not served.in_school_provision:
            raise InputRefused(
                "Your school has no in-school provision in the edition in force.",
                field="to_own_team",
                next_step="Send the request to the provider.",
            )
        kind, key, name = OrganisationKind.IN_SCHOOL_TEAM, str(served.school_id), served.school_name
        return ensured(connection, kind, key, f"In-school team of {name}").id
    if not served.is_resolved:
        raise InputRefused(
            "No provider is known to serve your school today, so the request cannot be sent.",
            next_step="It is kept. Ask the Ministry who serves your school.",
        )
    kind = OrganisationKind.PROVIDER
    return ensured(connection, kind, served.provider_code, served.provider_name).id


def _refuse_no_contact(connection: sa.Connection, school: int, contact: int) -> None:
    if has_role(connection, contact, school, {CaseRole.PRIMARY_CONTACT}):
        return
    raise InputRefused(
        "The Primary Contact is nobody who has that role at your school.",
        field="primary_contact",
        allowed="Exactly one is named for a case, who gets its alerts.",
        next_step="Choose one, or ask your delegated authoriser to give somebody the role.",
    )


def _take(
    connection: sa.Connection,
    person: Person,
    reference: str,
    step: Step,
    version: int,
    reason: str,
    assignee: int | None,
) -> None:
    viewer = viewer_of(connection, person.id)
    case = _of_version(head_of(connection, viewer, reference), version)
    if assignee is not None and not has_role(connection, assignee, case.holder, WORKERS):
        name = organisation_of(connection, case.holder).name
        raise InputRefused(
            "That person does not work on cases here.",
            field="assignee",
            allowed=f"It must be a Case Manager or a Workflow Lead of {name}.",
        )
    after = taken(viewer, case, step, at=now(), reason=reason, assignee=assignee)
    write(connection, after)
    given = reason_if_given(reason)
    facts = {"assigned_to": after.assigned_to} if step is Step.ASSIGN else {}
    record(connection, after, step, by=person, reason=given, **facts)
    if step is Step.ASSIGN and assignee not in {None, person.id}:
        mail.tell(connection, after.assigned_to or 0, mail.About.ASSIGNED, reference)
    if person.id != after.primary_contact:
        mail.tell_contact(connection, after, mail.About.CHANGED, state=after.state)


def _of_version(head: CaseHead, version: int) -> Case:
    if head.case.version != version:
        raise SomebodyWasFaster
    return head.case


def _asked(
    connection: sa.Connection, viewer: Viewer, wanted: Wanted
) -> list[sa.ColumnElement[bool]]:
    asked = [within(reach(viewer))]
    if wanted.states:
        asked.append(_C.c.state.in_(sorted(wanted.states)))
    if wanted.organisation is not None:
        here = (_C.c.school_id == wanted.organisation, _C.c.holder_id == wanted.organisation)
        asked.append(sa.or_(*here))
    if wanted.school is not None:
        asked.append(_C.c.school_id == wanted.school)
    if wanted.assigned_to is not None:
        asked.append(_C.c.assigned_to_id == wanted.assigned_to)
    if wanted.student is not None:
        digest = student_digest(connection, same_student(wanted.student))
        asked.append(_C.c.student_digest == digest)
    return asked
