"""One catchment cut in two along a drawn line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from shapely.geometry.base import BaseGeometry

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import (
    listed_in,
    refuse_unknown_catchments,
    refuse_unknown_provider,
)
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Catchment, Edition
from catchments.geometry import redrawing


@dataclass(frozen=True)
class SplitCatchment(Change):
    """One catchment cut in two along a drawn line; what lies on one side is a new catchment."""

    tag = "split catchment"

    catchment: str
    line: BaseGeometry
    """WGS 84, longitude -180…180; it runs in the order of its vertices."""
    new: Catchment
    side: Literal["left", "right"] = "left"
    schools: tuple[int, ...] = ()
    """The listed schools that the new catchment gets."""

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_catchments(edition, [self.catchment])
        if self.new.code in edition.catchments:
            raise ChangeDoesNotFit(
                f"The edition has a catchment {shown(self.new.code)} already.",
                next_step="Give the new catchment another code.",
            )
        if self.new.provider_code:
            refuse_unknown_provider(edition, self.new.provider_code)
        boundaries = redrawing.split(
            edition.boundaries, self.catchment, self.line, new=self.new.code, side=self.side
        )
        catchments = {**edition.catchments, self.new.code: self.new}
        made = replace(edition, catchments=catchments, boundaries=boundaries)
        moving = [s for s in self.schools if edition.listings.get(s) == self.catchment]
        return listed_in(made, moving, self.new.code)

    def describe(self, edition: Edition) -> str:
        old, also = naming.catchment(self.catchment, edition), naming.with_schools(self.schools)
        return f"{old} split: {self.new.name} ({self.new.code}) is new{also}."
