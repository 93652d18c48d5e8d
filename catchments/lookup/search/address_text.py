"""The parts of a typed address: its number, its words, and how else a word may be spelt.

A text can be read in more than one way: “12 5 Mile Road” has a number before a numeral, “State
Highway 1” has none, and “2 12 High Street” names flat 2. So it is read in each, likeliest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.search.abbreviations import SHORT
from catchments.lookup.search.street_addresses import UNIT_WORDS, without_end, without_mail_run

MOST_WORDS = 12

_GROUPS = (("state highway", "sh"), *((full, *shorts) for full, shorts in SHORT.items()))


def _alternatives() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in _GROUPS:
        for word in group:
            found[word] = found.get(word, ()) + tuple(other for other in group if other != word)
    return found


ABBREVIATIONS: Mapping[str, tuple[str, ...]] = _alternatives()
"""For each folded word that is abbreviated or is an abbreviation, the other ways to write it."""

_UNIT = re.compile(r"[0-9]{1,5}[a-z]?|[a-z][0-9]{0,4}")
_UNIT_BEFORE_SLASH = re.compile(r"(?<!\w)(?:u|f)?(\w{1,5})\s*/\s*(?=\d)", re.IGNORECASE)
_END_OF_RANGE = re.compile(r"(?<=\d)([a-z]?)\s*[-–]\s*\d+[a-z]?(?!\w)", re.IGNORECASE)
_HIGHWAY_NUMBER = re.compile(r"\bsh([0-9]+[a-z]?)\b")
_NUMBER = re.compile(r"([0-9]{1,6})((?!st|nd|rd|th)[a-z]{0,2})")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text; `words` are folded and each stands there once."""

    words: tuple[str, ...]
    number: int | None = None
    suffix: str = ""
    unit: str = ""
    repeated: frozenset[str] = frozenset()
    """Words typed more than once: “Wellington Street, Wellington” names its town too."""


def readings(text: str) -> list[Reading]:
    """Return the ways to read a text, likeliest first; none for one without a word."""
    given = _UNIT_BEFORE_SLASH.sub(r" unit \1 ", text[:LONGEST_TEXT])
    found: dict[Reading, None] = {}
    for variant in (_END_OF_RANGE.sub(r"\1 ", given), given):
        words = _HIGHWAY_NUMBER.sub(r"sh \1", folded(variant)).split()
        unit, kept = _without_unit(without_mail_run(without_end(words[:MOST_WORDS])))
        found |= dict.fromkeys(_readings(unit, kept))
    return [reading for reading in found if reading.words]


def spellings(word: str) -> tuple[str, ...]:
    """Return a folded word and how else it is written; several words mean all of them."""
    return (word, *ABBREVIATIONS.get(word, ()))


def as_number(word: str) -> tuple[int, str] | None:
    """Return a street number and its letters, in capitals, or None where a word is none."""
    match = _NUMBER.fullmatch(word)
    return (int(match[1]), match[2].upper()) if match else None


def _without_unit(words: Sequence[str]) -> tuple[str, list[str]]:
    """Part flat, level and the like from a text that has a number after them."""
    unit, kept = "", list(words)
    while len(kept) > 2 and kept[0] in UNIT_WORDS and any(map(as_number, kept[2:])):
        if kept[1] in UNIT_WORDS:  # “Unit 3/12a” has got a second one
            kept = kept[1:]
        elif _UNIT.fullmatch(kept[1]):
            unit, kept = kept[1], kept[2:]
        else:
            break
    return unit, kept


def _readings(unit: str, words: Sequence[str]) -> Iterator[Reading]:
    numbers = [at for at, word in enumerate(words) if as_number(word)]
    if not numbers:
        yield _reading(words)
    elif numbers[0] == 0:
        yield from _readings_of_leading_number(unit, words)
        yield _reading(words)
    else:
        yield _reading(words)
        for at in numbers[:-3:-1]:
            yield _reading([*words[:at], *words[at + 1 :]], words[at], unit)


def _readings_of_leading_number(unit: str, words: Sequence[str]) -> Iterator[Reading]:
    first, *rest = words
    if rest and not unit and as_number(rest[0]):
        yield _reading(rest[1:], rest[0], first)
    if rest and len(rest[0]) == 1 and rest[0].isalpha() and first.isdigit():
        yield _reading(rest[1:], first + rest[0], unit)
    yield _reading(rest, first, unit)


def _reading(words: Sequence[str], number: str = "", unit: str = "") -> Reading:
    joined = " ".join(words).replace("state highway", "state_highway").split()
    units = [word.replace("_", " ") for word in joined]
    once = tuple(reversed(dict.fromkeys(reversed(units))))  # the last word stays the last
    repeated = frozenset(word for word in once if units.count(word) > 1)
    value, suffix = (as_number(number) or (None, "")) if number else (None, "")
    return Reading(once, value, suffix, folded(unit), repeated)
