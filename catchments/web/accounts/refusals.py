"""What somebody was refused who is signed in: on record, once a minute for a person and a page."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, current_app, request

from catchments.core.errors import CatchmentsError
from catchments.core.roles import Person
from catchments.store.accounts import guess_budgets
from catchments.store.integrity.audit import append
from catchments.web.accounts import access
from catchments.web.accounts.access import blueprint
from catchments.web.accounts.room import room

NOTED_EVERY = timedelta(minutes=1)
FORBIDDEN = 403


@blueprint.after_app_request
def _note_refusal(response: Response) -> Response:
    if response.status_code != FORBIDDEN or not access.is_staff_path(request.path):
        return response
    try:
        found = access.account_or_none()
        if found is not None:
            _note(found.person, request.endpoint or "")
    except CatchmentsError as error:  # the refusal stands, whatever becomes of its record
        current_app.logger.warning("a refusal is not on record: %s", error)
    return response


def _note(person: Person, endpoint: str) -> None:
    purse = guess_budgets.own_purse(guess_budgets.Kind.REFUSED, f"{person.login}\0{endpoint}")
    store = room().store
    with store.reading() as connection:  # so that a flood of refusals costs no write
        if not guess_budgets.is_due(connection, purse, NOTED_EVERY):
            return
    with store.writing() as connection:
        if guess_budgets.once(connection, purse, NOTED_EVERY):
            what = {"page": endpoint, "method": request.method}
            append(
                connection,
                actor=person.login,
                action="refused",
                subject=f"person {person.login}",
                **what,
            )
