"""A database with something in every table, hostile text among it, made through the real doors."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.core.model import Alias, SourceKind
from catchments.core.roles import Person, Role
from catchments.store import Artefact, Publication, Store, schema
from catchments.store.accounts.kept_forms import KeptForms, SentForm
from catchments.store.accounts.people import People
from catchments.store.directory.aliases import AliasUploads
from catchments.store.directory.rates import AbsenceRates, RateGiven
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.drafts.uploads import Upload, Uploads
from catchments.store.engine import MIGRATIONS, Database, open_engine
from catchments.store.explanations import Explanations
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.webhook_addresses import Webhooks
from catchments.store.schema import metadata
from catchments.store.site.basemap import Basemaps, Cell, Credit
from catchments.store.site.content import Contents, Wording
from catchments.store.site.reports import MistakeGiven, MistakeReports
from tests.staff import add_person
from tests.worlds import (
    AHI,
    HOSTILE,
    STARTS,
    next_edition,
    opened,
    simple_artefacts,
    small_edition,
    small_release,
    source,
    withdraw,
)

MOMENT = datetime(2026, 3, 3, 12, 34, 56, 789012)  # noqa: DTZ001 - as the store keeps it
Rows = dict[str, list[tuple[Any, ...]]]


def fill_every_table(url: str) -> None:
    """Make a database with two editions, staff at work, and all else that a table is there for."""
    with opened(url) as store:
        store.add_release(small_release())
        store.replace_aliases([Alias("Ahi", 54, HOSTILE), Alias(HOSTILE, 55, "A website")])
        told = Announcement("provider", "P-AHI", "Ahi Trust", "kia@ahi.example", "S", "T", STARTS)
        Webhooks(store).add("https://hook.example/", by="hana")
        every_byte = Artefact("bytes", "application/octet-stream", bytes(range(256)) * 64)
        for edition, notices in ((small_edition(), [told]), (next_edition(date(2026, 7, 1)), [])):
            assert edition.effective_from
            made = [*simple_artefacts(), every_byte]
            publication = Publication(
                edition, edition.effective_from, None, artefacts=made, maker="test", notices=notices
            )
            store.publish([publication], expected=store.state())
        cells = [Cell("near/172_-44", bytes(range(256))), Cell("far/86_-22", b"")]
        Basemaps(store).replace(cells, Credit(HOSTILE, HOSTILE, HOSTILE), files=[])
        withdraw(store, 2, by="hana", reason=HOSTILE)
        credit = Credit(HOSTILE, HOSTILE, HOSTILE)
        Basemaps(store).replace([Cell("near/174_-42", every_byte.content)], credit, files=[])
        _staff_at_work(store)
        table = schema.api_key
        key = {"name": HOSTILE, "digest": "ab" * 32, "prefix": "nzc_abcd", "created_at": MOMENT}
        with store.writing() as connection:
            connection.execute(table.insert().values(requests_a_minute=600, **key))


def _staff_at_work(store: Store) -> None:
    hana = add_person(store, "hana", Role.EDITOR)
    sealed = store.sealer.seal(HOSTILE, context="made up")
    sent = {
        "destination": "ab" * 32,
        "number": 3,
        "hash": "cd" * 32,
        "attempts": 1,
        "next_at": MOMENT,
    }
    with store.writing() as connection:
        connection.execute(schema.secret.insert().values(name="made up", value=sealed))
        connection.execute(schema.trail_sent.insert().values(last_error=HOSTILE, **sent))
        _what_hana_signs_in_with(connection, hana.id, sealed)
    people = People(store)
    people.sign_in("hana", HOSTILE)
    people.sign_in_elsewhere_only(add_person(store, "rata").login, by="hana")
    AbsenceRates(store).set({"": RateGiven(0.1, HOSTILE)}, by=hana)
    Explanations(store).explain({"key": "A finding."}, HOSTILE, by=hana)
    _texts_of_the_site(store, hana)
    desk = DraftRepository(store)
    draft = desk.begin(title=HOSTILE, reason="Kōrero", base_number=1, by=hana)
    desk.add(draft, RenameCatchment(AHI, "Ahi Nui"), "A change.", seen=ExpectedVersion(hana, 1))
    moved = small_edition()
    whole = ReplaceCatchments(moved.catchments, moved.boundaries, (source(SourceKind.BOUNDARIES),))
    desk.add(draft, whole, HOSTILE, seen=ExpectedVersion(hana, 2))
    desk.comment(draft, HOSTILE, by=hana)
    MistakeReports(store).add(MistakeGiven(HOSTILE, HOSTILE, "kia@ahi.example"))
    AliasUploads(store).keep([Alias(HOSTILE, 54, HOSTILE)], files=[{"name": HOSTILE}], by=hana)
    Uploads(store).keep(draft, Upload(HOSTILE, bytes(range(256))), by=hana)
    sent = SentForm("/staff/drafts/1", "/staff/drafts/1", [("reason", HOSTILE)], [HOSTILE])
    KeptForms(store).keep(sent, for_=hana.id)


def _texts_of_the_site(store: Store, hana: Person) -> None:
    wording = Wording(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, STARTS, STARTS, STARTS)
    contents = Contents(store)
    contents.propose("help-whom-to-call", wording, seen=0, by=hana)
    until = date(2027, 1, 1)
    contents.confirm("help-whom-to-call", "ab" * 8, on=STARTS, until=until, by=hana)


def _what_hana_signs_in_with(connection: sa.Connection, hana: int, sealed: str) -> None:
    rows = {
        schema.authenticator: {"secret": sealed, "last_step": 2**40, "made_at": MOMENT},
        schema.passkey: {
            "credential": "YQ",
            "public_key": "Yg",
            "uses": 2**31,
            "name": HOSTILE,
            "made_at": MOMENT,
        },
        schema.recovery_code: {"digest": "ef" * 32},
        schema.session: {
            "digest": "01" * 32,
            "epoch": 0,
            "began_at": MOMENT,
            "seen_at": MOMENT,
            "shown_at": MOMENT,
            "device": HOSTILE,
        },
    }
    for table, values in rows.items():
        connection.execute(table.insert().values(person_id=hana, **values))


def at_revision(url: str, revision: str) -> None:
    """Make a database as an earlier version of the service left it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with closing(Database(url)) as database:
        database.make()
        with database.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)


def rows_of(url: str) -> Rows:
    """All that a database holds in the tables that are ours, by table, in no order of its own."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found
