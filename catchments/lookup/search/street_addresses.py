"""Schools by their own street address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from catchments.core.model import MatchKind, School
from catchments.lookup.search.abbreviations import forms
from catchments.lookup.search.addresses.match import Around, fit_of
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.typed_text import TypedText


@dataclass(frozen=True, slots=True)
class _SchoolAddress:
    entry: int
    given: AddressText
    name: tuple[str, ...]
    """The words of its road."""
    around: Around
    postcodes: frozenset[str]
    """Those of its town, as far as schools there have them: its own may be that of its post."""
    road: frozenset[str]
    """The first word of the road's name, in every form."""
    words: frozenset[str]
    """All words of road, suburb, town and beyond, in every form."""


@dataclass(frozen=True)
class SchoolAddresses:
    """Schools by the street number of their own address."""

    by_number: Mapping[int, Sequence[_SchoolAddress]]

    @classmethod
    def of(cls, schools: Iterable[School]) -> SchoolAddresses:
        """Index schools in order; those whose address has no street number are left out."""
        found: defaultdict[int, list[_SchoolAddress]] = defaultdict(list)
        listed = [*schools]
        of_towns: defaultdict[str, set[str]] = defaultdict(set)
        for school in listed:
            of_towns[school.city] |= {school.postcode} - {""}
        for entry, school in enumerate(listed):
            given = AddressText.of(TypedText.of(school.address))
            if not given.is_address:
                continue
            postcodes = frozenset(of_towns[school.city])
            address = _school_address(entry, school, given, postcodes)
            for number in given.numbers:
                found[number].append(address)
        return cls(dict(found))

    def at(self, typed: TypedText | AddressText) -> list[tuple[int, MatchKind]]:
        """Return the schools whose address a text gives, each with its match.

        The last word may be half typed. “12a” is not at “12”, but a text without a letter is at any
        letter of its number. Exact is one whose whole street line was typed, and whose suburb, town
        or postcode as well: another town may have the same street.
        """
        wanted = AddressText.of(typed)
        if not wanted.is_address or not wanted.words:
            return []
        there = self.by_number.get(wanted.numbers[0], ())
        return [(one.entry, _match(wanted, one)) for one in there if _gives(wanted, one)]


def _school_address(
    entry: int, school: School, given: AddressText, postcodes: frozenset[str]
) -> _SchoolAddress:
    around = Around.of((school.suburb, school.city), school.territorial_authority)
    beyond = chain(*around.own, *around.wider, *around.loose)
    words = forms(given.words) | forms(tuple(beyond))
    road = forms(given.words[:1])
    return _SchoolAddress(entry, given, given.words, around, postcodes, road, words)


def _gives(wanted: AddressText, address: _SchoolAddress) -> bool:
    *before, last = wanted.words
    return (
        wanted.letter in {"", address.given.letter}
        and address.words.issuperset(before)
        and address.road.issuperset(before[:1])
        and any(word.startswith(last) for word in (address.words if before else address.road))
    )


def _match(wanted: AddressText, address: _SchoolAddress) -> MatchKind:
    given = address.given
    is_numbered = wanted.numbers == given.numbers or len(wanted.numbers) == 1
    is_other_unit = wanted.unit and given.unit and wanted.unit != given.unit
    if wanted.is_partial or wanted.letter != given.letter or not is_numbered or is_other_unit:
        return MatchKind.PART
    fit = fit_of(wanted.words, address.name, address.around, {})
    if fit is None or not _is_placed(wanted, address, has_place=fit.has_place):
        return MatchKind.PART
    return fit.match


def _is_placed(wanted: AddressText, address: _SchoolAddress, *, has_place: bool) -> bool:
    """Whether the place was typed as well; the town of another delivery round may be another's."""
    if wanted.is_mail and not has_place:
        town = fit_of(wanted.mail_town, (), address.around, {})
        return bool(wanted.mail_run == address.given.mail_run and town and town.has_place)
    if wanted.postcode and address.postcodes and not wanted.is_mail:
        return wanted.postcode in address.postcodes
    return has_place
