"""How often a client may ask: what it is told of it, and what a key changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.settings import Settings
from catchments.store import Store
from catchments.store.keys import PREFIX, Keys
from catchments.web.front.rate_limits import LIMITS, WINDOW_S, KeyRing, Windows
from tests.waiting import Clock
from tests.worlds import opened, store_of, visited

ASKED = "/v1/provider?school_id=54"
QUOTA = 3
HERE = {"REMOTE_ADDR": "192.0.2.1"}


@pytest.fixture
def clock() -> Clock[float]:
    return Clock(1_000_000.0)


@pytest.fixture
def app(tmp_path: Path, clock: Clock[float]) -> Iterator[Flask]:
    with visited(tmp_path) as client:
        limited = client.application.extensions[LIMITS]
        limited.quota, limited.windows = QUOTA, Windows(clock)
        yield client.application


@pytest.fixture
def keys(app: Flask) -> Keys:
    return Keys(store_of(app))


def test_every_answer_says_how_many_requests_are_left(client: FlaskClient) -> None:
    left = [client.get(ASKED, environ_base=HERE).headers["RateLimit"] for _ in range(QUOTA)]
    assert left == [f'"address";r={r};t=20' for r in (2, 1, 0)]
    policy = client.get(ASKED, environ_base={"REMOTE_ADDR": "192.0.2.9"}).headers
    assert policy["RateLimit-Policy"] == f'"address";q={QUOTA};w={WINDOW_S}'


def test_one_request_too_many_is_refused_until_the_window_ends(
    client: FlaskClient, clock: Clock[float]
) -> None:
    for _ in range(QUOTA):
        assert client.get(ASKED, environ_base=HERE).status_code == 200
    refused = client.get(ASKED, environ_base=HERE)
    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["Retry-After"] == "20"
    assert refused.headers["RateLimit"] == '"address";r=0;t=20'
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert refused.json is not None
    assert "Ask again in 20 seconds" in refused.json["next_step"]
    clock.now += 20
    assert client.get(ASKED, environ_base=HERE).status_code == 200


def test_a_person_who_asks_too_often_is_told_on_a_page(client: FlaskClient) -> None:
    for _ in range(QUOTA):
        client.get("/catchments", environ_base=HERE)
    page = client.get("/catchments", environ_base=HERE, headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "<h1" in page.text


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "not an address", True),
    ],
)
def test_clients_are_told_apart_by_their_network(
    client: FlaskClient, one: str, other: str, together: bool
) -> None:
    for _ in range(QUOTA):
        client.get(ASKED, environ_base={"REMOTE_ADDR": one})
    status = client.get(ASKED, environ_base={"REMOTE_ADDR": other}).status_code
    assert status == (429 if together else 200)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/style.css"])
def test_what_watches_the_service_is_not_counted(client: FlaskClient, path: str) -> None:
    answers = [client.get(path, environ_base=HERE) for _ in range(QUOTA + 2)]
    assert {answer.status_code for answer in answers} & {429} == set()
    assert "RateLimit" not in answers[-1].headers


def test_a_key_has_a_limit_of_its_own(client: FlaskClient, keys: Keys) -> None:
    key = keys.issue("Case management", requests_a_minute=5)
    for _ in range(QUOTA + 1):
        client.get(ASKED, environ_base=HERE)
    answers = [client.get(ASKED, environ_base=HERE, headers={"X-API-Key": key}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit"] == '"key";r=4;t=20'


@pytest.mark.parametrize("key", ["", "nzc_made-up", "{{7*191}}", "x" * 4_000, "mācron"])
def test_a_key_that_is_not_known_is_refused_not_ignored(client: FlaskClient, key: str) -> None:
    answer = client.get(ASKED, environ_base={**HERE, "HTTP_X_API_KEY": key})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "WWW-Authenticate" in answer.headers


def test_a_revoked_key_is_refused_within_seconds(keys: Keys) -> None:
    key, clock = keys.issue("Gone", requests_a_minute=5), Clock(1_000_000.0)
    ring = KeyRing(keys, clock)
    assert ring.allowance(key)
    keys.revoke(1)
    clock.now += 6
    assert ring.allowance(key) is None


def test_known_keys_go_on_while_the_database_is_away(tmp_path: Path) -> None:
    path, clock = tmp_path / "away.sqlite", Clock(1_000_000.0)
    with opened(path) as store:
        key = Keys(store).issue("Steady", requests_a_minute=5)
        ring = KeyRing(Keys(store), clock)
        assert ring.allowance(key)
        path.unlink()
        clock.now += 60
        assert ring.allowance(key)


def test_a_key_is_kept_as_a_digest_alone_and_the_trail_says_who_has_one(
    database_url: str,
) -> None:
    with opened(database_url) as store:
        key = Keys(store).issue("Student management", requests_a_minute=60)
        [kept] = Keys(store).all()
        assert key.startswith(PREFIX)
        assert key not in repr(kept)
        assert key.startswith(kept.prefix)
        Keys(store).revoke(kept.id)
        assert Keys(store).all()[0].revoked_at is not None
        assert actions(store) == ["key.revoke", "key.issue"]


def actions(store: Store) -> list[str]:
    from catchments.store.integrity.audit import AuditTrail

    return [entry.action for entry in AuditTrail(store).entries(at_most=10)]


@pytest.mark.parametrize(
    ("name", "quota"), [("", 5), ("   ", 5), ("x" * 201, 5), ("x", 0), ("x", -1), ("x", 10**9)]
)
def test_a_key_without_a_name_or_a_limit_is_refused(keys: Keys, name: str, quota: int) -> None:
    with pytest.raises(InputRefused):
        keys.issue(name, requests_a_minute=quota)
    assert keys.all() == []


def test_a_key_that_is_not_there_cannot_be_revoked(keys: Keys) -> None:
    with pytest.raises(NotKnown, match="no key 7"):
        keys.revoke(7)


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "1" * 10])
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="CATCHMENTS_RATE_LIMIT"):
        Settings.from_environment({"CATCHMENTS_RATE_LIMIT": text})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 100)), max_size=50))
def test_a_count_is_of_the_requests_in_the_same_window(asked: list[tuple[str, float]]) -> None:
    clock = Clock(0.0)
    windows, seen = Windows(clock), []
    for who, waited_s in asked:
        clock.now += waited_s
        seen.append((who, clock.now // WINDOW_S))
        counted, left_s = windows.count(who)
        assert counted == seen.count(seen[-1])
        assert 0 < left_s <= WINDOW_S


# --- what was not found, and what took long -------------------------------------------------------


def test_who_keeps_asking_for_what_there_is_not_is_refused_until_the_window_ends(
    app: Flask, client: FlaskClient, clock: Clock[float]
) -> None:
    limited = app.extensions[LIMITS]
    limited.quota, limited.misses_at_most, limited.misses = 1_000, 5, Windows(clock)
    missed = [client.get(f"/school/9999{n}", environ_base=HERE).status_code for n in range(6)]
    assert missed == [404] * 5 + [429]
    refused = client.get(ASKED, environ_base=HERE)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "20"
    assert "5 of them a minute" in refused.json["allowed"]
    assert client.get(ASKED, environ_base={"REMOTE_ADDR": "192.0.2.77"}).status_code == 200
    assert client.get("/healthz", environ_base=HERE).status_code == 200
    clock.now += 20
    assert client.get(ASKED, environ_base=HERE).status_code == 200


def test_wrong_keys_are_counted_by_address_and_a_right_one_is_not_refused_for_them(
    app: Flask, client: FlaskClient, keys: Keys, clock: Clock[float]
) -> None:
    limited = app.extensions[LIMITS]
    limited.quota, limited.misses_at_most, limited.misses = 1_000, 3, Windows(clock)
    right = keys.issue("A case system", requests_a_minute=50)
    wrong = [
        client.get(ASKED, headers={"X-API-Key": f"guess{n}"}, environ_base=HERE).status_code
        for n in range(5)
    ]
    assert wrong == [401] * 3 + [429] * 2
    assert client.get(ASKED, environ_base=HERE).status_code == 429
    told = client.get(ASKED, headers={"X-API-Key": right}, environ_base=HERE)
    assert told.status_code == 200


def test_whose_questions_took_their_share_asks_in_bulk_no_more_and_then_not_at_all(
    app: Flask, client: FlaskClient, clock: Clock[float]
) -> None:
    limited = app.extensions[LIMITS]
    limited.quota, limited.work_at_most_s, limited.work = 1_000, 20, Windows(clock)

    def asked() -> tuple[int, int]:
        many = client.post(
            "/v1/providers:resolve", json={"school_ids": [54]}, environ_base=HERE, buffered=True
        )
        return many.status_code, client.get(ASKED, environ_base=HERE).status_code

    assert asked() == (200, 200)
    assert 0 < limited.work.of(HERE["REMOTE_ADDR"])[0] < 20
    limited.work.add(HERE["REMOTE_ADDR"], 20)
    assert asked() == (429, 200)
    limited.work.add(HERE["REMOTE_ADDR"], 20)
    assert asked() == (429, 429)
    clock.now += 20
    assert asked() == (200, 200)
