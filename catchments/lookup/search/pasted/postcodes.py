"""Postcodes: the schools that have each, as one place."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catchments.core.errors import first_of
from catchments.core.model import NamedPlace, PlaceKind, School, SchoolStatus
from catchments.core.text_folding import folded
from catchments.lookup.search.typed_text import TypedText

_POSTCODE = re.compile(
    r"(?:post ?code|nz)? ?[:#]? ?([0-9]{4}),?(?: (?:nz|new zealand))?", re.IGNORECASE
)
_MOST_TOWNS = 4
"""Towns that are named of a postcode; those with most of its schools come first."""


@dataclass(frozen=True)
class Postcodes:
    """Schools by the postcode of their post, indexed once.

    It is where post for them goes, perhaps to a box in the next town, and few postcodes have many
    schools: what is known of a postcode is these schools, no area.
    """

    places: Mapping[str, NamedPlace]
    listed: Mapping[str, NamedPlace]
    """By how each is written in a list, folded: with its towns."""

    @classmethod
    def of(cls, schools: Iterable[School]) -> Postcodes:
        """Index the schools of a directory that are not closed, in the order of their numbers."""
        having: defaultdict[str, list[School]] = defaultdict(list)
        for school in sorted(schools, key=lambda each: each.school_id):
            if school.postcode and school.status is not SchoolStatus.CLOSED:
                having[school.postcode].append(school)
        places = {postcode: _place(postcode, held) for postcode, held in having.items()}
        return cls(places, {folded(f"{p.name} {p.within}"): p for p in places.values()})

    def named(self, typed: TypedText) -> NamedPlace | None:
        """Return the place of kind postcode that a text is, with its schools; None for no such.

        “1010” is a postcode and may be a school's number as well: whoever asks has to look for
        both. A number that begins with a naught is no school's.
        """
        match = _POSTCODE.fullmatch(typed.text)
        return self.places.get(match[1]) if match else self.listed.get(typed.folded)


def _place(postcode: str, schools: list[School]) -> NamedPlace:
    towns = Counter(school.city or school.suburb for school in schools)
    named = [town for town, _ in towns.most_common() if town]
    within = first_of(named, _MOST_TOWNS)
    return NamedPlace(
        PlaceKind.POSTCODE,
        postcode,
        within,
        schools=tuple(schools),
    )
