"""The text of a workbook's cell, as a person sees it so far as that is certain."""

from __future__ import annotations

import re
from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache

from catchments.readers.formats.cells import cell_text

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a workbook writes what XML has no letter for; source: ECMA-376, 22.9.2.19."""
_FORMAT_PART = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|_.|\*.|(.)', re.DOTALL)
"""A literal in quotes, one escaped, a colour or a place, a width, a filler, or what it is."""
_CONDITION = re.compile(r"\[[<>=]")
_SIGNIFICANT = 15
"""Digits that a spreadsheet shows at most; what follows them is left over from reckoning."""
_BIGGEST = 10**15
_LONGEST_FORMAT = 255
"""Characters that a spreadsheet takes; a longer one would be filled in for each cell."""


def seen_text(value: object, number_format: str | None) -> str:
    """Return what a cell with a value shows in its format: zeros that it adds, signs of per cent.

    Where a format leaves something out (decimals, the time of day), the whole value is given.
    """
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, number_format or "General")
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return cell_text(value)


def _number(value: float, number_format: str) -> str:
    if isinstance(value, float):
        value = float(f"{value:.{_SIGNIFICANT}g}")
    plain = cell_text(value)
    if number_format == "General" or len(number_format) > _LONGEST_FORMAT:
        return plain
    if _is_percentage(number_format):
        return f"{(Decimal(plain) * 100).normalize():f}%" if _is_finite(plain) else plain
    pattern = _digits_pattern(number_format)
    if pattern is None or not plain.isdecimal() or abs(value) >= _BIGGEST:
        return plain
    return _in_pattern(plain, pattern)


def _is_finite(plain: str) -> bool:
    return plain.lstrip("-")[:1].isdecimal()


@lru_cache(maxsize=1024)
def _is_percentage(number_format: str) -> bool:
    return any(part[3] == "%" for part in _FORMAT_PART.finditer(_first_section(number_format)))


@lru_cache(maxsize=1024)
def _digits_pattern(number_format: str) -> tuple[tuple[str, str], ...] | None:
    """Return the parts of a format such as 0000 or 0## ### ####, or None where it is another.

    Each is "digit" with 0 or # or "literal" with its text.
    """
    if _CONDITION.search(number_format):
        return None
    parts: list[tuple[str, str]] = []
    for found in _FORMAT_PART.finditer(_first_section(number_format)):
        quoted, escaped, bare = found.groups()
        if quoted is not None or escaped is not None:
            parts.append(("literal", quoted if quoted is not None else escaped))
        elif bare in ("0", "#"):
            parts.append(("digit", bare))
        elif bare is not None and bare in " -()+":
            parts.append(("literal", bare))
        elif bare is not None:
            return None
    zeros = sum(part == ("digit", "0") for part in parts)
    return tuple(parts) if zeros > 1 or (zeros and len(parts) > zeros) else None


def _first_section(number_format: str) -> str:
    """Return what a format says of positive numbers."""
    for found in _FORMAT_PART.finditer(number_format):
        if found[3] == ";":
            return number_format[: found.start()]
    return number_format


def _in_pattern(digits: str, pattern: tuple[tuple[str, str], ...]) -> str:
    left = list(digits)
    places = sum(kind == "digit" for kind, _ in pattern)
    made: list[str] = []
    for kind, text in reversed(pattern):
        if kind == "literal":
            made.append(text)
            continue
        places -= 1
        if not places:
            made.append("".join(left) or ("0" if text == "0" else ""))
        elif left:
            made.append(left.pop())
        elif text == "0":
            made.append("0")
    return "".join(reversed(made))
