"""A refusal of boundaries that do not tile, with what is needed to look at where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused
from catchments.geometry.tiling.coverage import CoverageFault


class CoverageRefused(FileRefused):
    """Boundaries that overlap, or leave gaps: they came from a file that was read whole."""

    def __init__(
        self,
        problem: str,
        *,
        next_step: str,
        boundaries: Mapping[str, BaseGeometry],
        names: Mapping[str, str],
        faults: Sequence[CoverageFault],
    ) -> None:
        rows = [fault.sentence(names) for fault in faults]
        super().__init__(problem, next_step=next_step, rows=rows)
        self.boundaries = boundaries
        """WGS 84, longitude -180…180, by code; those of `names` and `faults`."""
        self.names = names
        self.faults = tuple(faults)
        """Those that it is refused for, the largest first."""
