"""Withdrawal of a scheduled edition: all that it comes to is said before the button."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Action
from catchments.editions.announcements import told_of
from catchments.editions.publishing import Order, Outcome, WithdrawalRequest
from catchments.editions.withdrawal import WithdrawalPlan, forms_of
from catchments.store.outbox.queue import Outbox
from catchments.web.accounts.access import confirmed, me, requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.reviewing import carried_out, status_of, text_given
from catchments.web.staff.scenarios.standing import Standing, following


@blueprint.get("/editions/<int:number>/withdraw")
@requires(Action.ADMINISTER)
@confirmed
def withdraw_page(number: int) -> Response:
    """Say what withdrawing a scheduled edition comes to, and ask why."""
    return _page(_plan(number), None)


@blueprint.post("/editions/<int:number>/withdraw")
@requires(Action.ADMINISTER)
@confirmed
def withdraw(number: int) -> AnyResponse:
    """Withdraw a scheduled edition; it stays on record, and later ones are made without it."""
    reason = text_given("reason", gettext("why the edition is withdrawn"))
    plan = _plan(number)
    wanted = WithdrawalRequest(number, reason, me().login, bool(request.form.get("tell_again")))
    outcome = carried_out(Order(withdraw=wanted))
    service().snapshots.refresh()
    if _is_withdrawn(number):  # by this, or by the other half of a double click
        return _done(number, outcome.numbers)
    return _page(plan, outcome)


def _plan(number: int) -> WithdrawalPlan:
    today = service().snapshots.current().today
    return WithdrawalPlan.of(service().store.editions(), number, today=today)


def _is_withdrawn(number: int) -> bool:
    editions = service().store.editions()
    return any(each.number == number and each.withdrawn_at for each in editions)


def _page(plan: WithdrawalPlan, outcome: Outcome | None) -> Response:
    outbox = Outbox(service().store)
    told = told_of(row for number in plan.numbers for row in outbox.notices(number))
    editions = service().store.editions()
    forms = [(each, forms_of(each, editions)) for each in plan.on_top]
    told_later = [
        (each, told_of(row for number in numbers for row in outbox.notices(number)))
        for each, numbers in forms
    ]
    standing = _standing(plan)
    return staff_page(
        "staff/withdraw.html",
        gettext("Withdraw edition %(n)s", n=plan.edition.number),
        plan=plan,
        told=told,
        told_later=[(each, rows) for each, rows in told_later if rows],
        standing=standing,
        pictures=standing.pictures() if standing else ("", ""),
        outcome=outcome,
        error=outcome is not None,
        status=status_of(outcome),
    )


def _standing(plan: WithdrawalPlan) -> Standing | None:
    """Return what differs on the edition's own date from what it would have brought."""
    world, edition, instead = service().snapshots.current(), plan.edition, plan.before
    release = world.timeline.release_on(edition.effective_from)
    if instead is None or release is None:
        return None
    key = ("withdrawal", edition.number, instead.number, release.number)
    base = world.numbered(edition.number, release.number)
    content = service().store.edition(instead.number)
    found = following(base, content, edition.effective_from, "", key)
    return replace(found, is_withdrawal=True)


def _done(number: int, anew: list[int]) -> AnyResponse:
    said = [gettext("Edition %(number)s is withdrawn.", number=number)]
    if anew:
        numbers = ", ".join(map(str, anew))
        said.append(
            ngettext(
                "Published anew without it: edition %(numbers)s.",
                "Published anew without it: editions %(numbers)s.",
                len(anew),
                numbers=numbers,
            )
        )
    flash(" ".join(said))
    return redirect(url_for("staff.editions"), 303)
