"""The school directory in each of its layouts; rows are made up in the shape of real ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.core.model import DirectoryRelease, Place, School, SchoolStatus, SourceKind
from catchments.readers import directory
from catchments.readers.directory import read_directory, refuse_shrinkage, shrinkage
from catchments.readers.report import Problem, Report

NAME = "schooldirectory-2026-06-07.csv"
HEADER_2021 = (
    "School_Id,Org_Name,Telephone,Add1_Line1,Add1_Suburb,Add1_City,Add2_Postal_Code,Org_Type,"
    "Territorial_Authority,Education_Region,Latitude,Longitude,Roll_Date,Total"
)
HEADER_2026 = HEADER_2021 + ",Isolation_Index,Status,DateSchoolOpened"
PREAMBLE = [["Directory of made-up schools"], *[[f"Note {i}"] for i in range(14)]]
HEADER_COUNTS = [
    "School Number",
    "School Name",
    "Street",
    "Suburb",
    "Town / City",
    "Postal Code",
    "Education Region",
    "Longitude",
    "Latitude",
    "Total School Roll",
]


def written(folder: Path, content: bytes | str, name: str = NAME) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, *rows: str, header: str = HEADER_2021) -> tuple[DirectoryRelease, Report]:
    return read_directory(written(folder, "\n".join([header, *rows]) + "\n"))


def places(folder: Path, *rows: str) -> tuple[DirectoryRelease, Report]:
    return read(folder, *rows, header="School_Id,Org_Name,Latitude,Longitude")


def refusal(reader: Callable[[], object]) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        reader()
    return refused.value


def test_the_layout_of_2021_is_read(tmp_path: Path) -> None:
    row = (
        '"54","Made-up School","09 555 0101","1 Main Road","","Kaitāia","0410","Full Primary",'
        '"Far North District","Taranaki/Whanganui/Manawatu","-35.100001","173.200002",'
        '"2021-08-01 00:00:00.0000000","1,164"'
    )
    release, report = read(tmp_path, row)
    expected = School(
        school_id=54,
        name="Made-up School",
        place=Place(lng=173.200002, lat=-35.100001),
        org_type="Full Primary",
        address="1 Main Road",
        city="Kaitāia",
        postcode="0410",
        phone="09 555 0101",
        education_region="Taranaki, Whanganui, Manawatū",
        territorial_authority="Far North District",
        roll=1164,
    )
    assert expected == release.schools[54]
    assert not report.problems


def test_the_layout_of_2026_is_read(tmp_path: Path) -> None:
    release, report = read(
        tmp_path,
        '"10","Te Kura o Ngā Mea Hanga","09-555",'
        '"2 Main Road ",,"Panguru","0492","Composite","Far North District","Tai Tokerau",-35.38,'
        '173.38,2026-05-01 00:00:00.0000000,114,"3.11","Open",1983-01-01 00:00:00.0000000',
        '"11","Invented School (Proposed opening date: 2027-01-01)",,"3 New Road "," ","Drury","",'
        '"Contributing","","Tāmaki Herenga Waka",-37.1,174.9,,,"not calculated","Proposed",',
        '"12","Old Centre",,"4 Road ",,"Gore","","Activity Centre","","Otago, Southland",-46.1,'
        '168.9,,,"0.80","Open",1858-11-17 00:00:00.0000000',
        '"13","Shut School",,,,,,,,,,,,,,"Closed",',
        header=HEADER_2026,
    )
    schools = release.schools
    assert [school.status.value for school in schools.values()] == [
        "open",
        "proposed",
        "open",
        "closed",
    ]
    assert schools[10].address == "2 Main Road"
    assert schools[11].name == "Invented School"
    assert date(2027, 1, 1) == schools[11].opens
    assert [school.roll for school in schools.values()] == [114, None, None, None]
    assert schools[11].suburb == ""
    assert schools[13].place is None
    assert not report.problems
    assert report.counts == {
        "schools": 4,
        "open schools": 2,
        "proposed schools": 1,
        "closed schools": 1,
        "without coordinates": 1,
        "without an education region": 1,
        "without a roll": 3,
    }


def counts_rows() -> list[list[object]]:
    row = [54, "Made-up School", "1 Road", None, "Kaitāia", 410, "Waikato", 175.5, -38.25, 90]
    return [*PREAMBLE, HEADER_COUNTS, row]


def test_the_csv_of_education_counts_is_read_below_its_preamble(tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(counts_rows())
    path = written(tmp_path, "\ufeff" + text.getvalue())
    release, _ = read_directory(path)
    assert Place(lng=175.5, lat=-38.25) == release.schools[54].place
    assert (release.schools[54].city, release.schools[54].postcode) == ("Kaitāia", "0410")


def test_the_workbook_gives_the_same_schools_as_its_csv(tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(counts_rows())
    book = openpyxl.Workbook()
    for row in counts_rows():
        book.active.append(row)
    book.save(tmp_path / "directory.xlsx")
    from_csv, _ = read_directory(written(tmp_path, text.getvalue()))
    from_xlsx, _ = read_directory(tmp_path / "directory.xlsx", released=date(2026, 6, 7))
    assert from_csv.schools == from_xlsx.schools


def test_an_older_layout_with_a_space_after_longitude_is_read(tmp_path: Path) -> None:
    release, _ = read(tmp_path, "1,A,174.5,-36.5", header="School_Id,Org_Name,Longitude ,Latitude")
    assert Place(lng=174.5, lat=-36.5) == release.schools[1].place


def test_the_source_says_where_it_came_from(tmp_path: Path) -> None:
    release, _ = places(tmp_path, "1,A,-36,174")
    source = release.source
    assert SourceKind.DIRECTORY is source.kind
    assert source.authority == "Ministry of Education"
    assert source.licence == "CC BY 4.0"
    assert (source.file_name, source.release) == (NAME, "2026-06-07")
    assert len(source.sha256) == 64
    assert date(2026, 6, 7) == release.released


def test_a_given_date_goes_before_the_file_names(tmp_path: Path) -> None:
    path = written(tmp_path, "School_Id,Org_Name\n1,A\n")
    release, _ = read_directory(path, released=date(2025, 1, 2))
    assert date(2025, 1, 2) == release.released


def test_a_file_without_a_date_is_refused_with_the_option_to_add(tmp_path: Path) -> None:
    path = written(tmp_path, "School_Id,Org_Name\n1,A\n", "directory.csv")
    assert "Add --released YYYY-MM-DD." in str(refusal(lambda: read_directory(path)))


@pytest.mark.parametrize(
    ("lat", "lng", "expected"),
    [
        ("-43.95", "-176.55", Place(lng=-176.55, lat=-43.95)),
        ("-43.95", "183.5", Place(lng=-176.5, lat=-43.95)),
        ("-36", "180", Place(lng=180.0, lat=-36.0)),
        ("", "", None),
        ("not calculated", " ", None),
    ],
)
def test_a_place_is_kept_in_rfc_7946_or_left_out(
    tmp_path: Path, lat: str, lng: str, expected: Place | None
) -> None:
    release, report = places(tmp_path, f"1,A,{lat},{lng}")
    assert expected == release.schools[1].place
    assert not report.problems
    assert int(expected is None) == report.counts["without coordinates"]


@pytest.mark.parametrize(
    ("lat", "lng", "what"),
    [
        ("0", "0.000", "lies at 0, 0"),
        ("-36", "", "has no longitude"),
        ("", "174", "has no latitude"),
    ],
)
def test_half_a_place_is_a_problem_not_a_refusal(
    tmp_path: Path, lat: str, lng: str, what: str
) -> None:
    release, report = places(tmp_path, f"1,A,{lat},{lng}")
    assert release.schools[1].place is None
    assert [Problem("line 2 (1, A)", what, "kept without a place")] == report.problems


@pytest.mark.parametrize(
    ("lat", "lng", "said"),
    [
        ("174.5", "-36.5", "longitude -36.5 and latitude 174.5 look swapped"),
        ("51.5", "-0.1", "lie outside New Zealand"),
        ("-36.5", "0", "lie outside New Zealand"),
        ("36.5", "174.5", "latitude's minus sign looks missing"),
        ("abc", "174.5", "latitude “abc” are not both decimal degrees"),
        ("nan", "174.5", "not both decimal degrees"),
        ("-36.5", "inf", "not both decimal degrees"),
        ("1e999", "174", "not both decimal degrees"),
        ("-36_5", "１７４", "not both decimal degrees"),
        ("{{7*191}}", "</script>", "not both decimal degrees"),
    ],
)
def test_a_place_that_cannot_be_right_refuses_the_file(
    tmp_path: Path, lat: str, lng: str, said: str
) -> None:
    error = refusal(lambda: places(tmp_path, "1,A,-36,174", f"2,B School,{lat},{lng}"))
    assert [row.startswith("line 3 (2, B School): ") for row in error.rows] == [True]
    assert said in error.rows[0]
    assert error.rows[0] in str(error)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("", "its school number is missing"),
        ("0", "its school number is “0”"),
        ("-5", "its school number is “-5”"),
        ("54a", "its school number is “54a”"),
        ("５４", "its school number is “５４”"),
        ("1234567890", "its school number is “1234567890”"),
        ("' OR 1=1", "its school number is “' OR 1=1”"),
        ("001", "school number 1 is already at line 2"),
    ],
)
def test_a_missing_or_repeated_number_refuses_the_file(
    tmp_path: Path, number: str, said: str
) -> None:
    error = refusal(lambda: places(tmp_path, "1,A,-36,174", f'"{number}",B,-36,174'))
    assert said in error.rows[0]
    assert "line 3" in error.rows[0]


def test_every_row_at_fault_is_named_and_the_message_stays_short(tmp_path: Path) -> None:
    error = refusal(lambda: places(tmp_path, *[f"{n},S{n},174,-36" for n in range(1, 501)]))
    assert len(error.rows) == 500
    assert error.rows[-1].startswith("line 501 (500, S500)")
    assert "500 faults in rows" in error.problem
    assert "and 497 more" in error.problem
    assert len(str(error)) < 1000


def test_all_rows_at_fault_are_still_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "_MAX_FAULTS", 5)
    error = refusal(lambda: places(tmp_path, *["x,A,,"] * 100))
    assert len(error.rows) == 6


def test_more_schools_than_the_country_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MAX_SCHOOLS", 3)
    error = refusal(lambda: places(tmp_path, *[f"{n},A,," for n in range(1, 10)]))
    assert "more than 3 schools" in str(error)


def test_a_directory_without_schools_is_refused(tmp_path: Path) -> None:
    assert "holds no school" in str(refusal(lambda: places(tmp_path)))


def test_regions_outside_the_twelve_are_one_problem_for_all(tmp_path: Path) -> None:
    header = "School_Id,Org_Name,Education_Region"
    rows = ["1,A,Auckland", "2,B,Waikato", "3,C,Auckland", "4,D,"]
    release, report = read(tmp_path, *rows, header=header)
    assert [school.education_region for school in release.schools.values()] == [
        "",
        "Waikato",
        "",
        "",
    ]
    what = "2 schools have the education region “Auckland”, which is three of the twelve today"
    done = "kept without an education region"
    assert [Problem("line 2 (1, A); and 1 more", what, done)] == report.problems
    assert report.counts["without an education region"] == 3


@pytest.mark.parametrize(
    ("name", "expected", "opens", "problems"),
    [
        ("A School (Proposed opening date: 2027-01-31)", "A School", date(2027, 1, 31), 0),
        ("A (Proposed) (proposed opening date:2027-01-31)", "A", date(2027, 1, 31), 0),
        ("A (Proposed)", "A", None, 1),
        ("A (Proposed opening date: 2027-02-30)", "A", None, 1),
        ("A (Proposed opening date: Term 1)", "A", None, 1),
    ],
)
def test_a_proposal_in_the_name_becomes_status_and_day(
    tmp_path: Path, name: str, expected: str, opens: date | None, problems: int
) -> None:
    release, report = read(tmp_path, f"1,{name}", header="School_Id,Org_Name")
    school = release.schools[1]
    assert (expected, opens) == (school.name, school.opens)
    assert SchoolStatus.PROPOSED is school.status
    assert problems == len(report.problems)


def test_the_status_column_goes_before_the_name(tmp_path: Path) -> None:
    release, _ = read(
        tmp_path, "1,A (Proposed opening date: 2024-01-01),Open", header="School_Id,Name,Status"
    )
    school = release.schools[1]
    assert (school.status, school.name, school.opens) == (SchoolStatus.OPEN, "A", None)


STATUSES = "School_Id,Name,Status"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Open", SchoolStatus.OPEN),
        (" OPEN ", SchoolStatus.OPEN),
        ("open.", SchoolStatus.OPEN),
        ("Closed", SchoolStatus.CLOSED),
        ("Proposed School", SchoolStatus.PROPOSED),
        ("", SchoolStatus.OPEN),
    ],
)
def test_a_status_is_known_however_it_is_spelled(
    tmp_path: Path, text: str, expected: SchoolStatus
) -> None:
    release, report = read(tmp_path, f"1,A,{text}", header=STATUSES)
    assert release.schools[1].status is expected
    assert report.is_clean


def test_a_status_that_is_not_known_is_asked_about_and_never_taken_as_open(tmp_path: Path) -> None:
    rows = ["1,A,Open", "2,B,Not Active", "3,C,Merged", "4,D,Not Active"]
    error = refusal(lambda: read(tmp_path, *rows, header=STATUSES))
    assert "3 schools have a status that is not known: “Not Active” (2), “Merged” (1)." in str(
        error
    )
    assert '--treat-status "Not Active=closed"' in error.next_step
    assert error.rows == (
        "line 3 (2, B): “Not Active”",
        "line 5 (4, D): “Not Active”",
        "line 4 (3, C): “Merged”",
    )


def test_what_a_status_means_can_be_told_and_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, f"{STATUSES}\n1,A,Not Active\n2,B,open\n")
    told = {"not active": SchoolStatus.CLOSED, "Merged": SchoolStatus.CLOSED}
    release, report = read_directory(path, statuses=told)
    assert release.schools[1].status is SchoolStatus.CLOSED
    assert report.problems == [
        Problem(
            "line 2 (1, A)", "1 school has the status “Not Active”", "taken as closed, as was told"
        ),
        Problem(
            "--treat-status", "no school has the status “merged”, which is told", "nothing to do"
        ),
    ]


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("Bay of Plenty/Rotorua/Taupo", "Bay of Plenty, Waiariki"),
        ("Hawkes Bay/Gisborne", "Hawke's Bay, Tairāwhiti"),
        ("Canterbury", "Canterbury, Chatham Islands"),
    ],
)
def test_a_former_name_of_a_region_is_matched_and_said(
    tmp_path: Path, former: str, today: str
) -> None:
    header = "School_Id,Org_Name,Education_Region"
    release, report = read(tmp_path, f"1,A,{former}", header=header)
    assert release.schools[1].education_region == today
    what = f"1 school has the former education region “{former}”"
    assert report.problems == [Problem("line 2 (1, A)", what, f"taken as {today}")]


def test_a_text_of_ten_thousand_characters_is_a_fault_with_line_and_column(tmp_path: Path) -> None:
    header = "School_Id,Org_Name,Add1_City"
    rows = [f"1,{'x' * 10_000},Gore", f"2,B,{'y' * 501}", f"3,{'z' * 500},Gore"]
    error = refusal(lambda: read(tmp_path, *rows, header=header))
    assert [row.partition(": ")[2] for row in error.rows] == [
        "its name has 10,000 characters, where 500 are read",
        "its city has 501 characters, where 500 are read",
    ]


@pytest.mark.parametrize(
    ("roll", "rolled", "expected", "problems"),
    [
        ("164", "2021-08-01 00:00:00.0000000", 164, 0),
        ("0", "2021-08-01 00:00:00.0000000", 0, 0),
        ("0", "1900-01-01 00:00:00.0000000", None, 0),
        ("not calculated", "", None, 0),
        ("about 50", "", None, 1),
        ("-3", "", None, 1),
    ],
)
def test_a_roll_is_a_number_or_nothing(
    tmp_path: Path, roll: str, rolled: str, expected: int | None, problems: int
) -> None:
    header = "School_Id,Name,Total,Roll_Date"
    release, report = read(tmp_path, f"1,A,{roll},{rolled}", header=header)
    assert expected == release.schools[1].roll
    assert problems == len(report.problems)


def test_a_school_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    release, report = read(tmp_path, "7, ", header="School_Id,Name")
    assert release.schools[7].name == "School 7"
    assert report.problems[0].done == "called “School 7”"


@pytest.mark.parametrize("text", ["{{7*191}}", "</script>", "' OR 1=1", "Ōtāhuhu", "`${x}`"])
def test_hostile_names_are_kept_as_text(tmp_path: Path, text: str) -> None:
    release, _ = read(tmp_path, f'1,"{text}"', header="School_Id,Name")
    assert text == release.schools[1].name


def test_windows_text_is_read_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path, "School_Id,Name\n1,Café\n".encode("cp1252"))
    release, report = read_directory(path)
    assert release.schools[1].name == "Café"
    assert report.problems[0].what == "is not UTF-8"


def test_html_named_csv_is_refused_whatever_its_date(tmp_path: Path) -> None:
    path = written(tmp_path, "<html><title>Are you a robot?", "directory.csv")
    assert "is a web page, not a CSV" in str(refusal(lambda: read_directory(path)))


def release_of(numbers: range) -> DirectoryRelease:
    from catchments.core.model import Source

    source = Source(SourceKind.DIRECTORY, "t", "a", "l", "r", "s")
    schools = {number: School(number, f"School {number}") for number in numbers}
    return DirectoryRelease(schools=schools, released=date(2026, 1, 1), source=source)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (range(100), range(100), 0.0),
        (range(100), range(90), 0.10),
        (range(100), range(89), 0.11),
        (range(100), range(100, 200), 1.0),
        (range(0), range(5), 0.0),
        (range(5), range(0), 1.0),
    ],
)
def test_shrinkage_is_the_part_of_the_old_that_is_gone(
    old: range, new: range, expected: float
) -> None:
    assert expected == shrinkage(release_of(old).schools, release_of(new).schools)


def test_losing_a_tenth_passes_and_more_is_refused() -> None:
    before = release_of(range(100))
    refuse_shrinkage(None, release_of(range(1)), allow_shrink=False)
    refuse_shrinkage(before, release_of(range(90)), allow_shrink=False)
    refuse_shrinkage(before, release_of(range(1)), allow_shrink=True)
    with pytest.raises(
        FileRefused, match=r"11 of the 100 schools .* \(11\.0%\).*--allow-shrink"
    ) as e:
        refuse_shrinkage(before, release_of(range(89)), allow_shrink=False)
    assert [f"{number}, School {number}" for number in range(89, 100)] == list(e.value.rows)


def test_progress_is_called(tmp_path: Path) -> None:
    calls: list[str] = []
    path = written(tmp_path, "School_Id,Name\n1,A\n")
    read_directory(path, progress=lambda doing, _done, _whole: calls.append(doing))
    assert {f"Checking {NAME}", f"Reading {NAME}"} == set(calls)


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["-36.5", "174.5", "0", "54", "", "Proposed", "(Proposed)", "1858-11-17", "Auckland"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=9, max_size=9), max_size=4))
def test_any_cells_give_sound_schools_or_a_refusal(tmp_path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    header = "School_Id,Name,Latitude,Longitude,Status,Total,Roll_Date,Education_Region,Postcode"
    csv.writer(text).writerows([header.split(","), *rows])
    try:
        release, _ = read_directory(written(tmp_path, text.getvalue()))
    except FileRefused:
        return
    for number, school in release.schools.items():
        assert number == school.school_id > 0
        assert school.name
        assert school.place is None or -53 <= school.place.lat <= -28


@pytest.mark.parametrize("number", [472, 498])
def test_a_school_for_the_whole_country_is_not_placed_at_its_office(
    tmp_path: Path, number: int
) -> None:
    release, report = places(tmp_path, f"{number},A,-41.3,174.8")
    office = "serves the whole country; its coordinates are an office's"
    assert release.schools[number].place is None
    assert [Problem(f"line 2 ({number}, A)", office, "kept without a place")] == report.problems


# --- contacts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    ["URL,Email", "School Website,Email^", "Web Address,School Email", "Website,E-mail"],
)
def test_a_website_and_the_domain_of_an_email_address_are_read_from_every_layout(
    tmp_path: Path, columns: str
) -> None:
    row = "54,Made-up School,http://www.made-up.school.nz,Somebody.Real@Made-Up.school.nz"
    release, report = read(tmp_path, row, header=f"School_Id,Org_Name,{columns}")
    school = release.schools[54]
    assert school.website == "http://www.made-up.school.nz"
    assert school.email_domain == "made-up.school.nz"
    assert "Somebody" not in repr(release)
    assert report.problems == []


@pytest.mark.parametrize(
    "website",
    [
        "www.made-up.school.nz",
        "made-up.school.nz/about us".replace(" ", "%20"),
        "HTTPS://Made-Up.school.nz:8080/?a=1#b",
        "https://twizel.wordpress.com/",
        "http://made-up.school.nz.",
    ],
)
def test_a_website_is_kept_as_it_is_written(tmp_path: Path, website: str) -> None:
    release, report = read(tmp_path, f"54,S,{website}", header="School_Id,Org_Name,URL")
    assert release.schools[54].website == website
    assert report.problems == []


@pytest.mark.parametrize(
    "website",
    [
        "javascript:alert(1)",
        "none yet",
        "http://",
        "ftp://made-up.school.nz",
        "https://made-up.school.nz/<script>",
        "https://made-up.school.nz@evil.example/",
        "x" * 9_000,
    ],
)
def test_what_is_no_website_is_left_out_and_said(tmp_path: Path, website: str) -> None:
    release, report = read(tmp_path, f'54,S,"{website}"', header="School_Id,Org_Name,URL")
    assert release.schools[54].website == ""
    (problem,) = report.problems
    assert "has the website" in problem.what
    assert problem.done == "kept without a website"


@pytest.mark.parametrize(
    "email",
    ["made-up.school.nz", "somebody@", "somebody@localhost", "a@b c.nz", "@" * 9_000, "a@b@-.x"],
)
def test_what_is_no_email_address_is_left_out_and_said_without_it(
    tmp_path: Path, email: str
) -> None:
    release, report = read(tmp_path, f'54,S,"{email}"', header="School_Id,Org_Name,Email")
    assert release.schools[54].email_domain == ""
    assert report.problems == [
        Problem("line 2 (54, S)", "has an e-mail address that is none", "kept without its domain")
    ]


@pytest.mark.parametrize("cell", ["", " ", "n/a", "Not Applicable"])
def test_a_missing_contact_is_no_problem(tmp_path: Path, cell: str) -> None:
    release, report = read(tmp_path, f"54,S,{cell},{cell}", header="School_Id,Org_Name,URL,Email")
    assert (release.schools[54].website, release.schools[54].email_domain) == ("", "")
    assert report.problems == []
