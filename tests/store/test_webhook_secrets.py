"""Secrets of webhooks: sealed to their row and address, and never a stranger's in their place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from catchments.core.settings import Settings
from catchments.runtime.key_files import KeyTrouble
from catchments.store import Publication, Store, schema
from catchments.store.engine import now
from catchments.store.integrity.protecting import SESSION, protect
from catchments.store.integrity.sealed_columns import keys_in_use, seal_all
from catchments.store.integrity.sealing import is_sealed
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.queue import Outbox
from catchments.store.outbox.webhook_addresses import Webhooks
from tests.worlds import opened, simple_artefacts, small_edition, small_release

pytestmark = pytest.mark.dialects

KEY, OTHER = "k" * 40, "o" * 40
ONE, TWO = "https://one.example/", "https://two.example/"
WEBHOOK = schema.webhook


def settings_of(store: Store) -> Settings:
    return Settings(database_url=store.url, secret_keys=("s" * 40,))


@pytest.fixture
def keyed(database_url: str, schema_at_once: None) -> Iterator[Store]:
    """A store whose data key is set, before its first start."""
    with opened(database_url):
        pass
    store = Store(database_url, data_keys=(KEY,))
    yield store
    store.close()


@pytest.fixture
def webhooks(keyed: Store) -> Webhooks:
    protect(keyed, settings_of(keyed))
    return Webhooks(keyed)


def kept(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.scalars(sa.select(WEBHOOK.c.secret).order_by(WEBHOOK.c.id)))


def write(store: Store, number: int, **values: object) -> None:
    with store.writing() as connection:
        connection.execute(WEBHOOK.update().where(WEBHOOK.c.id == number).values(**values))


def test_the_database_holds_none_that_can_be_read(keyed: Store, webhooks: Webhooks) -> None:
    number, secret = webhooks.add(ONE, by="hana")
    assert webhooks.secret(number) == (ONE, secret)
    assert is_sealed(kept(keyed)[0])
    assert secret not in kept(keyed)[0]


def test_what_earlier_versions_left_open_is_sealed_by_the_first_start(keyed: Store) -> None:
    values = {"url": ONE, "secret": "an open secret", "created_at": now()}
    with keyed.writing() as connection:
        connection.execute(WEBHOOK.insert().values(**values))
        connection.execute(schema.secret.insert().values(name=SESSION, value="ab" * 32))
    assert Webhooks(keyed).secret(1) == (ONE, "an open secret")
    protect(keyed, settings_of(keyed))
    assert is_sealed(kept(keyed)[0])
    assert Webhooks(keyed).secret(1) == (ONE, "an open secret")
    with keyed.reading() as connection:
        assert SESSION not in set(connection.scalars(sa.select(schema.secret.c.name)))
        assert keys_in_use(connection)[""] == 0


def test_two_that_changed_places_open_nothing(keyed: Store, webhooks: Webhooks) -> None:
    webhooks.add(ONE, by="hana")
    webhooks.add(TWO, by="hana")
    first, second = kept(keyed)
    write(keyed, 1, secret=second)
    write(keyed, 2, secret=first)
    for number in (1, 2):
        with pytest.raises(KeyTrouble, match="sealed for something else"):
            webhooks.secret(number)


def test_another_address_is_signed_with_no_secret(keyed: Store, webhooks: Webhooks) -> None:
    webhooks.add(ONE, by="hana")
    write(keyed, 1, url=TWO)
    with pytest.raises(KeyTrouble, match=TWO):
        webhooks.secret(1)


def test_one_that_somebody_wrote_in_the_open_is_not_taken(keyed: Store, webhooks: Webhooks) -> None:
    webhooks.add(ONE, by="hana")
    write(keyed, 1, secret="known to somebody")
    with pytest.raises(KeyTrouble, match="is not sealed"):
        webhooks.secret(1)


def test_what_cannot_be_signed_waits_and_holds_up_nothing(keyed: Store, webhooks: Webhooks) -> None:
    webhooks.add(ONE, by="hana")
    write(keyed, 1, secret="known to somebody")
    keyed.add_release(small_release())
    told = Announcement("provider", "P", "P", "kia@ahi.example", "S", "T", date(2026, 4, 1))
    made = Publication(
        small_edition(), date(2026, 4, 1), None, artefacts=simple_artefacts(), notices=[told]
    )
    keyed.publish([made], expected=keyed.state())
    box = Outbox(keyed)
    claimed = [box.claim(), box.claim()]
    assert all(claimed)
    found = {each.is_email: each.unsealable for each in claimed if each}
    assert found[True] == ""
    assert "is not sealed" in found[False]
    assert {each.secret for each in claimed if each} == {""}


def test_a_key_that_is_exchanged_seals_all_anew_and_the_old_one_may_go(
    keyed: Store, webhooks: Webhooks
) -> None:
    number, secret = webhooks.add(ONE, by="hana")
    both = Store(keyed.url, data_keys=(OTHER, KEY))
    with both.writing() as connection:
        assert seal_all(connection) == (2, [])
        assert seal_all(connection) == (0, [])
        assert set(keys_in_use(connection)) == set(both.sealer.key_names()[:1])
    both.close()
    after = Store(keyed.url, data_keys=(OTHER,))
    assert Webhooks(after).secret(number) == (ONE, secret)
    Webhooks(after).add(TWO, by="hana")
    after.close()


def test_without_the_key_nothing_is_sealed_anew_and_nothing_lost(
    keyed: Store, webhooks: Webhooks
) -> None:
    webhooks.add(ONE, by="hana")
    before = kept(keyed)
    without = Store(keyed.url, data_keys=(OTHER,))
    with without.writing() as connection:
        done, stuck = seal_all(connection)
    assert (done, len(stuck)) == (0, 2)
    assert kept(keyed) == before
    with pytest.raises(KeyTrouble, match="CATCHMENTS_DATA_KEY"):
        Webhooks(without).secret(1)
    without.close()
