"""Matching: the school, catchment or provider of an edition that a row of a list means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from catchments.core.errors import shown
from catchments.core.model import Catchment, Edition, Provider, School, unnamed
from catchments.core.text_folding import by_name, folded, matching_key
from catchments.lookup.values import school_number
from catchments.readers.codes import KnownCodes

_LONGEST_COMPARED = 100
_MOST_COMPARED = 200
"""difflib is slow, and its time grows with the square of a text's length."""


class KnownSchools:
    """Finds the school that a row means, by number, else by name and town."""

    def __init__(self, schools: Mapping[int, School], known: Edition) -> None:
        self._by_number = schools
        self._only_listed = {*known.listings, *known.unserved, *known.in_school_provision}
        """With those that the edition speaks of though the directory lacks them."""
        self._by_name = by_name((school.name, school) for school in schools.values())

    def numbered(self, text: str, name: str, *, is_said_to_lack: bool = False) -> School | None:
        """Return the school of a number: of the directory, or one that the edition speaks of.

        Or any, where a table of ours says that the directory lacks it.
        """
        number = school_number(text)
        if number is None:
            return None
        found = self._by_number.get(number)
        if found is None and (is_said_to_lack or number in self._only_listed):
            return School(number, name or unnamed(number))
        return found

    def lacks(self, school: School) -> bool:
        """Whether the directory lacks a school."""
        return school.school_id not in self._by_number

    def named(self, name: str, town: str) -> tuple[School | None, str]:
        """Return the one school of that name and town, or None and why."""
        same_name = self._by_name.get(matching_key(name), []) if name else []
        if not same_name:
            return None, "no school has that name" if name else "no name"
        here = [
            s
            for s in same_name
            if not town or matching_key(town) in {matching_key(s.city), matching_key(s.suburb)}
        ]
        if len(here) == 1:
            return here[0], ""
        found = here or same_name
        which = "; ".join(f"{s.school_id} in {s.city or 'no town'}" for s in found[:5])
        count = "schools have" if len(found) > 1 else "school has"
        where = f" {shown(town)}" if town else ""
        return None, f"{len(found)} {count} that name ({which}), {len(here)} for the town{where}"


def is_called(school: School, words: str) -> bool:
    """Whether words that stand beside a school's number are of its name, or of where it is."""
    own = f"{school.name} {school.suburb} {school.city}"
    return set(folded(words).split()) <= set(folded(own).split())


class KnownCatchments:
    """Finds the catchment that a text means: by code, else by name."""

    def __init__(self, catchments: Mapping[str, Catchment]) -> None:
        self._catchments = catchments
        self._codes = KnownCodes(catchments)
        self._compared = 0
        self._by_name = by_name((each.name, each.code) for each in catchments.values())

    def code(self, text: str) -> str | None:
        """Return the code of the catchment meant, or None if it is none, or one of several."""
        meant = self._codes.meant(text)
        named = self._by_name.get(matching_key(text), [])
        # A number that lost its zeros is the last that is thought of.
        if matching_key(meant) != matching_key(text) and len(named) == 1:
            return named[0]
        if meant in self._catchments:
            return meant
        return named[0] if len(named) == 1 else None

    def found(self, text: str) -> Catchment | None:
        """Return the catchment meant, or None."""
        return self._catchments.get(self.code(text) or "")

    def is_called(self, text: str, name: str) -> bool:
        """Whether the catchment that a text means has a name; others may have it too."""
        meant = self.found(text)
        return meant is not None and matching_key(meant.name) == matching_key(name)

    def lost_zeros(self, text: str, code: str) -> bool:
        """Whether a text was taken for a code only because a spreadsheet takes zeros off."""
        is_spelled = matching_key(text) == matching_key(code)
        return not is_spelled and self._codes.meant(text) == code and not self.is_called(code, text)

    def unknown(self, text: str) -> str:
        """Return a sentence part that names an unknown catchment and the nearest known spelling."""
        if len(self._by_name.get(matching_key(text), [])) > 1:
            return f"several catchments are called {shown(text)}; give the code"
        alike = self._codes.alike(text)
        if len(alike) > 1:
            return f"catchment {shown(text)} is not known; it may be {_or(alike)} without its zeros"
        spelled = {matching_key(c.name): c.name for c in self._catchments.values()}
        spelled |= {key: c for c in self._catchments if (key := matching_key(c)) not in spelled}
        self._compared += 1
        if self._compared > _MOST_COMPARED:
            return f"catchment {shown(text)} is not known"
        near = get_close_matches(matching_key(text)[:_LONGEST_COMPARED], list(spelled), n=1)
        hint = f"; the nearest is {shown(spelled[near[0]])}" if near else ""
        return f"catchment {shown(text)} is not known{hint}"


class KnownProviders:
    """Finds the provider of an edition that a row means: by exact name, where it has no code."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self.providers = providers
        self._codes = KnownCodes(providers)
        self._by_name = by_name((each.name, each.code) for each in providers.values())
        self._exact = {provider.name: provider.code for provider in providers.values()}

    def spelled(self, code: str) -> str:
        """Return a code as the edition has it, where only its spelling or first zeros differ."""
        return self._codes.meant(code)

    def code(self, name: str) -> str | None:
        """Return the code of the provider of that name, or None if none or several have it."""
        alike = self._by_name.get(matching_key(name), [])
        return self._exact.get(name) or (alike[0] if len(alike) == 1 else None)


def _or(codes: Iterable[str]) -> str:
    return " or ".join(map(shown, codes))
