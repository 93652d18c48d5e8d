"""Slow paths on purpose: how far each way to ask falls for whoever sends what it likes least.

Each case is set beside the ordinary one of the same way and the same boundaries, in the same run
and in turns, by processor time. Nothing may fall to a tenth. `--rows` scales all of it.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from flask.testing import FlaskClient

from catchments.bulk.columns import Chosen
from catchments.bulk.input_columns import How
from catchments.bulk.output_columns import Answering
from catchments.core.model import DirectoryRelease, Edition
from catchments.lookup.snapshot import Snapshot
from catchments.readers.demonstration import read_demonstration
from catchments.web.v1.bulk.rows import AT_MOST
from scripts.benchmark_bulk_http import RESOLVE
from scripts.benchmark_growth import tiled
from scripts.benchmarking import Floats, console, options, publish, show

FALLS_TO = 0.1
FROM = date(2026, 1, 5)
HOLES = 100
"""In each of the tiles that have any."""
TILES, MANY_TILES = 84, 8_400
ONE_BY_ONE, REQUESTS = 10, 100
"""Of the rows so many times fewer are asked one by one; and so many by requests of their own."""
PLACES, NUMBERS = How(Chosen(lng="lng", lat="lat")), How(Chosen(school_id="school_id"))
NOBODYS = 987_654_321
ORDINARY, KNOWN = "ordinary points", "numbers of schools"
LIMIT = "every row another corner of four"


@dataclass(frozen=True)
class Rows:
    """What a case asks: a column of numbers, or two of degrees, by name; any row may be refused."""

    columns: Mapping[str, Any]
    beside: str
    """The ordinary case that it is compared with; its own name for an ordinary one."""
    is_limit: bool = False
    """Whether it shows what cannot be had: each row a question of its own to GEOS."""

    @property
    def how(self) -> How:
        """How the bulk resolver finds the question."""
        return PLACES if "lng" in self.columns else NUMBERS

    def some(self, count: int) -> list[dict[str, Any]]:
        """Return the first rows as objects; the first again where there are not as many."""
        values = [np.resize(column, count).tolist() for column in self.columns.values()]
        return [dict(zip(self.columns, each, strict=True)) for each in zip(*values, strict=True)]


def main() -> None:
    """Measure and print the table."""
    logging.disable(logging.WARNING)  # a refused request writes a line
    given = options(__doc__, rows=(30_000, "rows of a case"), turns=3)
    rows: list[tuple[str, ...]] = []
    least = 1.0
    for title, edition, release, cases in worlds(given.rows):
        measured = Measured(edition, release, given.rows, given.turns)
        ratios = measured.ratios(cases)
        held = [each for name, each in ratios.items() if not cases[name].is_limit]
        least = min([least, *(ratio for each in held for ratio in each.values() if ratio)])
        rows += [(title, name, *map(_shown, each.values())) for name, each in ratios.items()]
    headings = ("Boundaries", "Rows", *WAYS)
    show(f"Against the ordinary case = 1 ({given.rows:,} rows)", headings, rows)
    verdict = "kept" if least > FALLS_TO else "MISSED"
    console.print(f"aim: none falls to {FALLS_TO:g}; the least is {least:.2f}: {verdict}")
    console.print(f"({LIMIT}, each asked of GEOS, is what cannot be had, and does not count)")


def _shown(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


# --- what is asked --------------------------------------------------------------------------------


def worlds(
    count: int,
) -> Iterator[tuple[str, Edition, DirectoryRelease, dict[str, Rows]]]:
    """Yield boundaries, and what is asked of them."""
    rng = np.random.default_rng(84)
    edition, release = read_demonstration()
    edition = replace(edition, effective_from=FROM)
    schools = np.resize(list(release.schools), count)
    around = points(rng.uniform(174.8, 177.0, count), rng.uniform(-40.0, -37.5, count))
    yield (
        "demonstration",
        edition,
        release,
        {
            ORDINARY: around,
            "one point, again and again": points(np.full(count, 175.3), np.full(count, -38.2)),
            "one point on an edge": points(*(np.full(count, x) for x in vertex(edition, of=2))),
            "one point on a corner of three": points(
                *(np.full(count, x) for x in vertex(edition, of=3))
            ),
            "longitude and latitude exchanged": points(
                around.columns["lat"], around.columns["lng"]
            ),
            "all beyond the earth": points(rng.uniform(400, 900, count), np.full(count, -38.0)),
            KNOWN: Rows({"school_id": schools}, KNOWN),
            "a number that nobody has": Rows({"school_id": np.full(count, NOBODYS)}, KNOWN),
            "numbers that nobody has": Rows({"school_id": NOBODYS - np.arange(count)}, KNOWN),
        },
    )
    lng, lat = rng.uniform(167, 178, count), rng.uniform(-46.5, -35, count)
    edition, release = tiled(TILES)
    yield (
        "84 tiles with 100 holes each",
        pierced(edition),
        release,
        {
            ORDINARY: points(lng, lat),
            "beside the holes": points(*beside_holes(edition, rng, count)),
        },
    )
    edition, release = tiled(MANY_TILES)
    middles = shapely.get_coordinates(shapely.centroid(list(edition.boundaries.values())))
    order = rng.permutation(len(middles))
    each_its_own = np.resize(middles[order], (count, 2))
    corners = np.array([shapely.get_coordinates(each)[0] for each in edition.boundaries.values()])
    yield (
        "8,400 tiles",
        edition,
        release,
        {
            ORDINARY: points(lng, lat),
            "every row its own catchment": points(*each_its_own.T),
            LIMIT: replace(points(*np.resize(corners[order], (count, 2)).T), is_limit=True),
        },
    )


def points(lng: Floats, lat: Floats) -> Rows:
    """Return rows of points."""
    return Rows({"lng": np.array(lng), "lat": np.array(lat)}, ORDINARY)


def vertex(edition: Edition, *, of: int) -> tuple[float, float]:
    """Return a vertex that so many boundaries share: two on an edge, three in a corner."""
    vertices = [
        np.unique(shapely.get_coordinates(boundary), axis=0)
        for boundary in edition.boundaries.values()
    ]
    found, counts = np.unique(np.concatenate(vertices), axis=0, return_counts=True)
    lng, lat = found[counts == of][0].tolist()
    return lng, lat


def pierced(edition: Edition) -> Edition:
    """Return tiles with holes in which nobody is."""
    boundaries = {
        code: shapely.difference(tile, shapely.multipolygons(list(_holes(tile))))
        for code, tile in edition.boundaries.items()
    }
    return replace(edition, boundaries=boundaries)


def _holes(tile: Any) -> Iterator[Any]:
    west, south, east, north = shapely.bounds(tile).tolist()
    side = round(HOLES**0.5)
    for n in range(HOLES):
        x, y = ((part + 1) / (side + 2) for part in divmod(n, side))
        middle = shapely.Point(west + x * (east - west), south + y * (north - south))
        yield middle.buffer(0.01)


def beside_holes(edition: Edition, rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Return points in holes and around them, on either side of their edges."""
    holes = [hole for tile in edition.boundaries.values() for hole in _holes(tile)]
    middles = shapely.get_coordinates(shapely.centroid(holes))
    at = middles[rng.integers(0, len(middles), count)]
    angle, away = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.009, 0.011, count)
    return at[:, 0] + away * np.cos(angle), at[:, 1] + away * np.sin(angle)


