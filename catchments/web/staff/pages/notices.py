"""The notices page: what schools and providers were told of each edition, and what came of it."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import NotKnown
from catchments.core.model import EditionSummary
from catchments.core.plain_cells import plain_table
from catchments.core.roles import Action
from catchments.store.outbox.notices import STATES
from catchments.store.outbox.queue import NoticeRow, Outbox
from catchments.web.accounts.access import confirmed, me, requires, said_at
from catchments.web.accounts.pages import page, path_of
from catchments.web.common.services import attached, service
from catchments.web.common.tables import MEDIA_TYPE
from catchments.web.staff.blueprint import blueprint

HEADER = ("edition", "effective_from", "kind", "recipient", "name", "email", "subject", "text")
FATE = ("state", "attempts", "sent_at_utc", "last_error")
TROUBLES_SHOWN = 100


@blueprint.get("/notices")
@requires(Action.READ)
def notices() -> Response:
    """List what was told of each edition, with how much of it went out."""
    outbox = Outbox(service().store)
    told, sent = outbox.notice_counts(), outbox.counts()
    listed = [
        {"edition": each, "told": told.get(each.number, {}), "sent": sent.get(each.number, {})}
        for each in reversed(service().store.editions())
    ]
    return page(
        "staff/notices.html",
        gettext("Notices"),
        listed=listed,
        states=STATES,
        troubles=outbox.deliveries("failed", at_most=TROUBLES_SHOWN),
        may_administer=me().may(Action.ADMINISTER),
        has_mail=service().settings.mail is not None,
    )


@blueprint.get("/notices/<int:number>.csv")
@requires(Action.READ)
def notices_csv(number: int) -> Response:
    """Give all notices of an edition as a table, those to schools too."""
    edition = next((e for e in service().store.editions() if e.number == number), None)
    if edition is None:
        raise NotKnown(gettext("There is no edition %(number)s.", number=number))
    rows = Outbox(service().store).notices(number)
    return attached(_table(edition, rows), MEDIA_TYPE, f"notices-edition-{number}.csv")


@blueprint.post("/notices/again/<int:number>")
@requires(Action.ADMINISTER)
@confirmed
def notices_again(number: int) -> AnyResponse:
    """Send a failed delivery again, because somebody has looked and says so."""
    Outbox(service().store).send_again(number, by=me().login)
    return said_at(path_of("staff.notices"), gettext("It waits to be sent again."))


def _table(edition: EditionSummary, rows: list[NoticeRow]) -> bytes:
    told = (
        (
            edition.number,
            edition.effective_from.isoformat(),
            row.recipient_kind,
            row.recipient,
            row.recipient_name,
            row.email,
            row.subject,
            row.text,
            row.state or "for the download",
            row.attempts,
            row.sent_at.isoformat(" ", "seconds") if row.sent_at else None,
            row.last_error,
        )
        for row in rows
    )
    return plain_table((*HEADER, *FATE), told)
