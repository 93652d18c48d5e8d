"""A text that somebody typed, tidied and folded once, as all that looks for it takes it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from catchments.core.text_folding import LONGEST_TEXT, folded


@dataclass(frozen=True, slots=True)
class TypedText:
    """What somebody typed or pasted, on one line, with its folded words."""

    text: str
    """Its first 200 characters as they were typed, each run of blanks one blank."""
    folded: str
    """Without case, macrons, other marks and punctuation."""
    words: tuple[str, ...]
    """The words of `folded`."""
    is_cut: bool = False
    """Whether there was more than the 200 characters that are looked at."""

    @classmethod
    def of(cls, text: str) -> TypedText:
        """Read a text; full-width letters and digits count as their plain forms."""
        kept = "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
        tidied = " ".join(unicodedata.normalize("NFKC", kept).split())[:LONGEST_TEXT]
        plain = folded(tidied)
        return cls(tidied, plain, tuple(plain.split()), len(text.strip()) > LONGEST_TEXT)
