"""Behind reverse proxies: whose request it is, and how it came, is taken from them alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.web.application import web_app
from tests.worlds import sqlite_url, store_of

PROXY = {"REMOTE_ADDR": "10.0.0.2"}


def told(folder: Path, proxies: int, headers: dict[str, str]) -> Any:
    """What a view is told of a request that comes from 10.0.0.2 with headers."""
    app: Flask = web_app(
        Settings(database_url=sqlite_url(folder / "none.sqlite"), trusted_proxies=proxies)
    )

    @app.get("/told")
    def _told() -> dict[str, Any]:
        return {"who": request.remote_addr, "root": request.url_root}

    answer = app.test_client().get(
        "/told", headers=headers, environ_overrides=PROXY, base_url="http://finder.example"
    )
    store_of(app).close()
    return answer.get_json()["who"], answer.get_json()["root"]


TWICE = {"X-Forwarded-For": "198.51.100.9, 203.0.113.5", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("proxies", "headers", "expected"),
    [
        (0, TWICE, ("10.0.0.2", "http://finder.example/")),
        (1, TWICE, ("203.0.113.5", "https://finder.example/")),
        (2, TWICE, ("198.51.100.9", "https://finder.example/")),
        (1, {}, ("10.0.0.2", "http://finder.example/")),
        (
            1,
            {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"},
            ("10.0.0.2", "http://finder.example/"),
        ),
    ],
)
def test_as_many_proxies_are_believed_as_are_said_to_be_there(
    proxies: int, headers: dict[str, str], expected: tuple[str, str], tmp_path: Path
) -> None:
    assert told(tmp_path, proxies, headers) == expected


def test_how_many_proxies_there_are_is_a_setting() -> None:
    assert Settings.from_environment({}).trusted_proxies == 0
    said = {"CATCHMENTS_TRUSTED_PROXIES": "2"}
    assert Settings.from_environment(said).trusted_proxies == 2
    with pytest.raises(InputRefused, match="CATCHMENTS_TRUSTED_PROXIES is “all”"):
        Settings.from_environment({"CATCHMENTS_TRUSTED_PROXIES": "all"})


def test_each_client_behind_a_proxy_has_its_own_limit(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "none.sqlite")
    app = web_app(Settings(database_url=url, trusted_proxies=1, rate_limit=1))
    client = app.test_client()

    def asked(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.get("/provider?school_id=54", headers=headers).status_code

    statuses = [asked(a) for a in ("203.0.113.5", "203.0.113.5", "203.0.113.6")]
    store_of(app).close()
    assert statuses == [503, 429, 503]
