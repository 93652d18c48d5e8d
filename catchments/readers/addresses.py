"""LINZ NZ Addresses: one address after another from a file in either layout, and a report.

The file has 2.4 million rows: what is held of it is the names of the roads. `open_table` reads a
hundredth of that, whole and in a second pass.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import shapely

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Source, SourceKind
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import in_new_zealand, published_lng
from catchments.lookup.search.addresses.building import Address, Road
from catchments.lookup.values import Flaw, degrees, flaw_of
from catchments.readers.address_files import Cells, rows_of
from catchments.readers.formats.cells import shows_an_error, tidy
from catchments.readers.formats.mojibake import SpoiltTexts
from catchments.readers.formats.tables import release_of
from catchments.readers.report import Progress, Report, no_progress, sha256_of

AUTHORITY = "Toitū Te Whenua Land Information New Zealand"
LICENCE = "CC BY 4.0"
TITLE = "NZ Addresses"
URL = "https://data.linz.govt.nz/"
MOST_ROADS = 500_000
"""Four times the country's, counted once a suburb: more is another kind of file."""
MOST_CHARACTERS = 200
"""Of the name of a road, a suburb, a town or a district."""
PROBLEMS_KEPT = 50
PROBLEMS_NAMED = 10
LONGEST_RANGE = 100
"""Numbers from the first to the last of one address; a longer range is a slip of the source."""

_NOT_HERE: Mapping[Flaw | None, str] = {
    Flaw.SWAPPED: "with its axes exchanged",
    Flaw.SIGN_MISSING: "without the minus sign of its latitude",
}
_NUMBER = re.compile(
    r"(?:(?P<unit>[^/]{1,40})/)?(?P<number>[0-9]{1,6})(?P<suffix>[A-Za-z]{0,2})"
    r"(?: ?- ?(?P<high>[0-9]{1,6})[A-Za-z]{0,2})?"
)
_NUMBER_AND_ROAD = re.compile(rf"(?P<whole>{_NUMBER.pattern}) (?P<road>.+)")
_LAST_WORD = re.compile(r"[0-9A-Za-z]+$")


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
        self._open = rows_of(path)
        self._spoilt = SpoiltTexts(self.report)
        self._roads: dict[Cells, Road | None] = {}
        self._read = self._not_current = 0
        self._where = ""
        """How the row that is read now is named."""
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
        for where, cells in self._open(self._path, self.report, progress):
            self._read += 1
            self._where = where
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
        self.report.leave_out("addresses", "their lifecycle is not “Current”", self._not_current)
        for what, count in self._problems.items():
            self.report.leave_out("addresses", what, count)
        self._spoilt.say()
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
        if max(map(len, road)) > MOST_CHARACTERS:
            raise _Unusable("with a name that is too long", given.full_address)
        if number is None:
            raise _Unusable("without a number", given.full_address)
        lng, lat = _place(given)
        return Address(road, *number, published_lng(lng), lat)

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
            for column, text in zip(Road._fields, names, strict=True):
                if not text.isascii() or "?" in text:
                    self._spoilt.look(self._where, column, text)
            tidied = Road(*("" if shows_an_error(name) else tidy(name) for name in names))
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
            read = (degrees(given.lng), degrees(given.lat))
            lng, lat = (math.nan if axis is None else axis for axis in read)
        else:
            (point,) = shapely.get_coordinates(shapely.from_wkt(given.wkt or None))
            lng, lat = point.tolist()
    except (ValueError, NotImplementedError, shapely.errors.GEOSException):
        lng = lat = math.nan
    if math.isnan(lng) or math.isnan(lat):
        raise _Unusable("without a point", given.full_address)
    if not in_new_zealand(lng=lng, lat=lat):
        what = _NOT_HERE.get(flaw_of(lng=lng, lat=lat), "outside New Zealand")
        raise _Unusable(what, f"longitude {lng:g}, latitude {lat:g}")
    return lng, lat
