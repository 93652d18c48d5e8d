"""A GeoPackage from outside → its layers and their rows, read without GDAL.

GDAL's SQLite has modules that open any file or address, and a list of what may not be in front of
it was broken with a comment. So here the standard library's SQLite, which has no such module,
reads a file that it may not write: first the schema, of which every entry must be a plain table, an
index, or one of the few triggers and R-trees that the programs writing GeoPackages make, and then
rows of plain tables by statements of our own. An authorizer refuses all else, whatever the file
says. Source: OGC 12-128r19 (GeoPackage 1.4); https://www.sqlite.org/security.html, “untrusted
database files”.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats import file_refusals
from catchments.readers.formats.file_refusals import MAX_FILE_BYTES, not_what_it_says

HEAD_BYTES = 100
_SQLITE = b"SQLite format 3\0"
_APPLICATION_IDS = {b"GPKG", b"GP10", b"GP11", b"GP12"}

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_FILE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 10,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 10,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""Bytes and counts; statements of the schema are read under them too."""
_STEPS_A_BYTE, _STEPS_AT_LEAST, _STEPS_BETWEEN_LOOKS = 20, 50_000_000, 1_000_000
"""SQLite's steps for all that is asked of a file; a row takes one for each of its values."""

_CONTENTS, _GEOMETRY_COLUMNS = "gpkg_contents", "gpkg_geometry_columns"
_REFERENCE_SYSTEMS = "gpkg_spatial_ref_sys"
_OF_THE_FORMAT = ("gpkg_", "rtree_", "sqlite_")
"""How the names of tables begin that hold no one's features."""
_TABLES_AT_MOST = 2_000
_WITH_GEOMETRY, _WITHOUT_GEOMETRY = "features", ("attributes", "aspatial")

_STATEMENTS = {
    "table": ("CREATE TABLE ",),
    "index": ("CREATE INDEX ", "CREATE UNIQUE INDEX "),
    "trigger": ("CREATE TRIGGER ",),
}
"""How SQLite itself writes each kind of entry in the schema, to the letter and the space."""
_VIRTUAL, _VIEW = "CREATE VIRTUAL TABLE ", "CREATE VIEW "
_BARE = re.compile(r"[\w$]+")
_AFTER_NAME = frozenset(" \t\r\n(/-")
_RTREE = re.compile(r" using rtree *\(id, *minx, *maxx, *miny, *maxy\)", re.IGNORECASE)

_RTREE_TRIGGERS = ("insert", "delete", *(f"update{n}" for n in range(1, 8)))
_GEOMETRY_TRIGGERS = ("fgti", "fgtu", "fgsi", "fgsu")
"""Of the extensions `gpkg_geometry_type_trigger` and `gpkg_srs_id_trigger` of GeoPackage 1.0."""
_COUNT_TRIGGERS = ("trigger_insert_feature_count", "trigger_delete_feature_count")
"""With which GDAL keeps count in `gpkg_ogr_contents`."""
_EVENTS = ("insert", "update")
_TILE_COLUMNS = ("zoom", "tile_column", "tile_row")
_CHECKED_COLUMNS = {
    "gpkg_tile_matrix": (
        "zoom_level",
        "matrix_width",
        "matrix_height",
        "pixel_x_size",
        "pixel_y_size",
    ),
    "gpkg_metadata": ("md_scope",),
    "gpkg_metadata_reference": ("reference_scope", "column_name", "row_id_value", "timestamp"),
}
"""Columns for which GeoPackage itself (annex D) gives triggers that check what is written."""

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_HEADER_BYTES = 8
_EXTENDED = 0x20


@dataclass(frozen=True)
class TableLayer:
    """One table of features, as the GeoPackage describes it."""

    name: str
    crs: str | None
    """An authority's code or WKT; None where it is not said."""
    geometry_column: str | None
    """None where it has no geometries."""
    fields: Mapping[str, str]
    """The type that each column with values is declared with, in capitals."""


class GeoPackageRefused(FileRefused):
    """A file that is no GeoPackage, or not a plain one."""


