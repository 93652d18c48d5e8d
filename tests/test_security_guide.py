"""docs/security.md: every requirement is accounted for, every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catchments.core.settings import ROOT

GUIDE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = {
    "1": (2, 9, 11, 3, 2),
    "2": (3, 3, 4, 1),
    "3": (0, 2, 4, 6, 5, 0, 2),
    "4": (3, 1, 2, 4),
    "5": (1, 3, 2, 3),
    "6": (3, 12, 4, 4, 5, 3, 0, 4),
    "7": (3, 4, 2, 5, 2, 2),
    "8": (2, 3, 1, 1),
    "9": (3, 4),
    "10": (2, 2, 4, 11, 5, 2, 3),
    "11": (2, 3, 3, 4, 1, 1),
    "12": (3, 2, 4),
    "13": (1, 5, 2, 5),
    "14": (2, 4, 3),
    "15": (3, 3, 7),
    "16": (1, 5, 4, 3, 3),
    "17": (1, 4, 2),
}
"""How many requirements of levels 1 and 2 each section of a chapter has; they come first in each.

Source: OWASP Application Security Verification Standard 5.0, https://github.com/OWASP/ASVS
"""
REQUIRED = {
    f"{chapter}.{section}.{number}"
    for chapter, counts in SECTIONS.items()
    for section, count in enumerate(counts, start=1)
    for number in range(1, count + 1)
}
_ROW = re.compile(
    r"^\| ([0-9][0-9., –]*) \| (met|partly|not met|not here|whoever runs it) \|", re.M
)
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")


def named(text: str) -> list[str]:
    """The requirements that a cell names: 6.2.1, or 6.2.1–6.2.5 and all between."""
    found: list[str] = []
    for part in text.split(", "):
        first, _, last = part.strip().partition("–")
        section, _, begins = first.rpartition(".")
        ends = last.rpartition(".")[2] if last else begins
        found += [f"{section}.{number}" for number in range(int(begins), int(ends) + 1)]
    return found


def test_every_requirement_of_levels_one_and_two_is_accounted_for_once():
    accounted = [each for cell, _ in _ROW.findall(GUIDE) for each in named(cell)]
    assert sorted(accounted) == sorted(set(accounted))
    assert set(accounted) == REQUIRED
    assert len(REQUIRED) == 253


@pytest.mark.every_case
@pytest.mark.parametrize(("path", "name"), sorted(set(_TEST.findall(GUIDE))))
def test_a_test_that_the_guide_names_is_there(path: str, name: str):
    file = Path(ROOT / path)
    assert file.is_file()
    assert not name or f"def {name}(" in file.read_text(encoding="utf-8")
