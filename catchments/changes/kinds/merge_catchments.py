"""Several catchments made one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_catchments
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Edition
from catchments.geometry import redrawing


@dataclass(frozen=True)
class MergeCatchments(Change):
    """Several catchments made one; `into` is one of them and keeps its code and provider."""

    tag = "merge catchments"

    catchments: tuple[str, ...]
    into: str

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_catchments(edition, self.catchments)
        gone = set(self.catchments) - {self.into}
        if self.into not in self.catchments or not gone:
            raise ChangeDoesNotFit(
                f"{naming.named(self.catchments)} cannot become {shown(self.into)}.",
                allowed="Give two catchments or more, one of them the one that stays.",
                next_step="Choose the catchments again.",
            )
        boundaries = redrawing.merge(edition.boundaries, self.catchments, into=self.into)
        listings = {s: self.into if c in gone else c for s, c in edition.listings.items()}
        kept = {code: c for code, c in edition.catchments.items() if code not in gone}
        return replace(edition, catchments=kept, boundaries=boundaries, listings=listings)

    def describe(self, edition: Edition) -> str:
        gone = [code for code in self.catchments if code != self.into]
        into = naming.catchment(self.into, edition)
        return f"{naming.catchments(gone, edition)} merged into {into}."
