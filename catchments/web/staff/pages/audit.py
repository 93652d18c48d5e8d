"""The audit trail: who did what, when; and whether it is what was written."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from catchments.core.errors import InputRefused, shown
from catchments.core.plain_cells import plain_table
from catchments.core.roles import Action
from catchments.lookup.values import whole_number
from catchments.store.integrity.audit import AuditEntry, AuditTrail
from catchments.store.outbox.trail_sending import NOWHERE
from catchments.web.accounts.access import requires
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.query_parameters import page_parameters
from catchments.web.common.services import attached, service
from catchments.web.common.tables import MEDIA_TYPE
from catchments.web.staff.blueprint import blueprint, staff_page

AT_ONCE = 50
IN_A_FILE = 100_000
FILTERS = ("actor", "action", "subject")
HEADINGS = ("number", "at", "actor", "action", "subject", "detail", "hash")


@blueprint.get("/audit")
@requires(Action.READ)
def audit() -> Response:
    """Show who did what, the latest first."""
    given = page_parameters(request.args, {*FILTERS, "before", "verify"})
    trail, matching = AuditTrail(service().store), _matching(given)
    found = trail.entries(matching=matching, before=_before(given), at_most=AT_ONCE + 1)
    chain = trail.chain() if given.get("verify") else None
    return staff_page(
        "staff/audit.html",
        gettext("Audit trail"),
        lines=[line_of(entry) for entry in found[:AT_ONCE]],
        more=found[AT_ONCE - 1].number if len(found) > AT_ONCE else None,
        matching=matching,
        filters={name: matching.get(name, "") for name in FILTERS},
        chain=chain,
        goes_out=sender.state if (sender := service().trail) else NOWHERE,
        last=trail.last(),
    )


@blueprint.get("/audit.csv")
@requires(Action.READ)
def audit_csv() -> Response:
    """Give the audit trail, or what of it matches, as a table."""
    rows = ([getattr(entry, name) for name in HEADINGS] for entry in _for_a_file())
    return attached(plain_table(HEADINGS, rows), MEDIA_TYPE, "audit.csv")


@blueprint.get("/audit.json")
@requires(Action.READ)
def audit_json() -> Response:
    """Give the audit trail, or what of it matches, with what its hashes are of."""
    entries = [{name: getattr(entry, name) for name in HEADINGS} for entry in _for_a_file()]
    return attached(json.dumps({"entries": entries}), "application/json", "audit.json")


def _for_a_file() -> list[AuditEntry]:
    """Return the entries that match what is asked for, as many as a file has."""
    matching = _matching(page_parameters(request.args, set(FILTERS)))
    return AuditTrail(service().store).entries(matching=matching, at_most=IN_A_FILE)


def line_of(entry: AuditEntry) -> tuple[AuditEntry, datetime]:
    """Return an entry with its moment as it was in New Zealand."""
    return entry, in_new_zealand(datetime.fromisoformat(entry.at))


def _matching(given: MultiDict[str, str]) -> dict[str, str]:
    found: dict[str, Any] = {name: given.get(name, "").strip()[:200] for name in FILTERS}
    return {name: text for name, text in found.items() if text}


def _before(given: MultiDict[str, str]) -> int | None:
    text = given.get("before", "")
    number = whole_number(text)
    if text and number is None:
        raise InputRefused(
            f"The parameter before is {shown(text)}.",
            field="before",
            allowed="It must be the number of an entry.",
            next_step="Leave it out for the latest.",
        )
    return number
