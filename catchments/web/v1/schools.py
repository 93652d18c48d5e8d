"""/v1/schools: every school of the directory and who serves it."""

from __future__ import annotations

import msgspec
from flask import Response

from catchments.core.model import Answer, Basis, School, SchoolStatus, Status
from catchments.lookup.selection import Schools, lists_of
from catchments.lookup.snapshot import Published, Snapshot
from catchments.web.common.bodies import Answer as Answered
from catchments.web.common.contract import Parameter, operation
from catchments.web.common.payload import (
    answer_json,
    catchment_json,
    provider_json,
    school_answer,
    school_json,
)
from catchments.web.common.tables import ORIGIN, Cell, origin
from catchments.web.v1 import bodies
from catchments.web.v1.flat import columns, provider_cells, row
from catchments.web.v1.formats import (
    ENDING,
    MEDIA_TYPES,
    Form,
    Resource,
    about,
    csv_line,
    form_asked,
    in_forms,
    kept,
    list_response,
)
from catchments.web.v1.list_query import IN_TIME, PAGED, WHERE, RequestContext, asked, wanted, words
from catchments.web.v1.provider import ON

TAG = "Schools"
NUMBER = Parameter(
    "number",
    "The school's number in the Ministry of Education's school directory.",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    required=True,
    place="path",
)
COLUMNS = columns(bodies.SchoolProperties, "lng", "lat")
SCHOOLS = Resource("schools", COLUMNS)


@in_forms("/v1/schools")
@operation(
    ENDING,
    *WHERE,
    words("status", "A school's state in the directory.", SchoolStatus),
    words("basis", "How an answer came about.", Basis),
    words("answer", "How an answer ended.", Status),
    *IN_TIME,
    *PAGED,
    returns={
        MEDIA_TYPES[Form.JSON]: bodies.SchoolList,
        MEDIA_TYPES[Form.GEOJSON]: bodies.SchoolFeatures,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/schools?region=wellington&limit=2",
)
def schools(ending: str | None = None) -> Response:
    """List the schools of a directory release, closed ones too, by number, and who serves each."""
    form = form_asked(ending)
    question = asked()
    filtered = wanted(question)
    snapshot = question.snapshot
    if snapshot is None:
        return list_response(question, form, SCHOOLS, None, [])
    found = lists_of(question.world, snapshot).schools.matching(filtered)
    return list_response(question, form, SCHOOLS, written(question.world, snapshot), found)


@in_forms("/v1/schools/<int:number>")
@operation(
    ENDING,
    NUMBER,
    ON,
    returns={
        MEDIA_TYPES[Form.JSON]: Answered,
        MEDIA_TYPES[Form.GEOJSON]: bodies.OneSchoolFeature,
        MEDIA_TYPES[Form.CSV]: None,
    },
    tag=TAG,
    example="/v1/schools/{school}",
)
def school(number: int, ending: str | None = None) -> Response:
    """Say all of one school that /v1/provider says, on a date; also of one that is in no list."""
    form = form_asked(ending)
    question = asked()
    answer = school_answer(question.world, number, question.day)
    return kept(question, form, _one(question, answer, form))


def _one(question: RequestContext, answer: Answer, form: Form) -> bytes:
    if form is Form.JSON:
        return msgspec.json.encode(answer_json(answer, question.world, question.day))
    if form is Form.GEOJSON:
        return msgspec.json.encode({**_feature(answer), **about(question)})
    nothing: list[Cell] = [None for _ in ORIGIN]
    whence = origin(question.snapshot) if question.snapshot else nothing
    return csv_line(COLUMNS) + _line(answer, whence)


# --- how one is written ---------------------------------------------------------------------------


class SchoolRows:
    """The schools of a snapshot, by their place in the list; each is written once in each form."""

    def __init__(self, schools: Schools, whence: list[Cell]) -> None:
        self._answers = schools.answers
        self._whence = whence
        self._items: dict[int, msgspec.Raw] = {}
        self._features: dict[int, msgspec.Raw] = {}
        self._lines: dict[int, bytes] = {}

    def item(self, at: int, /) -> msgspec.Raw:
        """Return a school as JSON has it in a list."""
        if at not in self._items:
            self._items[at] = msgspec.Raw(msgspec.json.encode(_item(self._answers[at])))
        return self._items[at]

    def feature(self, at: int, /) -> msgspec.Raw:
        """Return a school as a feature of GeoJSON."""
        if at not in self._features:
            self._features[at] = msgspec.Raw(msgspec.json.encode(_feature(self._answers[at])))
        return self._features[at]

    def line(self, at: int, /) -> bytes:
        """Return a school as a line of CSV."""
        if at not in self._lines:
            self._lines[at] = _line(self._answers[at], self._whence)
        return self._lines[at]


def written(world: Published, snapshot: Snapshot) -> SchoolRows:
    """Return the rows of a snapshot's schools, kept with the world."""
    key = ("school rows", snapshot.edition.number, snapshot.release.number)
    return world.recent.get(
        key, lambda: SchoolRows(lists_of(world, snapshot).schools, origin(snapshot))
    )


def _item(answer: Answer) -> bodies.SchoolServed:
    note = answer.in_school_provision
    return {
        "school": school_json(_school(answer)),
        "status": answer.status,
        "basis": answer.basis,
        "catchment": catchment_json(answer.catchment) if answer.catchment else None,
        "provider": provider_json(answer.provider) if answer.provider else None,
        "distance_m": _metres(answer),
        "in_school_provision": {"note": note} if note else None,
    }


def _feature(answer: Answer) -> bodies.SchoolFeature:
    place = answer.place
    return {
        "type": "Feature",
        "id": _school(answer).school_id,
        "properties": _properties(answer),
        "geometry": {"type": "Point", "coordinates": (place.lng, place.lat)} if place else None,
    }


def _line(answer: Answer, whence: list[Cell]) -> bytes:
    place = answer.place
    where = {"lng": place.lng if place else None, "lat": place.lat if place else None}
    return csv_line(row(COLUMNS, {**_properties(answer), **where}, whence))


def _properties(answer: Answer) -> bodies.SchoolProperties:
    school, catchment = _school(answer), answer.catchment
    return {
        "school_id": school.school_id,
        "school": school.name,
        "status": school.status,
        "type": school.org_type or None,
        "address": school.address or None,
        "suburb": school.suburb or None,
        "town": school.city or None,
        "school_education_region": school.education_region or None,
        "answer": answer.status,
        "basis": answer.basis,
        "distance_m": _metres(answer),
        "in_school_provision": answer.in_school_provision,
        "catchment_code": catchment.code if catchment else None,
        "catchment": catchment.name if catchment else None,
        "education_region": (catchment.education_region or None) if catchment else None,
        **provider_cells(answer.provider),
    }


def _school(answer: Answer) -> School:
    assert answer.school  # noqa: S101 - every answer here is one for a school
    return answer.school


def _metres(answer: Answer) -> int | None:
    return None if answer.distance_m is None else round(answer.distance_m)
