"""The tables of an edition's providers and sources, as files of boundaries or schools have them.

Each provider is there, also one that serves no catchment, so that what is taken away can be read
back as the same edition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catchments.core.model import Edition, Source
from catchments.core.plain_cells import Cell
from maps.exports.geojson import SOURCE_COLUMNS, by_code, source_json
from maps.exports.school_tables import provider_cells


def provider_rows(edition: Edition) -> Iterator[list[Cell]]:
    """Yield a row of PROVIDER_COLUMNS for each provider, by code."""
    for provider in by_code(edition):
        yield provider_cells(provider)


def source_rows(sources: Iterable[Source]) -> Iterator[list[Cell]]:
    """Yield a row of SOURCE_COLUMNS for each source, in their order."""
    for source in sources:
        told = source_json(source)
        yield [told[name] for name in SOURCE_COLUMNS]
