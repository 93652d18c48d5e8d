"""What runs the service elsewhere: a container, systemd, and a folder that workers share."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from flask import Flask

from catchments.core.errors import InputRefused
from catchments.core.settings import ROOT
from catchments.runtime.prometheus_files import SHARED, fresh_folder
from tests.worlds import lacking

DEPLOY = ROOT / "scripts" / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
UNIT, OF_REQUESTS = DEPLOY / "catchments@.service", DEPLOY / "catchments-requests@.service"
each_unit = pytest.mark.parametrize("unit_file", [UNIT, OF_REQUESTS], ids=lambda file: file.stem)
SECRETS = ("SECRET_KEY", "PASSWORD", "TOKEN", "CLIENT_SECRET", "SMTP_URL")


def instructions() -> list[tuple[str, str]]:
    """The recipe's instructions in order, each with its whole argument."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    made = instructions()
    begins = max(at for at, (name, _) in enumerate(made) if name == "FROM")
    return made[begins:]


# --- the container --------------------------------------------------------------------------------


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run(
        [program, "--failure-threshold", "style", DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.stdout + linted.stderr == ""
    assert linted.returncode == 0


def test_the_container_runs_as_nobody_in_particular_with_a_check_and_no_shell() -> None:
    stage = dict(last_stage())
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", stage["USER"])
    assert "/readyz" in stage["HEALTHCHECK"]
    assert stage["CMD"].startswith('["flask", "serve"')
    assert stage["VOLUME"] == "/data"


def test_the_image_is_slim_and_has_neither_pip_nor_what_builds() -> None:
    images = [argument for name, argument in instructions() if name == "FROM"]
    assert all("-slim" in image and ":latest" not in image for image in images)
    run = " ".join(argument for name, argument in last_stage() if name == "RUN")
    assert "pip uninstall --yes pip" in run
    assert "pip install" not in run
    assert "gcc" not in run
    everything = " ".join(argument for name, argument in instructions() if name == "RUN")
    assert "--only-binary=:all:" in everything


def test_nothing_secret_is_written_into_the_image() -> None:
    told = DOCKERFILE.read_text()
    assert [secret for secret in SECRETS if secret in told] == []


def test_what_is_copied_exists_and_only_that_reaches_the_builder() -> None:
    copied = {
        argument.split()[0]
        for name, argument in instructions()
        if name == "COPY" and not argument.startswith("--from")
    }
    ignoring = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignoring if line.startswith("!")}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert "*" in ignoring


# --- systemd --------------------------------------------------------------------------------------


@each_unit
def test_systemd_understands_the_unit(unit_file: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        lacking("systemd-analyze is not installed: the unit is not verified")
    python = tmp_path / "python"  # a link: the checkout's folder may have spaces in its name
    python.symlink_to(sys.executable)
    here = unit_file.read_text().replace("/opt/catchments/.venv/bin/python", str(python))
    unit = tmp_path / unit_file.name.replace("@", "@8001")
    unit.write_text(here.replace("/opt/catchments", str(tmp_path)))
    verified = subprocess.run(
        [program, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    told = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, told) == (0, [])


@each_unit
def test_the_unit_gives_the_service_its_own_folders_and_nothing_else(unit_file: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(unit_file)
    service = dict(unit["Service"])
    expected = {
        "User": unit_file.stem.rstrip("@"),
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "StateDirectory": unit_file.stem.rstrip("@"),
        "KillSignal": "SIGTERM",
        "Restart": "always",
        "UMask": "0077",
    }
    assert {name: service[name] for name in expected} == expected
    assert int(service["TimeoutStopSec"]) > 10  # what `flask serve` gives its workers
    assert [secret for secret in SECRETS if f"{secret}=" in unit_file.read_text()] == []


LIMITED = {
    "MemoryMax",
    "TasksMax",
    "PrivateUsers",
    "ProcSubset",
    "MemoryDenyWriteExecute",
    "KeyringMode",
}
TELLING = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "168.63.129.16", "100.100.100.200")
"""Where clouds tell machines of themselves, and what belongs to one wire alone."""


@each_unit
def test_the_unit_limits_what_the_service_takes_and_whom_it_can_call(unit_file: Path) -> None:
    told = unit_file.read_text()
    assert {name for name in LIMITED if f"\n{name}=" not in told} == set()
    denied = re.findall(r"^IPAddressDeny=(.*)$", told, re.MULTILINE)[0]
    assert [address for address in TELLING if address not in denied] == []


def test_no_env_file_of_a_folder_is_read_where_the_service_runs() -> None:
    begun = re.findall(r"^ExecStart=(\S+) (\S+) serve ", UNIT.read_text(), re.MULTILINE)
    assert begun == [("/opt/catchments/.venv/bin/python", "app.py")]
    assert "FLASK_SKIP_DOTENV=1" in DOCKERFILE.read_text()


def test_requests_read_no_settings_of_the_lookup() -> None:
    assert "Environment=CATCHMENTS_SETTINGS=/etc/catchments/requests\n" in OF_REQUESTS.read_text()
    assert " app.py requests serve --port %i\n" in OF_REQUESTS.read_text()


@each_unit
def test_the_history_of_the_program_is_not_the_services_to_read(unit_file: Path) -> None:
    assert "\nInaccessiblePaths=-/opt/catchments/.git\n" in unit_file.read_text()


def test_the_unit_lets_the_reading_of_files_fence_itself() -> None:
    allowed = re.findall(r"^SystemCallFilter=([^~].*)$", UNIT.read_text(), re.MULTILINE)
    assert "landlock_restrict_self" in " ".join(allowed)


@each_unit
def test_systemd_finds_little_that_the_unit_leaves_open(unit_file: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        lacking("systemd-analyze is not installed: the unit is not judged")
    unit = tmp_path / unit_file.name.replace("@", "@8001")
    unit.write_text(unit_file.read_text())
    judged = subprocess.run(
        [program, "security", "--offline=true", "--threshold=12", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-200:]


# --- what the workers share -----------------------------------------------------------------------


def test_a_server_begins_with_an_empty_folder_and_removes_those_of_servers_that_ended(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, mine = (
        tmp_path / f"catchments-metrics-{ended.pid}-abc",
        tmp_path / f"catchments-metrics-{os.getppid()}-abc",
    )
    for folder in (dead, mine, tmp_path / "something else"):
        folder.mkdir()
        (folder / "counter_1.db").touch()
    made = Path(fresh_folder({"RUNTIME_DIRECTORY": str(tmp_path)}))
    assert list(made.iterdir()) == []
    assert made.parent == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [made.name, mine.name, "something else"]
    )


def test_a_folder_that_is_named_is_emptied_of_counts_and_of_nothing_else(tmp_path: Path) -> None:
    for name in ("counter_1.db", "dear.txt"):
        (tmp_path / name).touch()
    assert fresh_folder({SHARED: str(tmp_path)}) == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["dear.txt"]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputRefused, match=SHARED):
        fresh_folder({SHARED: str(tmp_path / "file" / "below")})


# --- what Prometheus is told to look at -----------------------------------------------------------


@pytest.mark.parametrize("file", [DEPLOY / "prometheus-alerts.yaml", ROOT / "docs/operating.md"])
def test_every_figure_that_is_spoken_of_is_told(file: Path, small_app: Flask) -> None:
    client = small_app.test_client()
    client.get("/healthz", buffered=True)
    told = client.get("/metrics").text
    spoken_of = set(re.findall(r"\bcatchments_[a-z_]+", file.read_text()))
    assert spoken_of
    assert [name for name in sorted(spoken_of) if name not in told] == []


def test_the_rules_for_prometheus_are_yaml_with_an_expression_each() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 0
    assert all(rule["expr"].strip() and rule["annotations"]["summary"] for rule in rules)
