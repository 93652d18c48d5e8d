"""Wording of every file about itself: where it is from, and that it is made up where it is."""

from __future__ import annotations

from catchments.core import errors
from catchments.core.errors import long_date
from maps.exports.export_input import ExportInput

DO_NOT_USE = "These catchments and providers are made up. Do not use them to contact anybody."
MADE_UP = f"Demonstration data. {DO_NOT_USE}"
LONGEST_LINE = 300
SIMPLIFIED = (
    "Boundaries are simplified for drawing and clipped to the coast. To look places up use those "
    "as published: GeoJSON, GeoPackage or Shapefile of the same edition."
)


def made_up(*, demonstration: bool) -> str:
    """Return what a cell says of whether its row is demonstration data."""
    return "yes: made up" if demonstration else "no"


def credit_lines(material: ExportInput) -> list[str]:
    """Return a line for each source, once: title, authority, licence and release."""
    lines = (
        one_line(f"{each.title} – {each.authority}, {each.licence}, release {each.release}")
        for each in material.sources
    )
    return list(dict.fromkeys(lines))


def in_force(material: ExportInput) -> str:
    """Return which edition it is and from when, as a sentence."""
    edition = material.edition
    title = f", {one_line(edition.title, 120)}" if edition.title else ""
    starts = edition.effective_from
    since = f", in force from {long_date(starts)}" if starts else ""
    return f"Edition {edition.number or 'not numbered'}{title}{since}."


def one_line(text: str, at_most: int = LONGEST_LINE) -> str:
    """Return a text on one line, without what cannot be printed, and cut where it is too long."""
    return errors.one_line(text[: 4 * at_most], at_most)
