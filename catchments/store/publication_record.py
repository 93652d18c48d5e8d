"""The record of a publication: what is published, and who prepared, approved and published it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from catchments.core.errors import PublicationRefused
from catchments.core.model import AcceptedLoss, Edition
from catchments.core.roles import COMMAND_LINE, Action, Person
from catchments.store import schema
from catchments.store.accounts import people
from catchments.store.artefacts import Artefact
from catchments.store.drafts import records
from catchments.store.drafts.records import APPROVED, Draft
from catchments.store.engine import now
from catchments.store.integrity.audit import append
from catchments.store.integrity.records import edition_record
from catchments.store.outbox import notices
from catchments.store.outbox.notices import Announcement


@dataclass(frozen=True)
class Publication:
    """One edition to be published, and what was made from it."""

    edition: Edition
    effective_from: date
    base_number: int | None
    draft_id: int | None = None
    artefacts: Sequence[Artefact] = ()
    maker: str = ""
    """The version of what made the artefacts."""
    notices: Sequence[Announcement] = ()
    """What schools and providers are told of it."""
    corrections: Sequence[Announcement] = ()
    """What those are told who had been told of an earlier form of it and are not told of it."""


@dataclass(frozen=True)
class Decision:
    """That somebody of the staff publishes a draft."""

    person_id: int
    draft_version: int
    """The version of the draft that was approved, or that the administrator saw."""
    reverting: bool = False
    """Whether it publishes an earlier edition anew, which was approved then."""


@dataclass(frozen=True)
class Withdrawal:
    """That scheduled editions are withdrawn: one, and those that it was published anew from."""

    numbers: Sequence[int]
    by: str = COMMAND_LINE
    reason: str = ""
    notices: Sequence[Announcement] = ()
    """What those are told who had been told of them."""


def names(
    connection: sa.Connection, publication: Publication, decision: Decision | None
) -> dict[str, str]:
    """Return the names of who prepared, approved and published an edition.

    Raises PublicationRefused where its draft is not, or no longer, what was approved. An edition
    that is published anew on top of another keeps the names that it had.
    """
    if publication.draft_id is None:
        return {}
    draft = records.read_head(connection, publication.draft_id)
    if draft.published_as is not None:
        return _names_before(connection, draft.published_as)
    if decision is None:
        return {}
    by = people.by_id(connection, decision.person_id)
    _refuse_unapproved(draft, decision, by)
    return {
        "author": _name(connection, draft.author_id),
        "approved_by": _name(connection, draft.approver_id),
        "published_by": by.name,
    }


def note(
    connection: sa.Connection,
    publications: Sequence[Publication],
    numbers: Sequence[int],
    actor: str,
) -> None:
    """Add what was published to the audit trail."""
    for publication, number in zip(publications, numbers, strict=True):
        append(
            connection,
            actor=actor,
            action="edition.publish",
            subject=f"edition {number}",
            draft=publication.draft_id,
            effective_from=publication.effective_from,
            title=publication.edition.title,
            reason=publication.edition.reason,
            **_accepted(publication.edition.uncovered_accepted),
            **edition_record(connection, number),
        )


def withdraw(connection: sa.Connection, withdrawal: Withdrawal) -> None:
    """Mark editions as withdrawn, and queue who hears of it; their content stays.

    One that is withdrawn already is so once, and once on record.
    """
    table, at = schema.edition, now()
    standing = sa.select(table.c.number).where(
        table.c.number.in_(withdrawal.numbers), table.c.withdrawn_at.is_(None)
    )
    numbers = list(connection.scalars(standing.order_by(table.c.number)))
    for number in numbers:
        append(
            connection,
            actor=withdrawal.by,
            action="edition.withdraw",
            subject=f"edition {number}",
            reason=withdrawal.reason,
            withdrawn_at=at.isoformat(),
        )
        notices.cancel(connection, number)
        notices.call_of_withdrawal(connection, number, at=at)
        connection.execute(table.update().where(table.c.number == number).values(withdrawn_at=at))
    if numbers:
        notices.tell_of_withdrawal(connection, numbers[-1], withdrawal.notices, at=at)


def _accepted(loss: AcceptedLoss | None) -> dict[str, str]:
    """Return what the trail has of ground that is left in no catchment on purpose."""
    return {"uncovered": loss.said, "uncovered_because": loss.reason} if loss else {}


def _refuse_unapproved(draft: Draft, decision: Decision, by: Person) -> None:
    needed = Action.ADMINISTER if decision.reverting else Action.REVIEW
    if not by.may(needed):  # any more: an account changes while pages are open
        raise PublicationRefused(
            f"{by.name} may not publish draft {draft.id}.",
            next_step="Ask an administrator of this service for the role.",
        )
    if draft.version != decision.draft_version:
        raise PublicationRefused(
            f"Draft {draft.id} is at version {draft.version}, and version "
            f"{decision.draft_version} was to be published: somebody changed it meanwhile.",
            next_step="Look at the draft as it is now.",
        )
    if not decision.reverting and draft.state != APPROVED:
        raise PublicationRefused(
            f"Draft {draft.id} is {draft.state}; a second person has to approve it first.",
            next_step="Ask an approver.",
        )


def _name(connection: sa.Connection, person_id: int | None) -> str:
    table = schema.person
    return connection.scalar(sa.select(table.c.name).where(table.c.id == person_id)) or ""


def _names_before(connection: sa.Connection, number: int) -> dict[str, str]:
    table = schema.edition
    query = sa.select(table.c.author, table.c.approved_by, table.c.published_by).where(
        table.c.number == number
    )
    return dict(connection.execute(query).one()._mapping)
