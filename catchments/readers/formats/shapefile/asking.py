"""A Shapefile from outside, as the program that reads it answers: plain values, or a refusal."""

from __future__ import annotations

from pathlib import Path

from catchments.readers.fenced_programs import Program, answer
from catchments.readers.formats.file_refusals import MAX_FEATURES, not_what_it_says, refuse_many
from catchments.readers.formats.shapefile.gdal_drivers import ENVIRONMENT
from catchments.readers.formats.shapefile.messages import Asked, Held

_PROGRAM = Program(
    module="catchments.readers.formats.shapefile.program",
    reads="GDAL",
    kind="a Shapefile",
    instead="Export it as GeoPackage, GeoJSON or KML.",
    environment=ENVIRONMENT,
)


def held_in(shp: Path, path: Path) -> Held:
    """Return what a Shapefile holds whose parts stand in a folder of their own.

    `path` is what a person gave. Raises FileRefused for one that is damaged or too large, and where
    there is no fence to read it in.
    """
    held = answer_of(Asked(str(shp.absolute()), MAX_FEATURES), shp, path)
    if held.damaged:
        raise not_what_it_says(path, "a zipped Shapefile", held.damaged)
    refuse_many(held.features, path)
    if not _is_whole(held):
        raise not_what_it_says(path, "a zipped Shapefile", "what reads it contradicts itself")
    return held


def _is_whole(held: Held) -> bool:
    """Whether an answer says as much of each feature; it had a stranger's file in its hands."""
    lengths = {len(held.shapes), *map(len, held.columns)}
    return lengths == {held.features} and len(held.names) == len(held.columns)


def answer_of(asked: Asked, shp: Path, path: Path) -> Held:
    """Return what the program answers. Raises FileRefused where it ends without an answer."""
    return answer(_PROGRAM, asked, Held, path, reads=shp.absolute().parent)
