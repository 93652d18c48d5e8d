"""Fixtures of the tests of requests for support."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requests.desk import Desk, desk_at


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A made-up world of its own, which a test may change."""
    made = desk_at(tmp_path)
    yield made
    made.database.close()
