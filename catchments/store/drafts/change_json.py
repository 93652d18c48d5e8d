"""Changes to bytes and back: JSON by msgspec, with each boundary as the sha256 of its WKB."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.change import Change
from catchments.changes.kinds import BY_TAG

_NOWHERE = shapely.Point()


def wkb_and_sha256(geometry: BaseGeometry) -> tuple[bytes, str]:
    """Return a geometry's little-endian WKB and the hexadecimal SHA-256 of it."""
    wkb: bytes = shapely.to_wkb(geometry, byte_order=1)
    return wkb, hashlib.sha256(wkb).hexdigest()


def encode(change: Change) -> tuple[bytes, dict[str, bytes]]:
    """Return a change as JSON, and the WKB of the boundaries in it by their sha256."""
    boundaries: dict[str, bytes] = {}

    def by_hash(value: Any) -> Any:
        if not isinstance(value, BaseGeometry):
            raise NotImplementedError(type(value))
        wkb, sha256 = wkb_and_sha256(value)
        boundaries[sha256] = wkb
        return sha256

    return msgspec.json.encode(change, enc_hook=by_hash), boundaries


def decode(tag: str, content: bytes, boundaries: Mapping[str, BaseGeometry]) -> Change:
    """Return the change that `encode` wrote; `boundaries` has each geometry by its sha256."""
    by_hash = boundaries.__getitem__
    return msgspec.json.decode(content, type=BY_TAG[tag], dec_hook=lambda _, value: by_hash(value))


def hashes_in(tag: str, content: bytes) -> set[str]:
    """Return the sha256 of every geometry that an encoded change speaks of."""
    found: set[str] = set()

    def noted(_type: type, value: Any) -> Any:
        found.add(value)
        return _NOWHERE

    msgspec.json.decode(content, type=BY_TAG[tag], dec_hook=noted)
    return found
