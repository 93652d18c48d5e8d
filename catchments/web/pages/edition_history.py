"""The history of editions, as pages, API and feed tell it: read once for what is published."""

from __future__ import annotations

from flask import current_app

from catchments.core.model import EditionSummary
from catchments.editions.differences import DIFFERENCE
from catchments.editions.history import DIFFERENCES_KEPT, EditionHistory
from catchments.lookup.snapshot import Published
from catchments.runtime.recent import Recent
from catchments.store.drafts.repository import DraftRepository
from catchments.web.common.services import remembered, service

EXTENSION = "catchments.differences"


def history_of(world: Published) -> EditionHistory:
    """Return all editions; what differs between them outlives what is published at present."""
    kept = current_app.extensions.setdefault(EXTENSION, Recent(DIFFERENCES_KEPT))
    store = service().store
    # The time-line lacks those that were withdrawn.
    editions = remembered(world, "all editions", store.editions)
    return EditionHistory(world, editions, store, kept, written=_written_difference)


def _written_difference(edition: int) -> bytes | None:
    """Return what was kept of an edition's changes when it was published, or None."""
    found = service().store.artefact(edition, DIFFERENCE)
    return found.content if found else None


def steps_of(world: Published, edition: EditionSummary) -> list[str]:
    """Return what was done in the draft that became an edition, a sentence each, in order."""
    drafts, number = DraftRepository(service().store), edition.draft_id
    if number is None:
        return []
    return remembered(world, ("steps", edition.number), lambda: drafts.sentences(number))
