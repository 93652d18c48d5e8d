"""Parts taken over from an earlier edition: what was made of the very same, and names no edition.

Beside the parts stands what each was made of. A part whose input has changed by a bit, that another
version made, or that is not as it was kept, is made anew.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.store import Artefact
from maps import MAKER

MADE_OF = "made-of.json"
"""The file that says of what each part was made."""


class Origin(msgspec.Struct, frozen=True):
    """Digests of what a part was made of, and of the part, in hexadecimal."""

    made_of: str
    sha256: str


def digest(*inputs: bytes) -> str:
    """Return what only the same inputs have in common, made into a part by the same version."""
    by = hashlib.sha256(f"{MAKER} {shapely.__version__} {shapely.geos_version_string}".encode())
    for each in inputs:
        by.update(hashlib.sha256(each).digest())
    return by.hexdigest()


@dataclass
class Parts:
    """The parts of an edition: those of an earlier one, where they are the same, or new ones."""

    earlier: Callable[[str], Artefact | None] = lambda _: None
    """Reads a file of an earlier edition by name."""
    origins: dict[str, Origin] = field(default_factory=dict)
    """Of the parts that this edition has, by name."""

    def part(self, name: str, made_of: str, make: Callable[[], bytes]) -> bytes:
        """Return a part, made only if the earlier edition has none that was made of the same."""
        found = self._taken_over(name, made_of)
        content = make() if found is None else found
        self.origins[name] = Origin(made_of, hashlib.sha256(content).hexdigest())
        return content

    def written(self) -> bytes:
        """Return the file that says of what each part was made."""
        return msgspec.json.encode(self.origins)

    def _taken_over(self, name: str, made_of: str) -> bytes | None:
        origin = self._earlier_origins().get(name)
        if origin is None or origin.made_of != made_of:
            return None
        kept = self.earlier(name)
        return kept.content if kept and kept.sha256 == origin.sha256 else None

    def _earlier_origins(self) -> Mapping[str, Origin]:
        kept = self.earlier(MADE_OF)
        try:
            return msgspec.json.decode(kept.content, type=dict[str, Origin]) if kept else {}
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return {}


def packed(areas: Mapping[str, BaseGeometry]) -> bytes:
    """Return areas by code as bytes, bit for bit."""
    written = {code: shapely.to_wkb(area) for code, area in areas.items()}
    return zlib.compress(msgspec.msgpack.encode(written), level=1)


def unpacked(content: bytes) -> dict[str, BaseGeometry]:
    """Return the areas that `packed` was given."""
    kept = msgspec.msgpack.decode(zlib.decompress(content), type=dict[str, bytes])
    return {code: shapely.from_wkb(area) for code, area in kept.items()}
