"""What columns of CSV and properties of GeoJSON say of a provider and a catchment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from catchments.core.model import Provider
from catchments.web.common.tables import ORIGIN, Cell


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


def columns(properties: type, *also: str, later: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a list's columns of CSV: its properties, what else is `also` there, where it is from.

    Those that came `later` are last of all: somebody's program may count columns.
    """
    first = [name for name in properties.__annotations__ if name not in later]
    return (*first, *also, *ORIGIN, *later)


def row(names: Sequence[str], told: Mapping[str, object], whence: Sequence[Cell]) -> list[Cell]:
    """Return the cells of these columns, from properties and where they are from."""
    values = {**told, **dict(zip(ORIGIN, whence, strict=True))}
    return [cast(Cell, values[name]) for name in names]


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
