"""What people call schools beside their names: the table there is, and another in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.model import Alias, School
from catchments.core.plain_cells import plain_table
from catchments.core.roles import Action
from catchments.core.text_folding import folded
from catchments.readers.reading_job import Read, Sought, Wish
from catchments.store.directory.aliases import AliasUploads
from catchments.web.accounts.access import me, requires
from catchments.web.common.services import attached, service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.uploads import read_files

LARGEST_FORM_BYTES = 4 << 20
"""Some for each school, with a source of some length."""
SHOWN_AT_MOST = 1_000
"""Rows of a table; the file has all."""
HEADINGS = ("Alias", "School number", "School name", "Source")
MEDIA_TYPE = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Line:
    """An alias with the school that it is of, if the directory of today or before has it."""

    alias: Alias
    school: School | None


@blueprint.get("/aliases")
@requires(Action.READ)
def aliases() -> Response:
    """Show the aliases, and a form for another table for whoever may."""
    return _page()


@blueprint.get("/aliases.csv")
@requires(Action.READ)
def aliases_csv() -> Response:
    """Give the aliases as a table that can be imported as it is."""
    rows = ((*_number_and_text(line), _name(line), line.alias.source) for line in _present())
    return attached(plain_table(HEADINGS, rows), MEDIA_TYPE, "aliases.csv")


@blueprint.post("/aliases")
@requires(Action.EDIT, at_most=LARGEST_FORM_BYTES)
def aliases_check() -> Response:
    """Read an uploaded table, keep it for its sender, and show what it would change."""
    typed = FormReader(request.form, request.files)
    try:
        found = _read(typed)
    except FormRefused as refused:
        return _page(wrongs=refused.wrongs)
    digest = AliasUploads(service().store).keep(found.aliases, files=found.files, by=me())
    return _looked_over(found, digest)


@blueprint.post("/aliases/import")
@requires(Action.EDIT)
def aliases_import() -> AnyResponse:
    """Put a table that was looked over in place of the one there is."""
    upload = AliasUploads(service().store).found(request.form.get("upload", ""), by=me())
    if upload is None:
        gone = gettext(
            "The table is not kept any more, or not for you: it is kept for a day. Choose the "
            "file again."
        )
        return _page(wrongs=(FieldError("file", gone),))
    try:
        taken = AliasUploads(service().store).take(upload, by=me())
    except InputRefused as error:
        return _page(wrongs=(FieldError("file", str(error)),))
    count = len(upload.aliases)
    said = ngettext("%(num)s alias is in use.", "%(num)s aliases are in use.", count)
    flash(said if taken else gettext("Nothing was to be changed."))
    return redirect(url_for("staff.aliases"), 303)


def _read(typed: FormReader) -> Read:
    """Return what the chosen file holds. Raises FormRefused."""
    files = typed.files("file")
    if len(files) != 1:
        typed.refuse("file", gettext("Choose one file."))
    typed.check()
    wish = Wish([], Sought.ALIASES, schools=dict(_schools()))
    return read_files(files, wish, "file", subject="aliases")


def _schools() -> Mapping[int, School]:
    """Return the schools of the directory in use, and those that only earlier releases hold."""
    world = service().snapshots.current()
    return world.as_at(world.today).in_force.release.ever


def _lines(found: Iterable[Alias]) -> list[Line]:
    schools = _schools()
    lines = [Line(alias, schools.get(alias.school_id)) for alias in found]
    return sorted(lines, key=lambda line: (folded(line.alias.text), line.alias.school_id))


def _present() -> list[Line]:
    return _lines(service().store.aliases())


def _number_and_text(line: Line) -> tuple[str, int]:
    return line.alias.text, line.alias.school_id


def _name(line: Line) -> str:
    return line.school.name if line.school else ""


def _page(*, wrongs: Sequence[FieldError] = ()) -> Response:
    return _shown("staff/aliases.html", lines=_present(), wrongs=tuple(wrongs))


def _looked_over(found: Read, digest: str) -> Response:
    before, after = set(service().store.aliases()), set(found.aliases)
    return _shown(
        "staff/aliases_preview.html",
        upload=digest,
        report=found.report,
        added=_lines(after - before),
        removed=_lines(before - after),
        same=len(after & before),
    )


def _shown(template: str, **context: Any) -> Response:
    may_import = me().may(Action.EDIT)
    title = gettext("Aliases")
    return staff_page(
        template, title, may_import=may_import, shown_at_most=SHOWN_AT_MOST, **context
    )
