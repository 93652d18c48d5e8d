"""`verify`: whatever somebody who owns the database does to it is found, and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from catchments.core.settings import Settings
from catchments.runtime.key_files import KeyTrouble
from catchments.store import Artefact, Store, schema
from catchments.store.integrity.audit import AuditEntry, AuditTrail, TrailStopped
from catchments.store.integrity.protecting import begin_anew, protect
from catchments.store.integrity.sealing import KeyMissing
from catchments.store.integrity.verifying import seal_as_found, verify
from catchments.store.outbox.webhook_addresses import Webhooks
from tests.store.test_audit import tamper
from tests.worlds import (
    HOSTILE,
    next_edition,
    opened,
    publish_whole,
    small_edition,
    small_release,
    withdraw,
)

pytestmark = pytest.mark.dialects

KEY, OTHER = "k" * 40, "o" * 40
ENTRY = schema.audit_entry


def settings_of(store: Store, **more: object) -> Settings:
    return Settings(database_url=store.url, secret_keys=("s" * 40,), **more)  # type: ignore[arg-type]


@pytest.fixture
def kept(database_url: str, schema_at_once: None) -> Iterator[Store]:
    """A store under a key from its first start on, with two editions and all that is told of."""
    with opened(database_url) as made:
        made.close()
    store = Store(database_url, data_keys=(KEY,))
    protect(store, settings_of(store))
    store.add_release(small_release())
    publish_whole(store, small_edition())
    publish_whole(store, next_edition(date(2026, 7, 1)))
    yield store
    store.close()


def test_what_nobody_touched_holds(kept: Store) -> None:
    verdict = verify(kept)
    assert verdict.chain.broken_at is None
    assert (verdict.faults, verdict.uncovered, verdict.as_found) == ([], [], [])
    assert verdict.checked == ["edition 1", "edition 2", "directory release 1"]
    assert verdict.first_keyed == 1


TAMPERED: dict[str, tuple[sa.Executable, str]] = {
    "a provider's phone": (
        schema.edition_provider.update()
        .where(schema.edition_provider.c.code == "P-AHI")
        .values(phone="0900 1"),
        "Edition 1: provider “P-AHI” was changed (table edition_provider).",
    ),
    "a school listed elsewhere": (
        schema.edition_listing.update()
        .where(schema.edition_listing.c.school_id == 55)
        .values(catchment_code=None),
        "Edition 1: listed school “55” was changed (table edition_listing).",
    ),
    "a school no longer listed": (
        schema.edition_listing.delete().where(schema.edition_listing.c.school_id == 55),
        "Edition 2: listed school “55” is gone (table edition_listing).",
    ),
    "a provision that nobody gave": (
        schema.edition_in_school_provision.insert().values(
            edition_number=2, school_id=57, note=HOSTILE
        ),
        "Edition 2: in-school provision of school “57” was added (table ",
    ),
    "another provider of a catchment": (
        schema.edition_catchment.update()
        .where(schema.edition_catchment.c.name == "Rimu")
        .values(provider_code="P-AHI"),
        "(table edition_catchment).",
    ),
    "an edition's day": (
        schema.edition.update()
        .where(schema.edition.c.number == 2)
        .values(effective_from=small_edition().effective_from, title="Another"),
        "Edition 2: what the edition says of itself was changed (table edition).",
    ),
    "a file": (
        schema.artefact.update()
        .where(schema.artefact.c.name == "map.js")
        .values(content=b"alert(1)"),
        "Edition 1: file “map.js” was changed (table artefact).",
    ),
    "a source": (
        schema.source.update().values(authority="Nobody else"),
        "Edition 1: source “0” was changed (table source).",
    ),
    "a school's place": (
        schema.school.update().where(schema.school.c.school_id == 54).values(lng=175.5),
        "Directory release 1: school “54” was changed (table school).",
    ),
    "a withdrawal that nobody decided": (
        schema.edition.update()
        .where(schema.edition.c.number == 2)
        .values(withdrawn_at=sa.func.now()),
        "Edition 2 is marked as withdrawn, and the trail says otherwise.",
    ),
}


@pytest.mark.every_case
@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_after_a_publication_is_named(what: str, kept: Store) -> None:
    statement, said = TAMPERED[what]
    with kept.writing() as connection:
        connection.execute(statement)
    verdict = verify(kept)
    assert verdict.chain.broken_at is None
    assert any(said in fault for fault in verdict.faults), verdict.faults


def test_an_edition_that_is_written_by_hand_is_named(kept: Store) -> None:
    with kept.writing() as connection:
        row = dict(connection.execute(sa.select(schema.edition)).mappings().first() or {})
        connection.execute(schema.edition.insert().values({**row, "number": 3}))
    assert verify(kept).faults == ["Edition 3 is there, and no entry says how it came."]


def test_a_withdrawal_is_held_to_its_entry(kept: Store) -> None:
    withdraw(kept, 2, by="hana")
    assert verify(kept).faults == []
    table = schema.edition
    for value, said in ((None, "is not marked as withdrawn"), (sa.func.now(), "at another time")):
        with kept.writing() as connection:
            connection.execute(table.update().where(table.c.number == 2).values(withdrawn_at=value))
        assert len(faults := verify(kept).faults) == 1
        assert said in faults[0]


def test_files_that_are_made_anew_are_on_record(kept: Store) -> None:
    kept.add_artefacts(1, [Artefact("map.js", "text/javascript", b"new")], maker="2")
    assert verify(kept).faults == []
    assert AuditTrail(kept).entries(at_most=1)[0].action == "edition.redraw"


def test_the_list_of_rows_says_nothing_once_somebody_changed_it(kept: Store) -> None:
    table, provider = schema.kept_rows, schema.edition_provider
    with kept.writing() as connection:
        connection.execute(provider.update().values(phone="0900"))
        here = sa.and_(table.c.subject == "edition 1", table.c.part == "edition_listing")
        connection.execute(table.update().where(here).values(rows=b"not packed"))
    faults = verify(kept).faults
    assert "Edition 1: provider something in it differs (table edition_provider)." in faults
    assert "Edition 2: provider “P-AHI” was changed (table edition_provider)." in faults


# --- the chain ------------------------------------------------------------------------------------


def rewritten(store: Store, change: Callable[[dict[str, object]], None], *, mac: bool) -> None:
    """Write the trail anew from its first entry, with the algorithm that everybody knows."""
    entries = AuditTrail(store).entries(at_most=1_000)[::-1]
    before, rows = "0" * 64, []
    for entry in entries:
        row: dict[str, object] = {name: getattr(entry, name) for name in AuditEntry.__slots__}
        change(row)
        made = AuditEntry(**row)  # type: ignore[arg-type]
        row["hash"] = before = made.expected_hash(before)
        row["mac"] = row["mac"] if mac else None
        rows.append(row)
    tamper(store, ENTRY.delete(), ENTRY.insert().values(rows))


def as_rata(row: dict[str, object]) -> None:
    row["actor"] = "rata"


def test_a_trail_written_anew_shows_at_its_first_entry(kept: Store) -> None:
    rewritten(kept, as_rata, mac=True)
    chain = AuditTrail(kept).chain()
    assert (chain.broken_at, chain.why) == (
        1,
        "was not written by this service: it is not under the trail's key",
    )


def test_a_trail_written_anew_without_a_key_shows_by_the_key_that_is_left(kept: Store) -> None:
    rewritten(kept, as_rata, mac=False)
    assert "a key of the trail that nothing is under" in AuditTrail(kept).chain().why


def test_an_entry_without_a_key_behind_those_under_one_shows(kept: Store) -> None:
    last = AuditTrail(kept).last()
    assert last
    made = AuditEntry(last.number + 1, last.at, "rata", "x", "y", "{}", "")
    row = {name: getattr(made, name) for name in AuditEntry.__slots__}
    with kept.writing() as connection:
        connection.execute(ENTRY.insert().values({**row, "hash": made.expected_hash(last.hash)}))
    chain = AuditTrail(kept).chain()
    assert chain.broken_at == last.number + 1
    assert "not under the trail's key" in chain.why


def test_whoever_takes_the_key_away_stops_the_trail_and_shows(kept: Store) -> None:
    with kept.writing() as connection:
        connection.execute(schema.secret.delete())
    assert "does not hold any more" in AuditTrail(kept).chain().why
    with pytest.raises(TrailStopped):
        AuditTrail(kept).add(actor="hana", action="x", subject="y")


def test_a_key_of_somebody_elses_is_none(kept: Store) -> None:
    with kept.writing() as connection:
        theirs = schema.secret.insert().values(name="chain key 2", value="sealed:1:00000000:AAAA")
        connection.execute(theirs)
    with pytest.raises(KeyMissing):
        AuditTrail(kept).add(actor="hana", action="x", subject="y")
    assert "nothing is under" in AuditTrail(kept).chain().why


def test_entries_cut_off_show_by_a_hash_that_was_kept(kept: Store) -> None:
    last = AuditTrail(kept).last()
    assert last
    assert verify(kept, expect=last.hash).expected
    tamper(kept, ENTRY.delete().where(ENTRY.c.number == last.number))
    verdict = verify(kept, expect=last.hash, contents=False)
    assert verdict.chain.broken_at is None
    assert not verdict.expected


def test_a_clock_that_was_set_back_breaks_nothing(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, _tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("catchments.store.integrity.audit.datetime", Earlier)
    AuditTrail(kept).add(actor="hana", action="x", subject="y")
    assert verify(kept).faults == []


# --- the first start ------------------------------------------------------------------------------


@pytest.fixture
def old(database_url: str, schema_at_once: None) -> Iterator[Store]:
    """A store that a version without keys has filled."""
    with opened(database_url) as made:
        made.close()
    store = Store(database_url, data_keys=(KEY,))
    store.add_release(small_release())
    publish_whole(store, small_edition())
    without = {"digest": None, "made": None}

    def forget(row: dict[str, object]) -> None:
        detail = json.loads(str(row["detail"]))
        row["detail"] = json.dumps({k: v for k, v in detail.items() if k not in without})

    rewritten(store, forget, mac=False)
    yield store
    store.close()


def test_what_an_earlier_version_left_is_told_apart(old: Store) -> None:
    before = verify(old)
    assert (before.faults, before.first_keyed) == ([], 0)
    assert before.uncovered == ["edition 1", "directory release 1"]
    said = protect(old, settings_of(old))
    assert "Digests as found now: edition 1, directory release 1." in said
    after = verify(old)
    assert (after.faults, after.uncovered) == ([], [])
    assert after.as_found == ["edition 1", "directory release 1"]
    assert after.first_keyed > 1
    assert protect(old, settings_of(old)) == []
    with old.writing() as connection:
        connection.execute(schema.edition_provider.update().values(phone="0900"))
    assert "provider “P-AHI” was changed" in verify(old).faults[0]


def test_the_beginning_without_a_key_cannot_be_written_anew_afterwards(old: Store) -> None:
    protect(old, settings_of(old))
    rewritten(old, lambda row: as_rata(row) if row["mac"] is None else None, mac=True)
    assert AuditTrail(old).chain().why.startswith("was not written by this service")


def test_a_trail_written_anew_without_its_key_is_told_by_what_is_sealed(kept: Store) -> None:
    Webhooks(kept).add("https://service.example/hook", by="tama")
    rewritten(kept, as_rata, mac=False)
    with kept.writing() as connection:
        connection.execute(schema.secret.delete())
    assert "taken the trail's key out" in verify(kept).faults[0]
    said = protect(kept, settings_of(kept))
    assert "Warning: the trail had no key, though 1 secrets" in said[-1]
    assert verify(kept).sealed_before == 1


def test_digests_as_found_are_kept_once(old: Store) -> None:
    with old.writing() as connection:
        assert seal_as_found(connection, by="hana") == ["edition 1", "directory release 1"]
        assert seal_as_found(connection, by="hana") == []


# --- without the key ------------------------------------------------------------------------------


def test_without_the_key_the_order_holds_and_nothing_is_written(kept: Store) -> None:
    elsewhere = Store(kept.url, data_keys=(OTHER,))
    chain = AuditTrail(elsewhere).chain()
    assert (chain.broken_at, chain.unknown) == (None, [1])
    assert verify(elsewhere).faults == []
    with pytest.raises(KeyMissing, match="CATCHMENTS_DATA_KEY"):
        AuditTrail(elsewhere).add(actor="hana", action="x", subject="y")
    with pytest.raises(KeyTrouble):
        withdraw(elsewhere, 1)
    assert [e.withdrawn_at for e in elsewhere.editions()] == [None, None]
    elsewhere.close()


@pytest.mark.parametrize("keys", [(OTHER,), ()])
def test_a_start_says_that_the_trail_cannot_be_gone_on_with(
    kept: Store, keys: tuple[str, ...], tmp_path: Path
) -> None:
    elsewhere = Store(kept.url, data_keys=keys, keys_folder=tmp_path / "none")
    with pytest.raises(KeyMissing, match="not at hand"):
        protect(elsewhere, settings_of(elsewhere))
    elsewhere.close()


def test_the_trail_goes_on_under_another_key_and_says_so(kept: Store) -> None:
    elsewhere = Store(kept.url, data_keys=(OTHER,))
    with elsewhere.writing() as connection:
        begin_anew(connection, by="hana", reason="the disk with the key is gone")
    AuditTrail(elsewhere).add(actor="hana", action="x", subject="y")
    chain = AuditTrail(elsewhere).chain()
    assert (chain.broken_at, chain.unknown, chain.key) == (None, [1], 2)
    rewritten(elsewhere, lambda row: as_rata(row) if str(row["mac"])[0] == "1" else None, mac=True)
    assert AuditTrail(elsewhere).chain().why.startswith("was not written by this service")
    elsewhere.close()


def test_a_file_of_keys_that_is_lost_is_not_replaced_unseen(tmp_path: Path) -> None:
    with in_files(tmp_path) as store:
        protect(store, Settings(database_url=store.url))
    (tmp_path / "keys" / "data-key").unlink()
    with in_files(tmp_path) as again:
        with pytest.raises(KeyTrouble, match="not at hand"):
            AuditTrail(again).add(actor="hana", action="x", subject="y")
        with pytest.raises(KeyMissing):
            again.sealer.seal("s", context="c")
        assert not (tmp_path / "keys" / "data-key").exists()


def test_files_of_keys_are_beside_their_database(tmp_path: Path) -> None:
    with in_files(tmp_path) as store:
        said = protect(store, Settings(database_url=store.url))
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == ["data-key", "session-key"]
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "keys").iterdir()} == {0o600}
    held = (tmp_path / "x.sqlite").read_bytes()
    for file in (tmp_path / "keys").iterdir():
        assert file.read_bytes().strip() not in held
        assert file.read_text().strip() not in " ".join(said)


@contextmanager
def in_files(folder: Path) -> Iterator[Store]:
    """A store whose keys are in files, as a process of its own finds it."""
    with opened(folder / "x.sqlite") as made:
        url = made.url
    with closing(Store(url)) as store:
        yield store
