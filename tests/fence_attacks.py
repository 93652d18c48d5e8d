"""What somebody would try who has taken over a program that reads their file: run in its fence.

It knows where everything is, by a file that its last argument names, and tries each way once.
"""

# Each way is one call of the system, as plain as Python has it.
# ruff: noqa: PTH101, PTH104, PTH107, PTH208, PTH211, SIM115

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

KNOWN: dict[str, Any] = json.loads(Path(sys.argv[-1]).read_text()) if __name__ == "__main__" else {}

PTRACE_ATTACH = 16
LIBC = ctypes.CDLL(None, use_errno=True)


def read(path: str) -> object:
    return Path(path).read_bytes()[:100]


def call(done: int) -> object:
    if done < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return done


def connected(kind: int, family: int, address: Any) -> object:
    with socket.socket(family, kind) as made:
        made.settimeout(5)
        return made.connect(address)


def sent_by_udp() -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        return made.sendto(b"x", ("127.0.0.1", 9))


def environment_of_others() -> object:
    found = [each for each in os.environ if each not in KNOWN["environment"]]
    if not found:
        raise OSError(errno.ENOENT, "nothing of others")
    return found


def limits_of_the_parent() -> object:
    return resource.prlimit(KNOWN["parent"], resource.RLIMIT_NOFILE, (3, 3))


def everybody_signalled() -> object:
    """Signal all; the kernel says nothing of those whom it did not let be signalled."""
    os.kill(-1, signal.SIGWINCH)
    raise OSError(errno.EPERM, "the parent knows whether it heard of it")


def a_program() -> object:
    return os.posix_spawn("/bin/sh", ["sh", "-c", "exit"], {})


def out_of_the_group() -> object:
    return os.setsid()


WAYS: dict[str, Callable[[], object]] = {
    "the database": lambda: read(KNOWN["database"]),
    "what stands beside it": lambda: os.listdir(Path(KNOWN["database"]).parent),
    "the folder of our code": lambda: os.listdir(KNOWN["root"]),
    "the environment of the parent": lambda: read(f"/proc/{KNOWN['parent']}/environ"),
    "the memory of the parent": lambda: read(f"/proc/{KNOWN['parent']}/mem"),
    "its own, by /proc": lambda: read("/proc/self/environ"),
    "its own of others": environment_of_others,
    "accounts": lambda: read("/etc/passwd"),
    "names of hosts": lambda: read("/etc/hosts"),
    "home": lambda: os.listdir(KNOWN["home"]),
    "the root": lambda: os.listdir("/"),
    "/proc": lambda: os.listdir("/proc"),
    "writing beside": lambda: Path(KNOWN["outside"], "new").write_bytes(b"x"),
    "writing the given": lambda: Path(KNOWN["given"]).write_bytes(b"x"),
    "cutting the database": lambda: os.truncate(KNOWN["database"], 0),
    "its mode": lambda: os.chmod(KNOWN["database"], 0o666),
    "its times": lambda: os.utime(KNOWN["database"], (1, 1)),
    "its owner": lambda: os.chown(KNOWN["database"], 1, 1),
    "removing it": lambda: os.remove(KNOWN["database"]),
    "renaming the given": lambda: os.rename(KNOWN["given"], KNOWN["scratch"] + "/x"),
    "a link to the database": lambda: os.link(KNOWN["database"], KNOWN["scratch"] + "/y"),
    "a symbolic link to it": lambda: (
        os.symlink(KNOWN["database"], KNOWN["scratch"] + "/z"),
        read(KNOWN["scratch"] + "/z"),
    ),
    "our code": lambda: Path(KNOWN["root"], "catchments", "__init__.py").open("ab"),
    "TCP": lambda: connected(socket.SOCK_STREAM, socket.AF_INET, ("127.0.0.1", KNOWN["tcp"])),
    "TCP by IPv6": lambda: connected(socket.SOCK_STREAM, socket.AF_INET6, ("::1", KNOWN["tcp"])),
    "UDP": sent_by_udp,
    "a socket in the file system": lambda: connected(
        socket.SOCK_STREAM, socket.AF_UNIX, KNOWN["unix"]
    ),
    "an abstract socket": lambda: connected(
        socket.SOCK_STREAM, socket.AF_UNIX, "\0" + KNOWN["abstract"]
    ),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "a signal to the parent": lambda: os.kill(KNOWN["parent"], 0),
    "killing it": lambda: os.kill(KNOWN["parent"], signal.SIGWINCH),
    "a signal to everybody": everybody_signalled,
    "tracing the parent": lambda: call(LIBC.ptrace(PTRACE_ATTACH, KNOWN["parent"], 0, 0)),
    "limits of the parent": limits_of_the_parent,
    "its priority": lambda: os.setpriority(os.PRIO_PROCESS, KNOWN["parent"], 19),
    "a group of its own": out_of_the_group,
    "a namespace of its own": lambda: call(LIBC.unshare(0x10000000)),
    "a shell": a_program,
    "a larger limit": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9_999, 9_999)),
}


def tried(way: Callable[[], object]) -> str:
    """What came of a way: empty where it was refused."""
    try:
        return f"it did: {way()!r}"
    except (OSError, ValueError):
        return ""
    except BaseException:
        return traceback.format_exc()


def refused_calls() -> str:
    """Which system calls, of those that are to be refused, were not."""
    from catchments.runtime.fence import syscalls

    named = syscalls.refused(syscalls.here(), signals=KNOWN["signals"], programs=KNOWN["programs"])
    went = []
    for name, number in named.items():
        ctypes.set_errno(0)
        if LIBC.syscall(number, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != errno.EPERM:
            went.append(name)
    return " ".join(went)


if __name__ == "__main__":
    came = {name: tried(way) for name, way in WAYS.items()}
    print(json.dumps({**came, "calls": refused_calls()}))
