"""LINZ NZ Addresses, CSV or GeoPackage, either layout → one address after another, and a report.

The file has 2.4 million rows, so it is streamed: whatever its size, what is held is a batch of rows
and the names of the roads. `open_table` reads a hundredth of that, whole and in a second pass.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.core.model import Source, SourceKind
from catchments.core.text_folding import folded
from catchments.geometry import wkb
from catchments.geometry.coordinates import WGS84, in_new_zealand, look_swapped, to_180, to_wgs84
from catchments.readers.formats import geopackage
from catchments.readers.formats.geopackage import GeoPackage, Row, TableLayer
from catchments.readers.formats.tables import Columns, release_of, tidy
from catchments.readers.report import Progress, Report, no_progress, sha256_of

AUTHORITY = "Toitū Te Whenua Land Information New Zealand"
LICENCE = "CC BY 4.0"
TITLE = "NZ Addresses"
URL = "https://data.linz.govt.nz/"
ALLOWED = "It must be LINZ NZ Addresses, layer 105689 or 123113, as CSV or GeoPackage."
MOST_ROADS = 500_000
"""Four times the country's, counted once a suburb: more is another kind of file."""
PROBLEMS_KEPT = 50
PROBLEMS_NAMED = 10
LONGEST_RANGE = 100
"""Numbers from the first to the last of one address; a longer range is a slip of the source."""

COLUMNS = Columns(
    aliases={
        "full_address": ("full_address",),
        "full_number": ("full_address_number",),
        "number": ("address_number",),
        "suffix": ("address_number_suffix",),
        "high": ("address_number_high",),
        "unit": ("unit_value", "unit"),
        "road": ("full_road_name",),
        "suburb": ("suburb_locality",),
        "town": ("town_city",),
        "district": ("territorial_authority",),
        "lifecycle": ("address_lifecycle",),
        "water": ("water_name",),
        "lng": ("gd2000_xcoord", "shape_X"),
        "lat": ("gd2000_ycoord", "shape_Y"),
        "wkt": ("WKT",),
    },
    required=(("full_address", "road"), ("full_address", "number", "full_number")),
)
"""What the layers call each column; the older has some that the newer has not."""
_PLACED = Columns(COLUMNS.aliases, required=(("lng", "wkt"), ("lat", "wkt")))
"""What a CSV needs besides, where a GeoPackage has geometries."""
_FIELDS = tuple(COLUMNS.aliases)
_AXES = ("lng", "lat", "wkt")
_POINT_AXES = ("shape_X", "shape_Y")
"""What the places of points are called, as if they stood in columns."""

_LONGEST_LINE = 1_000_000
_PROGRESS_ROWS = 5_000
_BATCH = 5_000
_ZIP = b"PK\x03\x04"
_GEOGRAPHIC = {"EPSG:4167", WGS84, "OGC:CRS84"}
"""NZGD2000 and WGS 84 differ by less than a metre."""
_NUMBER = re.compile(
    r"(?:(?P<unit>[^/]{1,40})/)?(?P<number>[0-9]{1,6})(?P<suffix>[A-Za-z]{0,2})"
    r"(?: ?- ?(?P<high>[0-9]{1,6})[A-Za-z]{0,2})?"
)
_NUMBER_AND_ROAD = re.compile(rf"(?P<whole>{_NUMBER.pattern}) (?P<road>.+)")
_LAST_WORD = re.compile(r"[0-9A-Za-z]+$")

Cells = tuple[str, ...]
Rows = Iterator[tuple[str, Cells]]
"""For each row how to name it to a person, and its cells in the order of `COLUMNS`."""


class Road(NamedTuple):
    """A road within one suburb, town and district; the last three may be empty."""

    name: str
    suburb: str
    town: str
    district: str


class Address(NamedTuple):
    """One address; its point in WGS 84 degrees, longitude -180…180."""

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


class _Number(NamedTuple):
    number: int
    suffix: str
    high: int
    unit: str
    label: str


class _Unusable(Exception):
    """What an address lacks, and what of it is shown."""

    def __init__(self, what: str, value: str) -> None:
        super().__init__(what)
        self.what, self.value = what, value


