"""How a page is read by those who listen to it: its parts, in order, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Part:
    """A part of a page: a heading (H1, H2), a paragraph (P), a Figure, a Table, TR, TH or TD."""

    kind: str
    alt: str = ""
    """What a figure shows, in words."""
    parts: list[Part] = field(default_factory=list)

    def part(self, kind: str) -> Part:
        """Return another part within this one."""
        self.parts.append(Part(kind))
        return self.parts[-1]


@dataclass
class Reading:
    """What is read of a page: its parts in order."""

    parts: list[Part] = field(default_factory=list)
    picture: Part | None = None
    """What the drawing belongs to, and every text that has no part of its own."""
