"""One vocabulary of columns: whatever a door calls a column is in it, and is of its type there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from catchments.bulk.output_columns import COLUMNS as BULK
from catchments.core.column_vocabulary import (
    BY_NAME,
    CATCHMENT_COLUMNS,
    PROVIDER_COLUMNS,
    VOCABULARY,
    About,
    Column,
    Kind,
    called,
)
from catchments.lookup.snapshot import Snapshot
from catchments.readers.formats.feature_fields import FieldNames
from catchments.web.ogc.layers import COLLECTED
from maps.exports.downloads import (
    FILES,
    GEOJSON,
    GEOPACKAGE,
    GEOPARQUET,
    KML,
    SCHOOLS_CSV,
    SCHOOLS_GEOPARQUET,
    SCHOOLS_XLSX,
    SHAPEFILE,
    TOPOJSON,
)
from maps.exports.export_input import ExportInput
from maps.exports.geojson import SOURCE_COLUMNS
from maps.exports.school_tables import COLUMNS as SCHOOL_COLUMNS
from tests.worlds import STARTS, small_edition, small_release

ARROW = {
    Kind.TEXT: pa.types.is_string,
    Kind.INTEGER: pa.types.is_integer,
    Kind.NUMBER: pa.types.is_floating,
    Kind.BOOLEAN: pa.types.is_boolean,
    Kind.DATE: pa.types.is_date,
}
JSON_TYPES = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.NUMBER: int | float,
    Kind.BOOLEAN: bool,
    Kind.DATE: str,
}
OF_GDAL = {
    Kind.TEXT: "object",
    Kind.INTEGER: "int64",
    Kind.NUMBER: "float64",
    Kind.BOOLEAN: "bool",
    Kind.DATE: "datetime64[D]",
}
SCHEMA = {
    Kind.TEXT: ("string", None),
    Kind.INTEGER: ("integer", None),
    Kind.NUMBER: ("number", None),
    Kind.BOOLEAN: ("boolean", None),
    Kind.DATE: ("string", "date"),
}


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    edition = small_edition(number=3, effective_from=STARTS)
    material = ExportInput.of(Snapshot.of(edition, small_release()))
    return {each.name: each.make(material) for each in FILES if each.format not in {"PDF", "PNG"}}


def columns(names: Iterable[str], about: About | None = None) -> dict[str, Column]:
    found = {name: called(name, about) for name in names}
    assert [name for name, column in found.items() if column is None] == []
    return {name: column for name, column in found.items() if column}


# --- the vocabulary itself ------------------------------------------------------------------------


def test_no_name_means_two_things() -> None:
    assert len(BY_NAME) == len(VOCABULARY)
    older = [name for column in VOCABULARY for name in column.older]
    assert len(older) == len(set(older))
    assert set(older).isdisjoint(BY_NAME)
    short = [pair for column in VOCABULARY for pair in (column.short or {}).items()]
    assert len(short) == len(set(short))


def test_each_column_says_in_a_sentence_what_it_is() -> None:
    for column in VOCABULARY:
        assert column.meaning[0].isupper(), column.name
        assert column.meaning.endswith("."), column.name
    metres = [column for column in VOCABULARY if column.name.endswith("_m")]
    assert {column.unit for column in metres} == {"metres"}


@pytest.mark.parametrize(
    ("name", "about", "meant"),
    [
        ("name", About.SCHOOLS, "school_name"),
        ("name", About.CATCHMENTS, "catchment_name"),
        ("name", None, None),
        ("code", About.PROVIDERS, "provider_code"),
        ("status", None, "status"),
        ("status", About.ANSWERS, "answer"),
        ("provider", None, "provider_name"),
        ("provider_directory_release", None, "directory_release"),
        ("Name", About.SCHOOLS, None),
        ("", None, None),
    ],
)
def test_a_name_means_a_column(name: str, about: About | None, meant: str | None) -> None:
    found = called(name, about)
    assert (found and found.name) == meant


# --- files ----------------------------------------------------------------------------------------


def test_files_of_tables_have_canonical_names_alone() -> None:
    for names in (CATCHMENT_COLUMNS, SCHOOL_COLUMNS, PROVIDER_COLUMNS, SOURCE_COLUMNS):
        assert set(names) <= set(BY_NAME)


def test_the_manifest_s_columns_are_those_of_the_files(files: Mapping[str, bytes]) -> None:
    told = {each.name: list(each.columns) for each in FILES}
    (header, *_) = csv.reader(io.StringIO(files[SCHOOLS_CSV].decode()))
    assert header == told[SCHOOLS_CSV]
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]), read_only=True)
    assert next(book["Schools"].iter_rows(values_only=True)) == tuple(told[SCHOOLS_XLSX])
    for name in (GEOJSON, TOPOJSON):
        assert list(flat_rows(files[name])[0]) == told[name]
    for name in (GEOPARQUET, SCHOOLS_GEOPARQUET):
        assert parquet(files[name]).names[: len(told[name])] == told[name]


def flat_rows(written: bytes) -> list[dict[str, Any]]:
    told = json.loads(written)
    topology = told["type"] == "Topology"
    features = told["objects"]["catchments"]["geometries"] if topology else told["features"]
    return [each["properties"] for each in features]


def parquet(written: bytes) -> Any:
    return pq.read_schema(pa.BufferReader(written))


def test_properties_in_json_are_of_their_types(files: Mapping[str, bytes]) -> None:
    for name in (GEOJSON, TOPOJSON):
        for row in flat_rows(files[name]):
            for key, column in columns(row).items():
                assert row[key] is None or isinstance(row[key], JSON_TYPES[column.kind])


def test_columns_of_geoparquet_are_of_their_types(files: Mapping[str, bytes]) -> None:
    for name in (GEOPARQUET, SCHOOLS_GEOPARQUET):
        schema = parquet(files[name])
        own = [each for each in schema.names if each not in {"geometry", "bbox"}]
        for key, column in columns(own).items():
            assert ARROW[column.kind](schema.field(key).type), key


def test_fields_of_the_geopackage_are_of_their_types(
    files: Mapping[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / GEOPACKAGE
    path.write_bytes(files[GEOPACKAGE])
    for layer, _ in pyogrio.list_layers(path):
        told = pyogrio.read_info(path, layer=layer)
        kinds = dict(zip(told["fields"], told["dtypes"], strict=True))
        for key, column in columns(kinds).items():
            assert kinds[key] == OF_GDAL[column.kind], (layer, key)


def test_cells_of_the_workbook_are_of_their_types(files: Mapping[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    kinds = {Kind.TEXT: "s", Kind.BOOLEAN: "b", Kind.DATE: "d"}
    for sheet in ("Schools", "Providers", "Sources"):
        header, *rows = book[sheet].iter_rows()
        found = columns(str(cell.value) for cell in header)
        for row in rows:
            for cell, column in zip(row, found.values(), strict=True):
                assert cell.value is None or cell.data_type == kinds.get(column.kind, "n")


def test_a_shapefile_s_fields_and_the_labels_of_kml_are_explained(
    files: Mapping[str, bytes],
) -> None:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(files[SHAPEFILE])) as archive:
        readme = archive.read("README.txt").decode()
        tables = {
            name: next(csv.reader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
            if name.endswith(".csv")
        }
    for names in tables.values():
        columns(names, About.CATCHMENTS)
    for name in CATCHMENT_COLUMNS:
        assert f" {name} " in readme
        assert BY_NAME[name].meaning in readme
    kml = "{http://www.opengis.net/kml/2.2}"
    placemarks = ET.fromstring(files[KML]).iter(f"{kml}Placemark")
    labels = {str(each.get("name")) for mark in placemarks for each in mark.iter(f"{kml}Data")}
    columns((label.lower().replace(" ", "_") for label in labels), About.CATCHMENTS)


def test_our_readers_know_the_names_that_our_files_have() -> None:
    used = FieldNames().used(CATCHMENT_COLUMNS)
    assert set(used.values()) == set(CATCHMENT_COLUMNS[:8])


# --- doors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLLECTED)
def test_properties_of_a_collection_are_in_the_vocabulary(name: str) -> None:
    fields = COLLECTED[name].fields
    for key, column in columns(fields, About(name)).items():
        schema = fields[key]
        assert (schema["type"], schema.get("format")) == SCHEMA[column.kind], key
    assert {column.name for column in columns(fields, About(name)).values()} <= set(fields)


def test_features_of_a_collection_have_just_its_properties(client: FlaskClient) -> None:
    for name, collected in COLLECTED.items():
        (feature,) = client.get(f"/ogc/collections/{name}/items?limit=1").get_json()["features"]
        assert set(feature["properties"]) == set(collected.fields)
        for key, column in columns(feature["properties"], About(name)).items():
            value = feature["properties"][key]
            assert value is None or isinstance(value, JSON_TYPES[column.kind]), key


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/v1/schools.csv", About.SCHOOLS),
        ("/v1/catchments.csv", About.CATCHMENTS),
        ("/v1/providers.csv", About.PROVIDERS),
        ("/downloads/1/1/schools.csv", About.SCHOOLS),
        ("/downloads/1/1/catchments.csv", About.CATCHMENTS),
    ],
)
def test_tables_of_programs_have_canonical_names_beside_older_ones(
    client: FlaskClient, path: str, about: About
) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(path).text)))
    found = columns(rows[0], about)
    for key, column in found.items():
        assert column.name in found
        assert [row[key] for row in rows] == [row[column.name] for row in rows]


def test_answers_to_many_questions_are_in_the_vocabulary(client: FlaskClient) -> None:
    asked = {"data": "school_id\n54\n", "content_type": "text/csv"}
    answered = client.post("/v1/providers:resolve", headers={"Accept": "text/csv"}, **asked)
    (row,) = csv.DictReader(io.StringIO(answered.text))
    found = columns(row, About.ANSWERS)
    assert [row[key] for key in found] == [row[column.name] for column in found.values()]


def test_what_resolve_adds_is_of_the_types_of_the_vocabulary() -> None:
    for key, column in columns(BULK).items():
        kind = BULK[key]
        stored = kind.value_type if pa.types.is_dictionary(kind) else kind
        assert ARROW[column.kind](stored), key


def test_the_page_of_the_api_has_every_column(client: FlaskClient) -> None:
    page = client.get("/api").text
    begins = page.index('id="columns"')
    told = page[begins : page.index("</table>", begins)]
    assert [each.name for each in VOCABULARY if f"<code>{each.name}</code>" not in told] == []
    assert "school, name (in tables about schools)" in told
