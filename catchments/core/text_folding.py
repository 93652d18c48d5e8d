"""Text without what people leave out or vary: case, macrons, punctuation, apostrophes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from catchments.core.model import EDUCATION_REGIONS

LONGEST_TEXT = 200
"""Characters of a text that are looked at; no school's name and town have as many."""

T = TypeVar("T")
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_APOSTROPHES = str.maketrans("", "", "'’‘ʻʼ`´")


def folded(text: str) -> str:
    """Return `text` without case, macrons, other marks or punctuation, one space between words.

    An apostrophe vanishes (“St Joseph's” → “st josephs”); any other punctuation parts words.
    """
    plain = text.translate(_APOSTROPHES)
    if not plain.isascii():
        plain = _unmarked(plain)
    return _NOT_WORD.sub(" ", plain.casefold()).strip()


def matching_key(text: str) -> str:
    """Return what one text in all its spellings has in common; itself if that is nothing."""
    return folded(text) or text


def by_name(named: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Return things by what their names have in common in all their spellings."""
    found: dict[str, list[T]] = {}
    for name, thing in named:
        found.setdefault(matching_key(name), []).append(thing)
    return found


def _unmarked(text: str) -> str:
    # Again: normalizing parts “´” into a space and a mark, and makes “＇” an apostrophe.
    plain = unicodedata.normalize("NFKD", text).translate(_APOSTROPHES).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


@lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """Return the folded words of a name in the directory, where towns' names come many times."""
    return tuple(folded(name).split())


_REGION_BY_FOLDED_NAME = {folded(name): name for name in EDUCATION_REGIONS}


_FORMER_REGIONS = {
    "Bay of Plenty, Rotorua, Taupo": "Bay of Plenty, Waiariki",
    "Hawke's Bay, Gisborne": "Hawke's Bay, Tairāwhiti",
    "Canterbury": "Canterbury, Chatham Islands",
}
"""What the directories of 2016 and 2017 call regions of which only the names have changed.

Source: the column “Education Region” of the Ministry's school directory of July 2017, which has ten
names. These three fold to none of today's; of their 645 schools that the directory of September
2021 has too, 644 are there in “Bay of Plenty/Waiariki”, “Hawke's Bay/Tairawhiti” and
“Canterbury/Chatham Islands”. “Auckland” is three regions today, so that it is not among them.
"""
_REGION_BY_FORMER_NAME = {folded(old): new for old, new in _FORMER_REGIONS.items()}


def education_region(text: str) -> str | None:
    """Return the Ministry's spelling of an education region, or None if the text is none.

    Sources spell them with and without macrons and part names with `,`, `|` or `/`.
    """
    return _REGION_BY_FOLDED_NAME.get(folded(text))


def former_education_region(text: str) -> str | None:
    """Return the region that bore a name in the directories of 2016 and 2017, or None."""
    return _REGION_BY_FORMER_NAME.get(folded(text))
