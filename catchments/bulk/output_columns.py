"""Answers as Arrow columns, put beside the columns that asked: the same in files and clusters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catchments.bulk.input_columns import PROBLEMS, UNKNOWN, Asked, How, asked
from catchments.bulk.resolving import BASES, STATUSES, BatchResolver, Outcomes
from catchments.core.model import DirectoryRelease, Edition
from catchments.core.plain_cells import harmless
from catchments.lookup.snapshot import Snapshot, boundaries_fingerprint

TEXT = pa.dictionary(pa.int32(), pa.string())
COLUMNS = {
    "catchment_code": TEXT,
    "catchment_name": TEXT,
    "provider_code": TEXT,
    "provider_name": TEXT,
    "provider_status": TEXT,
    "provider_basis": TEXT,
    "provider_distance_m": pa.float32(),
    "provider_alternatives": pa.string(),
    "provider_in_school_provision": TEXT,
    "provider_problem": TEXT,
    "provider_edition": pa.int32(),
    "provider_directory_release": pa.date32(),
    "provider_demonstration": pa.bool_(),
}
"""What every row gets. The last three say where it is from: rows are copied out of files."""
METADATA = b"catchments"
"""Under this name a Parquet file says, as JSON, what its answers were made from."""
BETWEEN_CODES = "; "
_REFUSED, _UNKNOWN = STATUSES.index("refused"), STATUSES.index("unknown")

Numbers = npt.NDArray[np.integer[Any]]
Texts = tuple[npt.NDArray[np.int32], Any]
"""For each number its place among an Arrow array of texts; one more at the end, for -1."""


def identity_of(edition: Edition, release: DirectoryRelease) -> str:
    """Return a digest that differs wherever any answer from these might."""
    digest = hashlib.sha256(boundaries_fingerprint(edition.boundaries))
    of_edition = (edition.catchments, edition.providers, edition.listings)
    for each in (*of_edition, edition.in_school_provision):
        digest.update(repr(sorted(each.items())).encode())
    digest.update(repr((sorted(edition.unserved), edition.number, release.number)).encode())
    for schools in (release.schools, release.former):
        digest.update(repr(sorted(schools.items(), key=itemgetter(0))).encode())
    return digest.hexdigest()


class Answering:
    """Answers for tables, from one snapshot. Safe to share between threads."""

    def __init__(self, snapshot: Snapshot, on: date, *, for_spreadsheets: bool = False) -> None:
        self.snapshot = snapshot
        self.on = on
        self._resolver = BatchResolver(snapshot)
        self._for_spreadsheets = for_spreadsheets
        self._constants = self._made_constants(0)

    @cached_property
    def origin(self) -> dict[str, Any]:
        """What the answers are made from, fit for JSON."""
        edition, release = self.snapshot.edition, self.snapshot.release
        return {
            "edition": edition.number,
            "directory_release": release.released.isoformat(),
            "as_at": self.on.isoformat(),
            "demonstration": self.snapshot.demonstration,
            "sources": [
                {
                    "kind": str(source.kind),
                    "title": source.title,
                    "authority": source.authority,
                    "licence": source.licence,
                    "release": source.release,
                }
                for source in (*edition.sources, release.source)
            ],
        }

    def metadata(self, of_input: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
        """Return a schema's metadata: all that the input's has, and where the answers are from."""
        return {**(of_input or {}), METADATA: json.dumps(self.origin, ensure_ascii=False).encode()}

    def columns(self, questions: Mapping[str, Any], how: How) -> list[Any]:
        """Return an Arrow array for each of COLUMNS, a row each row of the questions.

        `questions` are Arrow columns by name. Raises FileRefused for a type that will not do.
        """
        question = asked(questions, how)
        return self._as_columns(question, self._outcomes(question))

    def _outcomes(self, question: Asked) -> Outcomes:
        if question.numbers is not None:
            return self._resolver.schools(question.numbers)
        assert question.lng is not None  # noqa: S101 - then it asks for places
        assert question.lat is not None  # noqa: S101
        return self._resolver.points(lng=question.lng, lat=question.lat)

    def _as_columns(self, question: Asked, outcomes: Outcomes) -> list[Any]:
        bad = question.problems > 0
        status = np.where(bad, _REFUSED, outcomes.status)
        problems = np.where(~bad & (status == _UNKNOWN), UNKNOWN, question.problems)
        texts, (no_provision, *whence) = self._texts, self._constant_columns(len(outcomes))
        return [
            _named(outcomes.catchment, texts["catchment_code"]),
            _named(outcomes.catchment, texts["catchment_name"]),
            _named(outcomes.provider, texts["provider_code"]),
            _named(outcomes.provider, texts["provider_name"]),
            _named(status, texts["provider_status"]),
            _named(outcomes.basis, texts["provider_basis"], none=0),
            pa.array(outcomes.distance_m, mask=np.isnan(outcomes.distance_m)),
            self._alternatives(outcomes),
            no_provision
            if question.numbers is None
            else self._in_school_provision(question.numbers),
            _named(problems, texts["provider_problem"], none=0),
            *whence,
        ]

    @cached_property
    def _texts(self) -> dict[str, Texts]:
        catchments, providers = self.snapshot.edition.catchments, self.snapshot.edition.providers
        codes, served_by = self._resolver.codes, self._resolver.providers
        texts = {
            "catchment_code": codes,
            "catchment_name": [catchments[code].name for code in codes],
            "provider_code": served_by,
            "provider_name": [providers[code].name for code in served_by],
            "provider_status": STATUSES,
            "provider_basis": BASES,
            "provider_problem": PROBLEMS,
        }
        return {name: self._texts_of(list(values)) for name, values in texts.items()}

    def _texts_of(self, values: Sequence[str]) -> Texts:
        safe = list(map(self._safe, values))
        # Once each: pandas takes a column's dictionary for its categories, and names repeat.
        at = {text: number for number, text in enumerate(dict.fromkeys(safe))}
        numbers = np.array([*(at[text] for text in safe), 0], dtype=np.int32)
        return numbers, pa.array(list(at), TEXT.value_type)

    def _safe(self, text: str) -> str:
        return str(harmless(text)) if self._for_spreadsheets else text

    def _alternatives(self, outcomes: Outcomes) -> Any:
        named = outcomes.alternatives
        at = {codes: number for number, codes in enumerate(dict.fromkeys(named.values()))}
        texts = [self._safe(BETWEEN_CODES.join(codes)) for codes in at]
        numbers = np.full(len(outcomes), -1, dtype=np.int32)
        numbers[list(named)] = [at[codes] for codes in named.values()]
        return pa.array(texts, pa.string()).take(pa.array(numbers, mask=numbers == -1))

    def _in_school_provision(self, numbers: Numbers) -> Any:
        """Return what schools have beside their catchments' providers."""
        schools, texts = self._provision
        if not len(schools):
            return _named(np.full(len(numbers), -1), texts)
        at = np.searchsorted(schools, numbers).clip(max=len(schools) - 1)
        return _named(np.where(schools[at] == numbers, at, -1), texts)

    @cached_property
    def _provision(self) -> tuple[Numbers, Texts]:
        notes = dict(sorted(self.snapshot.edition.in_school_provision.items()))
        return np.array(list(notes), dtype=np.int64), self._texts_of(list(notes.values()))

    def _constant_columns(self, count: int) -> Sequence[Any]:
        """Return the columns that are alike in all rows; batches share their memory."""
        kept = self._constants
        if len(kept[0]) < count:
            kept = self._constants = self._made_constants(count)
        return [column.slice(0, count) for column in kept]

    def _made_constants(self, count: int) -> Sequence[Any]:
        origin = self.origin
        number = pa.scalar(origin["edition"], pa.int32())
        released = pa.scalar(self.snapshot.release.released, pa.date32())
        return [
            _named(np.full(count, -1), self._provision[1]),
            pa.repeat(number, count),
            pa.repeat(released, count),
            pa.repeat(pa.scalar(origin["demonstration"]), count),
        ]


def _named(numbers: Numbers, texts: Texts, *, none: int = -1) -> Any:
    """Return the texts that numbers stand for, null for the number that stands for none."""
    places, values = texts
    indices = pa.array(places.take(numbers, mode="wrap"), mask=numbers == none)
    return pa.DictionaryArray.from_arrays(indices, values)
