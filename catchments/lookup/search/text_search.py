"""The text search: of what somebody typed an answer, candidates to pick from, or what to do next.

Several places in one catchment are one answer; places in different catchments are candidates. An
address that nobody here knows is answered for by the suburb or town it ends with, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from catchments.core.errors import InputRefused, shown
from catchments.core.model import Answer, Candidate, NamedPlace, Notice, PlaceKind, Status
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.notices import NoticeCode
from catchments.lookup.resolver import ASK
from catchments.lookup.search import abbreviations
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.search.street_addresses import (
    looks_like_address,
    number_last,
    school_number,
    street_number,
    without_region,
)
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import AsAt, Published

SHOWN_AT_MOST = 25
"""Candidates; a person who sees as many types another word instead of reading on."""
GEOCODED_AT_MOST = 5
CHANGES_DIFFER = Notice(
    NoticeCode.CHANGES_DIFFER,
    "Some of these places will be served otherwise soon: pick the one you mean.",
)
_NOTHING_FOUND = Notice(NoticeCode.NOTHING_FOUND, "Nothing that is known here has that name.")
LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}


class Addresses(Protocol):
    """Where addresses are known: the address book, or a geocoder elsewhere."""

    def candidates(self, typed: TypedText, *, at_most: int) -> list[NamedPlace]:
        """Return the places that a text may mean, best first."""


class NoAddresses:
    """Knows none: stands where no address book or geocoder is set up."""

    def candidates(self, typed: TypedText, *, at_most: int) -> list[NamedPlace]:  # noqa: ARG002
        """Return nothing."""
        return []

    def about(self) -> None:
        """Return no source."""


@dataclass(frozen=True)
class Match:
    """A candidate and who serves it."""

    named: NamedPlace
    answer: Answer


@dataclass(frozen=True)
class SearchResult:
    """What came of a text."""

    text: str
    answer: Answer
    """Resolved, ambiguous or unresolved, with a sentence a person understands."""
    matches: tuple[Match, ...] = ()
    more: bool = False
    """Whether the text means still more places than `matches` has."""
    sure: bool = True
    """False where the one match may not be what was meant, and has to be picked."""


@dataclass(frozen=True)
class TextSearch:
    """Finds what a text means in one world: schools and towns first, then addresses."""

    world: Published
    addresses: Addresses
    geocoder: Addresses

    def suggest(self, text: str, *, at_most: int) -> list[NamedPlace]:
        """Return what a text that is still being typed may mean, best first; nothing resolved."""
        snapshot = self.world.on(self.world.today)
        wanted = tidied(text)
        if snapshot is None or not folded(wanted):
            return []
        return self._known(snapshot.gazetteer, wanted, at_most)[:at_most]

    def find(
        self, text: str, *, as_at: AsAt, kind: str = "", field: str = "q"
    ) -> SearchResult | None:
        """Return what a text means on a date; None where no edition was in force then.

        With `kind`, what the text names whole and is of that kind comes before all else. Raises
        InputRefused, naming `field`, for a text without a letter or a digit.
        """
        wanted = tidied(text)
        if not folded(wanted):
            raise InputRefused(
                f"The text {shown(wanted)} names nothing." if wanted else "Nothing was typed.",
                field=field,
                allowed="Give a school's name or number, a street address, a suburb or a town.",
                next_step="For example “Kaitāia College”, “54” or “12 High Street, Kaitāia”.",
            )
        if as_at.snapshot is None:
            return None
        named, notices = self._candidates(as_at.snapshot.gazetteer, wanted)
        named = [each for each in named if _is_just(wanted, kind, each)] or named
        matches = tuple(
            Match(each, answer)
            for each in named[:SHOWN_AT_MOST]
            if (answer := as_at.named(each)) is not None
        )
        more = len(named) > SHOWN_AT_MOST
        sure = not any(_is_elsewhere_perhaps(wanted, each) for each in named)
        answer = _combined(wanted, matches, sure=sure and not more)
        answer = replace(answer, notices=notices + answer.notices)
        return SearchResult(wanted, answer, matches, more, sure)

    def _candidates(
        self, gazetteer: Gazetteer, text: str
    ) -> tuple[list[NamedPlace], tuple[Notice, ...]]:
        found = self._known(gazetteer, text, SHOWN_AT_MOST + 1)
        if looks_like_address(text):
            return self._for_address(gazetteer, text, found)
        if found or school_number(text) is not None:
            return _meant(text, found), ()
        return _around(gazetteer, text)

    def _for_address(
        self, gazetteer: Gazetteer, text: str, found: list[NamedPlace]
    ) -> tuple[list[NamedPlace], tuple[Notice, ...]]:
        for asked in dict.fromkeys((text, without_region(text))):
            found = found if asked == text else self._known(gazetteer, asked, SHOWN_AT_MOST + 1)
            exact = [each for each in found if each.kind in {PlaceKind.ADDRESS, PlaceKind.SCHOOL}]
            if exact:
                meant = _meant(asked, exact)
                return meant, _neighbours_number(asked, meant)
        numbered = gazetteer.candidates(number_last(text), at_most=1)
        if numbered and street_number(text) == str(numbered[0].schools[0].school_id):
            return numbered, ()
        # Names of schools stay here; only what is plainly an address is asked of others.
        elsewhere = self.geocoder.candidates(TypedText.of(text), at_most=GEOCODED_AT_MOST)
        if elsewhere:
            return elsewhere, ()
        if found:
            return found, (_number_not_known(found[0]),)
        return _around(gazetteer, text)

    def _known(self, gazetteer: Gazetteer, text: str, at_most: int) -> list[NamedPlace]:
        if school_number(text) is not None:
            return gazetteer.candidates(text, at_most=at_most)
        sources: Sequence[Callable[..., list[NamedPlace]]] = (
            gazetteer.candidates,
            self._in_book,
        )
        if looks_like_address(text):
            sources = (self._in_book, gazetteer.at_address, gazetteer.candidates)
        # Each gives its best: what is named whole is looked for among all of it, not the first few.
        found = chain.from_iterable(source(text, at_most=at_most) for source in sources)
        return _without_bare_namesakes(_distinct(found))

    def _in_book(self, text: str, *, at_most: int) -> list[NamedPlace]:
        return self.addresses.candidates(TypedText.of(text), at_most=at_most)


def tidied(text: str) -> str:
    """Return a text as it is looked for: its first 200 characters, on one line."""
    kept = "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
    return " ".join(kept.split())


def _is_elsewhere_perhaps(text: str, named: NamedPlace) -> bool:
    """Whether a school was found by its address alone: another town may have the same one."""
    if named.kind is not PlaceKind.SCHOOL or not looks_like_address(text):
        return False
    words = set(folded(text).split())
    around = {*folded(named.within).split(), *folded(named.schools[0].postcode).split()}
    of_its_name = set(folded(named.name).split()) <= words
    return not of_its_name and words.isdisjoint(around)


def _without_bare_namesakes(found: list[NamedPlace]) -> list[NamedPlace]:
    """Leave out a town without more, where towns of its name are told apart by their districts."""
    named = [folded(each.name) for each in found if each.kind is PlaceKind.TOWN and each.within]
    apart = {name for name in named if named.count(name) > 1}
    return [
        each
        for each in found
        if each.kind is not PlaceKind.TOWN or each.within or folded(each.name) not in apart
    ]


def _around(gazetteer: Gazetteer, text: str) -> tuple[list[NamedPlace], tuple[Notice, ...]]:
    around = gazetteer.localities_named_in(text)
    return list(around), (_address_not_known(around),) if around else ()


def _distinct(found: Iterable[NamedPlace]) -> list[NamedPlace]:
    """Make one of what two sources name: a town's schools and its addresses' points."""
    kept: dict[tuple[object, ...], NamedPlace] = {}
    for each in found:
        same = kept.setdefault(_identity(each), each)
        if same is not each and each.kind is not PlaceKind.SCHOOL:
            kept[_identity(each)] = replace(same, places=same.places + each.places)
    return list(kept.values())


def _identity(named: NamedPlace) -> tuple[object, ...]:
    if named.kind is PlaceKind.SCHOOL:
        return (named.kind, named.schools[0].school_id)
    if named.kind is PlaceKind.ADDRESS:
        return (named.kind, folded(named.name), folded(named.within), named.places)
    kind = "locality" if named.kind in LOCALITIES else named.kind
    return (kind, folded(named.name), folded(named.within))


def _meant(text: str, found: list[NamedPlace]) -> list[NamedPlace]:
    """Return only what a text names whole, where there is such: not all that begins with it."""
    number = school_number(text)
    if number is not None:  # other numbers that begin so are for suggestions
        return [f for f in found if f.schools and f.schools[0].school_id == number]
    if looks_like_address(text):
        schools = [f for f in found if f.kind is PlaceKind.SCHOOL]
        addresses = [f for f in found if f.kind is PlaceKind.ADDRESS]
        return schools + (_named_whole(text, addresses) or addresses)
    whole = _named_whole(text, found)
    members = {school.school_id for each in whole for school in each.schools}
    # Whoever types “rangitoto” may mean the town, and as well Rangitoto College, far from it.
    begun = [f for f in found if _key(f.name).startswith(f"{_key(text)} ")]
    elsewhere = [f for f in begun if f.schools and f.schools[0].school_id not in members]
    is_place = any(each.kind is not PlaceKind.SCHOOL for each in whole)
    return (whole + elsewhere if is_place else whole) or found


def _named_whole(text: str, found: list[NamedPlace]) -> list[NamedPlace]:
    wanted = _key(text)
    return [f for f in found if wanted in _whole_names(f)]


def _whole_names(named: NamedPlace) -> set[str]:
    """Return the names by which somebody may name a place whole: alone, and with where it is."""
    around = ["", named.within, *named.within.split(", ")]
    return {_key(f"{named.name} {each}") for each in around}


def _is_just(text: str, kind: str, named: NamedPlace) -> bool:
    """Whether a candidate is what was picked from a list: of that kind, and of just that name."""
    return named.kind == kind and _key(f"{named.name} {named.within}") == _key(text)


def _key(name: str) -> str:
    """Return what a name shares with its shortened forms: “Mount Albert” with “mt albert”."""
    return abbreviations.key(folded(name).split())


def _combined(text: str, matches: tuple[Match, ...], *, sure: bool) -> Answer:
    if not matches:
        return Answer(
            status=Status.UNRESOLVED,
            sentence=f"No school, address, suburb or town was found for {shown(text)}.",
            notices=(_NOTHING_FOUND,),
        )
    if len(matches) == 1 and sure:
        return matches[0].answer
    candidates = _distinct_candidates(matches)
    if sure and len(candidates) == 1 and all(_is_plain(match.answer) for match in matches):
        return _one_for_all(text, matches)
    several = "One place" if len(matches) == 1 else "Several places"
    return Answer(
        status=Status.AMBIGUOUS,
        sentence=f"{several} may be meant by {shown(text)}. Pick one, or add a town or a number.",
        candidates=candidates,
    )


def _is_plain(answer: Answer) -> bool:
    """Whether an answer names one catchment and nothing beside it."""
    return answer.catchment is not None and not answer.alternatives


def _one_for_all(text: str, matches: tuple[Match, ...]) -> Answer:
    """Return the one answer of several places that share a catchment."""
    first = matches[0].answer
    assert first.catchment  # noqa: S101 - it is plain
    said = f"All {len(matches)} places that {shown(text)} may mean are in the"
    served = f"is served by {first.provider.name}." if first.provider else f"has no provider. {ASK}"
    together = len({match.answer.upcoming for match in matches}) == 1
    return Answer(
        status=Status.RESOLVED if first.provider else Status.UNRESOLVED,
        catchment=first.catchment,
        provider=first.provider,
        sentence=f"{said} {first.catchment.name} catchment, which {served}",
        notices=() if together else (CHANGES_DIFFER,),
        upcoming=first.upcoming if together else None,
    )


def _distinct_candidates(matches: Iterable[Match]) -> tuple[Candidate, ...]:
    found: dict[str, Candidate] = {}
    for match in matches:
        for candidate in match.answer.all_named:
            found.setdefault(candidate.catchment.code, candidate)
    return tuple(found.values())


def _number_not_known(found: NamedPlace) -> Notice:
    what = found.name
    if found.kind is not PlaceKind.ADDRESS:
        what = f"all of {what} that is known here"
    text = f"That number is not known; this is for {what}."
    return Notice(NoticeCode.NUMBER_NOT_KNOWN, text)


def _neighbours_number(text: str, found: Sequence[NamedPlace]) -> tuple[Notice, ...]:
    """Return a notice where “12” stands in for the “12b” that was typed."""
    typed = street_number(text)
    addresses = [each for each in found if each.kind is PlaceKind.ADDRESS]
    known = {street_number(each.name) for each in addresses}
    if not addresses or not typed[-1:].isalpha() or typed in known:
        return ()
    return (_number_not_known(addresses[0]),)


def _address_not_known(around: Sequence[NamedPlace]) -> Notice:
    names = " or ".join(dict.fromkeys(named.name for named in around))
    text = f"The address itself is not known yet; this is for {names}."
    return Notice(NoticeCode.ADDRESS_NOT_KNOWN, text)
