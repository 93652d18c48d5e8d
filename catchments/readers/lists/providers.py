"""A table of providers, and of the catchments each serves → providers, assignments, a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Edition, Provider, Source, SourceKind
from catchments.core.text_folding import folded, matching_key
from catchments.readers.codes import provider_code
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import Row, Table, first_few
from catchments.readers.lists.files import IGNORED, ORIGIN_COLUMNS, Given, list_files
from catchments.readers.lists.matching import KnownCatchments, KnownProviders
from catchments.readers.report import Progress, Report, no_progress

MAX_NAME_CHARACTERS = 200
MAX_PHONE_CHARACTERS = 40
MAX_WEBSITE_CHARACTERS = 300
MAX_EMAIL_CHARACTERS = 254

COLUMNS = Columns(
    aliases={
        "catchment": (
            "Catchment code",
            "Catchment codes",
            "Catchment",
            "Catchment name",
            "Catchment area",
            "Area",
        ),
        "name": ("Provider", "Provider name", "Attendance service provider", "Name"),
        "code": ("Provider code", "Code", "Provider id"),
        "phone": ("Phone", "Telephone", "Phone number", "Provider phone", "Contact number"),
        "email": ("Email", "E-mail", "Email address", "Provider email", "Contact email"),
        "website": ("Website", "URL", "Web", "Provider website", "Web site"),
        **ORIGIN_COLUMNS,
    },
    required=(("name",),),
    sheet="Providers",
    ignored=IGNORED,
)

_PROVIDER_NAMES = frozenset(folded(name) for name in COLUMNS.aliases["name"][:-1])
_NOBODY = frozenset({"n a", "na", "tbc", "tba", "none", "nil", "unknown", "vacant", "not known"})
"""What a table says, folded, where it has no provider to name."""
_FEWEST_DIGITS = 3
_DETAILS = ("name", "phone", "email", "website")
_MAX_FAULTS = 10_000
_COMMAS_IN_A_NAME = 4
"""Of a catchment, where several stand in one cell."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EMAIL = re.compile(r"[A-Za-z0-9._+'-]+@[^\W_]([\w-]*\.)+[^\W\d_]{2,}")
_BARE_HOST = re.compile(r"[\w-]+(\.[\w-]+)+(/[^\s]*)?")
_UNSAFE_IN_URL = re.compile(r"[\s<>\"'`\\^{}|]")


@dataclass(frozen=True)
class ProviderTable:
    """What provider tables say: providers by code, and who serves which catchment.

    `assignments` maps a catchment's code to a provider's.
    """

    providers: Mapping[str, Provider]
    assignments: Mapping[str, str]
    sources: tuple[Source, ...]
    """One a file."""
    declared: tuple[Source, ...]
    """Those that files of ours say that all of it is from."""
    report: Report


def read_providers(
    paths: Sequence[Path],
    *,
    known: Edition,
    given: Given = Given(),  # noqa: B008 - frozen
    progress: Progress = no_progress,
) -> ProviderTable:
    """Read provider tables of any format as one; rows of one provider merge where they agree.

    `known` is the edition that they are read for: a provider is known by its code, else by its
    name, and keeps what no column tells of. Raises FileRefused for a file that is no such table,
    for rows with an unsafe or malformed value, an unknown catchment, and rows that contradict each
    other; each is in the error's `rows`.
    """
    reading = _Reading(KnownProviders(known.providers), KnownCatchments(known.catchments))
    sources, told = [], set[str]()
    declared: list[Source] = []
    for file in list_files(paths, COLUMNS, given, reading.report, progress):
        _refuse_unclear_columns(file.path, file.table)
        told |= file.table.fields
        for row in file.rows():
            reading.add(row)
        for row in file.provider_rows():
            if row["code"] not in reading.providers:
                reading.add(row)
        sources.append(file.source(SourceKind.PROVIDERS, "Providers", given))
        declared += [s for s in file.declared if s.kind is SourceKind.PROVIDERS]
    reading.refuse_faults(paths)
    report = reading.report
    report.count("providers", len(reading.providers))
    report.count("catchments with a provider", len(reading.assignments))
    providers = {
        code: _completed(provider, known.providers.get(code), told)
        for code, provider in reading.providers.items()
    }
    return ProviderTable(
        providers,
        dict(reading.assignments),
        tuple(sources),
        tuple(dict.fromkeys(declared)),
        report,
    )


def _completed(provider: Provider, known: Provider | None, told: set[str]) -> Provider:
    """Return a provider with what is known of it where no column tells, or none tells otherwise."""
    if known is None:
        return provider
    kept = {
        key: getattr(known, key)
        for key in _DETAILS
        if key not in told or _is_same(key, getattr(known, key), getattr(provider, key))
    }
    return replace(provider, **kept)


def _is_same(key: str, known: str, read: str) -> bool:
    """Whether a detail that was read is the known one, as a table can hold it."""
    as_read = {"email": str.lower, "website": _with_scheme}.get(key, str)
    return bool(as_read(tidy(known)) == read)


@dataclass
class _Reading:
    """Gathers rows into providers and assignments, and the faults that refuse them all."""

    known: KnownProviders
    catchments: KnownCatchments
    providers: dict[str, Provider] = field(default_factory=dict)
    assignments: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    _first: dict[str, str] = field(default_factory=dict)
    """Where each provider's code stood first."""
    _codes: dict[str, str] = field(default_factory=dict)
    """The code of each provider, by folded name."""
    _assigned: dict[str, str] = field(default_factory=dict)
    """By a catchment's code: where its provider stood."""

    def add(self, row: Row) -> None:
        """Take one row."""
        self.report.count("rows")
        row = self._without_nobody(row)
        if not any(row[key] for key in ("code", *_DETAILS)):
            self._leave_out(row)
            return
        code = self._code(row)
        known = self.known.providers.get(code)
        wrong, provider = _checked(self._spelled(row, known), code, known)
        if known is None and code not in self.providers:
            self._doubt(row)
        if wrong:
            self.faults += [f"{row.where}: {what}" for what in wrong]
        else:
            self._merge(row.where, provider)
            for text in self._catchments_in(row["catchment"]):
                self._assign(row.where, text, provider.code)
        if len(self.faults) > _MAX_FAULTS:
            raise _refusal("The table", self.faults)

    def _without_nobody(self, row: Row) -> Row:
        """Return a row without a name that says that there is none: “n/a”, “TBC”, “-”."""
        name = row["name"]
        is_nobody = folded(name) in _NOBODY or not any(map(str.isalnum, name))
        if not name or not is_nobody or self.known.code(name):
            return row
        self.report.problem(row.where, f"names no provider but {shown(name)}", "taken for none")
        return replace(row, cells={**row.cells, "name": ""})

    def _doubt(self, row: Row) -> None:
        """Say where the row of a new provider may be none, but a heading or a note."""
        if len(row.cells) > 1 and not any(row[key] for key in row.cells if key != "name"):
            what = f"{shown(row['name'])} is a name alone, without anything else"
            self.report.problem(row.where, what, "taken for a provider")
        phone = row["phone"]
        if phone and sum(map(str.isdigit, phone)) < _FEWEST_DIGITS:
            what = f"{shown(phone)} is hardly a phone number"
            self.report.problem(row.where, what, "taken as it stands")

    def refuse_faults(self, paths: Sequence[Path]) -> None:
        """Raise FileRefused if any row was at fault, or there was none."""
        name = shown(paths[0].name) if len(paths) == 1 else "The table"
        if self.faults:
            raise _refusal(name, self.faults)
        if not self.providers:
            raise FileRefused(f"{name} names no provider.", next_step="Check that it is whole.")

    def _code(self, row: Row) -> str:
        """Return the code that a row gives, or else that of the provider of its name."""
        name = row["name"]
        # A row without a code means the provider of that name, whatever code other rows gave it.
        of_name = self._codes.get(matching_key(name)) or self.known.code(name)
        if not row["code"]:
            return of_name or provider_code(name)
        code = self.known.spelled(row["code"])
        if code != row["code"]:
            what = f"the code {shown(row['code'])} is taken for {shown(code)}"
            self.report.problem(row.where, what, "no other code is like it")
        if of_name and of_name != code and code not in self.known.providers:
            what = f"{shown(name)} has the code {shown(of_name)} in the edition, {shown(code)} here"
            self.report.problem(row.where, what, "taken for another provider")
        return code

    def _spelled(self, row: Row, known: Provider | None) -> Row:
        """Return a row with its provider's known name, where it was found by that name alone."""
        if known is None or row["code"] or tidy(known.name) == row["name"]:
            return row
        taken = f"{shown(row['name'])} is taken for {shown(known.name)}"
        self.report.problem(row.where, taken, "its known spelling is kept")
        return replace(row, cells={**row.cells, "name": known.name})

    def _leave_out(self, row: Row) -> None:
        """Say that a catchment's row names nobody, unless nobody serves it anyway."""
        if not row["catchment"]:
            self.report.leave_out("rows", "they name neither a provider nor a catchment")
            return
        catchment = self.catchments.found(row["catchment"])
        if catchment is None or catchment.provider_code:
            what = f"names no provider for {shown(row['catchment'])}"
            self.report.problem(row.where, what, "left out: the catchment keeps its own")
        self.report.count("catchments without a provider")

    def _catchments_in(self, text: str) -> list[str]:
        """Return the catchments that a cell names: one, or several with commas between."""
        if not text or self.catchments.code(text) is not None:
            return [text] if text else []
        parts, found = text.split(","), []
        while parts:
            known = (n for n in range(_COMMAS_IN_A_NAME + 1, 0, -1) if self._is_one(parts[:n]))
            taken = next(known, 1)
            found.append(_joined(parts[:taken]))
            parts = parts[taken:]
        return [each for each in found if each]

    def _is_one(self, parts: Sequence[str]) -> bool:
        return self.catchments.code(_joined(parts)) is not None

    def _merge(self, where: str, provider: Provider) -> None:
        known = self.providers.get(provider.code)
        if known is None:
            self.providers[provider.code] = provider
            self._first[provider.code] = where
            code = self._codes.setdefault(matching_key(provider.name), provider.code)
            if code != provider.code and not {code, provider.code} <= self.known.providers.keys():
                self.faults.append(
                    f"{where}: {shown(provider.name)} has the code {shown(provider.code)}, "
                    f"but {shown(code)} at {self._first[code]}"
                )
            return
        first = self._first[provider.code]
        clashes = _clashes(known, provider)
        self.faults += [
            f"{where}: {what}, but {first} says otherwise of the same provider" for what in clashes
        ]
        if known.name != provider.name and not clashes:
            spelled = f"spells {shown(known.name)} of {first} as {shown(provider.name)}"
            self.report.problem(where, spelled, "the first spelling is kept")
        self.providers[provider.code] = _filled(known, provider)

    def _assign(self, where: str, text: str, provider: str) -> None:
        catchment = self.catchments.code(text)
        if catchment is None:
            self.faults.append(f"{where}: {self.catchments.unknown(text)}")
            return
        if self.catchments.lost_zeros(text, catchment):
            taken = f"taken for {shown(catchment)}, which lost its zeros"
            self.report.problem(where, f"catchment {shown(text)} is not known", taken)
        known = self.assignments.setdefault(catchment, provider)
        first = self._assigned.setdefault(catchment, where)
        if known != provider:
            self.faults.append(
                f"{where}: catchment {shown(text)} is given to {shown(provider)}, "
                f"but {first} gives it to {shown(known)}"
            )


def _joined(parts: Sequence[str]) -> str:
    return ",".join(parts).strip()


def _refuse_unclear_columns(path: Path, table: Table) -> None:
    """Refuse “Code, Name, Provider”: its code and name may be a catchment's or the provider's."""
    names = {folded(name) for name in table.header}
    if "catchment" in table.fields or "name" not in names or names.isdisjoint(_PROVIDER_NAMES):
        return
    raise FileRefused(
        f"{shown(path.name)} has a column “Name” beside the provider's.",
        next_step="Rename it, and its “Code”, to say whose they are, as “Catchment name”.",
    )


def _refusal(name: str, faults: list[str]) -> FileRefused:
    return FileRefused(
        f"{name} has rows that cannot be taken: {first_few(faults)}.",
        allowed="A website starts with https:// or http://, an e-mail address is one plain "
        f"address, a phone number has at most {MAX_PHONE_CHARACTERS} characters, a code has "
        "letters, digits, “.”, “-” and “_”, and a catchment has one provider.",
        next_step="Nothing was imported: correct these rows, or import the catchments first.",
        rows=faults,
    )


def _checked(row: Row, code: str, known: Provider | None) -> tuple[list[str], Provider]:
    """Return what is wrong with a row, and the provider that it names.

    What is known already, and no worse for having been written down, is not looked at again.
    """
    name = row["name"] or (known.name if known else "")
    provider = Provider(
        code, name, row["phone"], row["email"].lower(), _with_scheme(row["website"])
    )
    long = f"phone {shown(provider.phone)} is too long"
    checks = (
        ("name", not name, "it names no provider"),
        ("name", len(name) > MAX_NAME_CHARACTERS, f"the name {shown(name)} is too long"),
        ("phone", len(provider.phone) > MAX_PHONE_CHARACTERS, long),
        ("email", not _is_email(provider.email), f"{shown(row['email'])} is not an e-mail address"),
        ("website", not _is_website(provider.website), f"{shown(row['website'])} is not a website"),
    )
    wrong = [
        what
        for key, is_wrong, what in checks
        if is_wrong and not (known and _is_same(key, getattr(known, key), getattr(provider, key)))
    ]
    if known is None and not _CODE.fullmatch(code):
        wrong.append(f"the code {shown(code)} is not one")
    return wrong, provider


def _with_scheme(website: str) -> str:
    return f"https://{website}" if website and _BARE_HOST.fullmatch(website) else website


def _is_email(text: str) -> bool:
    """Whether it is empty or an address that means the same in a mailto: link."""
    return not text or (len(text) <= MAX_EMAIL_CHARACTERS and bool(_EMAIL.fullmatch(text)))


def _is_website(text: str) -> bool:
    """Whether it is empty or a link that only opens a page."""
    if not text:
        return True
    if len(text) > MAX_WEBSITE_CHARACTERS or _UNSAFE_IN_URL.search(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in host and "@" not in parts.netloc


def _clashes(known: Provider, other: Provider) -> list[str]:
    """Return what `other` says differently: blanks say nothing, nor do macrons in a name."""
    clashes = []
    for key in _DETAILS:
        mine, theirs = getattr(known, key), getattr(other, key)
        same = (
            matching_key(mine) == matching_key(theirs)
            if key in {"name", "phone"}
            else mine == theirs
        )
        if mine and theirs and not same:
            clashes.append(f"{key} is {shown(theirs)}")
    return clashes


def _filled(known: Provider, other: Provider) -> Provider:
    names = [f.name for f in fields(Provider)]
    blanks = {n: getattr(other, n) for n in names if not getattr(known, n)}
    return replace(known, **blanks)
