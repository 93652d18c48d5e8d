"""What any program of ours needs to be read: its code, its libraries and their data."""

from __future__ import annotations

import mimetypes
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_OF_THE_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"),
    *("/usr/share/zoneinfo", "/etc/ld.so.cache", *mimetypes.knownfiles),
)
"""Libraries and what finds them; of /etc nothing that says who or what there is.
Of kinds of files Python has a table, which openpyxl asks for; it ends where it may not look."""
_SHARED_PREFIXES = frozenset({"/", "/usr", "/usr/local"})
"""Others have files there too: of these the interpreter is taken, its libraries are above."""
DEVICES = tuple(map(Path, ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")))
_LOADERS = ("lib*/ld-*.so*", "lib/*/ld-*.so*", "usr/lib*/ld-*.so*", "usr/lib/*/ld-*.so*")


def code() -> list[Path]:
    """Return the files and folders that a program of ours is made of, those that are there.

    Of our own folder the package alone: databases and settings may stand beside it.
    """
    found = [*map(Path, _OF_THE_SYSTEM), ROOT / "catchments"]
    for prefix in (sys.prefix, sys.base_prefix):
        found += [] if prefix in _SHARED_PREFIXES else [Path(prefix)]
    there = [path for path in dict.fromkeys(found) if path.exists()]
    alone = [path for path in _interpreters() if not any(map(path.is_relative_to, there))]
    return [*there, *alone]


def executables() -> list[Path]:
    """Return what a program of ours may start: the interpreter, and what loads its libraries."""
    loaders = [path for pattern in _LOADERS for path in Path("/").glob(pattern)]
    return [*_interpreters(), *loaders]


def _interpreters() -> list[Path]:
    """Return the interpreter by each name that leads to it."""
    found = [Path(sys.executable)]
    while found[-1].is_symlink():
        found.append(found[-1].parent / found[-1].readlink())
    return [*found, found[-1].resolve()]
