"""The names that an edition brings: its catchments, education regions and providers, with codes.

A few hundred names, indexed once for an edition; what is found says how it was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import or_

from catchments.core.errors import first_of
from catchments.core.model import Catchment, Edition, MatchKind, NamedPlace, PlaceKind
from catchments.core.text_folding import LONGEST_TEXT, education_region, folded, words_of
from catchments.lookup.search.abbreviations import forms, key
from catchments.lookup.search.index import WordIndex, by_every, members
from catchments.lookup.search.slips import SHORTEST_WORD, one_slip_from
from catchments.lookup.search.typed_text import TypedText

ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "Tai Tokerau": ("Te Tai Tokerau", "Northland"),
    "Tāmaki Herenga Tāngata": ("Auckland", "Tāmaki Makaurau"),
    "Tāmaki Herenga Manawa": ("Auckland", "Tāmaki Makaurau"),
    "Tāmaki Herenga Waka": ("Auckland", "Tāmaki Makaurau"),
    "Hawke's Bay, Tairāwhiti": ("Gisborne",),
    "Nelson, Marlborough, West Coast": ("Tasman",),
}
"""What else people call an education region, beside its name and each part of it between commas.

From the Ministry's school directory of 25 September 2021, columns Regional_Council and
Education_Region: all schools of the regional councils of Northland, Gisborne, Tasman and Auckland
are in these education regions (Auckland was one then). “Te Tai Tokerau” and “Tāmaki Makaurau”: Te
Mahau, the Ministry's own regional arm, of Te Tai Raro, its northern third.
"""
TOWNS_TOO = frozenset(["auckland", "gisborne", "nelson", "wellington", "whanganui"])
"""Names of regions, folded, that are first of all a town's: whoever means the region says so."""
KIND_WORDS: Mapping[str, PlaceKind] = {
    "catchment": PlaceKind.CATCHMENT,
    "provider": PlaceKind.PROVIDER,
    "region": PlaceKind.REGION,
    "rohe": PlaceKind.REGION,
}
"""Words that may follow a name to say what is meant."""
NAMED_WITHIN = 3
"""Catchments that a list shows beside a provider: “Ahi, Rimu, Tōtara and 4 more”."""

_Look = Callable[[Sequence[str]], int]
"""Finds entries by words."""


@dataclass(frozen=True)
class _Entry:
    """One that may be meant, and every name that means it whole."""

    named: NamedPlace
    names: tuple[str, ...]
    """Its own first."""
    only_as_region: tuple[str, ...] = ()
    """Those that mean it only where “region” follows."""

    @property
    def as_listed(self) -> tuple[str, ...]:
        """Its names, and its own with what a list shows beside it: picking it there types both."""
        within = self.named.within
        return (*self.names, f"{self.named.name}, {within}") if within else self.names

    @property
    def regional(self) -> tuple[str, ...]:
        """The names of a region where “region” follows; of another none."""
        is_region = self.named.kind is PlaceKind.REGION
        return self.names + self.only_as_region if is_region else ()


