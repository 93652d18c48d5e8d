"""Files on disk: written for good, whatever happens to the machine, and their owner's alone."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

OWNERS_FILE, OWNERS_FOLDER = 0o600, 0o700
"""Modes of what holds secrets, whatever the umask."""
BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite has beside a database: it gives each the database's own mode."""


def fsync(path: Path) -> None:
    """See to it that a file, or what a folder lists, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is one already.

    Never opens one that is there: closing it would free SQLite's locks on it in this process.
    Raises OSError.
    """
    with suppress(FileExistsError):
        os.close(os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNERS_FILE))


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(OWNERS_FOLDER, exist_ok=True)


def open_to_owner(path: str, flags: int) -> int:
    """Open a file as `open` wants its opener to: one that is made is its owner's alone."""
    return os.open(path, flags, OWNERS_FILE)


def exposed(databases: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each file, of databases and beside them, that others may use."""
    for path in (Path(f"{database}{end}") for database in databases for end in BESIDE):
        with suppress(OSError):  # it is not there, or not ours to look at
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                yield (
                    f"The file {path} has mode {mode:04o}, so that other accounts of this machine "
                    f"may use it. To keep it to its owner: chmod 600 {shlex.quote(str(path))}"
                )
