"""The file of settings that service, cron and shell share, read before the environment is.

Its lines are those that systemd's EnvironmentFile, python-dotenv and `.` of a shell read alike;
any other is refused with its number. What the environment sets itself wins.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from catchments.core.errors import InputRefused, shown

NAMED_BY = "CATCHMENTS_SETTINGS"
ROOT = Path(__file__).resolve().parents[2]
PLACES = (Path("/etc/catchments/environment"), ROOT / "instance" / "environment")
"""Where it is looked for unless it is named; the first that is there is the only one read."""
NONE = "/dev/null"
LARGEST_BYTES = 1 << 20
_SPACES = r"[ \t]*"
_LINE = re.compile(
    rf"{_SPACES}|{_SPACES}#.*"
    r"|([A-Za-z_][A-Za-z0-9_]*)="
    # Bare: no sign that a shell or one of the others gives a meaning. Quoted: not one that ends
    # the quotes, and no backslash, which each of the three takes for something else.
    rf"(?:(?!#)[^\s'\"\\$`;&|<>()~]*|'[^'\\]*'|\"[^\"\\$`]*\"){_SPACES}"
)
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|OPTIONS", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_OTHERS_READ, _OTHERS_WRITE = stat.S_IROTH, stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file of settings as it was read."""

    path: Path
    values: Mapping[str, str]
    lines: Mapping[str, int]
    """The line that each name stands on."""


def take_in(environment: MutableMapping[str, str]) -> None:
    """Put what the file of settings says into an environment, but for what that sets itself.

    A file that is there and cannot be read is left alone where the environment names the database:
    then it is taken to be whole. Raises InputRefused for any other that cannot be used.
    """
    try:
        found = find(environment)
    except NotReadable:
        if environment.get("DATABASE_URL") and not environment.get(NAMED_BY):
            return
        raise
    if found:
        for name, value in found.values.items():
            environment.setdefault(name, value)


def find(environment: Mapping[str, str]) -> SettingsFile | None:
    """Return the file of settings: the one that is named, else the first that is there.

    Raises InputRefused for a file that is named and not there, and for what no file of settings is.
    """
    named = environment.get(NAMED_BY, "")
    if named == NONE:
        return None
    for path in [Path(named).expanduser()] if named else PLACES:
        try:
            return _read(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise NotReadable(
                f"The file of settings {shown(path)} cannot be read: {error.strerror}.",
                field=NAMED_BY,
                next_step="Let the service's group read it (chgrp catchments, chmod 640), or name "
                f"another in {NAMED_BY}; {NONE} is none.",
            ) from error
    if named:
        raise InputRefused(
            f"{NAMED_BY} names {shown(named)}, which is not there.",
            field=NAMED_BY,
            next_step="Correct it or leave it out.",
        )
    return None


class NotReadable(InputRefused):
    """A file of settings that is there and that this account may not read."""


def _read(path: Path) -> SettingsFile:
    about, content = _content(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(path, "it is not UTF-8") from error
    lines = _lines(path, text)
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    found = {name: value for name, value in values.items() if value is not None}
    _refuse_others(path, about.st_mode, found)
    return SettingsFile(path, found, lines)


def _content(path: Path) -> tuple[os.stat_result, bytes]:
    # Not to wait for ever for whoever writes to a pipe.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_BYTES:
            raise _refused(path, "it is no file, or a large one")
        return about, os.read(handle, LARGEST_BYTES)
    finally:
        os.close(handle)


def _lines(path: Path, text: str) -> dict[str, int]:
    """Return the names and their lines. Raises InputRefused for a line that is read unlike."""
    names: dict[str, int] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        found = _LINE.fullmatch(line)
        # The line is not shown: it may hold a secret.
        if not found or not line.replace("\t", " ").isprintable():
            raise _refused(path, f"line {number} is not NAME=value as systemd and shells read it")
        if (name := found[1]) in names:
            raise _refused(path, f"line {number} sets {name} again, after line {names[name]}")
        if name:
            names[name] = number
    return names


def _refuse_others(path: Path, mode: int, values: Mapping[str, str]) -> None:
    if mode & _OTHERS_WRITE:
        raise _refused(path, "everybody on this machine may write to it", next_step=_closed(path))
    secrets = [n for n, v in values.items() if v and _is_secret(n, v)]
    if mode & _OTHERS_READ and secrets:
        why = f"everybody on this machine may read it, and {secrets[0]} in it is a secret"
        raise _refused(path, why, next_step=_closed(path))


def _is_secret(name: str, value: str) -> bool:
    # Where a webhook is may be all that opens it.
    opens = name == "CATCHMENTS_AUDIT_OUT" and value.startswith("https:")
    return bool(opens or _SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def _closed(path: Path) -> str:
    return f"Have its owner and the service's group alone read it: chmod 640 {path}"


def _refused(path: Path, why: str, *, next_step: str = "") -> InputRefused:
    return InputRefused(
        f"The file of settings {shown(path)} cannot be used: {why}.",
        field=NAMED_BY,
        allowed=""
        if next_step
        else "Each line is NAME=value or begins with #. A value with "
        "spaces, $, & or ; stands in single quotes; a quote within the same quotes, a backslash "
        "and a second line cannot be written.",
        next_step=next_step or "Put that line right.",
    )
