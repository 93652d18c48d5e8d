"""Landlock: what a process has said that it needs of files, TCP, sockets and signals, for good.

By its three system calls: no binding on PyPI is kept up. It has to have no_new_privs, and whatever
it starts stays within the same. What an older kernel does not know is left out: its ABI tells.
Source: https://docs.kernel.org/userspace-api/landlock.html and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from catchments.runtime.fence import kernel
from catchments.runtime.fence.plans import SCOPES_SIGNALS_FROM_ABI

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on x86_64 and aarch64, as every call since 424."""
_ASK_VERSION, _PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_ABI_1 = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FILES_BY_ABI = ((1, _ABI_1), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
_BIND_AND_CONNECT_TCP = 0b11
_TCP_FROM_ABI = 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV
"""Rights that a rule about what is no folder may name."""
READ = READ_FILE | READ_DIR
_MAKING_NODES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
"""Devices, sockets, pipes and links: nothing that is read here needs to make one."""
SCRATCH = (_ABI_1 | _REFER | _TRUNCATE) & ~_MAKING_NODES & ~EXECUTE


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """Return the version of Landlock that the kernel has; 0 where it has none, or it is off."""
    try:
        return kernel.call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(allowed: Iterable[tuple[Path, int]], version: int) -> None:
    """Take everything from this process but rights to files and below folders.

    All that the kernels of an ABI can take; what is not there is not allowed. Raises OSError.
    """
    handled = files_of(version)
    ruleset = _made(version, handled)
    try:
        for path, rights in allowed:
            with suppress(FileNotFoundError):
                _allow(ruleset, path, rights & handled)
        kernel.call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def files_of(version: int) -> int:
    """Return the rights to files that a kernel of an ABI knows: all of them are taken."""
    return sum(rights for since, rights in _FILES_BY_ABI if version >= since)


def _made(version: int, handled: int) -> int:
    told = _Ruleset(handled)
    size = 8
    if version >= _TCP_FROM_ABI:
        told.network, size = _BIND_AND_CONNECT_TCP, 16
    if version >= SCOPES_SIGNALS_FROM_ABI:
        told.scoped, size = _ABSTRACT_SOCKETS_AND_SIGNALS, 24
    return kernel.call(_CREATE_RULESET, ctypes.addressof(told), size, 0)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    # A place in the file system, to be named by: nothing of it can be read through this.
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        if rights:
            rule = _PathBeneath(rights, place)
            kernel.call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(place)
