"""The searchable names of schools, suburbs and towns, and what a text may mean by them.

What is found comes in tiers, each a set of entries; entries are numbered in the order in which
those of one tier are to be read. Only a text that finds nothing is read more generously.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate, chain, islice
from operator import and_, or_
from types import MappingProxyType
from typing import NamedTuple

from catchments.core.model import (
    Alias,
    FormerName,
    MatchKind,
    NamedPlace,
    Place,
    PlaceKind,
    School,
    SchoolStatus,
)
from catchments.core.text_folding import words_of
from catchments.geometry.coordinates import to_180, to_360
from catchments.lookup.search.abbreviations import forms, key, keys_begun_by
from catchments.lookup.search.addresses.parts import without_end
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.exact.names import ExactNames, Rank
from catchments.lookup.search.exact.places import ExactPlaces
from catchments.lookup.search.exact.words import TYPE_WORDS, undoubled
from catchments.lookup.search.index import WordIndex, by_every, members
from catchments.lookup.search.localities import LocalityEndings, localities_of
from catchments.lookup.search.matching import Judge
from catchments.lookup.search.pasted.contacts import Known, SchoolContacts
from catchments.lookup.search.pasted.postcodes import Postcodes
from catchments.lookup.search.slips import SHORTEST_WORD, Vocabulary, one_slip_from, respaced
from catchments.lookup.search.street_addresses import SchoolAddresses
from catchments.lookup.search.typed_text import TypedText

_MOST_WORDS = 12
"""Words of a text that are looked at."""
_SHORTEST_SLIPPED_NAME = 6
"""Letters of a whole name in which a slip is forgiven whatever the length of its words."""
_FEWEST_TELLING = 2
"""Words of which one may be wrong."""
_KINDS = {"correspondence", "intermediate", "primary", "secondary", "special"}
"""Words of the directory's types of school that people call one by."""
_STATUSES = list(SchoolStatus)

_Tiers = tuple[int, ...]
"""Sets of entries, the best first."""


class _Sections(NamedTuple):
    """Which entries are schools of the directory, suburbs and towns, and former schools."""

    schools: int
    localities: int
    former: int


class Exact(NamedTuple):
    """What a text names wholly."""

    named: tuple[NamedPlace, ...] = ()
    also: tuple[NamedPlace, ...] = ()
    """What bears the same name but for its brackets or its kind, or lies in a place named."""
    by: Mapping[int, str] = {}
    """The earlier name or nickname that was typed, by the number of its school."""
    outranks: bool = False
    """Whether a school's whole name was typed, so that nothing else is meant."""


