"""`flask audit`: verifying from the outside, and showing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from catchments.store import Store, schema
from catchments.store.integrity.audit import AuditTrail

Run = Callable[..., Any]


def test_a_trail_that_holds_says_the_last_hash_to_keep(run: Run, store: Store) -> None:
    trail = AuditTrail(store)
    trail.add(actor="hana", action="draft.begin", subject="draft 1")
    last = trail.last()
    assert last
    assert last.hash in run("audit", "verify").output
    run("audit", "verify", "--expect", last.hash)
    refused = run("audit", "verify", "--expect", "ab" * 32, ok=False)
    assert "no entry has the hash that was kept elsewhere" in refused.output
    assert "draft 1" in run("audit", "show", "--actor", "hana").output
    assert "draft 1" not in run("audit", "show", "--actor", "rata").output


def test_a_broken_trail_ends_with_one_and_names_the_entry(run: Run, store: Store) -> None:
    table = schema.audit_entry
    for _ in range(3):
        AuditTrail(store).add(actor="hana", action="draft.begin", subject="draft 1")
    with store.writing() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_entry_no_update"))
        connection.execute(table.update().where(table.c.number == 2).values(actor="rata"))
    refused = run("audit", "verify", ok=False)
    assert refused.exit_code == 1
    assert "entry 2 is not what was written" in refused.output


@pytest.mark.usefixtures("store")
def test_an_empty_trail_says_so(run: Run) -> None:
    assert "The audit trail is empty." in run("audit", "verify").output
