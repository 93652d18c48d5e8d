"""The match of an address: whether what was typed is wholly this road and the places it lies in.

A text is wholly an address where its first words are the road's whole name, its type included, and
the others fall without rest into whole names of suburb, town, district and region, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from catchments.core.model import MatchKind
from catchments.core.text_folding import folded, words_of
from catchments.lookup.search.abbreviations import SHORT

Words = Sequence[str]
Near = Mapping[str, Sequence[str]]
"""For a word that may have a slip, the words that it may stand for."""

_NORTH = {
    "northland": "far north, whangarei, kaipara",
    "auckland": "auckland",
    "waikato": "thames coromandel, hauraki, waikato, matamata piako, hamilton, waipa, otorohanga, "
    "south waikato, waitomo, taupo, rotorua, rotorua lakes",
    "bay of plenty": "western bay of plenty, tauranga, rotorua, rotorua lakes, whakatane, kawerau, "
    "opotiki, taupo",
    "gisborne": "gisborne",
    "tairawhiti": "gisborne",
    "hawkes bay": "wairoa, hastings, napier, central hawkes bay, taupo, rangitikei",
    "taranaki": "new plymouth, stratford, south taranaki",
    "manawatu whanganui": "ruapehu, whanganui, rangitikei, manawatu, palmerston north, tararua, "
    "horowhenua, stratford, waitomo, taupo",
    "wellington": "kapiti coast, porirua, upper hutt, lower hutt, wellington, masterton, "
    "carterton, south wairarapa, tararua",
}
_SOUTH = {
    "tasman": "tasman",
    "nelson": "nelson",
    "marlborough": "marlborough",
    "west coast": "buller, grey, westland",
    "canterbury": "kaikoura, hurunui, waimakariri, christchurch, selwyn, ashburton, timaru, "
    "mackenzie, waimate, waitaki",
    "otago": "waitaki, central otago, queenstown lakes, dunedin, clutha",
    "southland": "southland, gore, invercargill",
}
"""The districts that lie in each region, wholly or in part.

