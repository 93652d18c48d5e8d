"""Decisions in a table: which catchment each school is to be in, or who is to serve each catchment.

Somebody's own table, pasted or in a file, with a header or without. Whatever of it is understood is
a decision; each row that is not, and whatever has two answers, is named and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Edition, School
from catchments.core.text_folding import folded
from catchments.lookup.values import school_said
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import BEYOND, Row
from catchments.readers.lists import listings
from catchments.readers.lists.files import IGNORED, ORIGIN_COLUMNS, Given, list_files
from catchments.readers.lists.matching import (
    KnownCatchments,
    KnownProviders,
    KnownSchools,
    is_called,
)
from catchments.readers.report import Report, no_progress

K = TypeVar("K", int, str)

_OF_LISTS = {k: names for k, names in listings.COLUMNS.aliases.items() if k != "provision"}
SCHOOLS = replace(
    listings.COLUMNS,
    aliases={
        **_OF_LISTS,
        "code": (*_OF_LISTS["code"], "New catchment code", "To code"),
        "catchment": (*_OF_LISTS["catchment"], "New catchment", "Move to", "To"),
    },
    required=(("school_id", "name"), ("code", "catchment")),
    numbers=(),
    bare=(("name", "catchment"), ("school_id", "name", "catchment")),
)
PROVIDERS = Columns(
    aliases={
        "code": ("Catchment code",),
        "catchment": ("Catchment", "Catchment name", "Catchment area", "Area"),
        "provider_code": ("Provider code", "New provider code", "Provider id"),
        "provider": ("Provider", "Provider name", "New provider", "Attendance service provider"),
        **ORIGIN_COLUMNS,
    },
    required=(("code", "catchment"), ("provider_code", "provider")),
    sheet="Catchments",
    ignored=IGNORED,
    bare=(("catchment", "provider"), ("code", "catchment", "provider")),
)

NOWHERE = ""
"""Stands for a school that is to belong to no catchment."""
_NOWHERE_SAID = frozenset({"none", "no catchment", "unserved", "nationwide", "national"})
_OFF_SAID = frozenset({"off the list", "take off the list", "not listed", "delisted", "delist"})
"""What a table says, folded, of a school that is to be on no list: it belongs where it lies."""
_FAULTS_AT_MOST = 10_000
_MOVED = "a school that moves has the new one in “catchment_code”, “catchment_name” and “listing”"


@dataclass(frozen=True)
class Decisions:
    """What a table decides, as far as it is understood."""

    schools: Mapping[int, str | None]
    """School number → a catchment's code; empty for no catchment; None to take it off the list."""
    located: Mapping[int, str]
    """Of a table of ours: schools on no list, with the catchment that it has them in."""
    catchments: Mapping[str, str]
    """Catchment code → the code of the provider."""
    faults: tuple[str, ...]
    """Each row that is not understood, and each thing with two answers: where, and why."""
    report: Report

    @property
    def count(self) -> int:
        """How many schools or catchments it decides about."""
        return len(self.schools) + len(self.located) + len(self.catchments)


def read_schools_table(
    paths: Sequence[Path],
    *,
    schools: Mapping[int, School],
    known: Edition,
    given: Given = Given(),  # noqa: B008 - frozen
) -> Decisions:
    """Read which catchment each school is to be in. Raises FileRefused for what is no such table.

    `known` is the edition that it is read for.
    """
    reading = _SchoolRows(KnownSchools(schools, known), KnownCatchments(known.catchments))
    report = _read(paths, SCHOOLS, given, reading.add, reading.faults)
    decided, located = reading.decided.settled(), reading.located.settled()
    faults = (*reading.faults, *reading.decided.clashes(), *reading.located.clashes())
    only_located = {n: code or "" for n, code in located.items() if n not in decided}
    return Decisions(decided, only_located, {}, faults, report)


def read_providers_table(
    paths: Sequence[Path],
    *,
    known: Edition,
    given: Given = Given(),  # noqa: B008 - frozen
) -> Decisions:
    """Read who is to serve each catchment. Raises FileRefused for what is no such table."""
    reading = _CatchmentRows(known)
    report = _read(paths, PROVIDERS, given, reading.add, reading.faults)
    decided = {code: provider or "" for code, provider in reading.decided.settled().items()}
    return Decisions({}, {}, decided, (*reading.faults, *reading.decided.clashes()), report)


