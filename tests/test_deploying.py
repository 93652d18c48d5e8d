"""What ships for several machines: a compose file that holds together, an nginx that fails over."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from catchments.core.settings import ROOT
from scripts.many_machines import filled
from tests.serving import behind_nginx
from tests.waiting import PATIENCE_S, wait_until

DEPLOY = ROOT / "scripts" / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
TEMPLATE = DEPLOY / "nginx.conf.template"


# --- the compose file -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


KNOWN = {
    "build": dict,
    "image": str,
    "command": list,
    "environment": dict,
    "volumes": list,
    "depends_on": dict,
    "expose": list,
    "ports": list,
    "healthcheck": dict,
    "restart": str,
    "stop_grace_period": str,
    "read_only": bool,
    "tmpfs": list,
    "cap_drop": list,
    "cap_add": list,
    "mem_limit": str,
    "pids_limit": int,
    "security_opt": list,
    "shm_size": str,
}
"""Of the Compose Specification, what this file uses, and of which type."""
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"([0-9]+(ms|s|m|h))+")


def test_every_key_of_every_service_is_one_that_compose_knows(compose: Any) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {"name", "services", "volumes"}
    assert set(compose["services"]) == {"database", "setup", "web-1", "web-2", "proxy"}
    for name, service in compose["services"].items():
        wrong = {k: v for k, v in service.items() if not isinstance(v, KNOWN.get(k, type(None)))}
        assert wrong == {}, name
        assert all(isinstance(v, str) for v in service["environment"].values()), name


def test_what_a_service_waits_for_is_there_and_can_become_so(compose: Any) -> None:
    services = compose["services"]
    for service in services.values():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other]
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no"


def test_every_service_that_stays_up_is_watched_and_started_again(compose: Any) -> None:
    for name, service in compose["services"].items():
        if name != "setup":
            check = service["healthcheck"]
            assert check["test"][0] == "CMD"
            assert all(DURATION.fullmatch(check[k]) for k in ("interval", "timeout"))
            assert service["restart"] == "unless-stopped"


def test_volumes_and_files_that_are_mounted_exist(compose: Any) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            what = mount.split(":")[0]
            named = what in compose["volumes"]
            assert named or (DEPLOY / what).exists(), mount


def test_the_image_is_built_of_this_project(compose: Any) -> None:
    build = compose["services"]["web-1"]["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).exists()


def test_the_servers_are_alike_and_trust_the_one_proxy_before_them(compose: Any) -> None:
    first, second = (compose["services"][name] for name in ("web-1", "web-2"))
    assert first == second
    assert first["environment"]["CATCHMENTS_TRUSTED_PROXIES"] == "1"
    assert "ports" not in first  # nobody goes past the proxy, whose word is taken


def test_every_service_has_limits_and_gains_no_privilege(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert re.fullmatch(r"[0-9]+[mg]", service["mem_limit"]), name
        assert service["pids_limit"] > 0, name
        if name != "database":  # its image sets itself up as root, once
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True, name


def test_no_password_is_in_the_file_and_without_one_nothing_starts(compose: Any) -> None:
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name:
                assert value.startswith("${POSTGRES_PASSWORD:?")
    assert "@database" in compose["services"]["web-1"]["environment"]["DATABASE_URL"]


def test_all_that_nginx_is_to_be_told_is_told(compose: Any) -> None:
    environment = compose["services"]["proxy"]["environment"]
    told = filled(TEMPLATE.read_text(encoding="utf-8"), environment)
    body = "\n".join(line for line in told.splitlines() if not line.lstrip().startswith("#"))
    assert "${" not in body
    wanted = environment["NGINX_ENVSUBST_FILTER"]
    assert all(re.fullmatch(wanted, n) for n in ("WEB_1", "WEB_2", "LISTEN", "ACCESS_LOG"))
    assert not re.fullmatch(wanted, "host")


# --- nginx ----------------------------------------------------------------------------------------


class Answering(BaseHTTPRequestHandler):
    """A web server that says what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers.items())
        body = said.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "public, max-age=60")
        self.send_header("ETag", '"e1"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.connections: list[Any] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def get_request(self) -> Any:
        found = super().get_request()
        self.connections.append(found[0])
        return found

    def end(self) -> None:
        """Take no connection any more, and break off those that are there."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):  # it has ended by itself
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[int, list[Web], Path]]:
    """nginx on a port before two servers, and the file that it logs to."""
    with ExitStack() as stack:
        servers = [Web(), Web()]
        for server in servers:
            stack.callback(server.end)
        ports = [server.server_port for server in servers]
        door = stack.enter_context(behind_nginx(tmp_path, *ports))
        yield door.port, servers, tmp_path / "log"


def ask(port: int, path: str, **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers


def test_a_request_reaches_the_other_server_when_one_is_gone_and_no_query_is_logged(
    proxied: tuple[int, list[Web], Path],
) -> None:
    port, servers, log = proxied
    for turn in range(60):
        if turn == 20:
            servers[0].end()
        assert ask(port, "/search?q=12+Secret+Street")[0] == 200
    servers[1].end()
    assert ask(port, "/search?q=13+Secret+Street")[0] == 502
    wait_until(lambda: "/search 502" in log.read_text(), "the line of the last request is there")
    said = log.read_text()
    assert "/search 200" in said
    assert "Secret" not in said
    assert "127.0.0.1 " not in said  # the client; servers stand with their ports


def test_the_proxy_says_for_whom_it_asks_and_leaves_caching_alone(
    proxied: tuple[int, list[Web], Path],
) -> None:
    sent = {
        "Host": "finder.example:8443",
        "X-Forwarded-For": "198.51.100.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "for=198.51.100.9",
        "Accept-Encoding": "gzip",
    }
    _, said, headers = ask(proxied[0], "/v1/provider?school_id=54", **sent)
    lines = said.splitlines()
    assert "host: finder.example:8443" in lines
    assert "x-forwarded-for: 198.51.100.9, 127.0.0.1" in lines
    assert "x-forwarded-proto: http" in lines
    assert "evil" not in said
    assert not any(line.startswith("forwarded:") for line in lines)
    assert headers["Cache-Control"] == "public, max-age=60"
    assert headers["ETag"] == '"e1"'
    assert "Content-Encoding" not in headers
