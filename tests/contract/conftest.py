"""Other people's tools, and the service that they read, on this machine alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving import serving
from tests.worlds import lacking

HERE = Path(__file__).resolve().parent
PYTHON = HERE / ".venv" / "bin"
NODE = HERE / "node_modules" / ".bin"
SET_UP = "scripts/contract-tools sets them up"
WITHIN_S = 300.0
QUIET = {
    "REDOCLY_TELEMETRY": "off",
    "NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class Ended:
    """How a tool ended, and what it said."""

    code: int
    said: str
    stdout: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program in a folder of the test's own; says how long it took."""

    def ran(program: Path | str, *words: object, anyhow: bool = False) -> Ended:
        began = time.monotonic()
        ended = subprocess.run(
            [str(program), *map(str, words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **QUIET, "PATH": f"{PYTHON}:{os.environ['PATH']}"},
            timeout=WITHIN_S,
            check=False,
        )
        print(f"{Path(program).name}: {time.monotonic() - began:.1f} s")
        said = f"{ended.stdout}\n{ended.stderr}"
        assert anyhow or ended.returncode == 0, said[-4000:]
        return Ended(ended.returncode, said, ended.stdout)

    return ran


def of_python(name: str) -> Path:
    """A program of the Python tools' environment; without it the test is left out."""
    found = PYTHON / name
    return found if found.exists() else lacking(f"{name} is not installed: {SET_UP}")


def of_node(name: str) -> Path:
    """A program of the Node tools; without it the test is left out."""
    if not shutil.which("node"):
        lacking("Node is not installed: its tools are left out")
    found = NODE / name
    return found if found.exists() else lacking(f"{name} is not installed: {SET_UP}")


@pytest.fixture(scope="session")
def url(demonstration_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, running on the demonstration."""
    database = tmp_path_factory.mktemp("contract") / "demonstration.sqlite"
    shutil.copy(demonstration_database, database)
    with serving(database, CATCHMENTS_RATE_LIMIT="0", CATCHMENTS_REFRESH_S="60") as server:
        yield server.url
