"""A provider taken off the list."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_provider
from catchments.core.model import Edition


@dataclass(frozen=True)
class RetireProvider(Change):
    """A provider taken off the list; its catchments have none until they get another."""

    tag = "retire provider"

    provider: str

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_provider(edition, self.provider)
        left = {
            code: replace(c, provider_code=None) if c.provider_code == self.provider else c
            for code, c in edition.catchments.items()
        }
        return replace(
            edition,
            catchments=left,
            providers={k: p for k, p in edition.providers.items() if k != self.provider},
            contracts={k: c for k, c in edition.contracts.items() if k != self.provider},
        )

    def describe(self, edition: Edition) -> str:
        return f"Provider {naming.provider(self.provider, edition)} retired."
