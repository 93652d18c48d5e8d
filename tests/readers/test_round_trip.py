"""What we write, we read back: into the same edition nothing changes, into nothing the same."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas
import pytest
from hypothesis import given, settings

from catchments.changes.change import Change, apply_all
from catchments.changes.comparison import compare
from catchments.changes.effects import effects
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.core.errors import FileRefused
from catchments.core.model import Edition, Provider, Source, SourceKind
from catchments.lookup.snapshot import Snapshot
from catchments.readers.boundaries.change import catchments_change
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.formats.parquet import asking
from catchments.readers.formats.parquet.program import answered
from catchments.readers.formats.shapefile import asking as shapefile_asking
from catchments.readers.formats.shapefile import program as shapefile_program
from catchments.readers.lists.changes import after_import, listings_change, providers_change
from catchments.readers.lists.listings import read_listings
from catchments.readers.lists.providers import read_providers
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
from maps.exports.geoparquet import schools_geoparquet
from maps.exports.packing import unzipped, zipped
from maps.exports.school_tables import schools_csv
from maps.exports.workbook import schools_xlsx
from tests.laws import examples
from tests.maps.test_nothing_lost import editions
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    STARTS,
    fill,
    running_application,
    small_edition,
    small_release,
)

SCHOOLS = small_release().schools
WHOLE = replace(
    small_edition(),
    number=3,
    providers={
        **small_edition().providers,
        "P-REK": Provider("P-REK", HOSTILE),
        "P-IDLE": Provider("P-IDLE", "Ngā Mahi o Ōtāhuhu – “so”", "+64 9 000 0000", "a@idle.nz"),
    },
    listings={**small_edition().listings, 7001: KOWHAI},
    unserved=small_edition().unserved | {7002},
    in_school_provision={54: "=1+1", 7003: "Twelve  students"},
)
"""The small world, and what is easily lost."""


@pytest.fixture(autouse=True, scope="module")
def _programs_in_this_process() -> Iterator[None]:
    """Read our own files without a program a file, of which the law would start hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "answer_of", lambda asked, _: answered(asked))
        gdal = shapefile_program.answered
        patch.setattr(shapefile_asking, "answer_of", lambda asked, *_: gdal(asked))
        yield


Read = Callable[[Path, Edition], Change]


def _listings(path: Path, known: Edition) -> Change:
    read = read_listings([path], schools=SCHOOLS, known=known)
    assert not read.report.counts["rows not matched"]
    return listings_change(read, known, whole=False)


def _providers(path: Path, known: Edition) -> Change:
    return providers_change(read_providers([path], known=known), known, whole=False)


MADE: Mapping[str, Callable[[ExportInput], bytes]] = {
    SCHOOLS_CSV: schools_csv,
    SCHOOLS_XLSX: schools_xlsx,
    SCHOOLS_GEOPARQUET: schools_geoparquet,
}
READ: Mapping[str, Read] = {"listings": _listings, "providers": _providers}


def files_of(edition: Edition, folder: Path) -> Iterator[Path]:
    """Write the tables of an edition, as they are downloaded."""
    material = ExportInput.of(Snapshot.of(edition, small_release()))
    for name, make in MADE.items():
        path = folder / name
        path.write_bytes(make(material))
        yield path


def differing(known: Edition, change: Change) -> list[str]:
    after = after_import(change, known)
    return [line for effect in effects(known, after, SCHOOLS) for line in effect.lines]


@settings(max_examples=examples(60), deadline=None)
@given(editions())
def test_a_table_of_any_edition_changes_nothing_in_it(edition: Edition) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in files_of(edition, Path(folder)):
            for kind, read in READ.items():
                try:
                    change = read(path, edition)
                except FileRefused as error:
                    if "names no provider" in error.problem:
                        continue  # nobody serves a school
                    raise
                assert differing(edition, change) == [], (path.name, kind)


