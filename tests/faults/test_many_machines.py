"""Two servers, one PostgreSQL: publish under load, kill a server, take the database away.

Whoever asks goes to the other server when one does not take a connection, as a reverse proxy does.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from catchments.core.model import Edition
from catchments.runtime.new_zealand import today_in_new_zealand
from scripts.postgresql import Cluster
from tests.conftest import fresh_postgresql
from tests.serving import Server, serving
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import fill, opened, publish_whole, small_edition

pytestmark = pytest.mark.postgresql

CLIENTS = 4
PAUSE_S = 0.02
"""Between two questions of a client: many questions, and time for whoever answers."""
SHUNNED_FOR = 50
"""Questions that a client asks elsewhere, once a server has failed it."""
ENOUGH = 20
"""Answers of an edition to clients before the next thing happens."""
SCHOOLS = (54, 55, 57, 58, 3553)
_EDITION = re.compile(r'"\d+-e(\d+)-d1-a(\d+)\.0\.1\.0-\d{8}"')


def numbered(number: int) -> Edition:
    """The small world with the edition's number in the name of every provider."""
    small = small_edition(effective_from=today_in_new_zealand())
    providers = {
        code: replace(provider, name=f"Provider in edition {number}")
        for code, provider in small.providers.items()
    }
    return replace(small, providers=providers)


def publish(url: str) -> int:
    with opened(url) as store:
        number = len(store.editions()) + 1
        assert publish_whole(store, numbered(number)) == number
    return number


def edition_of(server: Server) -> int:
    number: int = server.get("/v1/provider?school_id=54")[1]["edition"]["number"]
    return number


def database_of(server: Server) -> str:
    status, body = server.get("/readyz")
    assert status == 200, body
    said: str = body["database"]
    return said


# --- whoever asks ---------------------------------------------------------------------------------


@dataclass
class Tally:
    """What happened to the questions of one client."""

    answered: Counter[int] = field(default_factory=Counter)
    """By edition."""
    wrong: list[object] = field(default_factory=list)
    mixed: list[object] = field(default_factory=list)
    unanswered: list[object] = field(default_factory=list)
    """By neither server."""
    failed: list[tuple[set[str], int]] = field(default_factory=list)
    """Connections: in which phases of the story, and to which port."""


class Story:
    """What is happening to the servers, as clients see it."""

    phase = "both run"


