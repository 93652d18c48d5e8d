"""Lists of the schools in each catchment: what matches, what is reported, what refuses."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.core.model import Catchment, Edition, School, SchoolStatus, SourceKind
from catchments.readers.lists.listings import Listings, read_listings

SCHOOLS = {
    school.school_id: school
    for school in (
        School(1, "Kaitāia Made-up School", city="Kaitāia"),
        School(2, "St Invented's School", city="Gore"),
        School(3, "St Invented's School", city="Ōamaru", suburb="South Hill"),
        School(4, "Te Kura o Ngā Mea", city="Gore"),
        School(5, "Shut School", status=SchoolStatus.CLOSED),
        School(6, "日本", city="Gore"),
    )
}
CATCHMENTS = {
    catchment.code: catchment
    for catchment in (
        Catchment("C01", "Kaitāia"),
        Catchment("C02", "Gore"),
        Catchment("C03", "Ōamaru | North"),
        Catchment("C04", "Twin"),
        Catchment("C05", "Twin"),
    )
}
HEADER = "School Number,School Name,Town / City,Catchment,In-school provision"


def read(folder: Path, *rows: str, header: str = HEADER, name: str = "list.csv") -> Listings:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_listings([path], schools=SCHOOLS, known=Edition(CATCHMENTS))


def refusal(folder: Path, *rows: str, header: str = HEADER) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(folder, *rows, header=header)
    return refused.value


@pytest.mark.parametrize(
    ("number", "name", "town", "expected"),
    [
        ("1", "Kaitāia Made-up School", "Kaitāia", 1),
        ("1", "", "", 1),
        ("0001", "", "", 1),
        ("", "KAITAIA made up school", "", 1),
        ("", "St Invented’s School", "gore", 2),
        ("", "St Inventeds School", "Oamaru", 3),
        ("", "St Invented's School", "South  Hill", 3),
        ("", "Te Kura o Nga Mea", "", 4),
        ("", "日本", "", 6),
        ("999", "Te Kura o Ngā Mea", "Gore", 4),
        ("n/a", "Te Kura o Ngā Mea", "Gore", 4),
    ],
)
def test_a_school_is_found_by_number_else_by_name_and_town(
    tmp_path: Path, number: str, name: str, town: str, expected: int
) -> None:
    listings = read(tmp_path, f"{number},{name},{town},C01,")
    assert {expected: "C01"} == listings.listings
    assert listings.report.counts["rows not matched"] == 0


@pytest.mark.parametrize(
    ("number", "name", "town", "why"),
    [
        ("999", "", "", "number “999” is not in the directory, and no name"),
        ("", "Nowhere School", "", "no school has that name"),
        ("", "St Invented's School", "", "2 schools have that name (2 in Gore; 3 in Ōamaru), 2 "),
        (
            "",
            "St Invented's School",
            "Bluff",
            "2 schools have that name (2 in Gore; 3 in Ōamaru), 0",
        ),
        ("", "Te Kura o Ngā Mea", "Bluff", "1 school has that name (4 in Gore), 0 for the town “B"),
        ("", "", "Gore", "no name"),
        ("١", "", "", "number “١” is not in the directory"),
        ("9" * 5000, "", "", "is not in the directory"),
        ("", "{{7*191}}</script>", "' OR 1=1", "no school has that name"),
    ],
)
def test_a_row_without_a_match_is_reported_with_the_reason(
    tmp_path: Path, number: str, name: str, town: str, why: str
) -> None:
    listings = read(tmp_path, f"{number},{name},{town},C01,")
    assert listings.listings == {}
    (problem,) = listings.report.problems
    assert (problem.where, problem.done) == ("line 2", "not matched")
    assert name in problem.what
    assert why in problem.what
    assert listings.report.counts["rows not matched"] == 1


def test_the_number_wins_over_another_name_and_it_is_said(tmp_path: Path) -> None:
    listings = read(tmp_path, "1,Te Kura o Ngā Mea,Gore,C01,")
    assert listings.listings == {1: "C01"}
    (problem,) = listings.report.problems
    assert "number 1 is “Kaitāia Made-up School” in the directory, but “Te Kura" in problem.what
    assert problem.done == "the number was taken"


def test_a_wrong_number_with_a_known_name_is_said(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "999,Te Kura o Ngā Mea,Gore,C01,").report.problems
    assert problem.done == "taken as 4, Te Kura o Ngā Mea, by its name"


@pytest.mark.parametrize("text", ["C01", "c01", "Kaitāia", "KAITAIA", " Kaita\u0304ia "])
def test_a_catchment_is_known_by_code_or_any_spelling(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"1,,,{text},").listings == {1: "C01"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Kaitaya", "catchment “Kaitaya” is not known; the nearest is “Kaitāia”"),
        ("Oamaru North Hill", "the nearest is “Ōamaru | North”"),
        ("C09", "the nearest is “C0"),
        ("zzzz", "catchment “zzzz” is not known"),
        ("Twin", "several catchments are called “Twin”; give the code"),
        ("{{7*191}}", "catchment “{{7*191}}” is not known"),
    ],
)
def test_an_unknown_catchment_refuses_with_the_nearest_spelling(
    tmp_path: Path, text: str, said: str
) -> None:
    error = refusal(tmp_path, "1,,,C01,", f"2,,,{text},")
    assert len(error.rows) == 1
    assert error.rows[0].startswith("line 3: ")
    assert said in error.rows[0]


def test_all_unknown_catchments_are_named_quickly(tmp_path: Path) -> None:
    error = refusal(tmp_path, *[f"1,,,Unknown place {n}," for n in range(3000)])
    assert len(error.rows) == 3000
    assert len(str(error)) < 1000


def test_a_school_in_two_catchments_refuses_with_both_lines(tmp_path: Path) -> None:
    error = refusal(tmp_path, "1,,,C01,", "2,,,C02,", ",Kaitaia Made-up School,,Gore,")
    expected = "line 4: 1, Kaitāia Made-up School is listed in C02, but line 2 lists it in C01"
    assert (expected,) == error.rows


def test_a_school_twice_in_one_catchment_is_only_counted(tmp_path: Path) -> None:
    listings = read(tmp_path, "1,,,C01,", "1,,,Kaitāia,")
    assert listings.listings == {1: "C01"}
    assert listings.report.counts["rows repeated"] == 1


def test_a_code_and_a_name_of_two_catchments_refuse(tmp_path: Path) -> None:
    header = "School Number,Catchment Code,Catchment Name"
    assert read(tmp_path, "1,C04,", header=header).listings == {1: "C04"}
    error = refusal(tmp_path, "1,C01,Gore", header=header)
    assert "“C01” and “Gore” are not one catchment" in error.rows[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes", "In-school provision"),
        ("✓", "In-school provision"),
        ("TRUE", "In-school provision"),
        ("0.5 FTE", "0.5 FTE"),
        ("{{7*191}}", "{{7*191}}"),
        ("No", None),
        ("–", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_in_school_provision_is_a_note_or_nothing(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    assert expected == read(tmp_path, f"1,,,C01,{text}").in_school_provision.get(1)


def test_a_second_note_for_a_school_is_said(tmp_path: Path) -> None:
    listings = read(tmp_path, "1,,,C01,one", "1,,,C01,two")
    assert listings.in_school_provision == {1: "one"}
    assert listings.report.problems[0].done == "the first is kept"


def test_a_long_note_is_cut_short(tmp_path: Path) -> None:
    listings = read(tmp_path, f"1,,,C01,{'x' * 5000}")
    assert len(listings.in_school_provision[1]) == 301


def test_a_list_of_in_school_provision_alone_is_read(tmp_path: Path) -> None:
    listings = read(tmp_path, "1,Yes", "2,No", header="School Number,In-school provision")
    assert listings.listings == {}
    assert listings.in_school_provision == {1: "In-school provision"}
    assert SourceKind.IN_SCHOOL_PROVISION is listings.sources[0].kind


def test_a_row_without_catchment_is_said(tmp_path: Path) -> None:
    listings = read(tmp_path, "1,,,,")
    assert listings.listings == {}
    assert listings.report.problems[0].what == "names no catchment"


def test_the_report_counts_what_was_matched_and_left_out(tmp_path: Path) -> None:
    report = read(
        tmp_path, "1,,,C01,", ",St Invented's School,Gore,C02,Yes", ",Nowhere,,C02,"
    ).report
    assert report.counts == {
        "rows": 3,
        "matched by number": 1,
        "matched by name and town": 1,
        "schools listed": 2,
        "schools placed in no catchment": 0,
        "schools with in-school provision": 1,
        "rows not matched": 1,
        "open schools not listed": 3,
    }


def test_a_workbook_is_read_like_a_csv(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Schools by catchment"], [], HEADER.split(","), [1, None, None, "Kaitāia", "Yes"]):
        book.active.append(row)
    path = tmp_path / "list-2026-01-05.xlsx"
    book.save(path)
    listings = read_listings([path], schools=SCHOOLS, known=Edition(CATCHMENTS))
    assert (listings.listings, listings.sources[0].release) == ({1: "C01"}, "2026-01-05")


@pytest.mark.parametrize("name", ["Effective from", "Schools", "Edition", "Distance m"])
def test_a_column_that_says_more_is_passed_over_in_silence_in_our_own_tables_alone(
    tmp_path: Path, name: str
) -> None:
    header = f"School Number,Catchment,{name}"
    foreign = read(tmp_path, "1,C01,2027-07-01", header=header).report
    assert any(name in each.why for each in foreign.left_out)
    ours = read(tmp_path, "1,C01,2027-07-01,yes: made up", header=f"{header},Demonstration").report
    assert not any(name in each.why for each in ours.left_out)


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    assert "a column named Catchment Code or Catchment" in str(
        refusal(tmp_path, "1", header="School Number")
    )


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["1", "2", "St Invented's School", "Gore", "C01", "C02", "Yes", ""]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=5, max_size=5), max_size=5))
def test_any_cells_give_known_schools_and_catchments_or_a_refusal(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    try:
        listings = read(tmp_path, *text.getvalue().splitlines())
    except FileRefused:
        return
    assert set(listings.listings) <= set(SCHOOLS)
    assert set(listings.listings.values()) <= set(CATCHMENTS)
    assert set(listings.in_school_provision) <= set(SCHOOLS)


@given(order=st.permutations(["1,,,C01,", "2,,,C02,Yes", ",Te Kura o Nga Mea,Gore,Gore,"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_rows_does_not_matter(tmp_path: Path, order: list[str]) -> None:
    assert read(tmp_path, *order).listings == {1: "C01", 2: "C02", 4: "C02"}


@pytest.mark.parametrize("said", ["none", "None", "No catchment", "Nationwide"])
def test_a_list_may_place_a_school_in_no_catchment(tmp_path: Path, said: str) -> None:
    listings = read(tmp_path, f"1,,,{said},")
    assert (listings.listings, listings.unserved) == ({}, frozenset({1}))
    assert listings.report.counts["schools placed in no catchment"] == 1


OWN = "school_id,school,catchment_code,catchment,basis,listing"


def test_a_school_that_moves_in_our_own_table_moves_in_all_its_columns(tmp_path: Path) -> None:
    assert read(tmp_path, "1,,C02,Gore,listed,C02", header=OWN).listings == {1: "C02"}
    by_half = refusal(tmp_path, "1,,C01,Kaitāia,listed,C02", header=OWN)
    assert [*by_half.rows] == [
        (
            "line 2: “C02” and “C01” are not one catchment: a school that moves has the new one in "
            "“catchment_code”, “catchment_name” and “listing”"
        )
    ]


def test_a_school_is_not_taken_off_our_own_table_by_half(tmp_path: Path) -> None:
    assert read(tmp_path, "1,,C02,Gore,located,", header=OWN).listings == {}
    by_half = refusal(tmp_path, "1,,C02,Gore,listed,", header=OWN)
    assert [*by_half.rows] == [
        "line 2: “listing” is empty, but “basis” says listed: empty both, or name the catchment"
    ]


def test_that_a_located_catchment_is_not_read_is_said(tmp_path: Path) -> None:
    read_in = read(tmp_path, "1,,C02,Gore,located,", header=OWN)
    (left_out,) = read_in.report.left_out
    assert (left_out.what, left_out.count) == ("schools without a listing", 1)
    assert "name it in “listing”" in left_out.why
    assert not read_in.report.is_clean
