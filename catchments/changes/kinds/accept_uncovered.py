"""Ground that is left without a catchment on purpose, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catchments.changes.change import Change
from catchments.core.model import AcceptedLoss, Edition


@dataclass(frozen=True)
class AcceptUncovered(Change):
    """That ground which was in a catchment is to be in none: how much of which, and why.

    What is lost beside it, or by a later change, is not accepted.
    """

    tag = "accept uncovered"

    reason: str
    km2: Mapping[str, float] = field(default_factory=dict)
    """Of land, by the code of the catchment that it was in."""
    said: str = ""
    """What it is, in words: by name, with the schools and the addresses there."""

    def apply(self, edition: Edition) -> Edition:
        loss = AcceptedLoss(self.reason, self.km2, self.said)
        return replace(edition, uncovered_accepted=loss)

    def describe(self, edition: Edition) -> str:
        return f"Left in no catchment on purpose: {self.said}. Because: {self.reason}"
