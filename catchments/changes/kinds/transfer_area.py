"""An area given to a catchment, with the listed schools that lie in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import listed_in, refuse_unknown_catchments
from catchments.core.model import Edition
from catchments.geometry import redrawing


@dataclass(frozen=True)
class TransferArea(Change):
    """An area given to a catchment, with the listed schools that lie in it."""

    tag = "transfer area"

    area: BaseGeometry
    """WGS 84, longitude -180…180."""
    to: str
    from_: tuple[str, ...] = ()
    """The catchments that give; every other one if empty."""
    schools: tuple[int, ...] = ()
    label: str = ""
    """What the area is to people: “drawn”, the names of suburbs, a file's name."""

    def apply(self, edition: Edition) -> Edition:
        refuse_unknown_catchments(edition, [self.to, *self.from_])
        boundaries = redrawing.transfer(edition.boundaries, self.area, to=self.to, from_=self.from_)
        givers = set(self.from_) or set(edition.catchments)
        moving = [s for s in self.schools if edition.listings.get(s) in givers]
        return listed_in(replace(edition, boundaries=boundaries), moving, self.to)

    def describe(self, edition: Edition) -> str:
        label = f" ({self.label})" if self.label else ""
        from_ = f" from {naming.catchments(self.from_, edition)}" if self.from_ else ""
        to, also = naming.catchment(self.to, edition), naming.with_schools(self.schools)
        return f"An area{label} transferred{from_} to {to}{also}."
