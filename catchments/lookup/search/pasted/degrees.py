"""Latitude and longitude as people write them: decimal degrees, or degrees, minutes and seconds.

A text is taken apart into marks; what kinds of marks follow each other is compared with the few
orders that are known, so that a house number or a telephone number is never taken for a place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catchments.lookup.search.pasted.spots import ROUGH, UNREADABLE, Given, Pasted, spot_of

_MOST_MARKS = 24
_LONGEST = 120
"""Characters of a text that can be two coordinates; one with every mark written out has 90."""
_PLAIN = 3
"""Decimal places by which two bare numbers are coordinates, wherever they lie."""

_MARK = re.compile(
    r"""\ *(?:
    (?P<N>[+-]?\ ?[0-9]{1,3}(?:\.[0-9]{1,20})?(?![0-9.]))
    |"?(?P<L>lat(?:itude)?|lng|lon(?:g(?:itude)?)?)(?![a-z])"?\ ?[:=]?
    |(?P<d>°|\u030a|deg(?:rees?|s)?(?![a-z])|(?<=[0-9])o(?![a-z]))
    |(?P<s>["”“]|['’‘′]{2}|\u0301\ ?\u0301|sec(?:onds?|s)?(?![a-z]))
    |(?P<m>['’‘′`ʹʼ\u0301]|min(?:utes?|s)?(?![a-z]))
    |(?P<H>(?:north|south|east|west|[nsew])(?![a-z]))
    |(?P<c>[,;/|&])
    |(?P<bracket>[()\[\]{}])
    )""",
    re.VERBOSE,
)
_TITLE = re.compile(
    r"(?:gps ?|map ?)?(?:co-?ordinates?|coords?|gps|location|position|point|wgs ?84)(?![a-z]) ?:? ?"
)
_DECIMAL_COMMAS = re.compile(
    r"([+-]?[0-9]{1,3}),([0-9]{2,9})[ ;/]{1,3}([+-]?[0-9]{1,3}),([0-9]{2,9})"
)
_HYPHENS = str.maketrans(dict.fromkeys("−‐‑‒–—", "-"))

_BEFORE = ("L?H?Nd?", "L?H?Nd?Nm?", "L?H?Nd?Nm?Ns?")
_AFTER = ("L?Nd?H?", "L?Nd?Nm?H?", "L?Nd?Nm?Ns?H?")
_PAIRS = tuple(re.compile(f"({each})c?({each})") for each in (*_BEFORE, *_AFTER))
"""Two angles of one style: what one has, the other must have as well, or it was cut off."""


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: str
    text: str
    glued: bool
    """Whether it follows a digit without a blank between."""


@dataclass(frozen=True, slots=True)
class _Angle:
    marks: Sequence[_Mark]

    @property
    def numbers(self) -> list[str]:
        """Degrees, minutes and seconds, as far as there are."""
        return [mark.text for mark in self.marks if mark.kind == "N"]

    @property
    def axis(self) -> str:
        """The axis that its letter says, else its label; empty without."""
        said = [mark.text[:3] for mark in self.marks if mark.kind in "HL"]
        return _AXES[said[-1][: 1 if said[-1] not in _AXES else 3]] if said else ""

    @property
    def letter(self) -> str:
        """The first letter of the point of the compass; empty without."""
        return next((mark.text[0] for mark in self.marks if mark.kind == "H"), "")

    @property
    def kinds(self) -> str:
        """The kinds of its marks but for the label's."""
        return "".join(mark.kind for mark in self.marks if mark.kind != "L")

    @property
    def places(self) -> int:
        """Decimal places of its last number."""
        return len(self.numbers[-1].partition(".")[2])


_AXES = {
    **dict.fromkeys(("n", "s", "lat"), "lat"),
    **dict.fromkeys(("e", "w", "lng", "lon"), "lng"),
}


def read_degrees(text: str) -> Pasted | None:
    """Return the place that a tidied text gives as latitude and longitude; None if it gives none.

    Two bare numbers are taken for a place if both have decimals or one has a minus sign, and only
    in New Zealand unless they are plainly coordinates.
    """
    marks = _marks(_plain(text)) if len(text) <= _LONGEST and any(map(str.isdigit, text)) else None
    if not marks:
        return None
    pair = _pair(marks)
    if pair is None:
        return UNREADABLE if _look_like_two(marks) else None
    plain = _is_plain(pair)
    given = _given(pair)
    if given is None:
        return UNREADABLE if plain else None
    found = spot_of(given)
    return found if plain or found.named or found is ROUGH else None


def _look_like_two(marks: Sequence[_Mark]) -> bool:
    """Whether marks that are no pair, perhaps cut off, are plainly meant for one."""
    decimals = [len(mark.text.partition(".")[2]) for mark in marks if mark.kind == "N"]
    degree_signs = sum(mark.kind == "d" for mark in marks)
    return degree_signs > 1 or sum(each >= _PLAIN for each in decimals) > 1


def _pair(marks: Sequence[_Mark]) -> tuple[_Angle, _Angle] | None:
    """Return the two angles that marks are, where they are anything like it."""
    kinds = "".join(mark.kind for mark in marks)
    pairs = (match for each in _PAIRS if (match := each.fullmatch(kinds)))
    for match in pairs:
        pair = _Angle(marks[: match.end(1)]), _Angle(marks[match.start(2) :])
        if pair[0].kinds == pair[1].kinds and _may_be(pair):
            return pair
    return None


def _plain(text: str) -> str:
    """Return a text in small letters, without what it calls itself, with points for decimals."""
    lowered = text.casefold().translate(_HYPHENS).rstrip(" .,;")
    title = _TITLE.match(lowered)
    untitled = lowered[title.end() :] if title else lowered
    commas = _DECIMAL_COMMAS.fullmatch(untitled)
    return "{}.{} {}.{}".format(*commas.groups()) if commas else untitled


def _marks(lowered: str) -> list[_Mark] | None:
    """Return the marks that a text consists of, without brackets; None for anything else."""
    found: list[_Mark] = []
    at = 0
    while at < len(lowered):
        match = _MARK.match(lowered, at)
        if match is None or match.lastgroup is None or len(found) == _MOST_MARKS:
            return None
        kind = match.lastgroup
        start = match.start(kind)
        glued = start > 0 and lowered[start - 1].isdigit()
        if kind != "bracket":
            found.append(_Mark(kind, match[kind].replace(" ", ""), glued))
        at = match.end()
    return found


def _may_be(pair: tuple[_Angle, _Angle]) -> bool:
    """Whether anything beside the numbers themselves says that they are coordinates."""
    first = pair[0]
    if any(mark.glued for angle in pair for mark in angle.marks if mark.kind == "N"):
        return False  # such as 30-175
    if first.kinds != "N" * len(first.numbers) or first.axis:
        return True
    if len(first.numbers) > 1:
        return first.numbers[0].startswith("-")
    has_point = ["." in angle.numbers[0] for angle in pair]
    return all(has_point) or any("-" in angle.numbers[0] for angle in pair)


def _is_plain(pair: tuple[_Angle, _Angle]) -> bool:
    """Whether it is coordinates wherever it lies, so that one is told what is wrong with them."""
    marked = "d" in pair[0].kinds or any(mark.kind == "L" for mark in pair[0].marks)
    return marked or all(len(a.numbers) == 1 and a.places >= _PLAIN for a in pair)


def _given(pair: tuple[_Angle, _Angle]) -> Given | None:
    """Return two angles in degrees; None where minutes or letters cannot be so."""
    first, second = pair
    unit, degrees, degrees_2 = _unit(pair), _degrees(first), _degrees(second)
    if unit is None or degrees is None or degrees_2 is None:
        return None
    if first.axis and first.axis == second.axis:
        return None
    return Given(
        degrees,
        degrees_2,
        unit=unit,
        longitude_first=first.axis == "lng",
        signed=bool(first.letter),
        places=min(5, max(first.places, second.places)) if len(first.numbers) == 1 else 5,
    )


def _degrees(angle: _Angle) -> float | None:
    whole, *parts = angle.numbers
    if "." in "".join(angle.numbers[:-1]) or any(part[0] in "+-" for part in parts):
        return None
    sizes = [float(part) for part in (whole.lstrip("+-"), *parts)]
    size = sum(part / 60.0**n for n, part in enumerate(sizes))
    if any(part >= 60 for part in sizes[1:]):
        return None
    minus = whole.startswith("-")
    if minus and angle.letter in ("n", "e"):
        return None  # which of the two counts?
    return -size if minus or angle.letter in ("s", "w") else size


def _unit(pair: tuple[_Angle, _Angle]) -> float | None:
    """Return the degrees by which a place may differ from what is written.

    Half of the last digit's worth; all of it, of the one that has fewer digits, where they differ:
    programs drop naughts at the end, and what was pasted may have been cut off.
    """
    fewer, more = sorted(angle.places for angle in pair)
    parts = len(pair[0].numbers)
    if fewer < more and not fewer and parts > 1:
        return None  # a digit of the whole number may be gone
    last = 10.0**-fewer / 60.0 ** (parts - 1)
    return last if fewer < more else last / 2
