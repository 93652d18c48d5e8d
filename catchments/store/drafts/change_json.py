"""Changes to bytes and back: JSON by msgspec, with each boundary as the sha256 of its WKB."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from catchments import changes
from catchments.changes import Change

KINDS: dict[str, type[Any]] = {
    "replace catchments": changes.ReplaceCatchments,
    "replace providers": changes.ReplaceProviders,
    "replace listings": changes.ReplaceListings,
    "assign provider": changes.AssignProvider,
    "move schools": changes.MoveSchools,
    "transfer area": changes.TransferArea,
    "merge catchments": changes.MergeCatchments,
    "split catchment": changes.SplitCatchment,
    "rename catchment": changes.RenameCatchment,
    "add provider": changes.AddProvider,
    "edit provider": changes.EditProvider,
    "retire provider": changes.RetireProvider,
    "set in-school provision": changes.SetInSchoolProvision,
    "restore edition": changes.RestoreEdition,
}
_KIND_OF = {made: kind for kind, made in KINDS.items()}


def kind_of(change: Change) -> str:
    """Return the name under which a change is kept."""
    return _KIND_OF[type(change)]


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


def decode(kind: str, content: bytes, boundaries: Mapping[str, BaseGeometry]) -> Change:
    """Return the change that `encode` wrote; `boundaries` has each geometry by its sha256."""

    def from_hash(_type: type, value: Any) -> Any:
        return boundaries[value]

    change: Change = msgspec.json.decode(content, type=KINDS[kind], dec_hook=from_hash)
    return change


def hashes_in(kind: str, content: bytes) -> set[str]:
    """Return the sha256 of every geometry that an encoded change speaks of."""
    told = msgspec.json.decode(content)
    if kind == "restore edition":
        told = told["content"]
    alone = {told[name] for name in ("area", "line") if kind in _DRAWN and name in told}
    return alone | set(told.get("boundaries", {}).values())


_DRAWN = {"transfer area", "split catchment"}
