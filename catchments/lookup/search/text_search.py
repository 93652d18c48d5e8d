"""The text search: of what somebody typed an answer, candidates to pick from, or what to do next.

Only what a text names wholly is answered. Several such places in one catchment are one answer, in
several they are candidates; whatever else comes near to the text is asked about, and says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused, shown
from catchments.core.model import Answer, MatchKind, NamedPlace, Notice, PlaceKind
from catchments.core.text_folding import LONGEST_TEXT, folded
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.resolver import renamed
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.addresses.nearness import distance_m
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.asked.other_needs import (
    OtherNeed,
    need_within,
    other_need,
)
from catchments.lookup.search.asked.questions import name_asked_for
from catchments.lookup.search.combining import (
    Match,
    combined,
    unresolved,
    without_gone,
    without_same,
)
from catchments.lookup.search.exact.words import says_too_little
from catchments.lookup.search.gazetteer import Exact, Gazetteer
from catchments.lookup.search.matching import IN_ORDER
from catchments.lookup.search.pasted.reading import read
from catchments.lookup.search.pasted.spots import Pasted
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import AsAt, Published, Snapshot

SHOWN_AT_MOST = 25
"""Candidates; a person who sees as many types another word instead of reading on."""
GEOCODED_AT_MOST = 5
NAMED_IN_NOTICE = 3
PIN_NEAR_M = 2_000.0
"""How far a map's pin may be from the place of the school that the map names."""
MOST_PARTS, SHOWN_OF_A_PART = 8, 5
TOO_LITTLE = "That alone is part of many names. Add what the school or the road is called."
ONLY_MAIL = "That says where post goes, and not where a place is. Give a road and a suburb or town."
_NUMBERED = {PlaceKind.ADDRESS, PlaceKind.SCHOOL}
"""What a street number may be known of."""
LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}


class Addresses(Protocol):
    """Where addresses are known: the address book, or a geocoder elsewhere."""

    def candidates(self, typed: TypedText | AddressText, *, at_most: int) -> list[NamedPlace]:
        """Return the places that a text may mean, best first."""


class NoAddresses:
    """Knows none: stands where no address book or geocoder is set up."""

    def candidates(self, *_: object, **__: object) -> list[NamedPlace]:
        """Return nothing."""
        return []

    localities_named_in = candidates

    def about(self) -> None:
        """Return no source."""

    def counts_within(self, _areas: Sequence[BaseGeometry]) -> None:
        """Return that they are not counted."""


KnownAddresses = AddressBook | NoAddresses
"""Addresses that were imported, if any were, and where they came from."""


