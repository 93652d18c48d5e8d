"""One function a partition, as engines that map over partitions take it; processes do it here."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catchments.bulk.columns import Wanted
from catchments.bulk.files import Summary, resolve_file
from catchments.bulk.output_columns import COLUMNS
from catchments.bulk.partition import Content, FileResolver, PartitionResolver
from catchments.core.errors import FileRefused, InputRefused
from catchments.lookup.snapshot import Snapshot
from tests.worlds import TODAY, small_edition, small_release

ROWS, PARTS = 60, 3


@pytest.fixture(scope="module")
def content() -> Content:
    return Content(small_edition(number=1), small_release(number=1), TODAY)


@pytest.fixture(scope="module")
def points() -> pa.Table:
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(173.9, 176.1, ROWS), rng.uniform(-40.1, -37.9, ROWS)
    lng[::7] = 400.0
    return pa.table({"id": np.arange(ROWS), "lng": lng, "lat": lat})


@pytest.fixture(scope="module")
def expected(
    content: Content, points: pa.Table, tmp_path_factory: pytest.TempPathFactory
) -> pa.Table:
    """The answers by way of one file, texts plain."""
    folder = tmp_path_factory.mktemp("one")
    pq.write_table(points, folder / "in.parquet")
    world = Snapshot.of(content.edition, content.release)
    resolve_file(folder / "in.parquet", folder / "out.parquet", world, on=TODAY)
    found = pq.read_table(folder / "out.parquet")
    plain = PartitionResolver.of(content, points.column_names).added
    return found.cast(pa.schema([*points.schema, *plain])).replace_schema_metadata()


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Two processes that begin anew, and share nothing with this one."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


def test_processes_that_map_over_data_frames_give_the_rows_of_a_file(
    content: Content, points: pa.Table, expected: pa.Table, processes: ProcessPoolExecutor
) -> None:
    resolver = PartitionResolver.of(content, points.column_names)
    step = ROWS // PARTS
    parts = [points.slice(start, step).to_pandas() for start in range(0, ROWS, step)]
    found = pa.concat_tables(
        pa.Table.from_pandas(each, schema=expected.schema, preserve_index=False)
        for each in processes.map(resolver, parts)
    )
    assert found.replace_schema_metadata().equals(expected)


def test_processes_that_map_over_batches_of_arrow_give_the_rows_of_a_file(
    content: Content, points: pa.Table, expected: pa.Table, processes: ProcessPoolExecutor
) -> None:
    resolver = PartitionResolver.of(content, points.column_names)
    batches = points.to_batches(max_chunksize=ROWS // PARTS)
    found = pa.Table.from_batches(list(processes.map(resolver.arrow, batches)))
    assert found.equals(expected)
    assert resolver.arrow(points).equals(expected)


def test_processes_that_map_over_files_write_what_one_would(
    content: Content,
    points: pa.Table,
    expected: pa.Table,
    tmp_path: Path,
    processes: ProcessPoolExecutor,
) -> None:
    step = ROWS // PARTS
    sources = [tmp_path / f"in-{n}.parquet" for n in range(PARTS)]
    targets = [tmp_path / f"out-{n}.parquet" for n in range(PARTS)]
    for n, source in enumerate(sources):
        pq.write_table(points.slice(n * step, step), source)
    done = Summary.added(processes.map(FileResolver(content), sources, targets))
    assert done.rows == ROWS
    found = pa.concat_tables(pq.read_table(target) for target in targets)
    assert found.cast(expected.schema).replace_schema_metadata().equals(expected)


def test_a_broken_file_is_named_and_leaves_nothing(
    content: Content, tmp_path: Path, processes: ProcessPoolExecutor
) -> None:
    source = tmp_path / "in.parquet"
    source.write_bytes(b"PAR1 and no more")
    with pytest.raises(FileRefused, match=r"“in.parquet” is not a Parquet file, or it is damaged"):
        processes.submit(FileResolver(content), source, tmp_path / "out.parquet").result()
    assert list(tmp_path.iterdir()) == [source]


def test_what_it_adds_is_known_before_and_has_a_name_of_its_own(content: Content) -> None:
    resolver = PartitionResolver.of(content, ["school_id"], Wanted(prefix="x_"))
    part = pd.DataFrame({"school_id": [54, 99_999]}, index=[7, 9])
    found = pickle.loads(pickle.dumps(resolver))(part)
    assert resolver.added.names == [f"x_{name}" for name in COLUMNS]
    assert list(found) == ["school_id", *resolver.added.names]
    assert found.index.tolist() == [7, 9]
    assert found["x_provider_status"].tolist() == ["resolved", "unknown"]
    with pytest.raises(InputRefused, match="“provider_code” already"):
        PartitionResolver.of(content, ["school_id", "provider_code"])
