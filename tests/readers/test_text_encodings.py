"""Encodings of text files, told from their bytes; and letters that were spoilt before."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.readers.formats.mojibake import letters_lost_in, mojibake_in
from catchments.readers.formats.tables import Columns, open_table
from catchments.readers.formats.text_files import TABLE_DELIMITERS, encoding_of
from catchments.readers.report import Problem, Report, no_progress
from tests.laws import examples

COLUMNS = Columns(
    aliases={"number": ("School_Id",), "name": ("Name",), "town": ("Town",)},
    required=(("number",), ("name",)),
    numbers=("number",),
)


def read(path: Path) -> tuple[list[tuple[str, str, str]], Report]:
    report = Report()
    with open_table(path, COLUMNS, report=report) as table:
        return [(row["number"], row["name"], row["town"]) for row in table.rows], report


def written(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


TEXT = "School_Id,Name,Town\n1,Ōtāhuhu School,Taupō\n"
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff", "utf-8": b"\xef\xbb\xbf"}


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("encoding", MARKS)
def test_unicode_is_read_with_its_mark_or_without(tmp_path, encoding, marked):
    content = (MARKS[encoding] if marked else b"") + TEXT.encode(encoding)
    rows, report = read(written(tmp_path, content))
    assert rows == [("1", "Ōtāhuhu School", "Taupō")]
    assert report.is_clean
    assert report.read[0] in {"text in UTF-8", "text in UTF-16"}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"a,b\n1,2\n", "utf-8-sig"),
        ("a,ā\n".encode(), "utf-8-sig"),
        ("a,é\n".encode("cp1252"), "cp1252"),
        ("School_Id\n".encode("utf-16"), "utf-16"),
        ("School_Id\n".encode("utf-16-le"), "utf-16-le"),
        ("School_Id\n".encode("utf-16-be"), "utf-16-be"),
        ("a,b\n".encode("utf-16-le"), "utf-8-sig"),  # too short to be sure; its NULs are refused
    ],
)
def test_an_encoding_is_told_from_the_bytes(tmp_path, content, encoding):
    assert encoding_of(written(tmp_path, content), no_progress)[0] == encoding


def test_windows_1252_is_an_assumption_and_said(tmp_path):
    rows, report = read(written(tmp_path, "School_Id,Name\n1,Café\n".encode("cp1252")))
    assert rows[0][1] == "Café"
    said = Problem("table.csv", "is not UTF-8", "read as Windows-1252; macrons may be missing")
    assert report.problems == [said]


@pytest.mark.parametrize("mark", [b"\xff\xfe\0\0", b"\0\0\xfe\xff"])
def test_utf_32_is_refused(tmp_path, mark):
    with pytest.raises(FileRefused, match="is UTF-32 text"):
        encoding_of(written(tmp_path, mark + b"\0" * 40), no_progress)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nSchool_Id;Name;Town\n1;A;B\n",
        '"sep=;"\r\nSchool_Id;Name;Town\r\n1;A;B\r\n',
        "\ufeffsep=^\nSchool_Id^Name^Town\n1^A^B\n",
        "School_Id|Name|Town\n1|A|B\n",
        "School_Id\tName\tTown\n1\tA\tB\n",
    ],
)
def test_what_parts_the_columns_is_found_or_said_by_the_file(tmp_path, text):
    rows, report = read(written(tmp_path, text.encode()))
    assert rows == [("1", "A", "B")]
    assert report.is_clean


# --- spoilt before --------------------------------------------------------------------------------


def spoilt(text: str, encoding: str = "cp1252") -> str:
    """Return a text as a program shows it that takes its UTF-8 for another encoding."""
    return "".join(
        bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in text.encode()
    )


NAMES = [
    "Māori",
    "Taupō",
    "Ōtāhuhu",
    "Whangārei",
    "Tūranga",
    "Te Kōmanawa Rowley",
    "Kēnana Āwhina Ēhea Īnia Ūpoko",
    "St Joseph’s “School” – Gore…",
    "Café Zoë",
    "ʻOkina",
]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_spoilt_is_seen_and_what_it_was(name, encoding):
    assert mojibake_in(name) is None
    once = spoilt(name, encoding)
    assert mojibake_in(once) == name
    assert mojibake_in(spoilt(once, encoding)) == name


@pytest.mark.parametrize(
    ("text", "was"),
    [
        ("MÄori", "Māori"),
        ("TaupÅ ki te Uru", "Taupō ki te Uru"),
        ("PÄkehÄ", "Pākehā"),
        ("TÅtara", "Tōtara"),
        ("Ã©cole", "école"),
        ("Josephâ€™s", "Joseph’s"),
        ("Māori and MÄ\x81ori", "Māori and Māori"),
    ],
)
def test_half_of_it_is_enough(text, was):
    assert mojibake_in(text) == was


@pytest.mark.parametrize(
    "text",
    ["", "A", "“CAFÉ”", "CAFÉ…", "Åse Ärzte", "MÄNNER", "à “x”", "SÃO", "Straße", "ÄÖÜ–x", "£5 ½"],
)
def test_sound_texts_are_let_be(text):
    assert mojibake_in(text) is None


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("M?ori", True),
        ("Whang?rei School", True),
        ("Te Kura o ?t?huhu", True),
        ("M\ufffdori", True),
        ("Why? Because", False),
        ("http://a.nz/b?c=d", False),
        ("is it open?", False),
        ("a.nz/page?id", False),
    ],
)
def test_a_question_mark_inside_a_word_is_a_lost_letter(text, lost):
    assert letters_lost_in(text) is lost


def test_spoilt_texts_are_one_problem_a_column_with_line_and_guess(tmp_path):
    rows = f"1,{spoilt('Māori')},Whang?rei\n2,Sound,Gore\n3,{spoilt('Taupō')},\n"
    found, report = read(written(tmp_path, f"School_Id,Name,Town\n{rows}".encode()))
    assert [row[0] for row in found] == ["1", "2", "3"]
    done = "taken as it stands: save the source again in UTF-8"
    guess = "“MÄori” is probably “Māori”, which was read in a wrong encoding"
    assert report.problems == [
        Problem("line 2, column “Name”; and 1 more", guess, done),
        Problem("line 2, column “Town”", "“Whang?rei” seems to have lost a letter", done),
    ]


# --- laws -----------------------------------------------------------------------------------------

PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=10)


@given(PLAIN)
def test_looking_never_fails_and_what_it_finds_is_sound(text):
    was = mojibake_in(text)
    assert was is None or was != text
    letters_lost_in(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(
    names=st.lists(PLAIN.map(str.strip), min_size=1, max_size=5),
    delimiter=st.sampled_from(TABLE_DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    preamble=st.integers(0, 2),
    footer=st.booleans(),
)
def test_every_line_is_a_row_or_in_the_report(
    tmp_path, names, delimiter, encoding, preamble, footer
):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["List of schools"]] * preamble)
    writer.writerow(["School_Id", "Other", "Name"])
    writer.writerows([n, "x", f"a{name}"] for n, name in enumerate(names, 1))
    writer.writerows([["Total", len(names)]] * footer)
    rows, report = read(written(tmp_path, text.getvalue().encode(encoding)))
    assert [int(row[0]) for row in rows] == list(range(1, len(names) + 1))
    left = {each.what: each.count for each in report.left_out}
    expected = {"lines above the header": preamble, "a column": 1, "lines below the table": footer}
    assert left == {what: int(count) for what, count in expected.items() if count}
