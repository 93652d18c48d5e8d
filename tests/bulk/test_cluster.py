"""The same answers on a cluster: two worker processes on this machine, one of which is killed."""

from __future__ import annotations

import importlib
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, KilledWorker, LocalCluster, WorkerPlugin

from catchments.bulk.cluster import Content, resolve, resolve_folder
from catchments.bulk.columns import Wanted
from catchments.bulk.files import resolve_file
from catchments.bulk.output_columns import COLUMNS, TEXT
from catchments.bulk.partition import PartitionResolver
from catchments.core.errors import FileRefused, InputRefused, NothingPublished
from catchments.lookup.snapshot import Snapshot
from tests.waiting import PATIENCE_S
from tests.worlds import TODAY, small_edition, small_release, sqlite_url

pytestmark = [
    pytest.mark.thorough,
    # Dask's Parquet reader still says `inplace`, which pandas 3.1 is about to leave out.
    pytest.mark.filterwarnings(
        "ignore:The inplace keyword in DataFrame.reset_index:pandas.errors.Pandas4Warning"
    ),
]
PARTITIONS = 6
ROWS = 40
"""Of each partition."""
SYNCHRONOUS = {"scheduler": "synchronous"}


def test_where_dask_is_not_installed_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.delayed", None)
    monkeypatch.delitem(sys.modules, "catchments.bulk.cluster")
    with pytest.raises(ModuleNotFoundError, match=r"run .*bulk/cluster-requirements\.txt"):
        importlib.import_module("catchments.bulk.cluster")


def points() -> pd.DataFrame:
    """Points all over the small world, near its edges, on the Chathams, and some that are none."""
    rng = np.random.default_rng(84)
    count = PARTITIONS * ROWS
    lng, lat = rng.uniform(173.9, 176.1, count), rng.uniform(-40.1, -37.9, count)
    lng[::7] = np.round(lng[::7])
    lng[::11], lat[::11] = -176.5, -44.0
    lng[::13] = np.nan
    lng[::17], lat[::17] = lat[::17].copy(), lng[::17].copy()
    return pd.DataFrame({"id": [f"ā{at}" for at in range(count)], "Lng": lng, "Lat": lat})


@pytest.fixture(scope="module")
def content() -> Content:
    return Content(small_edition(number=1), small_release(number=1), TODAY)


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files."""
    folder = tmp_path_factory.mktemp("points")
    whole = points()
    for part in range(PARTITIONS):
        rows = whole.iloc[part * ROWS : (part + 1) * ROWS]
        rows.to_parquet(folder / f"part-{part}.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def one_file(content: Content, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The same points by way of a file."""
    folder = tmp_path_factory.mktemp("file")
    points().to_parquet(folder / "in.parquet", index=False)
    world = Snapshot.of(content.edition, content.release)
    resolve_file(folder / "in.parquet", folder / "out.parquet", world, on=TODAY)
    return pq.read_table(folder / "out.parquet").to_pandas(strings_to_categorical=False)


def read_folder(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder).to_pandas(strings_to_categorical=False)


