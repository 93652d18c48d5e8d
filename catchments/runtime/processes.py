"""The end of a process together with the one that began it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""The number of prctl(2) for the signal that the kernel sends when a parent is gone."""


def end_with_parent() -> None:
    """Have the kernel end this process when the one that began it is gone, however that went.

    For a worker that was begun by `multiprocessing`, on Linux; others go on as they are. A worker
    that is left alone would keep its port, and answer from a release that nobody runs any more.
    """
    parent = multiprocessing.parent_process()
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent.pid:  # it was gone before the kernel was told
        os.kill(os.getpid(), signal.SIGKILL)
