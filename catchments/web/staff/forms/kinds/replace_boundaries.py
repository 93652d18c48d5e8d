"""Boundaries of uploaded files in place of all there are."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.change import Change
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.readers.reading_job import Sought, Wish
from catchments.web.staff.forms import imports
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.uploads import FORMATS, sound
from catchments.web.staff.pages.draft_view import DraftState

PART = 0.1
"""Of the catchments: where a file lacks more, it has perhaps those alone that were edited."""


def read(typed: FormReader, worked: DraftState) -> ReplaceCatchments:
    """Return what puts the catchments of uploaded files in place of all there are."""
    # A tenth of a second, which no other page needs.
    from catchments.readers.boundaries.change import catchments_change
    from catchments.readers.boundaries.reading import BoundaryReading

    given = imports.given_of(typed)
    wish = Wish(
        [],
        Sought.CATCHMENTS,
        known=worked.content,
        given=given,
        crs=typed.line("crs", "", required=False, at_most=100) or None,
        name_field=typed.line("name_field", "", required=False) or None,
        code_field=typed.line("code_field", "", required=False) or None,
        provider_code_field=typed.line("provider_code_field", "", required=False) or None,
        provider_field=typed.line("provider_field", "", required=False) or None,
        region_field=typed.line("region_field", "", required=False) or None,
        layer=typed.line("layer", "", required=False) or None,
        accept_overlaps=bool(typed.text("accept_overlaps")),
        accept_gaps=bool(typed.text("accept_gaps")),
    )
    typed.check()
    found = imports.reading(typed, worked, wish)
    content = worked.content
    boundaries = {
        code: content.boundaries[code]
        if code in found.kept
        else sound(found.boundaries[code], imports.FILE)
        for code in [*found.boundaries, *sorted(found.kept)]
    }
    read = BoundaryReading(
        found.catchments,
        boundaries,
        found.providers,
        tuple(found.sources),
        found.report,
        found.overlaps_accepted,
        found.gaps_accepted,
        found.kept,
    )
    change = catchments_change(read, content, url=given.url)
    # New boundaries may be wholly new: what they leave uncovered is asked about at publication.
    imports.check_effects(typed, worked, change, may_drop=True)
    return change


def preview(typed: FormReader, worked: DraftState, change: Change) -> dict[str, Any]:
    """Return what the change does, and first of all whether the file has a part of all alone."""
    ended = worked.content.catchments.keys() - change.apply(worked.content).catchments.keys()
    few = len(ended) > len(worked.content.catchments) * PART
    return {
        **imports.preview(typed, worked, change),
        "warnings": [_of_a_part(len(ended), len(worked.content.catchments))] if few else [],
    }


def _of_a_part(ended: int, count: int) -> str:
    said: str = gettext(
        "The file lacks %(more)s of the draft's %(count)s catchments: these end, and so do the "
        "listings in them. To change the boundaries of some alone, read a file with all "
        "catchments in which these are edited, or use “Transfer an area”.",
        more=ended,
        count=count,
    )
    return said


FORM = ChangeForm(
    "replace-boundaries",
    110,
    _l("Replace boundaries from a file"),
    _l("all catchments, as a map or a boundary file has them"),
    read,
    lambda *_: {"formats": FORMATS},
    preview,
    template="change_replace.html",
    explanation=_l(
        "All catchments and boundaries are replaced by those of the file. Catchments that keep "
        "their code or name keep their provider; schools listed in catchments that are gone lose "
        "their place on the list. What changes is shown before it is added."
    ),
)
