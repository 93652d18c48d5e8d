"""Words of an address that are neither road nor place: mail, units, lots, highways, ends.

A text is a list of tokens here: its folded words, and what parts them where that tells something.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catchments.core.text_folding import folded
from catchments.lookup.search.abbreviations import ROAD_TYPES
from catchments.lookup.search.addresses.match import REGIONS
from catchments.lookup.search.typed_text import TypedText

COMMA, SLASH, DASH, AND = ",", "/", "-", "&"
MARKS = frozenset([COMMA, SLASH, DASH, AND])
BETWEEN_ROADS = frozenset([AND, "and", SLASH])
CORNERS = frozenset(["cnr", "corner", "cor", "crn"])
UNIT_WORDS = (
    *("apartment", "apt", "flat", "floor", "level", "lvl", "room"),
    *("shop", "ste", "suite", "unit", "villa"),
)
"""What stands before the number of a part of a building."""

_STOREYS = frozenset(["floor", "level", "lvl"])
_PART_WORDS = frozenset([*UNIT_WORDS, "lot"])
_SEPARATOR = re.compile(r"([,;|()/\\&–—-])")
_MARK = dict.fromkeys(",;|()", COMMA) | dict.fromkeys("/\\", SLASH) | dict.fromkeys("–—-", DASH)
_NUMBER = re.compile(r"([0-9]{1,6})((?!st|nd|rd|th)[a-z]{0,2})")
_UNIT = re.compile(r"[0-9]{1,5}[a-z]?|[a-z][0-9]{0,4}")
_BEFORE_SLASH = re.compile(r"[uf]?([0-9a-z]{1,5})")
_ORDINAL = re.compile(r"[0-9]{1,2}(?:st|nd|rd|th)|ground|first|second|third|fourth|fifth")
_POSTCODE = re.compile(r"[0-9]{4}")
_ROUND = re.compile(r"[0-9]{1,3}[a-z]?")
_HIGHWAY = re.compile(r"[0-9]{1,3}[a-z]?")
_NUMERALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FIGURES = {word: str(n) for n, word in enumerate(_NUMERALS, start=1)}
_NUMBER_SIGNS = frozenset(["no", "nos", "number", "num"])
_NUMBERED = frozenset(["box", "bag", "highway", "no", "number", DASH, SLASH])
_COUNTRIES = (["aotearoa", "new", "zealand"], ["new", "zealand"], ["nz"], ["aotearoa"])
_HIGHWAY_WORDS = frozenset(["highway", "hwy"])
_STATE_WORDS = frozenset(["state", "st"])

_MAIL_WORDS = frozenset(
    [
        *("r", "rural", "p", "po", "pobox", "post", "box", "freepost", "community"),
        *("private", "pvt", "bag"),
    ]
)
"""What a run, a box or a bag begins with, beside “rd”."""

Tokens = Sequence[str]


def as_number(word: str) -> tuple[int, str] | None:
    """Return a street number and its letters, in capitals, or None where a word is none."""
    match = _NUMBER.fullmatch(word)
    return (int(match[1]), match[2].upper()) if match else None


def tokens_of(typed: TypedText) -> list[str]:
    """Return the words of a text and the marks between them; a hyphen in a name is none."""
    pieces = _SEPARATOR.split(typed.text)
    if len(pieces) == 1:
        return list(typed.words)
    found: list[str] = []
    for at, piece in enumerate(pieces):
        if at % 2:
            found.append(_MARK.get(piece, AND))
        else:
            found += folded(piece).split()
    return [word for at, word in enumerate(found) if word != DASH or _is_range(found, at)]


def _is_range(tokens: Tokens, at: int) -> bool:
    before, after = tokens[max(at - 1, 0) : at], tokens[at + 1 : at + 2]
    return all(as_number(word) for word in (*before, *after)) and bool(before and after)


def tidied(tokens: Tokens) -> list[str]:
    """Return tokens without commas at either end and without two in a row."""
    kept: list[str] = []
    for word in tokens:
        if word != COMMA or kept[-1:] not in ([], [COMMA]):
            kept.append(word)
    return kept[:-1] if kept[-1:] == [COMMA] else kept


# --- highways -------------------------------------------------------------------------------------


def with_highways(tokens: Tokens) -> list[str]:
    """Return tokens with every spelling of a state highway spelled out: “S.H.1”, “St Hwy One”."""
    if not any(word[:1] in {"s", "h"} for word in tokens):
        return list(tokens)
    found: list[str] = []
    at = 0
    while at < len(tokens):
        length, spelled = _highway_at(tokens, at) or (1, [tokens[at]])
        found += spelled
        at += length
    return found


def _highway_at(tokens: Tokens, at: int) -> tuple[int, list[str]] | None:
    length, joined = _highway_word(tokens, at)
    if joined:
        return length, ["state", "highway", joined]
    if not length:
        return None
    skipped = int(tokens[at + length : at + length + 1] != [] and _is_sign(tokens[at + length]))
    number = next(iter(tokens[at + length + skipped : at + length + skipped + 1]), "")
    number = _FIGURES.get(number, number)
    if not _HIGHWAY.fullmatch(number):
        return None
    # A “Highway 22” without more is not said to be the state's.
    name = ["highway"] if length == 1 and tokens[at] != "sh" else ["state", "highway"]
    return length + skipped + 1, [*name, number]


def _highway_word(tokens: Tokens, at: int) -> tuple[int, str]:
    """Return how many tokens say “state highway”, and the number that is joined to them."""
    word, following = tokens[at], next(iter(tokens[at + 1 : at + 2]), "")
    if word[:1] not in {"s", "h"}:
        return 0, ""
    if word.startswith("sh") and _HIGHWAY.fullmatch(word[2:]):
        return 1, word[2:]
    if word == "s" and following[:1] == "h" and _HIGHWAY.fullmatch(following[1:]):
        return 2, following[1:]
    if word == "sh" or word in _HIGHWAY_WORDS:
        return 1, ""
    if (word == "s" and following == "h") or (word in _STATE_WORDS and following in _HIGHWAY_WORDS):
        return 2, ""
    return 0, ""


def _is_sign(word: str) -> bool:
    return word in _NUMBER_SIGNS


# --- the end --------------------------------------------------------------------------------------


def without_end(words: Tokens) -> tuple[list[str], str]:
    """Return tokens without the postcode and the country at their end, and that postcode.

    They stay where they are all, or all but a number: “12, New Zealand” may be a road's name yet.
    """
    kept, postcode = list(words), ""
    while 0 < (length := _length_of_end(kept)) < len(kept):
        shorter = tidied(kept[:-length])
        if all(word in MARKS or word.isdigit() for word in shorter):
            break
        postcode = kept[-1] if _POSTCODE.fullmatch(kept[-1]) else postcode
        kept = shorter
    inner = _postcode_within(kept)
    if inner:
        return [*kept[:inner], *kept[inner + 1 :]], kept[inner]
    return kept, postcode


def _postcode_within(tokens: Tokens) -> int:
    """Return where a postcode stands before a region, as in “Kaitaia 0410, Northland”; or 0."""
    last = max((at for at, word in enumerate(tokens) if any(map(str.isdigit, word))), default=0)
    is_one = last > 1 and tokens[last - 1].isalpha() and _is_postcode(tokens, last)
    return last if is_one and tokens[last + 1 : last + 2] == [COMMA] else 0


def _is_postcode(tokens: Tokens, at: int) -> bool:
    """Whether a token is a postcode, and not the number of what stands before it."""
    before = tokens[at - 1] if at else ""
    return bool(_POSTCODE.fullmatch(tokens[at])) and before not in _NUMBERED


def _length_of_end(words: Tokens) -> int:
    if words and _is_postcode(words, len(words) - 1):
        return 1
    return next((len(name) for name in _COUNTRIES if list(words[-len(name) :]) == name), 0)


def region_at_end(words: Tokens, *, after: int) -> tuple[str, ...]:
    """Return the region that words end with, where more than so many words stand before it."""
    ends = (name for name in REGIONS if tuple(words[-len(name) :]) == name)
    return next((name for name in ends if len(words) > len(name) + after), ())


# --- mail -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mail:
    """What of a text says where post goes, and what is left without it."""

    rest: list[str]
    run: str = ""
    box: str = ""
    bag: str = ""
    town: tuple[str, ...] = ()
    is_partial: bool = False
    """Whether there were two towns to choose from."""

    @classmethod
    def parted_from(cls, tokens: Tokens) -> Mail:
        """Part rural delivery, boxes and bags from an address, and the town that follows them."""
        rest, found = list(tokens), {"run": "", "box": "", "bag": ""}
        town: tuple[str, ...] = ()
        is_partial = False
        at = 0
        while at < len(rest):
            kind, length = _mail_at(rest, at)
            if not kind:
                at += 1
                continue
            found[kind] = " ".join(w for w in rest[at : at + length] if w not in MARKS)
            before, after = rest[:at], rest[at + length :]
            named, after = _town_after(after)
            if not named and (not after or not _has_number(before)):
                before, named = _town_before(before, alone=not after)
            is_partial |= bool(town and named and town != named)
            town = named or town
            rest, at = [*before, COMMA, *after] if after else before, len(before)
        return cls(tidied(rest), **found, town=town, is_partial=is_partial)


def _mail_at(tokens: Tokens, at: int) -> tuple[str, int]:
    """Return whether a run, a box or a bag begins at a token, and how many tokens it has."""
    if tokens[at] not in _MAIL_WORDS and not tokens[at].startswith("rd"):
        return "", 0
    boxes = (_box_at(kind, tokens, at) for kind in _OF_BOXES)
    for kind, length in (_run_at(tokens, at), *boxes):
        if length:
            return kind, length
    return "", 0


def _run_at(tokens: Tokens, at: int) -> tuple[str, int]:
    word, following = tokens[at], next(iter(tokens[at + 1 : at + 2]), "")
    if word.startswith("rd") and _ROUND.fullmatch(word[2:]):
        return "run", 1
    if word == "r" and following.startswith("d") and _ROUND.fullmatch(following[1:]):
        return "run", 2
    if word == "rural" and following in {"delivery", "del", "mail"}:
        return "run", 2 + _length_of_number(tokens, at + 2)
    words = 2 if (word, following) == ("r", "d") else int(word == "rd")
    return "run", _length_of_run(tokens, at, words) if words else 0


def _length_of_run(tokens: Tokens, at: int, words: int) -> int:
    """Return how many tokens a run takes whose name, “rd” or “r d”, has so many; 0 for no run."""
    length = _length_of_number(tokens, at + words)
    if length and (words + length > 2 or _is_surely_run(tokens, at)):
        return words + length
    return words if at > 0 and _is_segment(tokens, at, words) else 0


def _is_surely_run(tokens: Tokens, at: int) -> bool:
    """Whether an “rd 2” is no road's type: it begins a part, or a road was named before it.

    “Smith Rd 12” is a road with its number last, “12 Smith Rd 1” one on a round.
    """
    if at == 0 or tokens[at - 1] == COMMA or not ROAD_TYPES.isdisjoint(tokens[:at]):
        return True
    return at > 1 and _has_number(tokens[: at - 1])


_OF_BOXES = {
    "box": (
        *(["p", "o", "box"], ["post", "office", "box"], ["po", "box"], ["pobox"]),
        *(["community", "mail", "box"], ["freepost"]),
    ),
    "bag": (["private", "mail", "bag"], ["private", "bag"], ["pvt", "bag"], ["p", "bag"]),
}


def _box_at(kind: str, tokens: Tokens, at: int) -> tuple[str, int]:
    given = list(tokens[at : at + 3])
    starts = at == 0 or tokens[at - 1] == COMMA
    length = next((len(n) for n in _OF_BOXES[kind] if given[: len(n)] == n), 0)
    if not length and starts and given[0] == kind:
        return kind, 2 if len(given) > 1 and given[1].isdigit() else 0
    return (kind, length + _length_of_box(tokens, at + length)) if length else ("", 0)


def _length_of_number(tokens: Tokens, at: int) -> int:
    """Return how many tokens the number of a run takes, “No” included."""
    sign = int(at < len(tokens) and _is_sign(tokens[at]))
    following = next(iter(tokens[at + sign : at + sign + 1]), "")
    return sign + 1 if _ROUND.fullmatch(following) else 0


def _length_of_box(tokens: Tokens, at: int) -> int:
    """Return how many tokens the number of a box takes: “12”, “No 12”, “12-345”."""
    sign = int(at < len(tokens) and _is_sign(tokens[at]))
    end = at + sign
    while end < len(tokens) and (tokens[end] == DASH or any(map(str.isdigit, tokens[end]))):
        end += 1
    return end - at


def _is_segment(tokens: Tokens, at: int, length: int) -> bool:
    """Whether some tokens have a comma or an end on either side."""
    before, after = tokens[max(at - 1, 0) : at], tokens[at + length : at + length + 1]
    return all(word == COMMA for word in (*before, *after))


def _has_number(tokens: Tokens) -> bool:
    return any(as_number(word) for word in tokens)


def _town_after(tokens: Tokens) -> tuple[tuple[str, ...], list[str]]:
    """Return the words of the town after a run or a box, and what follows: an address's number."""
    town: list[str] = []
    left = list(tokens)
    while left:
        end = left.index(COMMA) if COMMA in left else len(left)
        segment = [word for word in left[:end] if word not in MARKS]
        if segment and ROAD_TYPES.isdisjoint(segment):  # “0481 Northland”
            segment = [word for word in segment if not _POSTCODE.fullmatch(word)]
        if _has_number(segment) or _mail_at(left, 0)[0] or _names_mail(left[:end]):
            break
        town += segment
        left = left[end + 1 :]
    region = region_at_end(town, after=0)
    return tuple(town[: len(town) - len(region)]), left


