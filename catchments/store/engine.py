"""The engine: a database and its transactions, with the same promises on SQLite and PostgreSQL."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, IntegrityError

from catchments.core.errors import CatchmentsError, InputRefused, NothingPublished, shown
from catchments.core.settings import Settings, sqlite_url
from catchments.runtime.disk import make_file, make_folder
from catchments.store.integrity.sealing import Sealer, key_place

if TYPE_CHECKING:
    from alembic.config import Config

P = ParamSpec("P")
T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST_REVISION = "0015"
"""Of the migrations; a test holds it to them."""
WRITER_LOCK = 8404
"""The number of PostgreSQL's advisory lock that whoever writes holds."""
NO_SUCH_TABLE_OR_COLUMN = {"42P01", "42703"}
"""PostgreSQL's codes for it."""
BUSY_TIMEOUT_MS = 15_000
POOL_TIMEOUT_S = 5
"""So long a request waits for a connection that others hold, before it is told."""
PATIENCE: dict[str, int | str] = {
    "connect_timeout": 5,
    # A server whose packets vanish is given up, instead of being waited for by every thread.
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": f"-c statement_timeout=60s -c lock_timeout={BUSY_TIMEOUT_MS}",
}
"""Of libpq, unless the URL says otherwise: how long a PostgreSQL that is silent is trusted."""
SEALER = "catchments_sealer"
"""The option of a connection that holds what seals secrets in its database."""
_WRITES = "catchments_writes"
_FILE = "catchments_file"
"""Of a connection to SQLite: which file it has opened."""
_PASSWORD = re.compile(r"(?<=://)([^:@]*):.*@")


class StoreUnavailable(CatchmentsError):
    """The database cannot be reached or does not answer."""


