"""`flask schools import`: a release of the Ministry's school directory; `flask aliases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from catchments.commands.console import (
    DAY,
    directory_in_use,
    directory_to_match,
    progress,
    record_import,
    refusing,
    say,
    show_report,
    store,
    store_to_fill,
    table,
)
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.core.model import Alias, DirectoryRelease, School, SchoolStatus
from catchments.core.place_names import with_macrons
from catchments.lookup.snapshot import Timeline
from catchments.readers.aliases import read_aliases
from catchments.readers.ckan import fetch_directory
from catchments.readers.directory import read_directory, refuse_shrinkage
from catchments.readers.report import Report, facts_of
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store

NAMED_AT_MOST = 20


@click.group()
def schools() -> None:
    """The Ministry's school directory."""


@schools.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--from-data-govt-nz", is_flag=True, help="Read the open data service instead.")
@click.option("--released", type=DAY, help="The release's date.")
@click.option("--allow-shrink", is_flag=True, help="Accept a directory that lost over 10 %.")
@click.option("--sheet", help="The sheet of a workbook to read, where several could be meant.")
@click.option(
    "--treat-status",
    multiple=True,
    metavar="TEXT=STATUS",
    help="What a status means that is not Open, Proposed or Closed: “Not Active=closed”.",
)
@click.option("--commit", is_flag=True, help="Write it; without this, only show what it would do.")
@refusing
def import_schools(
    file: Path | None,
    from_data_govt_nz: bool,
    released: date | None,
    allow_shrink: bool,
    sheet: str | None,
    treat_status: tuple[str, ...],
    commit: bool,
) -> None:
    """Read a school directory (a table, or data.govt.nz) and keep it as a new release."""
    if (file is None) != from_data_govt_nz:
        raise InputRefused("Give either a file or --from-data-govt-nz.")
    if file is None and sheet:
        raise InputRefused("--sheet names a sheet of a file, and none is given.")
    statuses = dict(map(_told_status, treat_status))
    opened = store_to_fill(commit=commit)
    release, report = _read(file, released, sheet, statuses)
    show_report(report)
    previous = _previous(opened, release)
    _show_difference(previous, release)
    refuse_shrinkage(previous, release, allow_shrink=allow_shrink)
    if not commit:
        say("Nothing was written. Add --commit to keep this release.")
        return
    number = opened.add_release(release)
    named = f"directory release {number}"
    if file is None:
        record_import("schools", named, source=release.source)
    else:
        record_import("schools", named, file)
    say(f"Kept as directory release {number}, dated {release.released}.")


def _told_status(text: str) -> tuple[str, SchoolStatus]:
    """Return a status of a file and what it means, from “Not Active=closed”."""
    given, _, meant = text.rpartition("=")
    try:
        status = SchoolStatus(meant.strip().casefold())
    except ValueError:
        status = None
    if status is None or not given.strip():
        raise InputRefused(
            f"--treat-status {shown(text)} does not say what a status means.",
            allowed="A text of the file, “=”, and one of open, proposed and closed.",
            next_step='As --treat-status "Not Active=closed".',
        )
    return given, status


def _read(
    file: Path | None,
    released: date | None,
    sheet: str | None,
    statuses: Mapping[str, SchoolStatus],
) -> tuple[DirectoryRelease, Report]:
    with progress() as called:
        if file is None:
            today = today_in_new_zealand()
            return fetch_directory(today=today, progress=called, statuses=statuses)
        return read_directory(
            file, released=released, progress=called, sheet=sheet, statuses=statuses
        )


def _previous(opened: Store, release: DirectoryRelease) -> DirectoryRelease | None:
    """Return the real release just before this one by date, if there is one."""
    real = [r for r in opened.releases() if not r.source.demonstration]
    same = [r for r in real if r.source.sha256 == release.source.sha256]
    if same:
        raise FileRefused(
            f"This very file has been kept already, as directory release {same[0].number}.",
            next_step="There is nothing to do.",
        )
    before = Timeline.of([], [r for r in real if r.released <= release.released]).releases
    return opened.release(before[-1].number) if before else None


def _show_difference(previous: DirectoryRelease | None, release: DirectoryRelease) -> None:
    if previous is None:
        say(f"No earlier release is kept: all {len(release.schools)} schools are new.")
        return
    old, new = previous.schools, release.schools
    added, removed = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    contacts = any(school.website or school.email_domain for school in old.values())
    changed = [n for n in set(new) & set(old) if _as_kept(new[n], contacts=contacts) != old[n]]
    against = f"Against release {previous.number} of {previous.released}"
    rows = (("added", len(added)), ("removed", len(removed)), ("changed", len(changed)))
    table(against, ("Schools", "How many"), rows)
    _name_some("Added", [new[n] for n in added])
    _name_some("Removed", [old[n] for n in removed])


def _as_kept(school: School, *, contacts: bool) -> School:
    """Return a school as the store would give it: its town with macrons, if need be less.

    Releases that were kept before there was room for websites and e-mail domains have none.
    """
    named = replace(school, suburb=with_macrons(school.suburb), city=with_macrons(school.city))
    return named if contacts else replace(named, website="", email_domain="")


def _name_some(title: str, them: list[School]) -> None:
    if not them:
        return
    rows = [(str(s.school_id), s.name, s.city) for s in them[:NAMED_AT_MOST]]
    if len(them) > NAMED_AT_MOST:
        rows.append(("", f"… and {len(them) - NAMED_AT_MOST} more", ""))
    table(title, ("Number", "Name", "Town"), rows)


# --- aliases --------------------------------------------------------------------------------------


@click.group()
def aliases() -> None:
    """What people call schools beside their names."""


@aliases.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sheet", help="The sheet of a workbook to read, where several could be meant.")
@click.option("--commit", is_flag=True, help="Write it; without this, only show what it would do.")
@refusing
def import_aliases(file: Path, sheet: str | None, commit: bool) -> None:
    """Read a table (CSV, XLSX or Parquet: alias, school number, source) in place of all aliases."""
    opened = store_to_fill(commit=commit)
    schools = directory_to_match(opened, "table").ever
    with progress() as called:
        given, report = read_aliases(file, schools=schools, sheet=sheet, progress=called)
    show_report(report)
    before = opened.aliases()
    kept = set(given) & set(before)
    _show_aliases("Added", [a for a in given if a not in kept], schools)
    _show_aliases("Taken away", [a for a in before if a not in kept], schools)
    if not commit:
        say("Nothing was written. Add --commit to put these in place of all there are.")
        return
    opened.replace_aliases(given, files=[facts_of(file, file.name)])
    say(f"Kept {len(given):,} aliases.")


@aliases.command("list")
@refusing
def list_aliases() -> None:
    """List the aliases, with the school of each as the directory of today has it."""
    opened = store()
    release = directory_in_use(opened)
    _show_aliases("Aliases", opened.aliases(), release.ever if release else {})


def _show_aliases(title: str, found: Sequence[Alias], schools: Mapping[int, School]) -> None:
    rows = ((a.text, a.school_id, _name(schools, a), a.source) for a in found)
    table(f"{title}: {len(found):,}", ("Alias", "Number", "School", "Source"), rows)


def _name(schools: Mapping[int, School], alias: Alias) -> str:
    school = schools.get(alias.school_id)
    return school.name if school else "not in the directory"
