"""References of cases: eight letters and digits that cannot be confused, the last a check.

The twenty-three that are used are read alike in print, by hand and on the telephone; since their
number is prime, the check finds every single wrong character and every two that changed places.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from catchments.core.errors import InputRefused, shown

ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
"""Without 0 and O, 1, I and L, 2 and Z, 5 and S, 8 and B, U and V."""
LENGTH = 8
_WORTH = {character: worth for worth, character in enumerate(ALPHABET)}


def new_reference(pick: Callable[[str], str] = secrets.choice) -> str:
    """Return a reference at random: one of 3.4 thousand million."""
    body = "".join(pick(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check(body)


def read_reference(text: str) -> str:
    """Return a reference as it is kept, however it was typed. Raises InputRefused."""
    typed = "".join(text.split()).replace("-", "").replace("–", "").upper()
    if len(typed) == LENGTH and set(typed) <= set(ALPHABET) and _check(typed[:-1]) == typed[-1]:
        return typed
    raise InputRefused(
        f"{shown(text)} is no reference of a case.",
        field="reference",
        allowed=f"It must be {LENGTH} characters of {ALPHABET}, the last of which checks the rest.",
        next_step="Compare it with the e-mail or the page that it came from.",
    )


def spaced(reference: str) -> str:
    """Return a reference as people read it out: two groups of four."""
    return f"{reference[:4]} {reference[4:]}"


def _check(body: str) -> str:
    worth = sum(place * _WORTH[character] for place, character in enumerate(body, start=2))
    return ALPHABET[-worth % len(ALPHABET)]
