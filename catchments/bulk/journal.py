"""What has been done of a long job, so that it goes on after any kill: a folder beside its target.

The folder has the finished parts and `journal.json`, which says what the job is and which parts are
finished. The journal is replaced whole, after the part that it adds is on the disk.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catchments.bulk.sources import Mark
from catchments.bulk.targets import durable
from catchments.core.errors import InputRefused, shown
from catchments.runtime.disk import make_file, make_folder, open_to_owner


@dataclass(frozen=True, slots=True)
class Done:
    """A finished part: its file's name and size, and the mark in the input at its end."""

    part: str
    size: int
    mark: Mark


class Journal:
    """The folder of a job; one process at a time has it open."""

    def __init__(self, target: Path) -> None:
        self.folder = target.with_name(f".{target.name}.resolving")
        self.job: dict[str, Any] = {}
        self.parts: list[Done] = []
        self._target = target
        self._file = self.folder / "journal.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the folder to this process. Raises InputRefused while another one has it."""
        make_folder(self.folder)  # the parts in it have the mode of the file that they become
        with open(self.folder / "lock", "w", opener=open_to_owner) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputRefused(
                    f"Another run is making {shown(self._target.name)}.",
                    field="target",
                    next_step="Wait for it, or stop it.",
                ) from None
            yield

    def read(self) -> None:
        """Learn what an earlier run noted, as far as its parts are there whole."""
        try:
            noted = json.loads(self._file.read_bytes())
            parts = [Done(p["part"], p["size"], Mark(**p["mark"])) for p in noted["parts"]]
            self.job = dict(noted["job"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # none, or one of another version: the job begins anew
        missing = (at for at, part in enumerate(parts) if not self._is_whole(part))
        self.parts = parts[: next(missing, len(parts))]

    def begin(self, job: dict[str, Any]) -> None:
        """Forget all that was done, and note a new job."""
        for path in self.folder.iterdir():
            if path.name != "lock":
                path.unlink()
        self.job, self.parts = job, []
        self._write()

    def add(self, part: Path, mark: Mark) -> None:
        """Note that a part, which is on the disk, is finished."""
        self.parts.append(Done(part.name, part.stat().st_size, mark))
        self._write()

    def path_of(self, done: Done) -> Path:
        """Return where a finished part is."""
        return self.folder / done.part

    def remove(self) -> None:
        """Forget the job altogether."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_whole(self, done: Done) -> bool:
        try:
            return self.path_of(done).stat().st_size == done.size
        except OSError:
            return False

    def _write(self) -> None:
        noted = {"job": self.job, "parts": [asdict(part) for part in self.parts]}
        with durable(self._file) as building:
            make_file(building)
            building.write_text(json.dumps(noted))
