"""The Ministry's list of the schools in each catchment → listings, and what found no match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Catchment, School, SchoolStatus, Source, SourceKind
from catchments.core.text_folding import folded
from catchments.lookup.values import whole_number
from catchments.readers.formats.tables import (
    LICENCE_NOT_STATED,
    Columns,
    Row,
    first_few,
    matching_key,
    open_table,
    release_of,
)
from catchments.readers.report import Progress, Report, no_progress, sha256_of

AUTHORITY = "Ministry of Education"
MAX_NOTE_CHARACTERS = 300
PROVISION_WITHOUT_NOTE = "In-school provision"
"""The note kept where a list only says yes."""

COLUMNS = Columns(
    aliases={
        "school_id": ("School_Id", "School Number", "School Id", "School No", "Number"),
        "name": ("School Name", "Org_Name", "School", "Name"),
        "town": ("Town / City", "Town", "City", "Add1_City", "Suburb", "Location"),
        "code": ("Catchment Code",),
        "catchment": ("Catchment", "Catchment Name", "Catchment Area", "Attendance Catchment"),
        "provision": (
            "In-school provision",
            "In-school",
            "In-school attendance provision",
            "In-school attendance service",
        ),
    },
    required=(("school_id", "name"), ("code", "catchment", "provision")),
)

_YES = frozenset({"yes", "y", "true", "1", "x", "✓", "✔", "☑"})
_NO = frozenset({"", "no", "n", "false", "0", "none", "n a"})
_MAX_FAULTS = 10_000
_LONGEST_COMPARED = 100
_MOST_COMPARED = 200
"""difflib is slow, and its time grows with the square of a text's length."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A row for which no school was found, and why."""

    where: str
    number: str
    name: str
    town: str
    catchment: str
    why: str


_NO_CATCHMENT = {"none", "no catchment", "nationwide", "national"}
"""What a list says, folded, of a school that serves the whole country."""


@dataclass(frozen=True)
class Listings:
    """What a list says: the catchment code, or a note on in-school provision, by school number."""

    listings: Mapping[int, str]
    unserved: frozenset[int]
    """Schools that the list expressly places in no catchment."""
    in_school_provision: Mapping[int, str]
    unmatched: tuple[Unmatched, ...]
    source: Source
    report: Report


def read_listings(
    path: Path,
    *,
    schools: Mapping[int, School],
    catchments: Mapping[str, Catchment],
    authority: str = AUTHORITY,
    licence: str = LICENCE_NOT_STATED,
    release: str = "",
    url: str = "",
    progress: Progress = no_progress,
) -> Listings:
    """Read a list, CSV or XLSX; rows match a school by number, else by name and town.

    Raises FileRefused for a file that is no such list, an unknown catchment, and a school listed
    in two; each row at fault is in the error's `rows`. Rows without a match are reported.
    """
    reading = _Reading(_Schools(schools), _Catchments(catchments))
    with open_table(path, COLUMNS, report=reading.report, progress=progress) as table:
        has_catchments = not table.fields.isdisjoint({"code", "catchment"})
        for row in table.rows:
            reading.add(row)
    reading.refuse_faults(path)
    reading.finish_report(schools, has_catchments=has_catchments)
    source = Source(
        kind=SourceKind.LISTINGS if has_catchments else SourceKind.IN_SCHOOL_PROVISION,
        title="Schools in each catchment" if has_catchments else "In-school provision",
        authority=authority,
        licence=licence,
        release=release_of(path, release),
        sha256=sha256_of(path),
        file_name=path.name,
        url=url,
    )
    unmatched = tuple(reading.unmatched)
    unserved = frozenset(reading.unserved)
    return Listings(
        reading.listings, unserved, reading.provision, unmatched, source, reading.report
    )


class _Schools:
    """Finds the school that a row means."""

    def __init__(self, schools: Mapping[int, School]) -> None:
        self.by_number = schools
        self.by_name: dict[str, list[School]] = defaultdict(list)
        for school in schools.values():
            self.by_name[matching_key(school.name)].append(school)

    def numbered(self, text: str) -> School | None:
        number = whole_number(text)
        return None if number is None else self.by_number.get(number)

    def named(self, name: str, town: str) -> tuple[School | None, str]:
        """Return the one school of that name and town, or None and why."""
        same_name = self.by_name.get(matching_key(name), []) if name else []
        if not same_name:
            return None, "no school has that name" if name else "no name"
        here = [
            s
            for s in same_name
            if not town or matching_key(town) in {matching_key(s.city), matching_key(s.suburb)}
        ]
        if len(here) == 1:
            return here[0], ""
        found = here or same_name
        which = "; ".join(f"{s.school_id} in {s.city or 'no town'}" for s in found[:5])
        count = "schools have" if len(found) > 1 else "school has"
        where = f" {shown(town)}" if town else ""
        return None, f"{len(found)} {count} that name ({which}), {len(here)} for the town{where}"


class _Catchments:
    """Finds the catchment that a row means, by code, else by name."""

    def __init__(self, catchments: Mapping[str, Catchment]) -> None:
        self.catchments = catchments
        self.compared = 0
        self.by_code = {matching_key(code): code for code in catchments}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for catchment in catchments.values():
            self.by_name[matching_key(catchment.name)].append(catchment.code)

    def code(self, text: str) -> str | None:
        if text in self.catchments:
            return text
        named = self.by_name.get(matching_key(text), [])
        by_code = self.by_code.get(matching_key(text))
        return by_code or (named[0] if len(named) == 1 else None)

    def unknown(self, text: str) -> str:
        """Return a sentence part that names an unknown catchment and the nearest known spelling."""
        if len(self.by_name.get(matching_key(text), [])) > 1:
            return f"several catchments are called {shown(text)}; give the code"
        spelled = {matching_key(c.name): c.name for c in self.catchments.values()}
        spelled |= {key: code for key, code in self.by_code.items() if key not in spelled}
        self.compared += 1
        if self.compared > _MOST_COMPARED:
            return f"catchment {shown(text)} is not known"
        near = get_close_matches(matching_key(text)[:_LONGEST_COMPARED], list(spelled), n=1)
        hint = f"; the nearest is {shown(spelled[near[0]])}" if near else ""
        return f"catchment {shown(text)} is not known{hint}"


