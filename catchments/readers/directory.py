"""The Ministry's school directory: any of its layouts → one directory release and a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import (
    DirectoryRelease,
    Place,
    School,
    SchoolStatus,
    Source,
    SourceKind,
    unnamed,
)
from catchments.core.text_folding import education_region, folded, former_education_region
from catchments.geometry.coordinates import (
    NEW_ZEALAND_LAT,
    NEW_ZEALAND_LNG_360,
    in_new_zealand,
    published_lng,
    to_180,
)
from catchments.lookup.values import (
    LAT,
    LNG,
    NAMES,
    SCHOOL_ID,
    Flaw,
    day_of,
    degrees,
    flaw_of,
    school_number,
    whole_number,
)
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import date_in_name, first_few, open_table
from catchments.readers.report import Progress, Report, no_progress, sha256_of

AUTHORITY = "Ministry of Education"
LICENCE = "CC BY 4.0"
TITLE = "School directory"
NATIONWIDE_SCHOOLS = frozenset({472, 498})
"""OneSchool Global and Te Aho o Te Kura Pounamu, whose students live everywhere."""
MAX_SHRINKAGE = 0.10
"""A release may lack so large a part of the previous one's schools before it is refused."""
MAX_SCHOOLS = 20_000
"""Eight times the country's schools: more is another kind of file."""

COLUMNS = Columns(
    aliases={
        "school_id": NAMES[SCHOOL_ID],
        "name": ("Org_Name", "School Name", "Name"),
        "status": ("Status", "School Status"),
        "lat": NAMES[LAT],
        "lng": NAMES[LNG],
        "org_type": ("Org_Type", "School Type"),
        "address": ("Add1_Line1", "Street", "Street Address"),
        "suburb": ("Add1_Suburb", "Suburb"),
        "city": ("Add1_City", "Town / City", "City", "Town"),
        "postcode": ("Add2_Postal_Code", "Postal Code", "Postcode"),
        "phone": ("Telephone", "Phone"),
        "website": ("URL", "School Website", "Website", "Web Address", "School URL"),
        "email": ("Email", "School Email", "E-mail", "Email Address"),
        "education_region": ("Education_Region",),
        "territorial_authority": ("Territorial_Authority",),
        "roll": ("Total", "Total School Roll", "Roll"),
        "roll_date": ("Roll_Date",),
        "opened": ("DateSchoolOpened", "Date School Opened"),
        "closed": ("DateSchoolClosed", "Date School Closed"),
    },
    required=(("school_id",), ("name",)),
    sheet="Schools",
    numbers=("school_id",),
    dates=("opened", "closed", "roll_date"),
)
"""What the layouts since 2014 call each column, files and data.govt.nz's datastore alike."""

MOST_STUDENTS = 10_000_000
MAX_CHARACTERS = 500
"""Of a name, an address and the like; a real one has 80."""

_PLACEHOLDERS = frozenset({"", "not calculated", "not applicable", "n/a", "#n/a", "null"})
_NULL_DATES = frozenset({date(1858, 11, 17), date(1900, 1, 1)})
_NOT_HERE: Mapping[Flaw | None, str] = {
    Flaw.SWAPPED: "look swapped",
    Flaw.SIGN_MISSING: "lie outside New Zealand, and the latitude's minus sign looks missing",
}
_MAX_FAULTS = 10_000
_MAX_UNKNOWN_REGIONS = 20
_SPLIT_SINCE = frozenset({"auckland"})
"""Former regions that are several today: which one a school is in, their names do not tell."""
_CHECKED_ELSEWHERE = frozenset({"website", "email"})
_STATUSES = {status.value: status for status in SchoolStatus}
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}")
_WEBSITE = re.compile(
    r"(https?://)?([a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\.?(:[0-9]{1,5})?([/?#][^\s<>\"`{}|\\^]{0,500})?",
    re.IGNORECASE,
)
_PROPOSED = re.compile(r" ?\(proposed(?: opening date)?(?: ?: ?([^()]*))?\)$", re.IGNORECASE)


def read_directory(
    path: Path,
    *,
    released: date | None = None,
    progress: Progress = no_progress,
    sheet: str | None = None,
    statuses: Mapping[str, SchoolStatus] | None = None,
) -> tuple[DirectoryRelease, Report]:
    """Read a school directory of any format; its date is `released`, else the one in its name.

    `sheet` names the one of a workbook; `statuses` says what a status means that is none of ours.
    Raises FileRefused for a file without a date, one that is not a directory, one with a status
    that is not known, and one with rows that cannot be right; each is in the error's `rows`.
    """
    dated = released or date_in_name(path)
    reading = DirectoryReading(shown(path.name), told=statuses_told(statuses or {}))
    report = reading.report
    with open_table(path, COLUMNS, report=report, sheet=sheet, progress=progress) as table:
        dated = _refuse_undated(path, dated)
        for row in table.rows:
            reading.add(row.where, row.cells)
    source = Source(
        kind=SourceKind.DIRECTORY,
        title=TITLE,
        authority=AUTHORITY,
        licence=LICENCE,
        release=dated.isoformat(),
        sha256=sha256_of(path),
        file_name=path.name,
    )
    return reading.release(dated, source), report


