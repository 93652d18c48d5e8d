"""Files of catchments and of lists in a form: read elsewhere, looked over, then added."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flask import g
from flask_babel import gettext

from catchments.changes.change import Change
from catchments.changes.effects import Effect, effects
from catchments.core.errors import FileRefused
from catchments.core.model import Edition
from catchments.readers.lists.changes import after_import, refuse_losses
from catchments.readers.lists.files import Given
from catchments.readers.reading_job import Read, Wish
from catchments.readers.report import Report
from catchments.web.spoken.page_words import for_pages
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.uploads import keep_reading, kept_reading
from catchments.web.staff.pages.draft_view import DraftState

T = TypeVar("T")
FILE = "file"
PROBLEMS_SAID = 40
EFFECTS_SHOWN = 10_000
"""Lines of one kind: all that an edition of this country comes to."""
ROWS_SHOWN = 100
TABLES = ".csv,.tsv,.txt,.xlsx,.parquet"
"""What a browser offers to choose where a table is asked for."""


def given_of(typed: FormReader) -> Given:
    """Return what a form says of its files; notes what is wrong with it."""
    return Given(
        authority=typed.line("authority", gettext("who published the file")),
        licence=typed.line("licence", gettext("the file's licence")),
        release=typed.line("release", "", required=False, at_most=100),
        url=typed.website("url"),
        sheet=typed.line("sheet", "", required=False) or None,
    )


def reading(typed: FormReader, worked: DraftState, wish: Wish) -> Read:
    """Return what the files of a form hold; once it was looked over, what was kept of that.

    Raises FormRefused.
    """
    if typed.text("confirmed"):
        digest = typed.text("kept")
        read = kept_reading(worked, digest, FILE)
        if read.sought is not wish.sought:
            raise again()
    else:
        files = typed.files(FILE)
        if not files:
            typed.refuse(FILE, gettext("Choose a file."))
        typed.check()
        known = replace(wish.known, boundaries=dict(wish.known.boundaries))
        digest, read = keep_reading(worked, files, replace(wish, known=known), FILE)
    g.looked_over = (digest, read.report)
    typed.said = _in_words(read.report)
    return read


def again() -> FormRefused:
    """Return the refusal of a reading that is not for this form."""
    return FormRefused([FieldError(FILE, gettext("Choose the file again."))])


def told(found: T | None) -> T:
    """Return what was read. Raises FormRefused where the reading was of another kind of file."""
    if found is None:
        raise again()
    return found


def without_boundaries(known: Edition) -> Edition:
    """Return an edition as lists need it: boundaries would only be carried to and fro."""
    return replace(known, boundaries={})


def check_effects(
    typed: FormReader,
    worked: DraftState,
    change: Change,
    *,
    speaks_for: Collection[str] | None = None,
    may_drop: bool = False,
) -> None:
    """Refuse a change that drops too much, and one that would be added and changes nothing.

    Raises FormRefused; ChangeDoesNotFit where the change does not fit the draft.
    """
    after = after_import(change, worked.content)
    allow_shrink = may_drop or bool(typed.text("allow_shrink"))
    schools = worked.release.schools
    try:
        refuse_losses(
            worked.content, after, schools, speaks_for=speaks_for, allow_shrink=allow_shrink
        )
    except FileRefused as error:
        wrong = FieldError(FILE, for_pages(str(error)), tuple(error.rows[:ROWS_SHOWN]))
        raise FormRefused([wrong]) from error
    if after is worked.content and typed.adds:
        said = gettext("It changes nothing: the draft has all of it.")
        raise FormRefused([FieldError(FILE, said)])


def preview(_typed: FormReader, worked: DraftState, change: Change) -> dict[str, Any]:
    """Return the account of the files, and all that the change would do."""
    digest, report = g.looked_over
    done = effects(worked.content, after_import(change, worked.content), worked.release.ever)
    return account(change.describe(worked.content), report, done, digest)


def account(what: str, report: Report, done: Sequence[Effect], digest: str) -> dict[str, Any]:
    """Return what a page shows of a reading that is kept under a digest, and what it would do."""
    shown = {"what": what, "lines": [], "report": report, "effects": done}
    return {**shown, "effects_shown": EFFECTS_SHOWN, "hidden": {"kept": [digest]}}


def _in_words(report: Report) -> str:
    counts = "; ".join(f"{what}: {count:,}" for what, count in report.counts.items())
    lines = [gettext("Read: %(parts)s. %(counts)s.", parts="; ".join(report.read), counts=counts)]
    lines += [f"{each.what}: {each.count:,} – {each.why}" for each in report.left_out]
    lines += [f"{p.where}: {p.what}, {p.done}" for p in report.problems[:PROBLEMS_SAID]]
    more = len(report.problems) - PROBLEMS_SAID
    return "\n".join([*lines, gettext("and %(more)s more", more=more)] if more > 0 else lines)
