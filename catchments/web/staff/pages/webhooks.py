"""Services elsewhere that are told of each edition: added, tried and disabled by administrators."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.roles import Action
from catchments.store.outbox.mail_sending import NotTaken
from catchments.store.outbox.webhook_addresses import Webhooks
from catchments.store.outbox.webhook_calls import call, checked_url
from catchments.web.accounts.access import confirmed, me, requires, said_at
from catchments.web.accounts.pages import page, path_of
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint


@blueprint.get("/webhooks")
@requires(Action.ADMINISTER)
@confirmed
def webhooks() -> Response:
    """List the webhooks, and ask for another."""
    return _page()


@blueprint.post("/webhooks")
@requires(Action.ADMINISTER)
@confirmed
def webhook_add() -> Response:
    """Add a webhook, and show its secret, once."""
    given = request.form.get("address", "")
    try:
        url = checked_url(given, to_private=service().settings.webhooks_to_private)
    except InputRefused as error:
        return _page(errors={"address": str(error)}, given=given)
    _, secret = Webhooks(service().store).add(url, by=me().login)
    return _page(secret=secret)


@blueprint.post("/webhooks/<int:number>/disable")
@requires(Action.ADMINISTER)
@confirmed
def webhook_disable(number: int) -> AnyResponse:
    """Tell a webhook nothing more."""
    Webhooks(service().store).disable(number, by=me().login)
    return _back(gettext("The webhook is disabled."))


@blueprint.post("/webhooks/<int:number>/test")
@requires(Action.ADMINISTER)
@confirmed
def webhook_test(number: int) -> AnyResponse:
    """Send a webhook something that tells it nothing, and say what came of it."""
    url, secret = Webhooks(service().store).secret(number)
    to_private = service().settings.webhooks_to_private
    try:
        call(url, secret, {"test": True}, delivery="test", to_private=to_private)
    except NotTaken as error:
        return _back(gettext("The test was not taken: %(said)s.", said=str(error)[:300]))
    return _back(gettext("The test was taken."))


def _back(said: str) -> AnyResponse:
    return said_at(path_of("staff.webhooks"), said)


def _page(
    *, errors: Mapping[str, str] | None = None, given: str = "", secret: str = ""
) -> Response:
    return page(
        "staff/webhooks.html",
        gettext("Webhooks"),
        errors=errors,
        given=given,
        secret=secret,
        webhooks=Webhooks(service().store).all(),
    )