def statuses_told(statuses: Mapping[str, SchoolStatus]) -> dict[str, SchoolStatus]:
    """Return what statuses mean by their folded texts, as `DirectoryReading` has them."""
    return {folded(text): status for text, status in statuses.items()}


def shrinkage(old: Mapping[int, School], new: Mapping[int, School]) -> float:
    """Return which part of `old`'s schools is not in `new`, 0…1."""
    return len(old.keys() - new.keys()) / len(old) if old else 0.0


def refuse_shrinkage(
    previous: DirectoryRelease | None, new: DirectoryRelease, *, allow_shrink: bool
) -> None:
    """Refuse a release that lacks more than a tenth of the previous one's schools.

    Raises FileRefused, unless `allow_shrink`; `rows` names the schools that are missing.
    """
    if allow_shrink or previous is None:
        return
    lost = shrinkage(previous.schools, new.schools)
    if lost <= MAX_SHRINKAGE:
        return
    missing = sorted(previous.schools.keys() - new.schools.keys())
    raise FileRefused(
        f"{len(missing):,} of the {len(previous.schools):,} schools of {previous.released} are "
        f"missing from the directory of {new.released} ({lost:.1%}).",
        allowed=f"At most {MAX_SHRINKAGE:.0%} may be missing.",
        next_step="Check that the file is whole; if so many schools did close, add --allow-shrink.",
        rows=[f"{number}, {previous.schools[number].name}" for number in missing],
    )


def _refuse_undated(path: Path, released: date | None) -> date:
    if released is None:
        raise FileRefused(
            f"{shown(path.name)} does not say of which day it is.",
            allowed="A file name with one date, as schooldirectory-2026-06-07.csv, says it.",
            next_step="Add --released YYYY-MM-DD.",
        )
    return released


