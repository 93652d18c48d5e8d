"""Pictures of where the boundaries of a refused file do not tile, for whoever sent it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext
from markupsafe import Markup

from catchments.geometry.tiling.sketch import Sketch
from catchments.web.staff.forms.fields import FieldError
from maps.faults_map import view_svg, width_words


@dataclass(frozen=True)
class Picture:
    """One picture, and what it shows in words."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class FaultPictures:
    """All places at once, and the first of them from nearby."""

    whole: Picture
    sentences: list[str]
    close: list[Picture]


def pictures_of(wrongs: Iterable[FieldError]) -> FaultPictures | None:
    """Return the pictures of what is wrong with a form, if it is about boundaries."""
    found = next((wrong.sketch for wrong in wrongs if wrong.sketch), None)
    return _drawn(found) if found else None


def _drawn(found: Sketch) -> FaultPictures:
    label = gettext("The boundaries of the file, with the places marked and numbered")
    whole = Picture(Markup(view_svg(found.whole, label)), label)  # noqa: S704 - escaped there
    close = []
    for number, view in enumerate(found.close, start=1):
        caption = f"{number}. {found.sentences[number - 1]} {width_words(view)}"
        svg = view_svg(view, gettext("Place %(number)s from nearby", number=number))
        close.append(Picture(Markup(svg), caption))  # noqa: S704 - escaped there
    return FaultPictures(whole, found.sentences, close)
