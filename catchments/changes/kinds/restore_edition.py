"""The whole content of an earlier edition, published anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes.change import Change
from catchments.core.model import Edition


@dataclass(frozen=True)
class RestoreEdition(Change):
    """The whole content of an earlier edition, published anew."""

    tag = "restore edition"

    number: int
    content: Edition

    def apply(self, edition: Edition) -> Edition:
        return replace(
            self.content,
            number=edition.number,
            title=edition.title,
            reason=edition.reason,
            effective_from=edition.effective_from,
            uncovered_accepted=edition.uncovered_accepted,
        )

    def describe(self, edition: Edition) -> str:
        return f"The content of edition {self.number} restored."
