"""Many requests leave nothing behind: what is kept is bounded, whatever is asked."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from catchments.core.settings import Settings
from catchments.web.application import web_app
from catchments.web.common.services import EXTENSION
from catchments.web.front import response_cache
from catchments.web.front.metrics import MEASURED
from tests.worlds import fill, sqlite_url, store_of

QUICK, SLOW = 20_000, 100
BLOCKS_LEFT_AT_MOST = QUICK / 10
"""Python's blocks of memory; whatever is kept of each request is one at least."""
BLOCKS_LEFT_OF_A_TEXT = 40
"""What was typed is kept, folded and in words, up to some thousand texts."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    url = sqlite_url(tmp_path / "memory.sqlite")
    fill(url)
    made = web_app(Settings(database_url=url, rate_limit=0))
    yield made
    store_of(made).close()


def ask(app: Flask, path: str, query: str = "") -> None:
    """One request through all that a server asks, closed as a server closes it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
    }
    body = app.wsgi_app(environ, lambda *_: None)  # type: ignore[arg-type,return-value]
    b"".join(body)
    getattr(body, "close", lambda: None)()


def ask_quick_things(app: Flask, chance: random.Random, count: int) -> None:
    for _ in range(count // 2):
        ask(app, "/provider", f"school_id={chance.choice((54, 55, 56, 498, 3553))}")
        lat, lng = chance.uniform(-47, -34), chance.uniform(166, 179)
        ask(app, "/v1/provider", f"lat={lat:.6f}&lng={lng:.6f}")


def ask_hostile_things(app: Flask, chance: random.Random, count: int) -> None:
    for _ in range(count):
        text = f"%7B%7B7*191%7D%7D{chance.getrandbits(64):x}"
        ask(app, "/suggest", f"q={text}")
        ask(app, f"/{text}")
        ask(app, "/provider", f"school_id={chance.getrandbits(29)}")
        ask(app, "/v1/provider", f"{text}={text}")


def held(app: Flask) -> int:
    app.extensions[MEASURED].publish()
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.thorough
def test_twenty_thousand_requests_leave_nothing_behind(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    monkeypatch.setattr(app, "logger", _Quiet())
    ask_quick_things(app, chance, 200)
    ask_hostile_things(app, chance, 50)  # fills what is filled once
    before = held(app)
    ask_quick_things(app, chance, QUICK)
    after_quick = held(app)
    ask_hostile_things(app, chance, SLOW)
    after = held(app)
    assert after_quick - before < BLOCKS_LEFT_AT_MOST
    assert after - after_quick < BLOCKS_LEFT_OF_A_TEXT * SLOW
    assert not app.extensions[MEASURED]._running


def test_answers_are_kept_up_to_a_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "KEPT_AT_MOST", 6)
    for school_id in (54, 55, 56, 498, 3553) * 2:
        for path in ("/provider", "/v1/provider"):
            ask(app, path, f"school_id={school_id}")
            ask(app, path, f"school_id=00{school_id}")
    world = app.extensions[EXTENSION].snapshots.current()
    assert len(world.memo) <= 6 + 4  # beside answers, what a world knows of itself


class _Quiet:
    """Takes log lines and keeps none: pytest keeps all of them."""

    def warning(self, *_: Any) -> None: ...
    def exception(self, *_: Any) -> None: ...
