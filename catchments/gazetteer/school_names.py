"""Schools by name and town alone; `Gazetteer` takes its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catchments.gazetteer.folding import LONGEST_TEXT, folded
from catchments.model import School


@dataclass(frozen=True)
class SchoolNames:
    """The names of schools, folded once, so that a text can be looked for in them."""

    entries: tuple[tuple[str, School], ...]

    @classmethod
    def of(cls, schools: Iterable[School]) -> SchoolNames:
        """Fold each school's name and town."""
        return cls(tuple((f"{folded(s.name)} {folded(s.city)}", s) for s in schools))

    def candidates(self, text: str, *, at_most: int) -> list[School]:
        """Return schools in whose name or town every word of the text begins a word.

        Whole names come first, then names that begin with the text, then the alphabet.
        """
        wanted = folded(text[:LONGEST_TEXT])
        if not wanted:
            return []
        words = [f" {word}" for word in wanted.split()]
        found = [
            (not name.startswith(f"{wanted} "), not name.startswith(wanted), name, school)
            for name, school in self.entries
            if all(word in f" {name}" for word in words)
        ]
        return [school for *_, school in sorted(found, key=lambda f: f[:3])[:at_most]]
