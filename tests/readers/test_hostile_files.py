"""Files made to read a file of this machine, each given to the readers: none brings it out."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pyogrio
import pytest

from catchments.core.errors import FileRefused
from catchments.core.model import Edition
from catchments.readers.addresses import AddressReading
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.formats.vector_files import read_layers
from catchments.readers.lists.files import Given
from catchments.readers.lists.providers import read_providers
from catchments.readers.report import Report
from tests.hostile_files import LEAKED, WORD, canary_in, of_areas, workbooks


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return canary_in(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def files(canary: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    return of_areas(canary, tmp_path_factory.mktemp("made"))


def layers(path: Path) -> str:
    return repr(read_layers(path, Report()))


def catchments(path: Path) -> str:
    read = read_boundaries(
        [path], authority="a", licence="b", release="c", accept_overlaps=True, accept_gaps=True
    )
    return repr(read)


def addresses(path: Path) -> str:
    reading = AddressReading(path)
    return repr([*reading.addresses(), reading.report])


def said_of(read: Callable[[Path], str], path: Path) -> str:
    """What a reader says of a file: what is in it, or why it is refused, and nothing else."""
    try:
        return read(path)
    except FileRefused as refused:
        return "\n".join([str(refused), *refused.rows, repr(refused.__cause__)])


@pytest.mark.parametrize("read", [layers, catchments, addresses])
def test_no_reader_brings_out_what_another_file_holds(
    files: dict[str, tuple[str, bytes]],
    tmp_path: Path,
    read: Callable[[Path], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    for way, (name, content) in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert WORD not in said_of(read, path), way
        path.unlink()
    captured = capfd.readouterr()
    assert WORD not in captured.out + captured.err


@pytest.mark.parametrize("way", LEAKED[:6])
def test_what_brought_it_out_or_never_ended_is_refused(
    files: dict[str, tuple[str, bytes]], tmp_path: Path, way: str
) -> None:
    name, content = files[way]
    path = tmp_path / name
    path.write_bytes(content)
    for read in (layers, catchments, addresses):
        with pytest.raises(FileRefused, match=r"evil.gpkg” (has|cannot be read)"):
            read(path)


def a_workbook(word: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    for row in (("provider", "catchment"), (word, "Ahi")):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_no_workbook_brings_out_what_another_file_holds(canary: Path, tmp_path: Path) -> None:
    def providers(path: Path) -> str:
        return repr(read_providers([path], known=Edition(), given=Given("a", "b", "c")))

    for way, name, content in workbooks(canary, a_workbook):
        path = tmp_path / name
        path.write_bytes(content)
        assert WORD not in said_of(providers, path), way


# --- KML and GDAL ---------------------------------------------------------------------------------

KML = """<?xml version="1.0" encoding="UTF-8"?>
<?x <OGRVRTDataSource/> ?><!-- <OGRVRTDataSource/> -->
<k:kml xmlns:k="http://www.opengis.net/kml/2.2" xmlns:gml="http://www.opengis.net/gml">
<k:Document><k:name>a &amp; b</k:name><k:Placemark><k:name>A</k:name><k:description>
<![CDATA[<b>Provider: "X" & Y</b>]]></k:description></k:Placemark></k:Document></k:kml>"""


def test_gdal_sees_nothing_of_kml_and_comments_and_instructions_are_no_elements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyogrio, "read_info", None)
    path = tmp_path / "a.kml"
    path.write_text(KML, encoding="utf-8")
    (layer,) = read_layers(path, Report())
    assert layer.name == "a & b"
    (values,) = layer.values
    assert values["name"] == "A"
    assert values["description"].strip() == '<b>Provider: "X" & Y</b>'
