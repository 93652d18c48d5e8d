"""One function a partition: what any engine with a map over partitions, or over files, takes.

Whoever starts the job reads an edition and a directory release once; they travel with the function,
which can be pickled, and each process that runs it compiles them once. So workers need no database.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from catchments.bulk.columns import Wanted, choose, refuse_clash
from catchments.bulk.files import Summary, resolve_file
from catchments.bulk.input_columns import How, check_crs
from catchments.bulk.output_columns import COLUMNS, Answering, identity_of
from catchments.core.errors import NothingPublished
from catchments.core.model import DirectoryRelease, Edition
from catchments.core.settings import database_url
from catchments.lookup.snapshot import Snapshot, Timeline
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.runtime.recent import Recent
from catchments.store import Store

CONTENTS_KEPT = 2
"""By each process: some hundred megabytes each."""
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


@dataclass(frozen=True)
class PartitionResolver:
    """Puts the answers' columns beside those of a partition. It can be pickled.

    Columns of points are not read here: give longitudes and latitudes, WGS 84 degrees or in the CRS
    that is wanted.
    """

    content: Content
    how: How
    prefix: str = ""

    @classmethod
    def of(
        cls, content: Content, columns: Iterable[str], wanted: Wanted | None = None
    ) -> PartitionResolver:
        """Choose among the names of the columns that each partition has.

        Raises FileRefused and InputRefused as `files.resolve_file` does.
        """
        wanted, names = wanted or Wanted(), list(map(str, columns))
        how = How(choose("the data frame", names, wanted), wanted.crs)
        check_crs(wanted.crs)
        refuse_clash("the data frame", names, COLUMNS, wanted.prefix)
        return cls(content, how, wanted.prefix)

    @property
    def added(self) -> Any:
        """An Arrow schema of the columns that it adds: texts are plain, no dictionaries."""
        return pa.schema([(self.prefix + name, _plain(kind)) for name, kind in COLUMNS.items()])

    def __call__(self, part: pd.DataFrame) -> pd.DataFrame:
        """Return a pandas data frame with the answers' columns beside its own."""
        questions = {name: pa.array(part[name], from_pandas=True) for name in self._asked}
        arrays = self._answers(questions)
        return beside(part, arrays, self.prefix)

    def arrow(self, part: Any) -> Any:
        """Return an Arrow table, or a batch of one, with the answers' columns beside its own."""
        answers = self._answers({name: part.column(name) for name in self._asked})
        columns = [*part.columns, *(a.cast(_plain(a.type)) for a in answers)]
        return type(part).from_arrays(columns, schema=pa.schema([*part.schema, *self.added]))

    @property
    def _asked(self) -> list[str]:
        chosen = self.how.chosen
        return list(filter(None, (chosen.school_id, chosen.lng, chosen.lat)))

    def _answers(self, questions: dict[str, Any]) -> list[Any]:
        return _answering(self.content).columns(questions, self.how)


@dataclass(frozen=True)
class FileResolver:
    """Writes the answers to one file to another, as `files.resolve_file`. It can be pickled."""

    content: Content
    wanted: Wanted = field(default_factory=Wanted)
    replace: bool = False

    def __call__(self, source: Path, target: Path) -> Summary:
        """Write a file with answers; it is there whole or not at all.

        Raises FileRefused for a source that cannot be read, by name, and InputRefused for a target.
        """
        snapshot, on = _answering(self.content).snapshot, self.content.on
        return resolve_file(
            source, target, snapshot, on=on, wanted=self.wanted, replace=self.replace
        )


def beside(part: pd.DataFrame, arrays: Iterable[Any], prefix: str) -> pd.DataFrame:
    """Return a pandas data frame with columns of answers beside its own."""
    answers = zip(COLUMNS, arrays, strict=True)
    return part.assign(**{prefix + name: _series(array, part.index) for name, array in answers})


def _answering(content: Content) -> Answering:
    with _compiling:  # the threads of a worker wait for the first of them
        return _kept.get(
            content.identity,
            lambda: Answering(Snapshot.of(content.edition, content.release), content.on),
        )


def _series(array: Any, index: Any) -> pd.Series[Any]:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type):
        return pd.Series(pd.array(array, dtype="str"), index=index)
    if pa.types.is_date(array.type):  # else objects, of which Dask cannot tell what they are
        return pd.Series(pd.array(array, dtype=pd.ArrowDtype(array.type)), index=index)
    return pd.Series(array.to_pandas().to_numpy(), index=index)


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
