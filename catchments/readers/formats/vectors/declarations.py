"""Declarations of a file of ours: its sources, all of its providers, and whether it is made up.

Other people's files may have members and tables of these names. So a thing is taken only where it
is what we write, and what is not is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from catchments.core.errors import shown
from catchments.core.model import Provider, Source, SourceKind
from catchments.core.text_folding import folded
from catchments.lookup.values import truth_of
from catchments.readers.codes import GIVEN_AT_MOST
from catchments.readers.formats.vectors.layers import NOTHING_DECLARED, Declared
from catchments.readers.formats.vectors.values import tidy_value
from catchments.readers.report import Report

T = TypeVar("T")
SOURCE_FIELDS = frozenset({"kind", "title", "authority", "licence", "release"})
"""What a table of sources has at least."""
_OF_TABLES: Mapping[str, tuple[frozenset[str], ...]] = {
    "providers": (frozenset({"provider_code", "provider_name"}), frozenset({"code", "name"})),
    "sources": (SOURCE_FIELDS,),
}
"""What a table of ours has at least, as it is written now and as it was before."""
_OF_A_PROVIDER = ("code", "name", "phone", "email", "website")
MEMBERS = ("demonstration", "edition", "sources", "providers")
SIMPLIFIED = "simplified for drawing"
_TEXTS = ("title", "authority", "licence", "release")
DECLARED_AT_MOST = 10_000
"""Sources, and providers, of one file."""
_LONGEST = 2_000
_NAMED = 50
"""Members of a JSON file that are reported by name."""
_RUNS = re.compile(r"\s*+(?:javascript|vbscript|data|blob|file)\s*+:", re.IGNORECASE)
"""How an address begins that somebody's program might run or open, were it a link."""
_SHA256 = re.compile("[0-9a-f]{64}")


def is_yes(text: str) -> bool:
    """Whether a text of a file says that what it stands at is made up."""
    return truth_of(folded(text).partition(" ")[0]) is True


def report_members(names: Collection[str], beside: str, report: Report) -> None:
    """Report the members of a JSON file that are not read."""
    for name in sorted(names)[:_NAMED]:
        report.leave_out(f"member {shown(name)} beside the {beside}", "it is no feature")
    report.leave_out(
        f"other members beside the {beside}", "they are no features", max(0, len(names) - _NAMED)
    )


def declared_in(content: Mapping[str, object], path: Path, report: Report) -> Declared:
    """Return what the members of a JSON file, or the texts of another's document, declare."""
    sources, providers = content.get("sources"), content.get("providers")
    if not any(member in content for member in (*MEMBERS, "lines")):
        return NOTHING_DECLARED
    return Declared(
        is_ours="edition" in content,
        sources=sources_of(_rows(sources, "sources", path, report), path, report),
        providers=providers_of(_rows(providers, "providers", path, report), path, report),
        demonstration=is_yes(tidy_value("", content.get("demonstration"))),
        simplified=folded(tidy_value("", content.get("lines"))) == SIMPLIFIED,
    )


def declared_in_texts(texts: Mapping[str, str], path: Path, report: Report) -> Declared:
    """Return what the texts of a KML document declare, whose lists are JSON."""
    content: dict[str, object] = dict(texts)
    for name in ("sources", "providers"):
        if name in texts:
            content[name] = _list_in(texts[name])
    return declared_in(content, path, report)


def is_table_of_ours(name: str, columns: Collection[str]) -> bool:
    """Whether a table of providers or of sources has what we write into it."""
    return any(fields <= set(columns) for fields in _OF_TABLES[name])


def sources_of(
    rows: Iterable[Mapping[str, object]], path: Path, report: Report
) -> tuple[Source, ...]:
    """Return the sources that rows tell of; one that is none is said."""
    found: list[Source] = []
    for where, source in _told(rows, "source", _source, path, report):
        is_plain = not _RUNS.match(source.url)
        if not is_plain:
            what = f"{shown(source.url)} is no address but runs or opens something"
            report.problem(where, what, "left out")
        found.append(source if is_plain else replace(source, url=""))
    return tuple(found)


def providers_of(
    rows: Iterable[Mapping[str, object]], path: Path, report: Report
) -> tuple[Provider, ...]:
    """Return the providers that rows tell of; one without a code and a name is said."""
    return tuple(each for _, each in _told(rows, "provider", _provider, path, report))


def _told(
    rows: Iterable[Mapping[str, object]],
    what: str,
    read: Callable[[Mapping[str, object]], T | None],
    path: Path,
    report: Report,
) -> Iterator[tuple[str, T]]:
    """Yield where each thing stands that rows tell of, and it; a row that is none is said."""
    for number, row in enumerate(rows, start=1):
        if number > DECLARED_AT_MOST:
            many = f"it declares more than {DECLARED_AT_MOST:,} {what}s"
            report.problem(path.name, many, "the others are not read")
            return
        where, found = f"{path.name}, {what} {number}", read(row)
        if found is None:
            report.problem(where, f"is no {what} as we write it", "not read")
        else:
            yield where, found


def _provider(row: Mapping[str, object]) -> Provider | None:
    # A table calls its code `provider_code`.
    texts = (row.get(f"provider_{key}", row.get(key)) for key in _OF_A_PROVIDER)
    values = list(map(tidy_value, _OF_A_PROVIDER, texts))
    is_short = len(values[0]) <= GIVEN_AT_MOST and max(map(len, values)) <= _LONGEST
    return Provider(*values) if all(values[:2]) and is_short else None


def _source(row: Mapping[str, object]) -> Source | None:
    values = {key: tidy_value(key, value) for key, value in row.items()}
    title, authority, licence, release = (values.get(key, "") for key in _TEXTS)
    kinds = {kind.value: kind for kind in SourceKind}
    if values.get("kind") not in kinds or max(map(len, values.values())) > _LONGEST:
        return None
    sha256 = values.get("sha256", "")
    return Source(
        kinds[values["kind"]],
        title,
        authority,
        licence,
        release,
        sha256=sha256 if _SHA256.fullmatch(sha256) else "",
        file_name=values.get("file_name", ""),
        url=values.get("url", ""),
        demonstration=is_yes(values.get("demonstration", "")),
    )


def _list_in(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _rows(given: object, what: str, path: Path, report: Report) -> Sequence[Mapping[str, object]]:
    if given is None or given == "":
        return ()
    if not isinstance(given, list) or len(given) > DECLARED_AT_MOST:
        report.problem(path.name, f"its {what} are not as we write them", "not read")
        return ()
    rows = [row for row in given if isinstance(row, Mapping)]
    if len(rows) < len(given):
        report.problem(path.name, f"its {what} are not all as we write them", "the others read")
    return rows
