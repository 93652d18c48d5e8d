"""The report of a reader: what it tells whoever runs it, beside the objects that it read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from catchments.core.errors import printable

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and the whole if known."""


def no_progress(_doing: str, _done: int, _whole: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the problem table: where in the file, what is wrong, what was done about it."""

    where: str
    what: str
    done: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in a file that was not taken, why, and how many of it there are."""

    what: str
    why: str
    count: int = 1


@dataclass
class Report:
    """The account of one reading: what was read, what was left out and why, what is wrong.

    Whatever is in a file is in one of them. `counts` keeps the order in which they were added.
    """

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Each file, member, sheet, layer, folder and encoding that was read, in a few words."""
    left_out: list[LeftOut] = field(default_factory=list)

    def count(self, what: str, by: int = 1) -> None:
        """Add `by` to the count of `what`."""
        self.counts[what] = self.counts.get(what, 0) + by

    def problem(self, where: str, what: str, done: str = "") -> None:
        """Add a row to the problem table; what was done ends the sentence of what is wrong."""
        self.problems.append(Problem(where, what.removesuffix(".") if done else what, done))

    def took(self, what: str) -> None:
        """Name a part of a file that was read; once is enough."""
        if what not in self.read:
            self.read.append(what)

    def leave_out(self, what: str, why: str, by: int = 1) -> None:
        """Count `by` more of what was left out of a file for a reason; `by` 0 adds nothing."""
        if not by:
            return
        for at, known in enumerate(self.left_out):
            if (known.what, known.why) == (what, why):
                self.left_out[at] = LeftOut(what, why, known.count + by)
                return
        self.left_out.append(LeftOut(what, why, by))

    def add(self, other: Report, prefix: str) -> None:
        """Add the account of one of several files, with its name before each part."""
        for what, count in other.counts.items():
            self.count(what, count)
        for part in other.read:
            self.took(f"{prefix}{part}")
        for each in other.left_out:
            self.leave_out(f"{prefix}{each.what}", each.why, each.count)
        self.problems += [Problem(f"{prefix}{p.where}", p.what, p.done) for p in other.problems]

    @property
    def is_clean(self) -> bool:
        """Whether everything in the file was taken, and nothing was wrong with it."""
        return not self.problems and not self.left_out


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 digest of a file, which is never held whole."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def facts_of(path: Path, name: str) -> dict[str, str | int]:
    """Return what the audit trail keeps of a file: its name, SHA-256 digest and size in bytes.

    `name` is what whoever gave the file calls it: text from outside, kept on one line.
    """
    size = path.stat().st_size
    return {"name": line_of_text(name), "sha256": sha256_of(path), "bytes": size}


def line_of_text(text: str, *, at_most: int = 200) -> str:
    """Return text from outside fit to be kept: on one line, cut, without what cannot be printed."""
    return printable(text[:at_most])
