"""`flask addresses import | show`: LINZ NZ Addresses into the address book."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import click

from catchments.commands.console import (
    DAY,
    current_settings,
    progress,
    recorded_import,
    refusing,
    say,
    show_report,
    table,
)
from catchments.core.errors import FileRefused, shown
from catchments.core.model import PlaceKind, Source
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.addresses.building import BookBuilder, Counts, building_book
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.values import day_of
from catchments.readers.addresses import AddressReading
from catchments.readers.report import Progress
from catchments.store.engine import StoreUnavailable

MAX_SHRINKAGE = 0.10
"""A file may have so large a part fewer addresses than the book before it is refused."""


@click.group()
def addresses() -> None:
    """The street addresses that are known here."""


@addresses.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--release", type=DAY, help="The file's date.")
@click.option("--allow-shrink", is_flag=True, help="Accept over 10 % fewer addresses than held.")
@click.option("--commit", is_flag=True, help="Write it; without this, only read and report.")
@refusing
def import_addresses(file: Path, release: date | None, allow_shrink: bool, commit: bool) -> None:
    """Read LINZ NZ Addresses (CSV or GeoPackage) in place of the addresses held so far."""
    path = current_settings().addresses_path
    reading = AddressReading(file)
    with building_book(path) if commit else nullcontext() as book:
        with progress() as called:
            _take_in(reading, book, called)
        show_report(reading.report)
        source = reading.source(release=release.isoformat() if release else "")
        about, counts_held = _held(path)
        _compare(counts_held, reading.kept, allow_shrink=allow_shrink)
        _say_if_older(about, source)
        if book is None:
            say("Nothing was written. Add --commit to build the address book.")
            return
        with progress() as called:
            counts = book.finish(source, called)
            book.check(knows=_knows)
            book.put_in_place(within=recorded_import("addresses", "address book", file))
    say(
        f"Kept {counts.addresses:,} addresses on {counts.roads:,} roads, "
        f"release {source.release}. Running workers use them from the next lookup on."
    )


@addresses.command("show")
@refusing
def show_addresses() -> None:
    """Show which addresses are held, and where they came from."""
    path = current_settings().addresses_path
    book = AddressBook(path)
    source, counts, fingerprint = book.about(), book.counts(), book.fingerprint
    book.close()
    if source is None or counts is None:
        if path.exists():
            raise StoreUnavailable(
                f"{shown(path.name)} is no address book of this version, or it is damaged.",
                next_step="Import the addresses again.",
            )
        say("No addresses are held. `flask addresses import FILE --commit` takes them in.")
        return
    table(
        "Addresses",
        ("What", "Value"),
        {**_facts(source, counts, path), "fingerprint": fingerprint}.items(),
    )


def _facts(source: Source, counts: Counts, path: Path) -> dict[str, str]:
    return {
        "addresses": f"{counts.addresses:,}",
        "roads, counted once a suburb": f"{counts.roads:,}",
        "suburbs and towns": f"{counts.localities:,}",
        "title": source.title,
        "authority": source.authority,
        "licence": source.licence,
        "release": source.release,
        "file": source.file_name,
        "SHA-256": source.sha256,
        "size": f"{path.stat().st_size / 1e6:,.1f} MB",
    }


def _take_in(reading: AddressReading, book: BookBuilder | None, called: Progress) -> None:
    found = reading.addresses(progress=called)
    if book is None:
        deque(found, maxlen=0)
    else:
        book.add(found)


def _held(path: Path) -> tuple[Source | None, Counts | None]:
    book = AddressBook(path)
    found = book.about(), book.counts()
    book.close()
    return found


def _knows(path: Path, text: str) -> bool:
    book = AddressBook(path)
    found = book.candidates(TypedText.of(text), at_most=1)
    book.close()
    return any(place.kind is PlaceKind.ADDRESS for place in found)


def _compare(before: Counts | None, now: int, *, allow_shrink: bool) -> None:
    if before is None:
        say(f"No addresses were held before: all {now:,} are new.")
        return
    say(f"Before, {before.addresses:,} addresses were held; this file has {now:,}.")
    if allow_shrink or now >= before.addresses * (1 - MAX_SHRINKAGE):
        return
    raise FileRefused(
        f"This file has {now:,} addresses, and {before.addresses:,} are held.",
        allowed=f"At most {MAX_SHRINKAGE:.0%} may be missing.",
        next_step="Check that the file is whole; if it is meant to be smaller, add --allow-shrink.",
    )


def _say_if_older(before: Source | None, now: Source) -> None:
    held, given = (day_of(each.release) if each else None for each in (before, now))
    if before and held and given and given < held:
        say(f"This file is the older: of {now.release}; those held are of {before.release}.")
