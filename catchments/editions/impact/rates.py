"""Rates: the share of a roll that is taken to be chronically absent; an estimate, never a count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ASSUMED = 0.10
"""An assumption, not a measurement, until staff set a rate."""


@dataclass(frozen=True)
class Rates:
    """Chronically absent students as a share of the roll, 0…1, a region."""

    by_region: Mapping[str, float] = field(default_factory=dict)
    default: float = ASSUMED
    """For regions without a rate of their own, and for schools of no known region."""
    stated: bool = False
    """Whether staff set the default; else it is an assumption."""

    def of(self, region: str) -> float:
        """Return the rate of an education region."""
        return self.by_region.get(region, self.default)