@dataclass
class _Reading:
    schools: _Schools
    catchments: _Catchments
    listings: dict[int, str] = field(default_factory=dict)
    unserved: set[int] = field(default_factory=set)
    provision: dict[int, str] = field(default_factory=dict)
    unmatched: list[Unmatched] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    _wheres: dict[int, str] = field(default_factory=dict)
    _unknown: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.report.count("rows")
        nowhere = folded(row["catchment"] or row["code"]) in _NO_CATCHMENT
        code = None if nowhere else self._catchment(row)
        school = self._school(row)
        if school is None:
            return
        if nowhere:
            self.unserved.add(school.school_id)
        elif code is not None:
            self._list(row.where, school, code)
        elif not row["provision"]:
            self.report.problem(row.where, "names no catchment", "left out")
        self._provide(row.where, school.school_id, row["provision"])

    def refuse_faults(self, path: Path) -> None:
        if not self.faults:
            return
        raise FileRefused(
            f"{shown(path.name)} has rows that cannot be taken: {first_few(self.faults)}.",
            allowed="A school is in one catchment, and a catchment is one of the edition's.",
            next_step="Nothing was imported: correct these rows, or import the catchments first.",
            rows=self.faults,
        )

    def finish_report(self, schools: Mapping[int, School], *, has_catchments: bool) -> None:
        self.report.count("schools listed", len(self.listings))
        self.report.count("schools placed in no catchment", len(self.unserved))
        self.report.count("schools with in-school provision", len(self.provision))
        self.report.count("rows not matched", len(self.unmatched))
        if has_catchments:
            is_open = (s for s in schools.values() if s.status is SchoolStatus.OPEN)
            said = self.listings.keys() | self.unserved
            left_out = sum(school.school_id not in said for school in is_open)
            self.report.count("open schools not listed", left_out)

    def _catchment(self, row: Row) -> str | None:
        texts = [text for text in (row["code"], row["catchment"]) if text]
        codes = [self.catchments.code(text) for text in texts]
        for text, code in zip(texts, codes, strict=True):
            if code is None:
                self._fault(f"{row.where}: {self._unknown_catchment(text)}")
        if len(set(codes)) > 1 and None not in codes:
            first, second = map(shown, texts)
            self._fault(f"{row.where}: {first} and {second} are two catchments")
        return codes[0] if codes else None

    def _unknown_catchment(self, text: str) -> str:
        if text not in self._unknown:  # the search for the nearest is slow, and texts repeat
            self._unknown[text] = self.catchments.unknown(text)
        return self._unknown[text]

    def _fault(self, what: str) -> None:
        self.faults.append(what)
        if len(self.faults) > _MAX_FAULTS:
            self.refuse_faults(Path("The list"))

    def _school(self, row: Row) -> School | None:
        number, name = row["school_id"], row["name"]
        numbered = self.schools.numbered(number)
        if numbered is not None:
            self._check_name(row, numbered)
            self.report.count("matched by number")
            return numbered
        unknown = f"number {shown(number)} is not in the directory"
        named, why = self.schools.named(name, row["town"])
        if named is None:
            self._leave_out(row, f"{unknown}, and {why}" if number else why)
            return None
        if number:
            taken = f"taken as {named.school_id}, {named.name}, by its name"
            self.report.problem(row.where, unknown, taken)
        self.report.count("matched by name and town" if row["town"] else "matched by name")
        return named

    def _check_name(self, row: Row, school: School) -> None:
        if row["name"] and matching_key(row["name"]) != matching_key(school.name):
            self.report.problem(
                row.where,
                f"number {school.school_id} is {shown(school.name)} in the directory, "
                f"but {shown(row['name'])} here",
                "the number was taken",
            )

    def _leave_out(self, row: Row, why: str) -> None:
        catchment = row["code"] or row["catchment"]
        self.unmatched.append(
            Unmatched(row.where, row["school_id"], row["name"], row["town"], catchment, why)
        )
        named = ", ".join(row[key] for key in ("school_id", "name", "town") if row[key])
        self.report.problem(row.where, f"{shown(named)}: {why}", "not matched")

    def _list(self, where: str, school: School, code: str) -> None:
        known = self.listings.setdefault(school.school_id, code)
        first = self._wheres.setdefault(school.school_id, where)
        if known != code:
            self._fault(
                f"{where}: {school.school_id}, {school.name} is listed in {code}, "
                f"but {first} lists it in {known}"
            )
        elif first != where:
            self.report.count("rows repeated")

    def _provide(self, where: str, number: int, text: str) -> None:
        says_yes = matching_key(text) in _YES
        if folded(text) in _NO and not says_yes:  # a lone dash says no
            return
        note = PROVISION_WITHOUT_NOTE if says_yes else text
        if len(note) > MAX_NOTE_CHARACTERS:
            note = note[:MAX_NOTE_CHARACTERS] + "…"
            self.report.problem(where, "has a very long note on in-school provision", "cut short")
        if self.provision.setdefault(number, note) != note:
            what = "has another note on the in-school provision of a school already listed"
            self.report.problem(where, what, "the first is kept")
