"""Boundary files read for an edition: who is who, what stays as it is known, what is ours."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import box

from catchments.core.errors import FileRefused
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind
from catchments.readers.boundaries.areas import MADE_UP, SIMPLIFIED
from catchments.readers.boundaries.reading import BoundaryReading, read_boundaries
from catchments.readers.formats.vectors.topojson import layers_of
from catchments.readers.report import Report
from maps.wording import MADE_UP as SAID_IN_FILES
from maps.wording import SIMPLIFIED as SIMPLIFIED_IN_FILES
from tests.hostile_files import geopackage, stored

WEST, EAST = box(174, -36, 174.1, -35.9), box(174.1, -36, 174.2, -35.9)
NORTH = box(174, -35.9, 174.2, -35.8)
PROVIDERS = {
    "P-1": Provider("P-1", "Te Pokapū", "09 1", "a@x.example", "https://x.example"),
    "P-2": Provider("P-2", "Example Trust"),
}
KNOWN = Edition(
    catchments={
        "01": Catchment("01", "Kaitāia", "Tai Tokerau", "P-1"),
        "02": Catchment("02", "Kaikohe", "Waikato", "P-2"),
    },
    boundaries={"01": WEST, "02": EAST},
    providers=PROVIDERS,
    sources=(
        Source(SourceKind.BOUNDARIES, "t", "Ministry", "CC BY 4.0", "2026", "a" * 64, "b.gpkg"),
        Source(SourceKind.PROVIDERS, "p", "Ministry", "CC BY 4.0", "2026", "b" * 64, "p.csv"),
        Source(SourceKind.LISTINGS, "l", "Ministry", "CC BY 4.0", "2026", "c" * 64, "l.csv"),
    ),
)
OF_BOUNDARIES = KNOWN.sources[:2]


def read(*paths: Path, known: Edition = KNOWN, **options: Any) -> BoundaryReading:
    given = {"authority": "Ministry", "licence": "CC BY 4.0", "release": "2026"}
    return read_boundaries(list(paths), known=known, **given, **options)


def refusal(*paths: Path, **options: Any) -> str:
    with pytest.raises(FileRefused) as refused:
        read(*paths, **options)
    return str(refused.value)


def said(report: Report) -> str:
    return "\n".join(f"{p.where}: {p.what}; {p.done}" for p in report.problems)


def feature(area: Any, **properties: Any) -> dict[str, Any]:
    geometry = None if area is None else shapely.geometry.mapping(area)
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path: Path, *features: dict[str, Any], **members: Any) -> Path:
    content = {"type": "FeatureCollection", **members, "features": list(features)}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


# --- catchments -----------------------------------------------------------------------------------


def test_what_a_file_lacks_stays_as_it_is_known(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(WEST, code="01"), feature(EAST, code="02"))
    reading = read(path)
    assert reading.catchments == KNOWN.catchments
    assert reading.providers == {}
    assert reading.kept == {"01", "02"}
    assert reading.report.problems == []


def test_what_a_file_has_speaks_even_where_it_is_empty(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature(WEST, code="01", name="Kaitāia", education_region="", provider=None),
        feature(EAST, code="02", provider="Example Trust", phone="", website=None),
    )
    reading = read(path)
    assert reading.catchments["01"] == Catchment("01", "Kaitāia", "", None)
    assert reading.catchments["02"] == KNOWN.catchments["02"]
    assert reading.providers == {"P-2": PROVIDERS["P-2"]}


def test_without_codes_catchments_are_matched_by_name(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature(WEST, name="kaitaia", provider="Te Pokapū"),
        feature(EAST, name="Kaikohe"),
        feature(NORTH, name="01"),
    )
    reading = read(path)
    codes = {code: c.name for code, c in reading.catchments.items()}
    # The name “01” makes a code that another has already.
    assert codes == {"01": "Kaitāia", "02": "Kaikohe", "01-2": "01"}
    assert reading.catchments["01"].provider_code == "P-1"
    assert "“kaitaia” is taken for “Kaitāia”; its known spelling is kept" in said(reading.report)


def test_a_known_code_with_another_name_is_renamed_and_said(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(WEST, code="01", name="Far North"))
    reading = read(path)
    assert reading.catchments["01"].name == "Far North"
    assert "“01” is “Kaitāia” until now; renamed “Far North”" in said(reading.report)


def test_a_code_that_lost_its_zeros_is_matched_where_one_fits(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(WEST, code=1), feature(EAST, code="2"))
    reading = read(path)
    assert reading.catchments == KNOWN.catchments
    assert "the code “1” is taken for “01”" in said(reading.report)
    alike = replace(KNOWN, catchments={**KNOWN.catchments, "001": Catchment("001", "Third")})
    assert "The catchment “1” has no name" in refusal(path, known=alike)


@pytest.mark.parametrize(
    ("names", "known", "said_of"),
    [
        (("Kaitāia", "Kaitaia"), KNOWN, "2 areas are called “Kaitāia”"),
        (
            ("Twin",),
            Edition(catchments={c: Catchment(c, "Twin") for c in "AB"}),
            "2 catchments are called “Twin”: A, B",
        ),
    ],
)
def test_a_name_that_repeats_is_asked_about(
    tmp_path: Path, names: tuple[str, ...], known: Edition, said_of: str
) -> None:
    paths = [
        geojson(tmp_path / f"{n}.geojson", feature(area, name=name))
        for n, (name, area) in enumerate(zip(names, (WEST, EAST), strict=False))
    ]
    message = refusal(*paths, known=known)
    assert said_of in message
    assert "column named code" in message


# --- providers ------------------------------------------------------------------------------------


def served(tmp_path: Path, *properties: dict[str, Any], **options: Any) -> BoundaryReading:
    areas = (WEST, EAST, NORTH)
    marks = [
        feature(area, code=f"0{n}", name=f"C{n}", **values)
        for n, (area, values) in enumerate(zip(areas, properties, strict=False), start=1)
    ]
    return read(geojson(tmp_path / "a.geojson", *marks), **options)


@pytest.mark.parametrize(
    "field", ["provider_code", "Provider code", "prov_code", "provider id", "PROVIDER_CODE"]
)
def test_providers_are_known_by_their_code(tmp_path: Path, field: str) -> None:
    reading = served(tmp_path, {field: "P-1", "provider": "Te Pokapū Trust"})
    assert reading.catchments["01"].provider_code == "P-1"
    assert reading.providers == {"P-1": replace(PROVIDERS["P-1"], name="Te Pokapū Trust")}
    assert "“P-1” is “Te Pokapū” until now; renamed “Te Pokapū Trust”" in said(reading.report)


def test_the_field_of_a_provider_s_code_can_be_said(tmp_path: Path) -> None:
    reading = served(tmp_path, {"contract": "P-2"}, provider_code_field="contract")
    assert reading.catchments["01"].provider_code == "P-2"
    assert reading.providers == {"P-2": PROVIDERS["P-2"]}
    with pytest.raises(FileRefused, match="has no field “other”"):
        served(tmp_path, {"contract": "P-2"}, provider_code_field="other")


def test_without_a_code_a_provider_is_known_by_its_exact_name_or_made_anew(tmp_path: Path) -> None:
    reading = served(
        tmp_path, {"provider": "Te Pokapū"}, {"provider": "te pokapu"}, {"provider": "1"}
    )
    codes = [reading.catchments[code].provider_code for code in ("01", "02", "03")]
    assert codes == ["P-1", "P-1", "P-1-2"]  # P-1 is not called “1”
    assert reading.providers["P-1"] == PROVIDERS["P-1"]
    assert "“te pokapu” is taken for “Te Pokapū”" in said(reading.report)


def test_namesakes_are_asked_about_unless_one_serves_the_catchment_already(tmp_path: Path) -> None:
    twins = {code: Provider(code, "Twin") for code in ("T-1", "T-2")}
    first = replace(KNOWN.catchments["01"], provider_code="T-2")
    known = replace(KNOWN, providers=twins, catchments={**KNOWN.catchments, "01": first})
    reading = served(tmp_path, {"provider": "Twin"}, known=known)
    assert reading.catchments["01"].provider_code == "T-2"
    with pytest.raises(FileRefused, match="Several providers are called “Twin”: T-1, T-2"):
        served(tmp_path, {}, {"provider": "Twin"}, known=known)


def test_a_new_code_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="The provider “P-9” has no name"):
        served(tmp_path, {"provider_code": "P-9"})


def test_of_two_descriptions_the_one_that_differs_from_what_was_known_is_the_change(
    tmp_path: Path,
) -> None:
    old = {"provider_code": "P-1", "phone": "09 1"}
    reading = served(tmp_path, old, {**old, "phone": "09 2"}, old)
    assert reading.providers["P-1"].phone == "09 2"
    assert "its phone is “09 1”, and “09 2” in a.geojson, layer “a”, feature 2; kept “09 2”" in (
        said(reading.report)
    )
    both = served(tmp_path, {**old, "phone": "09 3"}, {**old, "phone": "09 2"})
    assert both.providers["P-1"].phone == "09 3"
    assert "kept “09 3”" in said(both.report)


def test_a_website_that_is_none_is_said(tmp_path: Path) -> None:
    reading = served(tmp_path, {"provider": "New", "website": "ftp://x"})
    assert reading.providers["P-NEW"].website == ""
    assert "“ftp://x” is no web address; left out" in said(reading.report)


def test_a_text_that_a_shapefile_cut_off_renames_nobody(tmp_path: Path) -> None:
    long = "ā" * 200
    known = replace(
        KNOWN,
        catchments={"01": replace(KNOWN.catchments["01"], name=long)},
        boundaries={"01": WEST},
        providers={"P-1": Provider("P-1", long)},
    )
    cut = {"code": "01", "name": long[:127], "provider_code": "P-1", "provider": long[:127]}
    reading = read(geojson(tmp_path / "a.geojson", feature(WEST, **cut)), known=known)
    assert reading.catchments["01"].name == long
    assert reading.providers["P-1"].name == long
    assert said(reading.report).count("is cut off where a Shapefile has no more room") == 2


# --- boundaries -----------------------------------------------------------------------------------


def test_boundaries_that_are_known_but_for_rounding_are_the_known_ones(tmp_path: Path) -> None:
    off = shapely.transform(WEST, lambda xy: xy + 3e-8)
    moved = shapely.transform(EAST, lambda xy: xy + 1e-3 * (xy == xy.max(axis=0)))
    path = geojson(tmp_path / "a.geojson", feature(off, code="01"), feature(moved, code="02"))
    reading = read(path)
    assert reading.kept == {"01"}
    assert reading.boundaries["01"] is WEST
    assert reading.report.counts["boundaries unchanged"] == 1
    assert reading.report.counts["boundaries changed or new"] == 1


OVERLAPPING = replace(
    KNOWN,
    boundaries={"01": box(174, -36, 174.12, -35.9), "02": EAST},
    overlaps_accepted=True,
)


def test_overlaps_that_were_accepted_before_read_back(tmp_path: Path) -> None:
    marks = [feature(OVERLAPPING.boundaries[code], code=code) for code in ("01", "02")]
    same = read(geojson(tmp_path / "a.geojson", *marks), known=OVERLAPPING)
    assert same.kept == {"01", "02"}
    assert same.overlaps_accepted
    assert same.report.problems == []
    third = feature(box(175, -36, 175.1, -35.9), code="03", name="Apart")
    more = read(geojson(tmp_path / "b.geojson", *marks, third), known=OVERLAPPING)
    assert more.overlaps_accepted
    assert [p.done for p in more.report.problems] == ["as before"]
    wide = feature(box(174.05, -36, 174.2, -35.9), code="02")
    path = geojson(tmp_path / "c.geojson", marks[0], wide)
    assert "The boundaries do not tile: Kaitāia and Kaikohe overlap" in refusal(
        path, known=OVERLAPPING
    )


def test_a_catchment_without_a_geometry_stays_where_it_is_known_and_is_said(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature(WEST, code="01"),
        feature(None, code="02"),
        feature(None, code="99", name="Nobody"),
    )
    reading = read(path)
    assert list(reading.catchments) == ["01", "02"]
    assert list(reading.boundaries) == ["01"]
    assert "has no geometry, and had a boundary; its boundary is taken away" in said(reading.report)
    (left_out,) = reading.report.left_out
    assert (left_out.what, left_out.count) == ("features without geometry in layer “a”", 1)


# --- files of ours --------------------------------------------------------------------------------

SOURCES = [
    {
        "kind": source.kind.value,
        "title": source.title,
        "authority": source.authority,
        "licence": source.licence,
        "release": source.release,
        "url": "",
        "sha256": source.sha256,
        "file_name": source.file_name,
        "demonstration": False,
    }
    for source in KNOWN.sources
]
ALONE = Provider("P-3", "=Serves nobody", "+64 9 1")
EVERY_PROVIDER = {**PROVIDERS, "P-3": ALONE}
KNOWN_WITH_ALL = replace(KNOWN, providers=EVERY_PROVIDER)


def as_json(provider: Provider) -> dict[str, str]:
    keys = ("code", "name", "phone", "email", "website")
    return {key: getattr(provider, key) for key in keys}


MEMBERS = {
    "demonstration": False,
    "edition": {"number": 3, "title": "x", "effective_from": "2026-01-05"},
    "sources": SOURCES,
    "providers": [as_json(provider) for provider in EVERY_PROVIDER.values()],
}


def properties(code: str) -> dict[str, Any]:
    catchment = KNOWN.catchments[code]
    return {
        "code": code,
        "name": catchment.name,
        "education_region": catchment.education_region,
        "provider": as_json(PROVIDERS[catchment.provider_code or ""]),
        "edition": 3,
        "demonstration": False,
    }


def our_geojson(folder: Path) -> Path:
    marks = [feature(KNOWN.boundaries[code], **properties(code)) for code in KNOWN.catchments]
    return geojson(folder / "boundaries.geojson", *marks, **MEMBERS)


def our_topojson(folder: Path) -> Path:
    """Two squares that share an arc, whole steps of a tenth of a degree."""
    shared = [[1741, -360], [0, 1]]
    arcs = [
        shared,
        [[1741, -359], [-1, 0], [0, -1], [1, 0]],
        [[1741, -360], [1, 0], [0, 1], [-1, 0]],
    ]
    made = {
        "type": "Topology",
        **MEMBERS,
        "transform": {"scale": [0.1, 0.1], "translate": [0, 0]},
        "objects": {
            "catchments": {
                "type": "GeometryCollection",
                "geometries": [
                    {
                        "type": "Polygon",
                        "arcs": [[0, 1]],
                        "id": "01",
                        "properties": properties("01"),
                    },
                    {
                        "type": "Polygon",
                        "arcs": [[2, ~0]],
                        "id": "02",
                        "properties": properties("02"),
                    },
                ],
            }
        },
        "arcs": arcs,
    }
    path = folder / "boundaries.topojson"
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def our_geopackage(folder: Path) -> Path:
    columns = "code TEXT, name TEXT, education_region TEXT, provider_code TEXT, provider TEXT"
    columns += ", phone TEXT, email TEXT, website TEXT, demonstration INTEGER, geom MULTIPOLYGON"
    rows = []
    for code, catchment in KNOWN.catchments.items():
        provider = PROVIDERS[catchment.provider_code or ""]
        shape = stored(shapely.to_wkb(shapely.multipolygons([KNOWN.boundaries[code]])))
        ways = [provider.phone or None, provider.email or None, provider.website or None]
        told = [code, catchment.name, catchment.education_region, provider.code, provider.name]
        rows.append((*told, *ways, 0, shape))
    path = geopackage(folder / "boundaries.gpkg", rows, columns=columns, table="catchments")
    with closing(sqlite3.connect(path)) as database, database:
        for name, table in (
            ("providers", [as_json(provider) for provider in EVERY_PROVIDER.values()]),
            ("sources", SOURCES),
        ):
            fields = ", ".join(f"{key} TEXT" for key in table[0])
            database.execute(f"CREATE TABLE {name} (fid INTEGER PRIMARY KEY, {fields})")
            into = "gpkg_contents (table_name, data_type, identifier)"
            database.execute(f"INSERT INTO {into} VALUES (?, 'attributes', ?)", (name, name))
            for row in table:
                values = [value if value != "" else None for value in row.values()]
                marks = ", ".join("?" * len(values))
                database.execute(f"INSERT INTO {name} VALUES (NULL, {marks})", values)
    return path


def our_kml(folder: Path) -> Path:
    def data(values: Mapping[str, Any]) -> str:
        marks = (f'<Data name="{k}"><value>{escaped(v)}</value></Data>' for k, v in values.items())
        return f"<ExtendedData>{''.join(marks)}</ExtendedData>"

    def escaped(value: Any) -> str:
        return str(value).replace("&", "&amp;").replace("<", "&lt;")

    told = {
        "lines": "simplified for drawing",
        "demonstration": "no",
        "edition": json.dumps(MEMBERS["edition"]),
        "providers": json.dumps(MEMBERS["providers"]),
        "sources": json.dumps(MEMBERS["sources"]),
    }
    folders = ""
    for code, catchment in KNOWN.catchments.items():
        provider = PROVIDERS[catchment.provider_code or ""]
        values = {"Catchment": catchment.name, "Code": code, "Provider": provider.name}
        values |= {"Education region": catchment.education_region, "Provider code": provider.code}
        ring = " ".join(f"{x},{y}" for x, y in shapely.simplify(WEST, 1).exterior.coords)
        shape = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
        folders += (
            f"<Folder><name>{catchment.education_region}</name><Placemark><name>x</name>"
            f"{data(values)}<Polygon><outerBoundaryIs>{shape}</outerBoundaryIs></Polygon>"
            "</Placemark></Folder>"
        )
    path = folder / "boundaries.kml"
    path.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>x</name>{data(told)}{folders}'
        "</Document></kml>",
        encoding="utf-8",
    )
    return path


OURS = {
    "GeoJSON": our_geojson,
    "TopoJSON": our_topojson,
    "GeoPackage": our_geopackage,
    "KML": our_kml,
}


@pytest.mark.every_case
@pytest.mark.parametrize("kind", OURS)
def test_our_own_file_given_back_changes_nothing(tmp_path: Path, kind: str) -> None:
    reading = read(OURS[kind](tmp_path), known=KNOWN_WITH_ALL)
    assert reading.catchments == KNOWN.catchments
    assert reading.providers == EVERY_PROVIDER
    assert reading.kept == {"01", "02"}
    assert reading.sources == OF_BOUNDARIES
    only_of_lines = ["its lines are simplified for drawing: 2 catchments keep their boundary"]
    problems = [problem.what for problem in reading.report.problems]
    assert problems == (only_of_lines if kind == "KML" else [])
    assert reading.report.left_out == []


@pytest.mark.every_case
@pytest.mark.parametrize("kind", OURS)
def test_on_an_empty_database_our_own_file_is_the_same_edition(tmp_path: Path, kind: str) -> None:
    reading = read(OURS[kind](tmp_path), known=Edition(), accept_overlaps=True)
    assert reading.catchments == KNOWN.catchments
    assert reading.providers == EVERY_PROVIDER
    assert reading.sources == OF_BOUNDARIES
    if kind != "KML":
        assert all(reading.boundaries[code].equals(KNOWN.boundaries[code]) for code in ("01", "02"))


def test_our_own_file_that_was_edited_is_a_source_beside_those_that_it_declares(
    tmp_path: Path,
) -> None:
    path = our_geojson(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("Kaikohe", "Kaikohe West"))
    reading = read(path, known=KNOWN_WITH_ALL)
    assert reading.sources[:2] == OF_BOUNDARIES
    (itself,) = reading.sources[2:]
    assert (itself.kind, itself.file_name) == (SourceKind.BOUNDARIES, "boundaries.geojson")


@pytest.mark.parametrize(
    ("members", "values", "marked"),
    [
        ({"demonstration": True}, {}, [True]),
        ({}, {"demonstration": True}, [True]),
        ({}, {"made_up": 1}, [True]),
        ({}, {"description": f"Phone: 1<br>{SAID_IN_FILES}"}, [True]),
        ({"demonstration": True, "sources": SOURCES}, {}, [True, True]),
        ({"sources": [{**SOURCES[0], "demonstration": True}]}, {}, [True]),
        (
            {"demonstration": True, "sources": [{**SOURCES[0], "demonstration": True}, SOURCES[1]]},
            {},
            [True, False],  # it says which
        ),
        ({"demonstration": False}, {"demonstration": 0}, [False]),
    ],
)
def test_what_is_made_up_stays_marked(
    tmp_path: Path, members: dict[str, Any], values: dict[str, Any], marked: list[bool]
) -> None:
    path = geojson(tmp_path / "a.geojson", feature(WEST, name="A", **values), **members)
    reading = read(path, known=Edition())
    assert [source.demonstration for source in reading.sources] == marked


def test_the_words_for_made_up_data_are_those_of_our_files() -> None:
    assert MADE_UP in SAID_IN_FILES
    assert SIMPLIFIED in SIMPLIFIED_IN_FILES


@pytest.mark.parametrize(
    ("members", "said_of"),
    [
        ({"sources": "x"}, "its sources are not as we write them; not read"),
        ({"sources": [7]}, "its sources are not all as we write them"),
        ({"sources": [{"kind": "rumour"}]}, "source 1: is no source as we write it; not read"),
        ({"providers": [{"code": "P"}]}, "provider 1: is no provider as we write it; not read"),
        ({"providers": [{"code": "x" * 101, "name": "x"}]}, "provider 1: is no provider"),
    ],
)
def test_declarations_that_are_none_of_ours_are_said(
    tmp_path: Path, members: dict[str, Any], said_of: str
) -> None:
    path = geojson(tmp_path / "a.geojson", feature(WEST, name="A"), **members)
    reading = read(path, known=Edition())
    assert said_of in said(reading.report)
    assert [source.file_name for source in reading.sources] == ["a.geojson"]


def test_lines_that_are_simplified_are_taken_where_there_are_no_others(tmp_path: Path) -> None:
    known = replace(KNOWN, boundaries={"01": WEST})
    reading = read(our_kml(tmp_path), known=known, accept_overlaps=True)
    assert reading.kept == {"01"}
    assert "and 1 catchments have no other boundary; taken as they are drawn" in said(
        reading.report
    )


# --- our own zip ----------------------------------------------------------------------------------


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV, with an apostrophe before what a spreadsheet would run."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(rows[0])
    for row in rows:
        cells = map(str, row.values())
        writer.writerow([f"'{cell}" if cell.startswith(("=", "+")) else cell for cell in cells])
    return written.getvalue()


LONG = "Te Pokapū " + "ā" * 300


def our_zip(tmp_path: Path, *, long: str = LONG) -> Path:
    """A Shapefile of one square, written by hand, whose provider's name has no room."""
    fields = {"code": "01", "name": "Kaitāia", "prov_code": "P-1"}
    fields |= {"provider": LONG.encode()[:254].decode(errors="ignore"), "made_up": "0"}
    row = b" " + b"".join(value.encode().ljust(254) for value in fields.values())
    size = 33 + 32 * len(fields)
    head = struct.pack("<B3BIHH20x", 3, 126, 1, 1, 1, size, len(row))
    names = b"".join(struct.pack("<11sc4xB15x", k.encode(), b"C", 254) for k in fields)
    xy = b"".join(struct.pack("<2d", *point) for point in reversed(WEST.exterior.coords))
    shape = struct.pack("<i4d3i", 5, *WEST.bounds, 1, 5, 0) + xy
    begin = struct.pack(">i20x", 9994)
    told = struct.pack("<2i4d32x", 1000, 5, *WEST.bounds)
    members = {
        "README.txt": "read me",
        "providers.csv": table([as_json(replace(PROVIDERS["P-1"], name=LONG)), as_json(ALONE)]),
        "sources.csv": table([{**row, "demonstration": 0} for row in SOURCES]),
        "long_texts.csv": table([{"code": "01", "field": "provider", "text": long}]),
        "catchments.shp": begin
        + struct.pack(">i", (108 + len(shape)) // 2)
        + told
        + struct.pack(">2i", 1, len(shape) // 2)
        + shape,
        "catchments.shx": begin
        + struct.pack(">i", 54)
        + told
        + struct.pack(">2i", 50, len(shape) // 2),
        "catchments.dbf": head + names + b"\r" + row + b"\x1a",
        "catchments.prj": 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,'
        '298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]',
    }
    path = tmp_path / "boundaries.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_our_own_zip_is_read_with_its_tables_and_the_texts_that_it_cut(tmp_path: Path) -> None:
    reading = read(our_zip(tmp_path), known=Edition())
    assert reading.providers["P-1"].name == LONG
    assert reading.providers["P-3"] == ALONE
    assert reading.sources == OF_BOUNDARIES
    assert reading.report.is_clean


def test_a_text_that_is_not_what_was_cut_is_the_table_s(tmp_path: Path) -> None:
    reading = read(our_zip(tmp_path, long="Another " + LONG), known=Edition())
    assert "provider of “01” is not what long_texts.csv has whole" in said(reading.report)


def test_lines_of_unequal_length_are_lines_of_a_topology(tmp_path: Path) -> None:
    borders = {"type": "MultiLineString", "arcs": [[0], [1, 0]]}
    arcs = [[[0, 0], [1, 1]], [[2, 0], [1, 0], [0, 0]]]
    content = {"type": "Topology", "objects": {"borders": borders}, "arcs": arcs}
    path = tmp_path / "lines.topojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    (layer,) = layers_of(content, path, Report())
    (found,) = layer.geometries
    assert found.equals(shapely.from_wkt("MULTILINESTRING ((0 0, 1 1), (2 0, 1 0, 0 0, 1 1))"))
