"""/v1/providers: every provider, and the catchments that it serves."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from catchments.core.errors import NotKnown, shown
from catchments.core.model import Catchment, Provider
from catchments.lookup.resolver import long_date
from catchments.lookup.selection import lists_of
from catchments.lookup.snapshot import Snapshot
from catchments.web.common.contract import operation
from catchments.web.common.payload import catchment_json, provider_json
from catchments.web.common.tables import origin
from catchments.web.pages.catchment_summaries import entries
from catchments.web.v1 import bodies
from catchments.web.v1.areas import areas_of
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.catchments import CODE
from catchments.web.v1.flat import columns, row
from catchments.web.v1.formats import (
    ENDING,
    MEDIA_TYPES,
    Form,
    Resource,
    csv_line,
    form_asked,
    in_forms,
    list_response,
    one_response,
    with_ending,
    without_ending,
)
from catchments.web.v1.list_query import (
    IN_TIME,
    PAGED,
    WHERE,
    RequestContext,
    address,
    asked,
    asked_of_one,
    wanted,
)
from catchments.web.v1.provider import ON

TAG = "Providers"
COLUMNS = columns(bodies.ProviderProperties)
PROVIDERS = Resource("providers", COLUMNS)


@in_forms("/v1/providers")
@operation(
    ENDING,
    *WHERE,
    *IN_TIME,
    *PAGED,
    returns={
        MEDIA_TYPES[Form.JSON]: bodies.ProviderList,
        MEDIA_TYPES[Form.GEOJSON]: bodies.ProviderFeatures,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/providers?region=wellington&limit=2",
)
def providers(ending: str | None = None) -> Response:
    """List the providers by code: all, or those that serve a catchment that is asked for."""
    form = form_asked(ending)
    question = asked()
    filtered = wanted(question)
    if question.snapshot is None:
        return list_response(question, form, PROVIDERS, None, [])
    found = lists_of(question.world, question.snapshot).providers.matching(filtered)
    return list_response(
        question, form, PROVIDERS, ProviderRows(question, question.snapshot), found
    )


@blueprint.get("/v1/providers/<code:code>")
@operation(
    CODE,
    ON,
    returns={
        MEDIA_TYPES[Form.JSON]: bodies.OneProvider,
        MEDIA_TYPES[Form.GEOJSON]: bodies.OneProviderFeature,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/providers/{provider}",
)
def one_provider(code: str) -> Response:
    """Tell of one provider on a date."""
    code, ending = without_ending(code)
    form = form_asked(ending)
    question, snapshot = asked_of_one()
    found = snapshot.edition.providers.get(code)
    if found is None:
        raise NotKnown(
            f"There is no provider {shown(code)} on {long_date(question.day)}.",
            next_step="Choose one from the list at /v1/providers.",
        )
    return one_response(question, form, PROVIDERS, ProviderRows(question, snapshot), found)


class ProviderRows:
    """The providers of a snapshot on a date."""

    def __init__(self, question: RequestContext, snapshot: Snapshot) -> None:
        self._day = question.day
        self._entries = entries(question.world, snapshot)
        self._providers = lists_of(question.world, snapshot).providers
        self._areas = areas_of(question.world, snapshot)
        self._whence = origin(snapshot)

    def item(self, provider: Provider, /) -> bodies.ProviderServing:
        """Return a provider as JSON has it."""
        served = self._providers.serves(provider.code)
        return {
            **provider_json(provider),
            "catchments": [catchment_json(each) for each in served],
            "schools": self._schools(served),
            "url": address(f"/v1/providers/{with_ending(provider.code)}"),
        }

    def feature(self, provider: Provider, /) -> bodies.ProviderFeature:
        """Return a provider as a feature of GeoJSON: the boundaries of its catchments as one."""
        codes = [each.code for each in self._providers.serves(provider.code)]
        return {
            "type": "Feature",
            "id": provider.code,
            "properties": self._properties(provider),
            "geometry": self._areas.of(codes),
        }

    def line(self, provider: Provider, /) -> bytes:
        """Return a provider as a line of CSV."""
        return csv_line(row(COLUMNS, self._properties(provider), self._whence))

    def _properties(self, provider: Provider) -> bodies.ProviderProperties:
        served = self._providers.serves(provider.code)
        return {
            "provider_code": provider.code,
            "provider": provider.name,
            "phone": provider.phone or None,
            "email": provider.email or None,
            "website": provider.website or None,
            "catchments": len(served),
            "schools": self._schools(served),
        }

    def _schools(self, served: Sequence[Catchment]) -> int:
        return sum(self._entries[each.code].count(self._day) for each in served)
