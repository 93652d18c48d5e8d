"""The bulk resolver as a Dask function: a data set on many workers, row for row the same answers.

Whoever starts the job reads an edition and a directory release once; they travel in the job itself,
and each worker process compiles them once. So workers need no database, and one that dies takes
nothing with it: the scheduler has another do its partitions.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from catchments.bulk.columns import Wanted, choose, refuse_clash
from catchments.bulk.input_columns import How, check_crs
from catchments.bulk.output_columns import COLUMNS, Answering, identity_of
from catchments.core.errors import NothingPublished
from catchments.core.model import DirectoryRelease, Edition
from catchments.core.settings import database_url
from catchments.lookup.snapshot import Snapshot, Timeline
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.runtime.recent import Recent
from catchments.store import Store

try:
    from dask.delayed import delayed
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Dask is not installed here, since the service does without: run "
        "`scripts/environment catchments/bulk/cluster-requirements.txt`.",
        name=missing.name,
    ) from missing

CONTENTS_KEPT = 2
"""By each worker process: some hundred megabytes each."""
_kept = Recent(CONTENTS_KEPT)
_compiling = threading.Lock()


@dataclass(frozen=True)
class Content:
    """What answers are made from: an edition and a directory release, whole. It can be pickled."""

    edition: Edition
    release: DirectoryRelease
    on: date

    @classmethod
    def of(cls, database: str, *, on: date | None = None) -> Content:
        """Read what holds on a date, today if None, from a database URL or an SQLite file.

        Raises NothingPublished where nothing does.
        """
        day = on or today_in_new_zealand()
        store = Store(database_url(database))
        try:
            timeline = Timeline.of(store.editions(), store.releases())
            edition, release = timeline.edition_on(day), timeline.release_on(day)
            if edition is None or release is None:
                raise NothingPublished(f"No edition is in force on {day}.")
            return cls(store.edition(edition.number), store.release(release.number), day)
        finally:
            store.close()

    @cached_property
    def identity(self) -> str:
        """A text that differs wherever any answer might."""
        return identity_of(self.edition, self.release)


def resolve(frame: Any, content: Content, *, wanted: Wanted | None = None) -> Any:
    """Return a Dask data frame with the answers' columns beside its own; nothing is computed yet.

    Partitions, index and divisions stay as they are. The answers' columns are those of
    `answering.COLUMNS`. Columns of points are not read here: give longitudes and latitudes, WGS 84
    degrees or in `wanted.crs`. Raises FileRefused and InputRefused as `files.resolve_file` does.
    """
    wanted = wanted or Wanted()
    names = list(map(str, frame.columns))
    how = How(choose("the data frame", names, wanted), wanted.crs)
    check_crs(wanted.crs)
    refuse_clash("the data frame", names, COLUMNS, wanted.prefix)
    # In the graph once, by its name; a worker fetches it once, and again should it be restarted.
    shared = delayed(content, name=f"content-{content.identity}", traverse=False)
    none = {name: _series(pa.array([], kind), frame._meta.index) for name, kind in COLUMNS.items()}
    meta = _with_answers(frame._meta, none, wanted.prefix)
    return frame.map_partitions(
        answered, shared, how, wanted.prefix, meta=meta, enforce_metadata=False
    )


def answered(part: pd.DataFrame, content: Content, how: How, prefix: str = "") -> pd.DataFrame:
    """Return a pandas data frame with the answers' columns beside its own."""
    chosen = how.chosen
    names = filter(None, (chosen.school_id, chosen.lng, chosen.lat))
    questions = {name: pa.array(part[name], from_pandas=True) for name in names}
    # A worker's threads are Dask's to share out.
    arrays = _answering(content).columns(questions, how, threads=1)
    answers = {
        name: _series(array, part.index) for name, array in zip(COLUMNS, arrays, strict=True)
    }
    return _with_answers(part, answers, prefix)


def _answering(content: Content) -> Answering:
    with _compiling:  # the threads of a worker wait for the first of them
        return _kept.get(
            content.identity,
            lambda: Answering(Snapshot.of(content.edition, content.release), content.on),
        )


def _with_answers(
    part: pd.DataFrame, answers: dict[str, pd.Series[Any]], prefix: str
) -> pd.DataFrame:
    return part.assign(**{prefix + name: series for name, series in answers.items()})


def _series(array: Any, index: Any) -> pd.Series[Any]:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type):
        return pd.Series(pd.array(array, dtype="str"), index=index)
    return pd.Series(array.to_pandas().to_numpy(), index=index)