@pytest.mark.parametrize("name", MADE)
def test_the_table_of_an_edition_gives_an_empty_one_what_it_holds(
    name: str, tmp_path: Path
) -> None:
    (path,) = [path for path in files_of(WHOLE, tmp_path) if path.name == name]
    bare = replace(
        WHOLE,
        catchments={c: replace(x, provider_code=None) for c, x in WHOLE.catchments.items()},
        providers={},
        listings={},
        unserved=frozenset(),
        in_school_provision={},
        sources=tuple(s for s in WHOLE.sources if s.kind.value == "boundaries"),
    )
    after = apply_all(bare, [read(path, bare) for read in READ.values()])
    idle = {} if name == SCHOOLS_CSV else {"P-IDLE": WHOLE.providers["P-IDLE"]}
    served = {c.provider_code for c in WHOLE.catchments.values()}
    assert after.providers == {c: p for c, p in WHOLE.providers.items() if c in served} | idle
    assert after.catchments == WHOLE.catchments
    assert (after.listings, after.unserved) == (WHOLE.listings, WHOLE.unserved)
    assert after.in_school_provision == {54: "=1+1", 7003: "Twelve students"}
    assert after.demonstration


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Callable[[str], Path]]:
    """Give a way to download a table of the whole world from a page."""
    folder = tmp_path_factory.mktemp("downloads")
    fill(folder / "whole.sqlite", replace(WHOLE, number=None, effective_from=STARTS))
    with running_application(folder / "whole.sqlite") as app:
        client = app.test_client()

        def get(name: str) -> Path:
            response = client.get(f"/downloads/1/1/{name}")
            assert response.status_code == 200
            path = folder / name.replace("?", "_")
            path = path.with_suffix(".csv")
            path.write_bytes(response.get_data())
            return path

        yield get


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("schools.csv", "listings"),
        ("schools.csv", "providers"),
        (f"schools.csv?catchment={AHI}", "listings"),
        ("catchments.csv", "providers"),
    ],
)
def test_a_table_of_a_page_changes_nothing(
    name: str, kind: str, downloaded: Callable[[str], Path]
) -> None:
    assert differing(WHOLE, READ[kind](downloaded(name), WHOLE)) == []


def test_a_provider_corrected_in_a_table_is_the_only_thing_that_changes(
    downloaded: Callable[[str], Path], tmp_path: Path
) -> None:
    text = downloaded("catchments.csv").read_text("utf-8")
    edited = tmp_path / "catchments.csv"
    edited.write_text(text.replace("Ahi Trust", "Ahi Trust Nui").replace("0800 000 001", "09 1"))
    assert differing(WHOLE, _providers(edited, WHOLE))[:2] == [
        "Ahi Trust (P-AHI) is now Ahi Trust Nui",
        "Ngā Rākau (P-RAKAU): phone “0800 000 001” → “09 1”",
    ]


# --- boundaries -----------------------------------------------------------------------------------

BOUNDARY_FILES = {
    each.name: each.make
    for each in FILES
    if each.name in {GEOJSON, TOPOJSON, GEOPACKAGE, GEOPARQUET, SHAPEFILE, KML}
}


def boundaries_change(path: Path, known: Edition) -> ReplaceCatchments:
    read = read_boundaries([path], authority="Nobody", licence="CC0", release="", known=known)
    return catchments_change(read, known)


@settings(max_examples=examples(40), deadline=None)
@given(editions())
def test_a_boundary_file_of_any_edition_changes_nothing_in_it(edition: Edition) -> None:
    material = ExportInput.of(Snapshot.of(edition, small_release()))
    with tempfile.TemporaryDirectory() as folder:
        for name, make in BOUNDARY_FILES.items():
            if not edition.boundaries:
                continue
            path = Path(folder) / name
            path.write_bytes(make(material))
            assert differing(edition, boundaries_change(path, edition)) == [], name


