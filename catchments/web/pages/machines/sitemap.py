"""The sitemap: every public page that holds for good, with when it last changed.

A file of it holds 50,000 addresses; of more, /sitemap.xml is the list of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request

from catchments.core.errors import NotKnown
from catchments.core.model import EditionSummary
from catchments.lookup.guidance import guide_on
from catchments.lookup.site_texts import PAGES
from catchments.lookup.snapshot import Published
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.query_parameters import refuse_unknown_or_repeated
from catchments.web.common.services import absolute, remembered, service
from catchments.web.pages.machines.blueprint import blueprint, made_up, told
from catchments.web.pages.machines.page_heads import path_of

XML = "application/xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
HEADING = '<?xml version="1.0" encoding="UTF-8"?>\n'
AT_MOST = 50_000
"""Addresses in a file, as the protocol allows."""

Page = tuple[str, date | None]
"""Path and when it last changed, if that is known."""


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the pages, or the files that list them where they are too many for one."""
    refuse_unknown_or_repeated(request.args, set())
    pages = _pages()
    if len(pages) <= AT_MOST:
        return _file("urlset", "url", pages)
    files = -(-len(pages) // AT_MOST)
    return _file(
        "sitemapindex", "sitemap", [(f"/sitemap-{n}.xml", None) for n in range(1, files + 1)]
    )


@blueprint.get("/sitemap-<int:part>.xml")
def part_of_sitemap(part: int) -> Response:
    """List a part of the pages."""
    refuse_unknown_or_repeated(request.args, set())
    pages = _pages()
    listed = pages[(part - 1) * AT_MOST : part * AT_MOST] if part else ()
    if not listed:
        raise NotKnown(f"There is no part {part}.", next_step="See /sitemap.xml.")
    return _file("urlset", "url", listed)


def _file(kind: str, entry: str, pages: Sequence[Page]) -> Response:
    begins = escape(absolute(""))
    written = (
        f"<{entry}><loc>{begins}{escape(path)}</loc>"
        f"{f'<lastmod>{changed}</lastmod>' if changed else ''}</{entry}>\n"
        for path, changed in pages
    )
    text = f'{HEADING}<{kind} xmlns="{NAMESPACE}">\n{"".join(written)}</{kind}>\n'
    return told(text, XML)


def _pages() -> Sequence[Page]:
    world = service().snapshots.current()
    return remembered(world, "sitemap", lambda: tuple(_answering(world)))


def _answering(world: Published) -> Iterator[Page]:
    """Yield every page that answers 200 today, in no language but that of its reader."""
    editions = [e for e in world.timeline.editions if made_up() or not e.demonstration]
    yield from _of("finder.home", "documentation.page", "problems.index")
    if guide_on(world.today):
        yield from _of("guide.page")
    yield from _of(*(f"site.{page}" for page in PAGES))
    if not editions:
        return
    yield from _of("directory.catchments", "downloads.page", "history.history")
    for each in editions:
        published = _published(each)
        yield path_of("history.edition", number=each.number), published
        yield path_of("downloads.edition_page", edition=each.number), published
    snapshot = world.on(world.today)
    if snapshot is None:
        return
    changed = _changed(world, editions)
    yield path_of("mapping.page"), changed
    for code in snapshot.edition.catchments:
        yield path_of("directory.catchment", code=code), changed
    for number in snapshot.release.schools:
        yield path_of("finder.school", school_id=number), changed


def _of(*endpoints: str) -> Iterator[Page]:
    return ((path_of(endpoint), None) for endpoint in endpoints)


def _changed(world: Published, editions: Sequence[EditionSummary]) -> date | None:
    """Return when what is in force today was published or took effect, whichever was later."""
    edition: Any = world.timeline.edition_on(world.today)
    return max(edition.effective_from, _published(edition)) if edition in editions else None


def _published(edition: EditionSummary) -> date:
    return in_new_zealand(edition.published_at).date()
