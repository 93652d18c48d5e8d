"""Going back to an earlier edition: all that it changes is shown before it is published anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes.kinds.restore_edition import RestoreEdition
from catchments.core.errors import InputRefused, long_date
from catchments.core.model import Edition
from catchments.core.roles import Action
from catchments.editions.publishing import Order, Outcome, PublicationRequest
from catchments.lookup.snapshot import Snapshot
from catchments.store import Decision
from catchments.store.drafts.records import OPEN
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion, checked_key
from catchments.web.accounts.access import confirmed, me, requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.reviewing import (
    carried_out,
    date_given,
    published,
    reason_given,
    status_of,
    text_given,
)
from catchments.web.staff.scenarios.papers import Told
from catchments.web.staff.scenarios.standing import Standing, following


@dataclass(frozen=True)
class _Asked:
    """An earlier edition that is to be in force again from a date, and what it would follow."""

    change: RestoreEdition
    base: Snapshot
    starts: date
    reason: str

    @classmethod
    def given(cls, number: int, content: Edition) -> _Asked:
        """Return what the form asks for. Raises InputRefused."""
        reason = text_given("reason", gettext("why this edition is to be in force again"))
        starts = date_given()
        base = service().snapshots.current().on(starts)
        if base is None:
            said = f"No edition is in force on {long_date(starts)}."
            raise InputRefused(said, field="effective_from")
        if base.edition.number == number:
            raise InputRefused(
                gettext("Edition %(number)s is in force then already.", number=number),
                field="effective_from",
                next_step=gettext("Choose an earlier edition, or another date."),
            )
        return cls(RestoreEdition(number, content), base, starts, reason)

    @property
    def follows(self) -> int:
        """The number of the edition that is in force on the date."""
        return self.base.edition.number or 0

    @property
    def looked_over(self) -> str:
        """What somebody has seen who saw its impact: another date or edition has another."""
        return f"{self.starts}/{self.follows}/{self.base.release.number}"

    def standing(self) -> Standing:
        """Return it with its impact."""
        after = self.change.apply(self.base.edition)
        key = ("return", self.change.number, self.looked_over)
        return following(self.base, after, self.starts, self.reason, key)


@blueprint.get("/editions/<int:number>/revert")
@requires(Action.ADMINISTER)
@confirmed
def revert_page(number: int) -> Response:
    """Ask why an earlier edition is to be in force again, and from when."""
    return _page(number)


@blueprint.post("/editions/<int:number>/revert")
@requires(Action.ADMINISTER)
@confirmed
def revert(number: int) -> AnyResponse:
    """Show what an earlier edition's content would change; publish it once that was looked over."""
    key = checked_key(request.form.get("once", ""))
    kept = _published_by(key)
    if kept is not None:  # by this form, sent once more: what it asked for is in force now
        return published(kept)
    asked = _Asked.given(number, service().store.edition(number))
    if request.form.get("looked") != asked.looked_over:
        return _page(number, asked)
    outcome = _carry_out(asked, key)
    if isinstance(outcome, int):
        return published(outcome)
    return _page(number, asked, outcome)


def _published_by(key: str) -> int | None:
    """Return the edition that the form with a token has been published as."""
    desk = DraftRepository(service().store)
    begun = desk.begun_with(key)
    return desk.draft(begun).published_as if begun is not None else None


def _carry_out(asked: _Asked, key: str) -> int | Outcome:
    """Publish it and return the edition's number, or say why nothing was published."""
    person, desk, number = me(), DraftRepository(service().store), asked.change.number
    draft_id = desk.begin(
        title=gettext("Back to edition %(number)s", number=number),
        reason=asked.reason,
        base_number=asked.follows,
        by=person,
        idempotency_key=key,
    )
    draft = desk.draft(draft_id)
    if draft.published_as is not None:
        return draft.published_as
    if not draft.changes:
        sentence = asked.change.describe(asked.base.edition)
        added = f"{key[:63]}r" if key else ""  # not the token that the draft was begun with
        desk.add(
            draft_id, asked.change, sentence, seen=ExpectedVersion(person, draft.version, added)
        )
        draft = desk.draft(draft_id)
    wanted = PublicationRequest(
        draft_id,
        asked.starts,
        asked.reason,
        accept_uncovered=reason_given("accept_uncovered"),
        decision=Decision(person.id, draft.version, reverting=True),
    )
    outcome = carried_out(Order(publish=wanted))
    if outcome.numbers:
        return outcome.numbers[0]
    left = desk.draft(draft_id)
    if left.published_as is not None:  # by the other half of a double click
        return left.published_as
    if left.state in OPEN:
        desk.abandon(draft_id, seen=ExpectedVersion(person, left.version))
    return outcome


def _page(number: int, asked: _Asked | None = None, outcome: Outcome | None = None) -> Response:
    standing, timeline = asked.standing() if asked else None, service().snapshots.current().timeline
    return staff_page(
        "staff/revert.html",
        gettext("Back to edition %(n)s", n=number),
        reverted=service().store.edition(number),
        asked=asked,
        standing=standing,
        pictures=standing.pictures() if standing else ("", ""),
        told=Told.of(standing.told()) if standing else None,
        comes_before=timeline.on_top_of(asked.starts) if asked else (),
        was_looked_over=bool(request.form.get("looked")),
        outcome=outcome,
        error=outcome is not None,
        status=status_of(outcome),
    )
