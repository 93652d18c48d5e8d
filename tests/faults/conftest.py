"""What several tests of faults need: a database server that may be taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.postgresql import Cluster, programs, throw_away
from tests.worlds import lacking


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, since it is taken away and brought back."""
    if programs() is None:
        lacking("PostgreSQL is not installed in /usr/lib/postgresql: its tests are left out")
    with throw_away() as made:
        yield made