@dataclass(frozen=True)
class Gazetteer:
    """Schools, suburbs and towns, indexed once, so that a text can be looked for in them."""

    entries: tuple[NamedPlace, ...]
    """Schools, open ones first, then suburbs and towns, then former schools; each alphabetical."""
    sections: _Sections
    names: WordIndex
    """By the words of the name."""
    around: WordIndex
    """By the words of the name and of suburb, town and kind of school."""
    keys: WordIndex
    """By the key of the whole name."""
    full_keys: WordIndex
    """By the key of the name, and of the name with suburb and town after it."""
    spaceless: Mapping[str, int]
    """By the key of the whole name without its spaces."""
    numbers: Mapping[int, int]
    """The entry of each school number."""
    number_texts: tuple[str, ...]
    vocabulary: Vocabulary
    addresses: SchoolAddresses
    endings: LocalityEndings
    whole_names: ExactNames
    whole_places: ExactPlaces
    contacts: SchoolContacts
    postcodes: Postcodes
    former_names: Mapping[int, Sequence[FormerName]]
    """What earlier releases call schools, by school number; the latest name first."""
    aliases: tuple[Alias, ...]
    """What people call schools beside their names."""

    @classmethod
    def of(
        cls,
        schools: Iterable[School],
        *,
        former: Iterable[School] = (),
        former_names: Mapping[int, Sequence[FormerName]] = MappingProxyType({}),
        aliases: Iterable[Alias] = (),
    ) -> Gazetteer:
        """Index the schools of a directory, and those that only earlier releases hold."""
        present = sorted(schools, key=_reading_order)
        numbers = {school.school_id for school in present}
        gone = sorted((s for s in former if s.school_id not in numbers), key=_reading_order)
        localities = localities_of(present)
        entries = (*map(_named, present), *localities, *map(_named, gone))
        name_words = [words_of(entry.name) for entry in entries]
        known_by = [forms(words) for words in name_words]
        around = WordIndex.of(map(_words_around, entries, known_by))
        keys = [key(words) for words in name_words]
        by_number = {
            entry.schools[0].school_id: at
            for at, entry in enumerate(entries)
            if entry.kind is PlaceKind.SCHOOL
        }
        return cls(
            entries,
            _sections(len(present), len(localities), len(gone)),
            names=WordIndex.of(known_by),
            around=around,
            keys=WordIndex.of([name] for name in keys),
            full_keys=WordIndex.of(map(_full_keys, entries, keys)),
            spaceless=WordIndex.of([name.replace(" ", "")] for name in keys).bits,
            numbers=by_number,
            number_texts=tuple(sorted(map(str, by_number))),
            vocabulary=Vocabulary.of(around.words),
            addresses=SchoolAddresses.of(present),
            endings=LocalityEndings.of(localities),
            whole_names=ExactNames.of(entries, _other_names(by_number, former_names, aliases)),
            whole_places=ExactPlaces.of(entries),
            contacts=SchoolContacts.of(present),
            postcodes=Postcodes.of(present),
            former_names=former_names,
            aliases=tuple(aliases),
        )

    def exact(self, typed: TypedText) -> Exact:
        """Return the schools, suburbs and towns that a text names wholly.

        A number, a whole name, a nickname and an earlier name outrank all else.
        """
        if typed.number is not None:
            return self._of_number(typed, typed.number)
        known = self.contacts.named(typed)
        if known and known.match is MatchKind.EXACT:
            return Exact(tuple(self._reached_by(known)))
        postcode = self.postcodes.named(typed)
        if postcode:
            return Exact((postcode,))
        named = self.whole_names.named_by(typed.words)
        best = [each for each in named if each.rank == named[0].rank]
        schools = [self.entries[each.entry] for each in best]
        others = tuple(self.entries[each.entry] for each in named[len(best) :])
        by = {self.entries[n.entry].schools[0].school_id: n.by for n in best if n.by}
        if named and named[0].rank is Rank.WHOLE:
            return Exact(tuple(schools), others, by, outranks=True)
        places = [self.entries[entry] for entry in self.whole_places.named_by(typed.words)]
        members = {school.school_id for place in places for school in place.schools}
        # Whoever types “rangitoto” may mean the town, and as well Rangitoto College, far from it.
        apart = [each for each in schools if each.schools[0].school_id not in members]
        inside = [each for each in schools if each not in apart and each not in places]
        return Exact((*places, *apart), (*inside, *others), by)

    def named_in(self, typed: TypedText, *, at_least: int) -> list[NamedPlace]:
        """Return the schools whose whole name stands among other words, those that lie there first.

        Of the name `at_least` so many words were typed. Their match is part: what else was typed
        may contradict it.
        """
        entries = self.whole_names.named_in(typed.words, at_least=at_least)
        found = [self.entries[entry] for entry in entries]
        words = set(typed.words)
        found.sort(key=lambda each: -len(words & _around(each.schools[0])))
        return [replace(each, match=MatchKind.PART) for each in found]

    def place_of(self, text: str) -> Place | None:
        """Return the middle of the schools of the one suburb or town of a name; None for others."""
        found = [self.entries[entry] for entry in self.whole_places.named_by(words_of(text))]
        places = [s.place for each in found[:1] for s in each.schools if s.place]
        if len(found) != 1 or not places:
            return None
        count = len(places)
        lng = sum(to_360(place.lng) for place in places) / count
        return Place(lng=to_180(lng), lat=sum(place.lat for place in places) / count)

    def _of_number(self, typed: TypedText, number: int) -> Exact:
        """Return the school of a number; “0441” may be a postcode as well, and who knows which."""
        postcode, entry = self.postcodes.named(typed), self.numbers.get(number)
        schools = () if entry is None else (self.entries[entry],)
        postcodes = () if postcode is None else (postcode,)
        if not schools or typed.words[-1].startswith("0"):
            return Exact((*schools, *postcodes))
        return Exact(schools, postcodes)

    def _reached_by(self, known: Known) -> Iterator[NamedPlace]:
        for number in known.school_ids:
            yield replace(self.entries[self.numbers[number]], match=known.match)

    def nearly(self, typed: TypedText, *, at_most: int) -> list[NamedPlace]:
        """Return the schools and places that words but for one of them find, best first."""
        tiers = self._without_one(typed.words[:_MOST_WORDS])
        found = dict.fromkeys(entry for tier in tiers for entry in members(tier))
        near = [self.entries[entry] for entry in islice(found, at_most)]
        return [replace(each, match=MatchKind.PART) for each in near]

    def candidates(
        self, typed: TypedText, *, at_most: int, known: Exact | None = None
    ) -> list[NamedPlace]:
        """Return the schools, suburbs and towns that a text may mean, best first.

        First the school of that number and what is named wholly, then names that begin with the
        text, names with all its words, suburbs and towns, then words spread over a school's name
        and town; former schools follow all others. Each says how the text reaches it. `known` is
        what `exact` gave for it, if that was asked.
        """
        words = typed.words[:_MOST_WORDS]
        found = known or self.exact(typed)
        exact = {id(each): each for each in (*found.named, *found.also)}
        numbered = dict.fromkeys(self._numbered(typed.number, words))
        named = (entry for entry in self._meant(words) if entry not in numbered)
        near = [self.entries[entry] for entry in islice(chain(numbered, named), at_most)]
        listed = {*map(id, near)}
        by = self.contacts.named(typed)
        reached = self._reached_by(by) if by and by.match is not MatchKind.EXACT else ()
        first = [each for each in (*found.named, *reached) if id(each) not in listed]
        judge = Judge.of(typed.words)
        others = [
            each if id(each) in exact else replace(each, match=judge.match(each)) for each in near
        ]
        by_match = sorted((*others, *first), key=lambda each: each.match is not MatchKind.EXACT)
        return by_match[:at_most]

    def at_address(self, typed: TypedText | AddressText, *, at_most: int) -> list[NamedPlace]:
        """Return the schools whose own street address a text gives, in alphabetical order."""
        found = self.addresses.at(typed)[:at_most]
        return [replace(self.entries[entry], match=match) for entry, match in found]

    # --- numbers ----------------------------------------------------------------------------------

    def _numbered(self, number: int | None, words: Sequence[str]) -> Iterator[int]:
        """Yield the school of a number, former or not, then those whose number begins so."""
        if number is not None and number in self.numbers:
            yield self.numbers[number]
        if len(words) == 1 and words[0].isdigit():
            first = bisect_left(self.number_texts, words[0])
            last = bisect_left(self.number_texts, words[0] + ":", first)  # “:” follows “9”
            begun = [self.numbers[int(found)] for found in self.number_texts[first:last]]
            yield from sorted(begun, key=self._by_number)

    def _by_number(self, entry: int) -> tuple[bool, int]:
        return bool(self.sections.former >> entry & 1), self.entries[entry].schools[0].school_id

    # --- names ------------------------------------------------------------------------------------

    def _meant(self, words: Sequence[str]) -> Iterator[int]:
        """Yield the entries of the first reading of the words that has any, best first."""
        readings = (
            *(self._tiers, self._with_number, self._without_end, self._slipped),
            self._without_types,
        )
        tiers = next((found for read in readings if (found := read(words))), ())
        seen = 0
        for tier in tiers:
            yield from members(tier & ~seen)
            seen |= tier

    def _tiers(self, words: Sequence[str]) -> _Tiers:
        """Return what words find that each begin a word of an entry; empty for nothing."""
        found = by_every(self.around.beginning, words)
        if not found:
            return ()
        whole_name = self.full_keys.whole(key(words)) & found
        begun = [bits & found for bits in self._begun(words)]
        named_whole = by_every(self.names.whole, words)
        # Of a suburb at least a word: its town's name alone does not mean it.
        named_in_part = reduce(or_, map(self.names.beginning, words)) & found
        name = (*begun, named_whole, by_every(self.names.beginning, words))
        whole = by_every(self.around.whole, words)
        spread = (whole & named_in_part, named_in_part, whole, found)
        schools, localities, former = self.sections
        return (
            whole_name & schools,
            whole_name & localities,
            *(tier & schools for tier in name),
            *(tier & localities for tier in (*begun, named_whole, named_in_part)),
            *(tier & schools for tier in spread),
            *(tier & former for tier in (whole_name, *name, *spread)),
        )

    def _begun(self, words: Sequence[str]) -> tuple[int, int]:
        """Return the entries whose name begins with the words, the last one whole, or begun."""
        before = key(words[:-1])
        before += " " if before else ""
        begun = self.keys.beginning(before + words[-1])
        whole = self._begun_whole(before + key(words[-1:]))
        other = (self._begun_whole(before + found) for found in keys_begun_by(words[-1]))
        return whole, reduce(or_, other, begun | whole)

    def _begun_whole(self, beginning: str) -> int:
        return self.keys.whole(beginning) | self.keys.beginning(f"{beginning} ")

    # --- more generous readings -------------------------------------------------------------------

    def _with_number(self, words: Sequence[str]) -> _Tiers:
        """Read the last word as the number of the school that the others name."""
        last = words[-1] if len(words) > 1 else ""
        if not last.isdigit() or last.startswith("0") or len(last) > 9:
            return ()
        only = 1 << self.numbers[int(last)] if int(last) in self.numbers else 0
        return _or_none(tier & only for tier in self._tiers(words[:-1]))

    def _without_end(self, words: Sequence[str]) -> _Tiers:
        kept = without_end(words)[0]
        return self._tiers(kept) if len(kept) < len(words) else ()

    def _without_types(self, words: Sequence[str]) -> _Tiers:
        kept = [word for word in words if undoubled(word) not in TYPE_WORDS]
        return self._tiers(kept) if len(kept) < len(words) else ()

    def _without_one(self, words: Sequence[str]) -> _Tiers:
        """Read the words but for any one of them that tells something."""
        telling = [at for at, word in enumerate(words) if undoubled(word) not in TYPE_WORDS]
        if len(telling) < _FEWEST_TELLING:
            return ()
        return self._merged([*words[:at], *words[at + 1 :]] for at in telling)

    def _slipped(self, words: Sequence[str]) -> _Tiers:
        """Read the words with one slip forgiven, in whole words before half-typed ones."""
        kept = without_end(words)[0]
        begun = [self.around.beginning(word) for word in kept]
        if sum(not found for found in begun) > 2:  # no slip mends more than two words
            return ()
        whole, beginnings = self._corrected(kept, begun)
        known = self.vocabulary.words
        mended = self._merged([*respaced(kept, known), *whole])
        if any(mended[:1]):
            return mended[:1]  # of all guesses, one that makes a school's whole name is right
        return mended or self._merged(beginnings) or self._slipped_name(kept)

    def _corrected(
        self, words: Sequence[str], begun: Sequence[int]
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return the words with one of them corrected: to a whole word, and to the start of one."""
        whole: list[list[str]] = []
        beginnings: list[list[str]] = []
        for at, word in enumerate(words):
            others = reduce(and_, (*begun[:at], *begun[at + 1 :]), -1)
            for meant in self.vocabulary.corrections(word) if others else ():
                if not others & self.around.beginning(meant):
                    continue
                corrected = [*words[:at], meant, *words[at + 1 :]]
                if meant in self.vocabulary.words:
                    whole.append(corrected)
                elif len(word) > SHORTEST_WORD:  # four letters begin too much else
                    beginnings.append(corrected)
        return whole, beginnings

    def _merged(self, readings: Iterable[Sequence[str]]) -> _Tiers:
        found = [tiers for words in readings if (tiers := self._tiers(words))]
        return tuple(reduce(or_, tier) for tier in zip(*found, strict=True))

    def _slipped_name(self, words: Sequence[str]) -> _Tiers:
        """Read the words as a whole name with one slip anywhere in it."""
        typed = key(words).replace(" ", "")
        if len(typed) < _SHORTEST_SLIPPED_NAME:
            return ()
        meant = one_slip_from(typed, tuple(self.spaceless))
        found = reduce(or_, map(self.spaceless.__getitem__, meant), 0)
        return _or_none(found & section for section in self.sections)


def _or_none(tiers: Iterable[int]) -> _Tiers:
    kept = tuple(tiers)
    return kept if any(kept) else ()


def _around(school: School) -> set[str]:
    """Return words of where a school lies, and of how to reach it."""
    return {*words_of(school.suburb), *words_of(school.city), *words_of(school.address)}


def _other_names(
    numbers: Mapping[int, int],
    former_names: Mapping[int, Sequence[FormerName]],
    aliases: Iterable[Alias],
) -> Iterator[tuple[int, str]]:
    """Yield the entry of each school with an earlier name or a nickname of its."""
    for number, names in former_names.items():
        yield from ((numbers[number], each.name) for each in names if number in numbers)
    yield from ((numbers[a.school_id], a.text) for a in aliases if a.school_id in numbers)


def _sections(*lengths: int) -> _Sections:
    ends = accumulate(lengths)
    spans = zip(lengths, ends, strict=True)
    return _Sections(*((1 << length) - 1 << end - length for length, end in spans))


def _reading_order(school: School) -> tuple[int, tuple[str, ...], tuple[str, ...], int]:
    place = words_of(school.city) + words_of(school.suburb)
    return _STATUSES.index(school.status), words_of(school.name), place, school.school_id


def _named(school: School) -> NamedPlace:
    parts = {words_of(part): part for part in (school.suburb, school.city) if words_of(part)}
    return NamedPlace(PlaceKind.SCHOOL, school.name, ", ".join(parts.values()), schools=(school,))


def _full_keys(entry: NamedPlace, name: str) -> set[str]:
    within = [key(words_of(part)) for part in entry.within.split(", ") if part]
    return {name, " ".join([name, *within]), " ".join([name, *within[-1:]])}


def _words_around(entry: NamedPlace, known_by: frozenset[str]) -> frozenset[str]:
    words = known_by.union(*(forms(words_of(part)) for part in entry.within.split(", ")))
    return words | _kind(entry.schools[0]) if entry.kind is PlaceKind.SCHOOL else words


def _kind(school: School) -> set[str]:
    """Return words that say what a school is, whether or not its name has them."""
    words = set(words_of(school.org_type))
    return {"school"} | (words & _KINDS) | ({"primary"} if "contributing" in words else set())
