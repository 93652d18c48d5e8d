"""Names of things in messages and sentences: several in short, catchments and providers in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catchments.core.errors import all_of, first_of, long_date, shown
from catchments.core.model import Contract, Edition

NAMED_AT_MOST = 10
"""In a message, which somebody corrects something by."""
LISTED_AT_MOST = 5
"""In a sentence, which only says what was done."""


def named(things: Sequence[object]) -> str:
    """Return the first ten of some things, and how many more there are."""
    return first_of(list(map(shown, things)), NAMED_AT_MOST)


def catchment(code: str, edition: Edition) -> str:
    """Return a catchment's name with its code; the code alone where the edition lacks it."""
    found = edition.catchments.get(code)
    return f"{found.name} ({code})" if found else code


def catchments(codes: Sequence[str], edition: Edition) -> str:
    """Return several catchments as a sentence lists them."""
    return listed([catchment(code, edition) for code in codes])


def provider(code: str, edition: Edition) -> str:
    """Return a provider's name with its code; the code alone where the edition lacks it."""
    found = edition.providers.get(code)
    return f"{found.name} ({code})" if found else code


def followed(providers: Mapping[str, str], edition: Edition) -> str:
    """Return who serves each of some catchments from then on, provider by provider."""
    serving: dict[str, list[str]] = {}
    for code, who in providers.items():
        serving.setdefault(who, []).append(code)
    told = [f"{provider(w, edition)} in {catchments(c, edition)}" for w, c in serving.items()]
    return first_of(told, LISTED_AT_MOST, by="; ", then="; and ")


def period(contract: Contract) -> str:
    """Return from when to when a contract goes, as far as that is known; empty if it is not."""
    first, last = contract.starts, contract.ends
    days = (first and f"from {long_date(first)}", last and f"to {long_date(last)}")
    return " ".join(day for day in days if day)


def schools(numbers: Sequence[int]) -> str:
    """Return one school or several as a sentence lists them: by number."""
    if len(numbers) == 1:
        return f"school {numbers[0]}"
    return f"{len(numbers):,} schools ({listed([str(n) for n in numbers])})"


def with_schools(numbers: Sequence[int]) -> str:
    """Return the end of a sentence that schools come along with; nothing where there are none."""
    return f", with {schools(numbers)}" if numbers else ""


def listed(things: Sequence[str], at_most: int = LISTED_AT_MOST) -> str:
    """Return the first few of some things as a sentence lists them, and how many more there are."""
    return all_of(things) if len(things) <= at_most else first_of(things, at_most)
