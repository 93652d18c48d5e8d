"""Namespaces of its own for a process, without a network, and no capability in them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from catchments.runtime.fence import kernel, syscalls

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""Source: include/uapi/linux/sched.h."""
_CAPGET = {syscalls.X86_64: 125, syscalls.AARCH64: 90}
_CAPSET = {syscalls.X86_64: 126, syscalls.AARCH64: 91}
_VERSION_3 = 0x20080522
"""Source: include/uapi/linux/capability.h."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    """Effective, permitted and inheritable, twice."""

    _fields_ = (("words", ctypes.c_uint32 * 6),)


def without_network() -> None:
    """Leave the network for one that has not even a loopback. Raises OSError where it may not.

    Whoever leaves has every capability in there, which only what can be given up may have.
    """
    _give_up()
    kernel.unshare(_NEW_USER | _NEW_NETWORK)
    _give_up()


def drop_capabilities() -> None:
    """Give up every capability. Raises OSError where one is left."""
    try:
        _give_up()
    except PermissionError:  # a service's own filter forbids it, of one that should have none
        if any(_held().words):
            raise


def _give_up() -> None:
    _call(_CAPSET, _Capabilities())


def _held() -> _Capabilities:
    held = _Capabilities()
    _call(_CAPGET, held)
    return held


def _call(numbers: Mapping[str, int], held: _Capabilities) -> None:
    machine = syscalls.here()
    header = _Header(_VERSION_3, 0)
    kernel.call(numbers[machine], ctypes.addressof(header), ctypes.addressof(held))
