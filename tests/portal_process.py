"""The portal as a real process, over a made-up world, beside a lookup that is made up too."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from catchments.requests.following import follow
from catchments.requests.lookup import Lookup
from catchments.requests.settings import RequestsSettings
from catchments.requests.store.database import RequestsDatabase
from catchments.requests.store.handovers import Handovers
from tests.requests.desk import SCHOOLS, Desk
from tests.requests.portal import filled
from tests.serving import Quiet, Server, in_a_thread, running
from tests.staff import PASSWORD
from tests.waiting import PATIENCE_S, free_port
from tests.worlds import DATA_KEY

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_BEGUN = date(2026, 1, 5)


class HttpLookup:
    """A lookup at an address: of each edition its day, and who serves which school. It can be away.

    It answers what the portal asks by the public contract, and no more.
    """

    def __init__(self, serves: dict[int, str]) -> None:
        self.editions = [(_BEGUN, dict(serves))]
        self.is_away = False
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, day: date, serves: dict[int, str]) -> int:
        self.editions = [*self.editions, (day, dict(serves))]
        return len(self.editions)

    def in_force(self, on: date) -> tuple[int, dict[int, str]]:
        found = [(day, n, serves) for n, (day, serves) in enumerate(self.editions, 1) if day <= on]
        _, number, serves = max(found, key=lambda each: each[:2])
        return number, serves

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        where = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path == "/v1/editions":
            return {"items": self._feed(), "next": None}
        on = date.fromisoformat(asked["on"])
        if where.path == "/v1/provider":
            return self._said(int(asked["school_id"]), on)
        answers = [{"status": "found", **self._said(n, on)} for n in body["school_ids"]]
        return {"edition": {"number": self.in_force(on)[0]}, "demonstration": True} | {
            "answers": answers
        }

    def _feed(self) -> list[dict[str, Any]]:
        about = {"withdrawn_at": None, "demonstration": True}
        return [
            {"number": number, "effective_from": day.isoformat(), **about}
            for number, (day, _) in enumerate(self.editions, 1)
        ]

    def _said(self, school: int, on: date) -> dict[str, Any]:
        number, serves = self.in_force(on)
        code = serves.get(school, "")
        return {
            "school": {"school_id": school, "name": SCHOOLS[school], "status": "open"},
            "catchment": {"code": f"C-{school}", "name": f"Catchment {school}"},
            "provider": {"code": code, "name": f"Made-up {code}"} if code else None,
            "edition": {"number": number},
            "demonstration": True,
        }


@contextmanager
def answering(lookup: HttpLookup) -> Iterator[HttpLookup]:
    """A made-up lookup answers at its address."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            content = b"" if lookup.is_away else json.dumps(lookup.answer(self.path, body)).encode()
            self.send_response(503 if lookup.is_away else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with in_a_thread(ThreadingHTTPServer(("127.0.0.1", lookup.port), Handler)):
        yield lookup


def settings_of(database_url: str, lookup_url: str) -> dict[str, str]:
    """The environment of a process of the portal."""
    return {
        "CATCHMENTS_REQUESTS_DATABASE_URL": database_url,
        "CATCHMENTS_REQUESTS_DATA_KEY": DATA_KEY,
        "CATCHMENTS_REQUESTS_SECOND_FACTOR": "none",
        "CATCHMENTS_REQUESTS_INSECURE_COOKIES": "1",
        "CATCHMENTS_REQUESTS_LOOKUP_URL": lookup_url,
    }


@contextmanager
def portal_serving(database_url: str, lookup_url: str, **settings: str) -> Iterator[Server]:
    """The portal, running, as `flask requests serve` starts it."""
    own = settings_of(database_url, lookup_url) | settings
    with running(Server("flask", "requests", "serve", **own)) as server:
        yield server


FOLLOWING = "tests.portal_process"
"""The module that follows the lookup once, as the portal does beside answering."""


def main() -> None:
    """Follow the lookup once."""
    settings = RequestsSettings.from_environment()
    database = RequestsDatabase.of(settings.accounts)
    print(follow(Handovers(database), Lookup(settings.lookup_url)))


class Person:
    """Somebody with a browser at the portal, who may be left without an answer."""

    def __init__(self, server: Server, login: str) -> None:
        self._server, self._session, self._token = server, requests.Session(), ""
        self._session.trust_env = False
        self._session.headers["Accept"] = "text/html"
        self.login = login

    def sign_in(self) -> None:
        self.page("/requests/sign-in")
        answer = self.send("/requests/sign-in", login=self.login, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        self.page("/requests")

    def page(self, path: str) -> requests.Response:
        """Load a page, and have the token of its forms. Raises RequestException."""
        answer = self._session.get(f"{self._server.url}{path}", timeout=PATIENCE_S)
        if found := _TOKEN.search(answer.text):
            self._token = found[1]
        return answer

    def send(self, path: str, **fields: Any) -> requests.Response:
        """Send a form. Raises RequestException where no answer comes."""
        return self._session.post(
            f"{self._server.url}{path}",
            data={"csrf_token": self._token, **fields},
            timeout=PATIENCE_S,
            allow_redirects=False,
        )

    def asked_for_support(self, desk: Desk, once: str = "", **changes: str) -> str:
        """Write a request for school 54 and send it; return its reference.

        Given the same `once` it is the same request. Raises RequestException and NotSent.
        """
        about = {"school": "54", "do": "check", "primary_contact": str(desk.people["pita"].id)}
        once = once or secrets.token_hex(16)
        written = self.send("/requests/new", **filled(once=once, **about, **changes))
        where = self._led_to(written)
        fields = hidden(self.page(where))
        sent = self._led_to(self.send(f"{where.removesuffix('/check')}/send", **fields))
        return sent.rpartition("/")[2]

    def _led_to(self, answer: requests.Response) -> str:
        if answer.status_code != 303:
            raise NotSent(answer)
        return answer.headers["Location"]


class NotSent(Exception):
    """An answer other than to go on."""


def hidden(page: requests.Response) -> dict[str, str]:
    """The hidden fields of a page's forms, the last of each name."""
    found = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
    return {name: value for name, value in found.items() if name != "csrf_token"}


if __name__ == "__main__":
    main()