class Database:
    """A database and its transactions; what it cannot do it says without the URL's password."""

    migrations: ClassVar[Path] = MIGRATIONS
    newest_revision: ClassVar[str] = NEWEST_REVISION
    set_up_with: ClassVar[str] = "flask setup"
    """What brings its schema up to date, as somebody types it."""

    def __init__(
        self, url: str, *, data_keys: tuple[str, ...] = (), keys_folder: Path | None = None
    ) -> None:
        """Open a database; `data_keys` are those set, else they are in a file (see `key_place`)."""
        self.url = url
        engine = open_engine(url)
        place = key_place(database_file(url), data_keys, keys_folder)
        self.sealer = Sealer(place, may_make=partial(_nothing_is_sealed, engine))
        """Seals what is a secret in it."""
        self._engine = engine.execution_options(**{SEALER: self.sealer})
        self._of_thread = threading.local()
        self._turn = threading.Lock()

    @classmethod
    def of(cls, settings: Settings, url: str = "") -> Self:
        """Open the database of settings, or another with the same keys."""
        return cls(
            url or settings.database_url,
            data_keys=settings.data_keys,
            keys_folder=settings.keys_folder,
        )

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Open a file once for all transactions of this thread within, instead of for each.

        For good none is kept: whoever copies the file between two requests finds all of it there.
        """
        if self._idle is not None or not _is_file(self._engine.url):
            yield  # within another one, which ends later; or of a pool, which keeps them anyway
            return
        idle: list[sa.Connection] = []
        self._of_thread.idle = idle
        try:
            yield
        finally:
            self._of_thread.idle = None
            for each in idle:
                each.close()

    def make(self) -> None:
        """Make the empty file of an SQLite database where there is none: nothing else does.

        Its owner alone may read it; SQLite's own would be everybody's. Raises StoreUnavailable.
        """
        path = database_file(self.url)
        if path is None or path.exists():
            return
        try:
            make_folder(path.parent)
            make_file(path)
        except OSError as error:
            reason = f"it, or its folder, cannot be made ({error.strerror})"
            raise _unavailable(sa.make_url(self.url), reason) from error

    def migrate(self) -> None:
        """Bring the schema to the newest revision, from nothing too; what is there stays."""
        self.make()
        with self._explaining(), self._engine.connect() as connection:
            if revision(connection) == self.newest_revision:
                return
        with self.writing() as connection:
            upgrade(connection, self.migrations)

    def is_bare(self) -> bool:
        """Whether there is no database, or one without a schema; it is not made by looking."""
        if is_missing(self._engine):
            return True
        with self.reading() as connection:
            return revision(connection) is None

    def refuse_unless_set_up(self) -> None:
        """Raise NothingPublished where there is no schema, or another than this program's.

        It changes nothing: whoever only looks brings no schema up to date under running servers.
        """
        if self.is_bare():
            raise NothingPublished(
                f"There is no database at “{shown_url(self._engine.url)}” that has been set up.",
                next_step="If that is the wrong place, set DATABASE_URL; otherwise run "
                f"`{self.set_up_with}`, or `flask restore FILE`.",
            )
        with self.reading() as connection:
            found = revision(connection)
        if found != self.newest_revision:
            raise NothingPublished(
                f"The database “{shown_url(self._engine.url)}” has the schema {shown(found)}, and "
                f"this program's is “{self.newest_revision}”.",
                next_step=f"Run `{self.set_up_with}`, which brings an earlier one up to date; for "
                "a later one use the program that made it.",
            )

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state throughout; for the rooms of the store."""
        if is_missing(self._engine):
            raise self._not_set_up()
        with self._explaining(), self._connected(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a transaction, the only one that writes meanwhile; for the rooms of the store."""
        if is_missing(self._engine):
            raise self._not_set_up()
        with (
            self._explaining(),
            self._turn_to_write(),
            self._connected(writes=True) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                # One writer at a time, as BEGIN IMMEDIATE has it on SQLite.
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
            yield connection

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        """Have the threads of this process write one after the other, without a connection yet.

        SQLite's own waiting looks again from time to time, so that among many somebody never comes
        to write; PostgreSQL's holds a connection for each who waits.
        """
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise _unavailable(self._engine.url, "others have been writing to it for long")
        try:
            yield
        finally:
            self._turn.release()

    @property
    def _idle(self) -> list[sa.Connection] | None:
        """The connections that this thread may use again; None where none are kept."""
        found: list[sa.Connection] | None = getattr(self._of_thread, "idle", None)
        return found

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[sa.Connection]:
        connection = self._kept() or self._engine.connect()
        try:
            yield connection.execution_options(**{_WRITES: writes})
        finally:
            idle = self._idle
            if idle is None or connection.invalidated:
                connection.close()
            else:
                connection.rollback()
                idle.append(connection)

    def _kept(self) -> sa.Connection | None:
        """Return a connection that is kept, if it has the file that is there now.

        One whose file was removed or replaced would go on reading it.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.info[_FILE] == _identity(self._engine.url):
                return connection
            connection.close()
        return None

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            if "NUL" in str(error.orig):  # which PostgreSQL takes in no text
                raise InputRefused(
                    "Something that was sent has a zero byte in it, which is no sign of any text.",
                    next_step="Write it again without what cannot be seen.",
                ) from error
            raise  # what was to be written is at fault, not the database
        except IntegrityError:
            raise  # likewise
        except DatabaseError as error:
            raise self._explained(error) from error
        except sa.exc.TimeoutError as error:
            said = "all connections to it are in use"
            raise _unavailable(sa.make_url(self.url), said) from error

    def _explained(self, error: DatabaseError) -> CatchmentsError:
        """Return a database failure as a sentence without the password in the URL."""
        said, code = str(error.orig), getattr(error.orig, "sqlstate", None)
        if said.startswith("no such ") or code in NO_SUCH_TABLE_OR_COLUMN:
            return self._not_set_up()
        reason = next(iter(said.splitlines()), "no reason given")
        return _unavailable(sa.make_url(self.url), reason)

    def _not_set_up(self) -> NothingPublished:
        return _not_set_up(self.set_up_with)


def _nothing_is_sealed(engine: sa.Engine) -> bool:
    """Whether a data key may be made: one that is lost is put back, never replaced unseen."""
    if is_missing(engine):
        return True
    with engine.connect() as connection:
        held = sa.text("SELECT count(*) FROM secret WHERE value LIKE 'sealed:%'")
        return not connection.scalar(held)


class Repository:
    """One kind of thing in a database: each method is a transaction, whole or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _read(self, query: sa.Select[Any], made: Callable[..., T]) -> list[T]:
        """Return what is made of each row, given its columns by name."""
        with self._database.reading() as connection:
            return [made(**row._mapping) for row in connection.execute(query)]


def reads(what: Callable[Concatenate[sa.Connection, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Return a method of a database, or of a repository of it, that reads what a function does."""

    @wraps(what)
    def reading(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with _database_of(self).reading() as connection:
            return what(connection, *args, **kwargs)

    return reading


def writes(what: Callable[Concatenate[sa.Connection, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Return a method likewise that does what a function does, as a transaction of its own."""

    @wraps(what)
    def writing(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with _database_of(self).writing() as connection:
            return what(connection, *args, **kwargs)

    return writing


def _database_of(it: Database | Repository) -> Database:
    return it._database if isinstance(it, Repository) else it


def upgrade(connection: sa.Connection, migrations: Path = MIGRATIONS) -> None:
    """Bring the schema to the newest revision, inside the caller's transaction."""
    from alembic import command  # a third of a second that only a change of schema needs

    config = migrating(migrations)
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # it takes what it takes
    command.upgrade(config, "head")


def migrating(folder: Path) -> Config:
    """Return what Alembic is told: where the migrations are."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))  # it fills in names
    return config


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of a database's schema, or None where there is none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def _not_set_up(set_up_with: str = Database.set_up_with) -> NothingPublished:
    return NothingPublished(
        "The database has not been set up.",
        next_step=f"Run `{set_up_with}`, or start with ./scripts/serve, which does it.",
    )


def sealer_of(connection: sa.Connection) -> Sealer:
    """Return what seals secrets in a connection's database."""
    found: Sealer = connection.get_execution_options()[SEALER]
    return found


def now() -> datetime:
    """Return the present moment as it is kept."""
    # Kept without a zone, in UTC: SQLite has no type for more.
    return datetime.now(UTC).replace(tzinfo=None)


def inserted(connection: sa.Connection, table: sa.Table, **values: Any) -> int:
    """Insert a row and return the number that it was given."""
    result = connection.execute(table.insert().values(**values))
    assert result.inserted_primary_key  # noqa: S101 - an insert of one row always has one
    return int(result.inserted_primary_key[0])


# --- opening --------------------------------------------------------------------------------------


def open_engine(url: str) -> sa.Engine:
    """Return an engine for a `sqlite:///…` or `postgresql://…` URL; it makes no file, nor folder.

    Raises InputRefused for any other URL.
    """
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise _not_a_url(url) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    raise _not_a_url(url)


def is_missing(engine: sa.Engine) -> bool:
    """Whether an engine's file does not exist; opening it would make an empty one."""
    path = engine.url.database
    return _is_file(engine.url) and not Path(str(path)).exists()


def shown_url(url: sa.URL) -> str:
    """Return a database's address without its password and options."""
    if _is_file(url):  # with macrons as macrons
        return sqlite_url(Path(str(url.database)))
    return url.set(query={}).render_as_string(hide_password=True)


def _unavailable(url: sa.URL, reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database “{shown_url(url)}” cannot be used: {reason}.",
        next_step="Check the address, that the folder may be written, and that it is running.",
    )


def _not_a_url(url: str) -> InputRefused:
    without_password = _PASSWORD.sub(r"\1:***@", url)
    return InputRefused(
        f"{shown(without_password)} is not a database address.",
        field="DATABASE_URL",
        allowed="It must look like sqlite:////folder/file.sqlite or postgresql://user@host/name.",
        next_step="Correct DATABASE_URL or --database.",
    )


def _postgresql(url: sa.URL) -> sa.Engine:
    patience = {name: value for name, value in PATIENCE.items() if name not in url.query}
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args=patience,
        hide_parameters=True,
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    # A connection that is kept would go on reading a file that was removed or replaced.
    pool = sa.NullPool if _is_file(url) else None
    engine = sa.create_engine(url, poolclass=pool, hide_parameters=True)
    if _is_file(url):
        sa.event.listen(engine, "do_connect", lambda _, record, *__: _opens(engine, record))
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _is_file(url: sa.URL) -> bool:
    sqlite = url.get_backend_name() == "sqlite"
    return sqlite and bool(url.database) and url.database != ":memory:"


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite database, or None for one elsewhere."""
    parsed = sa.make_url(url)
    return Path(str(parsed.database)) if _is_file(parsed) else None


def _opens(engine: sa.Engine, record: Any) -> None:
    """Stand before SQLite, which would make the file, for everybody to read."""
    record.info[_FILE] = _identity(engine.url)
    if record.info[_FILE] is None:
        raise _not_set_up()


def _identity(url: sa.URL) -> tuple[int, int] | None:
    """Return which file stands at an address, or None where there is none."""
    try:
        found = Path(str(url.database)).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions start too late for DDL and for BEGIN IMMEDIATE: ours begin them.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",  # readers go on while one writes
        "synchronous = FULL",  # a publication survives a power cut
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer that began as a reader could fail half-way, when another has written meanwhile.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
