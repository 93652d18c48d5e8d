"""What takes long to make and differs only with its sources: kept from one run to the next."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from catchments.core.settings import ROOT

WHAT_PUBLISHES = ("catchments/**/*.py", "maps/**/*", "data/boundaries/**/*")
"""All that makes an edition's rows and files."""
_OF_NO_WEIGHT = re.compile(r"^catchments/web/|__pycache__")
"""Pages have no part in it."""
KEPT_OF_A_KIND = 3
"""As many branches as somebody goes to and fro between."""


def kept(name: str, sources: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return a file or folder that `make` writes to the path that it is given; only read it.

    It is made once for what the `sources` (patterns below the project's folder), the Python and
    the pinned packages are, by whichever process comes first, while the others wait for it.
    """
    folder = kept_folder()
    path = folder / f"{name}-{_digest(sources)}"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            building = folder / f"{name}.building"
            _remove(building)
            make(building)
            building.rename(path)
            _forget_all_but_the_latest(folder, name)
        os.utime(path)
    return path


def kept_folder() -> Path:
    """Return the folder for what is kept; a user's own where the project's cannot be written."""
    for folder in (ROOT / "build" / "tests", Path(tempfile.gettempdir(), f"tests-{os.getuid()}")):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise PermissionError(f"No folder to keep databases in: {ROOT / 'build'} cannot be written.")


def _digest(sources: Iterable[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    patterns = {*sources, "requirements.txt"}
    found = {path for each in patterns for path in ROOT.glob(each) if path.is_file()}
    names = {path.relative_to(ROOT).as_posix(): path for path in found}
    for name in sorted(each for each in names if not _OF_NO_WEIGHT.search(each)):
        digest.update(f"{name} ".encode() + names[name].read_bytes())
    return digest.hexdigest()[:16]


def _forget_all_but_the_latest(folder: Path, name: str) -> None:
    made = sorted(folder.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime)
    for path in made[:-KEPT_OF_A_KIND]:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
