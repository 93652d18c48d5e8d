"""A provider taken off the list, and who follows in its catchments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import (
    refuse_unknown_catchments,
    refuse_unknown_provider,
    served_by,
)
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Edition


@dataclass(frozen=True)
class RetireProvider(Change):
    """A provider taken off the list; a catchment that nobody follows in has none until it gets one.

    Those who follow are by the catchment's code. One that has another provider by now keeps it.
    """

    tag = "retire provider"

    provider: str
    followed_by: Mapping[str, str] | None = None
    first_day: date | None = None
    """The day from which they follow, as it was agreed; the edition's own date is what counts."""

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_provider(edition, self.provider)
        served = {
            c for c, each in edition.catchments.items() if each.provider_code == self.provider
        }
        followed = {c: who for c, who in self._followed.items() if c in served}
        self._refuse_misfits(edition)
        left = {code: replace(edition.catchments[code], provider_code=None) for code in served}
        return served_by(
            replace(
                edition,
                catchments={**edition.catchments, **left},
                providers={k: p for k, p in edition.providers.items() if k != self.provider},
                contracts={k: c for k, c in edition.contracts.items() if k != self.provider},
            ),
            followed,
        )

    def describe(self, edition: Edition) -> str:
        retired = f"Provider {naming.provider(self.provider, edition)} retired"
        if not self._followed:
            return f"{retired}."
        since = f" from {self.first_day}" if self.first_day else ""
        return f"{retired}; followed{since} by {naming.followed(self._followed, edition)}."

    @property
    def _followed(self) -> Mapping[str, str]:
        return self.followed_by or {}

    def _refuse_misfits(self, edition: Edition) -> None:
        if self._followed:
            refuse_unknown_catchments(edition, list(self._followed))
        for who in sorted(set(self._followed.values())):
            refuse_unknown_provider(edition, who)
            if who == self.provider:
                raise ChangeDoesNotFit(
                    f"The provider {naming.provider(who, edition)} cannot follow itself.",
                    next_step="Choose another provider.",
                )
