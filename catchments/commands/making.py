"""What commands make at publication; imports of Folium happen here and nowhere earlier."""

from __future__ import annotations

from collections.abc import Sequence

from catchments.model import Edition
from catchments.publication import Publisher
from catchments.snapshot import today_in_new_zealand
from catchments.sources.coastline import coastline
from catchments.sources.report import Progress
from catchments.store import Store

Made = Sequence[tuple[str, str, bytes]]


def publisher(store: Store, progress: Progress) -> Publisher:
    """Return a publisher that makes maps and downloads and shows its progress."""
    from maps.artefacts import MAKER  # Folium brings pandas: only publishing pays

    def make(edition: Edition) -> Made:
        return artefacts(edition, progress)

    return Publisher(store, make, MAKER, today=today_in_new_zealand(), progress=progress)


def artefacts(edition: Edition, progress: Progress) -> Made:
    """Return what is kept with an edition: the map's parts and the downloads."""
    from maps.artefacts import build_artefacts

    made = build_artefacts(edition, coast=coastline(), progress=progress)
    return [(artefact.name, artefact.media_type, artefact.content) for artefact in made]
