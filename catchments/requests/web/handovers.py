"""Cases that are to change hands: notes for whoever gets them, and agreement that one stays."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.roles import Action
from catchments.requests.rules.cases import LONGEST_REASON
from catchments.requests.rules.requests import LONGEST_TEXT
from catchments.requests.rules.roles import CaseRole
from catchments.requests.web.blueprint import ROOM, blueprint
from catchments.requests.web.frame import show
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import me, own_path, requires, said_at
from catchments.web.accounts.pages import REFUSED, path_of


@blueprint.get("/handovers")
@requires(Action.READ)
def handovers() -> Response:
    """List the cases that come and go, by organisation and day."""
    return _page()


@blueprint.post("/handovers/<int:number>/note")
@requires(Action.READ)
def handover_note(number: int) -> AnyResponse:
    """Keep what whoever gets a case is to know."""
    text = request.form.get("note", "")
    if len(text.strip()) > LONGEST_TEXT:
        said = f"The note has {len(text.strip()):,} characters, and {LONGEST_TEXT:,} are taken."
        return _page({f"note-{number}": said}, status=REFUSED)
    portal().handovers.write_note(me(), number, text)
    return said_at(_back(), "The note is kept. Whoever gets the case reads it from the day on.")


@blueprint.post("/handovers/<int:number>/stay")
@requires(Action.READ)
def handover_stay(number: int) -> AnyResponse:
    """Say for one's own side that a case stays until it is closed."""
    reason = request.form.get("reason", "")
    try:
        both = portal().handovers.agree_to_stay(me(), number, reason)
    except InputRefused as refused:
        return _page({f"stay-{number}": str(refused)}, status=REFUSED)
    said = (
        "Both sides agree: the case stays until it is closed."
        if both
        else "Your side agrees that the case stays. It does once the other side agrees as well."
    )
    return said_at(_back(), said)


def _back() -> str:
    """Return the page that a form was on, if it is one of these."""
    given = own_path(request.form.get("back", ""))
    return given if given.startswith(f"{ROOM}/cases/") else path_of(".handovers")


def _page(errors: dict[str, str] | None = None, *, status: int = 200) -> Response:
    led = viewer().organisations(CaseRole.WORKFLOW_LEAD)
    rows = {number: portal().handovers.of(me(), number) for number in sorted(led)}
    places = {e for found in rows.values() for row in found for e in (row.from_id, row.to_id)}
    return show(
        "handovers.html",
        "Handovers",
        status=status,
        rows=rows,
        organisations=portal().organisations.some(places | led),
        errors=errors,
        given=request.form,
        longest=LONGEST_REASON,
    )
