"""The rates of chronic absence, a region: what estimates are made with, and who set it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import shown
from catchments.core.model import EDUCATION_REGIONS
from catchments.core.roles import Action
from catchments.editions.impact.rates import ASSUMED
from catchments.store.directory.rates import (
    OTHERS,
    SOURCE_AT_MOST,
    AbsenceRates,
    RateGiven,
    StatedRate,
)
from catchments.web.accounts.access import me, requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused

REGIONS = (*EDUCATION_REGIONS, OTHERS)
_PER_CENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4})|,([0-9]{1,2}))?\s*%?")
"""A comma before three digits may as well part thousands."""


@blueprint.get("/rates")
@requires(Action.READ)
def rates() -> Response:
    """Show the rates that are set, and a form to set them for whoever may."""
    stated = AbsenceRates(service().store).stated()
    return _page(stated, _as_typed(stated), ())


@blueprint.post("/rates")
@requires(Action.EXPLAIN)
def set_rates() -> AnyResponse:
    """Set the rates: all that the form has, or none."""
    typed, person = FormReader(request.form), me()
    try:
        given = _given(typed)
    except FormRefused as refused:
        return _page(AbsenceRates(service().store).stated(), request.form, refused.wrongs)
    altered = AbsenceRates(service().store).set(given, by=person)
    said = ngettext("%(num)s rate is changed.", "%(num)s rates are changed.", len(altered))
    flash(said if altered else gettext("Nothing was to be changed."))
    return redirect(url_for("staff.rates"), 303)


def _given(typed: FormReader) -> dict[str, RateGiven]:
    """Return what the form has for each region that was not left as it was shown.

    A form may have been open while a colleague set a rate. Raises FormRefused.
    """
    given = {}
    for at, region in enumerate(REGIONS):
        if all(_is_as_shown(typed, f"{each}-{at}") for each in ("rate", "source")):
            continue
        rate = _per_cent(typed, f"rate-{at}")
        source = typed.paragraph(f"source-{at}", "", required=False, at_most=SOURCE_AT_MOST)
        if rate is not None and not typed.text(f"source-{at}"):
            typed.refuse(f"source-{at}", gettext("Say where the rate comes from."))
        given[region] = RateGiven(rate, source)
    typed.check()
    return given


def _is_as_shown(typed: FormReader, field: str) -> bool:
    shown_there = typed.given.get(f"shown-{field}")
    return shown_there is not None and typed.text(field).split() == shown_there.split()


def _per_cent(typed: FormReader, field: str) -> float | None:
    """Return a rate as a share; None where the field is empty or cannot be taken."""
    text = typed.text(field)
    if not text:
        return None
    match = _PER_CENT.fullmatch(text) if text.isascii() else None
    value = float(f"{match[1]}.{match[2] or match[3] or 0}") if match else -1.0
    if 0 <= value <= 100:
        return round(value / 100, 8)
    problem = gettext("%(text)s is no rate: enter per cent, from 0 to 100.", text=shown(text))
    typed.refuse(field, problem)
    return None


def _as_typed(stated: Mapping[str, StatedRate]) -> dict[str, str]:
    """Return the fields as they are for what is set."""
    found: dict[str, str] = {}
    for at, region in enumerate(REGIONS):
        each = stated.get(region)
        found[f"rate-{at}"] = f"{each.rate * 100:.6g}" if each else ""
        found[f"source-{at}"] = each.source if each else ""
    return found | {f"shown-{field}": text for field, text in found.items()}


def _page(
    stated: Mapping[str, StatedRate], typed: Mapping[str, str], wrongs: tuple[FieldError, ...]
) -> Response:
    return staff_page(
        "staff/rates.html",
        gettext("Rates of chronic absence"),
        regions=list(enumerate(REGIONS)),
        stated=stated,
        typed=typed,
        wrongs=wrongs,
        assumed=f"{ASSUMED:.0%}",
        may_set=me().may(Action.EXPLAIN),
    )
