"""Towns and suburbs carry the macrons that are official, and nothing else is altered."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.place_names import OFFICIAL, with_macrons
from catchments.core.settings import ROOT
from catchments.core.text_folding import folded

DIRECTORY = ROOT.parent / "shared" / "data" / "schooldirectory-2021-09-25.csv"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Kaitaia", "Kaitāia"),
        ("Otahuhu", "Ōtāhuhu"),
        ("Taupo", "Taupō"),
        ("Whakatane", "Whakatāne"),
        ("Otorohanga", "Ōtorohanga"),
        ("Mangere East", "Māngere East"),
        ("OPOTIKI", "Ōpōtiki"),
        ("Kaitāia", "Kaitāia"),
    ],
)
def test_a_name_without_its_macrons_is_given_them(given: str, shown: str) -> None:
    assert with_macrons(given) == shown


@pytest.mark.parametrize(
    "place",
    [
        "",
        "Tauranga",
        "Wanganui",
        "Whanganui",
        "Otumoetai",
        "Papamoa",
        "Oakura",
        "Taupo Bay",
        "RD 1, Kaitaia",
        "Nelson",
        "Chatham Islands",
        "{{7*191}}</script>",
        "🏫",
    ],
)
def test_what_is_not_known_stays_as_it_is(place: str) -> None:
    assert with_macrons(place) == place


@given(st.text(max_size=60))
def test_a_name_means_the_same_to_whoever_looks_for_it_and_is_mended_once(text: str) -> None:
    assert folded(with_macrons(text)) == folded(text)
    assert with_macrons(with_macrons(text)) == with_macrons(text)


def test_every_name_is_there_once_with_a_macron_and_in_composed_letters() -> None:
    assert len(set(map(folded, OFFICIAL))) == len(OFFICIAL)
    assert [name for name in OFFICIAL if not set(name) & set("āēīōūĀĒĪŌŪ")] == []


@pytest.mark.skipif(not DIRECTORY.exists(), reason="the directory of 2021 is not here")
def test_almost_every_name_occurs_in_the_directory() -> None:
    with DIRECTORY.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    said = {folded(row[name]) for row in rows for name in ("Add1_Suburb", "Add1_City")}
    assert {name for name in OFFICIAL if folded(name) not in said} == {"Ōhope"}
