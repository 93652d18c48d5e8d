"""Names of fields that a Shapefile has cut to ten letters, two of them perhaps to the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from catchments.core.column_vocabulary import CATCHMENT_COLUMNS

ROOM = 10
_SIBLING = re.compile(r"(.{8})_[1-9]")


def cut_names(columns: Sequence[str]) -> list[str]:
    """Return what GDAL calls columns in a Shapefile: ten letters, or eight and a number.

    As its driver does: https://gdal.org/en/stable/drivers/vector/shapefile.html, “Creation issues”.
    """
    found: list[str] = []
    for column in columns:
        short = column[:ROOM]
        again = (f"{column[: ROOM - 2]}_{number}" for number in range(1, 10))
        found.append(short if short not in found else next(n for n in again if n not in found))
    return found


def whole_names(names: Sequence[str]) -> list[str]:
    """Return fields by the names of our own columns, where they are these, cut, in their order.

    So comes back what somebody kept as a Shapefile who took a file of ours into a GIS.
    """
    cut = cut_names(CATCHMENT_COLUMNS)
    if [name for name in names if name in cut] != cut:
        return list(names)
    ours = dict(zip(cut, CATCHMENT_COLUMNS, strict=True))
    return [ours.get(name, name) for name in names]


def siblings(field: str, names: Collection[str]) -> list[str]:
    """Return the other fields whose whole names may have begun as a cut field's did."""
    if len(field) != ROOM:
        return []
    found = ((name, _SIBLING.fullmatch(name)) for name in names)
    return [name for name, match in found if match and field.startswith(match[1])]