@pytest.mark.parametrize(
    ("name", "table"),
    [*((name, SCHOOLS_XLSX) for name in BOUNDARY_FILES), (GEOPARQUET, SCHOOLS_GEOPARQUET)],
)
def test_a_boundary_file_and_the_table_make_the_same_edition_of_nothing(
    name: str, table: str, tmp_path: Path
) -> None:
    material = ExportInput.of(Snapshot.of(WHOLE, small_release()))
    drawn, book = tmp_path / name, tmp_path / table
    drawn.write_bytes(BOUNDARY_FILES[name](material))
    book.write_bytes(MADE[table](material))
    made = boundaries_change(drawn, Edition()).apply(Edition())
    made = _listings(book, made).apply(made)
    assert made.catchments == WHOLE.catchments
    assert made.providers == WHOLE.providers
    assert (made.listings, made.unserved) == (WHOLE.listings, WHOLE.unserved)
    assert made.demonstration
    assert sorted(map(repr, made.sources)) == sorted(map(repr, WHOLE.sources))
    if name != KML:
        assert not compare(made, replace(WHOLE, in_school_provision=made.in_school_provision))
    assert made.boundaries.keys() == WHOLE.boundaries.keys()


@pytest.mark.parametrize("kinds", [(), (SourceKind.LISTINGS,)], ids=["behind", "alone"])
def test_listings_come_back_wherever_the_source_of_in_school_provision_stands(
    kinds: tuple[SourceKind, ...], tmp_path: Path
) -> None:
    notes = Source(SourceKind.IN_SCHOOL_PROVISION, "Notes", "Nobody", "CC0", "2026", "ab" * 32, "n")
    others = tuple(source for source in WHOLE.sources if source.kind not in kinds)
    edition = replace(WHOLE, sources=(notes, *others))
    book = tmp_path / SCHOOLS_XLSX
    book.write_bytes(schools_xlsx(ExportInput.of(Snapshot.of(edition, small_release()))))
    bare = replace(edition, listings={}, unserved=frozenset(), in_school_provision={}, sources=())
    made = _listings(book, bare).apply(bare)
    assert (made.listings, made.unserved) == (WHOLE.listings, WHOLE.unserved)
    of_lists = (SourceKind.LISTINGS, SourceKind.IN_SCHOOL_PROVISION)
    assert sorted(map(repr, made.sources)) == sorted(
        repr(source) for source in edition.sources if source.kind in of_lists
    )


def test_the_table_of_schools_credits_each_authority_once(tmp_path: Path) -> None:
    whose = ("This project; facts: the Ministry (of Education)", "The Ministry")
    table = Source(SourceKind.BOUNDARIES, "B", "", "CC BY 4.0", "2026", "ab" * 32, "b")
    sources = tuple(replace(table, authority=authority) for authority in whose)
    release = replace(small_release(), source=replace(table, authority=whose[1]))
    snapshot = Snapshot.of(replace(WHOLE, sources=sources), release)
    path = tmp_path / SCHOOLS_CSV
    path.write_bytes(schools_csv(ExportInput.of(snapshot)))
    (source,) = read_listings([path], schools=SCHOOLS, known=WHOLE).sources
    assert source.authority == "; ".join(whose)
    assert source.licence == "CC BY 4.0"


# --- files from before columns had one vocabulary -------------------------------------------------

OLDER = {
    "school_name": "school",
    "catchment_name": "catchment",
    "provider_name": "provider",
    "provider_phone": "phone",
    "provider_email": "email",
    "provider_website": "website",
}
OLDER_OF_AREAS = {**OLDER, "catchment_code": "code", "catchment_name": "name"}
OLDER_OF_PROVIDERS = {f"provider_{name}": name for name in ("code", "name", "phone", "email")} | {
    "provider_website": "website"
}


@pytest.mark.parametrize("kind", READ)
def test_a_table_with_the_names_from_before_changes_nothing(kind: str, tmp_path: Path) -> None:
    material = ExportInput.of(Snapshot.of(WHOLE, small_release()))
    header, _, rest = schools_csv(material).decode().partition("\r\n")
    names = ",".join(OLDER.get(name, name) for name in header.split(","))
    path = tmp_path / SCHOOLS_CSV
    path.write_text(f"{names}\r\n{rest}", encoding="utf-8", newline="")
    assert names != header
    assert differing(WHOLE, READ[kind](path, WHOLE)) == []


