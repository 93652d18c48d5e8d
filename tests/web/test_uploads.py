"""Files of areas and boundaries, read outside the web process; broken and hostile ones too."""

from __future__ import annotations

import base64
import io
import json
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from shapely.geometry import mapping
from werkzeug.test import TestResponse

from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.commands.jobs import reading
from catchments.core.roles import Role
from catchments.core.settings import ROOT, UNFENCED_FILES
from catchments.geometry import outlines
from catchments.lookup.snapshot import Snapshot
from catchments.readers.fenced_programs import ONE_THREAD
from catchments.readers.reading_job import Read, Sought, Wish, encoded
from catchments.runtime import ended_programs, subprocess_job
from catchments.runtime.fence.plans import Fence
from catchments.store import schema
from catchments.store.accounts.people import People
from catchments.store.drafts import uploads as kept_areas
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.drafts.uploads import Upload, Uploads
from catchments.web.common.services import EXTENSION
from catchments.web.staff.forms import uploads
from maps.exports.export_input import ExportInput
from maps.exports.geoparquet import catchments_geoparquet
from tests import hostile_parquet
from tests.hostile_outlines import OUTLINES
from tests.staff import add_person, asks_twice, csrf_token, post, signed_in, words
from tests.worlds import (
    HOSTILE,
    KOWHAI,
    SQUARES,
    running_application,
    small_edition,
    small_release,
    store_of,
)

pytestmark = pytest.mark.usefixtures("unfenced")

AREA = shapely.box(174.3, -38.7, 175.0, -38.3)


def desk(app: Flask) -> DraftRepository:
    return DraftRepository(store_of(app))


def uploaded(
    app: Flask, client: FlaskClient, kind: str, content: bytes, name: str, **fields: Any
) -> TestResponse:
    given = {"version": str(desk(app).draft(1).version), **fields}
    form = {"file": (io.BytesIO(content), name), "csrf_token": csrf_token(client), **given}
    return client.post(f"/staff/drafts/1/change/{kind}", data=form)


def confirmed(app: Flask, client: FlaskClient, looked_over: TestResponse) -> TestResponse:
    """Add what the page of a file that was looked over offers to add."""
    assert looked_over.status_code == 200, words(looked_over)
    page = looked_over.get_data(as_text=True)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    action = re.search(r'<form method="post" action="(/staff/drafts[^"]+)"', page)
    assert action
    fields: dict[str, Any] = {name: unescape(value) for name, value in hidden}
    fields["confirmed"] = "yes"
    fields["sure"] = asks_twice(looked_over)
    return client.post(action[1], data={**fields, "csrf_token": csrf_token(client)})


def geojson(*geometries: Any, **properties: str) -> bytes:
    features = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(each)}
        for each in geometries
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def all_squares() -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"Square {code}"},
            "geometry": shapely.geometry.mapping(shapely.box(*corners)),
        }
        for code, corners in SQUARES.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def kml(area: Any) -> bytes:
    ring = " ".join(f"{x},{y}" for x, y in area.exterior.coords)
    return (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></Document></kml>"
    ).encode()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def written(area: Any, suffix: str, folder: Path) -> bytes:
    """A file of a format that GDAL writes."""
    import pyogrio.raw  # the tests may

    path = folder / f"area.{suffix}"
    pyogrio.raw.write(
        path, shapely.to_wkb([area]), [], [], geometry_type="Polygon", crs="EPSG:4326"
    )
    if suffix == "gpkg":
        return path.read_bytes()
    parts = {f"area__{each.suffix[1:]}": each.read_bytes() for each in folder.glob("area.*")}
    return zipped(**parts)


# --- an area --------------------------------------------------------------------------------------


def test_the_area_of_a_file_is_looked_over_without_choosing_it_again(
    app: Flask, hana: FlaskClient
) -> None:
    preview = uploaded(app, hana, "transfer-area", geojson(AREA), "peninsula.geojson", to=KOWHAI)
    assert preview.status_code == 200, words(preview)
    assert "The area (peninsula.geojson) goes to Kōwhai (KOW-2)" in words(preview)
    assert "54 Kura o Ahi" in words(preview)
    sent = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview.text)
    fields = {name: unescape(value) for name, value in sent if name != "csrf_token"}
    response = post(hana, "/staff/drafts/1/change/transfer-area", **fields, confirmed="yes")
    assert response.status_code == 303, words(response)
    (change,) = desk(app).draft(1).changes
    assert isinstance(change, TransferArea)
    assert change.area.equals(AREA)
    assert (change.label, change.schools) == ("peninsula.geojson", (54,))


