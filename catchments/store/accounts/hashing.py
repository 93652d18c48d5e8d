"""Hashing of passwords: two at a time in a process, and who is next where more are asked for.

A hash takes 64 MiB and every core for a while. Whoever asks waits a few seconds at most; strangers
wait for one slot, and those whose browser signed in before, or who are signed in, for another: no
flood of strangers keeps them waiting. Among strangers the networks with the fewest failures come
first, and of one network one after the other, so that eight connections of one do not stand in
front of everybody else's one.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from catchments.core.errors import CatchmentsError

LONGEST_PASSWORD = 1_000
WAITING_AT_MOST = 24
"""Each holds a thread; a worker has 128."""
PATIENCE_S = 8.0

HASHER = PasswordHasher()


class TooBusy(CatchmentsError):
    """More passwords are being checked at once than there is memory and time for."""


@dataclass(slots=True)
class _Ticket:
    rank: tuple[int, int, int]
    network: str
    called: threading.Event = field(default_factory=threading.Event)
    is_granted: bool = False


class Lane:
    """One slot, and the line before it."""

    def __init__(self, waiting_at_most: int = WAITING_AT_MOST) -> None:
        self._waiting_at_most = waiting_at_most
        self._lock = threading.Lock()
        self._line: list[_Ticket] = []
        self._busy = False
        self._served = 0

    @contextmanager
    def slot(self, network: str = "", failures: int = 0) -> Iterator[None]:
        """Hold the slot for the block, for somebody of a network that failed so often of late.

        Raises TooBusy where the line is full of people who come before, or after some seconds.
        """
        ticket = self._lined_up(network, failures)
        if ticket is not None:
            ticket.called.wait(PATIENCE_S)
            self._refuse_unless_granted(ticket)
        try:
            yield
        finally:
            self._call_next()

    def _lined_up(self, network: str, failures: int) -> _Ticket | None:
        """Return a place in the line, or None where the slot is free."""
        with self._lock:
            if not self._busy:
                self._busy = True
                return None
            self._served += 1
            ahead = sum(other.network == network for other in self._line)
            ticket = _Ticket((failures + ahead, ahead, self._served), network)
            self._line.append(ticket)
            if len(self._line) > self._waiting_at_most:
                last = max(self._line, key=lambda each: each.rank)
                self._line.remove(last)
                last.called.set()
            return ticket

    def _refuse_unless_granted(self, ticket: _Ticket) -> None:
        with self._lock:
            if ticket.is_granted:
                return
            if ticket in self._line:
                self._line.remove(ticket)
        raise TooBusy("Too many people are signing in just now.", next_step="Try again shortly.")

    def _call_next(self) -> None:
        with self._lock:
            if not self._line:
                self._busy = False
                return
            first = min(self._line, key=lambda each: each.rank)
            self._line.remove(first)
            first.is_granted = True
            first.called.set()


STRANGERS, KNOWN = Lane(), Lane()
"""Whoever asks from anywhere; and who is signed in, or in a browser that signed in before."""


def hash_of(password: str) -> str:
    """Return the hash that is kept of a password that was checked. Raises TooBusy."""
    with KNOWN.slot():
        return HASHER.hash(password)


def normal(password: str) -> str:
    """Return a password as it is hashed, however its letters are composed."""
    return unicodedata.normalize("NFKC", password[: LONGEST_PASSWORD + 1])


def is_same(one: str, other: str) -> bool:
    """Whether two passwords are one, however their letters are composed."""
    return normal(one) == normal(other)


def fits(password_hash: str, password: str) -> bool:
    """Whether a password fits; takes as long for a hash that is not there. Within a slot."""
    try:
        HASHER.verify(password_hash or _nobodys_hash(), normal(password))
    except (Argon2Error, InvalidHashError):
        return False
    return bool(password_hash) and len(password) <= LONGEST_PASSWORD


@cache
def _nobodys_hash() -> str:
    return HASHER.hash(secrets.token_hex())
