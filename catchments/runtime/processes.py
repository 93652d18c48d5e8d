"""The end of a process together with the one that began it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

from catchments.runtime.fence import kernel


def end_with_parent() -> None:
    """Have the kernel end this process when the one that began it is gone, however that went.

    For a worker that was begun by `multiprocessing`, on Linux; others go on as they are. A worker
    that is left alone would keep its port, and answer from a release that nobody runs any more.
    """
    parent = multiprocessing.parent_process()
    if parent is None or sys.platform != "linux":
        return
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:  # it was gone before the kernel was told
        os.kill(os.getpid(), signal.SIGKILL)
