"""/v1/providers: every provider, and the catchments that it serves."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from catchments.core.errors import NotKnown, long_date, shown
from catchments.core.model import Catchment, Provider
from catchments.lookup.snapshot import AsAt
from catchments.web.common.payload import catchment_json, provider_json
from catchments.web.common.services import address
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
)


class ProviderRows(AreaRows):
    """The providers of a snapshot on a date."""

    columns = columns(schemas.ProviderProperties)

    def item(self, of: Provider) -> schemas.ProviderServing:
        """Return a provider as JSON has it."""
        return {
            **provider_json(of),
            "catchments": [catchment_json(each) for each in self.served(of)],
            "schools": self._schools(of),
            "url": address(f"/v1/providers/{with_ending(of.code)}"),
        }

    def properties(self, of: Provider) -> schemas.ProviderProperties:
        """Return a provider as flat values."""
        return {
            "provider_code": of.code,
            "provider": of.name,
            "phone": of.phone or None,
            "email": of.email or None,
            "website": of.website or None,
            "catchments": len(self.served(of)),
            "schools": self._schools(of),
        }

    def served(self, of: Provider) -> Sequence[Catchment]:
        """Return the catchments that a provider serves, by code."""
        return self.lists.providers.serves(of.code)

    def _schools(self, of: Provider) -> int:
        return sum(self.entries[each.code].count(self.day) for each in self.served(of))


PROVIDERS = Resource("providers", "Providers", ProviderRows.columns, ProviderRows)


@at_list(PROVIDERS, json=schemas.ProviderList, geojson=schemas.ProviderFeatures)
def providers(ending: str | None = None) -> Response:
    """List the providers by code: all, or those that serve a catchment that is asked for.

    A provider may serve several catchments; `catchments` has all of them.
    """
    return listed(PROVIDERS, ending)


@at_code(PROVIDERS, json=schemas.OneProvider, geojson=schemas.OneProviderFeature)
def one_provider(code: str) -> Response:
    """Tell of one provider on a date.

    How to reach it and which catchments it serves; as GeoJSON with their boundaries as one.
    """
    return one_by_code(PROVIDERS, code, _unknown)


def _unknown(asked: AsAt, code: str) -> NotKnown:
    return NotKnown(
        f"There is no provider {shown(code)} on {long_date(asked.day)}.",
        next_step="Choose one from the list at /v1/providers.",
    )
