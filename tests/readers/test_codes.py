"""Codes made of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import Edition
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.codes import MADE_AT_MOST, code_of, provider_code
from catchments.readers.lists.providers import read_providers


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Kaitāia", "KAITAIA"),
        ("kaitaia  north", "KAITAIA-NORTH"),
        ("St Joseph's Trust", "ST-JOSEPHS-TRUST"),
        ("A & B", "A-B"),
    ],
)
def test_a_code_is_the_name_in_capitals_without_marks(name: str, expected: str) -> None:
    assert code_of(name) == expected


@given(st.text(min_size=1))
def test_every_name_gets_a_short_ascii_code(name: str) -> None:
    code = code_of(name)
    assert code.isascii()
    assert 1 <= len(code) <= MADE_AT_MOST
    assert not set(code) & set(" '\"<>{}")


def test_long_names_that_begin_alike_get_codes_of_their_own() -> None:
    assert code_of("a" * 100 + "b") != code_of("a" * 100 + "c")


def test_a_provider_of_the_map_and_of_a_table_is_one(tmp_path: Path) -> None:
    square = "POLYGON ((174 -36, 175 -36, 175 -35, 174 -36))"
    drawn = tmp_path / "map.csv"
    drawn.write_text(f'WKT,name,provider\n"{square}",A,Te Pokapū Trust\n', encoding="utf-8")
    table = tmp_path / "providers.csv"
    table.write_text("Provider,Phone\nTe Pokapu Trust,0800 000 000\n", encoding="utf-8")
    said = {"authority": "A", "licence": "L", "release": "R"}
    from_map = read_boundaries([drawn], **said).providers
    assert (
        list(read_providers([table], known=Edition()).providers)
        == list(from_map)
        == [provider_code("Te Pokapū Trust")]
    )
