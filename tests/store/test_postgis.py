"""On PostgreSQL a boundary is a geometry too: the same to the bit, and open to GIS programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.model import Catchment, Edition, EditionSummary
from catchments.lookup.snapshot import Timeline
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store.drafts.change_json import wkb_and_sha256
from tests.conftest import fresh_postgresql
from tests.filled import at_revision
from tests.laws import examples
from tests.waiting import PATIENCE_S
from tests.worlds import (
    HOSTILE,
    KOWHAI,
    REKOHU,
    SQUARES,
    fill,
    lacking,
    next_edition,
    opened,
    publish_whole,
    small_edition,
    small_release,
    square,
    withdraw,
)

pytestmark = pytest.mark.postgresql

TODAY = today_in_new_zealand()
"""As the database knows it: the view asks its clock."""
HOLED = shapely.Polygon(
    [(174, -41), (176, -41), (176, -39), (174, -39)],
    [[(174.5, -40.5), (175.5, -40.5), (175.5, -39.5), (174.5, -39.5)]],
)
SHAPES = {
    "a polygon": shapely.box(174.1, -39.123456789012345, 175.3, -38.0),
    "one with a hole": HOLED,
    "several": shapely.MultiPolygon([shapely.box(-177, -44.5, -176, -43.5), HOLED]),
    "with heights": shapely.force_3d(HOLED, 12.5),
}


@pytest.fixture(scope="module")
def url(postgresql_cluster: str) -> Iterator[str]:
    """The small world on PostgreSQL: one edition before, one in force, one scheduled."""
    with fresh_postgresql(postgresql_cluster) as made:
        fill(
            made,
            small_edition(effective_from=TODAY - timedelta(days=9)),
            next_edition(TODAY),
            small_edition(effective_from=TODAY + timedelta(days=9)),
        )
        yield made


def asked(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()


# --- the geometry ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", SHAPES)
def test_a_boundary_reaches_gis_programs_with_every_vertex_and_keeps_its_bytes(
    what: str, url: str
) -> None:
    shape = SHAPES[what]
    wkb, sha256 = wkb_and_sha256(shape)
    with opened(url) as store:
        edition = replaced(shape)
        number = publish_whole(store, edition, artefacts=[])
        assert store.edition(number).boundaries[REKOHU] == shape
        withdraw(store, number)
    [(kept, drawn, valid, area)] = asked(
        url,
        "SELECT wkb, ST_AsBinary(geom, 'NDR'), ST_IsValid(geom), ST_Area(geom) FROM boundary "
        "WHERE sha256 = %s",
        sha256,
    )
    assert kept == wkb
    flat = shapely.force_2d(shape)
    assert shapely.from_wkb(drawn) == shapely.MultiPolygon(shapely.get_parts(flat).tolist())
    assert valid
    assert area == pytest.approx(flat.area)
    if isinstance(shape, shapely.MultiPolygon):
        assert drawn == wkb


def replaced(shape: shapely.Geometry) -> Edition:
    boundaries = {**small_edition().boundaries, REKOHU: shape}
    return small_edition(boundaries=boundaries, effective_from=TODAY - timedelta(days=30))


coordinates = st.tuples(st.floats(-180, 180, allow_nan=False), st.floats(-90, 90, allow_nan=False))
rings = st.lists(coordinates, min_size=3, max_size=8).map(shapely.Polygon)
anything = st.one_of(
    rings,
    st.lists(rings, max_size=3).map(shapely.MultiPolygon),
    coordinates.map(shapely.Point),
    st.just(shapely.GeometryCollection([shapely.Point(1, 2), HOLED])),
    st.just(shapely.Polygon()),
)


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(shape=anything)
def test_whatever_can_be_published_on_sqlite_can_be_on_postgresql(
    url: str, shape: shapely.Geometry
) -> None:
    wkb, sha256 = wkb_and_sha256(shape)
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO boundary VALUES (%s, %s) ON CONFLICT DO NOTHING", (sha256, wkb)
        )
        [kept] = connection.execute(
            "SELECT ST_AsBinary(geom, 'NDR') FROM boundary WHERE sha256 = %s", (sha256,)
        ).fetchall()
        connection.rollback()
    drawn = shapely.from_wkb(kept[0])
    assert drawn.geom_type == "MultiPolygon"
    if isinstance(shape, shapely.Polygon):
        assert drawn == shapely.MultiPolygon([] if shape.is_empty else [shape])


# --- the views ------------------------------------------------------------------------------------


def test_the_view_gives_what_is_in_force_today_and_until_when(url: str) -> None:
    rows = asked(
        url,
        "SELECT code, edition, effective_from, effective_until, provider, "
        "demonstration FROM catchment_in_force ORDER BY code",
    )
    ends = TODAY + timedelta(days=9)
    assert {row[1:4] for row in rows} == {(2, TODAY, ends)}
    assert {row[0] for row in rows} == set(SQUARES)
    by_code = {row[0]: row[4:] for row in rows}
    assert by_code[KOWHAI] == ("Ahi Trust", True)
    assert by_code[REKOHU] == (HOSTILE, True)


def test_each_row_has_a_whole_number_of_its_own(url: str) -> None:
    numbers = asked(url, "SELECT fid FROM catchment_by_edition")
    assert len(set(numbers)) == len(numbers) >= 15


def test_a_view_says_of_which_type_and_crs_its_geometries_are(url: str) -> None:
    said = asked(url, "SELECT f_table_name, type, srid FROM geometry_columns ORDER BY 1")
    assert said == [
        (name, "MULTIPOLYGON", 4326)
        for name in ("boundary", "catchment_by_edition", "catchment_in_force")
    ]


def test_a_catchment_without_a_boundary_or_provider_is_there_all_the_same(
    postgresql_cluster: str,
) -> None:
    small = small_edition(effective_from=TODAY)
    catchments = {**small.catchments, "NEW-6": Catchment("NEW-6", "New", "Wellington", None)}
    with fresh_postgresql(postgresql_cluster) as other, opened(other) as store:
        store.add_release(small_release())
        publish_whole(store, small_edition(catchments=catchments, effective_from=TODAY))
        query = "SELECT provider, geom FROM catchment_in_force WHERE code = 'NEW-6'"
        assert asked(other, query) == [(None, None)]


published = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=6)


@settings(max_examples=examples(40))
@given(editions=published)
def test_the_view_and_the_service_agree_on_what_is_in_force(
    url: str, editions: list[tuple[int, bool]]
) -> None:
    today = today_in_new_zealand()  # now: a run may go on past midnight
    with psycopg.connect(url) as connection:
        held = connection.execute("SELECT number FROM edition").fetchall()
        base = max(number for (number,) in held)
        connection.execute("UPDATE edition SET withdrawn_at = now()")
        for number, (day, withdrawn) in enumerate(editions, base + 1):
            connection.execute(
                "INSERT INTO edition (number, title, reason, effective_from, published_at, "
                "demonstration, overlaps_accepted, gaps_accepted, withdrawn_at) VALUES "
                "(%s, '', '', %s, now(), true, false, false, %s)",
                (number, today + timedelta(days=day), today if withdrawn else None),
            )
            connection.execute(
                "INSERT INTO edition_catchment VALUES (%s, 'A', 'A', 'Wellington', NULL, NULL)",
                (number,),
            )
        found = connection.execute(
            "SELECT edition, effective_until FROM catchment_in_force"
        ).fetchall()
        connection.rollback()
    summaries = [
        summary(number, today + timedelta(days=day), withdrawn)
        for number, (day, withdrawn) in enumerate(editions, base + 1)
    ]
    timeline = Timeline.of(summaries, [])
    in_force, later = timeline.edition_on(today), timeline.scheduled_after(today)
    until = later[0].effective_from if later else None
    assert found == ([(in_force.number, until)] if in_force else [])


def summary(number: int, effective_from: date, withdrawn: bool) -> EditionSummary:
    at = datetime(2026, 1, 1)  # noqa: DTZ001 - as the store keeps it
    return EditionSummary(
        number=number,
        title="",
        reason="",
        effective_from=effective_from,
        published_at=at,
        demonstration=True,
        draft_id=None,
        base_number=None,
        withdrawn_at=at if withdrawn else None,
    )


def test_finding_the_catchment_of_a_point_uses_the_index(url: str) -> None:
    point = "ST_SetSRID(ST_Point(175.5, -38.5), 4326)"
    query = f"SELECT code FROM catchment_in_force WHERE ST_Covers(geom, {point})"
    assert asked(url, query) == [(KOWHAI,)]
    with psycopg.connect(url) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))
    assert "ix_boundary_geom" in plan


def test_gdal_opens_the_view_as_it_is(url: str) -> None:
    if shutil.which("ogr2ogr") is None:
        lacking("GDAL's ogr2ogr is not installed")
    done = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"PG:{url}", "catchment_in_force"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    features = json.loads(done.stdout)["features"]
    assert {f["properties"]["code"] for f in features} == set(SQUARES)
    for feature in features:
        code = feature["properties"]["code"]
        assert shapely.geometry.shape(feature["geometry"]).equals(square(code))
        assert feature["properties"]["effective_from"].replace("/", "-") == TODAY.isoformat()


# --- a database without PostGIS -------------------------------------------------------------------


@contextmanager
def without_postgis(cluster: str, *, owner: str) -> Iterator[str]:
    """An empty database that has no PostGIS, and belongs to somebody."""
    with psycopg.connect(host=cluster, user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN")
        connection.execute(f"CREATE DATABASE bare TEMPLATE template0 OWNER {owner}")
        try:
            yield f"postgresql://{owner}@/bare?host={cluster}"
        finally:
            connection.execute("DROP DATABASE bare WITH (FORCE)")
            connection.execute(f"DROP ROLE {owner}")


def test_who_may_not_add_postgis_is_told_what_to_ask_for_and_nothing_is_made(
    postgresql_cluster: str,
) -> None:
    with without_postgis(postgresql_cluster, owner="clerk") as url:
        with pytest.raises(Exception, match="CREATE EXTENSION postgis") as refused, opened(url):
            pass
        assert "“bare” has no PostGIS" in str(refused.value)
        assert "permission denied" in str(refused.value)
        assert asked(url, "SELECT * FROM pg_tables WHERE schemaname = 'public'") == []
        superuser = url.replace("clerk@", "postgres@")
        with psycopg.connect(superuser) as connection:
            connection.execute("CREATE EXTENSION postgis")
        fill(url)
        assert len(asked(url, "SELECT geom FROM boundary")) == len(SQUARES)


def test_a_database_of_before_postgis_waits_for_it_with_all_that_it_holds(
    postgresql_cluster: str,
) -> None:
    with without_postgis(postgresql_cluster, owner="clerk") as url:
        at_revision(url, "0002")
        wkb, sha256 = wkb_and_sha256(HOLED)
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO boundary VALUES (%s, %s)", (sha256, wkb))
        with pytest.raises(Exception, match="Nothing was changed"), opened(url):
            pass
        assert asked(url, "SELECT version_num, wkb FROM alembic_version, boundary") == [
            ("0002", wkb)
        ]
        with psycopg.connect(url.replace("clerk@", "postgres@")) as connection:
            connection.execute("CREATE EXTENSION postgis")
        with opened(url):
            [(drawn,)] = asked(url, "SELECT ST_AsBinary(geom, 'NDR') FROM boundary")
        assert shapely.from_wkb(drawn) == shapely.MultiPolygon([HOLED])
