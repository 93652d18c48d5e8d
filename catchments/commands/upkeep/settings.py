"""`flask settings`: which settings there are and where each came from; never their values."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator, Mapping

import click

from catchments.commands.console import refusing, say, table
from catchments.core.settings import Settings
from catchments.core.settings_file import NAMED_BY, PLACES, SettingsFile, find

_OURS = re.compile(r"DATABASE_URL|CATCHMENTS_\w+|PG[A-Z]+|GRANIAN_\w+|PROMETHEUS_MULTIPROC_DIR")
_READ_ELSEWHERE = {NAMED_BY, "CATCHMENTS_LOG"}


class _Asked(dict[str, str]):
    """An environment that remembers which names were asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Return a value as a dictionary does."""
        self.names.add(name)
        return super().get(name, default)


@click.command()
@refusing
def settings() -> None:
    """Show which settings are set, and where; their values, which may be secrets, never."""
    file = find(os.environ)
    if file:
        say(f"Settings are in {file.path}.")
    else:
        places = " or ".join(map(str, PLACES))
        say(f"There is no file of settings: {NAMED_BY} names none, and none is at {places}.")
    table("Settings", ("Name", "Where it is set", "Note"), _rows(file, os.environ))


def _rows(
    file: SettingsFile | None, environment: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    asked = _Asked(environment)
    Settings.from_environment(asked)
    inside = file.values if file else {}
    for name in sorted({*filter(_OURS.fullmatch, environment), *inside}):
        yield name, _where(file, name, environment), _note(name, asked.names)


def _note(name: str, asked: Container[str]) -> str:
    if not name.startswith("CATCHMENTS_") or name in asked or name in _READ_ELSEWHERE:
        return ""
    if name.startswith("CATCHMENTS_REQUESTS_"):
        return "for the application for requests, if it asks for it"
    return "nothing asks for it"


def _where(file: SettingsFile | None, name: str, environment: Mapping[str, str]) -> str:
    if file is None or name not in file.values:
        return "environment"
    line = f"line {file.lines[name]} of the file"
    same = environment.get(name) == file.values[name]
    return line if same else f"environment, which wins over {line}"