def _read(
    paths: Sequence[Path],
    columns: Columns,
    given: Given,
    add: Callable[[Row], None],
    faults: list[str],
) -> Report:
    """Take every row; one that is not understood is a fault."""
    report = Report()
    for file in list_files(paths, columns, given, report, no_progress):
        for row in file.rows():
            report.count("rows")
            try:
                if row[BEYOND]:
                    raise _NotUnderstood(f"{shown(row[BEYOND])} stands beyond its columns")
                add(row)
            except _NotUnderstood as error:
                faults.append(f"{row.where}: {error}")
            if len(faults) > _FAULTS_AT_MOST:
                raise FileRefused(
                    f"More than {_FAULTS_AT_MOST:,} rows are not understood.",
                    next_step="Check that it is the right table.",
                )
    return report


class _NotUnderstood(Exception):
    """What of a row is not understood, in words."""


# --- answers --------------------------------------------------------------------------------------


@dataclass
class _Answers(Generic[K]):
    """What rows say of each thing; what has two answers has none."""

    _said: dict[K, str | None] = field(default_factory=dict)
    _heard: dict[K, dict[str, str]] = field(default_factory=dict)
    """Of each thing its answers in words, and where each stood first."""
    _named: dict[K, str] = field(default_factory=dict)

    def add(self, thing: K, to: str | None, *, where: str, named: str, told: str) -> None:
        """Take an answer: `named` is the thing in words, `told` the answer."""
        self._said.setdefault(thing, to)
        self._named.setdefault(thing, named)
        self._heard.setdefault(thing, {}).setdefault(told, where)

    def settled(self) -> dict[K, str | None]:
        """Return the answer to each thing that has one."""
        return {thing: to for thing, to in self._said.items() if len(self._heard[thing]) == 1}

    def clashes(self) -> list[str]:
        """Return a sentence for each thing that has two answers or more."""
        return [
            f"{self._named[thing]} has {len(heard)} answers: "
            + "; ".join(f"{where} says {told}" for told, where in heard.items())
            for thing, heard in self._heard.items()
            if len(heard) > 1
        ]


# --- schools --------------------------------------------------------------------------------------


