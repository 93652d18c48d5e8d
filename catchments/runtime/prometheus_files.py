"""The folder through which the workers of one server share what they count."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from catchments.core.errors import InputRefused, shown
from catchments.runtime.disk import make_folder

SHARED = "PROMETHEUS_MULTIPROC_DIR"
_OURS = re.compile(r"catchments-metrics-([0-9]+)-\w+")


def fresh_folder(environment: Mapping[str, str]) -> str:
    """Return an empty folder for this process's workers; those of servers that ended are removed.

    It is the one that PROMETHEUS_MULTIPROC_DIR names, or a new one: in systemd's RUNTIME_DIRECTORY
    where there is one, else in the system's temporary folder. Raises InputRefused.
    """
    given = environment.get(SHARED)
    if given:
        return _emptied(Path(given))
    where = environment.get("RUNTIME_DIRECTORY") or tempfile.gettempdir()
    _sweep(Path(where))
    # The server keeps the number of this process, which it takes the place of.
    return tempfile.mkdtemp(prefix=f"catchments-metrics-{os.getpid()}-", dir=where)


def _emptied(folder: Path) -> str:
    try:
        make_folder(folder)
        for old in folder.glob("*.db"):
            old.unlink()
    except OSError as error:
        raise InputRefused(
            f"{SHARED} is {shown(folder)}: {error.strerror}.",
            field=SHARED,
            next_step="Name a folder that may be written, or leave it out.",
        ) from error
    return str(folder)


def _sweep(where: Path) -> None:
    for folder in where.glob("catchments-metrics-*"):
        named = _OURS.fullmatch(folder.name)
        if named and not _runs(int(named[1])) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return pid != os.getpid()
