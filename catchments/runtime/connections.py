"""TCP connections of this process, and the end of those whose other side keeps them for nothing.

Read from the kernel alone, by the files that the process has open (Linux; elsewhere there are
none). Whoever serves sees a connection that is ended here as one that its client has closed.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from fcntl import ioctl
from functools import lru_cache
from pathlib import Path
from stat import S_ISSOCK

from catchments.core.public_addresses import read_address

FILES = Path("/proc/self/fd")
_FAMILIES = {socket.AF_INET, socket.AF_INET6}
_INFO_BYTES = 136
_ESTABLISHED = 1
_ACKED_AT = 120
"""Where it stands in the kernel's `struct tcp_info` (linux/tcp.h), which only grows at its end."""
_SIOCOUTQ = 0x5411
"""How many bytes the other side has not taken yet (linux/sockios.h); the same as TIOCOUTQ."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as it stands at a moment; good as long as `own_connections` is at it."""

    socket: socket.socket
    number: int
    """The kernel's, of the socket: no other has it while this one is there."""
    peer: str
    acked: int
    """Bytes that the other side has taken since it was made."""

    def waiting(self) -> int:
        """Return how many bytes were sent and not taken yet."""
        held = ioctl(self.socket.fileno(), _SIOCOUTQ, b"\0\0\0\0")
        (waiting,) = struct.unpack("i", held)
        return int(waiting)

    def written(self) -> int:
        """Return how many bytes were ever handed over to be sent, taken or not. Raises OSError."""
        return self.acked + self.waiting()

    def end(self) -> None:
        """End it both ways."""
        with suppress(OSError):  # its other side was faster
            self.socket.shutdown(socket.SHUT_RDWR)

    def break_off(self) -> None:
        """End it and throw away what the other side has not taken."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()


def own_connections() -> Iterator[Connection]:
    """Yield the connections of this process that stand, each open until the next is asked for."""
    try:
        names = [path.name for path in FILES.iterdir()]
    except OSError:
        return
    for name in names:
        copy = _copied(int(name))
        if copy is None:
            continue
        with closing(copy):
            found = _standing(copy)
            if found:
                yield found


def _copied(number: int) -> socket.socket | None:
    """Return a socket that this process has open, once more, or None for what is no socket.

    Nothing else is copied, since a copy has to be closed: with any copy of a file that is closed
    the kernel lets go of all locks that this process has on the file, and a database of SQLite
    whose locks are gone is written by two at once (sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        if not S_ISSOCK(os.fstat(number).st_mode):
            return None
        copy = os.dup(number)
    except OSError:
        return None  # closed meanwhile
    try:
        return socket.socket(fileno=copy)
    except OSError:
        return None  # a file has its number now: its copy stays open, for the same reason


def _standing(copy: socket.socket) -> Connection | None:
    """Return what is known of a socket, or None where it is no connection that stands."""
    if copy.family not in _FAMILIES or copy.type != socket.SOCK_STREAM:
        return None
    try:
        peer = copy.getpeername()[0]
        told = copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    except OSError:
        return None  # it listens, or has just ended
    if len(told) < _INFO_BYTES or told[0] != _ESTABLISHED:
        return None
    (acked,) = struct.unpack_from("Q", told, _ACKED_AT)
    number = os.fstat(copy.fileno()).st_ino
    return Connection(copy, number, same_written(peer), acked)


@lru_cache(maxsize=10_000)
def same_written(address: str) -> str:
    """Return an address as it is written everywhere, whether it came by IPv4 or as mapped IPv6."""
    found = read_address(address)
    return address if found is None else str(found)


def written_to(peer: str) -> dict[int, int]:
    """Return what was handed over to be sent to an address, in bytes by a connection's number."""
    written = {}
    for each in own_connections():
        with suppress(OSError):  # it has just ended
            if each.peer == peer:
                written[each.number] = each.written()
    return written


def end_of(numbers: Collection[int]) -> int:
    """End the connections of these numbers; return how many."""
    ended = 0
    for each in own_connections():
        if each.number in numbers:
            each.end()
            ended += 1
    return ended


class SlowReaders:
    """Clients that leave what they asked for: at less than a speed for some time, they are ended.

    What a client does not take waits in memory, and with some answers a thread waits too.
    """

    def __init__(
        self, *, within_s: float, least_a_s: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._within_s, self._least = within_s, least_a_s * within_s
        self._clock = clock
        self._seen: dict[int, tuple[float, int]] = {}
        """Since when a connection has had something waiting, and what had been taken then."""

    def end_them(self) -> int:
        """Look at all connections once; return how many were ended."""
        at, still, ended = self._clock(), dict[int, tuple[float, int]](), 0
        for each in own_connections():
            try:
                waiting = each.waiting()
            except OSError:
                continue
            if not waiting:
                continue
            since, acked = self._seen.get(each.number, (at, each.acked))
            if at - since >= self._within_s:
                if each.acked - acked < self._least:
                    each.break_off()
                    ended += 1
                    continue
                since, acked = at, each.acked
            still[each.number] = since, acked
        self._seen = still
        return ended