class Candidates(NamedTuple):
    """What a text may mean, not yet resolved: all of it named wholly, or nothing of it."""

    named: tuple[NamedPlace, ...] = ()
    notices: tuple[Notice, ...] = ()
    also: tuple[NamedPlace, ...] = ()
    """Other schools that bear the name but for its brackets, or for what they are."""
    refusal: str = ""
    """Why what was pasted gives no place, and what to do next."""
    need: OtherNeed | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the text names them wholly."""
        return bool(self.named) and self.named[0].match is MatchKind.EXACT

    def answer(self, text: str, matches: Sequence[Match], *, more: bool) -> Answer:
        """Return what they come to together."""
        if self.need and not matches:
            return unresolved(self.need.sentence, NoticeCode.OTHER_NEED)
        if self.refusal and not matches:
            return unresolved(self.refusal, NoticeCode.NO_PLACE_IN_TEXT)
        answer = combined(text, matches, more=more)
        return replace(answer, notices=self.notices + answer.notices)


@dataclass(frozen=True)
class SearchResult:
    """What came of a text."""

    typed: TypedText
    answer: Answer
    """Resolved, ambiguous or unresolved, with a sentence a person understands."""
    matches: tuple[Match, ...] = ()
    """All exact, or none is."""
    more: bool = False
    """Whether the text means still more places than `matches` has."""
    also: tuple[NamedPlace, ...] = ()
    """Other schools that bear the name of the one that answers, but for brackets or kind."""
    need: OtherNeed | None = None
    """What somebody needs who typed no name: help of another kind."""

    @property
    def text(self) -> str:
        """What was typed, as far as it was looked at."""
        return self.typed.text

    @property
    def match(self) -> MatchKind | None:
        """How the best of the matches was reached; None without one."""
        return self.matches[0].named.match if self.matches else None

    @property
    def is_exact(self) -> bool:
        """Whether the text names wholly what was found; otherwise it is asked about."""
        return self.match is MatchKind.EXACT

    @property
    def is_worded_otherwise(self) -> bool:
        """Whether what was typed is not just the name of the one place, or with where it lies."""
        named = self.the_one
        if named is None or self.typed.number is not None:
            return False
        where = ("", *named.within.split(", "), named.within)
        return self.typed.folded not in {folded(f"{named.name} {each}") for each in where}

    @property
    def the_one(self) -> NamedPlace | None:
        """The one place that the text names wholly; None for several, and where none is so."""
        return self.matches[0].named if self.is_exact and len(self.matches) == 1 else None


@dataclass(frozen=True)
class TextSearch:
    """Finds what a text means in one world."""

    world: Published
    addresses: KnownAddresses
    geocoder: Addresses

    def suggest(self, text: str, *, at_most: int) -> list[NamedPlace]:
        """Return what a text that is still being typed may mean, best first; nothing resolved."""
        snapshot = self.world.on(self.world.today)
        typed = TypedText.of(text)
        if snapshot is None or not typed.words:
            return []
        return self._begun(snapshot, typed, at_most)[:at_most]

    def find(
        self, text: str, *, as_at: AsAt, kind: str = "", field: str = "q"
    ) -> SearchResult | None:
        """Return what a text means on a date; None where no edition was in force then.

        With `kind`, what the text names whole and is of that kind comes before all else. Raises
        InputRefused, naming `field`, for a text without a letter or a digit.
        """
        typed = TypedText.of(text)
        if not typed.words:
            raise _nothing_typed(typed.text, field)
        if as_at.snapshot is None:
            return None
        candidates = self._candidates(as_at.snapshot, typed)
        named = [each for each in candidates.named if _is_just(typed, kind, each)]
        named = named or _picked(as_at.snapshot, typed, kind) or [*candidates.named]
        found = (Match(n, a) for n in named[:SHOWN_AT_MOST] if (a := as_at.named(n)) is not None)
        matches = tuple(without_same(without_gone([*found]), typed))
        more = len(named) > SHOWN_AT_MOST
        answer = candidates.answer(typed.text, matches, more=more)
        return SearchResult(typed, answer, matches, more, candidates.also, candidates.need)

    # --- what is named wholly ---------------------------------------------------------------------

    def _candidates(self, snapshot: Snapshot, typed: TypedText) -> Candidates:
        """Return what a text names wholly; else all that comes near to it, the nearest first."""
        pasted = read(typed, place_of=snapshot.gazetteer.place_of)
        if pasted is not None:
            return self._at_spot(snapshot, pasted)
        found = self._by_words(snapshot, typed)
        if found.is_exact:
            return found
        asked = name_asked_for(typed)
        if asked is not typed:
            named = self._by_words(snapshot, asked)
            found = named if named.is_exact or not found.named else found
        if found.is_exact:
            return found
        need = other_need(typed)
        return Candidates(need=need) if need else found._replace(need=_need_beside(typed, found))

    def _at_spot(self, snapshot: Snapshot, pasted: Pasted) -> Candidates:
        """Return what was pasted: what its text names wholly, else its point or why none."""
        found = Candidates()
        if pasted.text:
            found = self._by_words(snapshot, TypedText.of(pasted.text))
        pin = pasted.named
        if found.is_exact and pin and pin.match is MatchKind.EXACT:
            there = tuple(each for each in found.named if is_near(pin, each, within_m=PIN_NEAR_M))
            apart = tuple(map(_at_best_in_part, (*found.named, pin)))
            return Candidates(there or apart, pasted.notices)
        if found.is_exact or not (pin or pasted.refusal):
            return found
        return Candidates((pin,) if pin else (), pasted.notices, refusal=pasted.refusal)

    def _by_words(self, snapshot: Snapshot, typed: TypedText) -> Candidates:
        exact = snapshot.gazetteer.exact(typed)
        if typed.number is not None:
            return Candidates(exact.named, tuple(map(_also_named, exact.also)), exact.also)
        address = AddressText.of(typed)
        known = [] if exact.outranks else self._known(snapshot, address, SHOWN_AT_MOST + 1)
        whole = _wholly([*exact.named, *_as_whole_as_others(known)])
        if not whole or typed.is_cut:
            return self._near(snapshot, address, exact, known)
        also = exact.also if len(whole) == 1 and whole[0].kind is PlaceKind.SCHOOL else ()
        notices = (*_renamed(snapshot, exact), *map(_also_named, also))
        return Candidates(whole, notices, also)

    def _known(self, snapshot: Snapshot, address: AddressText, at_most: int) -> list[NamedPlace]:
        """Return what else than names of schools and places a text may mean."""
        return [
            *(_told_where(address, e) for e in self.addresses.candidates(address, at_most=at_most)),
            *snapshot.gazetteer.at_address(address, at_most=at_most),
            *snapshot.names.named(address.typed, at_most=at_most),
        ]

    # --- what comes near --------------------------------------------------------------------------

    def _near(
        self, snapshot: Snapshot, address: AddressText, exact: Exact, known: Sequence[NamedPlace]
    ) -> Candidates:
        gazetteer, typed = snapshot.gazetteer, address.typed
        known = [*exact.named, *known]
        if address.is_address and _NUMBERED.isdisjoint(each.kind for each in known):
            # Names of schools stay here; only what is plainly an address is asked of others.
            elsewhere = self.geocoder.candidates(address, at_most=GEOCODED_AT_MOST)
            whole = _wholly(elsewhere)
            if whole and not typed.is_cut:
                return Candidates(whole)
            known = known or elsewhere
        if says_too_little(typed.words) and not known:
            return Candidates(refusal=TOO_LITTLE)
        near = gazetteer.candidates(typed, at_most=SHOWN_AT_MOST + 1, known=exact)
        found = [*known, *near, *gazetteer.named_in(typed, at_least=2)[:SHOWN_AT_MOST]]
        found = found or self._in_parts(gazetteer, typed)
        found.sort(key=_is_of_edition)
        around = [] if found else self._around(gazetteer, address)
        if not found and not around:
            found = gazetteer.nearly(typed, at_most=SHOWN_AT_MOST)
            found = found or gazetteer.named_in(typed, at_least=1)[:SHOWN_AT_MOST]
        near = [_at_best_in_part(each) if typed.is_cut else each for each in found]
        near = sorted(_distinct([*near, *around]), key=lambda each: IN_ORDER.index(each.match))
        refusal = ONLY_MAIL if address.is_mail and not near else ""
        notices = (*_cut(typed), *_not_known(address, near))
        return Candidates(tuple(near), notices, refusal=refusal)

    def _around(self, gazetteer: Gazetteer, address: AddressText) -> list[NamedPlace]:
        """Return the suburbs and towns that stand at the end of a text."""
        known = self.addresses.localities_named_in(address, at_most=SHOWN_AT_MOST)
        return [*gazetteer.endings.of_text(address), *known]

    def _in_parts(self, gazetteer: Gazetteer, typed: TypedText) -> list[NamedPlace]:
        """Return the schools that come near to one of the parts between commas."""
        parts = [TypedText.of(part) for part in typed.text.split(",")[:MOST_PARTS]]
        near = [
            each
            for part in (parts if len(parts) > 1 else [])
            for each in gazetteer.candidates(part, at_most=SHOWN_OF_A_PART)
            if each.kind is PlaceKind.SCHOOL and each.match is not MatchKind.LOCALITY
        ]
        return [_at_best_in_part(each) for each in near]

    def _begun(self, snapshot: Snapshot, typed: TypedText, at_most: int) -> list[NamedPlace]:
        pasted = read(typed, place_of=snapshot.gazetteer.place_of)
        if pasted and pasted.named:
            return [pasted.named]
        named = snapshot.gazetteer.candidates(typed, at_most=at_most)
        if typed.number is not None:
            return named
        address = AddressText.of(typed)
        known = self._known(snapshot, address, at_most)
        # Each gives its best: what is named whole is looked for among all of it.
        found = [*known, *named] if address.is_address else [*named, *known]
        every = _without_bare_namesakes(_distinct(found))
        return sorted(every, key=_in_suggestions)


def _is_of_edition(named: NamedPlace) -> bool:
    """Whether it is a catchment, a region or a provider: what people seldom look for."""
    return bool(named.catchment_codes)


def _in_suggestions(named: NamedPlace) -> tuple[bool, bool, bool]:
    """Order what is named before what merely lies there, and people's words before ours."""
    lies_there = named.match in {MatchKind.LOCALITY, MatchKind.MAIL_TOWN}
    return lies_there, _is_of_edition(named), named.match is not MatchKind.EXACT


