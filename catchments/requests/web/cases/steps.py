"""The steps of a case, its Primary Contact, and that its student has left."""

from __future__ import annotations

from datetime import date

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.roles import Action
from catchments.requests.rules.cases import ClosedBecause, Step
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.cases.page import HAPPENED, done
from catchments.requests.web.frame import whole
from catchments.requests.web.portal import portal
from catchments.web.accounts.access import me, requires

WORDS = {step.name.lower().replace("_", "-"): step for step in Step}
"""What each step is called in an address."""


@blueprint.post("/cases/<reference>/step/<word>")
@requires(Action.READ)
def step(reference: str, word: str) -> AnyResponse:
    """Take a step with a case as its page showed it."""
    if word not in WORDS:
        raise NotKnown("There is no such step.")
    taken, form = WORDS[word], request.form

    def take() -> None:
        portal().cases.take(
            me(),
            reference,
            taken,
            version=form.get("version", 0, whole),
            reason=_reason(taken),
            assignee=form.get("assignee", type=whole),
        )

    return done(reference, f"{HAPPENED[taken]}.", take)


@blueprint.post("/cases/<reference>/contact")
@requires(Action.READ)
def contact(reference: str) -> AnyResponse:
    """Make somebody else of the school the Primary Contact."""
    chosen, version = request.form.get("contact", 0, whole), request.form.get("version", 0, whole)

    def name() -> None:
        portal().cases.name_contact(me(), reference, chosen, version=version)

    said = "The Primary Contact is changed, and was told."
    return done(reference, said, name, to_list=True)


@blueprint.post("/cases/<reference>/left")
@requires(Action.READ)
def left(reference: str) -> AnyResponse:
    """Note that the student is enrolled at the school no longer."""
    version = request.form.get("version", 0, whole)

    def note() -> None:
        portal().cases.has_left(me(), reference, _day(), version=version)

    said = "Noted: the student has left. Your school does not see the case any more."
    return done(reference, said, note, to_list=True)


def _reason(taken: Step) -> str:
    given = request.form.get("reason", "")
    if taken is not Step.CLOSE:
        return given
    because = request.form.get("because", "")
    if because not in set(ClosedBecause):
        raise InputRefused("It is not said why the case is closed.", field="because")
    return f"{because}. {given.strip()}".strip()


def _day() -> date:
    try:
        day = date.fromisoformat(request.form.get("left_on", "").strip())
    except ValueError:
        raise InputRefused(
            "It is not said since when.", field="left_on", allowed="Day, month and year."
        ) from None
    if day > portal().today():
        raise InputRefused(
            "That day is still to come.",
            field="left_on",
            next_step="Say it when the student has left.",
        )
    return day
