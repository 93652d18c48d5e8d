"""Many who write at once wait for each other, and hold up nobody who reads."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from catchments.store import Store, engine, schema
from catchments.store.engine import StoreUnavailable
from catchments.store.integrity.audit import AuditTrail, append
from tests.waiting import PATIENCE_S

MANY = 30
"""More than a pool has connections."""


def write(store: Store) -> None:
    with store.writing() as connection:
        append(connection, actor="hana", action="x", subject="y")


@pytest.mark.dialects
def test_whoever_waits_to_write_holds_no_connection_that_others_need(store: Store) -> None:
    begun = threading.Semaphore(0)

    def waiting() -> None:
        begun.release()
        write(store)

    threads = [threading.Thread(target=waiting) for _ in range(MANY)]
    with store.writing() as connection:
        append(connection, actor="hana", action="x", subject="y")
        for thread in threads:
            thread.start()
        for _ in threads:
            begun.acquire()
        for _ in range(MANY):
            with store.reading() as reading:
                assert reading.scalar(sa.select(sa.func.count(schema.audit_entry.c.number))) == 0
    for thread in threads:
        thread.join(PATIENCE_S)
    chain = AuditTrail(store).chain()
    assert (chain.entries, chain.broken_at) == (MANY + 1, None)


def test_whoever_waits_too_long_to_write_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    told: list[str] = []

    def late() -> None:
        try:
            write(store)
        except StoreUnavailable as error:
            told.append(error.problem)

    with store.writing():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(PATIENCE_S)
    assert told
    assert "others have been writing to it for long" in told[0]
    write(store)
