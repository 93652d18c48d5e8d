"""A provider's contact as a vCard: read by any address book, whatever a provider calls itself."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from catchments.web.pages.site.contact_cards import LINE_AT_MOST, text, uri, written
from tests.worlds import HOSTILE


def unfolded(card: str) -> list[str]:
    """As RFC 6350 says to read it (section 3.2)."""
    return card.replace("\r\n ", "").split("\r\n")[:-1]


def value(card: str, name: str) -> str:
    [found] = [line for line in unfolded(card) if re.match(rf"{name}[;:]", line)]
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], found.partition(":")[2])


def test_a_school_s_provider_is_saved_with_what_it_is_for(client: FlaskClient) -> None:
    response = client.get("/school/54/contact.vcf")
    assert response.content_type == "text/vcard; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=attendance-provider-54.vcf"
    )
    card = response.text
    lines = unfolded(card)
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCARD", "VERSION:4.0", "END:VCARD")
    assert value(card, "FN") == value(card, "ORG") == "Ahi Trust"
    assert value(card, "TEL") == "0800 000 000"
    note = value(card, "NOTE")
    assert "(school 54), Ahi catchment, on 3 March 2026." in note
    assert note.startswith("Demonstration data: this provider is made up.")


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (58, "Shore School lies outside every catchment; the nearest, 1.7 km away, is the Kōwhai"),
        (61, "This place is exactly on the boundary between Ahi (Ahi Trust) and Kōwhai"),
        (59, "This school closed on 19 December 2025."),
        (60, "This school is proposed; it is to open on 1 February 2027."),
    ],
)
def test_a_card_is_no_surer_than_the_answer(client: FlaskClient, number: int, told: str) -> None:
    note = value(client.get(f"/school/{number}/contact.vcf").text, "NOTE")
    assert told in note
    assert "As at 3 March 2026." in note
    assert "Attendance service provider of" not in note


def test_a_card_of_a_date_to_come_says_that_it_may_change(client: FlaskClient) -> None:
    note = value(client.get("/school/54/contact.vcf?on=2099-01-01").text, "NOTE")
    assert note.endswith("on 1 January 2099. Later editions may still change this.")


@pytest.mark.parametrize("number", ["498", "99999"])
def test_without_a_provider_there_is_no_card(client: FlaskClient, number: str) -> None:
    assert client.get(f"/school/{number}/contact.vcf").status_code == 404


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("A, B; C\\D", "A\\, B\\; C\\\\D"),
        ("A\r\nTEL:1\rB\nC", "A\\nTEL:1\\nB\\nC"),
        ("A\0B\x1bC\u2028D", "ABCD"),
        (HOSTILE, HOSTILE.replace(",", "\\,").replace(";", "\\;")),
    ],
)
def test_no_text_leaves_its_line(given_text: str, kept: str) -> None:
    assert text(given_text) == kept


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://ahi.example/a,b", "https://ahi.example/a,b"),
        ("javascript:alert(1)", ""),
        ("https://a.example\r\nTEL:1", ""),
        ("https://a.example/ b", ""),
    ],
)
def test_only_a_web_address_is_one(address: str, kept: str) -> None:
    assert uri(address) == kept


@given(st.text())
def test_any_name_is_read_back_from_lines_that_are_short(name: str) -> None:
    card = written([("FN", text(name)), ("NOTE", "after")])
    assert all(len(line.encode("utf-8", "replace")) <= LINE_AT_MOST for line in card.split("\r\n"))
    assert "\n" not in card.replace("\r\n", "")
    assert value(card, "NOTE") == "after"
    if text(name):
        assert text(value(card, "FN")) == text(name)
