"""Review and publication: submit, send back, approve, publish, re-apply."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import date

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes.change import apply_all
from catchments.core.errors import InputRefused, shown
from catchments.core.model import EditionSummary
from catchments.core.roles import Action
from catchments.editions.publishing import Order, Outcome, PublicationRequest
from catchments.editions.withdrawal import replaced_by
from catchments.lookup.snapshot import Published
from catchments.lookup.values import day_of
from catchments.runtime import subprocess_job
from catchments.runtime.logs import told_by
from catchments.runtime.subprocess_job import JobFailed
from catchments.store import Decision, Draft, StoreUnavailable
from catchments.store.drafts.records import ABANDONED, PUBLISHED
from catchments.web.accounts.access import confirmed, me, requires
from catchments.web.common.problems import written
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.draft_view import back_to, desk, seen_given

log = logging.getLogger(__name__)

PUBLISHER = "catchments.commands.jobs.publishing"
PUBLISHED_WITHIN_S = 300.0
LONGEST_REASON = 2_000
OK, STALE, UNAVAILABLE = 200, 412, 503
BROKEN = JobFailed.__name__


@dataclass(frozen=True)
class Review:
    """What the draft page needs to know to offer the next step of a review."""

    state: str
    may_submit: bool
    may_review: bool
    had_a_hand: bool
    """Whether whoever looks at it began or changed the draft, and so may not approve it."""
    starts: date
    """From when it is proposed to be in force."""
    overtaken_by: EditionSummary | None
    """The edition that is in force then, where the draft is made from another."""
    comes_before: tuple[EditionSummary, ...]
    """Scheduled editions that publication will publish anew on top of this one."""


def review_of(draft: Draft, world: Published) -> Review:
    """Return what may be done next to a draft by whoever is signed in."""
    person = me()
    starts = max(_proposed(draft, world), world.today)
    before = world.timeline.edition_on(starts)
    overtaken = before if before and before.number != draft.base_number else None
    return Review(
        state=draft.state,
        may_submit=person.may(Action.EDIT),
        may_review=person.may(Action.REVIEW),
        had_a_hand=person.id in desk().contributors(draft.id),
        starts=starts,
        overtaken_by=None if draft.state in (PUBLISHED, ABANDONED) else overtaken,
        comes_before=world.timeline.on_top_of(starts),
    )


def _proposed(draft: Draft, world: Published) -> date:
    """Return from when a draft is to be in force; not before the edition that it is made from."""
    if draft.effective_from is not None:
        return draft.effective_from
    standing = (e for e in world.timeline.editions if e.number == draft.base_number)
    return next((e.effective_from for e in standing), world.today)


# --- a draft --------------------------------------------------------------------------------------


@blueprint.post("/drafts/<int:draft>/submit")
@requires(Action.EDIT)
def submit(draft: int) -> AnyResponse:
    """Hand a draft over for review."""
    desk().submit(draft, date_given(), seen=seen_given())
    return back_to(draft, gettext("The draft is in review. An approver decides about it."))


@blueprint.post("/drafts/<int:draft>/send-back")
@requires(Action.REVIEW)
def send_back(draft: int) -> AnyResponse:
    """Hand a draft back to be worked on, and say why."""
    reason = text_given("reason", gettext("why the draft goes back"))
    desk().send_back(draft, reason, seen=seen_given())
    return back_to(draft, gettext("The draft went back to be worked on."))


@blueprint.post("/drafts/<int:draft>/take-back")
@requires(Action.EDIT)
def take_back(draft: int) -> AnyResponse:
    """Take a draft back from review, to work on it again."""
    desk().take_back(draft, seen=seen_given())
    return back_to(draft, gettext("The draft is yours to work on again. Nobody reviews it now."))


@blueprint.post("/drafts/<int:draft>/approve")
@requires(Action.REVIEW)
@confirmed
def approve(draft: int) -> AnyResponse:
    """Approve a draft as it stands."""
    desk().approve(draft, date_given(), seen=seen_given())
    return back_to(draft, gettext("The draft is approved. It can be published now."))


@blueprint.post("/drafts/<int:draft>/abandon")
@requires(Action.EDIT)
@confirmed
def abandon(draft: int) -> AnyResponse:
    """Give a draft up."""
    desk().abandon(draft, seen=seen_given())
    return back_to(draft, gettext("The draft is given up. It stays on record."))


@blueprint.post("/drafts/<int:draft>/re-apply")
@requires(Action.EDIT)
def reapply(draft: int) -> AnyResponse:
    """Put a draft's changes on the edition that has come in between."""
    world = service().snapshots.current()
    kept = desk().draft(draft)
    overtaken = review_of(kept, world).overtaken_by
    if overtaken is None:
        return back_to(draft, gettext("The draft is made from the right edition already."))
    apply_all(service().store.edition(overtaken.number), kept.changes)  # or says what does not fit
    desk().rebase(draft, overtaken.number, seen=seen_given())
    said = gettext("The changes now stand on edition %(number)s.", number=overtaken.number)
    return back_to(draft, said)


