"""Samples of requests: every one on the page runs as it stands and prints what the service says."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask

from catchments.web.pages.request_samples import JSON, TONGUES, Call, Sample, samples_of
from tests.serving import Server, in_a_thread, serving
from tests.waiting import PATIENCE_S
from tests.worlds import HOSTILE, lacking

RUN = {
    "curl": (["bash", "-ec"], "curl"),
    "python": ([sys.executable, "-c"], sys.executable),
    "javascript": (["node", "--input-type=module", "--eval"], "node"),
}
"""What runs a text in each tongue, and what must be there for it."""
OFTEN_PYTHON = [
    "python",
    pytest.param("curl", marks=pytest.mark.thorough),
    pytest.param("javascript", marks=pytest.mark.thorough),
]
"""The tongues; programs other than Python take their time to begin."""
CALLED = re.compile(
    r'<article class="operation" id="(?P<operation>[^"]+)">(?P<inside>.*?)</article>', re.DOTALL
)
TYPED = re.compile(r'<div class="call in-(?P<tongue>\w+)">.*?<code>(?P<text>.*?)</code>', re.DOTALL)


@pytest.fixture(scope="module")
def server(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = shutil.copy(small_database, tmp_path_factory.mktemp("samples") / "small.sqlite")
    with serving(Path(path)) as running:
        yield running


@pytest.fixture(scope="module")
def on_the_page(server: Server) -> dict[str, dict[str, str]]:
    """Operation → tongue → the sample as a reader copies it from the page."""
    _, page = server.text("/api")
    found = {
        operation["operation"]: {
            each["tongue"]: html.unescape(each["text"])
            for each in TYPED.finditer(operation["inside"])
        }
        for operation in CALLED.finditer(page)
    }
    return {operation: samples for operation, samples in found.items() if samples}


def printed(tongue: str, text: str) -> str:
    """What a sample prints; it must end well, in silence otherwise."""
    words, needed = RUN[tongue]
    if shutil.which(needed) is None:
        lacking(f"{needed} is not installed: samples in {tongue} are not tried")
    run = subprocess.run(
        [*words, text], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert run.returncode == 0, f"{text}\n{run.stderr}"
    return run.stdout


def test_every_operation_with_an_example_has_a_sample_in_every_tongue(
    on_the_page: dict[str, dict[str, str]],
) -> None:
    assert len(on_the_page) >= 14
    tongues = [tongue for tongue, _ in TONGUES]
    assert {
        operation: list(samples) for operation, samples in on_the_page.items()
    } == dict.fromkeys(on_the_page, tongues)


@pytest.mark.parametrize("tongue", OFTEN_PYTHON)
def test_every_sample_runs_as_it_stands(
    tongue: str, on_the_page: dict[str, dict[str, str]]
) -> None:
    for operation, samples in on_the_page.items():
        assert len(printed(tongue, samples[tongue])) > 20, operation


@pytest.mark.parametrize("tongue", OFTEN_PYTHON)
def test_a_sample_asks_what_the_page_says(
    tongue: str, on_the_page: dict[str, dict[str, str]]
) -> None:
    assert "Kura o Ahi" in printed(tongue, on_the_page["provider"][tongue])
    assert "resolved" in printed(tongue, on_the_page["resolve"][tongue])


# --- texts of others ------------------------------------------------------------------------------

ODD = [HOSTILE, "Ngā Rākau", "a'b\"c`d$e\\f", "{{7*191}}", "</script>", "\u2028", "%s %(x)s ${x}"]


@pytest.mark.parametrize("sent_in", [JSON, "text/csv"])
@pytest.mark.parametrize("tongue", OFTEN_PYTHON)
def test_whatever_is_sent_arrives_as_it_is(tongue: str, sent_in: str, echo: str) -> None:
    rows = {"rows": [{"id": odd, "on": None, "exact": True} for odd in ODD]}
    sent = rows if sent_in == JSON else "\n".join(ODD)
    text = by_tongue(Call(echo, JSON, sent_in, sent))[tongue].text
    assert "arrived" in printed(tongue, text)
    kind, body = ARRIVED[-1]
    assert (json.loads(body) if sent_in == JSON else body, kind) == (sent, sent_in)


def by_tongue(call: Call) -> dict[str, Sample]:
    return {each.tongue: each for each in samples_of(call)}


ARRIVED: list[tuple[str, str]] = []
"""Media type and body of each request that the echo was sent."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of a server that takes anything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    with in_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}/it's?a=1&b=2"


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        ARRIVED.append((self.headers["Content-Type"], body))
        answer = b'{"status": "arrived"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def test_the_page_shows_samples_as_text(small_app: Flask) -> None:
    page = small_app.test_client().get("/api").text
    assert page.count('<div class="call in-python">') == page.count('<div class="call in-curl">')
    assert all("<" not in each["text"] for each in TYPED.finditer(page))
