"""A provider that the edition lacks."""

from __future__ import annotations

from dataclasses import dataclass

from catchments.changes.change import Change
from catchments.changes.edition_parts import UNKNOWN, with_provider
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Contract, Edition, Provider


@dataclass(frozen=True)
class AddProvider(Change):
    """A provider that the edition lacks, with its contract."""

    tag = "add provider"

    provider: Provider
    contract: Contract = UNKNOWN

    def apply(self, edition: Edition) -> Edition:
        if self.provider.code in edition.providers:
            raise ChangeDoesNotFit(
                f"The edition has a provider {shown(self.provider.code)} already.",
                next_step="Edit that one, or give the new one another code.",
            )
        return with_provider(edition, self.provider, self.contract)

    def describe(self, edition: Edition) -> str:
        return f"Provider {self.provider.name} ({self.provider.code}) added."
