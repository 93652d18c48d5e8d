"""The manifest: what an edition's files are, kept with them, that whoever serves them adds to."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from catchments.core.model import NOT_STATED
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import geometry_to_360, to_180
from maps.exports.downloads import File
from maps.exports.export_input import ExportInput
from maps.exports.geojson import edition_json, source_json
from maps.wording import MADE_UP

Json = dict[str, Any]
LICENCE_URLS = {
    "cc by 4 0": "https://creativecommons.org/licenses/by/4.0/",
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
"""Of licences, folded."""


def manifest(material: ExportInput, files: Sequence[File], contents: Sequence[bytes]) -> bytes:
    """Return as JSON what each file is, and where all of them come from; without addresses."""
    release = material.release
    told = {
        "demonstration": material.demonstration,
        "notice": MADE_UP if material.demonstration else "",
        "edition": edition_json(material.edition),
        "directory_release": release
        and {"number": release.number, "released": release.released.isoformat()},
        "bounds": _bounds(material),
        "licences": [_licence(name) for name in sorted({s.licence for s in material.sources})],
        "sources": [source_json(source) for source in material.sources],
        "files": [_file(*pair) for pair in zip(files, contents, strict=True)],
    }
    return msgspec.json.encode(told)


def _file(file: File, content: bytes) -> Json:
    return {
        "name": file.name,
        "title": file.title,
        "about": file.about,
        "format": file.format,
        "media_type": file.media_type,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "crs": file.crs or None,
        "columns": list(file.columns),
    }


def _licence(name: str) -> Json:
    return {"name": name or NOT_STATED, "url": LICENCE_URLS.get(folded(name))}


def _bounds(material: ExportInput) -> list[float] | None:
    """Return west, south, east, north in degrees; west is more than east across 180° (RFC 7946)."""
    # Of the boundaries as published: those that are drawn are clipped to the coast.
    boxes = [geometry_to_360(area).bounds for area in material.published.values()]
    if not boxes:
        return None
    west, south = (min(box[side] for box in boxes) for side in (0, 1))
    east, north = (max(box[side] for box in boxes) for side in (2, 3))
    # Rounded outwards, so that nothing lies outside.
    least = [_rounded(value, math.floor) for value in (to_180(west), south)]
    return least + [_rounded(value, math.ceil) for value in (to_180(east), north)]


def _rounded(degrees: float, way: Callable[[float], int]) -> float:
    return way(round(degrees * 1e4, 3)) / 1e4
