"""A module of ours run as a program on some bytes, with a limit to its time."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping

from catchments.core.errors import CatchmentsError
from catchments.core.settings import ROOT

_NEXT_STEP = "Try again; if it happens again, tell whoever runs the service."


class JobFailed(CatchmentsError):
    """The program ended without an answer, or took too long."""

    def __init__(self, problem: str, *, how: str, stderr: str = "") -> None:
        super().__init__(problem, next_step=_NEXT_STEP)
        self.how = how
        """How it ended; nothing that the program wrote, which a file may have chosen."""
        self.stderr = stderr
        """What it wrote: see `logs.told_by` before any of it is repeated."""


def run(module: str, *, given: bytes, within_s: float, environment: Mapping[str, str]) -> bytes:
    """Return what a module of ours writes when it is run as a program on `given`.

    It sees the environment given and no other. Raises JobFailed.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", module],
            input=given,
            capture_output=True,
            cwd=ROOT,
            env=dict(environment),
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise JobFailed(
            f"It took longer than {within_s:.0f} seconds and was stopped; nothing was changed.",
            how=f"stopped after {within_s:g} seconds",
        ) from error
    if ended.returncode:
        raise JobFailed(
            "The work ended without an answer; nothing was changed.",
            how=_how_it_ended(ended.returncode),
            stderr=ended.stderr.decode("utf-8", "replace"),
        )
    return ended.stdout


def _how_it_ended(code: int) -> str:
    try:
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    except ValueError:
        return f"killed by signal {-code}"
