"""The impact of a draft on schools, catchments and providers, worked out anew after each change.

`impact` compares a snapshot with the edition that a draft makes of it. `ImpactCalculator` does the
same and keeps what is expensive from one call to the next: a page can ask after every change.
"""

from __future__ import annotations

from datetime import date

from catchments.changes import Concern
from catchments.core.model import Edition
from catchments.editions.impact.calculator import ImpactCalculator
from catchments.editions.impact.faults import changed_area
from catchments.editions.impact.rates import ASSUMED, Rates
from catchments.editions.impact.tables import Impact, Numbers, Row
from catchments.lookup.snapshot import Snapshot


def impact(base: Snapshot, after: Edition, *, on: date, rates: Rates) -> Impact:
    """Return what an edition would change if it followed a snapshot on a date."""
    return ImpactCalculator().impact(base, after, on=on, rates=rates)


__all__ = [
    "ASSUMED",
    "Concern",
    "Impact",
    "ImpactCalculator",
    "Numbers",
    "Rates",
    "Row",
    "changed_area",
    "impact",
]
