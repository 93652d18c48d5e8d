"""/v1/schools: every school of the directory and who serves it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import Response

from catchments.core.model import Answer, Basis, School, SchoolStatus, Status
from catchments.core.plain_cells import Cell
from catchments.lookup.selection import lists_of
from catchments.lookup.snapshot import AsAt
from catchments.web.common.contract import WHOLE_NUMBER, Parameter, operation
from catchments.web.common.payload import (
    answer_json,
    catchment_json,
    provider_json,
    school_answer,
    school_json,
)
from catchments.web.common.schemas import Answer as Answered
from catchments.web.common.tables import ORIGIN, origin
from catchments.web.v1 import schemas
from catchments.web.v1.formats import ENDING, Form, form_asked, in_forms
from catchments.web.v1.list_query import asked_for, words
from catchments.web.v1.provider import ON
from catchments.web.v1.resources import (
    Resource,
    at_list,
    columns,
    in_three_forms,
    kept,
    line,
    listed,
    one_response,
    provider_cells,
)

NUMBER = Parameter(
    "number",
    "The school's number in the Ministry of Education's school directory.",
    WHOLE_NUMBER,
    required=True,
    place="path",
)
COLUMNS = columns(schemas.SchoolProperties, "lng", "lat")
"""Of the CSV: their names are those of `SchoolProperties`, their values made in `_properties`."""


class SchoolRows:
    """The schools of a snapshot, by their place in the list; each is written once in each form."""

    def __init__(self, answers: Sequence[Answer], whence: list[Cell]) -> None:
        self._answers = answers
        self._whence = whence
        self._written: dict[tuple[Form, int], bytes] = {}

    def write(self, form: Form, at: int, /) -> bytes | msgspec.Raw:
        """Return a row: of CSV its line, otherwise an object, as text."""
        text = self._written.get((form, at))
        if text is None:
            text = self._written[form, at] = _text(form, self._answers[at], self._whence)
        return text if form is Form.CSV else msgspec.Raw(text)


def rows_of(asked: AsAt) -> SchoolRows:
    """Return the rows of the schools on a date, kept with the world."""
    snapshot = asked.in_force
    key = ("school rows", snapshot.edition.number, snapshot.release.number)

    def make() -> SchoolRows:
        return SchoolRows(lists_of(asked.world, snapshot).schools.answers, origin(snapshot))

    return asked.world.recent.get(key, make)


SCHOOLS = Resource("schools", "Schools", COLUMNS, rows_of)


@at_list(
    SCHOOLS,
    words("status", "A school's state in the directory.", SchoolStatus),
    words("basis", "How an answer came about.", Basis),
    words("answer", "How an answer ended.", Status),
    json=schemas.SchoolList,
    geojson=schemas.SchoolFeatures,
)
def schools(ending: str | None = None) -> Response:
    """List the schools of a directory release, closed ones too, by number, and who serves each.

    Every page names the next one, of the same edition and directory release.
    """
    return listed(SCHOOLS, ending)


@in_forms("/v1/schools/<int:number>")
@operation(
    ENDING,
    NUMBER,
    ON,
    returns=in_three_forms(Answered, schemas.OneSchoolFeature),
    tag=SCHOOLS.tag,
    example="/v1/schools/{school}",
)
def school(number: int, ending: str | None = None) -> Response:
    """Say all of one school that /v1/provider says, on a date; also of one that is in no list.

    Such as one that closed before the release and is remembered.
    """
    form, asked = form_asked(ending), asked_for()
    answer = school_answer(asked, number)
    if form is Form.JSON:
        return kept(asked, form, msgspec.json.encode(answer_json(answer, asked)))
    nothing: list[Cell] = [None for _ in ORIGIN]
    whence = origin(asked.snapshot) if asked.snapshot else nothing
    written = _line(answer, whence) if form is Form.CSV else _feature(answer)
    return one_response(asked, form, COLUMNS, written)


# --- how one is written ---------------------------------------------------------------------------


def _text(form: Form, answer: Answer, whence: list[Cell]) -> bytes:
    if form is Form.CSV:
        return _line(answer, whence)
    return msgspec.json.encode(_feature(answer) if form is Form.GEOJSON else _item(answer))


def _item(answer: Answer) -> schemas.SchoolServed:
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


def _feature(answer: Answer) -> schemas.SchoolFeature:
    place = answer.place
    return {
        "type": "Feature",
        "id": _school(answer).school_id,
        "properties": _properties(answer),
        "geometry": {"type": "Point", "coordinates": [place.lng, place.lat]} if place else None,
    }


def _line(answer: Answer, whence: list[Cell]) -> bytes:
    place = answer.place
    where = {"lng": place.lng if place else None, "lat": place.lat if place else None}
    return line(COLUMNS, {**_properties(answer), **where}, whence)


def _properties(answer: Answer) -> schemas.SchoolProperties:
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
