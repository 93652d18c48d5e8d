"""The parts of an address that somebody typed: number, unit, road and places, and what is mail.

Rural delivery, PO boxes and private bags say where post goes: they and the town after them are
parted from where the address is. A text can be read in more than one way: “12 5 Mile Road” has a
number before a numeral, “State Highway 1” has none, and “2 12 High Street” names flat 2. So it is
read in each, likeliest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from catchments.core.text_folding import folded
from catchments.lookup.search.abbreviations import ROAD_TYPES, SHORT
from catchments.lookup.search.addresses import parts
from catchments.lookup.search.addresses.match import TOWNS_TOO
from catchments.lookup.search.addresses.parts import COMMA, DASH, as_number
from catchments.lookup.search.typed_text import TypedText

MOST_WORDS = 12
"""Words of road and place that are looked for; a text with more is never found wholly."""
WIDEST_RANGE = 200

_GROUPS = (("state highway", "sh"), *((full, *shorts) for full, shorts in SHORT.items()))


def _alternatives() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in _GROUPS:
        for word in group:
            found[word] = found.get(word, ()) + tuple(other for other in group if other != word)
    return found


ABBREVIATIONS: Mapping[str, tuple[str, ...]] = _alternatives()
"""For each folded word that is abbreviated or is an abbreviation, the other ways to write it."""

_HIGHWAY_SIDE = re.compile(r"([0-9]{1,3})[a-z]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text; `words` are folded and each stands there once."""

    words: tuple[str, ...]
    number: int | None = None
    suffix: str = ""
    unit: str = ""
    repeated: frozenset[str] = frozenset()
    """Words typed more than once: “Wellington Street, Wellington” names its town too."""
    typed: tuple[str, ...] = ()
    """All words of road and place, in their order."""
    last: int = 0
    """The last number of a range, or 0."""
    is_guess: bool = False
    """Whether a number is taken for a flat's because another follows."""
    region: str = ""
    """A region at the end, which is not among `words`, but is in `typed`."""


@dataclass(frozen=True, slots=True)
class AddressText:
    """What somebody typed, read as an address; all words are folded."""

    typed: TypedText
    numbers: range = range(0)
    """The street number that a road follows; of “12-16” all from 12 to 16; else none."""
    letter: str = ""
    unit: str = ""
    """The flat, shop or suite, such as “2b”."""
    lot: str = ""
    segments: tuple[tuple[str, ...], ...] = ()
    """Words of road and places, parted where a comma parts them, without number and mail."""
    tokens: tuple[str, ...] = ()
    """The same with the number, and with what parts a range."""
    mail_run: str = ""
    """“rd 2”, a delivery round of the country."""
    po_box: str = ""
    private_bag: str = ""
    mail_town: tuple[str, ...] = ()
    """Words of the town that post goes through."""
    postcode: str = ""
    """Four digits at its end."""
    corner: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """The words of two roads that meet; after the second may stand where."""
    is_partial: bool = False
    """Whether something was typed that none of this holds, so that nothing is it wholly."""

    @classmethod
    def of(cls, typed: TypedText | AddressText) -> AddressText:
        """Read a text; what was read already is given back as it is."""
        return typed if isinstance(typed, AddressText) else _read(typed)

    @property
    def text(self) -> str:
        """What was typed, on one line."""
        return self.typed.text

    @property
    def words(self) -> tuple[str, ...]:
        """All words of road and places."""
        return tuple(word for segment in self.segments for word in segment)

    @property
    def is_address(self) -> bool:
        """Whether it begins with a street number that a word follows."""
        return bool(self.numbers)

    @property
    def is_mail(self) -> bool:
        """Whether it says where post goes."""
        return bool(self.mail_run or self.po_box or self.private_bag)

    @property
    def street_number(self) -> str:
        """The number with its letter, as “12” or “12a”; empty without one."""
        return f"{self.numbers[0]}{self.letter}" if self.numbers else ""

    def readings(self) -> list[Reading]:
        """Return the ways to read it, likeliest first; none for one without a word."""
        found: dict[Reading, None] = {}
        variants = list(self._variants())
        for words, last in variants:
            found |= dict.fromkeys(_readings(self.unit, words[:MOST_WORDS], last))
        for words, last in variants:
            region = parts.region_at_end(words, after=int(self.is_address))
            if region and self._may_end_with(region):
                kept = words[: len(words) - len(region)][:MOST_WORDS]
                without = _readings(self.unit, kept, last)
                found |= dict.fromkeys(_in_region(each, region) for each in without)
        return [reading for reading in found if reading.words]

    def _may_end_with(self, region: tuple[str, ...]) -> bool:
        """Whether a region may be meant: “Mount Wellington” is a name, “Mount, Wellington” not."""
        return self.is_address or region not in TOWNS_TOO or region in self.segments[-1:]

    def _variants(self) -> Iterator[tuple[list[str], int]]:
        """Yield the words with a range as its first number, then with both its numbers."""
        tokens = [word for word in self.tokens if word != COMMA]
        if DASH in tokens:
            at = tokens.index(DASH)
            rest = (word for word in tokens[at + 2 :] if word != DASH)
            yield [*tokens[:at], *rest], _number(tokens[at + 1])
        yield [word for word in tokens if word != DASH], 0


