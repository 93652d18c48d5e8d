"""Another provider for a catchment, or for several at once: a contract that ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import (
    refuse_unknown_catchments,
    refuse_unknown_provider,
    served_by,
)
from catchments.core.model import Edition


@dataclass(frozen=True)
class AssignProvider(Change):
    """Another provider for some catchments."""

    tag = "assign provider"

    catchments: tuple[str, ...]
    provider: str
    each: Mapping[str, str] | None = None
    """Of a table: the provider of each catchment, where they are not one for all."""

    @classmethod
    def by_table(cls, each: Mapping[str, str]) -> AssignProvider:
        """Return what gives each catchment its own provider, in one step."""
        providers = set(each.values())
        if len(providers) == 1:
            return cls(tuple(each), providers.pop())
        return cls((), "", dict(each))

    def apply(self, edition: Edition) -> Edition:
        each = self._each
        if each or self.each is None:  # a table may name nothing that is otherwise
            refuse_unknown_catchments(edition, list(each))
        for provider in sorted(set(each.values())):
            refuse_unknown_provider(edition, provider)
        return served_by(edition, each)

    def describe(self, edition: Edition) -> str:
        if self.each is None:
            who = naming.provider(self.provider, edition)
            return f"{naming.catchments(self.catchments, edition)}: served by {who} instead."
        count = f"{len(self.each):,} catchments"
        return f"{count} given other providers by a table: {naming.followed(self.each, edition)}."

    @property
    def _each(self) -> Mapping[str, str]:
        return dict.fromkeys(self.catchments, self.provider) if self.each is None else self.each
