"""Names of things in messages and sentences: several in short, catchments and providers in full."""

from __future__ import annotations

from collections.abc import Sequence

from catchments.core.errors import shown
from catchments.core.model import Edition

NAMED_AT_MOST = 10
"""In a message, which somebody corrects something by."""
LISTED_AT_MOST = 5
"""In a sentence, which only says what was done."""


def named(things: Sequence[object]) -> str:
    """Return the first ten of some things, and how many more there are."""
    first = ", ".join(shown(thing) for thing in things[:NAMED_AT_MOST])
    more = len(things) - NAMED_AT_MOST
    return f"{first} and {more} more" if more > 0 else first


def catchment(code: str, edition: Edition) -> str:
    """Return a catchment's name with its code; the code alone where the edition lacks it."""
    found = edition.catchments.get(code)
    return f"{found.name} ({code})" if found else code


def catchments(codes: Sequence[str], edition: Edition) -> str:
    """Return several catchments as a sentence lists them."""
    return _listed([catchment(code, edition) for code in codes])


def provider(code: str, edition: Edition) -> str:
    """Return a provider's name with its code; the code alone where the edition lacks it."""
    found = edition.providers.get(code)
    return f"{found.name} ({code})" if found else code


def schools(numbers: Sequence[int]) -> str:
    """Return one school or several as a sentence lists them: by number."""
    if len(numbers) == 1:
        return f"school {numbers[0]}"
    return f"{len(numbers)} schools ({_listed([str(n) for n in numbers])})"


def with_schools(numbers: Sequence[int]) -> str:
    """Return the end of a sentence that schools come along with; nothing where there are none."""
    return f", with {schools(numbers)}" if numbers else ""


def _listed(things: Sequence[str]) -> str:
    first, more = things[:LISTED_AT_MOST], len(things) - LISTED_AT_MOST
    if more > 0:
        return f"{', '.join(first)} and {more} more"
    return " and ".join([", ".join(first[:-1]), first[-1]] if len(first) > 1 else first)
