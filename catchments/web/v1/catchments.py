"""/v1/catchments: every catchment, who serves it, and its boundary."""

from __future__ import annotations

from flask import Response

from catchments.core.model import Catchment
from catchments.web.common.payload import catchment_json, provider_json
from catchments.web.common.services import address
from catchments.web.pages.upcoming import unknown_catchment
from catchments.web.v1 import schemas
from catchments.web.v1.areas import AreaRows
from catchments.web.v1.formats import with_ending
from catchments.web.v1.resources import (
    Resource,
    at_code,
    at_list,
    columns,
    listed,
    one_by_code,
    provider_cells,
)
from maps.exports.geojson import DECIMALS


class CatchmentRows(AreaRows):
    """The catchments of a snapshot on a date."""

    columns = columns(schemas.CatchmentProperties)

    def item(self, of: Catchment) -> schemas.CatchmentServed:
        """Return a catchment as JSON has it."""
        entry = self.entries[of.code]
        return {
            **catchment_json(of),
            "provider": provider_json(entry.provider) if entry.provider else None,
            "schools": entry.count(self.day),
            "bbox": self._extent(of.code),
            "url": address(f"/v1/catchments/{with_ending(of.code)}"),
        }

    def properties(self, of: Catchment) -> schemas.CatchmentProperties:
        """Return a catchment as flat values."""
        entry = self.entries[of.code]
        return {
            "catchment_code": of.code,
            "catchment": of.name,
            "education_region": of.education_region or None,
            **provider_cells(entry.provider),
            "schools": entry.count(self.day),
        }

    def served(self, of: Catchment) -> list[Catchment]:
        """Return the catchment: its area is its own."""
        return [of]

    def _extent(self, code: str) -> list[float] | None:
        extent = self.lists.catchments.extent(code)
        return [round(degrees, DECIMALS) for degrees in extent] if extent else None


CATCHMENTS = Resource("catchments", "Catchments", CatchmentRows.columns, CatchmentRows)


@at_list(CATCHMENTS, json=schemas.CatchmentList, geojson=schemas.CatchmentFeatures)
def catchments(ending: str | None = None) -> Response:
    """List the catchments by code; GeoJSON has their boundaries as published, not simplified.

    Filters combine: a catchment is listed that fits all of them.
    """
    return listed(CATCHMENTS, ending)


@at_code(CATCHMENTS, json=schemas.OneCatchment, geojson=schemas.OneCatchmentFeature)
def catchment(code: str) -> Response:
    """Tell of one catchment on a date.

    Who serves it, how many schools it has and where it is; as GeoJSON with its boundary.
    """
    return one_by_code(
        CATCHMENTS, code, lambda asked, code: unknown_catchment(asked, code, CATCHMENTS.path)
    )
