"""Mojibake: letters that a program read in a wrong encoding and kept so, and what they were.

It is warned of and never mended: what a text probably was is a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from catchments.core.errors import shown
from catchments.readers.report import Report

_PLAUSIBLE = frozenset(
    [*"āēīōūĀĒĪŌŪŠšŽžŒœŸ", *"‘’‚“”„–—…•‹›€™−ʻʼ", *"\u0304\u200b\u200e\ufeff"]
    + [chr(code) for code in range(0x80, 0x100)]
)
"""What names, addresses and notes hold beside ASCII; “É”” would else be taken for a “ɔ”."""
_TIMES = 3
"""A text may have been spoilt so often, each time anew."""


def _as_windows_1252(byte: int) -> str:
    """Return the letter that a byte is taken for; the five that have none become controls."""
    return bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)


_BYTES = {_as_windows_1252(byte): byte for byte in range(0x80, 0x100)}
_BYTES |= {chr(byte): byte for byte in range(0x80, 0xA0)}


def _letters(first: int, last: int) -> str:
    """Return, for a set in a pattern, every letter that a byte of a range is taken for."""
    return re.escape("".join(letter for letter, byte in _BYTES.items() if first <= byte <= last))


_NEXT = f"[{_letters(0x80, 0xBF)}]"
_SPOILT = re.compile(f"[{_letters(0xC2, 0xDF)}]{_NEXT}|[{_letters(0xE0, 0xEF)}]{_NEXT}{_NEXT}")
_CUT = re.compile(
    "(?<=[a-zāēīōū])[ÄÅ](?![äåö])"  # TaupÅ, PÄkehÄ
    "|(?<=\\b[A-Z])[ÄÅ](?=[a-z])"  # MÄori, TÅtara
    "|â€(?!\\w)"
)
"""Where the second byte was one of the five that are no letter, and a program dropped it."""
_CUT_MEANS = {"Ä": "ā", "Å": "ō", "â€": "”"}
_LOST = re.compile(r"(?:^|[\s(,;“\"-])\??[^\W\d_]+(?:\?[^\W\d_]+)+(?=$|[\s),.;:’”'\"-])")
"""A question mark between two letters of a word."""


def mojibake_in(text: str) -> str | None:
    """Return what a text was before it was read in a wrong encoding, or None if it seems sound.

    “MÄori”, “TaupÅ” and “St Josephâ€™s” are UTF-8 that was taken for Windows-1252.
    """
    if text.isascii():
        return None
    was = text
    for _ in range(_TIMES):
        was = _SPOILT.sub(_undone, was)
    was = _CUT.sub(lambda found: _CUT_MEANS[found[0]], was)
    return None if was == text else was


def letters_lost_in(text: str) -> bool:
    """Whether a letter of a text seems lost: “M?ori”, or the sign for a letter that is none."""
    return "\ufffd" in text or ("?" in text and _LOST.search(text) is not None)


def _undone(found: re.Match[str]) -> str:
    try:
        letter = bytes(map(_BYTES.__getitem__, found[0])).decode()
    except UnicodeDecodeError:
        return found[0]
    return letter if letter in _PLAUSIBLE else found[0]


@dataclass
class SpoiltTexts:
    """Gathers the spoilt texts of a file; each column that has some becomes one problem."""

    report: Report
    _found: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By column and kind: where the first is, and what it is."""
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def look(self, where: str, column: str, text: str) -> None:
        """Look at a text as it stands in the file, before anything in it is tidied away."""
        if (was := mojibake_in(text)) is not None:
            what = f"{_clean(text)} is probably {shown(was)}, which was read in a wrong encoding"
            self._keep(where, column, "mojibake", what)
        elif letters_lost_in(text):
            self._keep(where, column, "lost", f"{_clean(text)} seems to have lost a letter")

    def say(self) -> None:
        """Report what was found."""
        for (column, kind), (where, what) in self._found.items():
            more = self._counts[column, kind] - 1
            place = f"{where}, column {shown(column)}" + (f"; and {more:,} more" if more else "")
            self.report.problem(place, what, "taken as it stands: save the source again in UTF-8")
        self._found.clear()

    def _keep(self, where: str, column: str, kind: str, what: str) -> None:
        self._found.setdefault((column, kind), [where, what])
        self._counts[column, kind] = self._counts.get((column, kind), 0) + 1


def _clean(text: str) -> str:
    """Return a text shown, without the controls that its wrong letters may be."""
    return shown("".join(c for c in text if not 0x80 <= ord(c) < 0xA0))
