"""Linters of OpenAPI documents find nothing, at /v1 and at /ogc."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.contract.conftest import HERE, Run, of_node

pytestmark = pytest.mark.thorough

DOCUMENTS = ["/v1/openapi.json", "/ogc/openapi?f=json"]


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    with urlopen(f"{url}{request.param}") as answer:
        path.write_bytes(answer.read())
    return path


def test_spectral_finds_nothing(document: Path, run: Run) -> None:
    ruleset = ("--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint")
    ended = run(of_node("spectral"), "lint", document, *ruleset, "--format", "json", "--quiet")
    assert json.loads(ended.stdout) == []


def test_redocly_finds_nothing(document: Path, run: Run) -> None:
    words = ("--config", HERE / "redocly.yaml", "--format", "json")
    ended = run(of_node("redocly"), "lint", document, *words)
    assert json.loads(ended.stdout)["problems"] == []


def test_swagger_parser_finds_nothing(document: Path, run: Run) -> None:
    of_node("redocly")  # which comes with it
    assert "valid: " in run("node", HERE / "swagger-parser.mjs", document).stdout
