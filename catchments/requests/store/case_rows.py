"""Rows of cases: who sees which, what a change writes, and what the trail says of it.

Whatever is read goes through `access`: rows are asked for by `reach`, and each is asked of `sight`
once more before anything of it leaves here.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown, Stale
from catchments.core.roles import Person
from catchments.requests.rules.access import Part, Reach, Sight, sight
from catchments.requests.rules.cases import Case, CaseState
from catchments.requests.rules.requests import SupportRequest, unpacked
from catchments.requests.rules.roles import Viewer
from catchments.requests.store import schema
from catchments.requests.store.sealed import reason_context, seal, student_context, unseal
from catchments.store.engine import now
from catchments.store.integrity.audit import append

THE_SERVICE = "the service itself"
"""Stands on the trail for what comes about on its day."""
_C, _E = schema.support_case, schema.case_event


class SomebodyWasFaster(Stale):
    """A step with a case that has changed since the page was made."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed this case after your page was made.",
            next_step="Nothing was done. Look at the case as it is now, then decide again.",
        )


@dataclass(frozen=True, slots=True)
class CaseHead:
    """A case with what surrounds it, and of the student no more than the viewer may see."""

    case: Case
    submitted_at: datetime
    catchment_name: str
    provider_name: str
    edition_number: int
    in_school: bool
    demonstration: bool
    sight: Sight
    student_name: str
    """Empty where it is not to be seen."""
    year_level: int = 0


def case_of(row: Any) -> Case:
    """Return the case in a row, without its student."""
    return Case(
        reference=row.reference,
        school=row.school_id,
        holder=row.holder_id,
        state=CaseState(row.state),
        submitted_by=row.submitted_by_id,
        primary_contact=row.primary_contact_id,
        submitted_on=row.submitted_on,
        assigned_to=row.assigned_to_id,
        left_on=row.left_on,
        closed_at=row.closed_at,
        stays=row.stays,
        version=row.version,
    )


def head_of(connection: sa.Connection, viewer: Viewer, reference: str) -> CaseHead:
    """Return a case as somebody sees it. Raises NotKnown, also where they may not see it."""
    row = connection.execute(sa.select(_C).where(_C.c.reference == reference)).one_or_none()
    head = head_in(connection, viewer, row) if row is not None else None
    if head is None:
        raise no_such_case()
    return head


def no_such_case() -> NotKnown:
    """Say that there is no such case, or none for whoever asks: the same is said of both."""
    return NotKnown(
        "There is no case of this reference that you may see.",
        next_step="Compare the reference. A case is seen by the school that asked and by who "
        "supports the student now.",
    )


def note_look(connection: sa.Connection, person: Person, case: Case) -> None:
    """Put on the trail that somebody looked at a case."""
    subject = f"case {case.reference}"
    on_trail(connection, sides(case), actor=person.login, action="case.look", subject=subject)


def sides(case: Case) -> set[int]:
    """Return the organisations that know of a case: not the school any more whose student left."""
    return {case.holder} if case.left_on is not None else {case.school, case.holder}


def on_trail(
    connection: sa.Connection,
    told: Iterable[int],
    *,
    actor: str,
    action: str,
    subject: str,
    **detail: Any,
) -> None:
    """Put what somebody did with cases on the trail, for the organisations that may be told.

    The entry names them itself; the table beside it finds them.
    """
    of = sorted(set(told))
    number = append(connection, actor=actor, action=action, subject=subject, of=of, **detail)
    rows = [{"organisation_id": each, "number": number} for each in of]
    connection.execute(schema.trail_of.insert(), rows)


def write(connection: sa.Connection, case: Case) -> None:
    """Write a case after a step; its version was raised by one. Raises SomebodyWasFaster."""
    change = (
        _C.update()
        .where(_C.c.reference == case.reference, _C.c.version == case.version - 1)
        .values(
            holder_id=case.holder,
            state=case.state,
            assigned_to_id=case.assigned_to,
            closed_at=case.closed_at,
            stays=case.stays,
            version=case.version,
        )
    )
    if connection.execute(change).rowcount != 1:
        raise SomebodyWasFaster


def record(
    connection: sa.Connection,
    case: Case,
    kind: str,
    *,
    by: Person | None,
    reason: str = "",
    **facts: Any,
) -> None:
    """Add what happened to a case's history, and to the trail without its reason."""
    once = secrets.token_hex(16)
    connection.execute(
        _E.insert().values(
            reference=case.reference,
            at=now(),
            by_id=by.id if by else None,
            kind=kind,
            state=case.state,
            facts=json.dumps(facts, sort_keys=True),
            once=once,
            reason=seal(connection, reason, reason_context(once=once)),
        )
    )
    on_trail(
        connection,
        sides(case) | ({facts["before"]} if "before" in facts else set()),
        actor=by.login if by else THE_SERVICE,
        action=f"case.{kind}",
        subject=f"case {case.reference}",
        state=case.state,
        school=case.school,
        holder=case.holder,
        **facts,
    )


def within(found: Reach) -> sa.ColumnElement[bool]:
    """Return the condition for the cases that somebody comes to; `sight` says the same of each."""
    enrolled = _C.c.left_on.is_(None)
    mine = _C.c.assigned_to_id == found.person
    return sa.or_(
        sa.false(),
        *_ways(_C.c.school_id, found.schools, enrolled),
        *_ways(_C.c.school_id, found.named, enrolled, _C.c.primary_contact_id == found.person),
        *_ways(_C.c.school_id, found.sent, enrolled, _C.c.submitted_by_id == found.person),
        *_ways(_C.c.holder_id, found.holders),
        *_ways(_C.c.holder_id, found.assigned, mine),
    )


def _ways(
    column: sa.Column[int], among: frozenset[int], *also: sa.ColumnElement[bool]
) -> Iterator[sa.ColumnElement[bool]]:
    if among:
        yield sa.and_(column.in_(sorted(among)), *also)


def head_in(connection: sa.Connection, viewer: Viewer, row: Any) -> CaseHead | None:
    """Return the case in a row as somebody sees it, or None where they do not."""
    case = case_of(row)
    seen = sight(viewer, case)
    if seen is None:
        return None
    student = (
        student_in(connection, case.reference, row.student) if seen.sees(Part.STUDENT) else None
    )
    return CaseHead(
        case,
        row.submitted_at,
        row.catchment_name,
        row.provider_name,
        row.edition_number,
        row.in_school,
        row.demonstration,
        seen,
        student.student_name if student else "",
        student.year_level if student else 0,
    )


def student_in(connection: sa.Connection, reference: str, sealed: str = "") -> SupportRequest:
    """Return what the school wrote. Raises KeyTrouble."""
    if not sealed:
        query = sa.select(_C.c.student).where(_C.c.reference == reference)
        sealed = connection.scalar(query) or ""
    return unpacked(unseal(connection, sealed, student_context(reference=reference)))
