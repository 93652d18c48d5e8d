"""Text to candidates: the searchable names of schools, towns and regions.

So far it folds names for comparison; suggestions and addresses build on the same folding.
"""

from __future__ import annotations

import re
import unicodedata

from catchments.model import EDUCATION_REGIONS

_NOT_WORD = re.compile(r"[^0-9a-z]+")
_APOSTROPHES = str.maketrans("", "", "'’‘ʻʼ`´")


def folded(text: str) -> str:
    """Return `text` without case, macrons, other marks or punctuation, one space between words.

    An apostrophe vanishes (“St Joseph's” → “st josephs”); any other punctuation parts words.
    """
    bare = unicodedata.normalize("NFKD", text).translate(_APOSTROPHES).casefold()
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", letters).strip()


_REGION_BY_FOLDED_NAME = {folded(name): name for name in EDUCATION_REGIONS}


def education_region(text: str) -> str | None:
    """Return the Ministry's spelling of an education region, or None if the text is none.

    Sources spell them with and without macrons and part names with `,`, `|` or `/`.
    """
    return _REGION_BY_FOLDED_NAME.get(folded(text))
