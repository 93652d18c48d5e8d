"""Boundaries of uploaded files in place of all there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.readers.uploads import Read, Wish
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.uploads import FORMATS, read_files, sound
from catchments.web.staff.pages.draft_view import DraftState

PROBLEMS_SAID = 40


def read(typed: FormReader, _worked: DraftState) -> ReplaceCatchments:
    """Return what puts the catchments of uploaded files in place of all there are."""
    files = typed.files("file")
    if not files:
        typed.refuse("file", gettext("Choose a file."))
    wish = Wish(
        [],
        area=False,
        crs=typed.line("crs", "", required=False, at_most=100) or None,
        authority=typed.line("authority", gettext("who published the file")),
        licence=typed.line("licence", gettext("the file's licence")),
        release=typed.line("release", "", required=False, at_most=100),
        name_field=typed.line("name_field", "", required=False) or None,
        code_field=typed.line("code_field", "", required=False) or None,
        provider_field=typed.line("provider_field", "", required=False) or None,
        region_field=typed.line("region_field", "", required=False) or None,
        layer=typed.line("layer", "", required=False) or None,
        accept_overlaps=bool(typed.text("accept_overlaps")),
        accept_gaps=bool(typed.text("accept_gaps")),
    )
    url = typed.website("url")
    typed.check()
    found = read_files(files, wish, "file")
    typed.said = _report(found)
    return ReplaceCatchments(
        catchments=found.catchments,
        boundaries={code: sound(wkb, "file") for code, wkb in found.boundaries.items()},
        sources=tuple(replace(source, url=url) for source in found.sources),
        providers=found.providers,
        overlaps_accepted=found.overlaps_accepted,
        gaps_accepted=wish.accept_gaps,
    )


def _report(read: Read) -> str:
    names = ", ".join(source.file_name for source in read.sources)
    report = read.report
    counts = "; ".join(f"{what}: {count:,}" for what, count in report.counts.items())
    lines = [gettext("Read from %(names)s. %(counts)s.", names=names, counts=counts)]
    lines += [f"{each.what}: {each.count:,} – {each.why}" for each in report.left_out]
    lines += [f"{p.where}: {p.what}, {p.done}" for p in report.problems[:PROBLEMS_SAID]]
    more = len(report.problems) - PROBLEMS_SAID
    return "\n".join([*lines, gettext("and %(n)s more", n=more)] if more > 0 else lines)


def offer(_typed: FormReader, _worked: DraftState) -> dict[str, Any]:
    """Return which kinds of files there are."""
    return {"formats": FORMATS}


FORM = ChangeForm(
    "replace-boundaries",
    110,
    _l("Replace boundaries from a file"),
    _l("all catchments, as a map or a boundary file has them"),
    read,
    offer,
    template="change_replace.html",
    explanation=_l(
        "All catchments and boundaries are replaced by those of the file. Catchments that keep "
        "their code keep their provider; schools listed in catchments that are gone lose their "
        "place on the list."
    ),
)
