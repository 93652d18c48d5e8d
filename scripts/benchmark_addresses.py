"""The address book at the country's size, against a full-text index over every address, in one run.

The rows have the shape of LINZ NZ Addresses, layer 105689; their words are made up.
"""

from __future__ import annotations

import csv
import random
import re
import sqlite3
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from catchments.core.text_folding import folded
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.typed_text import TypedText
from scripts.benchmarking import console, options, run, show, timed
from tests.address_files import OLDER

ROWS = 2_400_000
ADDRESSES_A_ROAD = 20
SAMPLES = 1_000
BASELINE_WITHIN_S = 20.0
"""How long the baseline is asked one kind of text unless told: some of its answers take seconds."""
AT_MOST = 10
_COMMON = (
    "High Queen King Victoria George William Elizabeth Albert Edward Station Main Beach Bay Hill "
    "Church School Park River Lake Forest Mill Bridge North South East West Valley View Ridge "
    "Creek Harbour Ocean Rata Rimu Totara Kauri Kowhai Puriri Matai Manuka Miro Tui Kea Huia Weka "
    "Pine Oak Elm Ash Cedar Birch Willow Rose Fern Hall Green Domain Racecourse Cemetery"
)
_CONSONANTS, _VOWELS = "h k m n ng p r t w wh", "a e i o u a e i o u ā ē ī ō ū"
_STARTS = "b br c cl d dr f g gl h j k l m n p r s sh st t th tr w"
_MIDDLES, _JOINTS = "a e i o u ai ar ea el en er il in or ow un", "d l ll m n nd r s t v"
_ENDS = "ton ham ford wood ley field brook worth by dale more ville mont ridge den"
COMMON = _COMMON.split()
TYPES = {
    "Road": 30, "Street": 26, "Place": 12, "Avenue": 8, "Drive": 8, "Lane": 6, "Crescent": 5,
    "Way": 2, "Terrace": 2, "Close": 1, "Court": 1, "Grove": 1, "Parade": 1,
}  # fmt: skip
HOSTILE = (
    "{{7*191}}", "</script>", "' OR 1=1 --", '"" OR name : *', "NEAR(a b, 5) AND NOT *",
    "a\u0301" * 5_000, "\u202egnp\u202c 12", "x" * 10_000_000, "12 \0 high", "🏫" * 200, "a " * 500,
)  # fmt: skip
MACRONS = str.maketrans("āēīōūĀĒĪŌŪ", "aeiouAEIOU")


