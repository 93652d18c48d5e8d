"""A filter of system calls: no socket of any kind, no way to other processes, no new namespace.

It needs no privilege and no support of a kernel's Landlock, and covers what that does not: UDP,
sockets in the file system, modes, owners and times of files. Refused calls fail with EPERM.
Source: https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator

from catchments.runtime.fence import kernel, syscalls

_FILTER_MODE = 2
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
"""Source: include/uapi/linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, JMP|JGT|K, JMP|JSET|K, RET|K."""
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Where they stand in struct seccomp_data, the low half first."""
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NO = _FAIL | errno.EPERM
_NOT_THERE = _FAIL | errno.ENOSYS
_CLONE_THREAD = 0x10000
_CLONE_NEW = 0x7E020080
"""Every kind of namespace, that of time with it. Source: include/uapi/linux/sched.h."""

Step = tuple[int, int, int, int]
"""Code, steps to skip if true, if not, operand."""


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def restrict(*, signals: bool, programs: bool) -> None:
    """Take system calls from this process, which has no_new_privs, and from all that it starts.

    `signals` leaves signals to others free, for where something else confines them; `programs`
    leaves it free to start programs. Raises OSError, also on a machine whose calls are not known.
    """
    machine = syscalls.here()
    made = [*steps(machine, os.getpid(), signals=signals, programs=programs)]
    program = _Program(len(made), (_Step * len(made))(*(_Step(*each) for each in made)))
    kernel.prctl(kernel.PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(program))


def steps(machine: str, pid: int, *, signals: bool, programs: bool) -> Iterator[Step]:
    """Yield the filter's steps for a machine and the process that puts it on."""
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, syscalls.AUDIT[machine]
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    yield _GREATER, 0, 1, syscalls.LAST_KNOWN
    yield _RETURN, 0, 0, _NOT_THERE
    # Its flags are in memory, where no filter looks: libc takes clone instead.
    yield _EQUAL, 0, 1, syscalls.named("clone3", machine)
    yield _RETURN, 0, 0, _NOT_THERE
    for number in syscalls.refused(machine, signals=signals, programs=programs).values():
        yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _NO
    yield from _only(syscalls.named("prlimit64", machine), 0)
    if not signals:
        yield from _only(syscalls.named("tgkill", machine), pid)
    yield from _clone(syscalls.named("clone", machine), programs=programs)
    yield _RETURN, 0, 0, _ALLOW


def _only(number: int, process: int) -> Iterator[Step]:
    """Have a call concern one process alone; zero is whoever calls."""
    yield _EQUAL, 0, 4, number
    yield _LOAD, 0, 0, _FIRST_ARGUMENT
    yield _EQUAL, 1, 0, process
    yield _RETURN, 0, 0, _NO
    yield _RETURN, 0, 0, _ALLOW


def _clone(number: int, *, programs: bool) -> Iterator[Step]:
    """Have threads begun, and processes where there may be programs, in no new namespace."""
    yield _EQUAL, 0, 5, number
    yield _LOAD, 0, 0, _FIRST_ARGUMENT
    yield _ANY_BIT, 2, 0, _CLONE_NEW
    yield _ANY_BIT, 0, 1, (0xFFFFFFFF if programs else _CLONE_THREAD)
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _NO