class Row(NamedTuple):
    """One feature: its number, its geometry as it is stored, and the values asked for."""

    number: int
    geometry: bytes | None
    values: Sequence[Any]


def is_geopackage(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` bytes of a file are those of a GeoPackage."""
    return head.startswith(_SQLITE) and head[68:72] in _APPLICATION_IDS


@contextmanager
def opened(path: Path) -> Iterator[GeoPackage]:
    """Open a GeoPackage to be read; nothing is written, not even beside it.

    Raises FileRefused, also while it is read: for what is none, is damaged, is still being
    written, or has in it what a plain GeoPackage has not.
    """
    with path.open("rb") as file:
        if not is_geopackage(head := file.read(HEAD_BYTES)):
            raise _damaged(path)
        if lacks := file_refusals.pages_lacking(head, path.stat().st_size):
            raise _damaged(path, f"it breaks off: {lacks} of its pages are missing")
    _refuse_unfinished(path.resolve())
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            yield GeoPackage(database, path)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise _damaged(path, error) from error


class GeoPackage:
    """A GeoPackage that was found to be plain."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database, self._path = database, path
        self._readable = {"sqlite_master"}
        _fence(database, self._readable, path.stat().st_size)
        query = "SELECT type, name, tbl_name, sql FROM main.sqlite_master"
        schema = _Schema(database.execute(query).fetchall(), path)
        self._tables = schema.tables
        others = [name for name in self._tables if not name.startswith(_OF_THE_FORMAT)]
        self._others = {name: self._columns(name) for name in others}
        schema.refuse_uncommon(self._others)
        self._geometry_columns = self._read_geometry_columns()
        self.pictures: list[str] = []
        """Tables of tiles, and of what other extensions keep: not read."""
        self.layers = tuple(self._read_layers())
        """Tables in the order of the file's contents; last those that it does not speak of."""

    def rows(self, layer: TableLayer, fields: Iterable[str]) -> Iterator[Row]:
        """Yield the features of a layer, by number, with the values of some of its fields."""
        geometry = "NULL" if layer.geometry_column is None else _quoted(layer.geometry_column)
        columns = ", ".join([geometry, *map(_quoted, fields)])
        last = None
        for number, stored, *values in self._select(layer.name, columns):
            if last is not None and number <= last:
                raise _damaged(self._path, f"feature {last} is not the last")
            last = number
            if not (stored is None or isinstance(stored, bytes)):
                where = f"layer {shown(layer.name)}, feature {number}"
                raise _damaged(self._path, f"{where} has text for a geometry")
            yield Row(number, stored, values)

    def count(self, layer: TableLayer) -> int:
        """Return how many features a layer has, by going through them."""
        name = _quoted(layer.name)
        # Of a column, not of `*`: SQLite counts that in one step, which nothing can stop.
        query = f"SELECT count({self._row_id(layer.name)}) FROM {name} NOT INDEXED"  # noqa: S608
        return int(self._database.execute(query).fetchone()[0])

    # --- what it holds ----------------------------------------------------------------------------

    def _read_geometry_columns(self) -> dict[str, tuple[str, Any]]:
        """Return the column and the number of the reference system of each table with geometries.

        By the table's name in small letters.
        """
        if _GEOMETRY_COLUMNS not in self._tables:
            return {}
        found: dict[str, tuple[str, Any]] = {}
        for _, table, column, system in self._about(
            _GEOMETRY_COLUMNS, ("table_name", "column_name", "srs_id")
        ):
            self._refuse_nameless(_GEOMETRY_COLUMNS, table, column)
            found[_small(table)] = (column, system)
        return found

    def _read_layers(self) -> Iterator[TableLayer]:
        seen: set[str] = set()
        for _, name, kind in self._about(_CONTENTS, ("table_name", "data_type")):
            if kind != _WITH_GEOMETRY and kind not in _WITHOUT_GEOMETRY:
                self.pictures.append(str(name))
                continue
            self._refuse_nameless(_CONTENTS, name)
            if _small(name) in seen:
                raise _damaged(self._path, f"{_CONTENTS} names {name} twice")
            seen.add(_small(name))
            yield self._layer(name, has_geometry=kind == _WITH_GEOMETRY)
        for name, columns in self._others.items():
            if name not in seen:
                yield TableLayer(self._tables[name], None, None, _fields(columns, ""))

    def _layer(self, name: str, *, has_geometry: bool) -> TableLayer:
        columns = self._columns(name)
        geometry, system = self._geometry_columns.get(_small(name), (None, None))
        if not has_geometry:
            return TableLayer(name, None, None, _fields(columns, ""))
        stands = next((c for c in columns if geometry and _small(c) == _small(geometry)), None)
        if stands is None:
            what = f"{_GEOMETRY_COLUMNS} names no column of {name}"
            raise _damaged(self._path, what)
        return TableLayer(name, self._crs(system), stands, _fields(columns, stands))

    def _crs(self, system: Any) -> str | None:
        """Return a reference system as its authority's code, or as the WKT of its definition."""
        known = self._columns(_REFERENCE_SYSTEMS)
        newer = [name for name in known if _small(name) == "definition_12_063"]
        wanted = ("srs_id", "organization", "organization_coordsys_id", *newer, "definition")
        for _, number, authority, code, *definitions in self._about(_REFERENCE_SYSTEMS, wanted):
            if number != system:
                continue
            if _small(str(authority)) == "epsg" and isinstance(code, int):
                return f"EPSG:{code}"
            said = (text for text in definitions if isinstance(text, str))
            return next((text for text in said if _small(text.strip()) not in _UNDEFINED), None)
        return None

    # --- how it is read ---------------------------------------------------------------------------

    def _about(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield row number and columns of one of the tables that describe the GeoPackage."""
        known = {_small(name) for name in self._columns(table)}
        missing = [name for name in columns if name not in known]
        if missing:
            raise _damaged(self._path, f"{table} has no column {missing[0]}")
        return self._select(table, ", ".join(map(_quoted, columns)))

    def _columns(self, table: str) -> dict[str, _Column]:
        """Return the columns of a plain table by name, and let them be read."""
        if _small(table) not in self._tables:
            raise _damaged(self._path, f"it has no table {table}")
        self._readable.add(_small(table))
        found = self._database.execute(f"PRAGMA main.table_xinfo({_quoted(table)})").fetchall()
        computed = [name for _, name, *_, hidden in found if hidden]
        if computed:
            raise _refused(self._path, "has columns that it computes", computed)
        return {
            str(name): _Column(str(declared).upper(), bool(key))
            for _, name, declared, _, _, key, _ in found
        }

    def _select(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield the row number and some columns of a plain table, in the table's own order."""
        query = f"SELECT {self._row_id(table)}, {columns} FROM {_quoted(table)} NOT INDEXED"  # noqa: S608
        return self._database.execute(query)

    def _row_id(self, table: str) -> str:
        """Return a name of the row's number that no column has."""
        taken = {_small(name) for name in self._columns(table)}
        free = [name for name in ("rowid", "_rowid_", "oid") if name not in taken]
        if not free:
            raise _damaged(self._path, f"the rows of {table} have no numbers")
        return free[0]

    def _refuse_nameless(self, table: str, *names: object) -> None:
        if not all(isinstance(name, str) and name for name in names):
            raise _damaged(self._path, f"{table} has a row without a name")


_UNDEFINED = {"", "undefined"}


class _Column(NamedTuple):
    declared: str
    is_key: bool


def _fields(columns: Mapping[str, _Column], geometry: str) -> dict[str, str]:
    """Return the columns with values: not the feature's number, nor its geometry."""
    keys = [name for name, column in columns.items() if column.is_key]
    number = keys[0] if len(keys) == 1 and "INT" in columns[keys[0]].declared else ""
    return {
        name: column.declared for name, column in columns.items() if name not in {number, geometry}
    }


# --- geometries -----------------------------------------------------------------------------------


def wkb_of(stored: bytes) -> bytes:
    """Return the WKB of a geometry as GeoPackage stores it, with its header taken off.

    The WKB itself is not looked at. Raises ValueError, saying what is wrong with the header.
    Source: OGC 12-128r19, 2.1.3.1.1.
    """
    if not stored.startswith(b"GP\0") or len(stored) < _HEADER_BYTES:
        raise ValueError("its shape has no GeoPackage header")
    flags = stored[3]
    envelope = flags >> 1 & 0x7
    if flags & _EXTENDED:
        raise ValueError("its shape is of a kind that an extension defines")
    if flags >> 6 or envelope >= len(_ENVELOPE_BYTES):
        raise ValueError(f"its shape's header has the flags {flags:#04x}")
    return stored[_HEADER_BYTES + _ENVELOPE_BYTES[envelope] :]


# --- what may be in a file ------------------------------------------------------------------------


class _Schema:
    """The entries of a file's schema: its plain tables, and what else there is."""

    def __init__(self, entries: Iterable[Sequence[Any]], path: Path) -> None:
        self._path = path
        self.tables: dict[str, str] = {}
        """The names of the plain tables, by their names in small letters."""
        self._virtual: list[str] = []
        self._triggers: list[tuple[str, str]] = []
        names: set[tuple[str, str]] = set()
        for kind, name, table, sql in entries:
            if not (isinstance(kind, str) and isinstance(name, str) and isinstance(table, str)):
                raise _damaged(path, "its schema has an entry without a name")
            if (kind, _small(name)) in names:
                raise _damaged(path, f"it has {name} twice")
            names.add((kind, _small(name)))
            self._take(kind, name, table, sql)

    def _take(self, kind: str, name: str, table: str, sql: Any) -> None:
        if kind == "index" and sql is None:
            return  # SQLite's own, of a key
        text = sql if isinstance(sql, str) else ""
        if kind == "view" or text.startswith(_VIEW):
            raise _refused(self._path, "has views, which could stand for other tables", [name])
        if text.startswith(_VIRTUAL):
            self._take_virtual(name, text)
            return
        rest = [text[len(s) :] for s in _STATEMENTS.get(kind, ()) if text.startswith(s)]
        if not rest or (_after_name(rest[0], name) or "")[:1] not in _AFTER_NAME:
            raise _refused(self._path, f"has a {kind} that SQLite did not write", [name])
        if kind == "table":
            self.tables[_small(name)] = name
            self._refuse_many()
        elif kind == "trigger":
            self._triggers.append((name, table))

    def _take_virtual(self, name: str, text: str) -> None:
        rest = _after_name(text[len(_VIRTUAL) :], name)
        if rest is None or not _RTREE.fullmatch(rest):
            raise self._refused_virtual(name)
        self._virtual.append(name)

    def _refused_virtual(self, name: str) -> GeoPackageRefused:
        return _refused(self._path, "has virtual tables, which could read other files", [name])

    def refuse_uncommon(self, columns: Mapping[str, Iterable[str]]) -> None:
        """Refuse R-trees and triggers other than those of the programs that write GeoPackages.

        `columns` has the columns of each table that may have them.
        """
        small = {table: set(map(_small, names)) for table, names in columns.items()}
        for name in self._virtual:
            if not any(_is_rtree(_small(name), table, small[table]) for table in small):
                raise self._refused_virtual(name)
        own = [
            name
            for name, table in self._triggers
            if not _is_common(_small(name), _small(table), small.get(_small(table), set()))
        ]
        if own:
            raise _refused(self._path, "has triggers of its own", own)

    def _refuse_many(self) -> None:
        if len(self.tables) > _TABLES_AT_MOST:
            raise GeoPackageRefused(
                f"{shown(self._path.name)} has more than {_TABLES_AT_MOST:,} tables.",
                next_step="Export the layer into a new GeoPackage.",
            )


def _is_rtree(name: str, table: str, columns: Container[str]) -> bool:
    begin = f"rtree_{table}_"
    return name.startswith(begin) and name.removeprefix(begin) in columns


def _is_common(trigger: str, table: str, columns: Container[str]) -> bool:
    """Whether a trigger of a table is one that a plain GeoPackage may have; by its name."""
    index, _, end = trigger.rpartition("_")
    if end in _RTREE_TRIGGERS and _is_rtree(index, table, columns):
        return True
    begin, _, column = trigger.partition(f"_{table}_")
    if begin in _GEOMETRY_TRIGGERS and column in columns:
        return True
    checked = product(_CHECKED_COLUMNS.get(table, _TILE_COLUMNS), _EVENTS)
    return trigger in {
        *(f"{begin}_{table}" for begin in _COUNT_TRIGGERS),
        *(f"{table}_{column}_{event}" for column, event in checked),
    }


def _after_name(text: str, name: str) -> str | None:
    """Return what follows a name, however it is quoted, at a text's start; None if it is not there.

    An entry's name stands in a column of its own too; only a file made by hand has two names.
    """
    for mark in "\"'`":
        quoted = mark + name.replace(mark, 2 * mark) + mark
        if text.startswith(quoted):
            return text[len(quoted) :]
    if text.startswith(f"[{name}]"):
        return text[len(name) + 2 :]
    return text[len(name) :] if _BARE.fullmatch(name) and text.startswith(name) else None


def _refuse_unfinished(path: Path) -> None:
    """Refuse a file beside which SQLite keeps what is not yet in it."""
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise GeoPackageRefused(
                f"{shown(path.name)} is open in another program, or was not closed:"
                f" {shown(beside.name)} holds changes that are not in it.",
                next_step="Close it there, then import it again.",
            )


def _refused(path: Path, what: str, names: Sequence[str]) -> GeoPackageRefused:
    return GeoPackageRefused(
        f"{shown(path.name)} {what}: {', '.join(map(shown, names[:5]))}.",
        allowed="A GeoPackage may have plain tables, and their spatial indexes.",
        next_step="Export the layer into a new GeoPackage.",
    )


def _damaged(path: Path, why: object = "") -> GeoPackageRefused:
    said = not_what_it_says(path, "a GeoPackage", why)
    return GeoPackageRefused(said.problem, allowed=said.allowed, next_step=said.next_step)


# --- SQLite ---------------------------------------------------------------------------------------


def _fence(database: sqlite3.Connection, readable: set[str], file_bytes: int) -> None:
    """Let SQLite read some tables, in bounded time and space, and do nothing else."""
    for limit, most in _LIMITS.items():
        database.setlimit(limit, most)
    looks = (_STEPS_AT_LEAST + _STEPS_A_BYTE * file_bytes) // _STEPS_BETWEEN_LOOKS
    left = iter(range(looks))
    database.set_progress_handler(lambda: next(left, None) is None, _STEPS_BETWEEN_LOOKS)
    for setting in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
        database.execute(f"PRAGMA {setting}")
    database.execute("PRAGMA mmap_size = 0")
    database.set_authorizer(
        lambda *asked: sqlite3.SQLITE_OK if _may(readable, *asked) else sqlite3.SQLITE_DENY
    )


def _may(
    readable: set[str],
    action: int,
    one: str | None,
    two: str | None,
    database: str | None,
    inside: str | None,
) -> bool:
    """Whether a statement may do something: only what `GeoPackage` itself asks for.

    `inside` is the view or trigger that wants it.
    """
    if inside is not None:
        return False
    if action == sqlite3.SQLITE_SELECT:
        return True
    if action == sqlite3.SQLITE_READ:
        return database in {"main", None} and _small(one or "") in readable
    if action == sqlite3.SQLITE_PRAGMA:
        return one == "table_xinfo" and _small(two or "") in readable
    return action == sqlite3.SQLITE_FUNCTION and two == "count"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_CAPITALS = str.maketrans({chr(c): chr(c + 32) for c in range(ord("A"), ord("Z") + 1)})


def _small(name: str) -> str:
    """Return a name as SQLite compares it: only the letters A to Z have no case."""
    return name.translate(_CAPITALS)
