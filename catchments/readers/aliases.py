"""A table of what people call schools beside their names: AGS, EGGS, Rangi Ruru → aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Alias, School
from catchments.core.text_folding import LONGEST_TEXT, by_name, folded
from catchments.lookup.values import NAMES, SCHOOL_ID, school_number
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import Row, first_few, open_table
from catchments.readers.report import Progress, Report, no_progress

MAX_ALIASES = 20_000
"""Some for each of the country's schools: more is another kind of file."""
MAX_SOURCE_CHARACTERS = 500

COLUMNS = Columns(
    aliases={
        "text": ("Alias", "Nickname", "Called", "Short name"),
        "school_id": (*NAMES[SCHOOL_ID], "Number"),
        "name": ("School Name", "Org_Name", "School", "Name"),
        "source": ("Source", "Where it comes from"),
    },
    required=(("text",), ("school_id",), ("source",)),
    sheet="Aliases",
    numbers=("school_id",),
)
_MAX_FAULTS = 10_000


def read_aliases(
    path: Path,
    *,
    schools: Mapping[int, School],
    sheet: str | None = None,
    progress: Progress = no_progress,
) -> tuple[tuple[Alias, ...], Report]:
    """Read a table, CSV, XLSX or Parquet, of aliases of these schools, present or former ones.

    Raises FileRefused for a file that is no such table, and for rows that cannot be right; each
    such row is in the error's `rows`. Rows of unknown schools, and those that say nothing new, are
    set aside and reported.
    """
    names = by_name((school.name, school) for school in schools.values())
    places = frozenset(folded(name) for s in schools.values() for name in (s.suburb, s.city))
    reading = AliasReading(names, places, schools)
    report = reading.report
    with open_table(path, COLUMNS, report=report, sheet=sheet, progress=progress) as table:
        for row in table.rows:
            reading.add(row)
    reading.refuse(path)
    reading.report.count("aliases", len(reading.aliases))
    called = {alias.school_id for alias in reading.aliases}
    reading.report.count("schools with an alias", len(called))
    return tuple(reading.aliases), reading.report


@dataclass
class AliasReading:
    """Gathers rows into aliases, faults that refuse the whole, and problems that do not."""

    names: Mapping[str, list[School]]
    """The schools of each whole name, folded."""
    places: frozenset[str]
    """The names of towns and suburbs, folded."""
    schools: Mapping[int, School]
    aliases: list[Alias] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    _wheres: dict[str, dict[int, str]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take one row; keep a fault if it cannot be right."""
        self.report.count("rows")
        number = school_number(row["school_id"])
        wrong = self._wrong_alias(row["text"]) or _wrong_cell(row, number)
        school = None if number is None else self.schools.get(number)
        if not wrong and school is None:
            self._set_aside(row, f"no directory release has the school {number}")
            return
        wrong = wrong or self._another_meaning(row["text"], number)
        if school is not None:
            wrong = wrong or _another_name(row["name"], school)
        if wrong or school is None:
            self._fault(f"{row.where} ({_label(row)}): {wrong}")
            return
        self._keep(row, school)

    def refuse(self, path: Path) -> None:
        """Raise FileRefused when any row was at fault, or nothing is left."""
        if len(self.aliases) > MAX_ALIASES:
            raise FileRefused(
                f"{shown(path.name)} holds more than {MAX_ALIASES:,} aliases.",
                next_step="Check that it is the table of aliases.",
            )
        if self.faults:
            raise FileRefused(
                f"{shown(path.name)} has rows that cannot be taken: {first_few(self.faults)}.",
                allowed="A row has an alias that is no other school's name and no place, a school "
                "number, and a source.",
                next_step="Nothing was imported: correct these rows, then try again.",
                rows=self.faults,
            )
        if not self.aliases:
            raise FileRefused(
                f"{shown(path.name)} holds no alias of a school that is known.",
                next_step="Nothing was imported; the aliases that there are stay.",
            )

    def _wrong_alias(self, text: str) -> str:
        """Return what is wrong with an alias whatever school it is of, or nothing."""
        if not text:
            return "it has no alias"
        if len(text) > LONGEST_TEXT:
            return f"its alias has {len(text):,} characters, where {LONGEST_TEXT} may be typed"
        plain = folded(text)
        if not plain:
            return f"the alias {shown(text)} has no letter that can be typed"
        if plain.replace(" ", "").isdigit():
            return f"the alias {shown(text)} is a number, as schools and postcodes have"
        if plain in self.places:
            return f"the alias {shown(text)} is the name of a town or suburb"
        return ""

    def _another_meaning(self, text: str, number: int | None) -> str:
        others = [s for s in self.names.get(folded(text), ()) if s.school_id != number]
        if not others:
            return ""
        named = f"{others[0].school_id}, {others[0].name}"
        return f"the alias {shown(text)} is the whole name of another school: {named}"

    def _keep(self, row: Row, school: School) -> None:
        text, number = row["text"], school.school_id
        plain = folded(text)
        if plain == folded(school.name):
            self._set_aside(row, f"{shown(text)} is the name of {number} itself")
            return
        known = self._wheres.setdefault(plain, {})
        if number in known:
            self._set_aside(row, f"{known[number]} has it already")
            return
        if known:
            others = f"{len(known):,} other schools" if len(known) > 1 else str(*known)
            what = f"{shown(text)} is an alias of {others} too"
            self.report.problem(row.where, what, "kept; whoever types it is asked which is meant")
        known[number] = row.where
        self.aliases.append(Alias(text, number, row["source"]))
        if len(self.aliases) > MAX_ALIASES:
            self.refuse(Path("The table"))

    def _set_aside(self, row: Row, why: str) -> None:
        self.report.count("rows set aside")
        self.report.problem(f"{row.where} ({_label(row)})", why, "set aside")

    def _fault(self, what: str) -> None:
        self.faults.append(what)
        if len(self.faults) > _MAX_FAULTS:
            self.refuse(Path("The table"))


def _wrong_cell(row: Row, number: int | None) -> str:
    given = row["school_id"]
    if number is None:
        return f"its school number is {shown(given) if given else 'missing'}, not a whole number"
    if not row["source"]:
        return "it names no source"
    if len(row["source"]) > MAX_SOURCE_CHARACTERS:
        return f"its source has more than {MAX_SOURCE_CHARACTERS} characters"
    return ""


def _another_name(given: str, school: School) -> str:
    """Return what is wrong where a table names the school beside its number, and means another."""
    if not given or folded(given) == folded(school.name):
        return ""
    return f"number {school.school_id} is {shown(school.name)} in the directory, not {shown(given)}"


def _label(row: Row) -> str:
    parts = (row["text"], row["school_id"])
    return ", ".join(part[:80] for part in parts if part) or "no alias, no number"
