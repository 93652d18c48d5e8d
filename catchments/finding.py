"""A text that somebody typed, to an answer, to candidates to pick from, or to what to do next.

Several places in one catchment are one answer; places in different catchments are candidates. An
address that nobody here knows is answered for by the suburb or town it ends with, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Protocol

from catchments.errors import InputRefused, shown
from catchments.gazetteer import (
    LONGEST_TEXT,
    Gazetteer,
    abbreviations,
    folded,
    looks_like_address,
    school_number,
)
from catchments.model import (
    Answer,
    Candidate,
    NamedPlace,
    Notice,
    PlaceKind,
    Status,
)
from catchments.snapshot import Snapshot, World

SHOWN_AT_MOST = 25
"""Candidates; a person who sees as many types another word instead of reading on."""
LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}


class Addresses(Protocol):
    """Where addresses are known: the address book, or a geocoder elsewhere."""

    def candidates(self, text: str, *, at_most: int) -> list[NamedPlace]:
        """Return the places that a text may mean, best first."""


class NoAddresses:
    """Knows none: stands where no address book or geocoder is set up."""

    def candidates(self, text: str, *, at_most: int) -> list[NamedPlace]:  # noqa: ARG002
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
class Finding:
    """What came of a text."""

    text: str
    answer: Answer
    """Resolved, ambiguous or unresolved, with a sentence a person understands."""
    matches: tuple[Match, ...] = ()
    more: bool = False
    """Whether the text means still more places than `matches` has."""


@dataclass(frozen=True)
class Finder:
    """Finds what a text means in one world: schools and towns first, then addresses."""

    world: World
    addresses: Addresses
    geocoder: Addresses

    def suggest(self, text: str, *, at_most: int) -> list[NamedPlace]:
        """Return what a text that is still being typed may mean, best first; nothing resolved."""
        snapshot = self.world.on(self.world.today)
        wanted = tidied(text)
        if snapshot is None or not folded(wanted):
            return []
        return self._known(snapshot.gazetteer, wanted, at_most)

    def find(self, text: str, *, on: date) -> Finding | None:
        """Return what a text means on a date; None where no edition was in force then.

        Raises InputRefused for a text without a letter or a digit.
        """
        wanted = tidied(text)
        if not folded(wanted):
            raise InputRefused(
                f"The text {shown(wanted)} names nothing." if wanted else "Nothing was typed.",
                field="q",
                allowed="Give a school's name or number, a street address, a suburb or a town.",
                next_step="For example “Kaitāia College”, “54” or “12 High Street, Kaitāia”.",
            )
        snapshot = self.world.on(on)
        if snapshot is None:
            return None
        named, notices = self._candidates(snapshot, wanted)
        matches = tuple(self._matched(named[:SHOWN_AT_MOST], on))
        more = len(named) > SHOWN_AT_MOST
        answer = _combined(wanted, matches, more=more)
        return Finding(wanted, replace(answer, notices=notices + answer.notices), matches, more)

    def _matched(self, named: Iterable[NamedPlace], on: date) -> Iterable[Match]:
        for each in named:
            answer = self.world.named(each, on=on)
            if answer is not None:
                yield Match(each, answer)

    def _candidates(
        self, snapshot: Snapshot, text: str
    ) -> tuple[list[NamedPlace], tuple[Notice, ...]]:
        gazetteer = snapshot.gazetteer
        found = self._known(gazetteer, text, SHOWN_AT_MOST + 1)
        if found and not _is_address_without_one(text, found):
            return _meant(text, found), ()
        elsewhere = self._geocoded(text)
        if elsewhere:
            return elsewhere, ()
        if found:
            return found, (_number_not_known(found[0]),)
        around = gazetteer.localities_named_in(text)
        return list(around), (_address_not_known(around),) if around else ()

    def _known(self, gazetteer: Gazetteer, text: str, at_most: int) -> list[NamedPlace]:
        if school_number(text) is not None:
            return gazetteer.candidates(text, at_most=at_most)
        sources: Sequence[Callable[..., list[NamedPlace]]] = (
            gazetteer.candidates,
            self.addresses.candidates,
        )
        if looks_like_address(text):
            sources = (self.addresses.candidates, gazetteer.at_address, gazetteer.candidates)
        found = chain.from_iterable(source(text, at_most=at_most) for source in sources)
        return _distinct(found)[:at_most]

    def _geocoded(self, text: str) -> list[NamedPlace]:
        # Names of schools stay here; only what is plainly an address is asked of others.
        return self.geocoder.candidates(text, at_most=5) if looks_like_address(text) else []


def tidied(text: str) -> str:
    """Return a text as it is looked for: its first 200 characters, on one line."""
    kept = "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
    return " ".join(kept.split())


def _is_address_without_one(text: str, found: Sequence[NamedPlace]) -> bool:
    """Whether a text gives a street number, and only its road or its town was found."""
    return looks_like_address(text) and found[0].kind not in {PlaceKind.ADDRESS, PlaceKind.SCHOOL}


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
    if number is not None:
        whole = [f for f in found if f.schools and f.schools[0].school_id == number]
    else:
        wanted = _key(text)
        whole = [f for f in found if wanted in {_key(f.name), _key(f"{f.name} {f.within}")}]
    return whole or found


def _key(name: str) -> str:
    """Return what a name shares with its shortened forms: “Mount Albert” with “mt albert”."""
    return abbreviations.key(folded(name).split())


def _combined(text: str, matches: tuple[Match, ...], *, more: bool) -> Answer:
    if not matches:
        return Answer(
            status=Status.UNRESOLVED,
            sentence=f"No school, address, suburb or town was found for {shown(text)}.",
            notices=(Notice("nothing-found", "Nothing that is known here has that name."),),
        )
    if len(matches) == 1:
        return matches[0].answer
    candidates = _distinct_candidates(matches)
    if len(candidates) > 1 or more or not _all_resolved(matches):
        count = "Many places" if more else f"{len(matches)} places"
        return Answer(
            status=Status.AMBIGUOUS,
            sentence=f"{count} may be meant by {shown(text)}. Pick one, or add a town or a number.",
            candidates=candidates,
        )
    return _one_for_all(text, matches)


def _all_resolved(matches: Iterable[Match]) -> bool:
    return all(m.answer.status is Status.RESOLVED and not m.answer.alternatives for m in matches)


def _one_for_all(text: str, matches: tuple[Match, ...]) -> Answer:
    """Return the one answer of several places that share a catchment."""
    first = matches[0].answer
    assert first.catchment  # noqa: S101 - it is resolved
    assert first.provider  # noqa: S101 - it is resolved
    return Answer(
        status=Status.RESOLVED,
        catchment=first.catchment,
        provider=first.provider,
        sentence=(
            f"All {len(matches)} places that {shown(text)} may mean are in the "
            f"{first.catchment.name} catchment, which is served by {first.provider.name}."
        ),
        upcoming=first.upcoming,
    )


def _distinct_candidates(matches: Iterable[Match]) -> tuple[Candidate, ...]:
    found: dict[str, Candidate] = {}
    for match in matches:
        for candidate in candidates_of(match.answer):
            found.setdefault(candidate.catchment.code, candidate)
    return tuple(found.values())


def candidates_of(answer: Answer) -> tuple[Candidate, ...]:
    """Return each catchment that an answer names, with its provider, the answer's own first."""
    own = (Candidate(answer.catchment, answer.provider),) if answer.catchment else ()
    return own + answer.alternatives + answer.candidates


def _number_not_known(found: NamedPlace) -> Notice:
    text = f"That number is not known; this is for all of {found.name} that is known here."
    return Notice("number-not-known", text)


def _address_not_known(around: Sequence[NamedPlace]) -> Notice:
    names = " or ".join(dict.fromkeys(named.name for named in around))
    return Notice("address-not-known", f"The address itself is not known yet; this is for {names}.")