def older_features(written: bytes) -> bytes:
    """Collections as they were: a provider in an object."""
    told = json.loads(written)
    for feature in told["features"]:
        row = feature["properties"]
        provider = {name: row.pop(f"provider_{name}") or "" for name in OF_A_PROVIDER}
        row |= {"code": row.pop("catchment_code"), "name": row.pop("catchment_name")}
        row["provider"] = provider if provider["code"] else None
        row["education_region"] = row["education_region"] or ""
    return json.dumps(told).encode()


OF_A_PROVIDER = ("code", "name", "phone", "email", "website")


def older_package(written: bytes) -> bytes:
    """A GeoPackage whose columns have the names from before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "older.gpkg")
        path.write_bytes(written)
        with closing(sqlite3.connect(path)) as database:
            renamed = {"catchments": OLDER_OF_AREAS, "providers": OLDER_OF_PROVIDERS}
            for table, names in renamed.items():
                for new, old in names.items():
                    if new != "school_name":
                        database.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
            database.commit()
        return path.read_bytes()


def older_zip(written: bytes) -> bytes:
    """A Shapefile whose table of providers has the names from before."""
    files = unzipped(written)
    header, _, rest = files["providers.csv"].decode().partition("\r\n")
    names = ",".join(OLDER_OF_PROVIDERS[name] for name in header.split(","))
    files["providers.csv"] = f"{names}\r\n{rest}".encode()
    return zipped(files)


@pytest.mark.parametrize(
    ("name", "older"),
    [(GEOJSON, older_features), (GEOPACKAGE, older_package), (SHAPEFILE, older_zip)],
)
def test_a_boundary_file_with_the_names_from_before_changes_nothing_and_makes_the_same(
    name: str, older: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    written = BOUNDARY_FILES[name](ExportInput.of(Snapshot.of(WHOLE, small_release())))
    path = tmp_path / name
    path.write_bytes(older(written))
    assert path.read_bytes() != written
    assert differing(WHOLE, boundaries_change(path, WHOLE)) == []
    made = boundaries_change(path, Edition()).apply(Edition())
    assert (made.catchments, made.providers) == (WHOLE.catchments, WHOLE.providers)


# --- through a GIS --------------------------------------------------------------------------------


def kept_as_a_shapefile(package: Path, folder: Path, **columns: str) -> Path:
    """What a GIS makes of a GeoPackage of ours that somebody saves as a Shapefile."""
    table = geopandas.read_file(package, layer="catchments").rename(columns=columns)
    folder.mkdir()
    with warnings.catch_warnings():  # it says which names it cuts
        warnings.simplefilter("ignore")
        table.to_crs(2193).to_file(folder / "saved.shp", encoding="UTF-8")
    path = folder.with_suffix(".zip")
    path.write_bytes(zipped({each.name: each.read_bytes() for each in sorted(folder.iterdir())}))
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / GEOPACKAGE
    path.write_bytes(
        BOUNDARY_FILES[GEOPACKAGE](ExportInput.of(Snapshot.of(WHOLE, small_release())))
    )
    return path


def test_a_file_of_ours_that_a_gis_kept_as_a_shapefile_changes_no_name_and_no_provider(
    package: Path, tmp_path: Path
) -> None:
    change = boundaries_change(kept_as_a_shapefile(package, tmp_path / "gis"), WHOLE)
    made = change.apply(WHOLE)
    assert made.catchments == WHOLE.catchments
    assert made.providers == WHOLE.providers
    assert not compare(WHOLE, made).boundaries_changed


def test_names_cut_alike_in_an_order_that_is_not_ours_are_asked_about(
    package: Path, tmp_path: Path
) -> None:
    path = kept_as_a_shapefile(
        package, tmp_path / "gis", catchment_code="catchment_name", catchment_name="catchment_code",
        provider_phone="telephone",
    )  # fmt: skip
    with pytest.raises(FileRefused) as refused:
        boundaries_change(path, WHOLE)
    assert "which of “catchment_” and “catchmen_1” has the names" in str(refused.value)
    read = read_boundaries(
        [path], authority="Nobody", licence="CC0", release="", known=WHOLE,
        code_field="catchment_", name_field="catchmen_1",
    )  # fmt: skip
    assert {each.name for each in read.catchments.values()} == {
        each.name for each in WHOLE.catchments.values()
    }