def _names_mail(tokens: Tokens) -> bool:
    return any(_mail_at(tokens, at)[0] for at in range(len(tokens)))


def _town_before(tokens: Tokens, *, alone: bool) -> tuple[list[str], tuple[str, ...]]:
    """Return the tokens before a run, and the town that is a part of its own at their end."""
    kept = tidied(tokens)
    ends = [at for at, word in enumerate(kept) if word == COMMA]
    if not ends and alone and _has_number(kept):
        # “12 Smith Road Kaitaia RD 1”
        at = max((at for at, word in enumerate(kept) if word in ROAD_TYPES), default=len(kept)) + 1
        return kept[:at], tuple(kept[at:])
    at = ends[-1] + 1 if ends else 0
    segment = tuple(word for word in kept[at:] if word not in MARKS)
    if _has_number(segment) or not ROAD_TYPES.isdisjoint(segment):
        return kept, ()
    return kept[: max(at - 1, 0)], segment


# --- units, lots, number signs --------------------------------------------------------------------


def without_unit(tokens: Tokens) -> tuple[str, str, list[str]]:
    """Part unit and lot from a text that has a street number; return unit, lot, and what is left.

    A level or a floor is parted as well, but is no unit's number.
    """
    kept, lot, unit = list(tokens), "", ""
    at = 0
    while at < len(kept):
        taken = _part_at(kept, at)
        if not taken:
            at += 1
            continue
        length, kind, value = taken
        lot = value if kind == "lot" else lot
        unit = value if kind == "unit" else unit
        kept[at : at + length] = [COMMA] if at else []
    return unit, lot, tidied(kept)


