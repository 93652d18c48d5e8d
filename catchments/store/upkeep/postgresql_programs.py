"""PostgreSQL's own programs: `pg_dump`, `pg_restore` and `psql`, wherever they are.

The password reaches them through the environment: a command line can be read by everybody.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from catchments.core.errors import CatchmentsError
from catchments.store.engine import WRITER_LOCK, open_engine
from catchments.store.upkeep.inspection import Held, Tally, held_by_dump

INSTALLED = Path("/usr/lib/postgresql")
TOO_NEW = b"SET transaction_timeout = 0;\n"
"""What programs of version 17 say first, and servers before it do not know."""
HEAD_BYTES = 4096
_COPIED = re.compile(r"^COPY public\.alembic_version .*\n(\S*)\n", re.MULTILINE)
_OTHERS = sa.text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind IN ('r', 'p', 'f') AND relname <> ALL (:ours) AND NOT EXISTS ("
    "SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid "
    "AND deptype = 'e') ORDER BY relname"
)
"""Tables that are neither ours nor part of an extension."""


class ProgramFailed(CatchmentsError):
    """A program of PostgreSQL that is missing, or did not do what it was to do."""


class ProgramMissing(ProgramFailed):
    """A program of PostgreSQL that is not installed."""


def dump(url: sa.URL, file: Path) -> None:
    """Write a database to a file in pg_dump's custom format. Raises ProgramFailed."""
    where, environment = _where(url)
    kept = ["--no-owner", "--no-privileges", "--no-comments", "--format=custom"]
    _run(["pg_dump", *kept, f"--file={file}", f"--dbname={where}"], environment)


def revision(file: Path) -> str:
    """Return the revision of the schema in a dump, or an empty text. Raises ProgramFailed."""
    rows = ["--data-only", "--table=alembic_version", "--file=-"]
    found = _COPIED.search(_run(["pg_restore", *rows, str(file)]))
    return found[1] if found else ""


def held(file: Path) -> Held:
    """Return what a dump holds; each block of it is unpacked. Raises ProgramFailed.

    A block that is damaged is named by its table.
    """
    tally = Tally()
    with tempfile.TemporaryFile() as said:
        command = [_found("pg_restore"), "--file=-", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as reader:  # noqa: S603
            lines: Any = reader.stdout
            for tally in held_by_dump(lines):  # noqa: B007 - the last one counts
                pass
        said.seek(0)
        if reader.returncode:
            at = f"in the table {tally.table}" if tally.table else "before its first table"
            raise _failed(f"pg_restore, {at},", said.read())
    return tally.held


def load(
    file: Path, url: sa.URL, *, tables: Sequence[str], rows: Mapping[str, int] | None = None
) -> None:
    """Put a dump in place of a database's tables of these names, in one transaction.

    Unless each table then has as many rows as `rows` says, nothing is kept. Raises
    ProgramFailed, and leaves the database as it was.
    """
    _refuse_others(url, tables)
    where, environment = _where(url)
    quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    reader = subprocess.Popen(  # noqa: S603 - no shell
        [
            _found("pg_restore"),
            *("--no-owner", "--no-privileges", "--no-comments"),
            "--file=-",
            file,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with tempfile.TemporaryFile() as said:
        writer = subprocess.Popen(  # noqa: S603 - no shell
            [_found("psql"), *quiet, f"--dbname={where}"],
            stdin=subprocess.PIPE,
            stderr=said,
            env={**os.environ, **environment},
        )
        with reader, writer:
            _feed(reader, writer, tables, rows or {})
        said.seek(0)
        if reader.returncode or writer.returncode:
            raise _failed("psql" if writer.returncode else "pg_restore", said.read())


def _feed(reader: Any, writer: Any, tables: Sequence[str], rows: Mapping[str, int]) -> None:
    """Give psql a transaction that ends well only if all of the dump was read."""
    into: IO[bytes] = writer.stdin
    try:
        into.write(_before(tables).encode())
        into.write(reader.stdout.read(HEAD_BYTES).replace(TOO_NEW, b""))
        shutil.copyfileobj(reader.stdout, into)
        if reader.wait() == 0:
            into.write(f"\n{_counted(rows)}COMMIT;\n".encode())
        into.close()
    except BrokenPipeError:
        reader.kill()  # psql has met an error and left; it says which
        with suppress(BrokenPipeError):
            into.close()  # what was still to be given is given up, or closing it again would fail


def _counted(rows: Mapping[str, int]) -> str:
    """Return what fails where a table has not as many rows as the dump."""
    from psycopg import sql  # only who has PostgreSQL pays for it

    each = (
        sql.SQL(
            "IF (SELECT count(*) FROM public.{}) <> {} THEN "
            "RAISE EXCEPTION 'the table % has not all of its rows', {}; END IF; "
        )
        .format(sql.Identifier(table), sql.Literal(count), sql.Literal(table))
        .as_string(None)
        for table, count in rows.items()
    )
    return f"DO $$ BEGIN {''.join(each)}END $$;\n"


def _before(tables: Sequence[str]) -> str:
    from psycopg import sql

    dropped = (
        sql.SQL("DROP TABLE IF EXISTS public.{} CASCADE;\n")
        .format(sql.Identifier(table))
        .as_string(None)
        for table in tables
    )
    return (
        "BEGIN;\nSET LOCAL client_min_messages = warning;\n"
        f"SELECT pg_advisory_xact_lock({WRITER_LOCK});\n{''.join(dropped)}"
        "DROP FUNCTION IF EXISTS public.refuse_rewriting() CASCADE;\n"
    )


def _refuse_others(url: sa.URL, ours: Sequence[str]) -> None:
    engine = open_engine(url.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            others = connection.scalars(_OTHERS, {"ours": [*ours]}).all()
    finally:
        engine.dispose()
    if others:
        raise ProgramFailed(
            f"The database holds tables that are not this service's: {', '.join(others[:5])}.",
            next_step="Restore into a database of its own.",
        )


def _where(url: sa.URL) -> tuple[str, dict[str, str]]:
    """Return a database's address without its password, and the password for the environment."""
    from psycopg.conninfo import make_conninfo

    _, given = url.get_dialect()().create_connect_args(url.set(drivername="postgresql+psycopg"))
    password = given.pop("password", None)
    return make_conninfo(**given), {"PGPASSWORD": str(password)} if password else {}


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(  # noqa: S603 - no shell
        [_found(command[0]), *command[1:]],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        raise _failed(command[0], ended.stderr)
    return ended.stdout.decode("utf-8", "replace")


def _failed(program: str, said: bytes) -> ProgramFailed:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    why = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "")
    return ProgramFailed(
        f"{program} failed: {why[:300] or 'it said nothing'}.",
        next_step="Check that the database can be reached, and that these programs are at least "
        "as new as its server.",
    )


def _found(program: str) -> str:
    """Return where a program is: the newest of Debian's, which PATH may not have, or PATH's."""
    by_version = {
        float(path.parent.parent.name): path for path in INSTALLED.glob(f"[0-9]*/bin/{program}")
    }
    found = str(by_version[max(by_version)]) if by_version else shutil.which(program)
    if not found:
        raise ProgramMissing(
            f"{program} is not installed.",
            next_step="Install PostgreSQL's client programs (Debian: postgresql-client).",
        )
    return found
