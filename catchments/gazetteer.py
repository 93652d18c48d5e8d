"""Text to candidates: the searchable names of schools, towns and regions.

So far it finds schools by name and town; suggestions and addresses build on the same folding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from catchments.model import EDUCATION_REGIONS, School

LONGEST_TEXT = 200
"""Characters of a text that are looked at; no school's name and town have as many."""

_NOT_WORD = re.compile(r"[^0-9a-z]+")
_APOSTROPHES = str.maketrans("", "", "'’‘ʻʼ`´")


def folded(text: str) -> str:
    """Return `text` without case, macrons, other marks or punctuation, one space between words.

    An apostrophe vanishes (“St Joseph's” → “st josephs”); any other punctuation parts words.
    """
    # Twice: normalizing parts “´” into a space and a mark, and makes “＇” an apostrophe.
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    bare = plain.translate(_APOSTROPHES).casefold()
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", letters).strip()


_REGION_BY_FOLDED_NAME = {folded(name): name for name in EDUCATION_REGIONS}


def education_region(text: str) -> str | None:
    """Return the Ministry's spelling of an education region, or None if the text is none.

    Sources spell them with and without macrons and part names with `,`, `|` or `/`.
    """
    return _REGION_BY_FOLDED_NAME.get(folded(text))


@dataclass(frozen=True)
class SchoolNames:
    """The names of schools, folded once, so that a text can be looked for in them."""

    entries: tuple[tuple[str, School], ...]

    @classmethod
    def of(cls, schools: Iterable[School]) -> SchoolNames:
        """Fold each school's name and town."""
        return cls(tuple((f"{folded(s.name)} {folded(s.city)}", s) for s in schools))

    def candidates(self, text: str, *, at_most: int) -> list[School]:
        """Return schools in whose name or town every word of the text begins a word.

        Whole names come first, then names that begin with the text, then the alphabet.
        """
        wanted = folded(text[:LONGEST_TEXT])
        if not wanted:
            return []
        words = [f" {word}" for word in wanted.split()]
        found = [
            (not name.startswith(f"{wanted} "), not name.startswith(wanted), name, school)
            for name, school in self.entries
            if all(word in f" {name}" for word in words)
        ]
        return [school for *_, school in sorted(found, key=lambda f: f[:3])[:at_most]]


# Stand-ins until the package is here; the package replaces this file.
class Gazetteer:
    """Nothing yet."""


def looks_like_address(text: str) -> bool:
    """Nothing yet."""
    return bool(text) and False


def school_number(text: str) -> int | None:
    """Nothing yet."""
    return None if text else None
