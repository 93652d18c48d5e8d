"""The rates of chronic absence that staff have set, and who set them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catchments.core.errors import InputRefused, shown
from catchments.core.model import EDUCATION_REGIONS
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append

OTHERS = ""
"""Stands for all regions without a rate of their own."""
SOURCE_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class StatedRate:
    """A rate as staff set it."""

    education_region: str
    """Empty for all regions without a rate of their own."""
    rate: float
    """Chronically absent students as a share of the roll, 0…1."""
    source: str
    """Where it comes from, in words."""
    set_by: str
    """A name."""
    set_at: datetime


@dataclass(frozen=True, slots=True)
class RateGiven:
    """A rate that somebody sets; None takes it away again."""

    rate: float | None
    source: str = ""


class AbsenceRates(Repository):
    """The rates of a store."""

    def stated(self) -> dict[str, StatedRate]:
        """Return the rates that are set, by region; what is not set is not there."""
        found = self._read(schema.absence_rate.select(), StatedRate)
        return {rate.education_region: rate for rate in found}

    def set(self, given: Mapping[str, RateGiven], *, by: Person) -> list[str]:
        """Set rates, all or none, and return the regions whose rate or source is another now.

        Raises InputRefused for a region that is none, a rate outside 0…1 or one without a source.
        """
        for region, each in given.items():
            _refuse_unfit(region, each)
        table = schema.absence_rate
        altered = []
        with self._database.writing() as connection:
            kept = {row.education_region: row for row in connection.execute(table.select())}
            for region, each in given.items():
                before = kept.get(region)
                was = (before.rate, before.source) if before else (None, "")
                source = each.source.strip() if each.rate is not None else ""
                if was == (each.rate, source):
                    continue
                connection.execute(table.delete().where(table.c.education_region == region))
                if each.rate is not None:
                    row = StatedRate(region, each.rate, source, by.name, now())
                    values = {name: getattr(row, name) for name in StatedRate.__slots__}
                    connection.execute(table.insert().values(**values))
                append(
                    connection,
                    actor=by.login,
                    action="rate.set",
                    subject=f"rate {region or 'all other regions'}",
                    before=was[0],
                    rate=each.rate,
                    source=source,
                )
                altered.append(region)
        return altered


def _refuse_unfit(region: str, given: RateGiven) -> None:
    if region and region not in EDUCATION_REGIONS:
        raise InputRefused(
            f"{shown(region)} is no education region.",
            field="region",
            allowed=f"There are {len(EDUCATION_REGIONS)}, each spelt as the Ministry does.",
        )
    if given.rate is None:
        return
    if not math.isfinite(given.rate) or not 0 <= given.rate <= 1:
        raise InputRefused(
            f"A rate of {shown(given.rate)} cannot be.",
            field=region,
            allowed="It is a share of the roll, from 0 to 1.",
            next_step="Give it in per cent, from 0 to 100.",
        )
    if not given.source.strip() or len(given.source) > SOURCE_AT_MOST:
        raise InputRefused(
            "A rate needs a source." if not given.source.strip() else "The source is too long.",
            field=region,
            allowed=f"Say where the rate comes from, in up to {SOURCE_AT_MOST:,} characters.",
        )
