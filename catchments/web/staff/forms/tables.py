"""Tables pasted or uploaded in a form: read elsewhere, what is junk named, the difference shown."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage

from catchments.changes.change import Change
from catchments.changes.effects import effects
from catchments.readers.lists.decisions import Decisions
from catchments.readers.reading_job import Read, Sought, Wish
from catchments.readers.report import Problem, Report
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.imports import TABLES, account, without_boundaries
from catchments.web.staff.forms.pasted_numbers import shortened
from catchments.web.staff.forms.uploads import keep_reading, kept_reading, name_of_kept
from catchments.web.staff.pages.draft_view import DraftState

FILE, PASTED = "file", "pasted"
PASTED_AT_MOST = 1_000_000
"""Characters: every school's row, many times over. More comes as a file."""
NAMED_PASTED = "pasted.tsv"


def decisions(typed: FormReader, worked: DraftState, sought: Sought) -> Decisions:
    """Return what the table of a form decides; `typed` notes each row that is not understood.

    Where somebody goes on with what is known, those rows are left out. Raises FormRefused.
    """
    digest, read = _reading(typed, worked, sought)
    found = read.decisions
    if found is None or read.sought is not sought:
        raise FormRefused([FieldError(FILE, gettext("Paste the table, or choose the file again."))])
    known = bool(typed.text("known_only"))
    g.table_read = (digest, found)
    if not found.report.counts.get("rows"):
        typed.refuse(_field(typed), gettext("The table has no row below its headings."))
    elif found.faults and not known:
        problem = ngettext(
            "%(num)s thing in the table is not understood. Nothing was added.",
            "%(num)s things in the table are not understood. Nothing was added.",
            len(found.faults),
        )
        typed.refuse(_field(typed), problem, shortened(found.faults))
    elif not found.count:
        typed.refuse(_field(typed), gettext("Nothing in the table is understood."))
    return found


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return what a form of a table shows: the file that is kept, and how much was understood."""
    digest, found = g.get("table_read", (typed.text("kept"), None))
    kept = name_of_kept(worked, digest) if digest else ""
    return {
        "formats": TABLES,
        "kept": digest if kept and kept != NAMED_PASTED else "",
        "kept_name": kept,
        "known": found.count if found and found.faults else 0,
    }


def table_read() -> Decisions:
    """Return what `decisions` found in this request."""
    found: Decisions = g.table_read[1]
    return found


def difference(worked: DraftState, change: Change, *, same: int) -> dict[str, Any]:
    """Return what a change by a table does, what is so already, and what was left out of it."""
    digest, found = g.table_read
    done = effects(worked.content, change.apply(worked.content), worked.release.ever)
    nothing = gettext("The draft has all of this already.")
    what = change.describe(worked.content) if done else nothing
    return account(what, _account(found, same), done, digest)


def refuse_nothing(typed: FormReader, each: Mapping[Any, Any]) -> None:
    """Refuse to add a table by which nothing would change: it is shown, and no more."""
    if not each and typed.adds:
        typed.refuse("", gettext("It changes nothing: the draft has all of it."))


def _account(found: Decisions, same: int) -> Report:
    """Return the account of a table, with what is so already and what was left out."""
    report = replace(found.report, counts=dict(found.report.counts))
    report.counts[gettext("understood")] = found.count
    report.counts[gettext("so already")] = same
    report.problems = [
        *(Problem(*each.partition(": ")[::2], gettext("left out")) for each in found.faults),
        *found.report.problems,
    ]
    return report


def _field(typed: FormReader) -> str:
    return PASTED if typed.given.get(PASTED, "").strip() else FILE


def _reading(typed: FormReader, worked: DraftState, sought: Sought) -> tuple[str, Read]:
    """Return what a table holds, and the digest under which that is kept."""
    kept, files = typed.text("kept"), _tables(typed)
    if kept and (typed.text("confirmed") or not files):
        return kept, kept_reading(worked, kept, FILE)
    if not files:
        typed.refuse(PASTED, gettext("Paste a table, or choose a file."))
    typed.check()
    known = without_boundaries(worked.content)
    wish = Wish([], sought, known=known, schools=dict(worked.schools))
    wish = replace(wish, given=replace(wish.given, sheet=typed.text("sheet")[:200] or None))
    return keep_reading(worked, files, wish, _field(typed))


def _tables(typed: FormReader) -> list[FileStorage]:
    """Return what was pasted, as a file, or the files that were chosen. Raises FormRefused."""
    files, text = typed.files(FILE), typed.given.get(PASTED, "")
    if not text.strip():
        return files
    if files:
        typed.refuse(PASTED, gettext("Paste a table or choose a file, not both."))
    if len(text) > PASTED_AT_MOST:
        problem = gettext(
            "That is too much: paste at most %(n)s characters, or choose a file.",
            n=f"{PASTED_AT_MOST:,}",
        )
        typed.refuse(PASTED, problem)
    typed.check()
    content = f"{text.rstrip()}\n".encode(errors="replace")
    return [FileStorage(io.BytesIO(content), filename=NAMED_PASTED)]
