"""Namespaces of its own for a process, without a network, and no capability in them."""

from __future__ import annotations

import ctypes
import errno
from contextlib import suppress

from catchments.runtime.fence import kernel, syscalls

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""Source: include/uapi/linux/sched.h."""
_CAPGET = {syscalls.X86_64: 125, syscalls.AARCH64: 90}
_CAPSET = {syscalls.X86_64: 126, syscalls.AARCH64: 91}
_VERSION_3 = 0x20080522
"""Source: include/uapi/linux/capability.h."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


_Words = ctypes.c_uint32 * 6
"""Effective, permitted and inheritable, twice."""


def without_network() -> None:
    """Leave the network for one that has not even a loopback. Raises OSError where it may not."""
    kernel.unshare(_NEW_USER | _NEW_NETWORK)


def drop_capabilities() -> None:
    """Give up every capability. Raises OSError where one is left."""
    machine = syscalls.here()
    if not machine:
        raise OSError(errno.ENOSYS, "the numbers of this machine's system calls are not known")
    header, words = _Header(_VERSION_3, 0), _Words()
    with suppress(PermissionError):  # a service's own filter may forbid it, of one that has none
        kernel.call(_CAPSET[machine], ctypes.addressof(header), ctypes.addressof(words))
    kernel.call(_CAPGET[machine], ctypes.addressof(header), ctypes.addressof(words))
    if any(words):
        raise OSError(errno.EPERM, "capabilities could not be given up")
