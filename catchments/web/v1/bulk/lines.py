"""Answers to many questions as lines of JSON, NDJSON or CSV, most ready before they are asked.

What a row has nothing of is left out of JSON and is blank in CSV. A caller's own id is written as
it came, also in CSV: who sent it looks for just that, and it is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add
from typing import Any

import msgspec

from catchments.core.model import Answer, Candidate, Catchment, Provider
from catchments.lookup.search.text_search import SearchResult
from catchments.lookup.snapshot import Snapshot
from catchments.web.common.tables import ORIGIN, origin
from catchments.web.v1.bulk.questions import Form
from catchments.web.v1.bulk.rows import Fault
from catchments.web.v1.formats import csv_line

Said = dict[str, Any]
"""What one row is told, by the names of the contract, without what it has nothing of."""
COLUMNS = (
    "id",
    "school_id",
    "lng",
    "lat",
    "status",
    "basis",
    "catchment_code",
    "catchment",
    "provider_code",
    "provider",
    "distance_m",
    "in_school_provision",
    "alternatives",
    "notices",
    "matched",
    "error_field",
    "error",
    "as_at",
    *ORIGIN,
    "match",
    "error_kind",
    "answer",
    "catchment_name",
    "provider_name",
)
_PLAIN = re.compile(rb'"[0-9A-Za-z_.:/-]+( [0-9A-Za-z_.:/-]+)*"')
"""A text in JSON that is the same in CSV, without its quotes."""


# --- what is said ---------------------------------------------------------------------------------


def said_of(answer: Answer) -> Said:
    """Return what a row is told of an answer."""
    named: Sequence[Candidate] = (*answer.alternatives, *answer.candidates)
    return said(
        status=answer.status,
        basis=answer.basis,
        catchment=answer.catchment,
        provider=answer.provider,
        distance_m=answer.distance_m,
        in_school_provision=answer.in_school_provision,
        alternatives=[each.catchment.code for each in named],
        notices=[notice.code for notice in answer.notices],
    )


def said(
    *,
    status: str,
    basis: str | None,
    catchment: Catchment | None,
    provider: Provider | None,
    distance_m: float | None,
    alternatives: Sequence[str],
    notices: Sequence[str],
    in_school_provision: str | None = None,
) -> Said:
    """Return what a row is told; `distance_m` in metres."""
    everything: Said = {
        "status": status,
        "basis": basis or None,
        "catchment": catchment and {"code": catchment.code, "name": catchment.name},
        "provider": provider and {"code": provider.code, "name": provider.name},
        "distance_m": None if distance_m is None else round(distance_m),
        "in_school_provision": in_school_provision and {"note": in_school_provision},
        "alternatives": list(alternatives) or None,
        "notices": list(notices) or None,
    }
    return {name: value for name, value in everything.items() if value is not None}


def said_of_finding(finding: SearchResult) -> Said:
    """Return what a row is told of what its address came to, and what that was taken for."""
    told = said_of(finding.answer)
    if finding.match:
        told["match"] = finding.match
    if len(finding.matches) == 1:
        named = finding.matches[0].named
        told["matched"] = ", ".join(filter(None, (named.name, named.within)))
    return told


def said_of_fault(row: int | None, fault: Fault, *, status: str = "refused") -> Said:
    """Return what a row is told that cannot be answered; rows are counted from 1."""
    error: Said = {} if row is None else {"row": row}
    if fault.field:
        error["field"] = fault.field
    if fault.value:
        error["value"] = fault.value
    error |= {"problem": fault.problem, "allowed": fault.allowed, "kind": fault.kind}
    return {"status": status, "error": error}


# --- how it is written ----------------------------------------------------------------------------


class JsonLines:
    """One JSON object with all answers, a line each.

    A line is start, then what it is about, then what is said, then end.
    """

    end = b"}"
    between = b",\n"
    foot = b"\n]}\n"

    def head(self, about: Mapping[str, Any], count: int) -> bytes:
        """Return what comes before all lines."""
        opened = msgspec.json.encode({**about, "count": count}).removesuffix(b"}")
        return opened + b',"answers":[\n'

    def start(self, own_id: bytes) -> bytes:
        """Return a line's start with the caller's id, which is JSON."""
        return b'{"id":' + own_id + b"," if own_id else b"{"

    def with_ids(self, ids: Iterable[bytes], rest: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines from their ids, of which none is missing, and all that comes after."""
        return map(b'{"id":%b,%b'.__mod__, zip(ids, rest, strict=True))

    def of_school(self, number: int) -> bytes:
        """Return which school a line is about."""
        return b'"school_id":%d,' % number

    def of_point(self, lng: bytes, lat: bytes) -> bytes:
        """Return which point a line is about, of its degrees as they are to be written."""
        return b'"place":{"lng":%b,"lat":%b},' % (lng, lat)

    def with_points(self, lines: Iterable[tuple[bytes, bytes, bytes, bytes]]) -> Iterator[bytes]:
        """Yield lines of points: of an id, which is not missing, both degrees, and all after."""
        return map(b'{"id":%b,"place":{"lng":%b,"lat":%b},%b'.__mod__, lines)

    def of_else(self) -> bytes:
        """Return what stands there otherwise."""
        return b""

    def told(self, said: Said) -> bytes:
        """Return what is said."""
        return msgspec.json.encode(said)[1:-1]