class AddressReading:
    """Reads a file once, address after address.

    Raises FileRefused, when it is made or while it is read, for what is not LINZ NZ Addresses, is
    damaged or cut short, or has no address that can be used.
    """

    def __init__(self, path: Path) -> None:
        self.report = Report()
        """Whole when the last address is out."""
        self.kept = 0
        """How many addresses are out."""
        self._path = path
        self._open = _rows_of(path)
        self._roads: dict[Cells, Road | None] = {}
        self._read = self._not_current = 0
        self._problems: dict[str, int] = {}

    def source(self, *, release: str = "") -> Source:
        """Return where the addresses came from; its release is the one given or in the name."""
        return Source(
            kind=SourceKind.ADDRESSES,
            title=TITLE,
            authority=AUTHORITY,
            licence=LICENCE,
            release=release_of(self._path, release),
            sha256=sha256_of(self._path),
            file_name=self._path.name,
            url=URL,
        )

    def addresses(self, *, progress: Progress = no_progress) -> Iterator[Address]:
        """Yield the current addresses with a number, a road and a point in New Zealand."""
        for where, cells in self._open(self._path, progress):
            self._read += 1
            given = _Row(*cells)
            if given.lifecycle and given.lifecycle.casefold() != "current":
                self._not_current += 1
                continue
            try:
                address = self._address(given)
            except _Unusable as unusable:
                self._problem(where, unusable)
            else:
                self.kept += 1
                yield address
        self._finish()

    def _finish(self) -> None:
        counted = {
            "Rows read": self._read,
            "Left out: not current": self._not_current,
            **{f"Left out: {what}": n for what, n in self._problems.items()},
            "Roads, counted once a suburb": sum(road is not None for road in self._roads.values()),
            "Addresses": self.kept,
        }
        self.report.counts.update(counted)
        if not self.kept:
            raise self._nothing_usable()

    def _nothing_usable(self) -> FileRefused:
        return FileRefused(
            f"{shown(self._path.name)} has {self._read:,} rows, and no address that can be used.",
            allowed="Each needs a number, a road, and a point in New Zealand.",
            next_step="Export it again in EPSG:4167 (NZGD2000) or EPSG:4326, not in metres.",
            rows=[f"{p.where}: {p.what}" for p in self.report.problems[:PROBLEMS_NAMED]],
        )

    def _address(self, given: _Row) -> Address:
        """Return what a row says; raises _Unusable where it lacks what an address needs."""
        number, road = self._parts(given)
        if road is None:
            on_water = "on the water" if given.water else "without a road"
            raise _Unusable(on_water, given.full_address)
        if number is None:
            raise _Unusable("without a number", given.full_address)
        lng, lat = _place(given)
        return Address(road, *number, to_180(lng), lat)

    def _problem(self, where: str, unusable: _Unusable) -> None:
        self._problems[unusable.what] = self._problems.get(unusable.what, 0) + 1
        if len(self.report.problems) < PROBLEMS_KEPT:
            self.report.problem(where, f"{unusable.what}: {shown(unusable.value)}", "left out")

    def _parts(self, given: _Row) -> tuple[_Number | None, Road | None]:
        """Return the number and the road, from their columns or else from the whole address."""
        if given.road and (given.number or given.full_number):
            number = _number(given)
            names = (given.road, given.suburb, given.town, given.district)
        else:
            number, road, suburb, town = _parted(given)
            names = (road, given.suburb or suburb, given.town or town, given.district)
        return number, self._road(names)

    def _road(self, names: tuple[str, str, str, str]) -> Road | None:
        """Return the road of these names, the same object each time; None for no name."""
        if names not in self._roads:
            if len(self._roads) >= MOST_ROADS:
                raise FileRefused(
                    f"{shown(self._path.name)} names more than {MOST_ROADS:,} roads.",
                    next_step="Check that it is the right file.",
                )
            tidied = Road(*map(tidy, names))
            self._roads[names] = tidied if folded(tidied.name) else None
        return self._roads[names]