def _as_whole_as_others(known: Sequence[NamedPlace]) -> list[NamedPlace]:
    """Take a school's own address for as whole as the same one that is known elsewhere.

    Of addresses without a town the few that schools have say nothing alone.
    """
    kinds = {each.kind for each in known if each.match is MatchKind.EXACT}
    if PlaceKind.ADDRESS not in kinds:
        return [*known]
    is_school = PlaceKind.SCHOOL
    return [replace(e, match=MatchKind.EXACT) if e.kind is is_school else e for e in known]


def _wholly(found: Iterable[NamedPlace]) -> tuple[NamedPlace, ...]:
    """Return what is named wholly, each once."""
    exact = (each for each in found if each.match is MatchKind.EXACT)
    return tuple(_without_bare_namesakes(_distinct(exact)))


def _nothing_typed(text: str, field: str) -> InputRefused:
    return InputRefused(
        f"The text {shown(text)} names nothing." if text else "Nothing was typed.",
        field=field,
        allowed="Give a school's name or number, a street address, a suburb or a town.",
        next_step="For example “Kaitāia College”, “54” or “12 High Street, Kaitāia”.",
    )


def _told_where(address: AddressText, named: NamedPlace) -> NamedPlace:
    """Return a highway that goes through the country as asked about, where no place was typed."""
    if named.kind is not PlaceKind.ROAD or not named.name.startswith("State Highway"):
        return named
    is_placed = not set(address.words).isdisjoint(folded(named.within).split())
    return named if is_placed else _at_best_in_part(named)


