"""The version is one, and everything that tells it says the same."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from catchments import __version__
from catchments.commands.groups import command_line
from catchments.core.settings import ROOT
from catchments.web.v1 import openapi
from scripts import set_up

RELEASED = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", re.MULTILINE)


def test_the_project_and_its_newest_release_have_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    released = RELEASED.findall((ROOT / "CHANGELOG.md").read_text())
    assert project["version"] == released[0] == __version__


def test_health_and_the_contract_say_it_and_the_contract_has_one_of_its_own(
    small_app: Flask,
) -> None:
    client = small_app.test_client()
    assert client.get("/healthz").json == {"status": "ok", "version": __version__}
    info = (client.get("/openapi.json").json or {})["info"]
    assert (info["x-software-version"], info["version"]) == (__version__, openapi.VERSION)


def test_the_command_line_says_it_without_an_application() -> None:
    def broken() -> Flask:
        raise AssertionError("no application is needed")

    said = CliRunner().invoke(command_line(broken), ["--version"])
    assert said.exit_code == 0
    assert said.output.splitlines()[0] == f"catchments {__version__}"
    assert re.search(r"\nPython 3\.\d+\.\d+\nFlask \d.*\nWerkzeug \d", said.output)


def test_flask_of_the_environment_is_the_projects_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a path – Kōwhai" / "50% of $it"
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(set_up, "VENV", folder / ".venv")
    (programs / "flask").write_text("Flask's own")
    set_up.own_flask()
    said = subprocess.run(
        [programs / "flask", "backup", "a file"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{folder}/app.py|backup|a file|"
