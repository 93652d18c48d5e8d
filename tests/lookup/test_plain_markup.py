"""The site's small markup: what it makes of a text, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.lookup.plain_markup import LONGEST, Block, Inline, MarkupRefused, blocks


def test_a_text_is_paragraphs_lists_steps_bold_words_and_links() -> None:
    text = (
        "Call your\nprovider, [here](/help#x), **now**.\n\n- one\n  and more\n- [two](tel:111)\n\n"
        "1. first\n2. [then](https://a.example/b?c=d#e)\n"
    )
    assert blocks(text) == (
        Block(
            "paragraph",
            (
                (
                    Inline("Call your provider, "),
                    Inline("here", "/help#x"),
                    Inline(", "),
                    Inline("now", bold=True),
                    Inline("."),
                ),
            ),
        ),
        Block("list", ((Inline("one and more"),), (Inline("two", "tel:111"),))),
        Block("steps", ((Inline("first"),), (Inline("then", "https://a.example/b?c=d#e"),))),
    )


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("Fine.\n\nNot <b>fine</b>.", 3, "“<b>fine</b>.” is HTML"),
        ("<script>alert(1)</script>", 1, "is HTML"),
        ("</p>", 1, "is HTML"),
        ("<!-- so -->", 1, "is HTML"),
        ("Fish &amp; chips", 1, "“&amp;” is HTML"),
        ("&#60;b>", 1, "“&#60;” is HTML"),
        ("a\u202eb", 1, "cannot be seen"),
        ("a\0b", 1, "cannot be seen"),
        ("- one\ntwo", 2, "“two” stands in a list and is no item of it"),
        ("1. one\n- two", 2, "stands in a list"),
        ("[a](javascript:alert(1))", 1, "A link is broken"),
        ("[a](javascript:alert)", 1, "“javascript:alert” is nothing that a link may lead to"),
        ("[a](http://a.example)", 1, "is nothing that a link may lead to"),
        ("[a](//a.example)", 1, "is nothing that a link may lead to"),
        ("[a](https://a.example", 1, "A link is broken"),
        ("[a](data:text/html,x)", 1, "is nothing that a link may lead to"),
        (" \n\n", 1, "The text is empty"),
        ("x" * (LONGEST + 1), 1, "The text has 20,001 characters"),
    ],
    ids=range(18),
)
def test_what_is_none_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(MarkupRefused) as refused:
        blocks(text)
    assert refused.value.line == line
    assert problem in refused.value.problem
    assert refused.value.allowed


def test_five_is_less_than_six_and_ampersands_and_braces_are_text() -> None:
    text = "5 < 6 & 7 > 2, {{7*191}} ' OR 1=1 %(x)s"
    assert blocks(text) == (Block("paragraph", ((Inline(text),),)),)


def test_a_translation_that_is_no_markup_leaves_the_text_as_it_was() -> None:
    said = blocks("Call [us](/contact).", lambda _: "Waea mai [kia](javascript:x)")
    assert said == blocks("Call [us](/contact).")
    assert blocks("Call.", lambda _: "Waea mai.") == blocks("Waea mai.")


@given(st.text(st.sampled_from("a <>[]()*-1.\n/&;:#"), max_size=60))
def test_whatever_is_typed_is_refused_or_holds_links_that_lead_somewhere(text: str) -> None:
    try:
        found = blocks(text)
    except MarkupRefused:
        return
    targets = [i.target for block in found for item in block.items for i in item if i.target]
    assert all(each.startswith(("https://", "/", "tel:", "mailto:")) for each in targets)
    assert not any(each.startswith("//") for each in targets)
