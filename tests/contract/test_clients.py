"""Clients that are generated from the contract answer, without a line of it that we wrote."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.contract.conftest import HERE, Run, of_node, of_python

pytestmark = pytest.mark.thorough


def document(url: str, folder: Path) -> tuple[Path, Any]:
    with urlopen(f"{url}/v1/openapi.json") as answer:
        text = answer.read()
    path = folder / "openapi.json"
    path.write_bytes(text)
    return path, json.loads(text)


def test_a_client_in_python_is_generated_whole_and_answers(
    url: str, run: Run, tmp_path: Path
) -> None:
    path, made = document(url, tmp_path)
    generated = run(
        of_python("openapi-python-client"),
        "generate",
        *("--path", path, "--output-path", tmp_path / "client", "--meta", "none"),
        *("--config", HERE / "python-client.yaml", "--fail-on-warning"),
    )
    assert "arning" not in generated.said
    operations = {each["operationId"] for by in made["paths"].values() for each in by.values()}
    modules = {each.stem for each in (tmp_path / "client" / "api").glob("*/*.py")}
    assert operations <= modules
    answered = run(of_python("python"), HERE / "python_client.py", url)
    assert "10 schools, 3 pages, 4 rows" in answered.said


def test_without_settings_only_forms_that_python_does_not_know_are_left_out(
    url: str, run: Run, tmp_path: Path
) -> None:
    path, _ = document(url, tmp_path)
    words = ("--path", path, "--output-path", tmp_path / "client", "--meta", "none")
    said = run(of_python("openapi-python-client"), "generate", *words).said
    left_out = re.findall(r"[Uu]nsupported content.type ([\w/+-]+)", said)
    assert sorted(left_out) == ["application/atom+xml", "application/x-ndjson", "text/csv"]
    assert said.count("WARNING") == len(left_out)


def test_a_client_in_typescript_compiles_strictly_and_answers(
    url: str, run: Run, tmp_path: Path
) -> None:
    path, _ = document(url, tmp_path)
    run(of_node("openapi-typescript"), path, "-o", tmp_path / "schema.d.ts")
    for name in ("typescript-client.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    run(of_node("tsc"), "--project", tmp_path)
    answered = run("node", tmp_path / "typescript-client.js", url)
    assert "10 schools, 3 pages, 4 rows" in answered.said
