"""Faults that a draft's boundaries have, looking only where they differ from the base's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shapely.geometry.base import BaseGeometry

from catchments.coverage import CoverageFault, find_faults


def faults_after(
    before: Mapping[str, BaseGeometry],
    after: Mapping[str, BaseGeometry],
    touched: Collection[str],
) -> list[CoverageFault]:
    """Return the faults of a coverage of which only `touched` boundaries differ from before."""
    if not touched:
        return []
    return find_faults(after)
