"""/v1/catchments: every catchment, who serves it, and its boundary."""

from __future__ import annotations

from flask import Response

from catchments.core.errors import NotKnown, shown
from catchments.core.model import Catchment
from catchments.lookup.resolver import long_date
from catchments.lookup.selection import lists_of
from catchments.lookup.snapshot import Snapshot
from catchments.web.common.contract import Parameter, operation
from catchments.web.common.payload import catchment_json, provider_json
from catchments.web.common.tables import origin
from catchments.web.pages.catchment_summaries import entries
from catchments.web.pages.upcoming import first_seen
from catchments.web.v1 import bodies
from catchments.web.v1.areas import areas_of
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.flat import columns, provider_cells, row
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
from maps.exports.geojson import DECIMALS

TAG = "Catchments"
CODE = Parameter(
    "code",
    "Its code, percent-encoded, slashes too. A last .json, .geojson or .csv is the form wanted and "
    "no part of it: ask for a code that ends like that with one more.",
    {"type": "string", "minLength": 1},
    required=True,
    place="path",
)
COLUMNS = columns(bodies.CatchmentProperties)
CATCHMENTS = Resource("catchments", COLUMNS)


@in_forms("/v1/catchments")
@operation(
    ENDING,
    *WHERE,
    *IN_TIME,
    *PAGED,
    returns={
        MEDIA_TYPES[Form.JSON]: bodies.CatchmentList,
        MEDIA_TYPES[Form.GEOJSON]: bodies.CatchmentFeatures,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/catchments?region=wellington&limit=2",
)
def catchments(ending: str | None = None) -> Response:
    """List the catchments by code; GeoJSON has their boundaries as published, not simplified."""
    form = form_asked(ending)
    question = asked()
    filtered = wanted(question)
    if question.snapshot is None:
        return list_response(question, form, CATCHMENTS, None, [])
    found = lists_of(question.world, question.snapshot).catchments.matching(filtered)
    return list_response(
        question, form, CATCHMENTS, CatchmentRows(question, question.snapshot), found
    )


@blueprint.get("/v1/catchments/<code:code>")
@operation(
    CODE,
    ON,
    returns={
        MEDIA_TYPES[Form.JSON]: bodies.OneCatchment,
        MEDIA_TYPES[Form.GEOJSON]: bodies.OneCatchmentFeature,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/catchments/{catchment}",
)
def catchment(code: str) -> Response:
    """Tell of one catchment on a date."""
    code, ending = without_ending(code)
    form = form_asked(ending)
    question, snapshot = asked_of_one()
    found = snapshot.edition.catchments.get(code)
    if found is None:
        raise _not_known(question, snapshot, code)
    return one_response(question, form, CATCHMENTS, CatchmentRows(question, snapshot), found)


def _not_known(question: RequestContext, snapshot: Snapshot, code: str) -> NotKnown:
    starts = first_seen(question.world, snapshot, code, question.day)
    coming = f"It comes into being on {long_date(starts)}. " if starts else ""
    return NotKnown(
        f"There is no catchment {shown(code)} on {long_date(question.day)}.",
        next_step=f"{coming}Choose one from the list at /v1/catchments.",
    )


class CatchmentRows:
    """The catchments of a snapshot on a date."""

    def __init__(self, question: RequestContext, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._day = question.day
        self._entries = entries(question.world, snapshot)
        self._extents = lists_of(question.world, snapshot).catchments
        self._areas = areas_of(question.world, snapshot)
        self._whence = origin(snapshot)

    def item(self, catchment: Catchment, /) -> bodies.CatchmentServed:
        """Return a catchment as JSON has it."""
        entry = self._entries[catchment.code]
        return {
            **catchment_json(catchment),
            "provider": provider_json(entry.provider) if entry.provider else None,
            "schools": entry.count(self._day),
            "bbox": self._extent(catchment.code),
            "url": address(f"/v1/catchments/{with_ending(catchment.code)}"),
        }

    def feature(self, catchment: Catchment, /) -> bodies.CatchmentFeature:
        """Return a catchment as a feature of GeoJSON, its boundary as published."""
        code = catchment.code
        return {
            "type": "Feature",
            "id": code,
            "properties": self._properties(catchment),
            "geometry": self._areas.of([code]),
        }

    def line(self, catchment: Catchment, /) -> bytes:
        """Return a catchment as a line of CSV."""
        return csv_line(row(COLUMNS, self._properties(catchment), self._whence))

    def _properties(self, catchment: Catchment) -> bodies.CatchmentProperties:
        entry = self._entries[catchment.code]
        return {
            "catchment_code": catchment.code,
            "catchment": catchment.name,
            "education_region": catchment.education_region or None,
            **provider_cells(entry.provider),
            "schools": entry.count(self._day),
        }

    def _extent(self, code: str) -> list[float] | None:
        extent = self._extents.extent(code)
        return [round(degrees, DECIMALS) for degrees in extent] if extent else None
