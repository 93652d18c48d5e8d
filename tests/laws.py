"""How much of laws and of long tables is tried: a little each time, all of it in CI."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, settings

AT_LENGTH = 100
"""Examples that Hypothesis tries by itself."""
QUICK, FEW = 10, 3
"""Of a hundred; but never fewer than these."""

CASES = 4
"""Of a table that is longer; every one where it is marked `every_case`."""

# No law is about how fast a machine is.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=QUICK, **_PATIENT)
settings.register_profile("thorough", max_examples=AT_LENGTH, **_PATIENT)


def load(*, thorough: bool) -> None:
    """Choose the profile; modules with laws must not have been imported yet."""
    settings.load_profile("thorough" if thorough else "quick")


def at_length() -> bool:
    """Whether laws are tried at length now."""
    return settings.default.max_examples == AT_LENGTH


def examples(number: int) -> int:
    """How many examples a law is tried on now that is tried on so many at length."""
    return number if at_length() else max(min(FEW, number), number * QUICK // AT_LENGTH)


def some_of_each_table(items: Iterable[pytest.Item], *, run: str) -> set[pytest.Item]:
    """The tests of a run: of a long table some cases, others each run, the same for its workers."""
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    chance, some = random.Random(run or None), set[pytest.Item]()
    for cases in tables.values():
        whole = len(cases) <= CASES or cases[0].get_closest_marker("every_case")
        some.update(cases if whole else chance.sample(cases, CASES))
    return some
