"""Roads, lakes and rivers in the store: one import at a time, cell by cell, on record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from catchments.store.site.basemap import Basemaps, Cell, Credit
from tests.worlds import HOSTILE

CREDIT = Credit("Roads", HOSTILE, "CC BY 4.0")
BYTES = bytes(range(256))


def cells(count: int) -> Iterator[Cell]:
    return (Cell(f"near/{at}_-44", BYTES * at) for at in range(count))


def test_an_import_takes_the_place_of_the_one_before(store: Store) -> None:
    kept = Basemaps(store)
    assert kept.about() is None
    assert kept.cell("near/1_-44") is None
    assert kept.replace(cells(250), CREDIT, files=[]) == 256 * sum(range(250))
    first, state = kept.about(), store.state()
    assert first
    assert first.credit == CREDIT
    assert kept.cell("near/249_-44") == BYTES * 249
    kept.replace(cells(2), CREDIT, files=[])
    second = kept.about()
    assert second
    assert second.sha256 != first.sha256
    assert kept.cell("near/249_-44") is None
    assert store.state() != state
    kept.remove()
    assert kept.about() is None
    assert AuditTrail(store).broken_at() is None


def test_an_import_that_fails_leaves_what_was_there(store: Store) -> None:
    kept = Basemaps(store)
    kept.replace(cells(2), CREDIT, files=[])
    before = kept.about()

    def failing() -> Iterator[Cell]:
        yield Cell("near/9_-44", BYTES)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        kept.replace(failing(), CREDIT, files=[])
    assert kept.about() == before
    assert kept.cell("near/9_-44") is None
