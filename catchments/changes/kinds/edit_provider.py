"""Other details of a provider that the edition has."""

from __future__ import annotations

from dataclasses import dataclass

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import UNKNOWN, refuse_unknown_provider, with_provider
from catchments.core.model import Contract, Edition, Provider


@dataclass(frozen=True)
class EditProvider(Change):
    """Other details, and another contract, of a provider that the edition has."""

    tag = "edit provider"

    provider: Provider
    contract: Contract = UNKNOWN

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_provider(edition, self.provider.code)
        return with_provider(edition, self.provider, self.contract)

    def describe(self, edition: Edition) -> str:
        return f"Details of {naming.provider(self.provider.code, edition)} changed."
