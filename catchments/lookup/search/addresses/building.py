"""The builder of address books: each made beside the one in use, and put in its place at once.

A reader that has the old file open goes on with it; whoever opens the path next gets the new one.
Whatever fails on the way, a process killed or a disk full, the old book stays as it was.
"""

from __future__ import annotations

import fcntl
import math
import os
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from catchments.core.errors import InputRefused, shown
from catchments.core.model import PlaceKind, Source
from catchments.core.text_folding import folded
from catchments.lookup.search.addresses.text import MOST_WORDS
from catchments.runtime.disk import fsync, make_file, make_folder, open_to_owner
from catchments.store.engine import StoreUnavailable

APPLICATION_ID = 0x4E5A4144
"""Written into the file's head, so that another SQLite file is not taken for a book."""
FORMAT = 1
"""Raise it whenever the tables change: a book of another format counts as none."""
DEGREE = 10_000_000
"""Coordinates are kept as whole parts of a degree, each a centimetre, in half the bytes."""
MOST_POINTS_OF_LOCALITY = 2_000
NAMESAKES_APART = DEGREE // 2
"""Suburbs or towns of one name in two districts are two where half a degree, 50 km, parts them."""

_BUILDING = ".building"
_CACHE_KIB = 32_000
_INDEX = "content='', columnsize=0, detail=column, prefix='1 2 3', tokenize='ascii'"
"""Rows are numbered by importance, so that the first found are the best; nothing else is kept."""
_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE road (
    id INTEGER PRIMARY KEY, name TEXT, suburb TEXT, town TEXT, district TEXT,
    name_words TEXT, place_words TEXT
);
CREATE TABLE address (
    road_id INTEGER, number INTEGER, suffix TEXT, unit TEXT, label TEXT, lng INTEGER, lat INTEGER,
    PRIMARY KEY (road_id, number, suffix, unit)
) WITHOUT ROWID;
CREATE TABLE locality (
    id INTEGER PRIMARY KEY, kind TEXT, name TEXT, within TEXT,
    name_words TEXT, within_words TEXT, points BLOB
);
CREATE TABLE word (text TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE road_words USING fts5 (name, place, district, {_INDEX});
CREATE VIRTUAL TABLE locality_words USING fts5 (name, place, {_INDEX});
CREATE TEMP TABLE given (
    road INTEGER, number INTEGER, suffix TEXT, unit TEXT, standing INTEGER, origin TEXT,
    label TEXT, lng INTEGER, lat INTEGER
);
CREATE TEMP TABLE renumbered (road INTEGER PRIMARY KEY, id INTEGER);
"""

Progress = Callable[[str, int, int | None], None]


class Road(NamedTuple):
    """A road within one suburb, town and district; the last three may be empty."""

    name: str
    suburb: str
    town: str
    district: str


class Address(NamedTuple):
    """One address to be kept; its point in WGS 84 degrees, longitude -180…180."""

    road: Road
    number: int
    suffix: str
    """The letters after the number, in capitals."""
    high: int
    """The last number of a range such as 10–14, or 0."""
    unit: str
    """The flat's own number or letter."""
    label: str
    """The number as the source writes it whole, such as “Flat 2, 12A”."""
    lng: float
    lat: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What a book holds."""

    addresses: int
    roads: int
    localities: int


@dataclass
class BookBuilder:
    """A book that is being built; nobody reads it before `put_in_place`."""

    path: Path
    """Where it will be."""
    building: Path
    connection: sqlite3.Connection
    roads: dict[Road, int] = field(default_factory=dict)
    addresses_on: Counter[int] = field(default_factory=Counter)

    def add(self, addresses: Iterable[Address]) -> None:
        """Take addresses, one after another, however many."""
        self.connection.executescript(_TABLES)
        self.connection.execute("BEGIN")
        insert = "INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self.connection.executemany(insert, self._given(addresses))

    def finish(self, source: Source, progress: Progress) -> Counts:
        """Order and index what was added, and note where it came from."""
        steps = (self._order, self._add_roads, self._add_localities, self._add_words)
        for done, step in enumerate(steps):
            progress("Building the address book", done, len(steps))
            step()
        counts = self._counts()
        notes = {"source": _json(source), "counts": _json(counts)}
        self.connection.executemany("INSERT INTO meta VALUES (?, ?)", notes.items())
        self.connection.execute("COMMIT")
        progress("Building the address book", len(steps), len(steps))
        return counts

    def check(self, *, knows: Callable[[Path, str], bool]) -> None:
        """Refuse a book that is not whole, or that does not find what it holds.

        `knows` says whether the book in a file finds an address by its text.
        """
        (fault,) = self.connection.execute("PRAGMA quick_check").fetchone()
        if fault != "ok":
            raise self._unfit(f"it is damaged ({fault})")
        for name in ("road_words", "locality_words"):
            self.connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")  # noqa: S608
        used = self.connection.execute("SELECT count(DISTINCT road_id) FROM address").fetchone()
        if used != (len(self.roads),):
            raise self._unfit(f"{used[0]:,} of {len(self.roads):,} roads have addresses")
        samples = self._samples()
        if samples and not any(knows(self.building, text) for text in samples):
            raise self._unfit(f"it does not find {shown(samples[0])}")

    def put_in_place(self, *, within: AbstractContextManager[None]) -> None:
        """Make it the book: whole on the disk first, then there at once.

        `within` is entered for the moment in which it takes the place of the one before.
        """
        self.connection.close()
        fsync(self.building)
        with within:
            os.replace(self.building, self.path)  # noqa: PTH105 - the habit's name: at once
            fsync(self.path.parent)

    def _unfit(self, why: str) -> StoreUnavailable:
        return _not_written(self.path, f"the book that was built cannot be used: {why}")

    def _given(self, addresses: Iterable[Address]) -> Iterator[tuple[object, ...]]:
        roads, on = self.roads, self.addresses_on
        for a in addresses:
            road = roads.setdefault(a.road, len(roads))
            on[road] += 1
            lng, lat = round(a.lng * DEGREE), round(a.lat * DEGREE)
            for number, suffix, unit, standing, label in _entries(a):
                yield road, number, suffix, unit, standing, a.unit, label, lng, lat

    def _order(self) -> None:
        """Number the roads by how many addresses they have, and put the addresses in that order."""
        ids = enumerate((road for road, _ in self.addresses_on.most_common()), start=1)
        run = self.connection.execute
        self.connection.executemany(
            "INSERT INTO renumbered VALUES (?, ?)", ((road, id_) for id_, road in ids)
        )
        # What comes first under one number, suffix and unit is kept: the address that is so named.
        run(
            "INSERT OR IGNORE INTO address SELECT id, number, suffix, unit, label, lng, lat "
            "FROM given JOIN renumbered USING (road) "
            "ORDER BY id, number, suffix, unit, standing, length(origin), origin, label, lng, lat"
        )

    def _add_roads(self) -> None:
        names = list(self.roads)
        ids = dict(self.connection.execute("SELECT id, road FROM renumbered"))
        for id_, road in ids.items():
            name, suburb, town, district = names[road]
            words, place = folded(name), folded(f"{suburb} {town}")
            self._insert("road", id_, name, suburb, town, district, words, place)
            self._index("road_words", id_, words, place, folded(district))
        self.connection.execute("INSERT INTO road_words(road_words) VALUES ('optimize')")

    def _add_localities(self) -> None:
        found = sorted(_localities(self._first_points()), key=lambda one: -len(one.points))
        for id_, one in enumerate(found, start=1):
            words, around = folded(one.name), folded(f"{one.within} {one.district}")
            points = _packed(one.points)
            self._insert("locality", id_, one.kind, one.name, one.within, words, around, points)
            self._index("locality_words", id_, words, around)
        self.connection.execute("INSERT INTO locality_words(locality_words) VALUES ('optimize')")

    def _first_points(self) -> Iterator[tuple[str, str, str, tuple[int, int]]]:
        """Yield for each road its suburb, town and district, and the point of its first number."""
        query = (
            "SELECT suburb, town, district, lng, lat, min(number) FROM address "
            "JOIN road ON road.id = road_id GROUP BY road_id ORDER BY road_id"
        )
        for suburb, town, district, lng, lat, _ in self.connection.execute(query):
            yield suburb, town, district, (lng, lat)

    def _add_words(self) -> None:
        """Keep every word by itself, to see what a word with a slip may stand for."""
        words: set[str] = set()
        for names in self.roads:
            words.update(chain.from_iterable(folded(name).split() for name in names))
        self.connection.executemany("INSERT INTO word VALUES (?)", ((w,) for w in sorted(words)))

    def _counts(self) -> Counts:
        (localities,) = self.connection.execute("SELECT count(*) FROM locality").fetchone()
        return Counts(self.addresses_on.total(), len(self.roads), localities)

    def _samples(self) -> list[str]:
        """Return some addresses as a person writes them, of busy roads and of quiet ones."""
        ids = range(1, len(self.roads) + 1, max(1, len(self.roads) // 5))
        query = (
            "SELECT number || suffix, name, suburb, town FROM address JOIN road ON id = road_id "
            "WHERE road_id = ? LIMIT 1"
        )
        found = [self.connection.execute(query, (id_,)).fetchone() for id_ in ids]
        texts = (
            ", ".join(filter(None, [f"{number} {name}", *where])) for number, name, *where in found
        )
        return [text for text in texts if len(folded(text).split()) <= MOST_WORDS]

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608

    def _index(self, table: str, id_: int, *texts: str) -> None:
        columns = "rowid, name, place" + (", district" if len(texts) > 2 else "")
        marks = ", ".join("?" * (len(texts) + 1))
        insert = f"INSERT INTO {table}({columns}) VALUES ({marks})"  # noqa: S608 - our own words
        self.connection.execute(insert, (id_, *texts))


@contextmanager
def building_book(path: Path) -> Iterator[BookBuilder]:
    """Give a builder of the book at `path`; what it has not put in place at the end is removed.

    Raises InputRefused while another import is building it, and StoreUnavailable where its folder
    cannot be written or the disk is full.
    """
    try:
        make_folder(path.parent)
        with _only_one(path):
            _remove_leftovers(path)
            building = path.with_name(f"{path.name}.{os.getpid()}{_BUILDING}")
            try:
                with closing(_open(building)) as connection:
                    yield BookBuilder(path, building, connection)
            finally:
                building.unlink(missing_ok=True)
    except sqlite3.DatabaseError as error:
        raise _not_written(path, str(error)) from error
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from error


def _open(building: Path) -> sqlite3.Connection:
    make_file(building)
    connection = sqlite3.connect(building, isolation_level=None)
    # Nothing to recover: a book that was not finished is thrown away.
    for pragma in (
        "journal_mode = OFF",
        "synchronous = OFF",
        f"cache_size = -{_CACHE_KIB}",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {FORMAT}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the book's lock; the system frees it when a process ends, however that comes."""
    with open(path.with_name(f"{path.name}.lock"), "w", opener=open_to_owner) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputRefused(
                "Another import of addresses is running.",
                next_step="Wait until it has ended, then import again.",
            ) from error
        yield


def _remove_leftovers(path: Path) -> None:
    for left in path.parent.glob(f"*{_BUILDING}*"):
        if left.name.startswith(f"{path.name}."):
            left.unlink(missing_ok=True)


def _not_written(path: Path, reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The address book {shown(path.name)} cannot be written: {reason}.",
        next_step="The one before it, if any, is as it was. Check its folder and the free space.",
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# --- what an address is found by ------------------------------------------------------------------


def _entries(a: Address) -> Iterator[tuple[int, str, str, int, str]]:
    """Yield number, suffix, unit, standing and label of all that leads to one address.

    Of several under one number that of the lowest standing is kept: itself, then the building that
    only flats are known of, a range that covers the number, and last the number with a letter.
    """
    plain = f"{a.number}{a.suffix}"
    label = "" if a.label == plain else a.label
    unit = folded(a.unit)
    yield a.number, a.suffix, unit, 0, label
    if unit:
        building = f"{plain}-{a.high}" if a.high else ""
        yield a.number, a.suffix, "", 1, building
        label = building
    for number in _covered(a.number, a.high):
        yield number, "", "", 2, label or plain
    if a.suffix:
        yield a.number, "", "", 3, label or plain


def _covered(number: int, high: int) -> range:
    """Return the numbers after the first that a range covers: those on its side of the road."""
    return range(number, high + 1, 2 if (high - number) % 2 == 0 else 1)[1:]


# --- suburbs and towns ----------------------------------------------------------------------------

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Locality:
    kind: PlaceKind
    name: str
    within: str
    district: str
    points: list[Point]


def _localities(roads: Iterable[tuple[str, str, str, Point]]) -> Iterator[_Locality]:
    """Yield the suburbs and towns that roads lie in, each with a point of each of its roads."""
    groups: defaultdict[tuple[PlaceKind, str, str], dict[str, list[Point]]] = defaultdict(dict)
    names: dict[tuple[PlaceKind, str, str], tuple[str, str]] = {}
    for suburb, town, district, point in roads:
        for kind, name, within in _kinds(suburb, town):
            key = (kind, folded(name), folded(within))
            names.setdefault(key, (name, within))
            groups[key].setdefault(district, []).append(point)
    for key, by_district in groups.items():
        name, within = names[key]
        apart = _namesakes(by_district)
        for district, points in apart:
            told_by = within or (district if len(apart) > 1 or key[0] is PlaceKind.SUBURB else "")
            yield _Locality(key[0], name, told_by, district, points)


def _kinds(suburb: str, town: str) -> Iterator[tuple[PlaceKind, str, str]]:
    if folded(town):
        yield PlaceKind.TOWN, town, ""
    if folded(suburb) and folded(suburb) != folded(town):
        yield PlaceKind.SUBURB, suburb, town


def _namesakes(by_district: Mapping[str, list[Point]]) -> list[tuple[str, list[Point]]]:
    """Part the points of one name where districts lie too far apart for one place.

    Each part has the district with most of its points.
    """
    parts: list[tuple[str, list[Point], Point]] = []
    for district, points in sorted(by_district.items(), key=lambda item: -len(item[1])):
        middle = points[len(points) // 2]
        near = (own for _, own, at in parts if math.dist(at, middle) < NAMESAKES_APART)
        own = next(near, None)
        if own is None:
            parts.append((district, list(points), middle))
        else:
            own.extend(points)
    return [(district, points) for district, points, _ in parts]


def _packed(points: Sequence[Point]) -> bytes:
    """Return points as bytes, evenly chosen where there are too many."""
    step = math.ceil(len(points) / MOST_POINTS_OF_LOCALITY)
    return array("i", [axis for point in points[::step] for axis in point]).tobytes()