class _Row(NamedTuple):
    """The cells of a row, in the order of `COLUMNS`; “” where the file has no such column."""

    full_address: str
    full_number: str
    number: str
    suffix: str
    high: str
    unit: str
    road: str
    suburb: str
    town: str
    district: str
    lifecycle: str
    water: str
    lng: str
    lat: str
    wkt: str


# --- what a row says ------------------------------------------------------------------------------


def _number(given: _Row) -> _Number | None:
    if not _is_number(given.number):
        return _parsed_number(given.full_number)
    number = int(given.number)
    high = int(given.high) if _is_number(given.high) else 0
    own = _LAST_WORD.search(given.unit)
    return _Number(
        number, given.suffix.upper(), _range(number, high), own[0] if own else "", _label(given)
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 6


def _label(given: _Row) -> str:
    plain = f"{given.number}{given.suffix}{'-' if given.high else ''}{given.high}"
    whole = tidy(given.full_number) or plain
    return f"{given.unit}/{plain}" if given.unit and whole == plain else whole


def _range(number: int, high: int) -> int:
    return high if number < high <= number + LONGEST_RANGE else 0


def _parsed_number(text: str, unit: str = "") -> _Number | None:
    """Part “Flat 2, 12A” or “2/12A-14”; `unit` is what stood before, such as “Flat 2”."""
    *before, last = tidy(text).split(", ")
    match = _NUMBER.fullmatch(last)
    if match is None:
        return None
    named = ", ".join(filter(None, [unit, *before]))
    own = _LAST_WORD.search(named or match["unit"] or "")
    number, high = int(match["number"]), int(match["high"] or 0)
    label = f"{named}, {last}" if named else last
    return _Number(
        number, match["suffix"].upper(), _range(number, high), own[0] if own else "", label
    )


def _parted(given: _Row) -> tuple[_Number | None, str, str, str]:
    """Part “Flat 2, 12A High Street, Suburb, Town” into number, road, suburb and town."""
    parts = tidy(given.full_address).split(", ")
    for at, part in enumerate(parts):
        match = _NUMBER_AND_ROAD.fullmatch(part)
        if match is not None:
            number = _parsed_number(match["whole"], ", ".join(parts[:at]))
            suburb, town = (*parts[at + 1 : at + 3], "", "")[:2]
            return number, given.road or match["road"], suburb, town
    return None, given.road, "", ""


def _place(given: _Row) -> tuple[float, float]:
    """Return longitude and latitude as given, from their columns or else from the WKT."""
    try:
        if given.lng and given.lat:
            lng, lat = float(given.lng), float(given.lat)
        else:
            lng, lat = shapely.get_coordinates(shapely.from_wkt(given.wkt or None))[0].tolist()
    except (ValueError, IndexError, shapely.errors.GEOSException):
        lng = lat = math.nan
    if math.isnan(lng) or math.isnan(lat):
        raise _Unusable("without a point", given.full_address)
    if not in_new_zealand(lng=lng, lat=lat):
        swapped = look_swapped(lng=lng, lat=lat)
        what = "with its axes exchanged" if swapped else "outside New Zealand"
        raise _Unusable(what, f"longitude {lng:g}, latitude {lat:g}")
    return lng, lat


# --- what a file is -------------------------------------------------------------------------------


def _rows_of(path: Path) -> Callable[[Path, Progress], Rows]:
    """Return the reader that a file's first bytes ask for; refuse what is neither format."""
    head = _head_of(path)
    name = shown(path.name)
    if not head:
        raise FileRefused(f"{name} is empty.", next_step="Download it again.")
    if geopackage.is_geopackage(head):
        return _geopackage_rows
    if head.startswith(_ZIP):
        raise FileRefused(f"{name} is a zip.", next_step="Unpack it and import the file in it.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<"):
        raise FileRefused(
            f"{name} is a web page or XML, not a CSV.",
            allowed=ALLOWED,
            next_step="Download it again; sign in first if the site asks for it.",
        )
    if b"\0" in head:
        raise _not_addresses(path, "it is not text")
    return _csv_rows


def _head_of(path: Path) -> bytes:
    try:
        if not path.exists():
            raise FileRefused(
                f"There is no file {shown(path.name)} in its folder.",
                next_step="Check its name and folder.",
            )
        if not path.is_file():
            raise FileRefused(f"{shown(path)} is not a file.", allowed=ALLOWED)
        with path.open("rb") as file:
            return file.read(1024)
    except (OSError, ValueError) as error:
        raise FileRefused(
            f"{shown(path)} cannot be opened ({error}).", next_step="Check its name and rights."
        ) from error


def _not_addresses(path: Path, why: object) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} cannot be read as addresses: {shown(why)[1:-1]}.",
        allowed=ALLOWED,
        next_step="Export or download it again.",
    )


