"""A text that somebody typed, tidied and folded once, as all that looks for it takes it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from catchments.core.errors import printable
from catchments.core.text_folding import LONGEST_TEXT, folded

_NUMBER = re.compile(
    r"(?:(?:school|moe|ministry|institution|id|number|no|№)(?![a-z])[ .:#=]*){0,4}"
    r"#? ?0{0,8}([1-9][0-9]{0,8}|0)(?:\.0{1,3})?[ .,;:]{0,3}",
    re.IGNORECASE,
)
"""A school's number: “54”, “#54”, “School No. 54”, “MOE 54”, and as programs write it, “54.0”."""
LONGEST_PASTED = 2000
"""Characters of an address of a map that are looked at; such with a place's pin have 150 to 400."""


@dataclass(frozen=True, slots=True)
class TypedText:
    """What somebody typed or pasted, on one line, with its folded words."""

    text: str
    """Its first 200 characters as they were typed, each run of blanks one blank."""
    folded: str
    """Without case, macrons, other marks and punctuation."""
    words: tuple[str, ...]
    """The words of `folded`."""
    number: int | None = None
    """The school's number that the text is, if it is one; no school need have it."""
    is_cut: bool = False
    """Whether there was more than the 200 characters that are looked at."""
    whole: str = ""
    """Likewise as many characters as the address of a map may have; `text` begins it."""

    @classmethod
    def of(cls, text: str) -> TypedText:
        """Read a text; full-width letters and digits count as their plain forms."""
        tidied = _tidied(text[:LONGEST_TEXT])[:LONGEST_TEXT]
        is_cut = len(text.strip()) > LONGEST_TEXT
        whole = _tidied(text[:LONGEST_PASTED])[:LONGEST_PASTED] if is_cut else tidied
        plain = folded(tidied)
        number = _number(tidied)
        return cls(tidied, plain, tuple(plain.split()), number, is_cut, whole)


def _tidied(text: str) -> str:
    lines = (line.strip(" ,\t") for line in text.splitlines())
    text = ", ".join(filter(None, lines)) if "\n" in text.strip() else text  # each is a part
    return " ".join(unicodedata.normalize("NFKC", printable(text)).split())


def _number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    return int(match[1]) if match else None
