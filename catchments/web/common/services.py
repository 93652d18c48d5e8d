"""The services of every request handler, and the pages and responses made from what it took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Response, current_app, g, render_template, request, url_for
from flask_babel import get_locale

from catchments.core.model import Source
from catchments.core.settings import Settings
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.text_search import (
    Addresses,
    KnownAddresses,
    NoAddresses,
    TextSearch,
)
from catchments.lookup.snapshot import AsAt, Published, Snapshot, Snapshots
from catchments.readers.geocoding import geocoder_of
from catchments.store import Store
from catchments.web.common.assets import EXTENSION as ASSETS
from catchments.web.common.cache_control import FOR_NOBODY, cache_control, etag, validated
from catchments.web.common.i18n import base_root

if TYPE_CHECKING:
    from catchments.store.outbox.trail_sending import TrailSender  # with it, an HTTP client

EXTENSION = "catchments"
OF_THIS_HOST = "catchments.of_this_host"
"""In the environment of a request whose answer names the host that it came to."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class Services:
    """The parts of an application, of pages or of commands."""

    settings: Settings
    store: Store
    snapshots: Snapshots
    addresses: KnownAddresses = field(default_factory=NoAddresses)
    geocoder: Addresses = field(default_factory=NoAddresses)
    trail: TrailSender | None = None

    @classmethod
    def of(cls, settings: Settings) -> Services:
        """Return what settings ask for; nothing is opened yet. Raises InputRefused."""
        from catchments.store.outbox.trail_sending import TrailSender

        store = Store.of(settings)
        return cls(
            settings,
            store,
            Snapshots(store),
            AddressBook(settings.addresses_path),
            geocoder_of(settings) or NoAddresses(),
            TrailSender(store, settings),
        )

    def finder(self, world: Published) -> TextSearch:
        """Return what finds the meaning of a text in a world."""
        return TextSearch(world, self.addresses, self.geocoder)


def service() -> Services:
    """Return the running application's parts."""
    return cast(Services, current_app.extensions[EXTENSION])


def shows_a_demonstration() -> bool:
    """Whether what is served is made up, as far as is known."""
    world = service().snapshots.latest
    return world is not None and world.demonstration


def as_at(day: date | None = None) -> AsAt:
    """Return what holds on a date, or today: all that a request may know, which it takes once."""
    world = service().snapshots.current()
    return world.as_at(day or world.today)


def as_published() -> AsAt:
    """Return what holds today, for what can be said where nothing is published yet as well."""
    world = service().snapshots.current()
    return AsAt(world, world.today, world.on(world.today) if world.timeline.editions else None)


def remembered(world: Published, key: Any, make: Callable[[], Made]) -> Made:
    """Return what a world remembers under a key, made where it has nothing."""
    if key not in world.memo:
        world.memo[key] = make()
    made: Made = world.memo[key]
    return made


def page_context(world: Published, snapshot: Snapshot | None, title: str) -> dict[str, Any]:
    """Return what `base.html` needs on every page."""
    timeline = world.timeline
    if snapshot is None:
        nothing = {"edition": None, "release": None}
        return {"title": title, "demonstration": world.demonstration, **nothing}
    return {
        "title": title,
        "edition": snapshot.edition,
        "release": snapshot.release,
        "demonstration": snapshot.demonstration,
        "sources": sources_of(snapshot),
        "scheduled": timeline.scheduled_after(world.today),
    }


def public_page(
    asked: AsAt,
    template: str,
    title: str,
    *,
    written: str = "",
    typed: bool = False,
    **context: Any,
) -> Response:
    """Return a page that answers for a date, kept by caches as long as that stays true.

    `written` names what the page is made of beside the answer, where that may change by itself;
    `typed` is whether it was made from a text that somebody typed.
    """
    frame = page_context(asked.world, asked.snapshot, title)
    # What answers a typed text, and what lacks something just now, is for its reader alone.
    open_to_all = not typed and not g.get("uncached")
    dates = {"day": asked.day, "today": asked.world.today, "open_to_all": open_to_all}
    page = render_template(template, **{**frame, **dates, **context})
    if typed:
        return typed_response(asked.world, Response(page))
    if g.get("uncached"):
        return Response(page, headers={"Cache-Control": "no-store"})
    return kept(asked, Response(page), written=_written() + written)


def kept(asked: AsAt, response: Response, *, written: str = "") -> Response:
    """Return a response that caches keep for as long as it is true; it may become 304."""
    control = cache_control(asked.world, service().settings.max_age_s)
    if OF_THIS_HOST in request.environ:
        control = FOR_NOBODY
    return validated(response, etag(asked, written=written), control)


def kept_by_content(response: Response, control: str) -> Response:
    """Return a response that is validated by its own bytes; it may become 304.

    One that names the host that a request came to (see `absolute`) is for who asked alone.
    """
    response.add_etag()
    control = FOR_NOBODY if OF_THIS_HOST in request.environ else control
    return validated(response, response.headers["ETag"], control)


def attached(content: str | bytes, media_type: str, name: str) -> Response:
    """Return what a browser saves under a name instead of showing it."""
    named = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(content, content_type=media_type, headers=named)


def leave_uncached() -> None:
    """Have nobody keep the page being made: something that belongs to it is missing just now."""
    g.uncached = True


def _written() -> str:
    """Return how this page is written: by which release, in which language, for which owner."""
    return f"{current_app.extensions[ASSETS]}{get_locale()}{service().settings.owner.digest}"


def typed_response(world: Published, response: Response) -> Response:
    """Return what was made from a text that somebody typed for their own browser alone to keep.

    It may be an address, which no shared cache should hold.
    """
    response.add_etag()
    control = cache_control(world, service().settings.max_age_s, private=True)
    return validated(response, response.headers["ETag"], control)


def address(path: str) -> str:
    """Return an address: whole where it is known under which one the public comes here.

    Otherwise it begins with a slash, which says the same whatever host one asks, and so may stand
    in what is kept for everybody. What must be whole is made by `absolute`.
    """
    return f"{service().settings.public_url or base_root()}{path}"


def absolute(path: str) -> str:
    """Return a whole address, for forms that take no other: Atom, DCAT, RDF, sitemaps.

    Where no setting says under which address the public comes here, it is the one that this
    request came to. Anybody may write any host into a request, so that such an answer is for who
    asked and no cache keeps it: see `kept`.
    """
    public = service().settings.public_url
    if not public:
        request.environ[OF_THIS_HOST] = True
    return f"{public or request.host_url.rstrip('/') + base_root()}{path}"


def absolute_url(endpoint: str, **values: Any) -> str:
    """Return the whole address of a view, as `absolute` makes it."""
    return absolute(url_for(endpoint, **values).removeprefix(base_root()))


def sources_of(snapshot: Snapshot) -> list[Source]:
    """Return the sources of an edition and of its directory release, each once."""
    return told_once([*snapshot.edition.sources, snapshot.release.source])


def told_once(sources: Iterable[Source]) -> list[Source]:
    """Return sources, those that people would read the same of once: one file may have several."""
    return list({(s.title, s.authority, s.licence, s.release): s for s in sources}.values())
