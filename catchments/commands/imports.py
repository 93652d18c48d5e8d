"""`flask catchments | providers | listings import`: files into a draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from catchments.changes.change import Change, apply_all
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.commands.comparing import show_comparison
from catchments.commands.console import (
    NUMBER,
    progress,
    record_import,
    refusing,
    say,
    show_report,
    store,
)
from catchments.core.errors import InputRefused
from catchments.core.model import NOT_STATED, Edition
from catchments.geometry.tiling.coverage import SLIVER_WIDTH_M
from catchments.lookup.snapshot import Timeline, today_in_new_zealand
from catchments.readers.boundaries import read_boundaries
from catchments.readers.listings import read_listings
from catchments.readers.providers import read_providers
from catchments.store import Draft, Store

Command = Callable[..., Any]


def _draft_options(command: Command) -> Command:
    options = (
        click.option(
            "--draft", type=NUMBER, help="The draft to add to; the newest open one, or new."
        ),
        click.option("--new-draft", is_flag=True, help="Begin a new draft."),
        click.option("--commit", is_flag=True, help="Write it; without, only show what it does."),
        click.option("--authority", default="Ministry of Education", show_default=True),
        click.option("--licence", default="", help="The file's licence; needed to publish."),
        click.option("--release", default="", help="The file's release, such as its date."),
        click.option("--url", default="", help="Where the file came from."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Target:
    """The draft that an import goes to, and what it holds so far."""

    store: Store
    draft: Draft | None
    base_number: int | None
    content: Edition

    @classmethod
    def chosen(cls, store: Store, draft_id: int | None, *, new: bool) -> _Target:
        if new and draft_id is not None:
            raise InputRefused("Give --draft or --new-draft, not both.")
        draft = None if new else _open_draft(store, draft_id)
        base_number = draft.base_number if draft else _usual_base(store)
        base = store.edition(base_number) if base_number else Edition()
        return cls(store, draft, base_number, apply_all(base, draft.changes if draft else ()))

    def add(self, change: Change, kind: str, files: Sequence[Path], *, commit: bool) -> None:
        """Add what was read from files to the draft, and to the audit trail from which."""
        after = change.apply(self.content)
        show_comparison(self.content, after)
        named = f"draft {self.draft.id}" if self.draft else "a new draft"
        base = f"edition {self.base_number}" if self.base_number else "nothing"
        if not commit:
            say(f"Nothing was written. Add --commit to add this to {named}, based on {base}.")
            return
        draft_id = self.store.add_to_draft(
            change,
            draft_id=self.draft.id if self.draft else None,
            title=f"{kind.capitalize()} from {', '.join(file.name for file in files)}",
            base_number=self.base_number,
        )
        record_import(kind, f"draft {draft_id}", *files)
        say(f"Added to draft {draft_id}, based on {base}. Publish it with:")
        say(f"  flask editions publish {draft_id} --effective-from YYYY-MM-DD")


def _open_draft(store: Store, draft_id: int | None) -> Draft | None:
    if draft_id is not None:
        draft = store.draft(draft_id)
        if draft.published_as is not None:
            raise InputRefused(
                f"Draft {draft_id} has been published already, as edition {draft.published_as}.",
                next_step="Leave --draft out, or begin another with --new-draft.",
            )
        return draft
    unpublished = [d for d in store.drafts() if d.published_as is None]
    return store.draft(unpublished[-1].id) if unpublished else None


def _usual_base(store: Store) -> int | None:
    """Return the newest real edition: nothing real is ever built on the demonstration."""
    real = [e for e in store.editions() if not e.demonstration]
    timeline = Timeline.of(real, [])
    return timeline.editions[-1].number if timeline.editions else None


@click.group()
def catchments() -> None:
    """Catchments and their boundaries."""


@catchments.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name-field", help="The column with the catchment's name.")
@click.option("--code-field", help="The column with the catchment's code.")
@click.option("--provider-field", help="The column with the provider's name.")
@click.option("--region-field", help="The column with the education region.")
@click.option("--layer", help="Read this layer only.")
@click.option("--crs", help="The reference system of a file that declares none, as EPSG:2193.")
@click.option(
    "--sliver-width-m",
    type=click.FloatRange(0, 1000),
    default=SLIVER_WIDTH_M,
    show_default=True,
    help="Overlaps and gaps up to this many metres wide are mended.",
)
@click.option("--accept-overlaps", is_flag=True, help="Keep wider overlaps; they are ambiguous.")
@click.option("--accept-gaps", is_flag=True, help="Keep wider gaps between neighbours.")
@_draft_options
@refusing
def import_catchments(
    files: tuple[Path, ...],
    draft: int | None,
    new_draft: bool,
    commit: bool,
    licence: str,
    crs: str | None,
    accept_gaps: bool,
    **reading: Any,
) -> None:
    """Read KML, KMZ, GeoJSON, GeoPackage, zipped Shapefile or CSV with WKT into a draft."""
    target = _Target.chosen(store(), draft, new=new_draft)
    url = reading.pop("url")
    with progress() as called:
        read = read_boundaries(
            files,
            source_crs=crs,
            accept_gaps=accept_gaps,
            licence=licence or NOT_STATED,
            progress=called,
            **reading,
        )
    show_report(read.report)
    change = ReplaceCatchments(
        catchments=read.catchments,
        boundaries=read.boundaries,
        sources=tuple(replace(source, url=url) for source in read.sources),
        providers=read.providers,
        overlaps_accepted=read.overlaps_accepted,
        gaps_accepted=accept_gaps,
    )
    target.add(change, "catchments", files, commit=commit)


@click.group()
def providers() -> None:
    """Providers and the catchments that they serve."""


@providers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_draft_options
@refusing
def import_providers(
    file: Path, draft: int | None, new_draft: bool, commit: bool, licence: str, **source: str
) -> None:
    """Read a table of providers, with their catchments if it has them, into a draft."""
    target = _Target.chosen(store(), draft, new=new_draft)
    with progress() as called:
        read = read_providers(file, licence=licence or NOT_STATED, progress=called, **source)
    show_report(read.report)
    change = ReplaceProviders(read.providers, read.source, read.assignments)
    target.add(change, "providers", [file], commit=commit)


@click.group()
def listings() -> None:
    """The published lists of the schools in each catchment."""


@listings.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_draft_options
@refusing
def import_listings(
    file: Path, draft: int | None, new_draft: bool, commit: bool, licence: str, **source: str
) -> None:
    """Read a list of schools with their catchments (CSV or XLSX) into a draft."""
    opened = store()
    target = _Target.chosen(opened, draft, new=new_draft)
    known = Timeline.of([], opened.releases()).release_on(today_in_new_zealand())
    if known is None:
        raise InputRefused(
            "There is no school directory to match the list against.",
            next_step="Import one first: flask schools import FILE --commit.",
        )
    with progress() as called:
        read = read_listings(
            file,
            schools=opened.release(known.number).schools,
            catchments=target.content.catchments,
            licence=licence or NOT_STATED,
            progress=called,
            **source,
        )
    show_report(read.report)
    in_school = read.in_school_provision or None
    change = ReplaceListings(
        read.listings, read.source, unserved=read.unserved, in_school_provision=in_school
    )
    target.add(change, "listings", [file], commit=commit)
