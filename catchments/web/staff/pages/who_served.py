"""The page “who decided”: who served a school on a day, two clicks from any staff page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import Response, request
from flask_babel import gettext

from catchments.core.errors import NotKnown, long_date
from catchments.core.model import Answer, EditionSummary, Provider, code_of
from catchments.core.roles import Action
from catchments.lookup.snapshot import Published
from catchments.store.integrity.audit import AuditEntry, AuditTrail
from catchments.web.accounts.access import requires
from catchments.web.common.query_parameters import optional_date, page_parameters
from catchments.web.common.school_named import NamedSchool, school_named
from catchments.web.common.services import service
from catchments.web.pages.edition_history import history_of, steps_of
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.audit import line_of

ENTRIES_AT_MOST = 50
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Decided:
    """An answer, the edition in which it came to be, and how that came about."""

    answer: Answer
    in_force: EditionSummary
    """The edition that the answer is from."""
    edition: EditionSummary
    """The one in which the school's provider last changed; it may be an earlier one."""
    before: Provider | None
    is_first: bool
    """Whether no edition since the first has changed it."""
    by_directory: bool
    """Whether the school directory has moved the school to another provider since."""
    steps: list[str]
    entries: list[tuple[AuditEntry, datetime]]


@blueprint.get("/who")
@requires(Action.READ)
def who() -> Response:
    """Say who served a school on a date, and who decided it."""
    given = page_parameters(request.args, {"school", "on"})
    world = service().snapshots.current()
    day = optional_date(given) or world.today
    text = given.get("school", "").strip()[:LONGEST_TEXT]
    named = school_named(world, text, field="school") if text else NamedSchool()
    problem, decided = named.problem, None
    if named.number is not None:
        try:
            decided = _decided(world, named.number, day)
        except NotKnown as error:
            problem = str(error)
    return staff_page(
        "staff/who.html",
        gettext("Who decided"),
        text=text,
        day=day,
        schools=named.candidates,
        decided=decided,
        problem=problem,
        error=bool(problem),
    )


def _decided(world: Published, school_id: int, day: date) -> Decided:
    summary, answer = world.timeline.edition_on(day), world.as_at(day).school(school_id)
    if summary is None or answer is None:
        first = world.timeline.editions[0].effective_from
        raise NotKnown(
            f"No edition was in force on {long_date(day)}; the first is from {long_date(first)}.",
            next_step="Ask for a later date.",
        )
    decision = history_of(world).decided(school_id, day)
    edition = decision.edition if decision else summary
    change, now = decision.change if decision else None, code_of(answer.provider)
    return Decided(
        answer,
        summary,
        edition,
        before=change.before.provider if change else None,
        is_first=change is None,
        by_directory=change is not None and code_of(change.after.provider) != now,
        steps=steps_of(world, edition),
        entries=_entries(edition),
    )


def _entries(edition: EditionSummary) -> list[tuple[AuditEntry, datetime]]:
    """Return what the audit trail says of an edition and of its draft, in order."""
    trail = AuditTrail(service().store)
    subjects = [f"edition {edition.number}"]
    if edition.draft_id is not None:
        subjects.append(f"draft {edition.draft_id}")
    found = [
        entry
        for subject in subjects
        for entry in trail.entries(matching={"subject": subject}, at_most=ENTRIES_AT_MOST)
    ]
    return [line_of(entry) for entry in sorted(found, key=lambda entry: entry.number)]