@blueprint.get("/drafts/<int:draft>/publish")
@requires(Action.REVIEW)
@confirmed
def publish_page(draft: int) -> Response:
    """Ask for a last look before a draft is published."""
    return _publish_page(desk().draft(draft))


@blueprint.post("/drafts/<int:draft>/publish")
@requires(Action.REVIEW)
@confirmed
def publish(draft: int) -> AnyResponse:
    """Publish an approved draft from its date."""
    kept, seen = desk().draft(draft), seen_given()
    if kept.published_as is not None:  # a double click, the back button, a line that broke
        return published(kept.published_as)
    if kept.version != seen.version:  # found out at the end, too; but that takes a while
        return _publish_page(kept, _changed(kept))
    if kept.effective_from is None:
        raise InputRefused(f"Draft {draft} has no date from which it is to be in force.")
    wanted = PublicationRequest(
        draft,
        kept.effective_from,
        reason_given() or kept.reason,
        decision=Decision(seen.person.id, seen.version),
    )
    outcome = carried_out(Order(publish=wanted))
    if outcome.numbers:
        return published(outcome.numbers[0])
    again = desk().draft(draft)
    if again.published_as is not None:
        return published(again.published_as)
    service().snapshots.refresh()
    return _publish_page(again, outcome)


def _changed(draft: Draft) -> Outcome:
    return Outcome(
        problem=gettext("Draft %(n)s has been changed since this page was read.", n=draft.id),
        next_step=gettext("Look at the draft as it is now."),
    )


def _publish_page(draft: Draft, outcome: Outcome | None = None) -> Response:
    return staff_page(
        "staff/publish.html",
        gettext("Publish draft %(n)s", n=draft.id),
        draft=draft,
        review=review_of(draft, service().snapshots.current()),
        outcome=outcome,
        written=written(),
        error=outcome is not None,
        status=status_of(outcome),
    )


def carried_out(wanted: Order) -> Outcome:
    """Have a process of its own publish or withdraw, and return what came of it."""
    settings = service().settings
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "CATCHMENTS_ADDRESSES": str(settings.addresses_path),
    }
    try:
        said = subprocess_job.run(
            PUBLISHER,
            given=msgspec.json.encode(wanted),
            within_s=PUBLISHED_WITHIN_S,
            environment=environment,
        )
    except JobFailed as error:  # killed perhaps after it wrote: whoever asks looks at the draft
        log.error("%s %s: %s", PUBLISHER, error.how, told_by(error.stderr))
        return Outcome([], error.problem, [], error.next_step, BROKEN)
    return msgspec.json.decode(said, type=Outcome)


def status_of(outcome: Outcome | None) -> int:
    """Return the HTTP status of a page that says why nothing was published or withdrawn, if so."""
    if outcome is None:
        return OK
    broken = {BROKEN, StoreUnavailable.__name__}
    return UNAVAILABLE if outcome.kind in broken else STALE


def published(number: int) -> AnyResponse:
    """Lead to the editions once one was published."""
    flash(gettext("Published as edition %(number)s.", number=number))
    return redirect(url_for("staff.editions"), 303)


# --- editions -------------------------------------------------------------------------------------


@blueprint.get("/editions")
@requires(Action.READ)
def editions() -> Response:
    """List every edition, with what an administrator may do about it."""
    world = service().snapshots.current()
    in_force = world.timeline.edition_on(world.today)
    listed = service().store.editions()
    anew = {each.number: replaced_by(each, listed) for each in listed}
    return staff_page(
        "staff/editions.html",
        gettext("Editions"),
        editions=listed[::-1],
        anew={number: later.number for number, later in anew.items() if later},
        left=service().store.accepted_losses(),
        in_force=in_force and in_force.number,
        may_administer=me().may(Action.ADMINISTER),
        to_come={each.number for each in world.timeline.scheduled_after(world.today)},
    )


# --- what forms give ------------------------------------------------------------------------------


def date_given() -> date:
    """Return the date from which an edition is to be in force. Raises InputRefused."""
    text = request.form.get("effective_from", "")
    day = day_of(text)
    if day is None:
        raise InputRefused(
            f"The date from which it is to be in force is {shown(text.strip())}.",
            field="effective_from",
            allowed="It must be a date of the calendar as YYYY-MM-DD.",
            next_step="For example 2026-07-01.",
        )
    return day


def reason_given(field: str = "reason") -> str:
    """Return a text that a form may give, shortened; empty where it gives none.

    Raises InputRefused for characters that cannot be seen.
    """
    text = request.form.get(field, "").replace("\r\n", "\n").strip()[:LONGEST_REASON]
    if all(c.isprintable() or c in "\n\t" for c in text):
        return text
    raise InputRefused(
        gettext("The text has characters in it that cannot be seen."),
        field=field,
        next_step=gettext("Go back, leave them out, and send it again."),
    )


def text_given(field: str, what: str) -> str:
    """Return a text that a form must give. Raises InputRefused, saying `what` is missing."""
    text = reason_given(field)
    if not text:
        raise InputRefused(
            gettext("It is not said %(what)s.", what=what),
            field=field,
            next_step=gettext("Go back and write a sentence."),
        )
    return text
