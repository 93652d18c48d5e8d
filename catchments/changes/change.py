"""A change: what every kind of change to an edition has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from catchments.core.model import Edition


class Change(ABC):
    """A frozen value; it names schools and catchments by number and code.

    So it can be applied again, to another edition; where it no longer fits there it says so.
    """

    tag: ClassVar[str]
    """The name of its kind in stored drafts. It may never change."""

    @abstractmethod
    def apply(self, edition: Edition) -> Edition:
        """Return the edition that it makes of another one: a pure function of both.

        Raises ChangeDoesNotFit where it speaks of what the edition lacks, or has already.
        """

    @abstractmethod
    def describe(self, edition: Edition) -> str:
        """Return what it does in a sentence, for drafts, history and the audit trail alike.

        `edition` is the one that it is applied to.
        """


def apply_all(base: Edition, changes: Iterable[Change]) -> Edition:
    """Return what a draft's changes, in order, make of its base. Raises ChangeDoesNotFit.

    What the base was allowed to lose, the draft is not.
    """
    base = replace(base, uncovered_accepted=None)
    for change in changes:
        base = change.apply(base)
    return base
