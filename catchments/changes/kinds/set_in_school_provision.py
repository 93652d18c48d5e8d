"""A note on some schools' own funded provision."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.core.model import Edition


@dataclass(frozen=True)
class SetInSchoolProvision(Change):
    """A note on some schools' own funded provision, or None where it ends."""

    tag = "set in-school provision"

    schools: tuple[int, ...]
    note: str | None

    def apply(self, edition: Edition) -> Edition:
        notes, meant = edition.in_school_provision, set(self.schools)
        kept = {school: note for school, note in notes.items() if school not in meant}
        given = {} if self.note is None else dict.fromkeys(self.schools, self.note)
        return replace(edition, in_school_provision={**kept, **given})

    def describe(self, edition: Edition) -> str:
        if self.note is None:
            return f"In-school provision of {naming.schools(self.schools)} ended."
        return f"In-school provision of {naming.schools(self.schools)} set: {self.note}"
