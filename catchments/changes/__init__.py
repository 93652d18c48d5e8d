"""Drafts: what they are made of, what two editions differ in, what forbids publication.

A kind of change is a module of `changes.kinds`. Undo drops the last change of a draft and applies
the rest again.
"""

from __future__ import annotations

from collections.abc import Iterable

from catchments.changes.change import Change
from catchments.changes.comparison import Comparison, compare, schools_moved
from catchments.changes.publication_checks import Concern, blocks, may_take_effect, reasons_against
from catchments.core.model import Edition


def apply_all(base: Edition, changes: Iterable[Change]) -> Edition:
    """Return what a draft's changes, in order, make of its base. Raises ChangeDoesNotFit."""
    for change in changes:
        base = change.apply(base)
    return base


__all__ = [
    "Change",
    "Comparison",
    "Concern",
    "apply_all",
    "blocks",
    "compare",
    "may_take_effect",
    "reasons_against",
    "schools_moved",
]
