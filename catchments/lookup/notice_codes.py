"""Notices: the codes of what one should know beside an answer, and which hold for a place."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum


def spoken(text: str) -> str:
    """Mark a sentence for translators; whoever shows it has it translated."""
    return text


class NoticeCode(StrEnum):
    """What a notice says; in the API these are a contract, to which codes are only ever added."""

    ON_BOUNDARY = "on-boundary"
    NEAR_BOUNDARY = "near-boundary"
    NO_PROVIDER = "no-provider"
    NO_PLACE = "no-place"
    OUTSIDE = "outside"
    UNSERVED = "unserved"
    PROPOSED_SCHOOL = "proposed-school"
    CLOSED_SCHOOL = "closed-school"
    NOT_IN_DIRECTORY = "not-in-directory"
    RENAMED = "renamed"
    DIRECTORY_LATER = "directory-later-than-date"
    BEFORE_FIRST_EDITION = "before-first-edition"
    NOTHING_FOUND = "nothing-found"
    NUMBER_NOT_KNOWN = "number-not-known"
    ADDRESS_NOT_KNOWN = "address-not-known"
    CHANGES_DIFFER = "changes-differ"
    APPROXIMATE_MATCH = "approximate-match"
    MAIL_TOWN_ONLY = "mail-town-only"
    ALSO_NAMED = "also-named"
    TEXT_CUT = "text-cut"
    SWAPPED = "swapped"
    SIGN_MISSING = "sign-missing"
    MAP_VIEW = "map-view"
    NO_PLACE_IN_TEXT = "no-place-in-text"
    OTHER_NEED = "other-need"


BESIDE_A_BOUNDARY = frozenset({NoticeCode.NEAR_BOUNDARY, NoticeCode.ON_BOUNDARY})
"""Those that say that it may as well be another catchment."""


def notices_of_place(
    *, found: bool, served: bool, others: bool, on_edge: bool
) -> Iterator[NoticeCode]:
    """Yield what holds for an answer by a place, in the order in which it is said.

    `found`: a catchment answers; `served`: it has a provider; `others`: it may as well be another,
    or any of several; `on_edge`: because the place is on an edge that they share.
    """
    if found and not served:
        yield NoticeCode.NO_PROVIDER
    if found and others:
        yield NoticeCode.ON_BOUNDARY if on_edge else NoticeCode.NEAR_BOUNDARY
    if not found and not others:
        yield NoticeCode.OUTSIDE
