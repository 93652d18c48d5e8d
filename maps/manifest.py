"""What an edition's files are: a manifest, kept with them, that whoever serves them adds to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from catchments.gazetteer import folded
from catchments.model import NOT_STATED
from maps.download import edition_json, source_json
from maps.downloads import File
from maps.material import Material
from maps.wording import MADE_UP

Json = dict[str, Any]
LICENCE_URLS = {
    "cc by 4 0": "https://creativecommons.org/licenses/by/4.0/",
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
"""Of licences, folded."""


def manifest(material: Material, files: Sequence[File], contents: Sequence[bytes]) -> bytes:
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
    }


def _licence(name: str) -> Json:
    return {"name": name or NOT_STATED, "url": LICENCE_URLS.get(folded(name))}


def _bounds(material: Material) -> list[float] | None:
    """Return west, south, east, north in degrees; west is more than east across 180° (RFC 7946)."""
    boxes = [area.bounds for area in material.drawn.values()]
    if not boxes:
        return None
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    framed = [lng - 360 if lng > 180 else lng for lng in (west, east)]
    return [round(value, 4) for value in (framed[0], south, framed[1], north)]
