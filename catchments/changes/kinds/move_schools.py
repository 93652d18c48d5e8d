"""Schools listed in another catchment, or in none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import listed_in, refuse_unknown_catchments
from catchments.core.model import Edition


@dataclass(frozen=True)
class MoveSchools(Change):
    """Schools listed in another catchment; where `to` is empty they belong to none."""

    tag = "move schools"

    schools: tuple[int, ...]
    to: str

    def apply(self, edition: Edition) -> Edition:
        if self.to:
            refuse_unknown_catchments(edition, [self.to])
            return listed_in(edition, self.schools, self.to)
        kept = {s: c for s, c in edition.listings.items() if s not in set(self.schools)}
        return replace(edition, listings=kept, unserved=edition.unserved | set(self.schools))

    def describe(self, edition: Edition) -> str:
        to = f"to {naming.catchment(self.to, edition)}" if self.to else "to no catchment"
        return f"{naming.schools(self.schools)} moved {to}."
