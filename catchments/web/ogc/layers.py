"""The layers: catchments and schools of one snapshot as features, each a flat row.

GIS programs show a table of text and numbers beside the map: no values within values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.column_vocabulary import PROVIDER_COLUMNS, About, Kind, called
from catchments.core.model import (
    Answer,
    Basis,
    Catchment,
    Edition,
    SchoolStatus,
    Status,
)
from catchments.geometry.coordinates import to_180, to_360
from catchments.lookup.snapshot import Published, Snapshot
from catchments.lookup.values import school_number
from catchments.runtime.recent import Recent
from catchments.web.common.payload import catchment_json, school_json
from catchments.web.ogc.frames import in_frame, published
from maps.exports.geojson import DECIMALS, rounded, served_by

GEOMETRIES_KEPT = 256
"""Boundaries as text, of the features asked for lately: those of three editions or so."""
NO_PLACE = b"null"
CATCHMENTS, SCHOOLS = "catchments", "schools"

WORDS: Mapping[str, type[StrEnum]] = {"status": SchoolStatus, "answer": Status, "basis": Basis}
"""The properties that are one of a few words."""
_TYPES: Mapping[Kind, Mapping[str, str]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
}
_EDITION = ("edition", "effective_from", "demonstration")
Row = dict[str, Any]
Value = str | int | bool
Text = Callable[[int, str], bytes]


@dataclass(frozen=True)
class Collected:
    """One collection: its name, its fields as JSON Schema, which field is the id."""

    name: str
    title: str
    about: str
    id_field: str
    fields: Mapping[str, Mapping[str, Any]]
    usual: int
    """How many features a response has that is asked for none in particular."""
    at_once: int
    """How many features one response has at most."""


def _fields(about: About, *names: str) -> dict[str, Mapping[str, Any]]:
    """Return properties as JSON Schema, by the vocabulary of columns."""
    return {name: _field(name, about) for name in names}


def _field(name: str, about: About) -> Mapping[str, Any]:
    column = called(name, about)
    assert column is not None  # noqa: S101 - every property is in the vocabulary
    words = {"enum": [each.value for each in WORDS[name]]} if name in WORDS else {}
    return {**_TYPES[column.kind], **words}


COLLECTED: Mapping[str, Collected] = {
    CATCHMENTS: Collected(
        CATCHMENTS,
        "Catchments of the attendance service",
        "The area of each catchment and who serves it. The published list of schools is the "
        "authority for a school; the area answers for whatever is not on the list.",
        "code",
        _fields(
            About.CATCHMENTS,
            *("code", "name", "education_region", *PROVIDER_COLUMNS, *_EDITION),
            *("catchment_code", "catchment_name"),
        ),
        usual=25,
        at_once=100,
    ),
    SCHOOLS: Collected(
        SCHOOLS,
        "Schools and who serves them",
        "Every school of the school directory with its catchment, its provider, and how that is "
        "known: listed, located or nearest.",
        "school_id",
        _fields(
            About.SCHOOLS,
            *("school_id", "name", "status", "type", "address", "suburb", "town"),
            *("education_region", "answer", "basis", "sentence"),
            *("catchment_code", "catchment_name", *PROVIDER_COLUMNS, "in_school_provision"),
            *(*_EDITION, "directory_release", "directory_release_number"),
            *("school_name", "school_education_region"),
        ),
        usual=100,
        at_once=1000,
    ),
}


@dataclass(frozen=True)
class Layer:
    """The features of one collection in one snapshot, in the order of their ids."""

    of: Collected
    rows: list[Row]
    shapes_360: npt.NDArray[np.object_]
    """WGS 84, longitudes 0…360; None for what has no place."""
    geometry: Text = field(default=lambda _at, _crs: NO_PLACE)
    """Returns a feature's geometry as GeoJSON text, by position and the system's URI."""

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each feature is, by its id as text."""
        return {str(row[self.of.id_field]): at for at, row in enumerate(self.rows)}

    @cached_property
    def extent(self) -> tuple[float, ...] | None:
        """West, south, east, north; -180…180, west the greater across 180°; None of nothing."""
        if not shapely.is_geometry(self.shapes_360).any():
            return None
        west, south, east, north = map(float, shapely.total_bounds(self.shapes_360))
        corners = (to_180(west), south, to_180(east), north)
        return tuple(round(degrees, DECIMALS) for degrees in corners)

    def at(self, identifier: str) -> int | None:
        """Return where the feature with an id is, if there is one; a number as people write it."""
        if self.of.name == SCHOOLS:
            identifier = str(school_number(identifier))
        return self.position.get(identifier)

    def having(
        self, wanted: Mapping[str, Value | None], areas: Collection[BaseGeometry] | None = None
    ) -> list[int]:
        """Return which features have all these values and meet any of the areas (0…360 degrees).

        What a feature lacks equals nothing.
        """
        chosen = np.ones(len(self.rows), dtype=bool)
        if wanted:
            chosen[:] = [row.items() >= wanted.items() for row in self.rows]
        if areas is not None:
            chosen &= self._within(areas)
        return np.flatnonzero(chosen).tolist()

    def _within(self, areas: Collection[BaseGeometry]) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(self.rows), dtype=bool)
        for area in areas:
            shapely.prepare(area)  # the request's own: those of the index are shared by threads
            found |= shapely.intersects(area, self.shapes_360)
        return found

    def feature(
        self, at: int, *, crs: str, only: Collection[str] = (), placed: bool = True
    ) -> msgspec.Raw:
        """Return a feature as GeoJSON text, in a system named by its URI."""
        row = self.rows[at]
        chosen = {name: row[name] for name in only} if only else row
        parts = (
            b'{"type":"Feature","id":',
            msgspec.json.encode(row[self.of.id_field]),
            b',"properties":',
            msgspec.json.encode(chosen),
            b',"geometry":',
            self.geometry(at, crs) if placed else NO_PLACE,
            b"}",
        )
        return msgspec.Raw(b"".join(parts))


