"""The bulk resolver on Dask: a data set on many workers, row for row the same answers.

What a partition, or a file, is put through is `catchments.bulk.partition`. A worker that dies takes
nothing with it: the scheduler has another do its partitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from catchments.bulk.columns import Wanted
from catchments.bulk.files import Summary
from catchments.bulk.input_columns import How
from catchments.bulk.output_columns import COLUMNS
from catchments.bulk.parquet_folder import ParquetFiles, parts_of
from catchments.bulk.partition import Content, FileResolver, PartitionResolver, beside
from catchments.bulk.targets import building_folder, folder_there
from catchments.core.errors import FileRefused, shown

try:
    from dask.delayed import delayed
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Dask is not installed here, since the service does without: run "
        "`scripts/environment catchments/bulk/cluster-requirements.txt`.",
        name=missing.name,
    ) from missing

__all__ = ["Content", "resolve", "resolve_folder"]


def resolve(frame: Any, content: Content, *, wanted: Wanted | None = None) -> Any:
    """Return a Dask data frame with the answers' columns beside its own; nothing is computed yet.

    Partitions, index and divisions stay as they are. The answers' columns are those of
    `output_columns.COLUMNS`. Raises as `PartitionResolver.of` does.
    """
    resolver = PartitionResolver.of(content, frame.columns, wanted)
    none = [pa.array([], kind) for kind in COLUMNS.values()]
    meta = beside(frame._meta, none, resolver.prefix)
    return frame.map_partitions(
        _resolved,
        _shared(content),
        resolver.how,
        resolver.prefix,
        meta=meta,
        enforce_metadata=False,
    )


def resolve_folder(
    source: Path, target: Path, content: Content, *, wanted: Wanted | None = None
) -> Summary:
    """Write the answers to each file of a folder of Parquet to a folder, a task a file.

    All workers must see both folders. The target has the same files in the same folders, and is
    there once all are; it is not replaced. Raises FileRefused that names every file that cannot be
    read, and InputRefused for a target that will not do.
    """
    if target.exists():
        raise folder_there(target)
    ParquetFiles(source, wanted or Wanted())  # looks at each file's end, and its columns
    parts = [part.path.relative_to(source) for part in parts_of(source)]
    with building_folder(target) as folder:
        for part in parts:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shared = _shared(content)
        one = delayed(_file_resolved)
        tasks = [one(source / part, folder / part, shared, wanted or Wanted()) for part in parts]
        outcomes = delayed(list)(tasks).compute()
        _refuse_broken(source, outcomes)
    return Summary.added(outcomes)


def _shared(content: Content) -> Any:
    """Return content that is in a graph once, by its name.

    A worker fetches it once, and again should it be restarted.
    """
    return delayed(content, name=f"content-{content.identity}", traverse=False)


def _resolved(part: pd.DataFrame, content: Content, how: How, prefix: str) -> pd.DataFrame:
    return PartitionResolver(content, how, prefix)(part)


def _file_resolved(
    source: Path, target: Path, content: Content, wanted: Wanted
) -> Summary | FileRefused:
    try:
        # A task whose worker was lost is done again, though its file may have been whole.
        return FileResolver(content, wanted, replace=True)(source, target)
    except FileRefused as error:
        return error  # others may be broken, too: all are said at once


def _refuse_broken(source: Path, outcomes: Sequence[Summary | FileRefused]) -> None:
    broken = [str(each) for each in outcomes if isinstance(each, FileRefused)]
    if broken:
        raise FileRefused(
            f"{len(broken)} of the {len(outcomes)} files of {shown(source.name)} cannot be read; "
            f"nothing was written: {' '.join(broken)}",
            next_step="Mend those files, or leave them out, and start again.",
        )