class NdjsonLines(JsonLines):
    """A JSON object a line, and nothing else: of what it is made, the headers tell."""

    between = b"\n"
    foot = b"\n"

    def head(self, about: Mapping[str, Any], count: int) -> bytes:  # noqa: ARG002
        """Return nothing."""
        return b""


class CsvLines:
    """A line of names, then a line an answer; every one says where it is from."""

    end = b""
    between = b""
    foot = b""

    def __init__(self, snapshot: Snapshot | None, as_at: str) -> None:
        self._whence = [as_at, *(origin(snapshot) if snapshot else [None] * len(ORIGIN))]

    def head(self, about: Mapping[str, Any], count: int) -> bytes:  # noqa: ARG002
        """Return what comes before all lines."""
        return csv_line(COLUMNS)

    def start(self, own_id: bytes) -> bytes:
        """Return a line's start with the caller's id, which is JSON."""
        if _PLAIN.fullmatch(own_id):
            return own_id[1:-1] + b","
        if not own_id.startswith(b'"'):
            return b"," if own_id == b"null" else own_id + b","
        text = msgspec.json.decode(own_id, type=str)
        if any(mark in text for mark in '",\r\n') or text != text.strip():
            text = '"' + text.replace('"', '""') + '"'
        return text.encode(errors="replace") + b","

    def with_ids(self, ids: Iterable[bytes], rest: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines from their ids, of which none is missing, and all that comes after."""
        return map(add, map(self.start, ids), rest)

    def of_school(self, number: int) -> bytes:
        """Return which school a line is about."""
        return b"%d,,," % number

    def of_point(self, lng: bytes, lat: bytes) -> bytes:
        """Return which point a line is about."""
        return b",%b,%b," % (lng, lat)

    def with_points(self, lines: Iterable[tuple[bytes, bytes, bytes, bytes]]) -> Iterator[bytes]:
        """Yield lines of points: of an id, which is not missing, both degrees, and all after."""
        start = self.start
        return map(b"%b,%b,%b,%b".__mod__, [(start(of), x, y, told) for of, x, y, told in lines])

    def of_else(self) -> bytes:
        """Return what stands there otherwise."""
        return b",,,"

    def told(self, said: Said) -> bytes:
        """Return what is said."""
        catchment, provider = said.get("catchment") or {}, said.get("provider") or {}
        error = said.get("error") or {}
        return csv_line(
            [
                said["status"],
                said.get("basis"),
                catchment.get("code"),
                catchment.get("name"),
                provider.get("code"),
                provider.get("name"),
                said.get("distance_m"),
                (said.get("in_school_provision") or {}).get("note"),
                " ".join(said.get("alternatives", ())),
                " ".join(said.get("notices", ())),
                said.get("matched"),
                error.get("field"),
                _in_words(error) if error else None,
                *self._whence,
                said.get("match"),
                error.get("kind"),
                said["status"],
                catchment.get("name"),
                provider.get("name"),
            ]
        )


def _in_words(error: Said) -> str:
    where = [f"Row {error['row']}"] if "row" in error else []
    where += [str(error[name]) for name in ("field", "value") if name in error]
    return ", ".join(where) + f": {error['problem']} {error['allowed']}"


Lines = JsonLines | CsvLines
"""A form of answers."""


def lines_of(form: Form, snapshot: Snapshot | None, as_at: str) -> Lines:
    """Return what writes answers in a form."""
    if form is Form.CSV:
        return CsvLines(snapshot, as_at)
    return JsonLines() if form is Form.JSON else NdjsonLines()
