"""Lists of catchments and providers to choose from in a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catchments.core.model import EDUCATION_REGIONS, Catchment, Provider
from catchments.core.text_folding import folded

Options = list[tuple[str, str]]
"""Each thing's code with what it is called in a list, by name."""


def options_of(things: Mapping[str, Catchment | Provider]) -> Options:
    """Return every catchment, or every provider, of an edition."""
    named = ((each.code, f"{each.name} ({each.code})") for each in things.values())
    return sorted(named, key=lambda pair: folded(pair[1]))


def by_region(catchments: Iterable[Catchment]) -> list[tuple[str, list[Catchment]]]:
    """Return catchments region by region, north to south, each region's by name."""
    order = {region: at for at, region in enumerate(EDUCATION_REGIONS)}
    grouped: dict[str, list[Catchment]] = {}
    for catchment in sorted(catchments, key=lambda c: (folded(c.name), c.code)):
        grouped.setdefault(catchment.education_region, []).append(catchment)
    return sorted(grouped.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
