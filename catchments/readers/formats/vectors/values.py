"""Values of features as text: what a person would write, objects unpacked, the rest left out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from catchments.core.text_folding import folded
from catchments.readers.formats.cells import tidy

DESCRIPTION_FIELDS = ("description",)
PROVIDER_FIELDS = (
    "provider",
    "provider name",
    "service provider",
    "attendance service provider",
    "attendance service",
    "organisation",
)
_NAMES_OF_OBJECTS = ("name", "title")
_WAYS = ("phone", "email", "website")
"""What an object says of a provider beside its name and code."""
_OF_A_PROGRAM = re.compile(r"""\{\s*(['"])[^'"]{0,100}\1\s*:|\[\s*['"{\[]|b['"]""")
_DBF_TEXT = 254
"""Bytes."""
_LONGEST_OBJECT = 100_000
"""Characters of a text that is looked at as JSON."""


class NotText(str):
    """Stands for a value that is no text and was not unpacked: empty; `given` shows it."""

    __slots__ = ("given",)
    given: str

    @classmethod
    def of(cls, value: object) -> NotText:
        """Return what stands for a value."""
        made = cls("")
        made.given = value if isinstance(value, str) else _json(value)
        return made


def texts_of(properties: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return what a feature says as texts by field.

    An object with a name becomes that name under its field, its code “… code”, and what it says of
    a provider phone, email and website, where the feature has no such fields of its own.
    """
    found: dict[str, str] = {}
    unpacked: dict[str, str] = {}
    for name, value in properties:
        given = _as_object(name, value)
        if isinstance(given, Mapping):
            found[name], more = _opened(name, given)
            unpacked.update(more)
        else:
            found[name] = tidy_value(name, given)
    return found | {name: text for name, text in unpacked.items() if not found.get(name)}


def tidy_value(name: str, value: object) -> str:
    """Return a value as text on one line; a description keeps its lines, which mean something."""
    if isinstance(value, str) and folded(name) in DESCRIPTION_FIELDS:
        return value
    return _text(value)


def is_cut(text: str, whole: str) -> bool:
    """Whether a text is what a .dbf, with room for 254 bytes, has of a longer one."""
    size = len(text.encode())
    return _DBF_TEXT - 4 <= size <= _DBF_TEXT and len(whole) > len(text) and whole.startswith(text)


def is_of_a_program(text: str) -> bool:
    """Whether a text is how a program writes a list or an object, and no name: `{'code': …`."""
    return bool(_OF_A_PROGRAM.match(text))


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)  # many formats have no whole numbers: 7 is kept as 7.0
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return tidy(str(value))
    return NotText.of(value)


# --- objects --------------------------------------------------------------------------------------


def _as_object(name: str, value: object) -> object:
    """Return the object that a provider's field has as text: GDAL writes it so to tables."""
    if not isinstance(value, str) or folded(name) not in PROVIDER_FIELDS:
        return value
    if not value.lstrip().startswith("{") or len(value) > _LONGEST_OBJECT:
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, Mapping) else value


def _opened(field: str, given: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the name that an object has, and what else it says by field."""
    members = {folded(key): _text(value) for key, value in given.items()}
    name = next((members[key] for key in _NAMES_OF_OBJECTS if members.get(key)), "")
    code = members.get("code", "")
    if any(isinstance(each, NotText) for each in (name, code)) or not (name or code):
        return NotText.of(given) if given else "", {}
    is_provider = folded(field) in PROVIDER_FIELDS
    known = {"code": "provider_code" if is_provider else f"{field}_code"}
    known |= {way: way for way in _WAYS if is_provider}
    taken = {*known, *_NAMES_OF_OBJECTS}
    rest = {f"{field}.{key}": text for key, text in members.items() if key not in taken}
    return name, rest | {known[key]: members[key] for key in known if key in members}


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__
