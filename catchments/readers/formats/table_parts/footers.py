"""What stands below a table, a total and notes: told from rows, and set aside as a preamble is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catchments.core.errors import first_of, shown
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.report import Report

MAX_FOOTERS = 300
"""Lines below a table; where more seem so, they are rows."""
_QUOTED = 5
_FEW = 2
_SENTENCE_CHARACTERS = 60
_LONGEST_TOTAL = 80
"""Longer ones are none; the patterns would take their time."""
_THINGS = "schools?|rows?|records?|catchments?|providers?|listed|lines?|entries"
_TOTAL = re.compile(
    r"(?:grand |overall |sub[ -]?)?(?:totals?|sum|count)(?: of)?\s*[:=–-]?\s*[\d ,.]*"
    rf"(?:{_THINGS})?"
    r"\s*[:=]?\s*[\d ,.]*"
    rf"|(?:total )?number of (?:{_THINGS})\s*[:=]?\s*[\d ,.]*"
    rf"|\(?[\d ,.]*\d (?:{_THINGS})(?: listed| in total| affected)?\)?"
    r"|(?:te )?(?:tapeke|huinga|kaute)(?: katoa)?\s*[:=–-]?\s*[\d ,.]*"  # total, sum, count
    r"|\(?n\s*=\s*[\d ,.]*\d\)?|(?:average|mean|median)s?\s*[:=–-]?\s*[\d ,.]*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+$]?[\d ,.]*\d[\d ,.]*%?")
_MARKS = "^*†‡§¹²³"
_SURE_MARKS = "^*†‡§"
_RULES = "-–—=_~ "
"""What may stand around a note."""
_NOTE = re.compile(
    r"(?:(?:foot)?notes?|sources?|disclaimer|data source|key|legend|mātāpuna|kōrero)\s*(?:[:.–-]|$)"
    r"|n\.?\s?b\.?[:. ]|please (?:note|contact|see)\b"
    r"|for (?:more|further|any) (?:information|details|questions?)\b"
    r"|as (?:at|of|on) .*\d|end of (?:the )?(?:file|report|list|table|data|directory)\b"
    r"|(?:\w+ )?(?:downloaded|generated|exported|extracted|printed|prepared|updated|retrieved)"
    r"(?: (?:on|at|by|as|from)\b|\s*:)"
    r"|©|copyright\b|\(c\) \d|page \d+( of \d+)?$|licen[cs]ed? (?:under|cc)\b",
    re.IGNORECASE,
)
"""How a line begins that is a note to a table."""


@dataclass
class Footers:
    """Holds back what looks like a footer until it is known whether rows come after it."""

    columns: Columns
    positions: Mapping[str, int]
    held: list[tuple[int, Sequence[str]]] = field(default_factory=list)
    _groups: list[list[tuple[int, bool]]] = field(init=False)
    """For each required group its columns, and whether each holds numbers."""

    def __post_init__(self) -> None:
        numbers, places = self.columns.numbers, self.positions
        self._groups = [
            [(places[field], field in numbers) for field in group if field in places]
            for group in self.columns.required
        ]

    def are_met(self, line: int, cells: Sequence[str], *, after_blank: bool) -> bool:
        """Hold a line back, if it looks like a footer, or as a lone text follows one or a blank."""
        if self.columns.bare:
            return False
        follows = after_blank or bool(self.held)
        like = self.look_like(cells, after_blank=follows)
        if like and len(self.held) < MAX_FOOTERS:
            self.held.append((line, cells))
            return True
        return False

    def released(self) -> list[tuple[int, Sequence[str]]]:
        """Return what was held back and is a row after all, for another row came after it."""
        held, self.held = self.held, []
        return held

    def leave_out(self, report: Report, place: str) -> None:
        """Say what was held back to the end; `place` is what a row is called."""
        quoted = [f"{place} {line} {shown(_joined(cells))}" for line, cells in self.held]
        said = first_of(quoted, _QUOTED, by="; ", then="; and ")
        report.leave_out("lines below the table", f"a total or a note: {said}", len(quoted))

    def look_like(self, cells: Sequence[str], *, after_blank: bool = False) -> bool:
        """Whether a line is no row: a total, a note, or a lone text where a row has more."""
        first = next(filter(None, map(str.strip, cells)), "")
        lacks = self._lacks(cells)
        if not lacks and not self.held and (not first or first[0].isdecimal()):
            return False  # as nearly every row
        others = [text for text in map(str.strip, cells) if text][1:]
        if len(self.positions) > 1:
            if _is_total(first) and all(map(_is_number, others)):
                return True
            if first and not others and self._is_note(first):
                return True
        if not (first and lacks) or len(others) >= _FEW:
            return False
        return self._is_bare(first, cells, others, after_blank)

    def _is_note(self, first: str) -> bool:
        """Whether a lone text is a note: by how it begins, or below one where names are rows."""
        if first[0] in _SURE_MARKS or _NOTE.match(first.lstrip(_MARKS + _RULES)):
            return True
        return bool(self.held) and not self.columns.numbers

    def _is_bare(
        self, first: str, cells: Sequence[str], others: Sequence[str], after_blank: bool
    ) -> bool:
        """Whether a line without what a row needs has a mark, or one text that is none of a row."""
        if first[0] in _MARKS or _NOTE.match(first):
            return True
        if others or any(text.isdecimal() for text in self._numbers(cells)):
            return False
        is_sentence = len(first) > _SENTENCE_CHARACTERS and " " in first
        return after_blank or self._is_no_number(cells) or is_sentence

    def _lacks(self, cells: Sequence[str]) -> bool:
        """Whether a required column is empty or not of its kind."""
        width = len(cells)
        for group in self._groups:
            for at, is_number in group:
                text = cells[at].strip() if at < width else ""
                if text.isdecimal() if is_number else text:
                    break
            else:
                return True
        return False

    def _is_no_number(self, cells: Sequence[str]) -> bool:
        """Whether words stand where a row has its number."""
        return any(" " in text and text[0].isalpha() for text in self._numbers(cells))

    def _numbers(self, cells: Sequence[str]) -> list[str]:
        """Return what stands where a row has its numbers."""
        places = (self.positions.get(field) for field in self.columns.numbers)
        found = (cells[at].strip() for at in places if at is not None and at < len(cells))
        return [text for text in found if text]


def _is_total(text: str) -> bool:
    # Of several spaces in a row each could be any part of the pattern.
    return len(text) <= _LONGEST_TOTAL and _TOTAL.fullmatch(" ".join(text.split())) is not None


def _is_number(text: str) -> bool:
    return len(text) <= _LONGEST_TOTAL and _NUMBER.fullmatch(text) is not None


def _joined(cells: Sequence[str]) -> str:
    return " | ".join(filter(None, map(tidy, cells)))
