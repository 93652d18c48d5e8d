"""School numbers pasted into a form: those that are known, and what is not understood, by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from catchments.core.errors import shown
from catchments.core.model import School
from catchments.core.text_folding import folded
from catchments.lookup.values import SCHOOL_ID, field_called, plain_width, school_number
from catchments.readers.lists.matching import is_called

_BETWEEN = re.compile(r"[\s,;|]+")
FAULTS_SHOWN = 100
_BEFORE, _AFTER = "#([", ")]:.–—-"
_FILLERS = frozenset({"", "and", "no", "number", "school"})
"""What people write between numbers, folded; it says nothing about any of them."""


@dataclass(frozen=True)
class PastedNumbers:
    """What of a pasted list is known, each once, in order, and what is not: where, and why."""

    numbers: tuple[int, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A number of a line, and the words that follow it; or words before any number."""

    number: int | None
    text: str
    words: str


def read_numbers(text: str, schools: Mapping[int, School]) -> PastedNumbers:
    """Return the schools that a pasted list names: `#10`, `1026 Kaitaia School`, `10, 11 and 12`.

    Words beside a number must be of that school; where they are not, neither is taken.
    """
    numbers: dict[int, None] = {}
    faults: list[str] = []
    for at, line in enumerate(plain_width(text).splitlines(), start=1):
        if field_called(line.strip()) == SCHOOL_ID:
            continue  # a heading that was copied along
        found, wrong = _line(line, schools)
        numbers.update(dict.fromkeys(found))
        faults += [gettext("line %(n)s: %(text)s", n=at, text=what) for what in wrong]
    return PastedNumbers(tuple(numbers), tuple(faults))


def shortened(faults: Sequence[str]) -> list[str]:
    """Return the first of what is said line by line, and how many more there are."""
    more = len(faults) - FAULTS_SHOWN
    also = [gettext("and %(more)s more", more=more)] if more > 0 else []
    return [*faults[:FAULTS_SHOWN], *also]


def _line(line: str, schools: Mapping[int, School]) -> tuple[list[int], list[str]]:
    """Return the schools that a line names, and what in it is not understood."""
    parts = list(_parts(line))
    found: list[int] = []
    wrong: list[str] = []
    # Words that no number has claimed, and whether they follow one that was taken all the same.
    before, lent = "", False
    for part in parts:
        school = None if part.number is None else schools.get(part.number)
        if part.number is None:
            before = part.words
            continue
        if school is None or not is_called(school, before):
            if lent:
                found.pop()  # the words are of neither: which number is meant is not known
            words = f"{before} {part.text} {part.words}".strip()
            wrong.append(_disagree(school, before) if school else shown(words))
            before, lent = "", False
        elif is_called(school, part.words):
            found.append(part.number)
            before, lent = "", False
        elif part is not parts[-1] and not before:
            found.append(part.number)
            before, lent = part.words, True  # as in “10 Kaitaia School 1026”
        else:
            wrong.append(_disagree(school, part.words))
            before, lent = "", False
    if before:
        wrong.append(shown(before))
    return found, wrong


def _disagree(school: School, words: str) -> str:
    said: str = gettext(
        "%(words)s is not of school %(number)s, which is %(name)s",
        words=shown(words),
        number=school.school_id,
        name=school.name,
    )
    return said


def _parts(line: str) -> Iterator[_Part]:
    """Yield the numbers of a line, each with the words after it; first the words before any."""
    number: int | None = None
    text, words = "", list[str]()
    for word in filter(None, _BETWEEN.split(line)):
        bare = word.lstrip(_BEFORE).rstrip(_AFTER)
        here = school_number(bare)
        if here is None:
            if folded(word) not in _FILLERS or words:
                words.append(word)
            continue
        if number is not None or words:
            yield _Part(number, text, " ".join(words))
        number, text, words = here, word, []
    if number is not None or words:
        yield _Part(number, text, " ".join(words))
