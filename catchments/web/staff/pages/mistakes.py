"""Reports of mistakes that came from the public pages: read, answered by e-mail, closed."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Action
from catchments.store.site.reports import MistakeReports
from catchments.web.accounts.access import me, requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page

CLOSED_SHOWN = 50


@blueprint.get("/reports")
@requires(Action.EXPLAIN)
def reports() -> Response:
    """Show what waits, and what was closed of late; what is too old is deleted first."""
    kept, days = MistakeReports(service().store), service().settings.reports_kept_days
    kept.forget_older_than(days)
    return staff_page(
        "staff/reports.html",
        gettext("Reports of mistakes"),
        waiting=kept.all(),
        closed=kept.all(closed=True)[:CLOSED_SHOWN],
        kept_for=timedelta(days=days),
        kept_days=days,
    )


@blueprint.post("/reports/<int:number>/close")
@requires(Action.EXPLAIN)
def close_report(number: int) -> AnyResponse:
    """Close a report, and forget where its sender wanted to be answered."""
    if MistakeReports(service().store).close(number, by=me()):
        flash(gettext("Report %(number)s is closed. Its e-mail address is deleted.", number=number))
    else:
        flash(gettext("Report %(number)s was closed already, or is deleted.", number=number))
    return redirect(url_for("staff.reports"), 303)
