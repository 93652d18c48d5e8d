"""What the server is begun with, and what is said where others may reach it."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest

from catchments.commands import setup
from catchments.web.front.room import AT_ONCE


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that a server would have been begun with."""
    words: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: words.extend(command))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.chdir(Path.cwd())
    return words


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("localhost", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.0.2.7", True),
        ("finder.example", True),
    ],
)
def test_what_only_a_proxy_can_give_is_said_where_others_may_reach_it(
    host: str, said: bool, begun: list[str], capsys: Any
) -> None:
    setup._serve(host, 8000, 2)
    told = capsys.readouterr().out
    assert (setup.BEHIND_NOTHING.split(".")[0] in told.replace("\n", " ")) is said
    assert f"--host={host}" in begun


def test_it_speaks_http_1_alone_and_takes_more_connections_than_it_works_on(
    begun: list[str],
) -> None:
    setup._serve("127.0.0.1", 8000, 2)
    options = dict(word.lstrip("-").split("=", 1) for word in begun if "=" in word)
    assert options["http"] == "1"
    assert "--no-ws" in begun
    assert int(options["blocking-threads"]) == AT_ONCE
    assert int(options["backpressure"]) > AT_ONCE
    assert "--respawn-failed-workers" in begun


@pytest.mark.parametrize(
    ("limits", "connections", "set_to"),
    [
        ((1_024, 1_048_576), setup.CONNECTIONS, 2_560),
        ((1_048_576, 1_048_576), setup.CONNECTIONS, None),
        ((1_024, 1_024), 512, None),
        ((256, 256), AT_ONCE, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), setup.CONNECTIONS, None),
    ],
    ids=["soft", "enough", "few", "hardly any", "endless"],
)
def test_connections_leave_files_for_all_else(
    limits: tuple[int, int], connections: int, set_to: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, to: given.append(to))
    assert setup._connections() == connections
    assert given == ([(set_to, limits[1])] if set_to else [])
