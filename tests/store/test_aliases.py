"""What people call schools is kept whole, on record, and noticed by whoever reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catchments.core.errors import InputRefused
from catchments.core.model import Alias
from catchments.core.roles import Role
from catchments.store import Store
from catchments.store.directory import aliases
from catchments.store.directory.aliases import AliasUploads
from catchments.store.integrity.audit import AuditTrail
from tests.staff import add_person
from tests.worlds import HOSTILE, fill, publish_whole, small_edition

pytestmark = pytest.mark.dialects

AGS = Alias("AGS", 54, "www.ags.school.nz")
EGGS = Alias("EGGS", 64, "www.eggs.school.nz")
FILES = ({"name": "aliases.csv", "sha256": "ab" * 32, "bytes": 12},)


def test_before_an_import_there_are_none(store: Store) -> None:
    assert store.aliases() == ()
    assert store.state().aliases == 0


def test_aliases_come_back_in_their_order_whatever_text_they_are(store: Store) -> None:
    given = [EGGS, AGS, Alias(HOSTILE, 55, HOSTILE), Alias("Ōtā 🏫", 999_999_999, "\u202ex")]
    store.replace_aliases(given)
    assert store.aliases() == tuple(given)


def test_an_import_takes_the_place_of_the_one_before_and_readers_notice(store: Store) -> None:
    states = [store.state()]
    for given in ([AGS, EGGS], [EGGS], [AGS]):
        store.replace_aliases(given)
        assert store.aliases() == tuple(given)
        states.append(store.state())
    assert len(set(states)) == 4


def test_none_are_refused_and_what_is_there_stays(store: Store) -> None:
    store.replace_aliases([AGS])
    with pytest.raises(InputRefused, match="There is no alias to keep"):
        store.replace_aliases([])
    assert store.aliases() == (AGS,)


def test_what_fails_half_way_leaves_what_was_there(store: Store) -> None:
    store.replace_aliases([AGS])
    before = store.state()
    with pytest.raises(Exception, match=r"NOT NULL|not-null"):
        store.replace_aliases([EGGS, Alias("X", 1, None)])  # type: ignore[arg-type]
    assert (store.aliases(), store.state()) == ((AGS,), before)


def test_an_import_is_in_the_audit_trail_with_what_it_changed(store: Store) -> None:
    store.replace_aliases([AGS], by="hana", files=FILES)
    store.replace_aliases([EGGS, AGS], by="hana", files=FILES)
    entry = AuditTrail(store).last()
    assert entry
    assert (entry.actor, entry.action, entry.subject) == ("hana", "import.aliases", "aliases")
    for part in ('"added": 1', '"removed": 0', '"aliases": 2', '"name": "aliases.csv"'):
        assert part in entry.detail
    assert AuditTrail(store).broken_at() is None


def test_other_aliases_stand_in_the_way_of_no_publication(store: Store) -> None:
    fill(store.url)
    store.replace_aliases([AGS])
    assert publish_whole(store, small_edition()) == 2


# --- looked over first ----------------------------------------------------------------------------


def test_what_was_looked_over_is_imported_once(store: Store) -> None:
    hana, uploads = add_person(store, "hana", Role.EDITOR), AliasUploads(store)
    digest = uploads.keep([AGS, EGGS], files=FILES, by=hana)
    found = uploads.found(digest, by=hana)
    assert found
    assert (found.aliases, found.files) == ((AGS, EGGS), FILES)
    assert store.aliases() == ()
    assert uploads.take(found, by=hana)
    assert store.aliases() == (AGS, EGGS)
    state = store.state()
    assert not uploads.take(found, by=hana)
    assert store.state() == state


def test_what_somebody_imported_meanwhile_is_not_undone_unseen(store: Store) -> None:
    hana, uploads = add_person(store, "hana", Role.EDITOR), AliasUploads(store)
    found = uploads.found(uploads.keep([AGS], files=FILES, by=hana), by=hana)
    assert found
    store.replace_aliases([EGGS])
    with pytest.raises(InputRefused, match="Another table of aliases was imported since"):
        uploads.take(found, by=hana)
    assert store.aliases() == (EGGS,)


def test_a_table_is_there_for_its_sender_alone_and_the_last_one_only(store: Store) -> None:
    hana, wiremu = (add_person(store, login, Role.EDITOR) for login in ("hana", "wiremu"))
    uploads = AliasUploads(store)
    first = uploads.keep([AGS], files=FILES, by=hana)
    assert uploads.found(first, by=wiremu) is None
    for digest in ("", "x" * 64, "\0", HOSTILE):
        assert uploads.found(digest, by=hana) is None
    second = uploads.keep([EGGS], files=FILES, by=hana)
    assert uploads.found(first, by=hana) is None
    assert uploads.found(second, by=hana)


def test_a_table_that_was_uploaded_two_days_ago_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hana, uploads = add_person(store, "hana", Role.EDITOR), AliasUploads(store)
    digest = uploads.keep([AGS], files=FILES, by=hana)
    later = aliases.now() + timedelta(days=2)
    monkeypatch.setattr(aliases, "now", lambda: later)
    assert uploads.found(digest, by=hana) is None