class Asking(threading.Thread):
    """A client that asks the servers in turn and leaves one alone for a while when it fails."""

    def __init__(self, ports: list[int], story: Story, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.tally = Tally()
        self._story, self._enough = story, enough
        self._lines = {
            port: http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            for port in ports
        }
        self._shunned_until = dict.fromkeys(ports, 0)

    def run(self) -> None:
        for turn, school in enumerate(itertools.cycle(SCHOOLS)):
            if self._enough.wait(PAUSE_S):
                break
            self._ask(turn, f"/v1/provider?school_id={school}")
        for line in self._lines.values():
            line.close()

    def _ask(self, turn: int, path: str) -> None:
        ports = [*self._lines] if turn % 2 else [*reversed(self._lines)]
        for port in sorted(ports, key=lambda port: self._shunned_until[port] > turn):
            begun_in = self._story.phase
            try:
                self._check(*self._answer(port, path))
            except (OSError, http.client.HTTPException):
                self._lines[port].close()
                self._shunned_until[port] = turn + SHUNNED_FOR
                self.tally.failed.append(({begun_in, self._story.phase}, port))
            else:
                return
        self.tally.unanswered.append(path)

    def _answer(self, port: int, path: str) -> tuple[int, str, bytes]:
        self._lines[port].request("GET", path)
        response = self._lines[port].getresponse()
        return response.status, response.headers["ETag"] or "", response.read()

    def _check(self, status: int, etag: str, content: bytes) -> None:
        tag = _EDITION.fullmatch(etag)
        if status != 200 or tag is None:
            self.tally.wrong.append((status, etag, content[:200]))
            return
        body = json.loads(content)
        number = body["edition"]["number"]
        name = body["provider"]["name"]
        if (name, *tag.groups()) != (f"Provider in edition {number}", str(number), str(number)):
            self.tally.mixed.append((etag, number, name))
        self.tally.answered[number] += 1


@contextmanager
def load(servers: tuple[Server, ...], story: Story) -> Iterator[list[Asking]]:
    """Ask both servers without pause."""
    ports, enough = [server.port for server in servers], threading.Event()
    clients = [Asking(ports, story, enough) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        enough.set()
        for client in clients:
            client.join(PATIENCE_S)


def served(servers: tuple[Server, ...], clients: list[Asking], edition: int) -> None:
    """Wait until servers serve an edition, and clients have been answered from it."""
    every = f"edition {edition} is served by all"
    wait_until(lambda: all(edition_of(server) == edition for server in servers), every)
    wait_until(
        lambda: sum(client.tally.answered[edition] for client in clients) > ENOUGH,
        f"clients are answered from edition {edition}",
        seen=lambda: [client.tally for client in clients],
    )


# --- the story ------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_two_servers_serve_what_is_published_and_one_goes_on_without_the_other(
    postgresql_cluster: str, migrated_postgresql: str
) -> None:
    with fresh_postgresql(postgresql_cluster, like=migrated_postgresql) as url:
        fill(url, numbered(1))
        with serving(url) as first, serving(url) as second:
            both = first, second
            assert [*map(edition_of, both)] == [1, 1]
            assert publish(url) == 2
            wait_until(lambda: [*map(edition_of, both)] == [2, 2], "both serve edition 2")
            first.kill()
            assert publish(url) == 3
            wait_until(lambda: edition_of(second) == 3, "the other serves edition 3")
            first.start_again()
            assert edition_of(first) == 3


@pytest.mark.thorough
def test_two_servers_answer_through_publications_a_killed_server_and_a_database_that_is_away(
    cluster: Cluster,
) -> None:
    url, story = cluster.create("many"), Story()
    fill(url, numbered(1))
    with (
        serving(url, anew=True) as first,
        serving(url, anew=True) as second,
        load((first, second), story) as clients,
    ):
        both = first, second
        served(both, clients, 1)
        for _ in range(3):
            served(both, clients, publish(url))
        publish(url)
        served(both, clients, publish(url))
        a_server_is_killed_and_comes_back(url, first, second, clients, story)
        the_database_goes_and_comes_back(cluster, both)
        served(both, clients, publish(url))
        wait_until(lambda: [*map(database_of, both)] == ["ok", "ok"], "the database is there")
    tallies = [client.tally for client in clients]
    answered = sum((tally.answered for tally in tallies), Counter())
    failed = [failure for tally in tallies for failure in tally.failed]
    assert [tally.wrong for tally in tallies] == [[]] * CLIENTS
    assert [tally.mixed for tally in tallies] == [[]] * CLIENTS
    assert [tally.unanswered for tally in tallies] == [[]] * CLIENTS
    assert {port for _, port in failed} == {first.port}
    assert all("one is killed" in phases for phases, _ in failed)
    assert set(answered) - {5} == {1, 2, 3, 4, 6, 7, 8}


def a_server_is_killed_and_comes_back(
    url: str, victim: Server, other: Server, clients: list[Asking], story: Story
) -> None:
    story.phase = "one is killed"
    victim.kill()
    # So that no line to it that broke is noticed later.
    wait_until(lambda: all(client.tally.failed for client in clients), "every client felt it")
    served((other,), clients, publish(url))
    victim.start_again()
    assert edition_of(victim) == edition_of(other) == 7
    story.phase = "both run again"


def the_database_goes_and_comes_back(cluster: Cluster, servers: tuple[Server, ...]) -> None:
    cluster.stop()
    said = [*map(database_of, servers)]
    assert all(text.startswith("away; last seen 20") for text in said), said
    for server in servers:
        server.wait_until(
            lambda server=server: server.said("the database is away") > 1,
            "it has missed its database twice",
        )
    assert [*map(edition_of, servers)] == [7, 7]
    cluster.start()