@dataclass
class DirectoryReading:
    """Gathers rows into schools, faults that refuse the whole, and problems that do not."""

    name: str
    """What messages call the file or service."""
    schools: dict[int, School] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    told: Mapping[str, SchoolStatus] = field(default_factory=dict)
    """By folded text: what a status means that is none of ours."""
    _wheres: dict[int, str] = field(default_factory=dict)
    _unknown_regions: dict[str, list[str]] = field(default_factory=dict)
    _former_regions: dict[str, list[str]] = field(default_factory=dict)
    _unknown_statuses: dict[str, list[str]] = field(default_factory=dict)
    _told_statuses: dict[str, list[str]] = field(default_factory=dict)

    def add(self, where: str, cells: Mapping[str, str]) -> None:
        """Take one row, its cells by the fields of COLUMNS; keep a fault if it cannot be right."""
        kept = {
            key: "" if value.casefold() in _PLACEHOLDERS else value for key, value in cells.items()
        }
        label = f"{where} ({_label(kept)})"
        if len("".join(kept.values())) > MAX_CHARACTERS:  # else no cell alone has as many
            self._refuse_long(label, kept)
        number = self._number(label, kept.get("school_id", ""))
        place = self._place(label, kept)
        if number in NATIONWIDE_SCHOOLS and place is not None:
            office = "serves the whole country; its coordinates are an office's"
            self.report.problem(label, office, "kept without a place")
            place = None
        if len(self.faults) > _MAX_FAULTS or len(self.schools) > MAX_SCHOOLS:
            raise self._refusal()
        if number is None:
            return
        self._wheres[number] = where
        self.schools[number] = self._school(number, place, label, kept)

    def release(self, released: date, source: Source) -> DirectoryRelease:
        """Return what was gathered, and finish the report.

        Raises FileRefused when any row was at fault or there was none at all.
        """
        if self.faults or not self.schools:
            raise self._refusal()
        if self._unknown_statuses:
            raise self._which_status()
        self._finish_report()
        return DirectoryRelease(schools=self.schools, released=released, source=source)

    def _refuse_long(self, label: str, cells: Mapping[str, str]) -> None:
        self.faults += [
            f"{label}: its {field.replace('_', ' ')} has {len(text):,} characters, where "
            f"{MAX_CHARACTERS} are read"
            for field, text in cells.items()
            if len(text) > MAX_CHARACTERS and field not in _CHECKED_ELSEWHERE
        ]

    def _number(self, label: str, text: str) -> int | None:
        number = school_number(text)
        if not number:
            given = shown(text) if text else "missing"
            self.faults.append(f"{label}: its school number is {given}, not a whole number")
            return None
        if number in self._wheres:
            first = self._wheres[number]
            self.faults.append(f"{label}: school number {number} is already at {first}")
            return None
        return number

    def _place(self, label: str, cells: Mapping[str, str]) -> Place | None:
        lng, lat = cells.get("lng", ""), cells.get("lat", "")
        if not lng and not lat:
            return None
        if not lng or not lat:
            missing = "latitude" if lng else "longitude"
            self.report.problem(label, f"has no {missing}", "kept without a place")
            return None
        x, y = degrees(lng), degrees(lat)
        if x is None or y is None:
            given = f"longitude {shown(lng)} and latitude {shown(lat)}"
            self.faults.append(f"{label}: {given} are not both decimal degrees")
            return None
        return self._place_at(label, x, y)

    def _place_at(self, label: str, lng: float, lat: float) -> Place | None:
        if lng == lat == 0.0:
            self.report.problem(label, "lies at 0, 0", "kept without a place")
            return None
        if in_new_zealand(lng=lng, lat=lat):
            return Place(lng=published_lng(lng), lat=lat)
        wrong = _NOT_HERE.get(flaw_of(lng=lng, lat=lat), "lie outside New Zealand")
        self.faults.append(f"{label}: longitude {lng:g} and latitude {lat:g} {wrong}")
        return None

    def _school(
        self, number: int, place: Place | None, label: str, cells: Mapping[str, str]
    ) -> School:
        name, proposed, opens = self._name(number, label, cells)
        status = self._status(label, cells.get("status", ""), proposed=proposed)
        return School(
            school_id=number,
            name=name,
            status=status,
            place=place,
            org_type=cells.get("org_type", ""),
            address=cells.get("address", ""),
            suburb=cells.get("suburb", ""),
            city=cells.get("city", ""),
            postcode=_postcode(cells.get("postcode", "")),
            phone=cells.get("phone", ""),
            website=self._website(label, cells.get("website", "")),
            email_domain=self._email_domain(label, cells.get("email", "")),
            education_region=self._region(label, cells.get("education_region", "")),
            territorial_authority=cells.get("territorial_authority", ""),
            roll=self._roll(label, cells),
            opens=(opens or _date(cells, "opened")) if status is SchoolStatus.PROPOSED else None,
            closed=_date(cells, "closed") if status is SchoolStatus.CLOSED else None,
        )

    def _name(
        self, number: int, label: str, cells: Mapping[str, str]
    ) -> tuple[str, bool, date | None]:
        """Return the name without what it says of its opening, whether it does, and the day."""
        name, proposed, opens = _without_proposal(cells.get("name", ""))
        if proposed and opens is None:
            self.report.problem(label, "is proposed, without a day", "kept without an opening date")
        if not name:
            name = unnamed(number)
            self.report.problem(label, "has no name", f"called {shown(name)}")
        return name, proposed, opens

    def _status(self, label: str, text: str, *, proposed: bool) -> SchoolStatus:
        by_name = SchoolStatus.PROPOSED if proposed else SchoolStatus.OPEN
        if not text:
            return by_name
        plain = folded(text).removesuffix(" school")
        if plain in _STATUSES:
            return _STATUSES[plain]
        known = self.told.get(folded(text))
        seen = self._unknown_statuses if known is None else self._told_statuses
        seen.setdefault(text, []).append(label)
        return known or by_name

    def _website(self, label: str, text: str) -> str:
        if not text or _WEBSITE.fullmatch(text):
            return text
        self.report.problem(label, f"has the website {shown(text)}", "kept without a website")
        return ""

    def _email_domain(self, label: str, text: str) -> str:
        """Return what stands behind the “@”; what stands before it may be a person's name."""
        domain = text.rpartition("@")[2].casefold()
        if not text or ("@" in text and _DOMAIN.fullmatch(domain)):
            return domain
        self.report.problem(label, "has an e-mail address that is none", "kept without its domain")
        return ""

    def _region(self, label: str, text: str) -> str:
        region = education_region(text)
        if region is None and (former := former_education_region(text)):
            self._former_regions.setdefault(text, []).append(label)
            return former
        if region is None and text:
            self._unknown_regions.setdefault(text, []).append(label)
        return region or ""

    def _roll(self, label: str, cells: Mapping[str, str]) -> int | None:
        text = cells.get("roll", "").replace(",", "")
        if text == "0" and _parsed_date(cells.get("roll_date", "")) in _NULL_DATES:
            return None  # nobody counted: the 2021 layout writes zero, dated 1900
        roll = whole_number(text)
        if not text or (roll is not None and roll < MOST_STUDENTS):
            return roll
        self.report.problem(label, f"has the roll {shown(text)}", "kept without a roll")
        return None

    def _finish_report(self) -> None:
        schools = list(self.schools.values())
        count = self.report.count
        count("schools", len(schools))
        for status in SchoolStatus:
            count(f"{status} schools", sum(school.status is status for school in schools))
        count("without coordinates", sum(school.place is None for school in schools))
        count("without an education region", sum(not s.education_region for s in schools))
        count("without a roll", sum(school.roll is None for school in schools))
        for text, labels in list(self._unknown_regions.items())[:_MAX_UNKNOWN_REGIONS]:
            why = (
                "three of the twelve today"
                if folded(text) in _SPLIT_SINCE
                else "none of the twelve"
            )
            self._say(
                labels,
                f"have the education region {shown(text)}, which is {why}",
                "kept without an education region",
            )
        for text, labels in self._former_regions.items():
            what = f"have the former education region {shown(text)}"
            self._say(labels, what, f"taken as {former_education_region(text)}")
        for text, labels in self._told_statuses.items():
            what = f"have the status {shown(text)}"
            self._say(labels, what, f"taken as {self.told[folded(text)]}, as was told")
        self._say_untold()

    def _say(self, labels: Sequence[str], what: str, done: str) -> None:
        some = "1 school" if len(labels) == 1 else f"{len(labels):,} schools"
        have = what.replace("have", "has", 1) if len(labels) == 1 else what
        self.report.problem(first_few(labels, few=1), f"{some} {have}", done)

    def _say_untold(self) -> None:
        """Say which of the statuses that were told is in no row: it may be misspelled."""
        for plain in self.told.keys() - set(map(folded, self._told_statuses)):
            what = f"no school has the status {shown(plain)}, which is told"
            self.report.problem("--treat-status", what, "nothing to do")

    def _which_status(self) -> FileRefused:
        """Return the question what statuses mean: whether a school is open is never guessed."""
        counted = ", ".join(
            f"{shown(text)} ({len(labels):,})" for text, labels in self._unknown_statuses.items()
        )
        first = next(iter(self._unknown_statuses))
        count = sum(map(len, self._unknown_statuses.values()))
        have = "1 school has" if count == 1 else f"{count:,} schools have"
        return FileRefused(
            f"In {self.name} {have} a status that is not known: {counted}.",
            allowed="A status is Open, Proposed or Closed.",
            next_step=f"Nothing was imported: say what each means, as with --treat-status "
            f'"{first[:80]}=closed".',
            rows=[
                f"{label}: {shown(text)}"
                for text, labels in self._unknown_statuses.items()
                for label in labels
            ],
        )

    def _refusal(self) -> FileRefused:
        if len(self.schools) > MAX_SCHOOLS:
            return FileRefused(
                f"{self.name} holds more than {MAX_SCHOOLS:,} schools.",
                next_step="Check that it is the directory of New Zealand schools.",
            )
        if not self.faults:
            return FileRefused(f"{self.name} holds no school.", next_step="Download it again.")
        west, east = NEW_ZEALAND_LNG_360
        south, north = NEW_ZEALAND_LAT
        rows = "1 row" if len(self.faults) == 1 else f"{len(self.faults):,} faults in rows"
        return FileRefused(
            f"{self.name} has {rows} that cannot be right: {first_few(self.faults)}.",
            allowed="A school number is a whole number and there once; a longitude is between "
            f"{west:g} and 180 or -180 and {to_180(east):g}, a latitude between {south:g} and "
            f"{north:g}, or both are empty.",
            next_step="Nothing was imported: correct the file, or use the last good one.",
            rows=self.faults,
        )


def _label(cells: Mapping[str, str]) -> str:
    parts = (cells.get("school_id", ""), cells.get("name", ""))
    return ", ".join(part[:80] for part in parts if part) or "no number, no name"


def _without_proposal(name: str) -> tuple[str, bool, date | None]:
    proposed, opens = False, None
    while match := _PROPOSED.search(name):  # some say it twice: “(Proposed) (Proposed opening …)”
        proposed = True
        opens = opens or _parsed_date(match.group(1) or "")
        name = name[: match.start()]
    return name, proposed, opens


def _postcode(text: str) -> str:
    return text.zfill(4) if text.isdecimal() else text  # a spreadsheet drops leading zeros


def _date(cells: Mapping[str, str], key: str) -> date | None:
    parsed = _parsed_date(cells.get(key, ""))
    return None if parsed in _NULL_DATES else parsed


def _parsed_date(text: str) -> date | None:
    """Return the day of a text, which may go on with a time."""
    return None if text[10:11].isdigit() else day_of(text[:10])
