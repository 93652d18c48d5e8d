"""Connections of this process: known by what was written to them, ended where nobody takes."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from catchments.runtime.connections import (
    FILES,
    SlowReaders,
    end_of,
    own_connections,
    same_written,
    written_to,
)
from tests.waiting import Clock, wait_until

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The two ends of a connection, the server's first, whose client hardly takes anything."""
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        client = stack.enter_context(closing(socket.socket()))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(listening.getsockname())
        server = stack.enter_context(closing(listening.accept()[0]))
        yield server, client


def number(of: socket.socket) -> int:
    return os.fstat(of.fileno()).st_ino


def filled(server: socket.socket) -> None:
    """Send until no more goes."""
    server.setblocking(False)
    try:
        while True:
            server.send(b"x" * 65_536)
    except BlockingIOError:
        return


def test_looking_leaves_no_file_open(pair: Pair) -> None:
    before = len([*FILES.iterdir()])
    assert {number(each) for each in pair} <= {each.number for each in own_connections()}
    assert len([*FILES.iterdir()]) == before


def test_looking_lets_go_of_no_lock_on_a_database(tmp_path: Path) -> None:
    own = sqlite3.connect(tmp_path / "own.sqlite", isolation_level=None)
    with closing(own):
        own.execute("BEGIN EXCLUSIVE")
        list(own_connections())
        code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], 0).execute('BEGIN IMMEDIATE')"
        command = [sys.executable, "-c", code, str(tmp_path / "own.sqlite")]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "database is locked" in told.stderr


def test_what_was_written_to_a_connection_is_known_whether_it_was_taken_or_not(pair: Pair) -> None:
    server, client = pair
    before = written_to("127.0.0.1")[number(server)]
    server.sendall(b"some words")
    assert client.recv(100)
    assert written_to("127.0.0.1")[number(server)] == before + 10
    server.sendall(b"x" * 20_000)  # more than the client takes
    assert written_to("127.0.0.1")[number(server)] == before + 20_010
    assert number(server) not in written_to("127.0.0.2")
    assert end_of([number(server)]) == 1
    assert b"".join(iter(lambda: client.recv(4_096), b"")) == b"x" * 20_000


def test_who_takes_nothing_is_ended_and_who_takes_enough_is_not(pair: Pair) -> None:
    server, client = pair
    clock: Clock[float] = Clock(0.0)
    slow = SlowReaders(within_s=20, least_a_s=100, clock=clock)
    filled(server)
    assert slow.end_them() == 0
    clock.now = 19
    assert slow.end_them() == 0
    taken = 0
    while taken < 20_000:
        taken += len(client.recv(4_096))
    clock.now = 21
    wait_until(lambda: slow.end_them() == 0, "what was taken is counted")
    clock.now = 42
    assert slow.end_them() == 1
    server.close()
    with pytest.raises(ConnectionResetError):
        b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_is_written_in_one_way(address: str, written: str) -> None:
    assert same_written(address) == written
