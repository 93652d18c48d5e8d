"""Servers that start at once on an empty database: one publishes the demonstration, for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catchments.commands import setup
from catchments.core.model import DirectoryRelease, Edition
from catchments.readers import demonstration
from catchments.store import Store
from maps import MAKER
from tests.worlds import opened, publish_whole, small_edition, small_release


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "empty.sqlite") as made:
        yield made


def set_up_while(store: Store, monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    """Set up, and let others finish theirs while the demonstration is being built."""

    def read(**_: Any) -> tuple[Edition, DirectoryRelease]:
        for _other in range(others):
            store.add_release(small_release())
            publish_whole(store, small_edition())
        return small_edition(), small_release()

    monkeypatch.setattr(demonstration, "read_demonstration", read)
    monkeypatch.setattr(demonstration, "demonstration_aliases", lambda _: ())
    setup.prepare(store)


@pytest.mark.parametrize("others", [0, 1])
def test_the_demonstration_is_published_once_however_many_servers_start(
    others: int, empty: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_while(empty, monkeypatch, others)
    assert [e.number for e in empty.editions()] == [1]
    assert len(empty.releases()) == 1
    assert empty.editions_without_artefacts(MAKER) == []
    assert ("Another server has published it" in capsys.readouterr().out) == bool(others)