@dataclass
class _SchoolRows:
    schools: KnownSchools
    catchments: KnownCatchments
    decided: _Answers[int] = field(default_factory=_Answers)
    located: _Answers[int] = field(default_factory=_Answers)
    faults: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take one row. Raises _NotUnderstood."""
        school = self._school(row)
        is_ours = "basis" in row.cells and "listing" in row.cells
        follows = is_ours and not row["listing"]
        if follows and folded(row["basis"]) == "listed":
            raise _NotUnderstood("“listing” is empty, but “basis” says listed: change both")
        to = "" if follows and not (row["code"] or row["catchment"]) else self._to(row)
        into = self.located if follows else self.decided
        named = f"{school.school_id}, {school.name}"
        into.add(school.school_id, to, where=row.where, named=named, told=self._told(to))

    def _told(self, to: str | None) -> str:
        found = self.catchments.found(to) if to else None
        if found:
            return f"{found.name} ({found.code})"
        return "off the list" if to is None else "no catchment"

    def _to(self, row: Row) -> str | None:
        texts = [text for key in ("listing", "code", "catchment") if (text := row[key])]
        if not texts:
            raise _NotUnderstood("it names no catchment")
        meant = dict.fromkeys(self._meant(text, texts) for text in texts)
        if len(meant) == 1:
            return next(iter(meant))
        both = " and ".join(map(shown, dict.fromkeys(texts)))
        more = f": {_MOVED}" if row["listing"] else ""
        raise _NotUnderstood(f"{both} are not one catchment{more}")

    def _meant(self, text: str, beside: Sequence[str]) -> str | None:
        """Return what a text means; a name that several have means the one that is beside it."""
        code = self.catchments.code(text)
        if code is not None:
            return code
        known = {found for other in beside if (found := self.catchments.code(other))}
        named = [found for found in known if self.catchments.is_called(found, text)]
        if len(named) == 1:
            return named[0]
        if folded(text) in _NOWHERE_SAID:
            return NOWHERE
        if folded(text) in _OFF_SAID:
            return None
        raise _NotUnderstood(self.catchments.unknown(text))

    def _school(self, row: Row) -> School:
        text, name = row["school_id"] or row["name"], row["name"] if row["school_id"] else ""
        if not text:
            raise _NotUnderstood("it names no school")
        named, why = self.schools.named(text, row["town"])
        if named is not None and not row["school_id"]:
            return named
        number, words = school_said(text)
        if number is None:
            raise _NotUnderstood(f"{shown(text)}: {why if not row['school_id'] else 'no number'}")
        lacks = folded(row["status"]) == "not in the directory"
        school = self.schools.numbered(str(number), name or words, is_said_to_lack=lacks)
        if school is None:
            raise _NotUnderstood(f"{shown(text)}: no school has the number {number}")
        for beside in filter(None, (words, name)):
            if not (self.schools.lacks(school) or is_called(school, beside)):
                raise _NotUnderstood(
                    f"number {number} is {shown(school.name)} in the directory, but "
                    f"{shown(beside)} here"
                )
        return school


# --- catchments -----------------------------------------------------------------------------------


@dataclass
class _CatchmentRows:
    known: Edition
    decided: _Answers[str] = field(default_factory=_Answers)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._catchments = KnownCatchments(self.known.catchments)
        self._providers = KnownProviders(self.known.providers)

    def add(self, row: Row) -> None:
        """Take one row. Raises _NotUnderstood."""
        if not (row["code"] or row["catchment"]):
            if not (row["provider_code"] or row["provider"]) or self._idle(row):
                return
            raise _NotUnderstood("it names no catchment")
        code = self._catchment(row)
        named = f"{self.known.catchments[code].name} ({code})"
        if not (row["provider_code"] or row["provider"]):
            if self.known.catchments[code].provider_code is None:
                return
            raise _NotUnderstood(f"it names nobody to serve {named}")
        provider = self._provider(row)
        told = f"{self.known.providers[provider].name} ({provider})"
        self.decided.add(code, provider, where=row.where, named=named, told=told)

    def _idle(self, row: Row) -> bool:
        """Whether a row is of a provider that serves no catchment, as our own tables have it."""
        serving = {c.provider_code for c in self.known.catchments.values()}
        return bool(row["provider_code"]) and self._provider(row) not in serving

    def _catchment(self, row: Row) -> str:
        texts = [text for key in ("code", "catchment") if (text := row[key])]
        if len(texts) > 1 and self._catchments.is_called(texts[0], texts[1]):
            texts = texts[:1]
        meant = dict.fromkeys(map(self._catchments.code, texts))
        for text, code in zip(texts, map(self._catchments.code, texts), strict=True):
            if code is None:
                raise _NotUnderstood(self._catchments.unknown(text))
        if len(meant) > 1:
            raise _NotUnderstood(f"{' and '.join(map(shown, texts))} are not one catchment")
        return next(code for code in meant if code)

    def _provider(self, row: Row) -> str:
        texts = [text for key in ("provider_code", "provider") if (text := row[key])]
        meant = {self._provider_meant(text) for text in texts}
        own = self.known.providers.get(self._providers.spelled(row["provider_code"]))
        if own and folded(own.name) == folded(row["provider"]):
            return own.code
        if len(meant) > 1:
            raise _NotUnderstood(f"{' and '.join(map(shown, texts))} are not one provider")
        return meant.pop()

    def _provider_meant(self, text: str) -> str:
        spelled = self._providers.spelled(text)
        code = self._providers.code(text) or (spelled if spelled in self.known.providers else None)
        if code is None:
            same = [p.code for p in self.known.providers.values() if folded(p.name) == folded(text)]
            why = f"several are called so: give the code, {' or '.join(same)}" if same else ""
            raise _NotUnderstood(
                f"provider {shown(text)} is not known; {why or 'add it first, or correct it'}"
            )
        return code
