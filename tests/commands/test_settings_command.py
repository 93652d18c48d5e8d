"""`flask settings`: where each setting was set, and never what it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from catchments.commands.upkeep import settings
from catchments.core import settings_file
from catchments.core.settings_file import NAMED_BY
from tests.commands.conftest import Run

CONTENT = """# Settings
DATABASE_URL=sqlite:////file
PGPASSWORD='hunter2'
CATCHMENTS_RATE_LIMIT=7
CATCHMENTS_RATE_LIMT=7
CATCHMENTS_LOG=json
"""


def told(said: str) -> dict[str, tuple[str, str]]:
    rows = [re.split(r"\s*│\s*", row)[1:4] for row in said.splitlines() if "│" in row]
    return {name: (where, note) for name, where, note in rows}


def test_it_says_where_each_is_set_and_no_value(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "environment"
    file.write_text(CONTENT)
    file.chmod(0o640)
    environment = {
        NAMED_BY: str(file),
        "DATABASE_URL": "sqlite:////environment",
        "PGPASSWORD": "hunter2",
        "CATCHMENTS_MAX_AGE_S": "60",
        "CATCHMENTS_REQUESTS_NSN": "1",
        "HOME": "/hunter2",
    }
    monkeypatch.setattr(os, "environ", environment)
    said = run("settings").output
    assert f"Settings are in {file}." in said
    rows = told(said)
    assert rows["DATABASE_URL"][0] == "environment, which wins over line 2 of the file"
    assert rows["PGPASSWORD"] == ("line 3 of the file", "")
    assert rows["CATCHMENTS_RATE_LIMIT"][1] == ""
    assert rows["CATCHMENTS_RATE_LIMT"][1] == "nothing asks for it"
    assert rows["CATCHMENTS_REQUESTS_NSN"][1].startswith("for the application for requests")
    assert rows["CATCHMENTS_LOG"][1] == ""
    assert rows["CATCHMENTS_MAX_AGE_S"] == ("environment", "")
    assert "HOME" not in rows
    assert "hunter2" not in said.replace(str(file), "")


def test_without_a_file_it_says_where_it_looked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (tmp_path / "etc", tmp_path / "instance")
    monkeypatch.setattr(settings_file, "PLACES", places)
    monkeypatch.setattr(settings, "PLACES", places)
    monkeypatch.setattr(os, "environ", {})
    said = run("settings").output
    assert f"none is at {places[0]} or {places[1]}" in said
