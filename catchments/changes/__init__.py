"""What a draft is made of: apply changes to an edition, compare two, say what stands in the way.

A change is a frozen value; `apply` is a pure function of an edition and a change. Undo drops the
last change of a draft and applies the rest again.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from catchments.changes.comparison import Comparison, compare, schools_moved
from catchments.changes.describing import Change, describe
from catchments.changes.publication_checks import Concern, blocks, may_take_effect, reasons_against
from catchments.changes.replacing import (
    ReplaceCatchments,
    ReplaceListings,
    ReplaceProviders,
    with_catchments,
    with_listings,
    with_providers,
)
from catchments.changes.steps import (
    AddProvider,
    AssignProvider,
    EditProvider,
    MergeCatchments,
    MoveSchools,
    RenameCatchment,
    RestoreEdition,
    RetireProvider,
    SetInSchoolProvision,
    SplitCatchment,
    Step,
    TransferArea,
    with_step,
)
from catchments.core.model import Edition


def apply(edition: Edition, change: Change) -> Edition:
    """Return the edition that a change makes of another one.

    Raises ChangeDoesNotFit when the change speaks of what the edition lacks.
    """
    if isinstance(change, ReplaceCatchments):
        return with_catchments(edition, change)
    if isinstance(change, ReplaceProviders):
        return with_providers(edition, change)
    if isinstance(change, ReplaceListings):
        return with_listings(edition, change)
    return with_step(edition, change)


def apply_all(base: Edition, changes: Iterable[Change]) -> Edition:
    """Return what a draft's changes, in order, make of its base."""
    return reduce(apply, changes, base)


__all__ = [
    "AddProvider",
    "AssignProvider",
    "Change",
    "Comparison",
    "Concern",
    "EditProvider",
    "MergeCatchments",
    "MoveSchools",
    "RenameCatchment",
    "ReplaceCatchments",
    "ReplaceListings",
    "ReplaceProviders",
    "RestoreEdition",
    "RetireProvider",
    "SetInSchoolProvision",
    "SplitCatchment",
    "Step",
    "TransferArea",
    "apply",
    "apply_all",
    "blocks",
    "compare",
    "describe",
    "may_take_effect",
    "reasons_against",
    "schools_moved",
]
