"""Uncovered ground: what was in a catchment and would be in none, and how it is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catchments.changes.naming import listed
from catchments.core.errors import all_of
from catchments.core.model import AcceptedLoss, Edition, Place

BESIDE_NAMED = 3
"""Catchments beside lost ground that are named before the others are counted."""
_SAME_KM2 = 1e-3
"""A loss is as large as one that was accepted within so much of it: lines are drawn anew."""


@dataclass(frozen=True)
class Uncovered:
    """What one catchment's ground loses: land, and who is on it."""

    code: str
    """Of the catchment that it was in."""
    name: str
    """As the edition before calls it."""
    km2: float
    """Of land; the sea does not count."""
    schools: tuple[int, ...]
    """Numbers of the open schools that lie there, sorted, listed somewhere or not."""
    addresses: int | None
    """How many there are; None where no address file was imported."""
    place: Place
    box: tuple[float, float, float, float]
    """West, south, east, north; longitudes 0…360."""
    beside: tuple[str, ...]
    """The codes of the catchments that lie beside it now."""

    def sentence(self, edition: Edition) -> str:
        """Return what would be lost, in a sentence or two; `edition` is the one that loses it."""
        known = (edition.catchments.get(code) for code in self.beside)
        names = [catchment.name for catchment in known if catchment]
        beside = f", beside {listed(names, BESIDE_NAMED)}" if names else ""
        said = f"Ground of {self.name} ({self.code}) would be in no catchment: {self.extent}"
        uncounted = " Addresses are not counted: no address file is kept."
        return f"{said}{beside}.{uncounted if self.addresses is None else ''}"

    @property
    def extent(self) -> str:
        """How much it is: land, open schools and addresses."""
        return extent(self.km2, len(self.schools), self.addresses)


def extent(km2: float, schools: int, addresses: int | None) -> str:
    """Return how much ground is, in words: land, and the open schools and addresses on it."""
    parts = [
        f"{area(km2)} of land" if km2 else "no land",
        _counted(schools, "open school", "open schools"),
    ]
    if addresses is not None:
        parts.append(_counted(addresses, "address", "addresses"))
    return all_of(parts)


def area(km2: float) -> str:
    """Return an area as a person says it: in m² where it is small."""
    if km2 < 0.01:
        return f"{km2 * 1e6:,.0f} m²"
    return f"{km2:,.2f} km²" if km2 < 10 else f"{km2:,.0f} km²"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}" if number else f"no {many}"


# --- accepting ------------------------------------------------------------------------------------


def accepted(reason: str, found: Sequence[Uncovered]) -> AcceptedLoss:
    """Return that all of this is accepted, for a reason."""
    said = "; ".join(f"{each.name} ({each.code}), {each.extent}" for each in found)
    return AcceptedLoss(reason, {each.code: each.km2 for each in found}, said)


def is_accepted(edition: Edition, found: Uncovered) -> bool:
    """Whether an edition accepts a loss: of this catchment, and not less than there is now."""
    loss = edition.uncovered_accepted
    known: Mapping[str, float] = loss.km2 if loss else {}
    return found.code in known and found.km2 <= known[found.code] * (1 + _SAME_KM2) + 1e-4
