"""The file of settings: read as a shell reads it, refused where others would read it otherwise."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core import settings_file
from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.core.settings_file import NAMED_BY, find, take_in


def written(folder: Path, content: str | bytes, mode: int = 0o640) -> Path:
    path = folder / "environment"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def read(path: Path) -> dict[str, str]:
    found = find({NAMED_BY: str(path)})
    assert found
    return dict(found.values)


def as_a_shell_reads(path: Path) -> dict[str, str]:
    said = subprocess.run(
        ["/bin/sh", "-c", 'set -a; . "$0"; env -0', path],
        env={},
        capture_output=True,
        check=True,
    ).stdout.decode()
    pairs = (line.partition("=") for line in said.split("\0") if line)
    return {name: value for name, _, value in pairs if name not in {"PWD", "_", "OLDPWD"}}


WELL = """# Settings of the service

DATABASE_URL=sqlite:////var/lib/catchments/catchments.sqlite
  # indented, with $HOME and `id` in it
PGPASSWORD='p$ss `id` "w" #1; & ~'
CATCHMENTS_EMBED_ON="https://a.example https://b.example 'x'"
CATCHMENTS_SMTP_URL=smtp://hana:p%40ss@mail.example:587?starttls=1
EMPTY=
HASH=a#b
MACRONS='/srv/Ngā puna/ā.sqlite'
TRAILING=x\t\x20
"""


def test_what_all_read_alike_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, WELL)
    assert read(path) == {
        "DATABASE_URL": "sqlite:////var/lib/catchments/catchments.sqlite",
        "PGPASSWORD": 'p$ss `id` "w" #1; & ~',
        "CATCHMENTS_EMBED_ON": "https://a.example https://b.example 'x'",
        "CATCHMENTS_SMTP_URL": "smtp://hana:p%40ss@mail.example:587?starttls=1",
        "EMPTY": "",
        "HASH": "a#b",
        "MACRONS": "/srv/Ngā puna/ā.sqlite",
        "TRAILING": "x",
    }
    assert as_a_shell_reads(path) == read(path)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.sampled_from(["{}", "'{}'", '"{}"', "{} # c"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_is_read_as_a_shell_reads_it_or_refused(
    tmp_path: Path, value: str, quoted: str
) -> None:
    path = written(tmp_path, f"A={quoted.format(value)}\n")
    try:
        found = read(path)
    except InputRefused:
        return
    assert as_a_shell_reads(path) == found


REFUSED = {
    "a word": ("A=1\nrubbish\n", "line 2 is not NAME=value"),
    "export": ("export A=1\n", "line 1"),
    "spaces around": ("A = 1\n", "line 1"),
    "systemd's other comment": ("; A=1\n", "line 1"),
    "a comment after": ("A=1 # one\n", "line 1"),
    "a space": ("A=b c\n", "line 1"),
    "a dollar": ("A=$HOME\n", "line 1"),
    "a dollar in double quotes": ('A="$HOME"\n', "line 1"),
    "a back tick": ("A=`id`\n", "line 1"),
    "an ampersand": ("A=b&c=d\n", "line 1"),
    "a backslash": ("A='b\\c'\n", "line 1"),
    "a line that goes on": ("A=b\\\nc\n", "line 1"),
    "quotes that do not end": ("A='b\nB=c'\n", "line 1"),
    "two quoted": ("A='b''c'\n", "line 1"),
    "a home folder": ("A=~/x\n", "line 1"),
    "Windows' lines": ("A=1\r\n", "line 1"),
    "a mark of the byte order": ("\ufeffA=1\n", "line 1"),
    "NUL": ("A='b\0c'\n", "line 1"),
    "a name that is none": ("1A=b\n", "line 1"),
    "a name with a hyphen": ("A-B=c\n", "line 1"),
    "no name": ("=b\n", "line 1"),
    "set twice": ("A=1\nB=2\nA=3\n", "line 3 sets A again, after line 1"),
    "Latin-1": ("A=é\n".encode("latin-1"), "not UTF-8"),
    "large": ("#" * 2_000_000, "a large one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_others_read_otherwise_is_refused_with_its_line_and_without_its_value(
    case: str, tmp_path: Path
) -> None:
    content, said = REFUSED[case]
    with pytest.raises(InputRefused) as refused:
        read(written(tmp_path, content))
    assert said in str(refused.value)
    assert "rubbish" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("PGPASSWORD=x\n", 0o644, "PGPASSWORD in it is a secret"),
        ("CATCHMENTS_DATA_KEY=x\n", 0o604, "CATCHMENTS_DATA_KEY in it is a secret"),
        ("DATABASE_URL=postgresql://a:hunter2@h/n\n", 0o644, "DATABASE_URL in it is a secret"),
        (
            "CATCHMENTS_AUDIT_OUT=https://h/hunter2\n",
            0o644,
            "CATCHMENTS_AUDIT_OUT in it is a secret",
        ),
        ("CATCHMENTS_RATE_LIMIT=1\n", 0o642, "may write to it"),
    ],
)
def test_a_file_that_others_may_use_is_refused(
    content: str, mode: int, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content, mode)
    with pytest.raises(InputRefused, match=said) as refused:
        read(path)
    assert "chmod 640" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    path.chmod(0o640)
    assert read(path)


def test_a_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    assert read(written(tmp_path, "DATABASE_URL=postgresql://a@h/n\n", 0o644))


def test_a_pipe_a_folder_and_a_device_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(InputRefused, match="no file"):
            read(path)


# --- where it is ----------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    found = tmp_path / "etc" / "environment", tmp_path / "instance" / "environment"
    for path in found:
        path.parent.mkdir()
    monkeypatch.setattr(settings_file, "PLACES", found)
    return found


def test_the_machines_file_comes_before_the_projects_and_the_one_that_is_named_before_both(
    places: tuple[Path, Path], tmp_path: Path
) -> None:
    assert find({}) is None
    places[1].write_text("A=project\n")
    assert find({}).values == {"A": "project"}  # type: ignore[union-attr]
    places[0].write_text("A=machine\n")
    assert find({}).values == {"A": "machine"}  # type: ignore[union-attr]
    named = written(tmp_path, "A=named\n")
    assert find({NAMED_BY: str(named)}).values == {"A": "named"}  # type: ignore[union-attr]
    assert find({NAMED_BY: "/dev/null"}) is None


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="which is not there"):
        find({NAMED_BY: str(tmp_path / "none")})


def test_one_that_may_not_be_read_is_refused_unless_the_environment_names_the_database(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    places[0].write_text("A=1\n")

    def forbidden(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(settings_file.os, "open", forbidden)
    with pytest.raises(InputRefused, match=r"cannot be read: Permission denied\. .*chgrp"):
        take_in({})
    take_in({"DATABASE_URL": "sqlite:////x"})
    with pytest.raises(InputRefused):
        take_in({"DATABASE_URL": "sqlite:////x", NAMED_BY: str(places[0])})


def test_the_environment_wins_and_libraries_find_the_rest_in_it(tmp_path: Path) -> None:
    path = written(tmp_path, "DATABASE_URL=sqlite:////file\nPGPASSWORD=secret\n")
    environment = {NAMED_BY: str(path), "DATABASE_URL": "sqlite:////environment"}
    take_in(environment)
    assert environment["DATABASE_URL"] == "sqlite:////environment"
    assert environment["PGPASSWORD"] == "secret"


def test_the_settings_of_a_process_are_read_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "DATABASE_URL=sqlite:////file\nCATCHMENTS_RATE_LIMIT=7\n")
    monkeypatch.setattr(os, "environ", {NAMED_BY: str(path)})
    made = Settings.from_environment()
    assert (made.database_url, made.rate_limit) == ("sqlite:////file", 7)
