"""Every catchment with all that belongs to it: for the list of all, one's own page, and downloads.

What takes time is worked out once for an edition and a directory release, and kept with the world.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catchments.core.model import (
    EDUCATION_REGIONS,
    Answer,
    Basis,
    Catchment,
    Provider,
    School,
    SchoolStatus,
)
from catchments.core.text_folding import folded
from catchments.lookup.resolver import Resolver, is_closed
from catchments.lookup.snapshot import Published, Snapshot

ORDERS = ("catchment", "provider", "schools")
"""What the list may be sorted by, within each region; the first unless asked otherwise."""
TOWNS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A school in a catchment, and how it comes to be there."""

    school: School
    basis: Basis
    distance_m: float | None
    in_school_provision: str | None


@dataclass(frozen=True)
class Entry:
    """A catchment, its provider, and the schools in it, by name."""

    catchment: Catchment
    provider: Provider | None
    members: tuple[Member, ...]
    closing: tuple[School, ...]
    """Those of its schools that are closed, or about to."""
    text: str
    """Its names, folded, to look for words in."""
    towns: Mapping[str, str]
    """The towns of its schools, folded → as written."""

    def schools(self, day: date) -> list[Member]:
        """Return the schools that are not closed on a date."""
        return [each for each in self.members if not is_closed(each.school, on=day)]

    def count(self, day: date) -> int:
        """Return how many schools are not closed on a date."""
        return len(self.members) - sum(is_closed(school, on=day) for school in self.closing)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the list shows it on a date; `towns` are those for which it was found."""

    entry: Entry
    count: int
    towns: tuple[str, ...] = ()


def entries(world: Published, snapshot: Snapshot) -> Mapping[str, Entry]:
    """Return every catchment's entry by code: north to south by region, then by name."""
    key = ("entries", snapshot.edition.number, snapshot.release.number)
    return world.recent.get(key, lambda: _entries(snapshot))


def catchment_list(resolver: Resolver) -> list[dict[str, object]]:
    """Return every catchment with its region and provider, north to south, then by name."""
    return [
        {
            "code": c.code,
            "name": c.name,
            "region": c.education_region,
            "provider": resolver.edition.provider_of(c),
        }
        for c in _north_to_south(resolver.edition.catchments.values())
    ]


def lines(
    found: Iterable[Entry],
    day: date,
    *,
    words: Collection[str],
    region: str,
    order: str,
    codes: Collection[str] | None = None,
) -> list[Line]:
    """Return the entries of a region (or of all) that have all words of a text, in order.

    Each, folded, must begin a word of a name, of the region, or of the town of a school. With
    `codes`, those are what the text means, whatever it matches.
    """
    here = (e for e in found if region in ("", e.catchment.education_region))
    matching = ((entry, _matching(entry, words)) for entry in here)
    kept = [
        Line(entry, entry.count(day), towns or ())
        for entry, towns in matching
        if (towns is not None if codes is None else entry.catchment.code in codes)
    ]
    return sorted(kept, key=_KEYS[order])


def by_region(found: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return lines region by region, north to south, each region's in the order that they have."""
    regions = {line.entry.catchment.education_region for line in found}
    return [
        (region, [line for line in found if line.entry.catchment.education_region == region])
        for region in sorted(regions, key=_place_of)
    ]


def regions_of(found: Iterable[Entry]) -> list[str]:
    """Return the regions that have a catchment, north to south."""
    return sorted({e.catchment.education_region for e in found} - {""}, key=_place_of)


def _place_of(region: str) -> tuple[int, str]:
    places = {name: place for place, name in enumerate(EDUCATION_REGIONS)}
    return places.get(region, len(places)), region


def _north_to_south(catchments: Iterable[Catchment]) -> list[Catchment]:
    return sorted(
        catchments, key=lambda c: (_place_of(c.education_region), folded(c.name), c.name, c.code)
    )


def _entries(snapshot: Snapshot) -> dict[str, Entry]:
    members: dict[str, list[Member]] = {}
    for answer in snapshot.answers.values():
        if answer.catchment:
            members.setdefault(answer.catchment.code, []).extend(_members(answer))
    resolver = snapshot.resolver
    return {
        c.code: _entry(c, resolver.edition.provider_of(c), members.get(c.code, []))
        for c in _north_to_south(resolver.edition.catchments.values())
    }


def _members(answer: Answer) -> Iterator[Member]:
    if answer.school and answer.basis:
        note = answer.in_school_provision
        yield Member(answer.school, answer.basis, answer.distance_m, note)


def _entry(catchment: Catchment, provider: Provider | None, members: list[Member]) -> Entry:
    schools = [each.school for each in members]
    served_by = provider.name if provider else ""
    said = (catchment.name, catchment.code, catchment.education_region, served_by)
    return Entry(
        catchment=catchment,
        provider=provider,
        members=tuple(sorted(members, key=lambda m: (folded(m.school.name), m.school.school_id))),
        closing=tuple(school for school in schools if school.status is SchoolStatus.CLOSED),
        text=" ".join(map(folded, said)),
        towns={folded(school.city): school.city for school in schools if school.city},
    )


def _matching(entry: Entry, words: Collection[str]) -> tuple[str, ...] | None:
    """Return the towns for which an entry matches, none where its names do; None if it does not."""
    rest = [word for word in words if not _begins_a_word(word, entry.text)]
    if not all(any(_begins_a_word(word, town) for town in entry.towns) for word in rest):
        return None
    towns = entry.towns.items()
    found = [name for town, name in towns if any(_begins_a_word(word, town) for word in rest)]
    return tuple(sorted(found)[:TOWNS_SHOWN])


def _begins_a_word(word: str, text: str) -> bool:
    return f" {word}" in f" {text}"


def _by_catchment(line: Line) -> tuple[str, str]:
    return folded(line.entry.catchment.name), line.entry.catchment.code


def _by_provider(line: Line) -> tuple[bool, str, tuple[str, str]]:
    provider = line.entry.provider
    return provider is None, folded(provider.name) if provider else "", _by_catchment(line)


def _by_schools(line: Line) -> tuple[int, tuple[str, str]]:
    return -line.count, _by_catchment(line)


_KEYS = dict(zip(ORDERS, (_by_catchment, _by_provider, _by_schools), strict=True))