def _at_best_in_part(named: NamedPlace) -> NamedPlace:
    """Return a candidate of a text that was not looked at whole."""
    if named.match in {MatchKind.EXACT, MatchKind.SLIP}:
        return replace(named, match=MatchKind.PART)
    return named


def _need_beside(typed: TypedText, found: Candidates) -> OtherNeed | None:
    """Return a need of another kind where no more than a place was understood beside it."""
    understood = {each.match for each in found.named}
    return need_within(typed) if understood <= {MatchKind.LOCALITY, MatchKind.MAIL_TOWN} else None


def _renamed(snapshot: Snapshot, exact: Exact) -> list[Notice]:
    """Return what schools are called now that were asked for by an earlier name."""
    schools = {each.schools[0].school_id: each.schools[0] for each in exact.named if each.schools}
    former = snapshot.gazetteer.former_names
    return [
        renamed(schools[number], name)
        for number, text in exact.by.items()
        for name in former.get(number, ())
        if name.name == text
    ]


def is_near(one: NamedPlace, other: NamedPlace, *, within_m: float) -> bool:
    """Whether any known place of the other is so near to the one's, in metres as the crow flies."""
    here = one.places[0]
    schools = (school.place for school in other.schools if school.place)
    return any(distance_m(here, place) <= within_m for place in (*other.places, *schools))


def _also_named(named: NamedPlace) -> Notice:
    if named.kind is PlaceKind.POSTCODE:
        text = f"{named.name} is a postcode as well, of {named.within}."
        return Notice(NoticeCode.ALSO_NAMED, text)
    text = f"{named.name}, {named.within}, may be meant as well: it bears the same name."
    return Notice(NoticeCode.ALSO_NAMED, text)


def _cut(typed: TypedText) -> tuple[Notice, ...]:
    if not typed.is_cut:
        return ()
    text = f"Of what was typed only the first {LONGEST_TEXT} characters were looked at."
    return (Notice(NoticeCode.TEXT_CUT, text),)


def _without_bare_namesakes(found: list[NamedPlace]) -> list[NamedPlace]:
    """Leave out a town without more, where towns of its name are told apart by their districts."""
    named = [folded(each.name) for each in found if each.kind is PlaceKind.TOWN and each.within]
    apart = {name for name in named if named.count(name) > 1}
    return [
        each
        for each in found
        if each.kind is not PlaceKind.TOWN or each.within or folded(each.name) not in apart
    ]


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


def _is_just(typed: TypedText, kind: str, named: NamedPlace) -> bool:
    """Whether a candidate is what was picked from a list: of that kind, and of just that name."""
    return named.kind == kind and folded(f"{named.name} {named.within}") == typed.folded


def _picked(snapshot: Snapshot, typed: TypedText, kind: str) -> list[NamedPlace]:
    """Return the region, catchment or provider that was picked from a list.

    “Wellington” alone is the town, and means the region only where that was picked.
    """
    named = snapshot.names.named(typed, at_most=SHOWN_AT_MOST) if kind else []
    return [replace(e, match=MatchKind.EXACT) for e in named if _is_just(typed, kind, e)]


def _not_known(address: AddressText, near: Sequence[NamedPlace]) -> tuple[Notice, ...]:
    """Return what of an address is not known, where it is one."""
    if not near or not (address.is_address or address.is_mail):
        return ()
    names = " or ".join(dict.fromkeys(named.name for named in near[:NAMED_IN_NOTICE]))
    if near[0].match is MatchKind.MAIL_TOWN:
        text = f"That says where post goes, which is by way of {names}. Give a road and a suburb."
        return (Notice(NoticeCode.MAIL_TOWN_ONLY, text),)
    if near[0].match is MatchKind.LOCALITY:
        text = f"The address itself is not known yet; of it only {names} was understood."
        return (Notice(NoticeCode.ADDRESS_NOT_KNOWN, text),)
    if near[0].match is MatchKind.PART and near[0].kind in {PlaceKind.ROAD, PlaceKind.ADDRESS}:
        text = f"That number is not known there; what is known is {names}."
        return (Notice(NoticeCode.NUMBER_NOT_KNOWN, text),)
    return ()