def _read(typed: TypedText) -> AddressText:
    tokens, postcode = parts.without_end(parts.with_highways(parts.tokens_of(typed)))
    mail = parts.Mail.parted_from(tokens)
    unit, lot, tokens = parts.without_unit(mail.rest)
    tokens, is_beside = parts.without_road_beside(parts.without_number_sign(tokens))
    corner = None if as_number(next(iter(tokens), "")) else _corner(tokens)
    numbers, letter, after = _leading_number(tokens)
    segments = _segments(after)
    count = sum(map(len, segments))
    return AddressText(
        typed,
        numbers,
        letter,
        unit,
        lot,
        segments,
        tuple(word for word in tokens if word not in parts.MARKS - {COMMA, DASH}),
        mail.run,
        mail.box,
        mail.bag,
        mail.town,
        postcode,
        corner,
        is_partial=typed.is_cut
        or count > MOST_WORDS
        or mail.is_partial
        or is_beside
        or bool(lot and not numbers),
    )


def _segments(tokens: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    found: list[list[str]] = [[]]
    for word in tokens:
        if word == COMMA:
            found.append([])
        elif word not in parts.MARKS:
            found[-1].append(word)
    return tuple(tuple(segment) for segment in found if segment)


def _leading_number(tokens: Sequence[str]) -> tuple[range, str, Sequence[str]]:
    """Return the numbers that a text begins with, their letter and the tokens after them."""
    first = as_number(tokens[0]) if tokens else None
    at = 1
    last = 0
    if first and len(tokens) > 2 and tokens[1] == DASH:
        last, at = _number(tokens[2]), 3
    after = [word for word in tokens[at:] if word not in parts.MARKS]
    if first is None or all(map(str.isdigit, after)):
        return range(0), "", tokens
    number, letters = first
    if not number < last <= number + WIDEST_RANGE:
        last = number
    return range(number, last + 1), letters.casefold(), tokens[at:]


def _number(word: str) -> int:
    return (as_number(word) or (0, ""))[0]


def _corner(tokens: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the words of two roads that meet, where a text names a corner."""
    begins = bool(tokens) and tokens[0] in parts.CORNERS
    kept = list(tokens[1:] if begins else tokens)
    if begins and kept[:1] == ["of"]:
        kept = kept[1:]
    at = next((at for at, word in enumerate(kept) if word in parts.BETWEEN_ROADS), 0)
    first, second = (
        tuple(word for word in half if word not in parts.MARKS)
        for half in (kept[:at], kept[at + 1 :])
    )
    if not at or not first or not second:
        return None
    is_told = kept[at] != "and" or not ROAD_TYPES.isdisjoint(second)
    if begins or (first[-1] in ROAD_TYPES and is_told):
        return _of_one_kind(first, second)
    return None


def _of_one_kind(
    first: tuple[str, ...], second: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give each of “Moa and Kea Streets” its type."""
    plural = next((word for word in second if word[:-1] in ROAD_TYPES and word[-1] == "s"), "")
    if not plural or plural in ROAD_TYPES:
        return first, second
    one = plural[:-1]
    return (*first, one), tuple(one if word == plural else word for word in second)


# --- the ways to read it --------------------------------------------------------------------------


def spellings(word: str) -> tuple[str, ...]:
    """Return a folded word and how else it is written; several words mean all of them."""
    # “1N” may be known as “1”.
    side = _HIGHWAY_SIDE.fullmatch(word) if word[0].isdigit() else None
    return (word, *ABBREVIATIONS.get(word, ()), *(side.groups() if side else ()))


def _readings(unit: str, words: Sequence[str], last: int) -> Iterator[Reading]:
    numbers = [at for at, word in enumerate(words) if as_number(word)]
    if not numbers:
        yield reading_of(words)
    elif numbers[0] == 0:
        yield from _readings_of_leading_number(unit, words, last)
        yield reading_of(words)
    else:
        yield reading_of(words)
        for at in numbers[:-3:-1]:
            yield reading_of([*words[:at], *words[at + 1 :]], words[at], unit, last)


def _readings_of_leading_number(unit: str, words: Sequence[str], last: int) -> Iterator[Reading]:
    first, *rest = words
    if rest and not unit and as_number(rest[0]):
        yield reading_of(rest[1:], rest[0], first, is_guess=True)
    if rest and len(rest[0]) == 1 and rest[0].isalpha() and first.isdigit():
        yield reading_of(rest[1:], first + rest[0], unit)
    yield reading_of(rest, first, unit, last)


def _in_region(reading: Reading, region: tuple[str, ...]) -> Reading:
    return replace(reading, typed=(*reading.typed, *region), region=" ".join(region))


def reading_of(
    words: Sequence[str], number: str = "", unit: str = "", last: int = 0, *, is_guess: bool = False
) -> Reading:
    """Return words of road and place, beside a number or without one, as a reading."""
    joined = " ".join(words).replace("state highway", "state_highway").split()
    units = [word.replace("_", " ") for word in joined]
    once = tuple(reversed(dict.fromkeys(reversed(units))))  # the last word stays the last
    repeated = frozenset(word for word in once if units.count(word) > 1)
    value, suffix = (as_number(number) or (None, "")) if number else (None, "")
    return Reading(once, value, suffix, folded(unit), repeated, tuple(words), last, is_guess)
