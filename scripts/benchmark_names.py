"""The search of schools' names, against a full-text index over them, in one run.

With `--directory` a file of the Ministry's school directory, otherwise the demonstration's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from catchments.core.model import School
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.search.typed_text import TypedText
from catchments.readers.demonstration import read_demonstration
from catchments.readers.directory import read_directory
from scripts.benchmark_addresses import AT_MOST, HOSTILE, Baseline, asked, ms, percentiles
from scripts.benchmarking import console, options, show, timed


def main() -> None:
    given = options(__doc__, directory=("", "a school directory, CSV or XLSX"))
    schools = _schools(given.directory)
    gazetteer, built_s = timed(lambda: Gazetteer.of(schools))
    baseline = Baseline(Path(":memory:"))
    baseline.index(f"{school.name} {school.suburb} {school.city}" for school in schools)
    console.print(f"{len(schools):,} schools, indexed in {built_s:.2f} s")
    rows = [_row(kind, texts, gazetteer, baseline) for kind, texts in _kinds(schools).items()]
    headings = ("Texts", "p50 ms", "p99", "max", "exact", "found", "baseline p50", "found", "ratio")
    show("", headings, rows)


def _schools(directory: str) -> Sequence[School]:
    if not directory:
        return list(read_demonstration()[1].schools.values())
    release, _ = read_directory(Path(directory), released=date(2026, 1, 1))
    return list(release.schools.values())


def _kinds(schools: Sequence[School]) -> dict[str, list[str]]:
    rand = random.Random(42)
    names = [school.name for school in schools]
    return {
        "name": names,
        "name and town": [f"{school.name}, {school.city}" for school in schools],
        "pasted signature": [
            f"{s.name}, {s.address}, {s.suburb}, {s.city} {s.postcode}, New Zealand"
            for s in schools
        ],
        "being typed": [name[: rand.randint(2, len(name))] for name in names],
        "with a slip": [_slip(rand, name) for name in names],
        "town": [school.city or "Auckland" for school in schools],
        "nothing found": [f"Qxzjv {at} Zzyqx" for at, _ in enumerate(schools)],
        "hostile": list(HOSTILE) * 5,
    }


def _slip(rand: random.Random, name: str) -> str:
    at = rand.randrange(1, max(2, len(name)))
    return name[:at] + rand.choice("aeiouhrt") + name[at + rand.randint(0, 1) :]


def _row(
    kind: str, texts: Sequence[str], gazetteer: Gazetteer, baseline: Baseline
) -> tuple[str, ...]:
    def ours(text: str) -> Sequence[object]:
        return gazetteer.candidates(TypedText.of(text), at_most=AT_MOST)

    took, found = asked(ours, texts)
    theirs, known = asked(baseline.candidates, texts)
    exact = sum(bool(gazetteer.exact(TypedText.of(text)).named) for text in texts)
    mine, other = percentiles(took), percentiles(theirs)
    shares = [f"{count / len(texts):.1%}" for count in (exact, found, known)]
    ratio = f"{other[0] / mine[0]:,.1f} ×"
    return (kind, *map(ms, mine), *shares[:2], ms(other[0]), shares[2], ratio)


if __name__ == "__main__":
    main()
