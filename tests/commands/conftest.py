"""A command line on a database of its own, and files as the Ministry and Google write them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from catchments.commands import console, directory, editions
from catchments.commands.jobs import publishing_setup
from catchments.store import Store
from tests.worlds import TODAY, begin_with_the_schema, running_application, store_of

Run = Callable[..., Result]
SQUARE_NAMES = {
    "Ahi": (174.0, -39.0, 175.0, -38.0),
    "Kōwhai": (175.0, -39.0, 176.0, -38.0),
    "Rēkohu": (-177.0, -44.5, -176.0, -43.5),
}
DIRECTORY_HEADINGS = ("School_Id", "Org_Name", "Status", "Latitude", "Longitude", "Add1_City")
SCHOOLS: tuple[tuple[Any, ...], ...] = (
    (54, "Kura o Ahi", "Open", -38.5, 174.5, "Ahitown"),
    (55, "St Joseph's School", "Open", -38.5, 175.5, "Kōwhai"),
    (56, "St Joseph's School", "Open", -38.7, 175.7, "Bridge"),
    (498, "Te Aho o Te Kura Pounamu", "Open", "", "", "Wellington"),
    (3553, "Te One School", "Open", -44.0, -176.5, "Te One"),
)
LICENCE = "--licence=CC BY 4.0"


@pytest.fixture(autouse=True)
def _fixed_today_and_quick_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands believe that it is 3 March 2026, and draw maps without the coastline, quickly.

    Maps for print take nine tenths of the time of a publication; `tests/maps` looks at them.
    """
    monkeypatch.setattr("catchments.readers.land.coastline", lambda: None)
    monkeypatch.setattr("catchments.readers.land.coastline_digest", lambda: b"none")
    stand_in = SimpleNamespace(map_pdf=lambda _: b"a PDF", map_png=lambda _: b"a PNG")
    monkeypatch.setitem(sys.modules, "maps.printing", stand_in)
    picture = SimpleNamespace(picture_png=lambda _: b"a PNG")
    monkeypatch.setitem(sys.modules, "maps.picture", picture)
    for module in (console, directory, editions, publishing_setup):
        monkeypatch.setattr(module, "today_in_new_zealand", lambda: TODAY)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with running_application(tmp_path / "commands.sqlite", commands=True) as made:
        yield made


@pytest.fixture
def store(app: Flask) -> Store:
    found = store_of(app)
    begin_with_the_schema(found.url)
    return found


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command by its words; its outcome must be as foreseen: no traceback, ever."""
    runner = app.test_cli_runner()

    def ran(*words: object, ok: bool = True) -> Result:
        with app.app_context():  # as the program `flask` does it
            result = runner.invoke(args=[str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code == 0) == ok, result.output
        assert "\x1b" not in result.output
        assert "Traceback" not in result.output
        return result

    return ran


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    folder = tmp_path / "files"
    folder.mkdir()

    def written(name: str, content: str | bytes) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV as spreadsheets write it."""
    out = io.StringIO()
    csv.writer(out).writerows([headings, *rows])
    return out.getvalue()


def directory_csv(rows: Sequence[Sequence[Any]] = SCHOOLS) -> str:
    return table(DIRECTORY_HEADINGS, rows)


def my_maps_kml(
    squares: Mapping[str, tuple[float, float, float, float]] = SQUARE_NAMES,
    provider: Callable[[str], str] = lambda _: "",
) -> str:
    """KML as Google My Maps exports it: a folder a layer, styles, pins among the areas, heights."""
    placemarks = "".join(_placemark(name, box, provider(name)) for name, box in squares.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Attendance services</name>'
        '<Style id="poly-1"><LineStyle><color>ff000000</color></LineStyle></Style>'
        f"<Folder><name>Waikato</name>{placemarks}</Folder>"
        "<Folder><name>Offices</name><Placemark><name>Ministry</name>"
        "<Point><coordinates>174.8,-41.3,0</coordinates></Point></Placemark></Folder>"
        "</Document></kml>"
    )


def _placemark(name: str, box: tuple[float, float, float, float], provider: str) -> str:
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = "\n".join(f"{x},{y},0" for x, y in corners)
    data = f'<Data name="Provider"><value>{escape(provider)}</value></Data>' if provider else ""
    return (
        f"<Placemark><name>{escape(name)}</name><styleUrl>#poly-1</styleUrl>"
        f"<ExtendedData>{data}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
        f"<tessellate>1</tessellate><coordinates>{ring}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark>"
    )


PROVIDERS = table(
    ("Catchment", "Provider", "Phone", "Email"),
    (
        ("Ahi", "Ahi Trust", "0800 000 000", "kia@ahi.example"),
        ("Kowhai", "Ngā Rākau", "0800 000 001", ""),
        ("Rēkohu", "Rēkohu Trust", "", ""),
    ),
)
LISTINGS = table(
    ("School Number", "School Name", "Town", "Catchment"),
    (
        ("54", "Kura o Ahi", "Ahitown", "Ahi"),
        ("", "St Josephs School", "Kowhai", "KŌWHAI"),
        ("498", "Te Aho o Te Kura Pounamu", "Wellington", "none"),
        ("", "Nobody's School", "Nowhere", "Ahi"),
    ),
)


@pytest.fixture
def real_draft(run: Run, write: Callable[[str, str], Path]) -> None:
    """A school directory kept, and everything for a first real edition in draft 1."""
    run("schools", "import", write("schooldirectory-2026-02-01.csv", directory_csv()), "--commit")
    run("catchments", "import", write("catchments.kml", my_maps_kml()), LICENCE, "--commit")
    run("providers", "import", write("providers.csv", PROVIDERS), LICENCE, "--commit")
    run("listings", "import", write("listings.csv", LISTINGS), LICENCE, "--commit")
