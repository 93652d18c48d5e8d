"""Answers to many questions, from one snapshot, in their order, in pieces as they come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from catchments.bulk.resolving import BASES, NEAREST, NONE, STATUSES, BatchResolver, Outcomes
from catchments.core import errors
from catchments.core.errors import CatchmentsError, InputRefused, NotKnown
from catchments.geometry.coordinates import published_lng, published_lngs
from catchments.lookup.search.text_search import TextSearch
from catchments.lookup.snapshot import Published, Snapshot
from catchments.runtime.recent import Recent
from catchments.web.common.payload import before_first_edition
from catchments.web.front.metrics import BULK_ROWS
from catchments.web.v1.bulk.lines import (
    Lines,
    Said,
    lines_of,
    said,
    said_of,
    said_of_fault,
    said_of_finding,
)
from catchments.web.v1.bulk.questions import Form
from catchments.web.v1.bulk.rows import Fault, Kind, Points, Questions, Row, Schools

Floats = npt.NDArray[np.floating[Any]]

TABLES_KEPT = 8
"""Ready lines of so many dates and forms are kept a world."""
ROWS_A_PIECE = 1_000
ADDRESSES_A_PIECE = 20
ADDRESSES_FOR_S = 30.0
"""So long addresses are looked up for one body; a worker has others waiting."""
_NO_ID = b""
_ALONE = -1
"""Of a row that is told something of its own: how far away it is, who else it may be."""
_TIME_IS_UP = Fault(
    "address",
    "",
    "There was no time left for this row.",
    "Addresses take some milliseconds each: send this row again, with fewer others.",
    errors.Kind.TOO_BUSY,
)


class Ready(dict[int, bytes]):
    """What is said of each school, by number; of a number that nobody has it is made when asked."""

    def __init__(self, ready: Mapping[int, bytes], otherwise: Callable[[int], bytes]) -> None:
        super().__init__(ready)
        self._otherwise = otherwise
        self._last = -1, b""

    def __missing__(self, number: int) -> bytes:
        last, text = self._last
        if number != last:  # else who asks for nobody's number goes on asking for it
            text = self._otherwise(number)
            self._last = number, text
        return text


@dataclass(frozen=True)
class Table:
    """Lines that are ready: from what a line is about to its end."""

    lines: Lines
    after_id: Ready
    whole: Ready
    """The same with the start of a line without an id."""
    alike: dict[int, bytes] = field(default_factory=dict)
    """What points are told to the end of their lines, by what `_alike` calls them: once asked."""

    @classmethod
    def of(cls, world: Published, day: date, form: Form) -> Table:
        """Make the lines of all schools that are known on a date."""
        snapshot = world.on(day)
        lines = lines_of(form, snapshot, day.isoformat())
        start = lines.start(_NO_ID)

        def line(number: int) -> bytes:
            told = lines.told(_said_of_school(world, snapshot, number, day))
            return lines.of_school(number) + told + lines.end

        release = snapshot.release if snapshot else None
        numbers = [*release.schools, *release.former] if release else []
        after_id = {number: line(number) for number in numbers}
        whole = {number: start + text for number, text in after_id.items()}
        return cls(lines, Ready(after_id, line), Ready(whole, lambda number: start + line(number)))


def _said_of_school(world: Published, snapshot: Snapshot | None, number: int, day: date) -> Said:
    try:
        if snapshot is None:
            return said_of(before_first_edition(world, day, number))
        return said_of(snapshot.school(number, on=day))
    except NotKnown as error:
        fault = Fault("school_id", str(number), error.problem, error.allowed, errors.Kind.NOT_FOUND)
        return said_of_fault(None, fault, status="unknown")


def table(world: Published, day: date, form: Form) -> Table:
    """Return the ready lines of a date; made once for a world while they are in use."""
    kept: Recent = world.memo.setdefault("bulk", Recent(TABLES_KEPT))
    return kept.get((day, form), lambda: Table.of(world, day, form))


class Answers:
    """What answers the rows of one request, all from one world."""

    def __init__(self, world: Published, day: date, form: Form, finder: TextSearch) -> None:
        self._world = world
        self._day = day
        self._finder = finder
        self._as_at = world.as_at(day)
        self.snapshot = self._as_at.snapshot
        self.table = table(world, day, form)
        self._lines = self.table.lines
        self._told: dict[tuple[object, ...], bytes] = {}
        self._addresses_until = time.monotonic() + ADDRESSES_FOR_S

    def of(self, questions: Questions) -> Iterator[bytes]:
        """Yield the lines of rows, in their order, some at a time."""
        BULK_ROWS.inc(len(questions))
        if isinstance(questions, Schools):
            return self._of_schools(questions)
        if isinstance(questions, Points):
            return self._of_points(questions)
        return self._of_rows(questions)

    def _of_schools(self, schools: Schools) -> Iterator[bytes]:
        # Thousands of rows a millisecond: loops that the interpreter does not run itself.
        ready = (self.table.after_id if schools.ids else self.table.whole).__getitem__
        between = self._lines.between
        for start in range(0, len(schools), ROWS_A_PIECE):
            part = slice(start, start + ROWS_A_PIECE)
            lines: Iterator[bytes] = map(ready, schools.numbers[part])
            if schools.ids:
                lines = self._lines.with_ids(schools.ids[part], lines)
            yield (between if start else b"") + between.join(lines)

    def _of_points(self, points: Points) -> Iterator[bytes]:
        lng, lat = _texts(published_lngs(points.lng)), _texts(points.lat)
        told = self._points(points.lng, points.lat)
        lines = zip(points.ids, lng, lat, told, strict=True)
        between = self._lines.between
        for start in range(0, len(points), ROWS_A_PIECE):
            piece = between.join(self._lines.with_points(islice(lines, ROWS_A_PIECE)))
            yield (between if start else b"") + piece

    def _of_rows(self, rows: Sequence[Row]) -> Iterator[bytes]:
        """Yield the lines of rows, in their order."""
        addresses = any(row.kind is Kind.ADDRESS for row in rows)
        at_once = ADDRESSES_A_PIECE if addresses else ROWS_A_PIECE
        between = self._lines.between
        # All at once: a thousand points take not much less time than ten thousand.
        asked = [row.asked for row in rows if row.kind is Kind.POINT]
        lng, lat = (np.array([place[axis] for place in asked]) for axis in (0, 1))
        points = iter(self._points(lng, lat))
        for start in range(0, len(rows), at_once):
            piece = between.join(self._some(start, rows[start : start + at_once], points))
            yield (between if start else b"") + piece

    def _some(self, before: int, rows: Sequence[Row], points: Iterator[bytes]) -> list[bytes]:
        """Return the lines of some rows; `points` has what is said of the points among them."""
        begin, schools = self._lines.start, self.table.after_id
        found = []
        for at, row in enumerate(rows, before + 1):
            if row.kind is Kind.SCHOOL:
                about = schools[row.asked]
            elif row.kind is Kind.POINT:
                lng, lat = row.asked
                place = (repr(degrees).encode() for degrees in (published_lng(lng), lat))
                about = self._lines.of_point(*place) + next(points)
            else:
                about = self._lines.of_else() + self._told_of_else(at, row.asked)
            found.append(begin(row.id) + about)
        return found

    def _told_of_else(self, at: int, asked: str | Fault) -> bytes:
        if isinstance(asked, Fault):
            return self._lines.told(said_of_fault(at, asked)) + self._lines.end
        return self._lines.told(self._said_of_address(at, asked)) + self._lines.end

    # --- addresses --------------------------------------------------------------------------------

    def _said_of_address(self, at: int, text: str) -> Said:
        if time.monotonic() > self._addresses_until:
            return said_of_fault(at, _TIME_IS_UP)
        try:
            finding = self._finder.find(text, as_at=self._as_at, field="address")
        except InputRefused as error:
            return said_of_fault(at, Fault("address", "", error.problem, error.allowed, error.kind))
        except CatchmentsError:
            away = "Addresses cannot be looked up at the moment."
            later = "Send this row again in a minute."
            return said_of_fault(at, Fault("address", "", away, later, errors.Kind.DATABASE_AWAY))
        return said_of_finding(finding) if finding else self._before_the_first()

    def _before_the_first(self) -> Said:
        return said_of(before_first_edition(self._world, self._day, None))

    # --- points -----------------------------------------------------------------------------------

    @cached_property
    def _resolver(self) -> BatchResolver | None:
        return BatchResolver(self.snapshot) if self.snapshot else None

    def _points(self, lng: Floats, lat: Floats) -> list[bytes]:
        """Return what is said of points, to the end of their lines."""
        if not len(lng):
            return []
        if self._resolver is None:
            return [self._lines.told(self._before_the_first()) + self._lines.end] * len(lng)
        outcomes = self._resolver.points(lng=lng, lat=lat)
        alike = _alike(outcomes)
        told: list[bytes] = self._told_alike(outcomes, alike)[alike].tolist()
        for row in np.flatnonzero(alike == _ALONE).tolist():
            told[row] = self._told_of_point(outcomes, row)
        return told

    def _told_alike(
        self, outcomes: Outcomes, alike: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.object_]:
        """Return what is said of rows that are alike, by what `_alike` calls them."""
        told = self.table.alike
        kinds = np.flatnonzero(np.bincount(alike[alike != _ALONE])).tolist()
        found = np.full(max(kinds, default=0) + 2, b"", dtype=object)  # the last for `_ALONE`
        for kind in kinds:
            if kind not in told:
                told[kind] = self._told_of_point(outcomes, int(np.argmax(alike == kind)))
            found[kind] = told[kind]
        return found

    def _told_of_point(self, outcomes: Outcomes, row: int) -> bytes:
        far_m = float(outcomes.distance_m[row])
        about = (
            *(int(each[row]) for each in (outcomes.status, outcomes.basis, outcomes.catchment)),
            None if math.isnan(far_m) else far_m,  # none is the same as another
            outcomes.alternatives.get(row),
            row in outcomes.on_edge,
        )
        if about not in self._told:
            told = self._lines.told(self._said_of_point(outcomes, row))
            self._told[about] = told + self._lines.end
        return self._told[about]

    def _said_of_point(self, outcomes: Outcomes, row: int) -> Said:
        assert self._resolver is not None  # noqa: S101 - a point was asked of it
        snapshot, at = self._resolver.snapshot, int(outcomes.catchment[row])
        catchment = None if at == NONE else snapshot.edition.catchments[self._resolver.codes[at]]
        away_m = float(outcomes.distance_m[row])
        return said(
            status=STATUSES[outcomes.status[row]],
            basis=BASES[outcomes.basis[row]],
            catchment=catchment,
            provider=snapshot.edition.provider_of(catchment),
            distance_m=None if np.isnan(away_m) else away_m,
            alternatives=outcomes.alternatives.get(row, ()),
            notices=self._resolver.notices(outcomes, row),
        )


def _alike(outcomes: Outcomes) -> npt.NDArray[np.int64]:
    """Return a number for each row: rows of the same one are told the same, but for `_ALONE`."""
    status, basis = outcomes.status.astype(np.int64), outcomes.basis.astype(np.int64)
    alike = (outcomes.catchment - NONE).astype(np.int64)
    alike = (alike * len(STATUSES) + status) * len(BASES) + basis
    alike[outcomes.basis == NEAREST] = _ALONE
    alike[[*outcomes.alternatives, *outcomes.on_edge]] = _ALONE
    return alike


def _texts(degrees: Floats) -> list[bytes]:
    """Return degrees as texts, as `repr` has each."""
    numbers = degrees.tolist()
    texts = msgspec.json.encode(numbers)[1:-1]
    if b"e" in texts:  # where each writes the exponent in a way of its own
        return [repr(each).encode() for each in numbers]
    return texts.split(b",")