@pytest.mark.in_a_fence
@pytest.mark.parametrize(
    "suffix",
    [
        "kml",
        "gpkg",
        "parquet",
        *(pytest.param(n, marks=pytest.mark.thorough) for n in ("geojson", "kmz", "zip", "csv")),
    ],
)
def test_every_format_is_read_outside_the_web_process(suffix: str, tmp_path: Path) -> None:
    content = {
        "geojson": lambda: geojson(AREA),
        "kml": lambda: kml(AREA),
        "kmz": lambda: zipped(doc__kml=kml(AREA)),
        "gpkg": lambda: written(AREA, "gpkg", tmp_path),
        "parquet": lambda: hostile_parquet.written({"name": ["a"]}, shapes=[AREA.wkb]),
        "zip": lambda: written(AREA, "shp", tmp_path),
        "csv": f'WKT,name\n"{AREA.wkt}",a\n'.encode,
    }[suffix]()
    path = tmp_path / f"upload.{suffix}"
    path.write_bytes(content)
    read = uploads._read_elsewhere(Wish([str(path)]), str(tmp_path))
    assert read
    assert read.refused == ""
    assert shapely.from_wkb(read.area).symmetric_difference(AREA).area < 1e-9


def test_several_polygons_of_a_file_are_one_area(tmp_path: Path) -> None:
    path = tmp_path / "two.geojson"
    path.write_bytes(geojson(shapely.box(174, -39, 175, -38), shapely.box(175, -39, 176, -38)))
    read = uploads._read_elsewhere(Wish([str(path)]), str(tmp_path))
    assert read
    assert shapely.from_wkb(read.area).equals(shapely.box(174, -39, 176, -38))


BAD_FILES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "a.geojson", "is not GeoJSON, or it is damaged"),
    "text": (b"hello", "a.kml", "is not KML, or it is damaged"),
    "a web page": (b"<!doctype html><p>Sign in", "a.kml", "is a web page"),
    "no format": (b"x", "a.exe", "is in no format that is read here"),
    "no name": (b"x", "....", "is in no format that is read here"),
    "a path for a name": (b"x", "../../etc/passwd", "“passwd” is in no format"),
    "entities": (
        b'<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>',
        "a.kml",
        "declares a document type or entities",
    ),
    "points": (geojson(shapely.Point(174.5, -38.5)), "a.geojson", "holds no polygon"),
    "elsewhere": (geojson(shapely.box(10, 50, 11, 51)), "a.geojson", "outside New Zealand"),
    "deep": (b"[" * 100_000, "a.geojson", "is not GeoJSON, or it is damaged"),
    "no zip": (b"PK\x03\x04 broken", "a.zip", "“a.zip”"),
    "a zip that climbs": (zipped(**{"../../evil__shp": b"x"}), "a.zip", "“a.zip”"),
}


SHOWN_EACH_TIME = {"text", "points", "a path for a name"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in SHOWN_EACH_TIME else pytest.mark.thorough)
        for case in BAD_FILES
    ],
)
def test_a_bad_file_ends_in_one_clear_message(app: Flask, hana: FlaskClient, case: str) -> None:
    content, name, said = BAD_FILES[case]
    response = uploaded(app, hana, "transfer-area", content, name, to=KOWHAI)
    assert response.status_code == 400, words(response)
    assert said in words(response)
    assert "--" not in words(response), "no option of the command line is spoken of"
    assert desk(app).steps(1) == []


def test_a_hostile_file_name_is_text(app: Flask, hana: FlaskClient) -> None:
    name = f"{HOSTILE}.geojson".replace("/", "")
    response = uploaded(app, hana, "transfer-area", geojson(AREA), name, to=KOWHAI)
    assert response.status_code == 200, words(response)
    assert "<img src=x" not in response.text


@pytest.mark.in_a_fence
def test_a_database_with_a_virtual_table_is_refused(
    app: Flask, hana: FlaskClient, tmp_path: Path
) -> None:
    path = tmp_path / "evil.gpkg"
    path.write_bytes(written(AREA, "gpkg", tmp_path))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, "
            "'CREATE VIRTUAL TABLE v USING VirtualOGR(''/etc/passwd'')')"
        )
    database.close()
    response = uploaded(app, hana, "transfer-area", path.read_bytes(), "evil.gpkg", to=KOWHAI)
    assert response.status_code == 400
    assert desk(app).steps(1) == []


