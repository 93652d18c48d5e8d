"""The site's texts: how they are read, what is refused, and which holds on a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from catchments.core.errors import FileRefused
from catchments.lookup.site_texts import (
    FOLDER,
    PAGES,
    Check,
    Edited,
    Piece,
    Source,
    Texts,
    is_overdue,
    read_page,
    read_pages,
    shipped_pages,
    shipped_pieces,
)

DAY = date(2026, 3, 3)
PIECE = Piece(
    id="a",
    title="A",
    text="As it ships.",
    source=Source(title="S"),
    checked_on=DAY,
    check_again_after=DAY + timedelta(days=30),
)
SMALL = """\
page: help
title: Help
summary: What to do.
pieces:
  - id: whom
    title: Whom to call
    text: |
      Call us.

      Call again.
    source: {title: A page, url: https://a.example/b}
    checked_on: 2026-11-30
    check_again_after: 2027-02-28
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "help.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- reading --------------------------------------------------------------------------------------


def test_a_page_is_read_as_it_is_written(tmp_path: Path) -> None:
    page = read_page(written(tmp_path, SMALL))
    assert (page.page, page.pieces[0].id) == ("help", "whom")
    assert page.pieces[0].source.url == "https://a.example/b"


@pytest.mark.parametrize(
    ("before", "after", "problem", "allowed"),
    [
        ("Call again.", "Call <b>again</b>.", "help.yaml, line 10, piece whom: “<b>", "no HTML"),
        ("Call again.", "[x](javascript:y)", "line 10, piece whom: “javascript:y”", "https://…"),
        ("text: |\n      Call us.\n\n      Call again.", "text: a <i>b", "line 7, piece", "HTML"),
        ("    source: {title: A page, url: https://a.example/b}\n", "", "`source`", "The keys"),
        ("{title: A page", '{title: " "', "at `pieces[0].source.title`", "must not be blank"),
        ("https://a.example", "http://a.example", "source.url", "begins with https://"),
        ("2027-02-28", "2026-11-30", "check_again_after is 2026-11-30", "a later day"),
        ("2027-02-28", "soon", "date", "A date is as 2026-11-30"),
        ("    checked_on: 2026-11-30\n", "", "`checked_on`", "The keys there are id, title"),
        ("page: help", "page: hlep", "page is “hlep”", "named after its page"),
        ("id: whom", "id: Whom to", "pieces[0].id", "small letters"),
        ("summary: What", "sumary: What", "`sumary`", "The keys there are page, title"),
        ("title: Help", "title: Help\ntitle: Help", "stands there twice", "YAML"),
    ],
    ids=range(13),
)
def test_a_fault_is_refused_with_its_place(
    before: str, after: str, problem: str, allowed: str, tmp_path: Path
) -> None:
    assert before in SMALL
    with pytest.raises(FileRefused) as refused:
        read_page(written(tmp_path, SMALL.replace(before, after, 1)))
    assert problem in refused.value.problem
    assert "help.yaml" in refused.value.problem
    assert allowed in refused.value.allowed
    assert refused.value.next_step


def test_a_page_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="ask-for-support"):
        read_pages(tmp_path)


def test_an_id_is_of_one_piece(tmp_path: Path) -> None:
    for name in PAGES:
        page = SMALL.replace("page: help", f"page: {name}")
        (tmp_path / f"{name}.yaml").write_text(page, encoding="utf-8")
    with pytest.raises(FileRefused, match="“whom” stands there 9 times"):
        read_pages(tmp_path)


def test_what_ships_is_all_read_and_each_piece_says_where_it_comes_from() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(PAGES) == set(shipped_pages())
    for piece in shipped_pieces().values():
        assert piece.source.title
        assert piece.source.url or "website" in piece.source.title or "(" in piece.source.title


@pytest.mark.parametrize(
    "fact",
    ["0800 422 599", "0508 326 459", "111", "delegated authoriser", "Attendance Lead", "ENROL"],
)
def test_what_the_old_page_told_is_there(fact: str) -> None:
    assert any(fact in piece.text for piece in shipped_pieces().values())


# --- what holds on a day --------------------------------------------------------------------------


def edited(text: str, version: int, day: date) -> Edited:
    return Edited(replace(PIECE, text=text), version, day)


def test_the_version_with_the_latest_day_holds_and_of_two_the_later_number() -> None:
    tomorrow = DAY + timedelta(days=1)
    versions = (edited("2", 2, tomorrow), edited("1", 1, tomorrow), edited("3", 3, DAY))
    texts = Texts(versions)
    assert texts.on(DAY - timedelta(days=1), PIECE) == PIECE
    assert texts.on(DAY, PIECE).text == "3"
    assert texts.on(tomorrow, PIECE).text == "2"
    assert texts.on(tomorrow, replace(PIECE, id="b")).text == PIECE.text


def test_a_comparison_counts_for_what_was_compared_alone() -> None:
    later = DAY + timedelta(days=5)
    check = Check(PIECE.digest, later, later + timedelta(days=90))
    texts = Texts((), (check,))
    assert texts.on(DAY, PIECE).checked_on == later
    rewritten = replace(PIECE, text="Written anew.")
    assert texts.on(DAY, rewritten) == rewritten


def test_a_text_is_overdue_from_the_day_after_and_where_nobody_said_when() -> None:
    assert not is_overdue(DAY, DAY)
    assert is_overdue(DAY, DAY + timedelta(days=1))
    assert is_overdue(None, DAY)
