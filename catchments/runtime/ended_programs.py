"""Programs run to their end: bytes in, bytes out, within a time and a size."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, cast

from catchments.runtime.fence import inside
from catchments.runtime.fence.surroundings import ROOT

STDERR_KEPT = 64 << 10
"""Bytes, the last that were written: a traceback ends with what is of use."""
_AT_ONCE = 64 << 10


class NotEnded(Exception):
    """A program was stopped."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how
        """Why, in words of ours."""


def run(
    command: Sequence[str],
    *,
    given: bytes,
    within_s: float,
    at_most: int,
    environment: Mapping[str, str],
) -> subprocess.CompletedProcess[bytes]:
    """Return how a program ended, and what it wrote; its own processes end with it.

    Raises OSError where it cannot be begun, NotEnded where it takes longer or writes more.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter or bwrap, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=dict(environment),
        start_new_session=inside.standing is None,
    ) as program:
        talk = _Talk(program, given, time.monotonic() + within_s, at_most)
        try:
            talk.to_its_end()
        except TimeoutError:
            raise NotEnded(f"stopped after {within_s:g} seconds") from None
        finally:
            _end_all(program)
    return subprocess.CompletedProcess(
        command, program.returncode, bytes(talk.written), bytes(talk.said)
    )


def _end_all(program: subprocess.Popen[bytes]) -> None:
    """End a program, and what it has begun; its number is its group's until it is waited for."""
    with suppress(ProcessLookupError, PermissionError):
        if inside.standing is None:
            os.killpg(program.pid, signal.SIGKILL)
        else:  # a fence lets nobody out of the group that it ends with
            program.kill()


class _Talk:
    """What is told to a program, and what it writes."""

    def __init__(
        self, program: subprocess.Popen[bytes], given: bytes, until: float, at_most: int
    ) -> None:
        self._program, self._given = program, memoryview(given)
        self._until, self._at_most = until, at_most
        self.written, self.said = bytearray(), bytearray()

    def to_its_end(self) -> None:
        """Go on until it has ended. Raises TimeoutError, and NotEnded where it writes more."""
        told = self._program.stdin, self._program.stdout, self._program.stderr
        pipes = stdin, stdout, stderr = [cast(IO[bytes], each) for each in told]
        handlers = {stdin: self._tell, stdout: self._hear, stderr: self._overhear}
        with selectors.DefaultSelector() as waiting:
            for pipe in pipes:
                os.set_blocking(pipe.fileno(), False)
                waiting.register(pipe, _EVENTS[pipe is stdin])
            while waiting.get_map():
                ready = waiting.select(min(_LOOKED_EVERY_S, self._left()))
                if not ready and self._has_ended():
                    _end_all(self._program)  # what it left behind holds its pipes open
                for key, _ in ready:
                    pipe = cast(IO[bytes], key.fileobj)
                    if not handlers[pipe](pipe):
                        waiting.unregister(pipe)
                        pipe.close()
        while not self._has_ended():
            time.sleep(min(_ASKED_EVERY_S, self._left()))

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _has_ended(self) -> bool:
        if sys.platform != "linux":  # where there is no fence either
            return self._program.poll() is not None
        # Not waited for by its number: that is its group's, which is still to be ended.
        ended = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return os.waitid(os.P_PID, self._program.pid, ended) is not None

    def _tell(self, pipe: IO[bytes]) -> bool:
        if self._given:
            try:
                sent = os.write(pipe.fileno(), self._given[:_AT_ONCE])
            except BrokenPipeError:  # it has heard enough
                return False
            self._given = self._given[sent:]
        return bool(self._given)

    def _hear(self, pipe: IO[bytes]) -> bool:
        came = os.read(pipe.fileno(), _AT_ONCE)
        self.written += came
        if len(self.written) > self._at_most:
            raise NotEnded(f"stopped after {self._at_most:,} bytes of answer")
        return bool(came)

    def _overhear(self, pipe: IO[bytes]) -> bool:
        came = os.read(pipe.fileno(), _AT_ONCE)
        self.said += came
        del self.said[:-STDERR_KEPT]
        return bool(came)


_EVENTS = {True: selectors.EVENT_WRITE, False: selectors.EVENT_READ}
_LOOKED_EVERY_S, _ASKED_EVERY_S = 0.1, 0.002
