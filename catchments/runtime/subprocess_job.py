"""A module of ours run as a program on some bytes, with limits, in a fence where it reads files."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping

from catchments.core.errors import CatchmentsError
from catchments.runtime import ended_programs
from catchments.runtime.fence import walls
from catchments.runtime.fence.plans import Fence

ANSWER_AT_MOST = 16 << 20
"""Bytes, of a program that says what came of it and no more."""
_NEXT_STEP = "Try again; if it happens again, tell whoever runs the service."


class JobFailed(CatchmentsError):
    """The program ended without an answer, or took too long."""

    def __init__(self, problem: str, *, how: str, stderr: str = "") -> None:
        super().__init__(problem, next_step=_NEXT_STEP)
        self.how = how
        """How it ended; nothing that the program wrote, which a file may have chosen."""
        self.stderr = stderr
        """What it wrote, the end of it: see `logs.told_by` before any of it is repeated."""


def run(
    module: str,
    *,
    given: bytes,
    within_s: float,
    environment: Mapping[str, str],
    at_most: int = ANSWER_AT_MOST,
    fence: Fence | None = None,
) -> bytes:
    """Return what a module of ours writes when it is run as a program on `given`: some bytes.

    It sees the environment given and no other, and of the machine what its fence lets it; without
    one it is not fenced, which is for programs that read no foreign file. Raises JobFailed.
    """
    command = walls.command(module, fence) if fence else [sys.executable, "-m", module]
    try:
        ended = ended_programs.run(
            command, given=given, within_s=within_s, at_most=at_most, environment=environment
        )
    except OSError as error:
        raise JobFailed(
            "The work could not be begun; nothing was changed.",
            how=f"not begun: {error.strerror}",
        ) from error
    except ended_programs.NotEnded as error:
        raise JobFailed(
            "It took too long, or wrote too much, and was stopped; nothing was changed.",
            how=error.how,
        ) from error
    if ended.returncode:
        raise JobFailed(
            "The work ended without an answer; nothing was changed.",
            how=how_it_ended(ended.returncode),
            stderr=ended.stderr.decode("utf-8", "replace"),
        )
    return ended.stdout


def how_it_ended(code: int) -> str:
    """Return how a program ended that did so by itself or was killed, as a clause."""
    # bwrap, as a shell, tells of a signal by a number above those that programs end with.
    code = _SIGNALLED - code if code > _SIGNALLED else code
    try:
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    except ValueError:
        return f"killed by signal {-code}"


_SIGNALLED = 128
