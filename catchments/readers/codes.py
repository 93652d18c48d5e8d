"""Codes made of names, one way for every reader, so that two files' providers meet in one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from catchments.core.text_folding import by_name, folded, matching_key

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


class KnownCodes:
    """Finds the known code that a text is, also where a spreadsheet made 7 of 07."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = set(codes)
        self._spelled = by_name((code, code) for code in sorted(self._codes))
        self._bare: dict[str, list[str]] = defaultdict(list)
        for code in sorted(self._codes):
            self._bare[_without_zeros(code)].append(code)

    def meant(self, text: str) -> str:
        """Return the one known code that a text is but for case, marks and first zeros, or itself.

        Itself too where several codes may be meant.
        """
        if not text or text in self._codes:
            return text
        for alike in (
            self._spelled.get(matching_key(text)),
            self._bare.get(_without_zeros(text)),
        ):
            if alike:
                return alike[0] if len(alike) == 1 else text
        return text

    def alike(self, text: str) -> list[str]:
        """Return the codes that are a number but for its first zeros."""
        return self._bare.get(_without_zeros(text), [])


def _without_zeros(code: str) -> str:
    """Return a number without the zeros at its start; anything else as it is."""
    return (code.lstrip("0") or "0") if code.isascii() and code.isdigit() else code