# --- how it is asked ------------------------------------------------------------------------------

WAYS = ("index, one", "index, many", "resolver", "bulk HTTP", "/v1/provider")


class Measured:
    """Ways to ask of one edition, by the processor's seconds a row."""

    def __init__(self, edition: Edition, release: DirectoryRelease, rows: int, turns: int) -> None:
        self._edition, self._release = edition, release
        self._rows, self._turns = rows, turns
        self._snapshot = Snapshot.of(edition, release)
        self._answering = Answering(self._snapshot, FROM)

    def ratios(self, cases: Mapping[str, Rows]) -> dict[str, dict[str, float | None]]:
        """Return of each case how many rows a second are answered against its ordinary one."""
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'slow.sqlite'}"
            publish(url, self._release, [self._edition])
            client = _client(url)
            ways = {name: self._ways(rows, client) for name, rows in cases.items()}
            taken: dict[str, dict[str, list[float]]]
            taken = {name: {way: [] for way in each} for name, each in ways.items()}
            for turn in range(self._turns + 1):
                for name, each in ways.items():
                    for way, ask in each.items():
                        took_s = _seconds_a_row(ask)
                        taken[name][way] += [took_s] if turn else []  # the first warms up
        medians = {n: {w: statistics.median(t) for w, t in e.items()} for n, e in taken.items()}
        return {n: _against(medians[rows.beside], medians[n]) for n, rows in cases.items()}

    def _ways(self, rows: Rows, client: FlaskClient) -> dict[str, Callable[[], int]]:
        columns = {name: pa.array(column) for name, column in rows.columns.items()}
        objects = rows.some(min(AT_MOST, self._rows))
        lines = "".join(f"{json.dumps({'id': n, **row})}\n" for n, row in enumerate(objects))
        queries = [
            "&".join(f"{name}={value}" for name, value in row.items()) for row in objects[:REQUESTS]
        ]

        def resolver() -> int:
            self._answering.columns(columns, rows.how)
            return self._rows

        def bulk() -> int:
            headers = {"Content-Type": "application/x-ndjson"}
            client.post(RESOLVE, data=lines, headers=headers).get_data()
            return len(objects)

        def provider() -> int:
            for query in queries:
                client.get(f"/v1/provider?{query}").get_data()
            return len(queries)

        ways: dict[str, Callable[[], int]] = self._of_index(rows)
        return ways | {"resolver": resolver, "bulk HTTP": bulk, "/v1/provider": provider}

    def _of_index(self, rows: Rows) -> dict[str, Callable[[], int]]:
        if "lng" not in rows.columns:
            return {}
        index = self._snapshot.resolver.index
        lng, lat = rows.columns["lng"], rows.columns["lat"]
        few = len(lng) // ONE_BY_ONE
        pairs = list(zip(lng[:few].tolist(), lat[:few].tolist(), strict=True))

        def one() -> int:
            for x, y in pairs:
                index.covering(lng=x, lat=y)
            return len(pairs)

        def many() -> int:
            index.covering_many(lng=lng, lat=lat)
            return len(lng)

        return {"index, one": one, "index, many": many}


def _against(ordinary: Mapping[str, float], own: Mapping[str, float]) -> dict[str, float | None]:
    return {way: ordinary[way] / own[way] if way in own else None for way in WAYS}


def _client(url: str) -> FlaskClient:
    os.environ.update(DATABASE_URL=url, CATCHMENTS_RATE_LIMIT="0")
    from catchments.web import application

    client: FlaskClient = application.web_app().test_client()
    return client


def _seconds_a_row(ask: Callable[[], int]) -> float:
    began = time.process_time()
    rows = ask()
    return (time.process_time() - began) / rows


if __name__ == "__main__":
    main()
