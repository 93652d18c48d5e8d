"""What the operating guide prints is run as it is printed, in an environment that is empty.

The guide's paths are put below a temporary folder: in what it prints, in the file of settings that
is shipped and in the one path that the program knows by itself. Nothing else is changed, but that
`runuser` is left out: the account is one of a machine where the service is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from catchments.core.settings import ROOT
from catchments.store.upkeep.backup import examined
from tests.waiting import PATIENCE_S

GUIDE = ROOT / "docs" / "operating.md"
PATHS = ("/opt/catchments", "/var/lib/catchments", "/etc/catchments", "/backups")
RUN = {"sh", "crontab"}
SHOWN = {"yaml", "text"}
"""Languages of blocks that are nothing to run."""
NOT_RUN = re.compile(r"<!-- not run: (.{10,}) -->")
MINUTE_HOUR_DAY_MONTH_WEEKDAY = re.compile(r"(?:[0-9*/,-]+ ){5}(.+)")
CRONS = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "LOGNAME": "catchments"}
"""All that cron tells a job, but for HOME."""


@dataclass(frozen=True)
class Block:
    """A block of the guide between fences."""

    line: int
    language: str
    text: str
    why_not: str
    """Why it is not run; empty if it is."""


@cache
def blocks() -> tuple[Block, ...]:
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    fences = [n for n, line in enumerate(lines) if line.startswith("```")]
    found = []
    for begins, ends in zip(fences[::2], fences[1::2], strict=True):
        told = NOT_RUN.fullmatch(lines[begins - 1])
        text = "\n".join(lines[begins + 1 : ends]) + "\n"
        language = lines[begins].removeprefix("```")
        found.append(Block(begins + 1, language, text, told[1] if told else ""))
    return tuple(found)


def to_run(language: str) -> list[Block]:
    return [block for block in blocks() if block.language == language and not block.why_not]


def test_every_block_says_what_it_is_and_why_it_is_not_run() -> None:
    assert [b.line for b in blocks() if b.language not in RUN | SHOWN] == []
    assert [b.line for b in blocks() if b.language in SHOWN and b.why_not] == []
    assert to_run("crontab")
    assert to_run("sh")


@pytest.fixture
def machine(small_database: Path, tmp_path: Path) -> Path:
    """A folder with all that the guide has set up, and the small world as what was published."""
    project = tmp_path / "opt" / "catchments"
    for name in ("opt/catchments/.venv/bin", "var/lib/catchments", "etc/catchments", "backups"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(ROOT / "catchments", project / "catchments", ignore=_not_needed)
    shutil.copy(ROOT / "app.py", project)
    for name in ("maps", "data", "scripts"):
        (project / name).symlink_to(ROOT / name)
    for name, what in {"python": "", "flask": " -m flask"}.items():
        program = project / ".venv" / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{what} "$@"\n')
        program.chmod(0o755)
    known = project / "catchments" / "core" / "settings_file.py"
    known.write_text(below(tmp_path, known.read_text()))
    settings = tmp_path / "etc" / "catchments" / "environment"
    shipped = (ROOT / "scripts" / "deploy" / "environment").read_text()
    settings.write_text(below(tmp_path, shipped))
    settings.chmod(0o640)
    shutil.copy(small_database, tmp_path / "var" / "lib" / "catchments" / "catchments.sqlite")
    return tmp_path


_not_needed = shutil.ignore_patterns("static")


def below(machine: Path, text: str) -> str:
    """A text with the guide's paths below a folder."""
    places = "|".join(map(re.escape, PATHS))
    return re.sub(rf"(?<![\w.])(?:{places})\b", lambda found: f"{machine}{found[0]}", text)


def run(machine: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run what is printed with /bin/sh, and nothing of this process's environment."""
    printed = below(machine, text).replace("runuser -u catchments -- ", "")
    return subprocess.run(
        ["/bin/sh", "-e", "-c", printed],
        env={**CRONS, "HOME": str(machine), **environment},
        cwd=machine,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_the_jobs_for_cron_do_what_they_are_for_in_the_environment_that_cron_gives(
    machine: Path,
) -> None:
    said = ""
    for block in to_run("crontab"):
        for line in block.text.splitlines():
            command = MINUTE_HOUR_DAY_MONTH_WEEKDAY.fullmatch(line)
            assert command, line
            assert not re.search(r"(?<!\\)%", command[1]), "cron ends a line there"
            ended = run(machine, command[1].replace(r"\%", "%"))
            assert ended.returncode == 0, ended.stderr
            said += ended.stdout
    (backup,) = (machine / "backups").iterdir()
    assert re.fullmatch(r"catchments-\d{4}-\d{2}-\d{2}", backup.name)
    assert len(examined(backup).held.published) == 1
    assert "1 edition" in said
    assert "audit trail" in said


@pytest.mark.thorough
def test_a_backup_on_a_machine_whose_database_is_gone_fails_and_makes_none(machine: Path) -> None:
    database = machine / "var" / "lib" / "catchments" / "catchments.sqlite"
    database.unlink()
    (line,) = [
        line for b in to_run("crontab") for line in b.text.splitlines() if " backup " in line
    ]
    command = MINUTE_HOUR_DAY_MONTH_WEEKDAY.fullmatch(line)
    assert command
    ended = run(machine, command[1].replace(r"\%", "%"))
    assert ended.returncode == 1
    assert f"There is no database at “sqlite:///{database}”" in ended.stderr
    assert list((machine / "backups").iterdir()) == []
    assert list(database.parent.iterdir()) == []


@pytest.mark.thorough
def test_the_blocks_for_a_shell_run_one_after_the_other(machine: Path) -> None:
    project = machine / "opt" / "catchments"
    path = f"{project}/.venv/bin:/usr/bin:/bin"
    for block in to_run("sh"):
        # As the guide says: in the project's folder, with .venv/bin in the PATH.
        ended = run(machine, f"cd /opt/catchments\n{block.text}", PATH=path)
        assert ended.returncode == 0, f"line {block.line}: {ended.stdout}{ended.stderr}"


def test_the_unit_sets_nothing_that_jobs_and_shells_would_not_know() -> None:
    unit = (ROOT / "scripts" / "deploy" / "catchments@.service").read_text()
    told = re.findall(r"^(Environment\w*)=(.*)$", unit, re.MULTILINE)
    assert told == [("Environment", "CATCHMENTS_SETTINGS=/etc/catchments/environment")]
