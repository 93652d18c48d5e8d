"""`flask catchments | providers | listings import`: files into a draft."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from catchments.changes.change import Change, apply_all
from catchments.changes.kinds.replace_listings import refuse_contradiction
from catchments.commands.comparing import show_effects
from catchments.commands.console import (
    NUMBER,
    directory_in_use,
    directory_to_match,
    progress,
    record_import,
    refusing,
    say,
    show_report,
    store_to_fill,
)
from catchments.core.errors import InputRefused
from catchments.core.model import NOT_STATED, Edition
from catchments.geometry.tiling.coverage import SLIVER_WIDTH_M
from catchments.lookup.snapshot import Timeline
from catchments.readers.boundaries.change import catchments_change
from catchments.readers.boundaries.coverage_refused import CoverageRefused
from catchments.readers.boundaries.reading import BoundaryReading, are_made_up, read_boundaries
from catchments.readers.lists.changes import (
    after_import,
    listings_change,
    providers_change,
    refuse_losses,
)
from catchments.readers.lists.files import AUTHORITY, Given, is_made_up
from catchments.readers.lists.listings import read_listings
from catchments.readers.lists.providers import read_providers
from catchments.store import Draft, Store
from maps.faults_map import faults_map as draw_faults

Command = Callable[..., Any]
WHOLE = "The file is the complete list: what it does not name goes."


def _into_a_draft(made_up: Callable[[Sequence[Path]], bool]) -> Callable[[Command], Command]:
    """Give a command the draft that its files go to, in place of the options that choose it.

    Only files that are `made_up` go on top of the demonstration.
    """
    options = (
        click.option(
            "--draft", type=NUMBER, help="The draft to add to; the newest open one, or new."
        ),
        click.option("--new-draft", is_flag=True, help="Begin a new draft."),
        click.option("--base", type=NUMBER, help="The edition that a new draft is based on."),
        click.option("--commit", is_flag=True, help="Write it; without, only show what it does."),
        click.option(
            "--authority", default="", help=f"Who published the file; else it says, or {AUTHORITY}."
        ),
        click.option("--licence", default="", help="The file's licence; needed to publish."),
        click.option("--release", default="", help="The file's release, such as its date."),
        click.option("--url", default="", help="Where the file came from."),
    )

    def given(command: Command) -> Command:
        @refusing
        @wraps(command)
        def importing(files: Sequence[Path], **how: Any) -> None:
            chosen = {name: how.pop(name) for name in ("draft", "new_draft", "base", "commit")}
            command(files, _Target.chosen(**chosen, made_up=partial(made_up, files)), **how)

        made: Command = importing
        for option in reversed(options):
            made = option(made)
        return made

    return given


def _list_options(command: Command) -> Command:
    for option in (
        click.option("--whole", is_flag=True, help=WHOLE),
        click.option("--allow-shrink", is_flag=True, help="Accept that over 10 % is left out."),
        click.option("--sheet", help="Read this sheet of a workbook only."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Target:
    """The draft that an import goes to, and what it holds so far."""

    store: Store
    draft: Draft | None
    base_number: int | None
    base: Edition
    content: Edition
    commit: bool
    """Whether it is to be written."""

    @classmethod
    def chosen(
        cls,
        *,
        draft: int | None,
        new_draft: bool,
        base: int | None,
        commit: bool,
        made_up: Callable[[], bool],
    ) -> _Target:
        """Return what an import goes to; only what is `made_up` goes on top of the demonstration.

        That is asked only where there is no other edition: a file is read for it. Raises
        InputRefused.
        """
        store = store_to_fill(commit=commit)
        if new_draft and draft is not None:
            raise InputRefused("Give --draft or --new-draft, not both.")
        if base is not None and draft is not None:
            raise InputRefused(
                "Give --draft or --base, not both.",
                next_step="A draft is based on an edition already; --base is for a new one.",
            )
        is_new = new_draft or base is not None
        found = None if is_new else _open_draft(store, draft)
        number = found.base_number if found else base or _usual_base(store, made_up=made_up)
        if number is None and found is None:
            _say_unbuilt(store)
        edition = store.edition(number) if number else Edition()
        content = apply_all(edition, found.changes if found else ())
        return cls(store, found, number, edition, content, commit)

    def add(
        self,
        change: Change,
        kind: str,
        files: Sequence[Path],
        *,
        allow_shrink: bool,
        speaks_for: Collection[str] | None = None,
    ) -> None:
        """Add what was read from files to the draft, and to the audit trail from which."""
        after, release = after_import(change, self.content), directory_in_use(self.store)
        schools = release.ever if release else {}
        show_effects(self.content, after, schools)
        refuse_losses(
            self.content, after, schools, speaks_for=speaks_for, allow_shrink=allow_shrink
        )
        named = f"draft {self.draft.id}" if self.draft else "a new draft"
        base = f"edition {self.base_number}" if self.base_number else "nothing"
        if after is self.content:
            say(f"Nothing was written: {named}, based on {base}, has all of this already.")
            return
        if not self.commit:
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


def _say_unbuilt(store: Store) -> None:
    """Say that the demonstration is there and not built on, where it is all that there is."""
    made_up = [edition.number for edition in store.editions() if edition.demonstration]
    if made_up:
        say(
            "There is no real edition, and nothing real is built on the demonstration: the file is "
            f"read for an empty draft. For a try on the demonstration add --base {made_up[-1]}."
        )


def _usual_base(store: Store, *, made_up: Callable[[], bool]) -> int | None:
    """Return the newest real edition: nothing real is ever built on the demonstration."""
    editions = store.editions()
    real = [e for e in editions if not e.demonstration]
    timeline = Timeline.of(real or (editions if editions and made_up() else []), [])
    return timeline.editions[-1].number if timeline.editions else None


@click.group()
def catchments() -> None:
    """Catchments and their boundaries."""


@catchments.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name-field", help="The column with the catchment's name.")
@click.option("--code-field", help="The column with the catchment's code.")
@click.option("--provider-field", help="The column with the provider's name.")
@click.option("--provider-code-field", help="The column with the provider's code.")
@click.option("--region-field", help="The column with the education region.")
@click.option("--layer", multiple=True, help="Read this layer; may be repeated, * is all.")
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
@click.option(
    "--faults-map",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write a page that shows what the file is refused for, if it does not tile.",
)
@_into_a_draft(are_made_up)
def import_catchments(
    files: Sequence[Path], target: _Target, url: str, faults_map: Path | None, **reading: Any
) -> None:
    """Read boundary files into a draft.

    KML, KMZ, GeoJSON, TopoJSON, GeoPackage, GeoParquet, zipped Shapefile, or CSV with WKT.
    """
    with _drawing_faults(faults_map):
        read = _boundaries(files, target, **reading)
    show_report(read.report)
    change = catchments_change(read, target.content, url=url)
    # New boundaries may be wholly new: what they leave uncovered is asked about at publication.
    target.add(change, "catchments", files, allow_shrink=True)


@contextmanager
def _drawing_faults(path: Path | None) -> Iterator[None]:
    """Write a page with a map of what boundaries are refused for, where they do not tile."""
    try:
        yield
    except CoverageRefused as error:
        if path is not None:
            path.write_bytes(draw_faults(error.boundaries, error.names, error.faults))
            say(f"A map of the places is in {path}.")
        raise


def _boundaries(
    files: Sequence[Path],
    target: _Target,
    *,
    crs: str | None,
    authority: str,
    licence: str,
    **reading: Any,
) -> BoundaryReading:
    with progress() as called:
        return read_boundaries(
            files,
            known=target.content,
            source_crs=crs,
            authority=authority or AUTHORITY,
            licence=licence or NOT_STATED,
            progress=called,
            **reading,
        )


@click.group()
def providers() -> None:
    """Providers and the catchments that they serve."""


@providers.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_list_options
@_into_a_draft(lambda files: is_made_up(files[0]))
def import_providers(
    files: Sequence[Path], target: _Target, allow_shrink: bool, whole: bool, **given: Any
) -> None:
    """Read tables of providers, with their catchments if they have them, into a draft."""
    with progress() as called:
        read = read_providers(files, known=target.content, given=Given(**given), progress=called)
    show_report(read.report)
    change = providers_change(read, target.content, whole=whole)
    target.add(change, "providers", files, allow_shrink=allow_shrink)


@click.group()
def listings() -> None:
    """The published lists of the schools in each catchment."""


@listings.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_list_options
@_into_a_draft(lambda files: is_made_up(files[0]))
def import_listings(
    files: Sequence[Path], target: _Target, allow_shrink: bool, whole: bool, **given: Any
) -> None:
    """Read lists of schools with their catchments (CSV, XLSX or Parquet) into a draft.

    Each speaks for the catchments that it names: schools of theirs that it leaves out lose their
    place on the list, those of other catchments keep it.
    """
    schools, known = directory_to_match(target.store, "list").schools, target.content
    with progress() as called:
        asked = Given(**given)
        read = read_listings(files, schools=schools, known=known, given=asked, progress=called)
    show_report(read.report)
    change = listings_change(read, target.content, whole=whole)
    refuse_contradiction(change, target.base, target.content)
    target.add(change, "listings", files, allow_shrink=allow_shrink, speaks_for=change.speaks_for)
