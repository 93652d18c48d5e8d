"""A typed address, parted: number, unit, road and places, and what only says where post goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.lookup.search.addresses.text import MOST_WORDS, AddressText
from catchments.lookup.search.typed_text import TypedText


def read(text: str) -> AddressText:
    return AddressText.of(TypedText.of(text))


def parts(text: str) -> dict[str, Any]:
    """What a text is parted into, without what is empty."""
    found = read(text)
    named = {
        "number": found.street_number,
        "to": str(found.numbers[-1]) if len(found.numbers) > 1 else "",
        "unit": found.unit,
        "lot": found.lot,
        "words": " ".join(found.words),
        "run": found.mail_run,
        "box": found.po_box,
        "bag": found.private_bag,
        "town": " ".join(found.mail_town),
        "postcode": found.postcode,
        "corner": found.corner and tuple(" ".join(road) for road in found.corner),
        "partial": found.is_partial,
    }
    return {name: value for name, value in named.items() if value}


RUNS = (
    *("RD 1", "RD1", "R D 1", "R.D.1", "R. D. 1", "R.D. 1", "rd 1", "Rd 1", "RD No 1", "RD no. 1"),
    *("RD #1", "RD 12", "RD 3A", "RD 3O", "Rural Delivery 5", "Rural Del 5", "Rural Del. 5"),
    *("Rural Delivery No 5", "RURAL DELIVERY 5", "Rural Delivery", "ＲＤ １"),
)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    "text",
    [
        "14 Smith Road, {run}, Kaitaia",
        "14 Smith Road, {run}, Kaitaia 0481",
        "14 Smith Road, {run} Kaitaia",
        "14 Smith Road {run}, Kaitaia",
        "14 Smith Road {run} Kaitaia 0481, New Zealand",
        "14 Smith Road, {run}, Kaitaia 0481, Northland",
        "14 Smith Road, {run}, Kaitaia, 0481 Northland",
        "14 Smith Road, Kaitaia, {run}",
        "Kaitaia, {run}, 14 Smith Road",
    ],
)
def test_rural_delivery_is_mail_in_every_spelling(run, text):
    if run == "Rural Delivery" and "{run} K" in text:
        return  # without a number it says nothing of what follows
    found = read(text.format(run=run))
    assert (found.street_number, found.words) == ("14", ("smith", "road"))
    assert found.mail_run.startswith(("r", "rural"))
    assert found.mail_town == ("kaitaia",)


PARTED: dict[str, dict[str, Any]] = {
    # What is mail alone.
    "RD 1, Kaitaia": {"run": "rd 1", "town": "kaitaia"},
    "RD 1": {"run": "rd 1"},
    "PO Box 12, Kaitaia": {"box": "po box 12", "town": "kaitaia"},
    "P.O. Box 12 Kaitaia 0441": {"box": "p o box 12", "town": "kaitaia", "postcode": "0441"},
    "P O BOX 12-345, Kaitaia": {"box": "p o box 12 345", "town": "kaitaia"},
    "Post Office Box 12, Kaitaia": {"box": "post office box 12", "town": "kaitaia"},
    "Box 12, Kaitaia": {"box": "box 12", "town": "kaitaia"},
    "POBox 12 Kaitaia": {"box": "pobox 12", "town": "kaitaia"},
    "Private Bag 1234, Kaitaia": {"bag": "private bag 1234", "town": "kaitaia"},
    "Private Bag, Kaitaia": {"bag": "private bag", "town": "kaitaia"},
    "Bag 12, Kaitaia": {"bag": "bag 12", "town": "kaitaia"},
    "Community Mail Box 3, Kaitaia": {"box": "community mail box 3", "town": "kaitaia"},
    # Mail beside an address.
    "9 Broadway, PO Box 3, Kaitaia": {
        "number": "9",
        "words": "broadway",
        "box": "po box 3",
        "town": "kaitaia",
    },
    "PO Box 3, 9 Broadway, Kaitaia": {
        "number": "9",
        "words": "broadway kaitaia",
        "box": "po box 3",
    },
    "14 Smith Road, Awanui, RD 1, Kaitaia": {
        "number": "14",
        "words": "smith road awanui",
        "run": "rd 1",
        "town": "kaitaia",
    },
    "14 Smith Road Kaitaia RD 1": {
        "number": "14",
        "words": "smith road",
        "run": "rd 1",
        "town": "kaitaia",
    },
    "14 Smith Road, RD 1, Kaitaia, PO Box 3, Awanui": {
        "number": "14",
        "words": "smith road",
        "run": "rd 1",
        "box": "po box 3",
        "town": "awanui",
        "partial": True,
    },
    "8 The Strand RD 1 Kaitaia": {
        "number": "8",
        "words": "the strand",
        "run": "rd 1",
        "town": "kaitaia",
    },
    # A road's type, a road's name, a box hedge.
    "Smith Rd 12, Kaitaia": {"words": "smith rd 12 kaitaia"},
    "12 Smith Rd, Kaitaia": {"number": "12", "words": "smith rd kaitaia"},
    "12 Box Hill Road": {"number": "12", "words": "box hill road"},
    "12 Rural Road": {"number": "12", "words": "rural road"},
    "12 Post Office Road": {"number": "12", "words": "post office road"},
    # Units, before and after the street.
    "12 High Street Flat 3": {"number": "12", "unit": "3", "words": "high street"},
    "14 Broadway, Unit 2B": {"number": "14", "unit": "2b", "words": "broadway"},
    "14 Broadway, Unit 2B, Kaitaia": {"number": "14", "unit": "2b", "words": "broadway kaitaia"},
    "Level 2, 12 High Street": {"number": "12", "words": "high street"},
    "Suite 4, Level 3, 12 High Street": {"number": "12", "unit": "4", "words": "high street"},
    "2nd Floor, 12 High Street": {"number": "12", "words": "high street"},
    "12 High Street, Ground Floor": {"number": "12", "words": "high street"},
    "Flat 2/12 High Street": {"number": "12", "unit": "2", "words": "high street"},
    "2/12 High Street": {"number": "12", "unit": "2", "words": "high street"},
    "A/12 High Street": {"number": "12", "unit": "a", "words": "high street"},
    "U2/12 High Street": {"number": "12", "unit": "2", "words": "high street"},
    "Unit 3, 12A High Street": {"number": "12a", "unit": "3", "words": "high street"},
    "12 Flat Rock Road": {"number": "12", "words": "flat rock road"},
    "Flat 2 High Street": {"words": "flat 2 high street"},
    # Lots and number signs.
    "Lot 2, 14 High Street": {"number": "14", "lot": "2", "words": "high street"},
    "Lot 2 DP 12345, 14 High Street": {"number": "14", "lot": "2", "words": "high street"},
    "Lot 2 High Street": {"lot": "2", "words": "high street", "partial": True},
    "No. 12 High Street": {"number": "12", "words": "high street"},
    "No 12 High Street": {"number": "12", "words": "high street"},
    "No12 High Street": {"number": "12", "words": "high street"},
    "Nº 12 High Street": {"number": "12", "words": "high street"},
    "№ 12 High Street": {"number": "12", "words": "high street"},
    "Number 12 High Street": {"number": "12", "words": "high street"},
    "12 No 3 Line": {"number": "12", "words": "no 3 line"},
    "No 3 Road, Te Puke": {"words": "no 3 road te puke"},
    # Ranges and full-width figures.
    "12-16 High Street": {"number": "12", "to": "16", "words": "high street"},
    "12 – 16 High Street": {"number": "12", "to": "16", "words": "high street"},
    "１２－１６ High Street": {"number": "12", "to": "16", "words": "high street"},
    "16-12 High Street": {"number": "16", "words": "high street"},
    "12-9999 High Street": {"number": "12", "words": "high street"},
    "1017 Ida Valley-Omakau Road": {"number": "1017", "words": "ida valley omakau road"},
    # Highways.
    **{
        f"2385 {highway}, Awanui": {"number": "2385", "words": "state highway 1 awanui"}
        for highway in (
            *("State Highway 1", "St Hwy 1", "St Highway 1", "State Hwy 1", "State Hwy No 1"),
            *("State Highway One", "S.H.1", "S.H. 1", "S H 1", "SH1", "SH 1", "sh1", "ＳＨ１"),
        )
    },
    "2385 SH 1N": {"number": "2385", "words": "state highway 1n"},
    "803 Highway 22": {"number": "803", "words": "highway 22"},
    "803 Hwy No 22": {"number": "803", "words": "highway 22"},
    "12 Highway Lane": {"number": "12", "words": "highway lane"},
    # Corners.
    "Cnr Pukeroa St & Broadway": {
        "words": "cnr pukeroa st broadway",
        "corner": ("pukeroa st", "broadway"),
    },
    "Corner of X Road and Y Street": {
        "words": "corner of x road and y street",
        "corner": ("x road", "y street"),
    },
    "X St / Y St": {"words": "x st y st", "corner": ("x st", "y st")},
    "X St and Y St, Kaitaia": {
        "words": "x st and y st kaitaia",
        "corner": ("x st", "y st kaitaia"),
    },
    "Cnr Moa & Kea Streets": {
        "words": "cnr moa kea streets",
        "corner": ("moa street", "kea street"),
    },
    "12 High St (cnr Low St), Kaitaia": {
        "number": "12",
        "words": "high st kaitaia",
        "partial": True,
    },
    "12 High St corner of Low St Kaitaia": {
        "number": "12",
        "words": "high st kaitaia",
        "partial": True,
    },
    "St Peter & Paul School": {"words": "st peter paul school"},
    "Hill and Dale Road": {"words": "hill and dale road"},
    # Ends.
    "12 High Street, Kaitaia 0410, Northland": {
        "number": "12",
        "words": "high street kaitaia northland",
        "postcode": "0410",
    },
    "12 High St 0410 NZ": {"number": "12", "words": "high st", "postcode": "0410"},
    "12 new zealand": {"number": "12", "words": "new zealand"},
    "Kaitaia, Aotearoa New Zealand": {"words": "kaitaia"},
    "": {},
    ",,, /-/ &": {},
}


@pytest.mark.every_case
@pytest.mark.parametrize(("text", "expected"), PARTED.items())
def test_a_text_is_parted_into_what_it_says(text, expected):
    assert parts(text) == expected


def test_what_was_read_is_not_read_again():
    found = read("12 High Street")
    assert AddressText.of(found) is found


def test_more_words_than_are_looked_for_are_never_wholly_anything():
    road = " ".join(f"word{chr(97 + n)}" for n in range(MOST_WORDS))
    assert not read(f"12 {road}").is_partial
    assert read(f"12 {road} more").is_partial
    assert read("12 High Street" + " " * 10 + "x" * 200).is_partial


FORMS = [*PARTED, *(f"14 Smith Road, {run}, Kaitaia" for run in RUNS)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_cut_short_doubled_reversed_or_endless_is_read(form):
    bent = [form[:at] for at in range(len(form))]
    bent += [form * 2, f"{form}, {form}", form[::-1], " ".join(form.split()[::-1]), form * 10_000]
    for text in bent:
        found = read(text)
        assert len(found.readings()) <= 16
        assert found.is_address == bool(found.street_number)


_WORDS = ["rd", "r", "d", "1", "12a", "0410", "po", "box", "bag", "private", "lot", "no", "flat"]
_WORDS += ["level", "cnr", "and", "of", "high", "street", "sh", "state", "highway", "kaitaia", "nz"]


@given(st.lists(st.sampled_from([*_WORDS, ",", "/", "-", "&", "("]), max_size=40) | st.text())
def test_no_words_in_any_order_are_too_much_for_it(words):
    found = read("".join(words) if isinstance(words, str) else " ".join(words))
    assert all(word.isalnum() for word in (*found.words, *found.mail_town))
