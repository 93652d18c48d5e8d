"""Verification of the trail, and of the editions, releases and aliases that it is about.

Everything is read in one transaction that sees one state, one edition at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import shown
from catchments.store import schema
from catchments.store.engine import Database
from catchments.store.integrity.audit import AuditEntry, Chain, all_entries, append
from catchments.store.integrity.chain_keys import keys_at_hand
from catchments.store.integrity.digests import (
    ARTEFACT,
    FORM,
    Unreadable,
    aliases_rows,
    artefact_rows,
    edition_rows,
    one_state,
    release_rows,
)
from catchments.store.integrity.records import (
    ALIASES,
    aliases_record,
    differences,
    edition_record,
    release_record,
)
from catchments.store.integrity.sealed_columns import SEALED, SealedColumn, keys_in_use

AS_FOUND = "audit.as-found"
"""What an entry says was done that holds a digest of what was there: as it was found then."""
ROWS_NAMED = 20
"""Of one table; more are counted."""
LABELS = {
    "edition": "what the edition says of itself",
    "edition_catchment": "catchment",
    "boundary": "boundary of catchment",
    "edition_provider": "provider",
    "edition_listing": "listed school",
    "edition_in_school_provision": "in-school provision of school",
    "edition_source": "source",
    "source": "source",
    "artefact": "file",
    "directory_release": "what the release says of itself",
    "school": "school",
    "alias": "alias",
}
"""What people call a row of a table; its key follows, the last of its columns' values."""

Progress = Callable[[str, int, int | None], None]


@dataclass
class About:
    """What entries hold of one thing."""

    entry: int
    """The first entry that holds its digest."""
    at: str
    as_found: bool
    """Whether it was there before; what it was earlier is not known."""
    digest: Mapping[str, Any] | None = None
    made: Mapping[str, Any] | None = None
    withdrawn_at: str | None = None


@dataclass
class Verdict:
    """What verifying came to."""

    chain: Chain
    first_keyed: int = 0
    """The number of the first entry under a key; 0 where none is."""
    sealed_before: int = 0
    """How many secrets were sealed already when it was written: a key may have been taken away."""
    faults: list[str] = field(default_factory=list)
    """A sentence for each thing that is not what the trail says."""
    checked: list[str] = field(default_factory=list)
    """What is what the trail says."""
    as_found: list[str] = field(default_factory=list)
    """Of those, what was there before digests were kept."""
    uncovered: list[str] = field(default_factory=list)
    """Of what no entry holds a digest."""
    expected: bool = True
    """Whether the trail has the hash that was kept elsewhere."""


def verify(
    database: Database,
    *,
    expect: str = "",
    contents: bool = True,
    sealed: Sequence[SealedColumn] = SEALED,
    progress: Progress | None = None,
) -> Verdict:
    """Read the trail, then all that it is about unless `contents` is not set.

    `sealed` are the columns of that database that hold secrets.
    """
    with database.reading() as connection:
        one_state(connection)
        chain = Chain(*keys_at_hand(connection))
        verdict, known = Verdict(chain, expected=not expect), _Known()
        for entry in chain.follow(all_entries(connection)):
            known.note(entry)
            verdict.expected |= entry.hash == expect
            if entry.mac and not verdict.first_keyed:
                verdict.first_keyed = entry.number
                held = json.loads(entry.detail)
                verdict.sealed_before = int(held.get("secrets_sealed_before", 0))
        _note_a_key_that_is_gone(connection, verdict, sealed)
        if contents and chain.broken_at is None:
            _check_contents(connection, known, verdict, progress or (lambda *_: None))
        return verdict


def sealed_secrets(connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED) -> int:
    """Return how many secrets are sealed: none is before a start has made the trail's key."""
    return sum(count for name, count in keys_in_use(connection, kinds).items() if name)


def _note_a_key_that_is_gone(
    connection: sa.Connection, verdict: Verdict, kinds: Sequence[SealedColumn]
) -> None:
    if verdict.first_keyed or verdict.chain.broken_at is not None:
        return
    if sealed := sealed_secrets(connection, kinds):
        verdict.faults.append(
            f"No entry is under a key, and {sealed} secrets of this database are sealed: somebody "
            "may have taken the trail's key out, and written all entries anew."
        )


def seal_as_found(connection: sa.Connection, *, by: str) -> list[str]:
    """Add an entry for each thing of which none holds a digest; return their names.

    Such an entry says how it was found now, and nothing of what it was before.
    """
    known = _Known()
    for entry in all_entries(connection):
        known.note(entry)
    missing = [thing for thing in _things(connection) if _lacks(known.about.get(thing.name))]
    for thing in missing:
        append(connection, actor=by, action=AS_FOUND, subject=thing.name, **thing.record())
    return [thing.name for thing in missing]


class _Known:
    """What entries hold, by the name of what they are about."""

    def __init__(self) -> None:
        self.about: dict[str, About] = {}

    def note(self, entry: AuditEntry) -> None:
        """Take in what an entry holds."""
        try:
            detail = json.loads(entry.detail)
        except ValueError:
            return
        held = {name for name in ("digest", "made", "withdrawn_at") if name in detail}
        if not held and entry.action != "edition.withdraw":
            return
        new = About(entry.number, entry.at, entry.action == AS_FOUND)
        about = self.about.setdefault(entry.subject, new)
        if "digest" in held:
            about.entry, about.at, about.as_found = new.entry, new.at, new.as_found
        about.digest = detail.get("digest", about.digest)
        about.made = detail.get("made", about.made)
        if entry.action == "edition.withdraw":
            about.withdrawn_at = detail.get("withdrawn_at", "at some time")
        elif entry.action == AS_FOUND:
            about.withdrawn_at = detail.get("withdrawn_at")


