"""Calls of the Linux kernel for which Python has no function of its own."""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 38, 22
"""Source: include/uapi/linux/prctl.h."""


def call(number: int, *arguments: int | None) -> int:
    """Return what a system call returns; integers and addresses alone. Raises OSError."""
    returned: int = _libc().syscall(number, *map(_word, arguments))
    if returned < 0:
        raise _error()
    return returned


def prctl(option: int, *arguments: int) -> None:
    """Change something of this process, as prctl(2) does. Raises OSError."""
    words = [*arguments, 0, 0, 0, 0][:4]
    if _libc().prctl(option, *map(_word, words)):
        raise _error()


def unshare(flags: int) -> None:
    """Give this process, which has one thread, namespaces of its own. Raises OSError."""
    if _libc().unshare(flags):
        raise _error()


def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has no such calls")
    return ctypes.CDLL(None, use_errno=True)


def _word(value: int | None) -> ctypes.c_void_p | ctypes.c_ulong:
    return ctypes.c_void_p(None) if value is None else ctypes.c_ulong(value)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