def main() -> None:
    given = options(
        __doc__,
        rows=ROWS,
        baseline_s=(BASELINE_WITHIN_S, "of the baseline, a kind; 0 leaves it out"),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, book_path = folder / "nz-addresses.csv", folder / "addresses.sqlite"
        samples, took_s = timed(lambda: write_addresses(path, given.rows))
        size_mb = path.stat().st_size / 1e6
        console.print(f"{given.rows:,} rows made up in {took_s:.0f} s: a CSV of {size_mb:,.0f} MB")
        bench_import(path, book_path, given.rows)
        baseline = Baseline(folder / "baseline.sqlite") if given.baseline_s else None
        if baseline:
            _, took_s = timed(lambda: baseline.build(path))
            console.print(f"baseline: full-text index over all addresses, built in {took_s:.0f} s")
            console.print(f"{len(baseline.path.read_bytes()) / 1e6:,.0f} MB read once")
        # From memory, as on a machine that has run.
        console.print(f"{book_path.name}: {len(book_path.read_bytes()) / 1e6:,.0f} MB read once")
        bench_lookups(AddressBook(book_path), baseline, samples, given.baseline_s)


# --- rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Suburb:
    name: str
    town: str
    district: str
    lng: float
    lat: float


@dataclass(frozen=True, slots=True)
class Road:
    name: str
    type: str
    suburb: Suburb


class Words:
    """Names that sound like the country's, none of them a real one on purpose."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def name(self) -> str:
        return (self._of_syllables if self.random.random() < 0.4 else self._of_stems)().capitalize()

    def _of_syllables(self) -> str:
        count = self.random.randint(2, 4)
        return "".join(self._one(_CONSONANTS) + self._one(_VOWELS) for _ in range(count))

    def _of_stems(self) -> str:
        inner = self._one(_JOINTS) + self._one(_MIDDLES) if self.random.random() < 0.5 else ""
        return self._one(_STARTS) + self._one(_MIDDLES) + inner + self._one(_ENDS)

    def _one(self, of: str) -> str:
        return self.random.choice(of.split())

    def suburbs(self, count: int) -> list[Suburb]:
        rand = self.random
        towns = [(self.name(), rand.uniform(167, 178), rand.uniform(-46, -35)) for _ in range(650)]
        districts = [f"{self.name()} District" for _ in range(67)]
        weights = [1 / (rank + 3) for rank in range(len(towns))]
        made = []
        for town, lng, lat in rand.choices(towns, weights, k=count):
            own = town if rand.random() < 0.75 else ""
            district = districts[int((lat + 46) * 6) % len(districts)]
            at = (lng + rand.gauss(0, 0.05), lat + rand.gauss(0, 0.05))
            made.append(Suburb(self.name(), own, district, *at))
        return made

    def roads(self, count: int, suburbs: Sequence[Suburb]) -> list[Road]:
        rand = self.random
        weights = [1 / (rank + 40) for rank in range(len(suburbs))]
        types = rand.choices(list(TYPES), list(TYPES.values()), k=count)
        return [
            Road(*self._road_name(type_), suburb)
            for type_, suburb in zip(types, rand.choices(suburbs, weights, k=count), strict=True)
        ]

    def _road_name(self, type_: str) -> tuple[str, str]:
        kind = self.random.random()
        if kind < 0.01:
            return "State Highway", str(self.random.randint(1, 99))
        if kind < 0.35:
            return COMMON[int(self.random.random() ** 2 * len(COMMON))], type_
        return f"{self.name()} {self.name()}" if kind < 0.42 else self.name(), type_


def write_addresses(path: Path, rows: int) -> list[str]:
    """Write the CSV; return the full addresses of some rows that are current."""
    words = Words(84)
    roads = words.roads(
        max(1, rows // ADDRESSES_A_ROAD), words.suburbs(min(4_500, rows // 100 + 1))
    )
    weights = list(accumulate(words.random.lognormvariate(0, 1) for _ in roads))
    last = [0] * len(roads)
    samples: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(OLDER)
        for id_ in range(1, rows + 1):
            at = min(bisect_left(weights, words.random.random() * weights[-1]), len(roads) - 1)
            last[at] += words.random.choice((0, 1, 2))
            row = row_of(words.random, id_, roads[at], last[at] + 1)
            out.writerow(row)
            if len(samples) < SAMPLES and id_ % 7 == 0 and row[25] == "Current":
                samples.append(str(row[6]))
    return samples


def row_of(rand: random.Random, id_: int, road: Road, number: int) -> list[object]:
    suffix = rand.choice("ABC") if rand.random() < 0.1 else ""
    unit = str(rand.randint(1, 12)) if rand.random() < 0.25 else ""
    high = number + 4 if rand.random() < 0.02 else ""
    whole = f"{unit}/" * bool(unit) + f"{number}{suffix}" + f"-{high}" * bool(high)
    name, where = f"{road.name} {road.type}", road.suburb
    full = ", ".join(filter(None, [f"{whole} {name}", where.name, where.town]))
    lng, lat = where.lng + number * 1e-5, where.lat + rand.uniform(0, 1e-3)
    x, y = f"{lng:.8f}", f"{lat:.8f}"
    life = "Current" if rand.random() < 0.99 else "Retired"
    plain = [text.translate(MACRONS) for text in (road.name, where.name, where.town, name, full)]
    return [
        f"POINT ({x} {y})", id_, "AIMS", 1, whole, name, full, where.district,
        "Unit" if unit else "", unit, "", "", "", number, suffix, high, "", road.name, road.type,
        "", "", "", where.name, where.town, "Thoroughfare", life, x, y, plain[0], "", "",
        *plain[1:], x, y,
    ]  # fmt: skip


# --- import ---------------------------------------------------------------------------------------


def bench_import(path: Path, book: Path, rows: int) -> None:
    """Import through the command, in a process of its own, and watch its memory."""
    words = ["flask", "addresses", "import", path, "--release", "2026-09-01", "--commit"]
    database = f"sqlite:///{book.with_name('catchments.sqlite')}"
    ran = run("-m", *words, DATABASE_URL=database, CATCHMENTS_ADDRESSES=str(book))
    console.print(
        f"import: {ran.wall_s:.0f} s, {rows / ran.wall_s:,.0f} rows/s, {ran.peak_mb:.0f} MB at its "
        f"peak; a book of {book.stat().st_size / 1e6:.0f} MB"
    )


# --- lookups --------------------------------------------------------------------------------------


class Baseline:
    """The plain way: one full-text index with every address in it, asked for the best ten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path)

    def build(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self.index(row["full_address"] for row in csv.DictReader(file))

    def index(self, texts: Iterable[str]) -> None:
        self.connection.execute("PRAGMA journal_mode = OFF")
        self.connection.execute(
            "CREATE VIRTUAL TABLE address USING fts5 (words, prefix='2 3', tokenize='ascii')"
        )
        with self.connection:
            rows = ((folded(text),) for text in texts)
            self.connection.executemany("INSERT INTO address VALUES (?)", rows)

    def candidates(self, text: str) -> list[str]:
        words = folded(text[:200]).split()[:12]
        if not words:
            return []
        query = " ".join(f'"{word}"' for word in words) + " *"
        found = self.connection.execute(
            "SELECT words FROM address WHERE address MATCH ? ORDER BY rank LIMIT ?",
            (query, AT_MOST),
        )
        return [words for (words,) in found]


def bench_lookups(
    book: AddressBook, baseline: Baseline | None, samples: Sequence[str], baseline_s: float
) -> None:
    rand = random.Random(42)
    kinds: dict[str, list[str]] = {
        "exact": list(samples),
        "without town": [sample.split(",")[0] for sample in samples],
        "being typed": [sample[: rand.randint(4, len(sample))] for sample in samples],
        "with a slip": [slipped(rand, sample) for sample in samples],
        "road only": [re.sub(r"^\S+ ", "", sample) for sample in samples],
        "suburb or town": [sample.split(", ")[-1] for sample in samples],
        "nothing found": [f"{n} Qxzjv Street, Zzyqx" for n in range(SAMPLES)],
        "known words, nothing found": list(mixed(rand, samples)),
        "worst words": ["street", "road 1", "st st st st", "road", "1 street", "s", "12 s", "the"]
        * 20,
        "hostile": list(HOSTILE) * 5,
    }
    _, first_s = timed(
        lambda: book.candidates(TypedText.of("12 Hihg Stret, Nowehre"), at_most=AT_MOST)
    )
    console.print(f"the very first lookup, with a slip: {ms(first_s)} ms")
    headings = ("Texts", "p50 ms", "p99", "max", "found", "baseline p50", "p99", "found", "ratio")
    rows = []
    for kind, texts in kinds.items():
        took, found = asked(
            lambda text: book.candidates(TypedText.of(text), at_most=AT_MOST), texts
        )
        mine = percentiles(took)
        row = [kind, *map(ms, mine), f"{found / len(took):.1%}"]
        if baseline:
            theirs, known = asked(baseline.candidates, texts, within_s=baseline_s)
            other = percentiles(theirs)
            row += [ms(other[0]), ms(other[1]), f"{known / len(theirs):.1%}"]
            row.append(f"{other[0] / mine[0]:,.1f} ×")
        rows.append(row)
    show("Addresses", headings, rows)


def asked(
    ask: Callable[[str], Sequence[object]], texts: Sequence[str], *, within_s: float = 600.0
) -> tuple[list[float], int]:
    """Return how long each text took, in seconds, and how many found something."""
    took, found, until = [], 0, time.perf_counter() + within_s
    for text in texts:
        answer, took_s = timed(lambda text=text: ask(text))  # type: ignore[misc]
        took.append(took_s)
        found += bool(answer)
        if time.perf_counter() > until:
            break
    return took, found


def slipped(rand: random.Random, text: str) -> str:
    """Return a text with a letter of its road's name exchanged, left out, doubled or moved."""
    words = text.split(" ")
    if len(words[1]) < 5:
        return text
    at, word = rand.randint(1, len(words[1]) - 2), words[1]
    ways = (
        word[:at] + rand.choice("aeioutrs") + word[at + 1 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    return " ".join([words[0], rand.choice(ways), *words[2:]])


def mixed(rand: random.Random, samples: Sequence[str]) -> Iterator[str]:
    """Yield texts of a road in one place with the suburb and town of another."""
    for sample in samples:
        yield ",".join([sample.split(",")[0], *rand.choice(samples).split(",")[1:]])


def percentiles(took: Sequence[float]) -> tuple[float, float, float]:
    cuts = statistics.quantiles([*took, *took], n=100, method="inclusive")
    return statistics.median(took), cuts[98], max(took)


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f}"


if __name__ == "__main__":
    main()
