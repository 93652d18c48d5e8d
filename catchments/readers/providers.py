"""A table of providers, and of the catchments each serves → providers, assignments, a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Provider, Source, SourceKind
from catchments.core.text_folding import folded
from catchments.readers.codes import provider_code
from catchments.readers.formats.tables import (
    LICENCE_NOT_STATED,
    Columns,
    Row,
    Table,
    first_few,
    matching_key,
    open_table,
    release_of,
)
from catchments.readers.report import Progress, Report, no_progress, sha256_of

AUTHORITY = "Ministry of Education"
MAX_NAME_CHARACTERS = 200
MAX_PHONE_CHARACTERS = 40
MAX_WEBSITE_CHARACTERS = 300
MAX_EMAIL_CHARACTERS = 254

COLUMNS = Columns(
    aliases={
        "catchment": ("Catchment code", "Catchment", "Catchment name", "Catchment area", "Area"),
        "name": ("Provider", "Provider name", "Attendance service provider", "Name"),
        "code": ("Provider code", "Code", "Provider id"),
        "phone": ("Phone", "Telephone", "Phone number", "Provider phone", "Contact number"),
        "email": ("Email", "E-mail", "Email address", "Provider email", "Contact email"),
        "website": ("Website", "URL", "Web", "Provider website", "Web site"),
    },
    required=(("name",),),
)

_PROVIDER_NAMES = frozenset(folded(name) for name in COLUMNS.aliases["name"][:-1])
_MAX_FAULTS = 10_000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EMAIL = re.compile(r"[A-Za-z0-9._+'-]+@[^\W_]([\w-]*\.)+[^\W\d_]{2,}")
_BARE_HOST = re.compile(r"[\w-]+(\.[\w-]+)+(/[^\s]*)?")
_UNSAFE_IN_URL = re.compile(r"[\s<>\"'`\\^{}|]")


@dataclass(frozen=True)
class ProviderTable:
    """What a provider table says: providers by code, and who serves which catchment.

    `assignments` maps a catchment, by code or name as the file writes it, to a provider's code.
    """

    providers: Mapping[str, Provider]
    assignments: Mapping[str, str]
    source: Source
    report: Report


def read_providers(
    path: Path,
    *,
    authority: str = AUTHORITY,
    licence: str = LICENCE_NOT_STATED,
    release: str = "",
    url: str = "",
    progress: Progress = no_progress,
) -> ProviderTable:
    """Read a provider table, CSV or XLSX; rows of one provider merge where they agree.

    Raises FileRefused for a file that is no such table, for rows with an unsafe or malformed
    value, and for rows that contradict each other; each is in the error's `rows`.
    """
    reading = _Reading()
    with open_table(path, COLUMNS, report=reading.report, progress=progress) as table:
        _refuse_unclear_columns(path, table)
        for row in table.rows:
            reading.add(row)
    reading.refuse_faults(path)
    report = reading.report
    report.count("providers", len(reading.providers))
    report.count("catchments with a provider", len(reading.assignments))
    source = Source(
        kind=SourceKind.PROVIDERS,
        title="Providers",
        authority=authority,
        licence=licence,
        release=release_of(path, release),
        sha256=sha256_of(path),
        file_name=path.name,
        url=url,
    )
    return ProviderTable(reading.providers, dict(reading.assignments), source, report)


@dataclass
class _Reading:
    """Gathers rows into providers and assignments, and the faults that refuse them all."""

    providers: dict[str, Provider] = field(default_factory=dict)
    assignments: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    _first: dict[str, str] = field(default_factory=dict)
    """Where each provider's code stood first."""
    _codes: dict[str, str] = field(default_factory=dict)
    """The code of each provider, by folded name."""
    _assigned: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By folded catchment: the provider's code, and where that stood."""

    def add(self, row: Row) -> None:
        self.report.count("rows")
        wrong, provider = _checked(row, self._codes)
        if wrong:
            self.faults += [f"{row.where}: {what}" for what in wrong]
        else:
            self._merge(row.where, provider)
            self._assign(row.where, row["catchment"], provider.code)
        if len(self.faults) > _MAX_FAULTS:
            raise _refusal("The table", self.faults)

    def refuse_faults(self, path: Path) -> None:
        if self.faults:
            raise _refusal(shown(path.name), self.faults)
        if not self.providers:
            raise FileRefused(
                f"{shown(path.name)} names no provider.", next_step="Check that it is whole."
            )

    def _merge(self, where: str, provider: Provider) -> None:
        known = self.providers.get(provider.code)
        if known is None:
            self.providers[provider.code] = provider
            self._first[provider.code] = where
            code = self._codes.setdefault(matching_key(provider.name), provider.code)
            if code != provider.code:
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

    def _assign(self, where: str, catchment: str, code: str) -> None:
        if not catchment:
            return
        known, first = self._assigned.setdefault(matching_key(catchment), (code, where))
        if known != code:
            self.faults.append(
                f"{where}: catchment {shown(catchment)} is given to {shown(code)}, "
                f"but {first} gives it to {shown(known)}"
            )
        elif first == where:
            self.assignments[catchment] = code


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
        next_step="Nothing was imported: correct these rows and try again.",
        rows=faults,
    )


def _checked(row: Row, codes: Mapping[str, str]) -> tuple[list[str], Provider]:
    """Return what is wrong with a row, and the provider that it names."""
    name = row["name"]
    website = row["website"]
    if website and _BARE_HOST.fullmatch(website):
        website = f"https://{website}"
    # A row without a code means the provider of that name, whatever code other rows gave it.
    code = row["code"] or codes.get(matching_key(name)) or provider_code(name)
    provider = Provider(code, name, row["phone"], row["email"].lower(), website)
    checks = (
        (not name, "it names no provider"),
        (len(name) > MAX_NAME_CHARACTERS, f"the name {shown(name)} is too long"),
        (not _CODE.fullmatch(code), f"the code {shown(code)} is not one"),
        (len(provider.phone) > MAX_PHONE_CHARACTERS, f"phone {shown(provider.phone)} is too long"),
        (not _is_email(provider.email), f"{shown(row['email'])} is not an e-mail address"),
        (not _is_website(website), f"{shown(website)} is not a website"),
    )
    return [what for wrong, what in checks if wrong], provider


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
    for key in ("name", "phone", "email", "website"):
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