def _pick(path: Path, names: Sequence[str], columns: Iterable[Columns]) -> itemgetter[Cells]:
    """Return what takes a row's cells in our order; a row ends with “” for columns it has not."""
    positions = COLUMNS.positions(names)
    missing = [name for known in columns for name in known.missing(positions)]
    if missing:
        raise _without_columns(path, names, missing)
    picked: list[Any] = [positions.get(field, -1) for field in _FIELDS]
    return itemgetter(*picked)


def _without_columns(path: Path, names: Sequence[str], missing: Sequence[str]) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} has no header with the columns of addresses. It starts with "
        f"{shown(' | '.join(names))}.",
        allowed="Missing: a column named " + ", and one named ".join(missing) + ".",
        next_step=ALLOWED,
    )


# --- CSV ------------------------------------------------------------------------------------------


def _csv_rows(path: Path, progress: Progress) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = _Lines(path, file, progress)
        reader = csv.reader(lines, strict=True)
        try:
            yield from _cells(path, reader, lines)
        except csv.Error as error:
            raise _bad_csv(path, reader.line_num, str(error)) from error
        except UnicodeDecodeError as error:
            raise FileRefused(
                f"{shown(path.name)} is not UTF-8 text after line {lines.number}.",
                next_step="Download it again, or export it as CSV in UTF-8.",
            ) from error
        except OSError as error:
            raise _not_addresses(path, error) from error


def _cells(path: Path, reader: Any, lines: _Lines) -> Rows:
    names: list[str] = next(reader, [])
    pick, width = _pick(path, names, (COLUMNS, _PLACED)), len(names)
    for cells in reader:
        if len(cells) == width:
            cells.append("")
            yield f"line {reader.line_num}", pick(cells)
        elif cells:
            where = f"line {reader.line_num}: {len(cells)} cells under a header of {width}"
            raise _misshapen(path, where, cut=lines.cut)


def _misshapen(path: Path, where: str, *, cut: bool = False) -> FileRefused:
    what = "breaks off" if cut else "is damaged"
    return FileRefused(
        f"{shown(path.name)} {what} in {where}.", next_step="Export or download it again."
    )


def _bad_csv(path: Path, line: int, said: str) -> FileRefused:
    problem = "a quotation mark stands inside a cell"
    if "limit" in said:
        problem = "a cell is too long, or its quotation mark is not closed"
    elif "end of data" in said:
        problem = "a quotation mark is opened and never closed; the file may be cut off"
    return FileRefused(
        f"{shown(path.name)}, line {line}: {problem}.", next_step="Download it again."
    )


class _Lines:
    """The lines of a text file, with progress in bytes; refuses what no line of text can be."""

    def __init__(self, path: Path, file: IO[str], progress: Progress) -> None:
        self.number = 0
        self.cut = False
        """Whether the last line had no end."""
        self._path, self._file, self._progress = path, file, progress
        self._doing = f"Reading {path.name}"
        self._whole = path.stat().st_size

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = self._file.readline(_LONGEST_LINE)
        if not text:
            self._progress(self._doing, self._whole, self._whole)
            raise StopIteration
        self.number += 1
        self.cut = text[-1] not in "\r\n"
        if "\0" in text or (self.cut and len(text) == _LONGEST_LINE):
            what = "has a NUL byte" if "\0" in text else "is too long"
            raise _misshapen(self._path, f"line {self.number}, which {what}")
        if self.number % _PROGRESS_ROWS == 0:
            self._progress(self._doing, self._file.buffer.tell(), self._whole)  # type: ignore[attr-defined]
        return text


