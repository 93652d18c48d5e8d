"""What columns of CSV and properties of GeoJSON say of a provider and a catchment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, cast

from catchments.model import Provider
from catchments.web.tables import Cell


class ProviderCells(TypedDict):
    """A provider as columns; nothing where there is none."""

    provider_code: str | None
    provider: str | None
    phone: str | None
    email: str | None
    website: str | None


NOBODY: ProviderCells = {
    "provider_code": None,
    "provider": None,
    "phone": None,
    "email": None,
    "website": None,
}


def cells(properties: Mapping[str, object]) -> list[Cell]:
    """Return the values of flat properties as cells of a table."""
    return [cast(Cell, value) for value in properties.values()]


def provider_cells(provider: Provider | None) -> ProviderCells:
    """Return a provider as columns."""
    if provider is None:
        return NOBODY
    return {
        "provider_code": provider.code,
        "provider": provider.name,
        "phone": provider.phone or None,
        "email": provider.email or None,
        "website": provider.website or None,
    }