def layer_of(world: Published, snapshot: Snapshot, name: str) -> Layer:
    """Return a collection's features in a snapshot, kept with the world."""
    key = ("features", name, snapshot.edition.number, snapshot.release.number)
    make = _catchments if name == CATCHMENTS else _schools
    return world.recent.get(("ogc", *key), lambda: make(world, snapshot))


def _catchments(world: Published, snapshot: Snapshot) -> Layer:
    edition, index = snapshot.edition, snapshot.resolver.index
    codes = sorted(edition.catchments)
    kept: Recent = world.recent.get("ogc geometries", lambda: Recent(GEOMETRIES_KEPT))
    rows = [_catchment(edition, edition.catchments[code], _issued(snapshot)) for code in codes]
    shapes = [index.boundary_360(code) if code in edition.boundaries else None for code in codes]

    def text(at: int, crs: str) -> bytes:
        def make() -> bytes:
            boundary = edition.boundaries.get(codes[at])
            if boundary is None or boundary.is_empty:
                return NO_PLACE
            return shapely.to_geojson(in_frame(published(boundary), crs)).encode()  # type: ignore[no-any-return]

        return kept.get((edition.number, crs, codes[at]), make)

    return Layer(COLLECTED[CATCHMENTS], rows, _objects(shapes), text)


def _catchment(edition: Edition, catchment: Catchment, same: Row) -> Row:
    return {
        **catchment_json(catchment),
        **served_by(edition.provider_of(catchment)),
        **same,
        "catchment_code": catchment.code,
        "catchment_name": catchment.name,
    }


def _schools(_world: Published, snapshot: Snapshot) -> Layer:
    release = snapshot.release
    same = {
        **_issued(snapshot),
        "directory_release": release.released.isoformat(),
        "directory_release_number": release.number,
    }
    answers = [snapshot.answers[number] for number in sorted(snapshot.answers)]
    rows = [_school(answer, same) for answer in answers]
    places = [answer.school.place if answer.school else None for answer in answers]
    points = _objects([shapely.Point(place.lng, place.lat) if place else None for place in places])
    shapes = [shapely.Point(to_360(place.lng), place.lat) if place else None for place in places]

    @cache
    def texts(crs: str) -> list[bytes]:
        written = shapely.to_geojson(in_frame(rounded(points), crs))
        return [text.encode() if text else NO_PLACE for text in written]

    return Layer(COLLECTED[SCHOOLS], rows, _objects(shapes), lambda at, crs: texts(crs)[at])


def _objects(shapes: Sequence[BaseGeometry | None]) -> npt.NDArray[np.object_]:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _school(answer: Answer, same: Row) -> Row:
    school, catchment = answer.school, answer.catchment
    assert school is not None  # noqa: S101 - a snapshot's answers are those of schools
    return {
        **{name: value for name, value in school_json(school).items() if name != "place"},
        "education_region": (catchment and catchment.education_region) or None,
        "answer": answer.status,
        "basis": answer.basis,
        "sentence": answer.sentence,
        "catchment_code": catchment and catchment.code,
        "catchment_name": catchment and catchment.name,
        **served_by(answer.provider),
        "in_school_provision": answer.in_school_provision,
        **same,
        "school_name": school.name,
        "school_education_region": school.education_region or None,
    }


def _issued(snapshot: Snapshot) -> Row:
    starts = snapshot.edition.effective_from
    return {
        "edition": snapshot.edition.number,
        "effective_from": starts and starts.isoformat(),
        "demonstration": snapshot.demonstration,
    }
