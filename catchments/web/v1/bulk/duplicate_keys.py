"""Members of a JSON object that are there twice: of which programs differ which one counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

_ESCAPED = (b"\\u003a", b"\\u003A")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Repeated:
    """Stands for an object that has a member twice."""

    name: str
    members: dict[str, Any]


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Repeated:
    """Return the object of these members, or that it has one of them twice: for `json.loads`."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return Repeated(name, made)
        seen.add(name)
    raise AssertionError(pairs)


def may_repeat(body: bytes, read: object) -> bool:
    """Return whether an object in a body may have a member twice; linear, and no object a row.

    `read` is all that was made of the body, null where it has null. A member has a colon, and what
    is made of two of one name is written with one; a colon within a text is there in both, unless
    the body has it escaped.
    """
    if body.count(b":") != _encoder.encode(read).count(b":"):
        return True
    return any(escaped in body for escaped in _ESCAPED)
