"""The Ministry's list of the schools in each catchment → listings, and what found no match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Edition, School, SchoolStatus, Source, SourceKind
from catchments.core.text_folding import folded, matching_key
from catchments.lookup.values import NAMES, SCHOOL_ID, truth_of
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import Row, first_few
from catchments.readers.lists.files import IGNORED, ORIGIN_COLUMNS, Given, ListFile, list_files
from catchments.readers.lists.matching import KnownCatchments, KnownSchools
from catchments.readers.report import Progress, Report, no_progress

MAX_NOTE_CHARACTERS = 300
PROVISION_WITHOUT_NOTE = "In-school provision"
"""The note kept where a list only says yes."""

COLUMNS = Columns(
    aliases={
        "school_id": (*NAMES[SCHOOL_ID], "Number"),
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
        "listing": ("Listing",),
        "status": ("Status",),
        "basis": ("Basis",),
        **ORIGIN_COLUMNS,
    },
    required=(("school_id", "name"), ("code", "catchment", "provision")),
    sheet="Schools",
    ignored=IGNORED,
    numbers=("school_id",),
)

_TICKS = frozenset({"x", "✓", "✔", "☑"})
_NONE = frozenset({"", "none", "n a"})
_MAX_FAULTS = 10_000
_OF_LISTS = (SourceKind.LISTINGS, SourceKind.IN_SCHOOL_PROVISION)
_NO_CATCHMENT = frozenset({"none", "no catchment", "nationwide", "national"})
"""What a list says, folded, of a school that serves the whole country."""
_LACKING = "not in the directory"
"""The status that our own tables give a school number that an edition speaks of all the same."""
_NOT_LISTED = "their catchment follows from the boundaries; to list one, name it in “listing”"
_MOVED = ": a school that moves has the new one in “catchment_code”, “catchment_name” and “listing”"
_BY_HALF = "“listing” is empty, but “basis” says listed: empty both, or name the catchment"
_LISTED = "listed"
"""The basis of a school that our own tables have because a list names it."""


@dataclass(frozen=True)
class Listings:
    """What a list says: the catchment code, or a note on in-school provision, by school number."""

    listings: Mapping[int, str]
    unserved: frozenset[int]
    """Schools that the list expressly places in no catchment."""
    in_school_provision: Mapping[int, str] | None
    """None where no file has a column for it."""
    without_provision: frozenset[int]
    """Schools that the list says have none."""
    speaks_for: frozenset[str]
    """Codes of the catchments that it names."""
    sources: tuple[Source, ...]
    """One a file; that of a list before that of in-school provision."""
    declared: tuple[Source, ...]
    """Those that files of ours say that all of it is from."""
    report: Report


def read_listings(
    paths: Sequence[Path],
    *,
    schools: Mapping[int, School],
    known: Edition,
    given: Given = Given(),  # noqa: B008 - frozen
    progress: Progress = no_progress,
) -> Listings:
    """Read lists of any format as one; rows match a school by number, else by name and town.

    `known` is the edition that they are read for. Raises FileRefused for a file that is no such
    list, an unknown catchment, and a school listed in two; each row at fault is in the error's
    `rows`. Rows without a match are reported.
    """
    notes = known.in_school_provision
    reading = _Reading(KnownSchools(schools, known), KnownCatchments(known.catchments), notes)
    sources, has_catchments, has_provision = [], False, False
    declared: list[Source] = []
    for file in list_files(paths, COLUMNS, given, reading.report, progress):
        reading.add_all(file)
        places = not file.table.fields.isdisjoint({"code", "catchment"})
        has_catchments = has_catchments or places
        has_provision = has_provision or "provision" in file.table.fields
        sources.append(_source(file, given, places=places))
        declared += [source for source in file.declared if source.kind in _OF_LISTS]
    reading.refuse_faults(paths)
    reading.finish_report(schools, has_catchments=has_catchments)
    return Listings(
        listings=reading.listings,
        unserved=frozenset(reading.unserved),
        in_school_provision=reading.provision if has_provision else None,
        without_provision=frozenset(reading.without_provision - reading.provision.keys()),
        speaks_for=frozenset(reading.speaks_for),
        sources=_lists_first(sources),
        declared=_lists_first(dict.fromkeys(declared)),
        report=reading.report,
    )


def _lists_first(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(sorted(sources, key=lambda source: source.kind is not SourceKind.LISTINGS))


def _source(file: ListFile, given: Given, *, places: bool) -> Source:
    if places:
        return file.source(SourceKind.LISTINGS, "Schools in each catchment", given)
    return file.source(SourceKind.IN_SCHOOL_PROVISION, "In-school provision", given)


@dataclass
class _Reading:
    schools: KnownSchools
    catchments: KnownCatchments
    known_notes: Mapping[int, str]
    listings: dict[int, str] = field(default_factory=dict)
    unserved: set[int] = field(default_factory=set)
    provision: dict[int, str] = field(default_factory=dict)
    without_provision: set[int] = field(default_factory=set)
    speaks_for: set[str] = field(default_factory=set)
    unmatched: int = 0
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    _wheres: dict[int, str] = field(default_factory=dict)
    _unknown: dict[str, str] = field(default_factory=dict)
    _without_zeros: dict[str, str] = field(default_factory=dict)

    def add_all(self, file: ListFile) -> None:
        """Take the rows of a file."""
        own = bool(file.table.fields & {"listing", "basis"})
        for row in file.rows():
            if "listing" in file.table.fields and _is_unlisted_by_half(row):
                self._fault(f"{row.where}: {_BY_HALF}")
            school = self.add(row, says_basis=own)
            if school is not None and "provision" in file.table.fields:
                self._provide(row, school.school_id)

    def add(self, row: Row, *, says_basis: bool) -> School | None:
        """Take one row and return its school; our own tables say whether a list names it."""
        self.report.count("rows")
        nowhere = self._is_nowhere(row, says_basis=says_basis)
        code = None if nowhere else self._catchment(row)
        if code is not None:
            self.speaks_for.add(code)
        school = self._school(row)
        if school is None:
            return None
        if nowhere:
            self._declare_unserved(row.where, school)
        elif says_basis and not _is_listed(row):
            self.report.leave_out("schools without a listing", _NOT_LISTED)
        elif code is not None:
            self._list(row.where, school, code)
        elif not row["provision"]:
            self.report.problem(row.where, "names no catchment", "left out")
        return school

    def refuse_faults(self, paths: Sequence[Path]) -> None:
        """Raise FileRefused if any row was at fault."""
        if not self.faults:
            return
        name = shown(paths[0].name) if len(paths) == 1 else "The list"
        raise FileRefused(
            f"{name} has rows that cannot be taken: {first_few(self.faults)}.",
            allowed="A school is in one catchment, and a catchment is one of the edition's.",
            next_step="Nothing was imported: correct these rows, or import the catchments first.",
            rows=self.faults,
        )

    def finish_report(self, schools: Mapping[int, School], *, has_catchments: bool) -> None:
        self.report.count("schools listed", len(self.listings))
        self.report.count("schools placed in no catchment", len(self.unserved))
        self.report.count("schools with in-school provision", len(self.provision))
        self.report.count("rows not matched", self.unmatched)
        if has_catchments:
            is_open = (s for s in schools.values() if s.status is SchoolStatus.OPEN)
            said = self.listings.keys() | self.unserved
            left_out = sum(school.school_id not in said for school in is_open)
            self.report.count("open schools not listed", left_out)

    def _catchment(self, row: Row) -> str | None:
        texts = self._texts(row)
        codes = [self.catchments.code(text) for text in texts]
        for text, code in zip(texts, codes, strict=True):
            if code is not None:
                self._note_zeros(row.where, text, code)
            else:
                self._fault(f"{row.where}: {self._unknown_catchment(text)}")
        if len(set(codes)) > 1 and None not in codes:
            both = " and ".join(map(shown, dict.fromkeys(texts)))
            more = _MOVED if row["listing"] else ""
            self._fault(f"{row.where}: {both} are not one catchment{more}")
        return codes[0] if codes else None

    def _is_nowhere(self, row: Row, *, says_basis: bool) -> bool:
        """Whether a row places its school in no catchment, expressly; one may be called “None”."""
        if says_basis:
            return folded(row["listing"]) in _NO_CATCHMENT
        said = row["catchment"] or row["code"]
        return folded(said) in _NO_CATCHMENT and self.catchments.code(said) is None

    def _texts(self, row: Row) -> list[str]:
        """Return what a row calls its catchment; not the name, where that is the code's own."""
        codes = [text for key in ("listing", "code") if (text := row[key])]
        name = row["catchment"]
        is_own = any(self.catchments.is_called(text, name) for text in codes)
        return codes if is_own or not name else [*codes, name]

    def _note_zeros(self, where: str, text: str, code: str) -> None:
        """Say once of each text that it was taken for a code with zeros in front."""
        if text not in self._without_zeros and self.catchments.lost_zeros(text, code):
            self._without_zeros[text] = code
            what = f"catchment {shown(text)} is not known"
            self.report.problem(where, what, f"taken for {shown(code)}, which lost its zeros")

    def _unknown_catchment(self, text: str) -> str:
        if text not in self._unknown:  # the search for the nearest is slow, and texts repeat
            self._unknown[text] = self.catchments.unknown(text)
        return self._unknown[text]

    def _fault(self, what: str) -> None:
        self.faults.append(what)
        if len(self.faults) > _MAX_FAULTS:
            self.refuse_faults(())

    def _school(self, row: Row) -> School | None:
        number, name = row["school_id"], row["name"]
        lacking = folded(row["status"]) == _LACKING
        numbered = self.schools.numbered(number, name, is_said_to_lack=lacking)
        if numbered is not None:
            if self.schools.lacks(numbered):
                self.report.count("matched by number, though the directory lacks it")
                return numbered
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
        self.unmatched += 1
        named = ", ".join(row[key] for key in ("school_id", "name", "town") if row[key])
        self.report.problem(row.where, f"{shown(named)}: {why}", "not matched")

    def _declare_unserved(self, where: str, school: School) -> None:
        number = school.school_id
        if number in self.listings:
            self._fault(
                f"{where}: {number}, {school.name} is in no catchment, but {self._wheres[number]} "
                f"lists it in {self.listings[number]}"
            )
        self._wheres.setdefault(number, where)
        self.unserved.add(number)

    def _list(self, where: str, school: School, code: str) -> None:
        if school.school_id in self.unserved:
            self._fault(
                f"{where}: {school.school_id}, {school.name} is listed in {code}, but "
                f"{self._wheres[school.school_id]} places it in no catchment"
            )
        known = self.listings.setdefault(school.school_id, code)
        first = self._wheres.setdefault(school.school_id, where)
        if known != code:
            self._fault(
                f"{where}: {school.school_id}, {school.name} is listed in {code}, "
                f"but {first} lists it in {known}"
            )
        elif first != where:
            self.report.count("rows repeated")

    def _provide(self, row: Row, number: int) -> None:
        text = row["provision"]
        known = self.known_notes.get(number, "")
        if text and tidy(known) == text:
            note = known  # however long it is, and whatever blanks a table took away
        elif _says_no(text):
            self.without_provision.add(number)
            return
        else:
            note = self._note(row.where, text)
        if self.provision.setdefault(number, note) != note:
            what = "has another note on the in-school provision of a school already listed"
            self.report.problem(row.where, what, "the first is kept")

    def _note(self, where: str, text: str) -> str:
        says_yes = matching_key(text) in _TICKS or _truth(text)
        note = PROVISION_WITHOUT_NOTE if says_yes else text
        if len(note) <= MAX_NOTE_CHARACTERS:
            return note
        self.report.problem(where, "has a very long note on in-school provision", "cut short")
        return note[:MAX_NOTE_CHARACTERS] + "…"


def _says_no(text: str) -> bool:
    """Whether a cell says that there is none: in a word, with a dash, or by being empty."""
    return matching_key(text.strip("-–—")) in _NONE or _truth(text) is False


def _truth(text: str) -> bool | None:
    """Return whether a cell says yes or no; of a word, capitals and punctuation do not matter."""
    key = matching_key(text)
    return truth_of(key if key.isalpha() else text)


def _is_listed(row: Row) -> bool:
    """Whether a row of our own says that a list names its school, not only where it lies."""
    return bool(row["listing"]) or folded(row["basis"]) == _LISTED


def _is_unlisted_by_half(row: Row) -> bool:
    """Whether a row of ours lost what the list says, but not that it is the list that says it."""
    return not row["listing"] and folded(row["basis"]) == _LISTED
