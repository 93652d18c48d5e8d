"""What the map opens on: a school or a catchment that its address names."""

from __future__ import annotations

from typing import Any

from flask import request

from catchments.core.errors import InputRefused, Kind
from catchments.lookup.snapshot import AsAt, Snapshot
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import school_id
from catchments.web.pages.upcoming import unknown_catchment


def focus_asked(asked: AsAt, snapshot: Snapshot) -> dict[str, Any] | None:
    """Return the school or the catchment that an address asks for; None where it asks for none.

    Raises InputRefused for both at once, and NotKnown.
    """
    if {"school", "catchment"} <= set(request.args):
        raise InputRefused(
            "The map is asked to open on a school and on a catchment.",
            field="catchment",
            allowed="Give school or catchment, not both.",
            next_step="Leave one of them out of the address.",
            kind=Kind.CONFLICTING_PARAMETERS,
        )
    if "school" in request.args:
        return _school_focus(asked, school_id(request.args["school"], name="school"))
    if "catchment" in request.args:
        return _catchment_focus(asked, snapshot, request.args["catchment"])
    return None


def _school_focus(asked: AsAt, number: int) -> dict[str, Any]:
    answer = school_answer(asked, number)
    return {
        "type": "school",
        "school_id": number,
        "code": answer.catchment and answer.catchment.code,
        "name": answer.school and answer.school.name,
        "answer": answer,
        "lng": answer.place and answer.place.lng,
        "lat": answer.place and answer.place.lat,
    }


def _catchment_focus(asked: AsAt, snapshot: Snapshot, code: str) -> dict[str, Any]:
    if code not in snapshot.edition.catchments:
        raise unknown_catchment(asked, code, "/map")
    return {"type": "catchment", "code": code, "lng": None, "lat": None}
