"""bwrap: a program begun where there are no other files, processes and networks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from catchments.runtime.fence.plans import Fence
from catchments.runtime.fence.surroundings import ROOT, code

_ALONE = (
    *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
    *("--unshare-cgroup-try", "--new-session", "--die-with-parent", "--cap-drop", "ALL"),
    *("--hostname", "fenced", "--dev", "/dev"),
)
"""There is no /proc: no reader of files needs it, and a container may not be able to mount it."""


def found() -> str | None:
    """Return where bwrap is; whether it runs is another question."""
    return shutil.which("bwrap")


def wrapped(command: Iterable[str], fence: Fence) -> list[str]:
    """Return a command that runs another where it sees what it needs and nothing else."""
    options = [found() or "bwrap", *_ALONE]
    for each in code():
        options += ["--ro-bind", str(each), str(each)]
    for given in fence.writes:
        options += ["--bind", given, given]
    for given in fence.reads:
        options += ["--ro-bind-try", given, given]
    return [*options, "--chdir", str(ROOT / "catchments"), "--", *command]