def _part_at(tokens: Tokens, at: int) -> tuple[int, str, str] | None:
    """Return the length, the kind and the number of a part of a building that begins at a token."""
    word, following, after, *_ = [*tokens[at : at + 3], "", "", ""]
    if following != SLASH and word not in _PART_WORDS and following not in _STOREYS:
        return None
    if following == SLASH and as_number(after) and (value := _BEFORE_SLASH.fullmatch(word)):
        return 2, "unit", value[1]
    begins = at == 0 or tokens[at - 1] == COMMA
    if word == "lot" and begins and after and as_number(following):
        return 4 if after == "dp" else 2, "lot", following
    if not _has_number(tokens[:at]) and not (begins and _has_number(tokens[at + 2 :])):
        return None
    if _ORDINAL.fullmatch(word) and following in _STOREYS:
        return 2, "level", word
    return _unit_at(word, following, after)


def _unit_at(word: str, following: str, after: str) -> tuple[int, str, str] | None:
    if word not in UNIT_WORDS:
        return None
    if following in UNIT_WORDS:  # “Unit Flat 3”: the second one counts
        return 1, "", ""
    if not _UNIT.fullmatch(following) or after in ROAD_TYPES:
        return None
    length = 3 if after == SLASH else 2  # “Unit 3/12”
    return length, "level" if word in _STOREYS else "unit", following


