"""Schools listed in another catchment, or in none: all in one, or each in its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_catchments
from catchments.core.model import Edition

OFF_THE_LIST = "off the list"


@dataclass(frozen=True)
class MoveSchools(Change):
    """Schools listed in another catchment; where `to` is empty they belong to none."""

    tag = "move schools"

    schools: tuple[int, ...]
    to: str
    each: Mapping[int, str | None] | None = None
    """Of a table, each school's own: a code, empty for no catchment, None to be on no list."""

    @classmethod
    def by_table(cls, each: Mapping[int, str | None]) -> MoveSchools:
        """Return what moves each school to its own, in one step."""
        places = set(each.values())
        to = next(iter(places), None)
        if len(places) == 1 and to is not None:
            return cls(tuple(each), to)
        return cls((), "", dict(each))

    def apply(self, edition: Edition) -> Edition:
        each = self._each
        codes = {code for code in (self.to, *each.values()) if code}
        if codes:
            refuse_unknown_catchments(edition, sorted(codes))
        listed = {number: code for number, code in each.items() if code}
        nowhere = frozenset(number for number, code in each.items() if code == "")
        kept = {number: code for number, code in edition.listings.items() if number not in each}
        return replace(
            edition,
            listings={**kept, **listed},
            unserved=(edition.unserved - each.keys()) | nowhere,
        )

    def describe(self, edition: Edition) -> str:
        if self.each is None:
            return f"{naming.schools(self.schools)} moved {_whither(self.to, edition)}."
        if set(self.each.values()) == {None}:
            return f"{naming.schools(list(self.each))} taken {OFF_THE_LIST}."
        counts = Counter(self.each.values()).most_common()
        parts = [f"{count:,} {_whither(code, edition)}" for code, count in counts]
        return f"{naming.schools(list(self.each))} moved by a table: {naming.listed(parts)}."

    @property
    def _each(self) -> Mapping[int, str | None]:
        return dict.fromkeys(self.schools, self.to) if self.each is None else self.each


def _whither(code: str | None, edition: Edition) -> str:
    if code is None:
        return OFF_THE_LIST
    return f"to {naming.catchment(code, edition)}" if code else "to no catchment"
