"""Texts that begin with a number: a street address, or a school's number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catchments.core.model import School
from catchments.core.text_folding import LONGEST_TEXT, folded, words_of
from catchments.lookup.search.abbreviations import ROAD_TYPES, expanded, forms

UNIT_WORDS = (
    *("apartment", "apt", "flat", "floor", "level", "room"),
    *("shop", "suite", "unit", "villa"),
)
"""What stands before the number of a part of a building."""
_NUMBER = re.compile(
    rf"\s*(?:(?:{'|'.join(UNIT_WORDS)})"
    r"\b\.?\s*\w{1,5}\b[\s,/]*)*"
    r"(?:[0-9a-z]{1,5}\s*/\s*)?"
    r"(?P<number>[0-9]{1,6})(?P<letter>[a-z]?)\b"
    r"(?:\s*[-–]\s*(?P<last>[0-9]{1,6})[a-z]?\b)?"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SCHOOL_NUMBER = re.compile(
    r"(?:school(?:\s+(?:number|no\.?))?|number|no\.?|№)?\s*#?\s*([1-9][0-9]{0,8}|0)\s*[.,;:]?",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"[0-9]{4}")
_HIGHWAY = re.compile(r"\bsh([0-9]{1,3}[a-z]?)\b")
_COUNTRIES = (["new", "zealand"], ["nz"], ["aotearoa"])
_WIDEST_RANGE = 200
_REGIONS = [
    name.split()
    for name in (
        "northland",
        "waikato",
        "bay of plenty",
        "hawkes bay",
        "taranaki",
        "manawatu whanganui",
        "manawatu",
        "tasman",
        "marlborough",
        "west coast",
        "canterbury",
        "otago",
        "southland",
        "north island",
        "south island",
    )
]
"""Regions that are no towns as well, folded."""


def school_number(text: str) -> int | None:
    """Return the number that a text is, such as “54”, “#54” or “school 54”; None if it is none.

    One that begins with a naught is none: “0410” is a postcode.
    """
    match = _SCHOOL_NUMBER.fullmatch(text[:LONGEST_TEXT].strip())
    return int(match[1]) if match else None


def looks_like_address(text: str) -> bool:
    """Return whether a text begins with a street number that a word follows."""
    return _parsed(text) is not None


def street_number(text: str) -> str:
    """Return the street number that a text begins with, as “12” or “12a”; empty without one."""
    given = _parsed(text)
    return f"{given.numbers[0]}{given.letter}" if given else ""


def without_region(text: str) -> str:
    """Return an address without the region that maps write at its end."""
    words = folded(text).split()
    for name in _REGIONS:
        if len(words) > len(name) + 2 and words[-len(name) :] == name:
            return " ".join(words[: -len(name)])
    return text


def number_last(text: str) -> str:
    """Return “54, Auckland Grammar” as “Auckland Grammar 54”: a school's number said first."""
    number, _, name = text.partition(" ")
    return f"{name} {number.strip('#,.;:')}"


def without_end(words: Sequence[str]) -> list[str]:
    """Return folded words without the postcode and the country that they end with."""
    kept = list(words)
    while 0 < (length := _length_of_end(kept)) < len(kept):
        del kept[-length:]
    return kept


def _length_of_end(words: Sequence[str]) -> int:
    if words and _POSTCODE.fullmatch(words[-1]):
        return 1
    return next((len(name) for name in _COUNTRIES if words[-len(name) :] == name), 0)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A street number and the words after it, as they were given."""

    numbers: range
    letter: str
    words: tuple[str, ...]


def _parsed(text: str) -> _Numbered | None:
    match = _NUMBER.match(text[:LONGEST_TEXT])
    words = folded(match["rest"]).split() if match else []
    if not match or all(map(str.isdigit, words)):
        return None
    first, last = int(match["number"]), int(match["last"] or 0)
    if not first < last <= first + _WIDEST_RANGE:
        last = first
    letter = match["letter"].casefold()
    return _Numbered(range(first, last + 1), letter, tuple(_road_words(words)))


def _road_words(words: Sequence[str]) -> list[str]:
    parted = _HIGHWAY.sub(r"sh \1", " ".join(without_end(words))).split()
    return expanded(without_mail_run(parted))


def without_mail_run(words: Sequence[str]) -> list[str]:
    """Leave out “RD 2”, a mail run, where the road's own type stands before it."""
    for at in range(1, len(words) - 1):
        if words[at] == "rd" and words[at + 1].isdigit() and not ROAD_TYPES.isdisjoint(words[:at]):
            return [*words[:at], *words[at + 2 :]]
    return list(words)


@dataclass(frozen=True, slots=True)
class _SchoolAddress:
    entry: int
    letter: str
    road: frozenset[str]
    """The first word of the road's name, in every form."""
    words: frozenset[str]
    """All words of road, suburb and town, in every form."""


@dataclass(frozen=True)
class SchoolAddresses:
    """Schools by the street number of their own address."""

    by_number: Mapping[int, Sequence[_SchoolAddress]]

    @classmethod
    def of(cls, schools: Iterable[School]) -> SchoolAddresses:
        """Index schools in order; those whose address has no street number are left out."""
        found: defaultdict[int, list[_SchoolAddress]] = defaultdict(list)
        for entry, school in enumerate(schools):
            given = _parsed(school.address)
            if given is None:
                continue
            around = forms(words_of(school.suburb)) | forms(words_of(school.city))
            words = forms(given.words) | around
            address = _SchoolAddress(entry, given.letter, forms(given.words[:1]), words)
            for number in given.numbers:
                found[number].append(address)
        return cls(dict(found))

    def at(self, text: str) -> list[int]:
        """Return the schools whose address a text gives; the last word may be half typed.

        “12a” is not at “12”, but a text without a letter is at any letter of its number.
        """
        wanted = _parsed(text)
        if wanted is None:
            return []
        there = self.by_number.get(wanted.numbers[0], ())
        return [address.entry for address in there if _gives(wanted, address)]


def _gives(wanted: _Numbered, address: _SchoolAddress) -> bool:
    *before, last = wanted.words
    return (
        wanted.letter in {"", address.letter}
        and address.words.issuperset(before)
        and address.road.issuperset(before[:1])
        and any(word.startswith(last) for word in (address.words if before else address.road))
    )
