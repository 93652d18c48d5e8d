"""Records of what entries are about: digests of editions, releases and aliases, and their rows.

An entry holds the digest of each table. Beside the trail stands the beginning of each row's digest,
with the row's key, so that a row that differs can be named; the entry holds that list's digest too.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from catchments.store import schema
from catchments.store.integrity.digests import (
    ARTEFACT,
    FORM,
    aliases_rows,
    artefact_rows,
    digest_of,
    edition_rows,
    release_rows,
)

Rows = Sequence[tuple[str, bytes]]
Parts = Mapping[str, Rows]
"""Keys and digests of rows, by table."""
ALIASES = "aliases"
_T = schema.kept_rows
_BEGINNING = 16
"""Characters of a row's digest that are kept to name it by; the proof is the table's."""


def edition_record(connection: sa.Connection, number: int) -> dict[str, Any]:
    """Return what an entry holds of an edition, and of the files that were made of it."""
    parts = _read(edition_rows(connection, number))
    return {
        "digest": _kept(connection, f"edition {number}", parts),
        **artefacts_record(connection, number),
    }


def artefacts_record(connection: sa.Connection, number: int) -> dict[str, Any]:
    """Return what an entry holds of the files that were made of an edition."""
    parts = _read({ARTEFACT: artefact_rows(connection, number)})
    return {"made": _kept(connection, f"edition {number}", parts)}


def release_record(connection: sa.Connection, number: int) -> dict[str, Any]:
    """Return what an entry holds of a release of the school directory."""
    parts = _read(release_rows(connection, number))
    return {"digest": _kept(connection, f"directory release {number}", parts)}


def aliases_record(connection: sa.Connection) -> dict[str, Any]:
    """Return what an entry holds of the aliases."""
    return {"digest": _kept(connection, ALIASES, _read(aliases_rows(connection)))}


def record_of(parts: Parts) -> dict[str, Any]:
    """Return what an entry holds of rows: how many each table has, and its digest."""
    made = {name: digest_of(rows) for name, rows in parts.items()}
    return {
        "form": FORM,
        "tables": {name: f"{table.rows} {table.sha256}" for name, table in made.items()},
        "rows": hashlib.sha256("".join(map(_listed, parts.values())).encode()).hexdigest(),
    }


def differences(
    connection: sa.Connection, subject: str, recorded: Mapping[str, Any], parts: Parts
) -> list[tuple[str, str, str]]:
    """Return what is not as it was recorded: table, a row's key, and what is the matter with it.

    The key is empty where it can only be told that something in the table is another.
    """
    found = record_of(parts)["tables"]
    was = recorded["tables"]
    differing = [name for name in sorted({*found, *was}) if found.get(name) != was.get(name)]
    lists = _lists(connection, subject, list(parts), recorded["rows"]) if differing else {}
    told: list[tuple[str, str, str]] = []
    for name in differing:
        rows = _differing_rows(lists.get(name), parts.get(name, ()))
        told += [(name, key, what) for key, what in rows] or [(name, "", "something in it differs")]
    return told


def _differing_rows(
    was: Mapping[str, str] | None, rows: Iterable[tuple[str, bytes]]
) -> list[tuple[str, str]]:
    if was is None:
        return []
    now = {key: digest.hex()[:_BEGINNING] for key, digest in rows}
    changed = [(key, "was changed") for key in was if key in now and now[key] != was[key]]
    gone = [(key, "is gone") for key in was if key not in now]
    added = [(key, "was added") for key in now if key not in was]
    return [*changed, *gone, *added]


def _lists(
    connection: sa.Connection, subject: str, names: Sequence[str], digest: str
) -> dict[str, dict[str, str]]:
    """Return the rows as they were kept, by table; nothing unless the list is what was kept."""
    query = sa.select(_T.c.part, _T.c.rows).where(_T.c.subject == subject, _T.c.part.in_(names))
    try:
        held = {
            row.part: zlib.decompress(row.rows).decode() for row in connection.execute(query).all()
        }
        whole = "".join(held[name] for name in names)
    except (zlib.error, UnicodeError, KeyError):
        return {}
    if hashlib.sha256(whole.encode()).hexdigest() != digest:
        return {}
    return {name: dict(json.loads(text)) for name, text in held.items()}


def _kept(connection: sa.Connection, subject: str, parts: Parts) -> dict[str, Any]:
    """Keep the rows' list beside the trail, and return what the entry holds."""
    connection.execute(_T.delete().where(_T.c.subject == subject, _T.c.part.in_(list(parts))))
    packed = [
        {"subject": subject, "part": name, "rows": zlib.compress(_listed(rows).encode())}
        for name, rows in parts.items()
    ]
    connection.execute(_T.insert(), packed)
    return record_of(parts)


def _listed(rows: Rows) -> str:
    return json.dumps([(key, digest.hex()[:_BEGINNING]) for key, digest in rows])


def _read(parts: Mapping[str, Iterable[tuple[str, bytes]]]) -> dict[str, Rows]:
    return {name: list(rows) for name, rows in parts.items()}
