"""The console: tables, progress and refusals, with hostile text shown as text.

Rich is imported by what draws: it takes a sixth of a second, and `--help` draws nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from catchments.core.errors import CatchmentsError, InputRefused, printable, shown
from catchments.core.model import DirectoryRelease, Source
from catchments.core.roles import COMMAND_LINE
from catchments.core.settings import Settings
from catchments.lookup.snapshot import Timeline
from catchments.lookup.values import day_of, whole_number
from catchments.readers.report import Progress as ProgressCall
from catchments.readers.report import Report, facts_of
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store
from catchments.store.integrity.audit import append

P = ParamSpec("P")
R = TypeVar("R")

PROBLEMS_SHOWN = 50
REFUSED = 1
IN_MEMORY = "sqlite://"


class NotInOrder(CatchmentsError):
    """What a command looked at is not as it should be; `reasons` names each thing."""

    def __init__(self, problem: str, *, reasons: Sequence[str] = (), next_step: str) -> None:
        super().__init__(problem, next_step=next_step)
        self.reasons = tuple(reasons)


class Value(click.ParamType[R]):
    """A value that is read as at every other door, or refused as no such one."""

    def __init__(self, name: str, read: Callable[[object], R | None], no_such: str) -> None:
        self.name, self._read, self._no_such = name, read, no_such

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> R:
        """Return what was read, or have click refuse it."""
        found = self._read(value)
        if found is None:
            self.fail(f"{shown(value)} is {self._no_such}.", param, ctx)
        return found


DAY = Value(
    "YYYY-MM-DD",
    lambda value: value if isinstance(value, date) else day_of(str(value)),
    "no date of the calendar as YYYY-MM-DD",
)
NUMBER = Value("NUMBER", whole_number, "no whole number of at most nine digits")
"""The number of an edition, a draft or a school."""


def store() -> Store:
    """Return the running application's store, as it is. Raises NothingPublished without one.

    What reads makes nothing and migrates nothing: `flask setup`, `serve` and `restore` do.
    """
    opened = _store()
    opened.refuse_unless_set_up()
    return opened


def store_to_fill(*, commit: bool) -> Store:
    """Return the store for an import: one that is missing is made, if the import is to be kept.

    Without `commit` an empty one in memory stands in for it. Raises NothingPublished for a schema
    that is not this program's.
    """
    opened = _store()
    if not opened.is_bare():
        opened.refuse_unless_set_up()
        return opened
    filled = opened if commit else Store(IN_MEMORY)
    filled.migrate()
    return filled


def _store() -> Store:
    opened: Store = _services().store
    return opened


def directory_in_use(opened: Store) -> DirectoryRelease | None:
    """Return the school directory of today, if there is one."""
    known = Timeline.of([], opened.releases()).release_on(today_in_new_zealand())
    return opened.release(known.number) if known else None


def directory_to_match(opened: Store, what: str) -> DirectoryRelease:
    """Return the school directory of today, for what names schools. Raises InputRefused."""
    found = directory_in_use(opened)
    if found is None:
        raise InputRefused(
            f"There is no school directory to match the {what} against.",
            next_step="Import one first: flask schools import FILE --commit.",
        )
    return found


def current_settings() -> Settings:
    """Return the running application's settings."""
    settings: Settings = _services().settings
    return settings


def _services() -> Any:
    # Imported here: `scripts/resolve` builds no application, and Flask takes a fifth of a second.
    from flask import current_app

    from catchments.web.common.services import EXTENSION

    return current_app.extensions[EXTENSION]


def record_import(kind: str, subject: str, *files: Path, source: Source | None = None) -> None:
    """Add to the audit trail what a command took in, files or what was fetched, and where to."""
    with recorded_import(kind, subject, *files, source=source):
        pass  # it has been done


@contextmanager
def recorded_import(
    kind: str, subject: str, *files: Path, source: Source | None = None
) -> Iterator[None]:
    """Do something outside the database with its audit entry: if it fails, there is no entry.

    Where no entry can be added it is not begun. Whoever is killed after it and before the commit
    leaves it done and not on record; doing it again records it.
    """
    facts = [facts_of(path, path.name) for path in files]
    if source is not None:
        facts.append({"name": source.url, "sha256": source.sha256})
    action = f"import.{kind}"
    with store_to_fill(commit=True).writing() as connection:
        append(connection, actor=COMMAND_LINE, action=action, subject=subject, files=facts)
        yield


def say(text: str) -> None:
    """Print one line of plain text."""
    from rich.console import Console

    Console(highlight=False, markup=False, soft_wrap=True).print(printable(text))


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; cells are text, never markup or terminal escapes."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*headings, title=title, title_justify="left", title_style="bold")
    for row in rows:
        drawn.add_row(*(Text(printable(str(cell))) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(drawn)


def show_report(report: Report) -> None:
    """Print what a reader read and counted, what it left out, and its problems as a table.

    It says that there are no problems only where nothing was left out.
    """
    if report.read:
        table("Read", ("What",), ((part,) for part in report.read))
    table("Counts", ("What", "How many"), report.counts.items())
    if report.is_clean:
        say("No problems: everything in the file was read.")
    if report.left_out:
        left_out = ((each.what, f"{each.count:,}", each.why) for each in report.left_out)
        table("Left out", ("What", "How many", "Why"), left_out)
    if not report.problems:
        return
    shown = report.problems[:PROBLEMS_SHOWN]
    table("Problems", ("Where", "What", "Done"), ((p.where, p.what, p.done) for p in shown))
    if len(report.problems) > PROBLEMS_SHOWN:
        say(f"… and {len(report.problems) - PROBLEMS_SHOWN} more problems.")


@contextmanager
def progress() -> Iterator[ProgressCall]:
    """Give a progress callback that draws a bar for each thing being done."""
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True)) as drawn:
        tasks: dict[str, Any] = {}

        def called(doing: str, done: int, whole: int | None) -> None:
            if doing not in tasks:
                tasks[doing] = drawn.add_task(doing, total=whole)
            drawn.update(tasks[doing], completed=done, total=whole)

        yield called


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our errors into a message on standard error and exit code 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CatchmentsError as error:
            _say_refusal(error)
            raise click.exceptions.Exit(REFUSED) from error

    return guarded


def _say_refusal(error: CatchmentsError) -> None:
    click.echo(f"Refused: {printable(str(error))}", err=True)
    details = [*getattr(error, "rows", ()), *getattr(error, "reasons", ())]
    for detail in details[:PROBLEMS_SHOWN]:
        click.echo(f"  - {printable(str(detail))}", err=True)
    if len(details) > PROBLEMS_SHOWN:
        click.echo(f"  … and {len(details) - PROBLEMS_SHOWN} more.", err=True)
