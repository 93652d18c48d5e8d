"""Another provider for a catchment, or for several at once: a contract that ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_catchments, refuse_unknown_provider
from catchments.core.model import Edition


@dataclass(frozen=True)
class AssignProvider(Change):
    """Another provider for some catchments."""

    tag = "assign provider"

    catchments: tuple[str, ...]
    provider: str

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_catchments(edition, self.catchments)
        refuse_unknown_provider(edition, self.provider)
        given = {
            code: replace(edition.catchments[code], provider_code=self.provider)
            for code in self.catchments
        }
        return replace(edition, catchments={**edition.catchments, **given})

    def describe(self, edition: Edition) -> str:
        who = naming.provider(self.provider, edition)
        return f"{naming.catchments(self.catchments, edition)}: served by {who} instead."
