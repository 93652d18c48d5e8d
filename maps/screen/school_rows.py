"""Schools as the map's scripts read them: a row each."""

from __future__ import annotations

from typing import Any

from catchments.core.model import Answer, Basis
from catchments.lookup.notice_codes import BESIDE_A_BOUNDARY


def school_row(answer: Answer) -> list[Any] | None:
    """Return a school's number, name, lng, lat, catchment code and status; None without a place.

    What is not certain about its catchment comes after them, in the answer's words.
    """
    school, place = answer.school, answer.place
    if school is None or place is None:
        return None
    code = answer.catchment.code if answer.catchment else ""
    row = [school.school_id, school.name, place.lng, place.lat, code, school.status]
    note = _not_certain(answer)
    return [*row, note] if note else row


def _not_certain(answer: Answer) -> str:
    says_so = answer.basis is Basis.NEAREST or answer.catchment is None
    beside = [notice.text for notice in answer.notices if notice.code in BESIDE_A_BOUNDARY]
    return " ".join([*([answer.sentence] if says_so else []), *beside])
