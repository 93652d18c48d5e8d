"""The form of a request: its fields as they are kept, and what it says of the dated guide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Response, request
from msgspec.structs import replace

from catchments.core.errors import InputRefused
from catchments.lookup.guidance import Advised, Guide, Question, advise, guide_on
from catchments.requests.rules.files import AT_MOST, LARGEST
from catchments.requests.rules.requests import (
    STEPS_AT_MOST,
    YEARS,
    Consent,
    SupportRequest,
    read_request,
)
from catchments.requests.rules.roles import CaseRole
from catchments.requests.store.organisations import Member, Organisation
from catchments.requests.store.writing import WrittenRequest
from catchments.requests.web.frame import show
from catchments.requests.web.portal import portal

FIELDS = (
    *("student_name", "born_on", "year_level", "nsn"),
    *("family_name", "family_is", "family_phone", "family_email"),
    *("attendance_percent", "days_absent", "term"),
    *(f"step_{n}{end}" for n in range(1, STEPS_AT_MOST + 1) for end in ("_on", "")),
    *("barriers", "risk", "agencies", "consent", "consent_note"),
    *("primary_contact", "to_own_team"),
)
"""What is kept of a form, beside the answers to the guide's questions."""
GUIDE = "guide_"
"""What the fields of the guide's questions begin with."""
LONGEST_FORM = 512 * 1024
"""Bytes: 64 thousand characters as a form sends them, and its other parts."""


PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("student", "Student", ("student_name", "born_on", "year_level", "nsn")),
    ("family", "Family", ("family_", "consent")),
    ("attendance", "Attendance over the last term", ("term", "attendance_percent", "days_absent")),
    ("steps", "What your school has done", ("step_",)),
    ("in-the-way", "What stands in the way", ("barriers", "risk", "agencies")),
    ("contact", "Primary Contact", ("primary_contact",)),
)
"""The parts of the form that must be complete: where each is, its heading, how its fields begin."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A request as it stands: what it says or what is wrong with it, and what is advised."""

    request: SupportRequest | None
    contact: int
    errors: dict[str, str]
    guide: Guide | None
    advised: Advised | None


def typed() -> dict[str, str]:
    """Return the fields of the form that was sent, as they are kept."""
    fields = {name: request.form[name] for name in FIELDS if name in request.form}
    for name in request.form:
        if name.startswith(GUIDE) and len(name) < 60:
            fields[name] = " ".join(each for each in request.form.getlist(name) if each)
    return fields


def checked(fields: Mapping[str, str], school: int) -> Checked:
    """Return what the fields of a request say, with all that is wrong with them."""
    today, with_nsn = portal().today(), portal().settings.with_nsn
    said, errors = read_request(fields, today=today, with_nsn=with_nsn)
    contact = _contact(fields, school)
    if not contact:
        errors["primary_contact"] = "Choose the Primary Contact, who gets the alerts of the case."
    guide = guide_on(today)
    if guide is None:
        return Checked(said, contact, errors, None, None)
    chosen = frozenset(_chosen(guide, fields))
    try:
        advised = advise(guide, chosen)
    except InputRefused as refused:
        errors[f"{GUIDE}{refused.field}"] = str(refused)
        return Checked(None, contact, errors, guide, None)
    if said is not None:
        said = replace(
            said,
            criteria=tuple(sorted(chosen)),
            guide=guide.effective_from,
            advised=advised.advice.id if advised.advice else "",
        )
    return Checked(said, contact, errors, guide, advised)


def labels(guide: Guide, criteria: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return the guide's questions that a form asks, with what was answered to each."""
    given = set(criteria)
    return [
        (each.legend, [option.label for option in each.options if option.id in given])
        for each in _asked(guide)
        if given & each.option_ids
    ]


def form_page(
    school: Organisation,
    fields: Mapping[str, str],
    *,
    written: WrittenRequest | None = None,
    once: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Return the form of a request with what was typed so far."""
    guide = guide_on(portal().today())
    begun = [n for n in range(1, STEPS_AT_MOST + 1) if f"step_{n}" in fields]
    filled = [n for n in begun if fields[f"step_{n}"] or fields.get(f"step_{n}_on")]
    return show(
        "form.html",
        "Ask for support",
        status=status,
        school=school,
        given=fields,
        written=written,
        once=once,
        errors=errors,
        guide=guide,
        parts=_parts(fields, school.id),
        questions=_asked(guide) if guide else [],
        chosen=_chosen(guide, fields) if guide else [],
        prefix=GUIDE,
        contacts=contacts(school.id),
        files_at_most=AT_MOST,
        largest_file=LARGEST,
        years=YEARS,
        consents=list(Consent),
        with_nsn=portal().settings.with_nsn,
        steps=min(max([2, *filled]) + 1, STEPS_AT_MOST),
        steps_at_most=STEPS_AT_MOST,
        today=portal().today(),
    )


def _parts(fields: Mapping[str, str], school: int) -> list[tuple[str, str, bool]]:
    """Return where each part of the form is, its heading, and whether it is complete."""
    wrong = checked(fields, school).errors
    return [
        (at, heading, not any(field.startswith(begins) for field in wrong))
        for at, heading, begins in PARTS
    ]


def contacts(school: int) -> list[Member]:
    """Return who may be the Primary Contact of a school's request."""
    return portal().organisations.members(school, CaseRole.PRIMARY_CONTACT)


def _contact(fields: Mapping[str, str], school: int) -> int:
    given = fields.get("primary_contact", "")
    known = {str(each.person.id) for each in contacts(school)}
    return int(given) if given in known else 0


def _chosen(guide: Guide, fields: Mapping[str, str]) -> list[str]:
    """Return the options chosen that the guide has; a request may be older than the guide."""
    year = fields.get("year_level", "")
    known = int(year) if year in map(str, YEARS) else 0
    of_year = [question for question in guide.questions if question.is_of_year_level]
    answered = [option for question in of_year for option in question.of_year_level(known)]
    return answered + [
        option
        for question in _asked(guide)
        for option in fields.get(f"{GUIDE}{question.id}", "").split()
        if option in question.option_ids
    ]


def _asked(guide: Guide) -> list[Question]:
    """Return the questions that a form asks: what the year level answers is not asked twice."""
    return [question for question in guide.questions if not question.is_of_year_level]