@pytest.mark.thorough
def test_an_area_of_more_than_a_million_vertices_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    turn = np.linspace(0, 2 * np.pi, 1_000_001)
    ring = shapely.polygons(np.column_stack([174.5 + np.cos(turn) / 3, np.sin(turn) / 3 - 38.5]))
    path.write_text(f'WKT,name\n"{shapely.to_wkt(ring, rounding_precision=9)}",a\n')
    read = uploads._read_elsewhere(Wish([str(path)]), str(tmp_path))
    assert read
    assert "has 1,000,001 vertices." in read.refused


@pytest.mark.in_a_fence
def test_a_reader_that_hangs_is_stopped(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: Any, within_s: float, **__: Any) -> None:
        raise ended_programs.NotEnded(f"stopped after {within_s:g} seconds")

    monkeypatch.setattr(ended_programs, "run", too_long)
    response = uploaded(app, hana, "transfer-area", geojson(AREA), "a.geojson", to=KOWHAI)
    assert response.status_code == 400
    assert "The file cannot be read" in words(response)


def test_a_reader_is_given_its_files_and_nothing_of_the_service_s_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def run(_module: str, **how: Any) -> bytes:
        seen.update(how)
        return encoded(Read())

    monkeypatch.setattr(subprocess_job, "run", run)
    monkeypatch.setenv("CATCHMENTS_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(UNFENCED_FILES, "0")
    uploads._read_elsewhere(Wish(["/a/file.zip"]), str(tmp_path))
    (scratch,) = seen["fence"].writes
    assert seen["fence"] == Fence(("/a/file.zip",), (scratch,), programs=True)
    assert Path(scratch).parent == tmp_path
    assert seen["environment"].keys() - {"LANG"} == {"TMPDIR", UNFENCED_FILES, *ONE_THREAD}
    assert seen["at_most"] == uploads.LARGEST_KEPT


@pytest.mark.in_a_fence
def test_a_reader_that_crashes_is_no_crash(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "READER", "catchments.no_such_module")
    response = uploaded(app, hana, "transfer-area", geojson(AREA), "a.geojson", to=KOWHAI)
    assert response.status_code == 400
    assert "The file cannot be read" in words(response)


def test_the_reader_has_a_limit_to_its_memory() -> None:
    program = (
        "import io, sys\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'\\x80'))\n"
        "from catchments.commands.jobs import reading\n"
        "try:\n    reading.main()\nexcept Exception:\n    pass\n"
        "try:\n    bytearray(4 << 30)\nexcept MemoryError:\n    print('limited')\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, cwd=ROOT, text=True, check=False)
    assert ended.stdout == "limited\n", ended.stderr


def test_what_was_uploaded_is_deleted(
    app: Flask, hana: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    uploaded(app, hana, "transfer-area", geojson(AREA), "a.geojson", to=KOWHAI)
    uploaded(app, hana, "transfer-area", b"bad", "a.geojson", to=KOWHAI)
    assert list(tmp_path.glob("catchments-upload-*")) == []


def looked_over(app: Flask, client: FlaskClient, **fields: str) -> dict[str, str]:
    """What the form carries on once the area of a file was looked over."""
    preview = uploaded(app, client, "transfer-area", geojson(AREA), "a.geojson", to=KOWHAI)
    sent = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview.text)
    carried = {name: unescape(value) for name, value in sent if name != "csrf_token"}
    assert max(map(len, carried.values())) <= 64, "nothing but words and a digest"
    return {**carried, "confirmed": "yes", **fields}


def confirm(client: FlaskClient, draft: int = 1, **fields: str) -> TestResponse:
    return post(client, f"/staff/drafts/{draft}/change/transfer-area", **fields)


def rows_kept(app: Flask) -> int:
    with store_of(app).reading() as connection:
        table = schema.draft_upload
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


NESTED_WKB = struct.pack("<BII", 1, 7, 1) * 200_000 + struct.pack("<BII", 1, 7, 0)
"""What ends a process that has a geometry library read it."""
CARRIED = {
    "as it was once": ("packed", base64.b64encode(zlib.compress(NESTED_WKB)).decode()),
    "its bytes": ("kept", base64.b64encode(zlib.compress(NESTED_WKB)).decode()),
    "no digest": ("kept", "x"),
    "another digest": ("kept", "ab" * 32),
    "hostile": ("kept", HOSTILE),
}


@pytest.mark.parametrize("case", CARRIED)
def test_nothing_that_a_browser_carries_is_taken_for_an_area(
    app: Flask, hana: FlaskClient, case: str
) -> None:
    name, value = CARRIED[case]
    fields = {"to": KOWHAI, "packed_label": "a", "confirmed": "yes", name: value}
    response = confirm(hana, version=str(desk(app).draft(1).version), **fields)
    assert response.status_code == 400
    assert "hoose" in words(response)
    assert f'<option value="{KOWHAI}" selected>' in response.text, "what was chosen stays"
    assert desk(app).steps(1) == []


def test_an_area_that_was_looked_over_is_there_once_for_whom_and_what_it_was(
    app: Flask, hana: FlaskClient
) -> None:
    add_person(store_of(app), "mere", Role.EDITOR)
    mere = signed_in(app, "mere")
    post(hana, "/staff/drafts/new", title="Another", reason="A reason", base="1")
    fields = looked_over(app, hana)
    for client, draft in ((mere, 1), (hana, 2)):
        response = confirm(client, draft, **{**fields, "once": "ab"})
        assert "is kept for 24 hours, and for one draft. Choose the file" in words(response)
    assert rows_kept(app) == 1
    assert confirm(hana, **fields).status_code == 303
    assert confirm(hana, **fields).status_code == 303, "a double click"
    assert len(desk(app).steps(1)) == 1
    assert rows_kept(app) == 0, "the draft has it"
    version = str(desk(app).draft(1).version)
    assert confirm(hana, **{**fields, "once": "cd", "version": version}).status_code == 400


def test_another_worker_on_another_machine_knows_what_was_looked_over(
    app: Flask, hana: FlaskClient
) -> None:
    fields = looked_over(app, hana)
    settings = app.extensions[EXTENSION].settings
    with running_application(settings.database_url) as other:
        client = signed_in(other, "hana")
        assert confirm(client, **fields).status_code == 303


def test_what_was_looked_over_a_day_ago_is_asked_for_again(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = looked_over(app, hana)
    later = kept_areas.now() + kept_areas.KEPT_FOR + timedelta(seconds=1)
    monkeypatch.setattr(kept_areas, "now", lambda: later)
    assert "Choose the file again." in words(confirm(hana, **fields))
    looked_over(app, hana)
    assert rows_kept(app) == 1, "what is too old goes when something comes"


def test_of_one_person_and_draft_few_areas_are_kept(app: Flask, hana: FlaskClient) -> None:
    store = store_of(app)
    person, keeper = People(store).person("hana"), Uploads(store)
    digests = [keeper.keep(1, Upload(str(n), b"x"), by=person) for n in range(7)]
    assert rows_kept(app) == kept_areas.KEPT_AT_MOST
    assert [keeper.found(1, d, by=person) for d in digests[:2]] == [None, None]
    assert keeper.found(1, digests[6], by=person) == Upload("6", b"x")


def test_a_draft_that_is_given_up_keeps_no_file(app: Flask, hana: FlaskClient) -> None:
    looked_over(app, hana)
    person = People(store_of(app)).person("hana")
    desk(app).abandon(1, seen=ExpectedVersion(person, desk(app).draft(1).version))
    assert rows_kept(app) == 0


def test_what_the_reader_gives_back_is_checked_before_it_is_read(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had a stranger's file in its hands."""
    taken_over = Read(area=NESTED_WKB, boundaries={"A": NESTED_WKB}, catchments={})
    monkeypatch.setattr(uploads, "_read_elsewhere", lambda *_: taken_over)
    for kind, fields in (("transfer-area", {"to": KOWHAI}), ("replace-boundaries", GIVEN)):
        response = uploaded(app, hana, kind, geojson(AREA), "a.geojson", **fields)
        assert response.status_code == 400
        assert "The file cannot be read" in words(response)


def test_more_than_thirty_two_megabytes_are_refused(app: Flask, hana: FlaskClient) -> None:
    response = hana.post(
        "/staff/drafts/1/change/transfer-area",
        data=b"x" * (33 << 20),
        content_type="multipart/form-data; boundary=x",
    )
    assert response.status_code == 413
    assert desk(app).steps(1) == []


# --- replace boundaries ---------------------------------------------------------------------------

GIVEN = {"authority": "Ministry", "licence": "CC BY 4.0", "release": "2026-06-01"}


@pytest.mark.in_a_fence
def test_boundaries_are_checked_first_and_then_replaced(app: Flask, hana: FlaskClient) -> None:
    looked_over = uploaded(app, hana, "replace-boundaries", all_squares(), "new.geojson", **GIVEN)
    assert looked_over.status_code == 200, words(looked_over)
    assert "catchments: 5" in words(looked_over)
    assert "What it changes" in words(looked_over)
    assert desk(app).steps(1) == []
    response = confirmed(app, hana, looked_over)
    assert response.status_code == 303, words(response)
    (change,) = desk(app).draft(1).changes
    assert isinstance(change, ReplaceCatchments)
    assert set(change.catchments) == set(SQUARES)
    *before, source = change.sources  # its squares are those there were: so are their sources
    assert [each.title for each in before] == ["Squares (boundaries)"]
    assert (source.authority, source.licence, source.release, source.file_name) == (
        "Ministry",
        "CC BY 4.0",
        "2026-06-01",
        "new.geojson",
    )
    (comment,) = desk(app).comments(1)
    assert comment.text.startswith("Read")


@pytest.mark.in_a_fence
def test_the_geoparquet_of_an_edition_is_read_back_as_nothing_changed(
    app: Flask, hana: FlaskClient
) -> None:
    edition = small_edition()
    known = Snapshot.of(replace(edition, number=1), small_release())
    content = catchments_geoparquet(ExportInput.of(known))
    looked_over = uploaded(app, hana, "replace-boundaries", content, "boundaries.parquet", **GIVEN)
    assert looked_over.status_code == 200, words(looked_over)
    assert "shapes from the column “geometry”" in words(looked_over)
    assert "It changes nothing" in words(looked_over)


@pytest.mark.in_a_fence
@pytest.mark.parametrize("way", ["one value two thousand times", "locked columns", "cut short"])
def test_a_hostile_parquet_is_refused_in_words(app: Flask, hana: FlaskClient, way: str) -> None:
    make, said = hostile_parquet.HARMING[way]
    page = uploaded(app, hana, "replace-boundaries", make(), "b.parquet", **GIVEN)
    assert page.status_code == 400
    assert said in words(page)
    assert desk(app).steps(1) == []


def test_overlaps_are_refused_with_each_of_them_unless_accepted(
    app: Flask, hana: FlaskClient
) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": code},
            "geometry": shapely.geometry.mapping(box),
        }
        for code, box in (
            ("A", shapely.box(174, -39, 175.2, -38)),
            ("B", shapely.box(175, -39, 176, -38)),
        )
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    response = uploaded(app, hana, "replace-boundaries", content, "o.geojson", **GIVEN)
    assert response.status_code == 400
    assert "The boundaries do not tile" in words(response)
    assert "“Accept overlaps”" in words(response)
    assert "Where the boundaries do not tile" in words(response)
    assert "1. A and B overlap by" in words(response)
    assert response.text.count('<svg class="faults"') == 2  # of everything, and from nearby
    assert "no-store" in response.headers["Cache-Control"]
    more = {**GIVEN, "accept_overlaps": "yes"}
    looked_over = uploaded(app, hana, "replace-boundaries", content, "o.geojson", **more)
    assert confirmed(app, hana, looked_over).status_code == 303


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"licence": ""}, "Enter the file's licence."),
        ({"authority": ""}, "Enter who published the file."),
        ({"url": "javascript:x"}, "Enter a web address"),
        ({"name_field": "nothing"}, "has no field “nothing”"),
        ({"crs": HOSTILE}, "is no coordinate reference system"),
    ],
)
def test_a_source_that_is_not_declared_is_refused(
    app: Flask, hana: FlaskClient, more: dict[str, str], said: str
) -> None:
    fields = {**GIVEN, **more}
    response = uploaded(app, hana, "replace-boundaries", all_squares(), "n.geojson", **fields)
    assert response.status_code == 400, words(response)
    assert said in words(response)
    assert desk(app).steps(1) == []


def test_no_file_is_said(app: Flask, hana: FlaskClient) -> None:
    version = str(desk(app).draft(1).version)
    response = post(hana, "/staff/drafts/1/change/replace-boundaries", version=version, **GIVEN)
    assert response.status_code == 400
    assert "Choose a file." in words(response)


def test_a_boundary_that_goes_to_and_fro_over_itself_is_refused_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    star = OUTLINES["star"]((174.05, -38.95, 174.95, -38.05), 40)
    feature = {"type": "Feature", "properties": {"name": "Ahi"}, "geometry": mapping(star)}
    path = tmp_path / "star.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    wish = Wish([str(path)], Sought.CATCHMENTS)
    assert reading.read(wish).refused == ""
    monkeypatch.setattr(outlines, "MEETINGS_AT_MOST", 100)
    assert "goes to and fro over itself too often" in reading.read(wish).refused