@dataclass(frozen=True)
class EditionNames:
    """Catchments, regions and providers of one edition, so that a text can be looked for in them.

    Sets of entries are integers, bit n for entry n.
    """

    entries: tuple[NamedPlace, ...]
    """Catchments, then regions, then providers, each by name."""
    of_kind: Mapping[PlaceKind, int]
    codes: Mapping[str, int]
    """By code, folded."""
    keys: WordIndex
    """By the key of a whole name, alone and with what is shown beside it."""
    region_keys: WordIndex
    """Regions by the keys of all their names, those too that are a town's."""
    spaceless: Mapping[str, int]
    """By the key of a name without its spaces."""
    words: WordIndex
    """By the words of the names, in all their forms."""
    around: WordIndex
    """By these and the words of what is shown beside them."""

    @classmethod
    def of(cls, edition: Edition) -> EditionNames:
        """Index the names of an edition."""
        found = [*_catchments(edition), *_regions(edition), *_providers(edition)]
        kinds = [entry.named.kind for entry in found]
        return cls(
            entries=tuple(entry.named for entry in found),
            of_kind={
                kind: sum(1 << at for at, each in enumerate(kinds) if each is kind)
                for kind in KIND_WORDS.values()
            },
            codes=WordIndex.of([folded(entry.named.code)] for entry in found).bits,
            keys=WordIndex.of(map(_key, entry.as_listed) for entry in found),
            region_keys=WordIndex.of(map(_key, entry.regional) for entry in found),
            spaceless=WordIndex.of(map(_spaceless, entry.names) for entry in found).bits,
            words=WordIndex.of(_forms(*each.names, *each.regional) for each in found),
            around=WordIndex.of(_forms(*each.as_listed, *each.regional) for each in found),
        )

    def named(self, typed: TypedText, *, at_most: int) -> list[NamedPlace]:
        """Return the catchments, regions and providers that a text may mean, best first.

        Exact: the text is wholly a name or a code, without case or macrons; “catchment”,
        “provider” or “region” may follow and then only such are meant. Then names that are one
        slip away, then names with a word for each that was typed, which may just be begun.
        """
        words = _without_the(typed.words)
        if not words:
            return []
        tiers = (
            (MatchKind.EXACT, self._exact(words)),
            (MatchKind.SLIP, self._read(self._slipped, words)),
            *((MatchKind.PART, bits) for bits in self._parts(words)),
        )
        return list(islice(self._in_order(tiers), at_most))

    def _in_order(self, tiers: Iterable[tuple[MatchKind, int]]) -> Iterator[NamedPlace]:
        seen = 0
        for match, bits in tiers:
            for at in members(bits & ~seen):
                yield replace(self.entries[at], match=match)
            seen |= bits

    # --- readings: sets of entries --------------------------------------------------------------

    def _read(self, look: _Look, words: Sequence[str]) -> int:
        """Return what words find, and what they find of the kind that the last of them names."""
        kind = KIND_WORDS.get(words[-1])
        if kind is None or len(words) == 1:
            return look(words)
        return look(words) | look(words[:-1]) & self.of_kind[kind]

    def _exact(self, words: Sequence[str]) -> int:
        found = self._read(self._whole, words)
        if KIND_WORDS.get(words[-1]) is PlaceKind.REGION and len(words) > 1:
            found |= self._of_key(self.region_keys, words[:-1])
        return found

    def _whole(self, words: Sequence[str]) -> int:
        return self.codes.get(" ".join(words), 0) | self._of_key(self.keys, words)

    def _of_key(self, keys: WordIndex, words: Sequence[str]) -> int:
        """Return the entries of a key: two names may have one, so the words are compared too."""
        found = keys.whole(key(words))
        for word in words if found else ():
            found &= self.around.whole(word)
        return found

    def _slipped(self, words: Sequence[str]) -> int:
        typed = key(words).replace(" ", "")
        if len(typed) < SHORTEST_WORD:
            return 0
        near = one_slip_from(typed, tuple(self.spaceless))
        meant = [name for name in near if _digits(name) == _digits(typed)]
        return reduce(or_, (self.spaceless[name] for name in meant), 0)

    def _parts(self, words: Sequence[str]) -> tuple[int, int]:
        """Return what begins with the words, then what has them all, each begun."""
        begun = self._read(self._begun, words)
        code = " ".join(words)
        of_code = (bits for each, bits in self.codes.items() if each.startswith(code))
        coded = reduce(or_, of_code, 0) if len(code) > 1 else 0
        return begun, coded | self._read(self._having, words)

    def _begun(self, words: Sequence[str]) -> int:
        return self.keys.beginning(key(words)) & self._having(words)

    def _having(self, words: Sequence[str]) -> int:
        return by_every(self.words.beginning, words)


# --- what there is --------------------------------------------------------------------------------


def _catchments(edition: Edition) -> Iterator[_Entry]:
    for each in _by_name(edition.catchments.values()):
        named = NamedPlace(
            PlaceKind.CATCHMENT,
            each.name,
            within=each.education_region,
            catchment_codes=(each.code,),
            code=each.code,
        )
        yield _Entry(named, (each.name,))


def _regions(edition: Edition) -> Iterator[_Entry]:
    inside: dict[str, list[Catchment]] = {}
    for each in _by_name(edition.catchments.values()):
        if folded(each.education_region):
            inside.setdefault(folded(each.education_region), []).append(each)
    for region in sorted(inside):
        written = inside[region][0].education_region
        name = education_region(written) or written
        codes = tuple(each.code for each in inside[region])
        named = NamedPlace(PlaceKind.REGION, name, catchment_codes=codes)
        parts = [part.strip() for part in name.split(",")]
        names = list(dict.fromkeys([name, *parts, *ALSO_CALLED.get(name, ())]))
        towns = tuple(each for each in names if folded(each) in TOWNS_TOO)
        yield _Entry(named, tuple(n for n in names if n not in towns), towns)


def _providers(edition: Edition) -> Iterator[_Entry]:
    served: dict[str, list[Catchment]] = {}
    for each in _by_name(edition.catchments.values()):
        served.setdefault(each.provider_code or "", []).append(each)
    for provider in sorted(edition.providers.values(), key=lambda p: (folded(p.name), p.code)):
        its = served.get(provider.code, [])
        named = NamedPlace(
            PlaceKind.PROVIDER,
            provider.name,
            within=first_of([each.name for each in its], NAMED_WITHIN),
            catchment_codes=tuple(each.code for each in its),
            code=provider.code,
        )
        yield _Entry(named, (provider.name,))


def _by_name(catchments: Iterable[Catchment]) -> list[Catchment]:
    return sorted(catchments, key=lambda each: (folded(each.name), each.code))


# --- words of names, cut as texts are -------------------------------------------------------------


def _words(name: str) -> tuple[str, ...]:
    return _without_the(words_of(name[:LONGEST_TEXT]))


def _without_the(words: tuple[str, ...]) -> tuple[str, ...]:
    return words[1:] if words[0:1] == ("the",) and len(words) > 1 else words


def _key(name: str) -> str:
    return key(_words(name))


def _spaceless(name: str) -> str:
    return _key(name).replace(" ", "")


def _forms(*names: str) -> frozenset[str]:
    return frozenset[str]().union(*(forms(_words(name)) for name in names))


def _digits(text: str) -> str:
    """Return the digits of a name: a slip makes no “Area 2” of “Area 1”."""
    return "".join(filter(str.isdigit, text))
