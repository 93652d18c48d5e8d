"""Codes made of names, one way for every reader, so that two files' providers meet in one."""

from __future__ import annotations

import hashlib

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