# --- GeoPackage -----------------------------------------------------------------------------------


def _geopackage_rows(path: Path, progress: Progress) -> Rows:
    try:
        with geopackage.opened(path) as file:
            yield from _features(path, file, progress)
    except geopackage.GeoPackageRefused as refused:
        raise FileRefused(
            f"{shown(path.name)} cannot be read as addresses: {refused.problem}",
            allowed=ALLOWED,
            next_step=refused.next_step,
        ) from refused
    except (RuntimeError, ValueError, OSError, shapely.errors.GEOSException) as error:
        raise _not_addresses(path, error) from error


def _features(path: Path, file: GeoPackage, progress: Progress) -> Rows:
    """Yield the features of the layer with addresses, by their numbers; a batch is held at once."""
    layer = _address_layer(path, file)
    has_points, whole = layer.geometry_column is not None, _feature_count(file, layer)
    fields = _fields_read(layer)
    pick = _pick(path, [*fields, *(_POINT_AXES if has_points else ())], (COLUMNS, _PLACED))
    rows, done = file.rows(layer, fields), 0
    while batch := list(islice(rows, _BATCH)):
        texts = [map(_text, column) for column in zip(*(row.values for row in batch), strict=True)]
        if has_points:
            texts += [map(_text, axis.tolist()) for axis in _degrees(batch, layer, path)]
        for row, cells in zip(batch, zip(*texts, strict=True), strict=True):
            yield f"feature {row.number}", pick((*cells, ""))
        done += len(batch)
        progress(f"Reading {path.name}", done, whole)
    if done < whole:
        raise _misshapen(path, f"feature {done + 1:,} of {whole:,}", cut=True)


def _address_layer(path: Path, file: GeoPackage) -> TableLayer:
    """Return the first layer with the columns of addresses."""
    missing: list[str] = COLUMNS.missing(())
    for layer in file.layers:
        missing = COLUMNS.missing(COLUMNS.positions(list(layer.fields)))
        if not missing:
            return layer
    raise _without_columns(path, [n for layer in file.layers for n in layer.fields], missing)


def _fields_read(layer: TableLayer) -> list[str]:
    """Return the fields that addresses are made of; where there are points, no other places."""
    names = list(layer.fields)
    left_out = () if layer.geometry_column is None else _AXES
    return [names[at] for name, at in COLUMNS.positions(names).items() if name not in left_out]


def _feature_count(file: GeoPackage, layer: TableLayer) -> int:
    """Return how many features a layer has; the file's own note of it may be out of date."""
    return file.count(layer)


def _degrees(batch: Sequence[Row], layer: TableLayer, path: Path) -> npt.NDArray[np.float64]:
    """Return longitudes and latitudes of features' points; NaN where none is."""
    points = np.full(len(batch), None, dtype=object)
    (held,) = np.nonzero([row.geometry is not None for row in batch])
    points[held] = shapely.from_wkb(_wkb_of_points([batch[at] for at in held.tolist()], path))
    if layer.crs and layer.crs not in _GEOGRAPHIC:
        points = to_wgs84(points, crs=layer.crs)
    found = np.full((2, len(points)), np.nan)
    coordinates, at = shapely.get_coordinates(points, return_index=True)
    found[:, at] = coordinates.T  # some exports hold multipoints of one point
    return found


def _wkb_of_points(rows: Sequence[Row], path: Path) -> list[bytes]:
    """Return the WKB of points, which each is shown to be before GEOS sees one."""
    found = [geopackage.wkb_of(row.geometry or b"") for row in rows]
    offsets = np.cumsum([0, *map(len, found)])
    good = wkb.sound(offsets, np.frombuffer(b"".join(found), dtype=np.uint8), wkb.POINTS)
    for at in np.nonzero(~good)[0].tolist():
        try:
            wkb.check(found[at], wkb.POINTS)
        except InputRefused as refused:
            where = f"feature {rows[at].number}"
            raise _not_addresses(path, f"{where}: {refused.problem}") from refused
    return found


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
