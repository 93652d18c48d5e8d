"""`flask audit`: verifying from the outside, and showing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from catchments.store import Store, schema
from catchments.store.engine import database_file, now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.protecting import protect
from catchments.store.integrity.sealing import key_place
from catchments.store.outbox.webhook_addresses import Webhooks
from catchments.web.common.services import EXTENSION
from tests.worlds import HOSTILE, publish_whole, small_edition, small_release

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


# --- under a key ----------------------------------------------------------------------------------


@pytest.fixture
def protected(store: Store, app: Flask) -> Store:
    """A store that the first start has put under keys in files, with something published."""
    store.sealer.place = key_place(database_file(store.url))
    protect(store, app.extensions[EXTENSION].settings)
    store.add_release(small_release())
    publish_whole(store, small_edition())
    return store


def test_what_was_changed_in_the_database_ends_with_one_and_is_named(
    run: Run, protected: Store
) -> None:
    said = run("audit", "verify").output
    assert "From entry 1 on every entry is under its key." in said
    assert "As the trail says: edition 1, directory release 1." in said
    with protected.writing() as connection:
        connection.execute(schema.edition_provider.update().values(phone="0900 1"))
    refused = run("audit", "verify", ok=False)
    assert refused.exit_code == 1
    assert "provider “P-AHI” was changed (table edition_provider)" in refused.output
    assert "The audit trail holds" in run("audit", "verify", "--entries-only").output


def test_without_the_key_it_says_what_can_be_told_and_what_cannot(
    run: Run, protected: Store, tmp_path: Path
) -> None:
    (tmp_path / "keys" / "data-key").rename(tmp_path / "elsewhere")
    protected.sealer._known.clear()  # as another process finds it
    refused = run("audit", "verify", ok=False)
    assert refused.exit_code == 1
    assert "who wrote them is not" in refused.output
    assert "its key is not at hand here" in refused.output
    assert str(tmp_path / "keys" / "data-key") in refused.output.replace("\n", "")
    assert "who wrote them is not" in run("audit", "verify", "--without-key").output


def test_where_the_key_is_lost_for_good_the_trail_goes_on_under_another(
    run: Run, protected: Store, tmp_path: Path
) -> None:
    (tmp_path / "keys" / "data-key").unlink()
    protected.sealer._known.clear()
    assert "under key 2" in run("audit", "new-key", "--because", "a lost disk").output
    said = run("audit", "verify").output
    assert "under key 1, which is not at hand" in said
    assert "not at hand" in run("secrets", "status").output


def test_what_an_earlier_version_left_is_sealed_as_found(run: Run, store: Store) -> None:
    store.add_release(small_release())
    assert "have their digests" in run("audit", "seal").output
    assert "No entry is under a key" in run("audit", "verify").output


def test_a_data_key_is_exchanged_by_two_at_once(run: Run, protected: Store, tmp_path: Path) -> None:
    Webhooks(protected).add("https://hook.example/", by="hana")
    file = tmp_path / "keys" / "data-key"
    first = file.read_text()
    file.write_text(f"{'n' * 40}\n{first}")
    assert "Run `flask secrets rotate`" in run("secrets", "status").output
    assert "Sealed anew: 2." in run("secrets", "rotate").output
    assert "There was nothing" in run("secrets", "rotate").output
    assert "may be taken away" in run("secrets", "status").output
    file.write_text("n" * 40)
    said = run("secrets", "status").output
    assert "n" * 40 not in said
    assert "The audit trail holds" in run("audit", "verify").output


def test_what_cannot_be_unsealed_is_named_and_stays(
    run: Run, protected: Store, tmp_path: Path
) -> None:
    with protected.writing() as connection:
        values = {"url": HOSTILE, "secret": "sealed:1:00000000:AAAA", "created_at": now()}
        connection.execute(schema.webhook.insert().values(**values))
    refused = run("secrets", "rotate", ok=False)
    assert refused.exit_code == 1
    assert "secret of webhook 1" in refused.output


def test_a_secret_that_was_put_in_anothers_place_is_named(run: Run, protected: Store) -> None:
    for name in ("first", "second"):
        Webhooks(protected).add(f"https://{name}.example/", by="hana")
    with protected.writing() as connection:
        table = schema.webhook
        first = connection.scalar(sa.select(table.c.secret).where(table.c.id == 1))
        connection.execute(table.update().where(table.c.id == 2).values(secret=first))
    refused = run("secrets", "status", ok=False)
    assert refused.exit_code == 1
    assert "secret of webhook 2 at https://second.example/" in refused.output