def same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Rows and values are the same; pandas has several types of text, and of dates."""
    texts = ["id", *(name for name, kind in COLUMNS.items() if kind in (TEXT, pa.string()))]
    kinds = {**dict.fromkeys(texts, "str"), "provider_directory_release": "object"}
    one, other = (frame.reset_index(drop=True).astype(kinds) for frame in (one, other))
    pd.testing.assert_frame_equal(one, other)


# --- without a cluster ----------------------------------------------------------------------------


def test_a_data_frame_gets_the_answers_of_a_file(
    data_set: Path, content: Content, one_file: pd.DataFrame
) -> None:
    frame = dd.read_parquet(data_set)
    with_answers = resolve(frame, content)
    found = with_answers.compute(scheduler="synchronous")
    assert frame.npartitions == with_answers.npartitions == PARTITIONS
    assert with_answers.dtypes.to_dict() == found.dtypes.to_dict()
    same_rows(found, one_file)
    assert {"resolved", "unresolved", "refused"} == set(found["provider_status"])


def test_index_and_divisions_stay_as_they_are(content: Content) -> None:
    frame = dd.from_pandas(
        pd.DataFrame({"school_id": [54, 55, 99_999]}, index=[10, 20, 30]), npartitions=3
    )
    with_answers = resolve(frame, content, wanted=Wanted(prefix="x_"))
    found = with_answers.compute(scheduler="synchronous")
    assert frame.divisions == with_answers.divisions
    assert found.index.tolist() == [10, 20, 30]
    assert found["x_catchment_code"].tolist()[:2] == ["AHI-1", "KOW-2"]
    assert found["x_provider_status"].tolist() == ["resolved", "resolved", "unknown"]


@pytest.mark.parametrize(
    ("columns", "wanted", "refusal", "said"),
    [
        (("a", "b"), Wanted(), FileRefused, "“the data frame” has no column that says"),
        (("lng", "lat"), Wanted(crs="EPSG:9"), InputRefused, "“EPSG:9” is not known"),
        (("school_id", "provider_code"), Wanted(), InputRefused, "“provider_code” already"),
    ],
)
def test_a_data_frame_that_will_not_do_is_refused_before_anything_is_computed(
    columns: tuple[str, ...], wanted: Wanted, refusal: Any, said: str, content: Content
) -> None:
    frame = dd.from_pandas(pd.DataFrame({name: [1] for name in columns}), npartitions=1)
    with pytest.raises(refusal, match=said):
        resolve(frame, content, wanted=wanted)


def test_content_is_what_holds_on_a_date_and_travels(small_database: Path) -> None:
    for database in (str(small_database), sqlite_url(small_database)):
        content = Content.of(database, on=date(2026, 3, 3))
        assert (content.edition.number, content.release.number) == (1, 1)
        assert pickle.loads(pickle.dumps(content)).identity == content.identity
    with pytest.raises(NothingPublished, match="No edition is in force on 2020-01-01"):
        Content.of(str(small_database), on=date(2020, 1, 1))


def test_contents_that_differ_are_not_taken_for_each_other(content: Content) -> None:
    other = Content(small_edition(number=1, listings={}), content.release, TODAY)
    part = pd.DataFrame({"school_id": [57]})
    codes = {
        each.identity: PartitionResolver.of(each, part.columns)(part)["catchment_code"].item()
        for each in (content, other, content)
    }
    assert list(codes.values()) == ["RIM-3", "TOT-4"]


def test_a_data_frame_is_written_as_files_that_hold_the_same_types(
    data_set: Path, content: Content, one_file: pd.DataFrame, tmp_path: Path
) -> None:
    with_answers = resolve(dd.read_parquet(data_set), content)
    with_answers.to_parquet(tmp_path / "out", write_index=False, compute_kwargs=SYNCHRONOUS)
    written = pq.read_table(tmp_path / "out")
    for name, kind in COLUMNS.items():
        is_text = kind in (TEXT, pa.string())
        assert written.schema.field(name).type == (pa.large_string() if is_text else kind)
    same_rows(written.to_pandas(), one_file)


def test_a_folder_gets_the_answers_of_a_file(
    data_set: Path, content: Content, one_file: pd.DataFrame, tmp_path: Path
) -> None:
    with dask.config.set(**SYNCHRONOUS):
        done = resolve_folder(data_set, tmp_path / "out", content)
        assert done.rows == sum(done.statuses.values()) == PARTITIONS * ROWS
        same_rows(read_folder(tmp_path / "out"), one_file)
        names = [path.name for path in sorted((tmp_path / "out").iterdir())]
        assert names == [path.name for path in sorted(data_set.iterdir())]
        with pytest.raises(InputRefused, match="“out” already"):
            resolve_folder(data_set, tmp_path / "out", content)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_folders_that_say_something_stay_as_they_are(content: Content, tmp_path: Path) -> None:
    for region in ("a", "b"):
        part = tmp_path / "in" / f"region={region}" / "x.parquet"
        part.parent.mkdir(parents=True)
        pd.DataFrame({"school_id": [54]}).to_parquet(part)
    with dask.config.set(**SYNCHRONOUS):
        resolve_folder(tmp_path / "in", tmp_path / "out", content, wanted=Wanted(prefix="x_"))
    assert pq.read_table(tmp_path / "out")["region"].to_pylist() == ["a", "b"]


def broken_at_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def broken_within(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)


@pytest.mark.parametrize("breaking", [broken_at_the_end, broken_within])
def test_a_folder_with_broken_files_names_them_and_nothing_is_written(
    breaking: Callable[[Path], None], data_set: Path, content: Content, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(data_set, folder)
    for part in (2, 4):
        breaking(folder / f"part-{part}.parquet")
    with dask.config.set(**SYNCHRONOUS), pytest.raises(FileRefused) as refused:
        resolve_folder(folder, tmp_path / "out", content)
    assert "part-2.parquet" in str(refused.value)
    if breaking is broken_within:
        assert "2 of the 6 files" in str(refused.value)
        assert "part-4.parquet" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


# --- with one -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two worker processes, each with a nanny that starts it again."""
    with (
        dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE_S}s"}),
        LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any free port
            host="127.0.0.1",
        ) as made,
    ):
        yield made