def without_road_beside(tokens: Tokens) -> tuple[list[str], bool]:
    """Return a numbered address without “(cnr Low Street)”, and whether it had such."""
    at = next((at for at, word in enumerate(tokens) if at and word in CORNERS), 0)
    if not at or not _has_number(tokens[:at]):
        return list(tokens), False
    end = next((end for end in range(at, len(tokens)) if tokens[end] == COMMA), 0)
    types = [at for at in range(at + 1, len(tokens)) if tokens[at] in ROAD_TYPES]
    after = end or (types[-1] + 1 if types else at + 1)
    return tidied([*tokens[:at], COMMA, *tokens[after:]]), True


def without_number_sign(tokens: Tokens) -> list[str]:
    """Return tokens without the “No.” before their street number; “No 3 Line” keeps it."""
    kept = list(tokens)
    word = kept[0] if kept else ""
    joined = word[2:] if word.startswith("no") else ""
    if as_number(joined) and _is_no_name(kept[1:2]):
        return [joined, *kept[1:]]
    if _is_sign(word) and len(kept) > 1 and as_number(kept[1]) and _is_no_name(kept[2:3]):
        return kept[1:]
    return kept


def _is_no_name(following: Sequence[str]) -> bool:
    return bool(following) and following[0] not in {"road", "rd", "line"}
