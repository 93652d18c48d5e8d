"""Codes made of names, one way for every reader, so that two files' providers meet in one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from catchments.core.text_folding import folded

MADE_AT_MOST = 60
"""Characters of a code made here."""
GIVEN_AT_MOST = 100
"""Characters of a code that a file gives: what the store keeps."""


def code_of(name: str) -> str:
    """Return a name as a code in ASCII, the same for every spelling: KAITAIA-NORTH.

    A digest is added only where the name is too long, or stands for it where the name has no Latin
    letter or digit.
    """
    plain = folded(name).replace(" ", "-").upper()
    if plain and len(plain) <= MADE_AT_MOST:
        return plain
    digest = hashlib.sha256((plain or name).encode()).hexdigest()[:8].upper()
    return f"{plain[: MADE_AT_MOST - 9].rstrip('-')}-{digest}".removeprefix("-")


def provider_code(name: str) -> str:
    """Return a provider's code made of its name: P-EXAMPLE-TRUST."""
    return f"P-{code_of(name)}"


def known_code(text: str, known: Iterable[str]) -> str | None:
    """Return the known code that a text is; None where none is, or several may be.

    One that is the same but for case and for zeros at its start will do, since a spreadsheet makes
    7 of 07, if no other is.
    """
    codes = list(known)
    if text in codes:
        return text
    alike = [code for code in codes if _bare(code) == _bare(text)]
    return alike[0] if len(alike) == 1 else None


def _bare(code: str) -> str:
    """Return a code in small letters; a number without the zeros at its start."""
    small = code.strip().casefold()
    return (small.lstrip("0") or "0") if small.isdecimal() else small
