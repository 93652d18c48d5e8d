"""Tables of decisions: what is understood is taken, what is not is named, nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook

from catchments.core.errors import FileRefused
from catchments.lookup.snapshot import Snapshot
from catchments.readers.lists.decisions import (
    Decisions,
    read_providers_table,
    read_schools_table,
)
from maps.exports.export_input import ExportInput
from maps.exports.school_tables import schools_csv
from maps.exports.workbook import schools_xlsx
from tests.worlds import AHI, KOWHAI, RIMU, TOTARA, small_edition, small_release

KNOWN = small_edition()
SCHOOLS = small_release().schools


def schools(folder: Path, content: str | bytes, name: str = "t.csv") -> Decisions:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_schools_table([path], schools=SCHOOLS, known=KNOWN)


def providers(folder: Path, content: str | bytes, name: str = "t.csv") -> Decisions:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_providers_table([path], known=KNOWN)


@pytest.mark.parametrize(
    "row",
    [
        "54\tTōtara",
        "#54\ttotara",
        "54 Kura o Ahi\tTOT-4",
        "Kura o Ahi (54)\tTOT-4",
        "５４\tTOT-4",
        "＃５４\tTōtara",
        "No. 54\tTōtara",
        "54.0\tTōtara",
        "Kura o Ahi\tTōtara",
        "54\tKura o Ahi\tTōtara",
        "54;Tōtara",
        "54,Tōtara",
        "54|Tōtara",
        "School number\tMove to\n54\tTōtara",
        "School\tCatchment\n54 Kura o Ahi\tTOT-4",
        "\n\n54\tTōtara\n\n",
    ],
)
def test_a_school_is_known_however_people_write_it(tmp_path: Path, row: str) -> None:
    found = schools(tmp_path, f"{row}\n")
    assert (dict(found.schools), found.faults) == ({54: TOTARA}, ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("hello\tTōtara", "line 2: “hello”: no school has that name"),
        ("9999\tTōtara", "line 2: “9999”: no school has the number 9999"),
        ("55 Kura o Ahi\tTōtara", "line 2: number 55 is"),
        ("55\tNowhere", "line 2: catchment “Nowhere” is not known"),
        ("55", "line 2: it names no catchment"),
        ("\tTōtara", "line 2: it names no school"),
        ("55\tTōtara\tRimu", "line 2: “Rimu” stands beyond its columns"),
        ("</script>{{7*191}}\tTōtara", "line 2: “</script>{{7*191}}”: no school has that name"),
        ("=cmd|' /C calc'!A0\tTōtara", "no school has that name"),
        ("Total 12", "line 2: “Total 12”: no school has the number 12"),
    ],
)
def test_a_row_that_is_not_understood_is_named_and_the_others_are_taken(
    tmp_path: Path, row: str, said: str
) -> None:
    found = schools(tmp_path, f"54\tTōtara\n{row}\n")
    assert dict(found.schools) == {54: TOTARA}
    assert said in found.faults[0]
    assert len(found.faults) == 1


def test_two_answers_for_one_school_are_named_and_neither_is_taken(tmp_path: Path) -> None:
    found = schools(tmp_path, "54\tTōtara\n55\tRimu\n54\tRimu\n54\tTOT-4\n55\tRIM-3\n")
    assert dict(found.schools) == {55: RIMU}
    assert found.faults == (
        "54, Kura o Ahi has 2 answers: line 1 says Tōtara (TOT-4); line 3 says Rimu (RIM-3)",
    )


def test_a_school_goes_to_no_catchment_or_off_the_list_in_words(tmp_path: Path) -> None:
    found = schools(tmp_path, "54\tnone\n55\tOff the list\n")
    assert dict(found.schools) == {54: "", 55: None}


@pytest.mark.parametrize(
    "row",
    ["Ahi\tNgā Rākau", "ahi-1\tnga rakau", "AHI-1\tP-RAKAU", "AHI-1\tAhi\tNgā Rākau"],
)
def test_a_catchment_and_a_provider_are_known_by_code_or_name(tmp_path: Path, row: str) -> None:
    found = providers(tmp_path, f"{row}\n")
    assert (dict(found.catchments), found.faults) == ({AHI: "P-RAKAU"}, ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Rimu\tNobody Ltd", "line 2: provider “Nobody Ltd” is not known; add it first"),
        ("Nowhere\tNgā Rākau", "line 2: catchment “Nowhere” is not known"),
        ("Rimu\t", "line 2: it names nobody to serve Rimu (RIM-3)"),
    ],
)
def test_a_row_without_a_known_provider_or_catchment_is_named(
    tmp_path: Path, row: str, said: str
) -> None:
    found = providers(tmp_path, "Catchment,Provider\nKOW-2,P-RIMU\n".replace(",", "\t") + row)
    assert dict(found.catchments) == {KOWHAI: "P-RIMU"}
    assert said.replace("line 2", "line 3") in found.faults[0]


def test_two_providers_for_one_catchment_are_named(tmp_path: Path) -> None:
    found = providers(tmp_path, "Ahi\tP-RIMU\nAHI-1\tP-RAKAU\n")
    assert not found.catchments
    assert "Ahi (AHI-1) has 2 answers: line 1 says Rimu Services (P-RIMU)" in found.faults[0]


@pytest.mark.parametrize("name", ["s.csv", "s.xlsx"])
def test_our_own_table_of_schools_decides_what_is_so_already(tmp_path: Path, name: str) -> None:
    snapshot = Snapshot.of(replace(KNOWN, number=1), small_release())
    write = schools_csv if name == "s.csv" else schools_xlsx
    found = schools(tmp_path, write(ExportInput.of(snapshot)), name)
    assert found.faults == ()
    assert dict(found.schools) == {**KNOWN.listings, **dict.fromkeys(KNOWN.unserved, "")}
    assert all(snapshot.answers[n].catchment.code == c for n, c in found.located.items() if c)
    again = providers(tmp_path, write(ExportInput.of(snapshot)), name)
    assert again.faults == ()
    serving = {code: c.provider_code for code, c in KNOWN.catchments.items()}
    assert again.catchments.items() <= serving.items()


def test_a_workbook_without_a_header_and_with_merged_cells_is_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    for row in ((54, "Tōtara"), (55, None), ("x", "y")):
        sheet.append(row)
    sheet.merge_cells("B1:B2")
    book.create_sheet("Notes").append(["only a note"])
    book.save(path := tmp_path / "b.xlsx")
    found = read_schools_table([path], schools=SCHOOLS, known=KNOWN)
    assert dict(found.schools) == {54: TOTARA, 55: TOTARA}
    assert len(found.faults) == 1


@pytest.mark.parametrize("content", ["", "\n\n", "hello world\n", "a\tb\tc\td\n"])
def test_what_is_no_such_table_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileRefused, match=r"no header row|empty|no text"):
        schools(tmp_path, content)
