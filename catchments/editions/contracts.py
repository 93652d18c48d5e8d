"""Contracts and the days they leave: those that end with nobody to follow, days between two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from catchments.changes.change import Change
from catchments.changes.edition_parts import UNKNOWN
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.changes.naming import catchments, provider
from catchments.changes.publication_checks import Concern, is_within
from catchments.core.errors import long_date
from catchments.core.model import Edition

Scheduled = Sequence[tuple[date, Edition]]
"""Editions that come after one, each with the day from which it is in force, the soonest first."""
A_DAY = timedelta(days=1)


def ending(edition: Edition, on: date, scheduled: Scheduled = ()) -> Iterator[Concern]:
    """Yield a concern for each contract that ends while an edition is in force, with its date.

    None where a successor is scheduled from the day after, in every catchment. What ended before
    `on`, from which the edition is in force, forbids publication: see `publication_checks`.
    """
    serving = codes_by_provider(edition)
    for code, contract in sorted(edition.contracts.items()):
        if code not in serving or contract.ends is None or contract.ends < on:
            continue
        after = contract.ends + A_DAY
        left = without_successor(edition, serving[code], after, scheduled)
        if left:
            text = (
                f"The contract of {provider(code, edition)} ends on {long_date(contract.ends)}, "
                f"and nobody is scheduled to follow in {catchments(left, edition)}. Publish who "
                f"serves from {long_date(after)}, or correct the contract’s last day."
            )
            yield Concern("contract-ends", text, codes=(code,))


def codes_by_provider(edition: Edition) -> dict[str, list[str]]:
    """Return the codes of the catchments that each provider of an edition serves."""
    serving: dict[str, list[str]] = {}
    for code, each in sorted(edition.catchments.items()):
        if each.provider_code and each.provider_code in edition.providers:
            serving.setdefault(each.provider_code, []).append(code)
    return serving


def without_successor(
    edition: Edition, codes: Sequence[str], day: date, scheduled: Scheduled
) -> list[str]:
    """Return those of some catchments that nobody is scheduled to serve on a day.

    `day` is the first that their provider's contract does not cover.
    """
    then = next((each for starts, each in reversed(scheduled) if starts <= day), edition)
    left = (code for code in codes if code in then.catchments)
    return [code for code in left if not _is_served(then, code, day, edition)]


def _is_served(then: Edition, code: str, day: date, before: Edition) -> bool:
    """Return whether a contract covers a day: the one `before`, where none is known `then`.

    An edition that was scheduled first is re-based: it gets the contracts of what comes before it.
    """
    who = then.catchments[code].provider_code or ""
    contract = then.contracts.get(who, UNKNOWN)
    if contract == UNKNOWN:
        contract = before.contracts.get(who, UNKNOWN)
    return who in then.providers and is_within(contract, day)


def days_between(before: Edition, after: Edition, on: date) -> Iterator[Concern]:
    """Yield a concern for each provider replaced `on` a day whose contract ended days before it."""
    for who, codes in codes_by_provider(before).items():
        ends = before.contracts.get(who, UNKNOWN).ends
        passed = [
            code
            for code in codes
            if code in after.catchments and after.catchments[code].provider_code != who
        ]
        if ends is None or not passed or ends + A_DAY >= on:
            continue
        text = (
            f"Nobody is contracted for {catchments(passed, before)} from {long_date(ends + A_DAY)} "
            f"to {long_date(on - A_DAY)}: the contract of {provider(who, before)} ends on "
            f"{long_date(ends)}, and another follows only from {long_date(on)}. Let the draft be "
            f"in force from {long_date(ends + A_DAY)}."
        )
        yield Concern("days-between", text, codes=tuple(passed))


def agreed_days(changes: Iterable[Change], edition: Edition, on: date) -> Iterator[Concern]:
    """Yield a concern for each provider of a draft that others were to follow before `on`.

    The draft is in force from `on`; `edition` is the one that its changes are applied to.
    """
    for change in changes:
        first = change.first_day if isinstance(change, RetireProvider) else None
        if not isinstance(change, RetireProvider) or first is None or first >= on:
            continue
        codes = tuple(change.followed_by or {})
        text = (
            f"{provider(change.provider, edition)} retires, and others follow in "
            f"{catchments(codes, edition)} from {long_date(first)}; but the draft would be in "
            f"force only from {long_date(on)}, so that nobody serves there before. Let it be in "
            f"force from {long_date(first)}, or undo the change and give the day anew."
        )
        yield Concern("days-between", text, codes=codes)
