"""Looking at a database's files while somebody else writes or removes them."""

from __future__ import annotations

from pathlib import Path


def size_of(file: Path) -> int:
    """A file's size in bytes; 0 where it is not there yet, or gone in this very moment."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