def killing(marker: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Kill, once, the worker process that does this."""

    def kill_once(part: pd.DataFrame) -> pd.DataFrame:
        import os
        import signal

        try:
            with marker.open("x") as killed:
                killed.write(str(os.getpid()))
        except FileExistsError:
            return part
        os.kill(os.getpid(), signal.SIGKILL)
        return part

    return kill_once


def test_two_workers_give_the_same_rows_and_one_that_is_killed_costs_a_retry(
    cluster: LocalCluster,
    data_set: Path,
    content: Content,
    one_file: pd.DataFrame,
    tmp_path: Path,
) -> None:
    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        frame = dd.read_parquet(data_set)
        before = set(client.run(_pid).values())
        same_rows(resolve(frame, content).compute(), one_file)
        with_answers = resolve(frame, content)
        stumbling = with_answers.map_partitions(killing(tmp_path / "killed"), meta=with_answers)
        same_rows(stumbling.compute(), one_file)
    assert len(before) == 2
    assert int((tmp_path / "killed").read_text()) in before


def _pid() -> int:
    import os

    return os.getpid()


class Killing(WorkerPlugin):
    """Kills each worker that begins with a file, or the first: as a file in `orders` has it.

    It stays: to take it away asks each worker, one of which may just be dying.
    """

    def __init__(self, orders: Path) -> None:
        self._each, self._first = orders / "each", orders / "first"

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:  # noqa: ARG002
        begins = finish == "executing" and str(key).startswith("_file_resolved")
        if begins and (self._each.exists() or self._is_first()):
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_first(self) -> bool:
        with suppress(FileNotFoundError):
            self._first.unlink()
            return True
        return False


def test_a_worker_that_dies_with_a_file_costs_a_retry_and_those_that_always_die_leave_nothing(
    cluster: LocalCluster,
    data_set: Path,
    content: Content,
    one_file: pd.DataFrame,
    tmp_path: Path,
) -> None:
    orders, target = tmp_path / "orders", tmp_path / "to" / "out"
    orders.mkdir()
    target.parent.mkdir()
    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        client.register_plugin(Killing(orders), name="killing")
        (orders / "each").touch()
        cluster.scheduler.allowed_failures = 0
        with pytest.raises(KilledWorker):
            resolve_folder(data_set, target, content)
        assert list(target.parent.iterdir()) == []
        (orders / "each").rename(orders / "first")
        cluster.scheduler.allowed_failures = 3
        resolve_folder(data_set, target, content)
    assert list(orders.iterdir()) == [], "one was killed"
    same_rows(read_folder(target), one_file)
