"""For everything that reads a file: sixteen times as much is no more than forty times the work.

As in `tests/web/test_work_of_parsers.py`: two sizes of one kind in one run, and what is over is
measured again before it is believed. A parser that goes back over the rest takes 256 times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from catchments.core.errors import FileRefused
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.formats import feature_fields
from catchments.readers.formats.feature_fields import FieldNames
from catchments.readers.formats.tables import Columns, open_table
from catchments.readers.formats.vector_files import read_layers
from catchments.readers.report import Report

TIMES, WORK = 16, 40
HARMLESS_S = 0.002
ATTEMPTS = 5
SIZE = 2_000
"""Pieces in the smaller of two files."""
BOX = "<coordinates>174,-37 175,-37 175,-38 174,-37</coordinates>"
POLYGON = f"<Polygon><outerBoundaryIs><LinearRing>{BOX}</LinearRing></outerBoundaryIs></Polygon>"

Make = Callable[[int], str]


def kml(feature: str) -> str:
    return f"<kml><Document><Placemark>{feature}</Placemark></Document></kml>"


def described(html: str) -> str:
    escaped = html.replace("&", "&amp;").replace("<", "&lt;")
    return kml(f"<name>A</name><description>{escaped}</description>{POLYGON}")


def wkt(shape: str) -> str:
    return f'name,WKT\r\nA,"{shape}"\r\n'


def nested(tag: str, count: int) -> str:
    return f"<{tag}>" * count + f"</{tag}>" * count


MAPS: dict[str, Make] = {
    "extended.kml": lambda n: kml(nested("ExtendedData", n)),
    "shapes.kml": lambda n: kml(nested("MultiGeometry", n)),
    "folders.kml": lambda n: f"<kml>{nested('Folder', n)}</kml>",
    "spaces.kml": lambda n: kml(f"<Point><coordinates>1, 2{' ' * n}3</coordinates></Point>"),
    "commas.kml": lambda n: kml(f"<Point><coordinates>{', ' * n}</coordinates></Point>"),
    "twice.json": lambda n: "{" + "".join(f'"{each}":1,' for each in range(n)) + '"0":1}',
    "begins.csv": lambda n: wkt("A" + " " * n + "!"),
    "system.csv": lambda n: wkt("SRID" + " " * n + "!"),
    "collection.csv": lambda n: wkt("GEOMETRYCOLLECTION" + " " * n + "!"),
    "collections.csv": lambda n: wkt("GEOMETRYCOLLECTION(" * n + "POINT(1 2)" + ")" * n),
    "hexadecimal.csv": lambda n: wkt("00" * n + "!"),
    **{
        f"{number} description.kml": lambda n, unit=unit: described(unit * n)  # type: ignore[misc]
        for number, unit in enumerate(
            ("<", "<a ", "<!--", "<![", "<?", "</", "</a", "&", "<script>", "<a b=", "<!DOCTYPE ")
        )
    },
}


def read_map(path: Path) -> None:
    read_boundaries([path], authority="a", licence="b", release="c", accept_gaps=True)


def taken_s(read: Callable[[Path], None], path: Path, content: str) -> float:
    path.write_text(content, newline="")
    started = time.thread_time()
    with suppress(FileRefused):
        read(path)
    return time.thread_time() - started


def assert_linear(read: Callable[[Path], None], path: Path, make: Make, size: int = SIZE) -> None:
    few, many = make(size), make(size * TIMES)
    for _ in range(ATTEMPTS):
        one = max(taken_s(read, path, few), HARMLESS_S)
        all_ = taken_s(read, path, many)
        if all_ < WORK * one:
            return
    pytest.fail(f"{path.name}: {one:.4f} s for {size:,} pieces, {all_:.4f} s for {TIMES} times")


@pytest.mark.parametrize("name", MAPS)
def test_a_map_sixteen_times_as_large_is_not_forty_times_the_work(
    tmp_path: Path, name: str
) -> None:
    assert_linear(read_map, tmp_path / name, MAPS[name])


COLUMNS = Columns({"number": ("Number",), "name": ("Name",)}, (("number",),), numbers=("number",))


def read_table(path: Path) -> None:
    with open_table(path, COLUMNS, report=Report()) as table:
        for _ in table.rows:
            pass


TABLES: dict[str, Make] = {
    "a note of spaces": lambda n: f"Number,Name\r\n1,a\r\nnotes{' ' * min(n, 9_000)}x\r\n",
    "question marks": lambda n: f"Number,Name\r\n1,{'a?' * min(n, 4_900)}!\r\n",
    "letters read wrong": lambda n: f"Number,Name\r\n1,{'Ã' * min(n, 9_900)}\r\n",
    "quotes": lambda n: "Number,Name\r\n" + '1,"""' * n,
}


@pytest.mark.parametrize("what", TABLES)
def test_a_table_sixteen_times_as_large_is_not_forty_times_the_work(
    tmp_path: Path, what: str
) -> None:
    assert_linear(read_table, tmp_path / "a.csv", TABLES[what], size=300)


def test_spaces_in_what_may_be_a_total_are_not_shared_out_in_every_way(tmp_path: Path) -> None:
    total: Make = lambda n: f"Number,Name\r\n1,a\r\ntotal{' ' * n}x\r\n"  # noqa: E731
    assert_linear(read_table, tmp_path / "a.csv", total, size=4)


def test_a_description_that_is_no_html_is_read_as_text_whatever_it_begins() -> None:
    for html in ("<![<", "<![CDATA[", "<!-", "<!DOCTYPE [", "<?php", "<a b", "</", "<!-->"):
        values = {"name": "A", "description": f"Provider: Somebody<br>{html}"}
        said = feature_fields.provider_said(values, FieldNames())
        assert said is not None, html
        assert said.name == "Somebody"


def test_a_comment_in_a_description_says_nothing() -> None:
    values = {"description": "<!-- Provider: Nobody<br> --><b>Provider: X</b>"}
    said = feature_fields.provider_said(values, FieldNames())
    assert said is not None
    assert said.name == "X"


def test_a_comma_between_spaces_in_coordinates_is_one_point(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(kml("<Point><coordinates>174.1 , -36.2 , 0\n\t175,-37</coordinates></Point>"))
    [layer] = read_layers(path, Report())
    assert str(layer.geometries[0]) == "POINT (174.1 -36.2)"