@dataclass(frozen=True)
class _Thing:
    """Something that an entry is to hold a digest of."""

    name: str
    parts: Callable[[], dict[str, Iterator[tuple[str, bytes]]]]
    made: Callable[[], dict[str, Iterator[tuple[str, bytes]]]] | None
    record: Callable[[], dict[str, Any]]
    withdrawn_at: str | None = None


def _things(connection: sa.Connection) -> list[_Thing]:
    found = [_edition(connection, *row) for row in _editions(connection)]
    releases = sa.select(schema.directory_release.c.number)
    found += [_release(connection, number) for number in sorted(connection.scalars(releases))]
    if connection.scalar(sa.select(schema.alias.c.position).limit(1)) is not None:
        found.append(
            _Thing(
                ALIASES,
                lambda: aliases_rows(connection),
                None,
                lambda: aliases_record(connection),
            )
        )
    return found


def _edition(connection: sa.Connection, number: int, withdrawn: Any) -> _Thing:
    withdrawn_at = withdrawn.isoformat() if withdrawn else None

    def record() -> dict[str, Any]:
        return {**edition_record(connection, number), "withdrawn_at": withdrawn_at}

    return _Thing(
        f"edition {number}",
        lambda: edition_rows(connection, number),
        lambda: {ARTEFACT: artefact_rows(connection, number)},
        record,
        withdrawn_at,
    )


def _release(connection: sa.Connection, number: int) -> _Thing:
    return _Thing(
        f"directory release {number}",
        lambda: release_rows(connection, number),
        None,
        lambda: release_record(connection, number),
    )


def _editions(connection: sa.Connection) -> list[tuple[int, Any]]:
    table = schema.edition
    query = sa.select(table.c.number, table.c.withdrawn_at).order_by(table.c.number)
    try:
        return [(row.number, row.withdrawn_at) for row in connection.execute(query)]
    except ValueError as error:  # SQLite keeps any text in a column of dates
        raise Unreadable(f"A row of the table edition cannot be read: {error}.") from error


def _lacks(about: About | None) -> bool:
    return about is None or about.digest is None


# --- comparing ------------------------------------------------------------------------------------


def _check_contents(
    connection: sa.Connection, known: _Known, verdict: Verdict, progress: Progress
) -> None:
    try:
        things = _things(connection)
    except Unreadable as error:
        verdict.faults.append(str(error))
        return
    there = {thing.name for thing in things}
    for done, thing in enumerate(things):
        progress("Comparing", done, len(things))
        _check(connection, thing, known.about.get(thing.name), verdict)
    progress("Comparing", len(things), len(things))
    for name, about in known.about.items():
        if name not in there and not _lacks(about):
            verdict.faults.append(f"{_begun(name)} is gone; entry {about.entry} holds its digest.")


def _check(connection: sa.Connection, thing: _Thing, about: About | None, verdict: Verdict) -> None:
    if about is None or about.digest is None:
        _note_uncovered(thing, verdict)
        return
    try:
        faults = list(_faults_of(connection, thing, about))
    except Unreadable as error:
        faults = [f"{_begun(thing.name)}: {error}"]
    verdict.faults += faults
    if not faults:
        verdict.checked.append(thing.name)
        if about.as_found:
            verdict.as_found.append(thing.name)


def _note_uncovered(thing: _Thing, verdict: Verdict) -> None:
    if verdict.first_keyed:  # all that was there then has its entry, and all since
        verdict.faults.append(f"{_begun(thing.name)} is there, and no entry says how it came.")
    verdict.uncovered.append(thing.name)


def _faults_of(connection: sa.Connection, thing: _Thing, about: About) -> Iterator[str]:
    assert about.digest is not None  # noqa: S101 - asked before
    yield from _differing(connection, thing.name, about.digest, thing.parts())
    if thing.made is not None and about.made is not None:
        yield from _differing(connection, thing.name, about.made, thing.made())
    said = about.withdrawn_at
    if bool(said) != bool(thing.withdrawn_at):
        now = "is marked as withdrawn" if thing.withdrawn_at else "is not marked as withdrawn"
        yield f"{_begun(thing.name)} {now}, and the trail says otherwise."
    elif said and said not in {thing.withdrawn_at, "at some time"}:
        yield f"{_begun(thing.name)} was withdrawn at another time than the trail says."


def _differing(
    connection: sa.Connection,
    name: str,
    recorded: Mapping[str, Any],
    parts: Mapping[str, Iterable[tuple[str, bytes]]],
) -> Iterator[str]:
    if recorded.get("form") != FORM:
        yield f"{_begun(name)}: its digest is of another form than this version knows."
        return
    read = {table: list(rows) for table, rows in parts.items()}
    found = differences(connection, name, recorded, read)
    for table, key, what in found[:ROWS_NAMED]:
        yield f"{_begun(name)}: {_row(table, key)} {what} (table {table})."
    if len(found) > ROWS_NAMED:
        yield f"{_begun(name)}: {len(found) - ROWS_NAMED} more rows differ."


def _row(table: str, key: str) -> str:
    label = LABELS.get(table, table)
    named = key.partition(" ")[2]  # the first is the number of the edition or the release
    return f"{label} {shown(named)}" if named else label


def _begun(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
