"""The kinds of change, a module each: its class with what it does, its sentence and its tag.

A module that is put here is a kind: no list of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from catchments.changes.change import Change

for _each in iter_modules(__path__):
    import_module(f"{__name__}.{_each.name}")

BY_TAG: Mapping[str, type[Change]] = {kind.tag: kind for kind in Change.__subclasses__()}
"""Every kind of change by its tag."""
