"""Programs of ours that alone load what reads a format, each run in a fence with one file to read.

Without a fence such a file is refused, on the command line as in an upload: what reads it would run
with all that whoever runs it may do, and the file was made by somebody else. Whoever may set a
variable may accept that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from catchments.core.environment_values import switch
from catchments.core.errors import FileRefused, shown
from catchments.core.settings import UNFENCED_FILES
from catchments.runtime import subprocess_job
from catchments.runtime.fence import walls
from catchments.runtime.fence.plans import Fence

WITHIN_S = 45.0
ANSWER_AT_MOST = 1 << 30
"""Bytes: the largest file, unpacked, with each cell of it on its own."""
_KEPT = ("LANG", "TMPDIR")

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class Program:
    """A program that reads files of a kind."""

    module: str
    reads: str
    """What it reads them by."""
    kind: str
    instead: str
    """What whoever has such a file may do where it is not read."""
    environment: Mapping[str, str] = field(default_factory=dict)


def answer(program: Program, asked: msgspec.Struct, kind: type[T], path: Path, *, reads: Path) -> T:
    """Return what a program answers to a question of one kind by one of another.

    `reads` is the file or folder that it sees, `path` the file that a person gave. Raises
    FileRefused where there is no fence, and where the program ends without an answer.
    """
    refuse_unfenced(program, path)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        said = subprocess_job.run(
            program.module,
            given=msgspec.msgpack.encode(asked),
            within_s=WITHIN_S,
            environment={**kept, **program.environment, **ONE_THREAD},
            at_most=ANSWER_AT_MOST,
            fence=Fence(reads=(str(reads),)),
        )
        return msgspec.msgpack.decode(said, type=kind)
    except (subprocess_job.JobFailed, msgspec.DecodeError) as error:
        how = getattr(error, "how", "its answer cannot be understood")
        raise FileRefused(
            f"{shown(path.name)} cannot be read: it is broken, encrypted in parts, or too large;"
            f" what reads {program.kind} did not end well ({how}).",
            next_step=program.instead,
        ) from error


def refuse_unfenced(program: Program, path: Path) -> None:
    """Refuse a file where nothing keeps what reads it from other files or the network."""
    stands = walls.standing()
    if stands.whole or switch(os.environ, UNFENCED_FILES, "0"):
        return
    raise FileRefused(
        f"{shown(path.name)} is {program.kind}, which {program.reads} reads in a fence alone, and"
        f" here is none: {stands.files} keeps it from files, {stands.network} from the network.",
        allowed="Other formats are read without a fence.",
        next_step=f"{program.instead} Or whoever runs the service sees to a fence, by bubblewrap"
        f" or the kernel's Landlock, or accepts it with {UNFENCED_FILES}=1.",
    )


ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Libraries begin one for each core otherwise."""
