"""A publisher that makes maps and files; Folium and GDAL are imported here and nowhere earlier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from catchments.core.errors import PublicationRefused
from catchments.editions.differences import written_difference
from catchments.editions.publishing import Publisher
from catchments.editions.uncovered import not_counted
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.snapshot import Snapshot, Timeline
from catchments.readers import land
from catchments.readers.report import Progress
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Artefact, Store


def publisher(store: Store, progress: Progress, addresses: Path | None = None) -> Publisher:
    """Return a publisher that makes maps and downloads and shows its progress.

    `addresses` is the address book's file, to count who would be left without a catchment.
    """
    from maps import MAKER

    earlier = _kept_with(store, max((each.number for each in store.editions()), default=0))

    def make(snapshot: Snapshot) -> Sequence[Artefact]:
        nonlocal earlier
        made = artefacts(snapshot, progress, earlier)
        earlier = {each.name: each for each in made}.get  # for what is published anew on top of it
        return made

    return Publisher(
        store,
        make,
        MAKER,
        today=today_in_new_zealand(),
        progress=progress,
        count_addresses=AddressBook(addresses).counts_within if addresses else not_counted,
    )


Kept = Callable[[str], Artefact | None]


def artefacts(snapshot: Snapshot, progress: Progress, earlier: Kept) -> Sequence[Artefact]:
    """Return what is kept with an edition: the map's parts, the downloads and their manifest.

    `earlier` reads what is kept with an edition before it. Raises PublicationRefused, which names
    the file that could not be made.
    """
    from maps.artefacts import build_all
    from maps.exports.export_input import Coast

    coast = Coast(land.coastline_digest(), land.coastline)
    return build_all(snapshot, coast=coast, earlier=earlier, progress=progress)


def artefacts_anew(store: Store, number: int, progress: Progress) -> Sequence[Artefact]:
    """Return what is kept with an edition that was published before, as `artefacts` does."""
    edition = store.edition(number)
    timeline = Timeline.of(store.editions(), store.releases())
    found = timeline.release_on(edition.effective_from or today_in_new_zealand())
    if found is None:
        raise PublicationRefused("There is no school directory to make its files with.")
    release = store.release(found.number)
    snapshot = Snapshot.of(edition, release)
    base_number = next(e.base_number for e in store.editions() if e.number == number)
    base = store.edition(base_number) if base_number else None
    before = Snapshot.of(base, release, like=[snapshot]) if base else None
    made = artefacts(snapshot, progress, _kept_with(store, number - 1))
    return [*made, written_difference(before, snapshot)]


def _kept_with(store: Store, number: int) -> Kept:
    """Return what reads the files of an edition; it finds none where there is no such edition."""
    return lambda name: store.artefact(number, name)
