"""The publications: editions, directory releases and the drafts that they are made of.

Each method is one transaction, whole or not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from catchments.changes.change import Change
from catchments.core.errors import CatchmentsError, PublicationRefused
from catchments.core.model import (
    Alias,
    DirectoryRelease,
)
from catchments.core.roles import COMMAND_LINE
from catchments.store import artefacts, publication_record, schema
from catchments.store import editions as edition_rows
from catchments.store.accounts import people
from catchments.store.artefacts import Artefact
from catchments.store.directory import aliases as alias_rows
from catchments.store.directory import releases as release_rows
from catchments.store.drafts import records
from catchments.store.engine import Database, now, reads, writes
from catchments.store.integrity.audit import append
from catchments.store.integrity.records import artefacts_record
from catchments.store.outbox import notices
from catchments.store.publication_record import Decision, Publication, Withdrawal
from catchments.store.site import content

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """What a reader compares to notice that something was published; equal means unchanged."""

    editions: int
    withdrawn: int
    releases: int
    aliases: int = 0
    """The number of the import whose aliases are there."""
    basemap: int = 0
    """The same of roads, lakes and rivers."""
    texts: int = 0
    """How much was decided of the site's texts."""


class Store(Database):
    """Editions, school directory releases and drafts in SQLite or PostgreSQL."""

    def __init__(
        self, url: str, *, data_keys: tuple[str, ...] = (), keys_folder: Path | None = None
    ) -> None:
        super().__init__(url, data_keys=data_keys, keys_folder=keys_folder)
        self._asking = threading.Lock()
        self._asked: Future[State] | None = None

    def state(self) -> State:
        """Return what changes whenever something is published, imported or withdrawn."""
        table = schema.edition
        query = sa.select(
            sa.select(sa.func.count()).select_from(table).scalar_subquery(),
            sa.select(sa.func.count(table.c.withdrawn_at)).scalar_subquery(),
            sa.select(sa.func.count()).select_from(schema.directory_release).scalar_subquery(),
            sa.select(
                sa.func.coalesce(sa.func.max(schema.alias.c.import_number), 0)
            ).scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.max(schema.basemap.c.number), 0)).scalar_subquery(),
        )
        with self.reading() as connection:
            return State(*connection.execute(query).one(), texts=content.decided(connection))

    def answers(self, *, within_s: float) -> bool:
        """Whether the database answers within some seconds, in whatever way it may fail to."""
        with self._asking:
            # A database that hangs holds one thread, however often it is asked for.
            if self._asked is None or self._asked.done():
                self._asked = _in_the_background(self.state)
            asked = self._asked
        try:
            asked.result(within_s)
        except (CatchmentsError, TimeoutError):
            return False
        return True

    editions = reads(edition_rows.summaries)
    accepted_losses = reads(edition_rows.accepted_losses)
    edition_sources = reads(edition_rows.sources)
    edition = reads(edition_rows.read)
    releases = reads(release_rows.summaries)
    release = reads(release_rows.read)
    add_release = writes(release_rows.keep)
    aliases = reads(alias_rows.read)
    replace_aliases = writes(alias_rows.replace_all)
    drafts = reads(records.summaries)
    draft = reads(records.read)

    def texts(self) -> tuple[list[content.ContentVersion], list[content.ContentCheck]]:
        """Return the site's texts that staff keep up: versions, and comparisons with sources."""
        kept = content.Contents(self)
        return kept.versions(), kept.checks()

    def add_to_draft(
        self, change: Change, *, draft_id: int | None, title: str, base_number: int | None
    ) -> int:
        """Append a change to a draft, or to a new one where `draft_id` is None; return its id."""
        at = now()
        with self.writing() as connection:
            if draft_id is None:
                draft_id = records.create(connection, title=title, base_number=base_number, at=at)
            records.add_change(connection, draft_id, change, at=at)
            return draft_id

    def publish(
        self,
        publications: Sequence[Publication],
        *,
        expected: State,
        release: DirectoryRelease | None = None,
        called: Sequence[Alias] = (),
        decision: Decision | None = None,
        withdrawal: Withdrawal | None = None,
    ) -> list[int]:
        """Publish editions, and a directory release with them if given; return their numbers.

        `called` are aliases to begin with, where there are none. What is withdrawn goes first.
        Raises PublicationRefused when anything was published since `expected` was read, or when
        the draft is not, or no longer, what was approved.
        """
        with self.writing() as connection:
            self._refuse_if_changed(connection, expected)
            if release is not None:
                release_rows.keep(connection, release)
            if withdrawal is not None:
                publication_record.withdraw(connection, withdrawal)
            if called and not alias_rows.import_number(connection):
                alias_rows.write_first(connection, called)
            numbers = []
            for publication in publications:
                who = publication_record.names(connection, publication, decision)
                numbers.append(_publish(connection, publication, **who))
                notices.enqueue(
                    connection,
                    numbers[-1],
                    publication.notices,
                    at=now(),
                    corrections=publication.corrections,
                )
            if publications:
                actor = _actor(connection, decision, withdrawal)
                publication_record.note(connection, publications, numbers, actor)
            return numbers

    def artefact(self, number: int, name: str) -> Artefact | None:
        """Return what was made of an edition under a name, or None."""
        table = schema.artefact
        query = sa.select(table.c.name, table.c.media_type, table.c.content).where(
            table.c.edition_number == number, table.c.name == name
        )
        with self.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Artefact(**row._mapping) if row else None

    def editions_without_artefacts(self, maker: str) -> list[int]:
        """Return the numbers of editions of which this version of the maker has made nothing."""
        made = sa.select(schema.artefact.c.edition_number).where(schema.artefact.c.maker == maker)
        number = schema.edition.c.number
        query = sa.select(number).where(number.not_in(made)).order_by(number)
        with self.reading() as connection:
            return list(connection.scalars(query))

    def add_artefacts(self, number: int, made: Sequence[Artefact], *, maker: str) -> None:
        """Keep what a new version of the maker made of an edition, in place of older versions'."""
        table = schema.artefact
        with self.writing() as connection:
            connection.execute(table.delete().where(table.c.edition_number == number))
            artefacts.write(connection, number, made, maker=maker)
            append(
                connection,
                actor=COMMAND_LINE,
                action="edition.redraw",
                subject=f"edition {number}",
                maker=maker,
                **artefacts_record(connection, number),
            )

    def _refuse_if_changed(self, connection: sa.Connection, expected: State) -> None:
        numbers = connection.execute(
            sa.select(sa.func.count(), sa.func.count(schema.edition.c.withdrawn_at)).select_from(
                schema.edition
            )
        ).one()
        if tuple(numbers) != (expected.editions, expected.withdrawn):
            raise PublicationRefused(
                "Another edition was published or withdrawn while this one was being checked.",
                next_step="Look at `flask editions list`, then publish again.",
            )


def _actor(
    connection: sa.Connection, decision: Decision | None, withdrawal: Withdrawal | None
) -> str:
    if decision is not None:
        return people.by_id(connection, decision.person_id).login
    return withdrawal.by if withdrawal else COMMAND_LINE


def _in_the_background(ask: Callable[[], T]) -> Future[T]:
    answer: Future[T] = Future()

    def asking() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=asking, daemon=True).start()
    return answer


def _publish(connection: sa.Connection, publication: Publication, **who: str) -> int:
    number = edition_rows.write(
        connection,
        publication.edition,
        effective_from=publication.effective_from,
        published_at=now(),
        draft_id=publication.draft_id,
        base_number=publication.base_number,
        **who,
    )
    artefacts.write(connection, number, publication.artefacts, maker=publication.maker)
    if publication.draft_id is not None:
        records.mark_published(connection, publication.draft_id, number)
    return number
