"""`flask basemap`: roads, lakes and rivers for the map, from files of their authority."""

from __future__ import annotations

from pathlib import Path

import click

from catchments.commands.console import (
    progress,
    refusing,
    say,
    show_report,
    store,
    store_to_fill,
    table,
)
from catchments.core.errors import InputRefused
from catchments.readers.formats.vectors.linework import read_linework
from catchments.readers.report import facts_of, line_of_text
from catchments.store.site.basemap import Basemaps, Credit
from maps.screen.basemap_cells import basemap_cells

TITLE = "Roads, lakes and rivers"
LONGEST = 200


@click.group()
def basemap() -> None:
    """Roads, lakes and rivers on the map."""


@basemap.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--authority", default="", help="Whose they are; credited on the map.")
@click.option("--licence", default="", help="Under which licence; credited on the map.")
@click.option("--title", default=TITLE, show_default=True, help="What the map calls them.")
@click.option("--crs", help="The coordinate system, whatever a file says: EPSG:2193.")
@click.option("--commit", is_flag=True, help="Write it; without this, only show what it would do.")
@refusing
def import_basemap(
    files: tuple[Path, ...], authority: str, licence: str, title: str, crs: str | None, commit: bool
) -> None:
    """Read GeoPackages of roads, lakes and rivers (LINZ Topo50) in place of those there are."""
    if commit and not (authority and licence):
        raise InputRefused(
            "It is not said whose they are and under which licence.",
            field="licence",
            allowed="Both are credited on the map.",
            next_step="Give --authority and --licence, such as “CC BY 4.0”.",
        )
    opened = store_to_fill(commit=commit)
    with progress() as called:
        linework, report = read_linework(files, crs=crs, progress=called)
    show_report(report)
    with progress() as called:
        cells = basemap_cells(linework, called)
        if commit:
            credit = Credit(
                *(line_of_text(t, at_most=LONGEST) for t in (title, authority, licence))
            )
            size = Basemaps(opened).replace(
                cells, credit, files=[facts_of(path, path.name) for path in files]
            )
        else:
            size = sum(len(cell.content) for cell in cells)
    say(f"Cut by region and zoom they have {size / 1e6:,.1f} MB; a reader loads what they look at.")
    if not commit:
        say("Nothing was written. Add --commit to put these in place of those there are.")


@basemap.command("show")
@refusing
def show_basemap() -> None:
    """Show whose roads, lakes and rivers are on the map."""
    about = Basemaps(store()).about()
    if about is None:
        say("There are none.")
        return
    credit = about.credit
    rows = (("Title", credit.title), ("Authority", credit.authority), ("Licence", credit.licence))
    table(TITLE, ("What", "Which"), rows)


@basemap.command("remove")
@click.option("--commit", is_flag=True, help="Do it; without this, only say so.")
@refusing
def remove_basemap(commit: bool) -> None:
    """Take roads, lakes and rivers off the map."""
    opened = Basemaps(store())
    if opened.about() is None:
        say("There are none.")
    elif not commit:
        say("Nothing was taken away. Add --commit to do it.")
    else:
        opened.remove()
        say("They are off the map.")