Source: Stats NZ, the geographic hierarchy of territorial authorities and regional councils.
"""


def _by_region() -> dict[str, frozenset[str]]:
    found = {region: frozenset(listed.split(", ")) for region, listed in (_NORTH | _SOUTH).items()}
    found["manawatu"] = found["manawatu whanganui"]
    found["north island"] = frozenset().union(*(found[region] for region in _NORTH))
    found["south island"] = frozenset().union(*(found[region] for region in _SOUTH))
    return found


_DISTRICTS = _by_region()
_LOOSE, _WIDER, _OWN = range(3)
_AS_A_TOWN = frozenset(["auckland", "gisborne", "nelson", "wellington"])
_AFTER_DISTRICT = (" district", " city", " territory")
REGIONS = tuple(tuple(name.split()) for name in _DISTRICTS)
"""What an address may end with beyond its town, folded."""
TOWNS_TOO = frozenset((name,) for name in _AS_A_TOWN)
"""Of these the ones that a town is called as well."""


def is_in(district: str, region: str) -> bool:
    """Return whether a district lies in a folded region, wholly or in part; yes if not known."""
    return not district or _bare(folded(district)) in _DISTRICTS[region]


def same_word(one: str, other: str) -> bool:
    """Return whether two folded words are one, either shortened: “st” is “street” and “saint”."""
    return one == other or not _meanings(one).isdisjoint(_meanings(other))


@lru_cache(maxsize=4096)
def _meanings(word: str) -> frozenset[str]:
    return frozenset([word, *(full for full, shorts in SHORT.items() if word in shorts)])


@dataclass(frozen=True, slots=True)
class Around:
    """The places that an address lies in, by the words of their names."""

    own: tuple[tuple[str, ...], ...]
    """Its suburb and its town."""
    wider: tuple[tuple[str, ...], ...] = ()
    """Its district and regions; beside one of these it is told from all others of its name."""
    loose: tuple[tuple[str, ...], ...] = ()
    """Of these the ones that a town may be called as well: they count beside suburb or town."""

    @classmethod
    def of(cls, names: Iterable[str], district: str = "") -> Around:
        """Take in the names of suburb and town, and that of their district."""
        own = tuple(words for name in names if (words := words_of(name)))
        return cls(own, *_wider(district))


@lru_cache(maxsize=1024)
def _wider(district: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    name = folded(district)
    if not name:
        return (), ()
    bare = _bare(name)
    regions = [region for region, districts in _DISTRICTS.items() if bare in districts]
    sure = [region for region in regions if region not in _AS_A_TOWN]
    unsure = [bare, *(region for region in regions if region in _AS_A_TOWN)]
    if bare != name:
        sure.append(name)
    parted = [tuple(tuple(each.split()) for each in names) for names in (sure, unsure)]
    return parted[0], parted[1]


def _bare(district: str) -> str:
    return next(
        (district.removesuffix(end) for end in _AFTER_DISTRICT if district.endswith(end)), district
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """How wholly words are a name and the places around it."""

    slips: int
    has_place: bool
    """Whether its suburb or its town is among them."""

    @property
    def match(self) -> MatchKind:
        """Exact, a slip, or only a part."""
        if self.slips == 0:
            return MatchKind.EXACT
        return MatchKind.SLIP if self.slips == 1 else MatchKind.PART


def fit_of(typed: Words, name: Words, around: Around, near: Near) -> Fit | None:
    """Return how typed words are wholly a name and places around it; None where they are not."""
    slips = _slips(typed[: len(name)], name, near)
    if slips is None:
        return None
    return _rest(typed[len(name) :], around, near, slips)


def match_of(typed: Words, name: Words, around: Around, near: Near) -> MatchKind:
    """Return the match of typed words and a name with places around it; a name in other letters
    than Latin ones has no words, and is never typed wholly.
    """
    fit = fit_of(typed, name, around, near) if name else None
    return fit.match if fit else MatchKind.PART


def spelled(words: Words) -> Words:
    """Return the folded words of a road's name as typed ones are compared: “SH 1” in full."""
    return ("state", "highway", *words[1:]) if len(words) > 1 and words[0] == "sh" else words


def _rest(rest: Words, around: Around, near: Near, slips: int) -> Fit | None:
    """Return the best way to part words into names around, each used once."""
    names = [(words, _OWN) for words in around.own]
    names += [(words, _WIDER) for words in around.wider]
    names += [(words, _LOOSE) for words in around.loose]
    found = [
        Fit(slips + more, standing == _OWN)
        for more, standing, needs in _ways(tuple(rest), tuple(names), near)
        if standing == _OWN or not needs
    ]
    return min(found, key=lambda fit: (fit.slips, not fit.has_place), default=None)


def _ways(
    rest: tuple[str, ...], names: tuple[tuple[tuple[str, ...], int], ...], near: Near
) -> Iterable[tuple[int, int, bool]]:
    """Yield for each way to part words their slips, best standing, and whether one is loose."""
    if not rest:
        yield 0, 0, False
        return
    for at, (words, standing) in enumerate(names):
        if len(words) > len(rest):
            continue
        slips = _slips(rest[: len(words)], words, near)
        if slips is None:
            continue
        left = names[:at] + names[at + 1 :]
        for more, best, needs in _ways(rest[len(words) :], left, near):
            yield slips + more, max(standing, best), needs or standing == _LOOSE


def _slips(typed: Words, name: Words, near: Near) -> int | None:
    """Return how many words have a slip; None where they are not the words of the name."""
    if len(typed) != len(name):
        return None
    slips = 0
    for one, other in zip(typed, name, strict=True):
        if same_word(one, other):
            continue
        if not any(same_word(meant, other) for meant in near.get(one, ())):
            return None
        slips += 1
    return slips
