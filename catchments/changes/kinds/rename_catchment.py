"""Another name for a catchment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_catchments
from catchments.core.model import Edition


@dataclass(frozen=True)
class RenameCatchment(Change):
    """Another name for a catchment; its code stays."""

    tag = "rename catchment"

    catchment: str
    name: str

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_catchments(edition, [self.catchment])
        renamed = replace(edition.catchments[self.catchment], name=self.name)
        return replace(edition, catchments={**edition.catchments, self.catchment: renamed})

    def describe(self, edition: Edition) -> str:
        return f"{naming.catchment(self.catchment, edition)} renamed {self.name}."
