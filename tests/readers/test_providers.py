"""A table of providers: what merges, what contradicts, what is unsafe."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.core.model import Catchment, Edition, Provider, SourceKind
from catchments.readers.lists.files import Given
from catchments.readers.lists.providers import ProviderTable, provider_code, read_providers

HEADER = "Catchment,Provider,Phone,Email,Website"


KNOWN = Edition({c: Catchment(c, c) for c in ("Kaitāia", "C01", *"NSE", "North", "South", "East")})


def written(folder: Path, *rows: str, header: str = HEADER, name: str = "providers.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def read(folder: Path, *rows: str, header: str = HEADER) -> ProviderTable:
    return read_providers([written(folder, *rows, header=header)], known=KNOWN)


def refusal(folder: Path, *rows: str, header: str = HEADER) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(folder, *rows, header=header)
    return refused.value


def test_a_row_gives_a_provider_and_its_catchment(tmp_path: Path) -> None:
    table = read(tmp_path, "Kaitāia,Te Ara Hou Trust,0800 000 000,Hi@Example.nz,https://example.nz")
    expected = Provider(
        "P-TE-ARA-HOU-TRUST",
        "Te Ara Hou Trust",
        "0800 000 000",
        "hi@example.nz",
        "https://example.nz",
    )
    assert {"P-TE-ARA-HOU-TRUST": expected} == table.providers
    assert table.assignments == {"Kaitāia": "P-TE-ARA-HOU-TRUST"}
    assert table.report.counts == {"rows": 1, "providers": 1, "catchments with a provider": 1}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Catchment code,Provider name,Provider code", "C01,A Trust,P1"),
        ("Provider,Code,Catchment", "A Trust,P1,C01"),
        ("Name;Code;Catchment Name", "A Trust;P1;C01"),
        ("catchment,Attendance Service Provider,PROVIDER ID", "C01,A Trust,P1"),
    ],
)
def test_columns_go_by_several_names(tmp_path: Path, header: str, row: str) -> None:
    table = read(tmp_path, row, header=header)
    assert {"P1": Provider("P1", "A Trust")} == table.providers
    assert table.assignments == {"C01": "P1"}


def test_a_table_without_catchments_only_gives_providers(tmp_path: Path) -> None:
    table = read(tmp_path, "A,0800 000 000", "B,", header="Name,Phone")
    assert list(table.providers) == ["P-A", "P-B"]
    assert table.assignments == {}


def test_a_provider_of_several_catchments_merges_and_fills_its_blanks(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "North,Te Ara,0800 000 000,,",
        "South,Te Ara,,a@b.nz,",
        "East,Te Ara,0800-000-000,a@b.nz,https://b.nz",
    )
    expected = Provider("P-TE-ARA", "Te Ara", "0800 000 000", "a@b.nz", "https://b.nz")
    assert {"P-TE-ARA": expected} == table.providers
    assert list(table.assignments) == ["North", "South", "East"]
    assert not table.report.problems


def test_two_spellings_of_a_name_are_one_provider_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "North,Te Ara Whānau,,,", "South,TE ARA WHANAU,,,")
    assert {"P-TE-ARA-WHANAU": Provider("P-TE-ARA-WHANAU", "Te Ara Whānau")} == table.providers
    assert table.report.problems[0].where == "line 3"


def test_a_row_without_a_code_means_the_provider_of_that_name(tmp_path: Path) -> None:
    table = read(tmp_path, "N,A Trust,P1", "S,A Trust,", header="Catchment,Provider,Code")
    assert table.assignments == {"N": "P1", "S": "P1"}


CONTRADICTIONS = {
    "phone": ("N,A,1,,", "S,A,2,,", "phone is “2”, but line 2 says otherwise"),
    "email": ("N,A,,a@b.nz,", "S,A,,c@b.nz,", "email is “c@b.nz”, but line 2"),
    "website": ("N,A,,,https://a.nz", "S,A,,,https://b.nz", "website is “https://b.nz”"),
    "catchment": (
        "N,A,,,",
        "n,B,,,",
        "catchment “n” is given to “P-B”, but line 2 gives it to “P-A”",
    ),
}


@pytest.mark.parametrize(("first", "second", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_rows_that_contradict_each_other_are_named(
    tmp_path: Path, first: str, second: str, said: str
) -> None:
    error = refusal(tmp_path, first, second)
    assert error.rows[0].startswith("line 3: ")
    assert said in error.rows[0]
    assert error.rows[0] in str(error)


def test_one_code_for_two_names_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "A,P1", "B,P1", header="Provider,Code")
    assert "line 3: name is “B”, but line 2 says otherwise" in error.rows[0]


def test_two_codes_for_one_name_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "A,P1", "A,P2", header="Provider,Code")
    assert "line 3: “A” has the code “P2”, but “P1” at line 2" in error.rows[0]


def test_columns_that_may_be_a_catchments_or_the_providers_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "C1,Kaitāia,A Trust", header="Code,Name,Provider")
    assert "as “Catchment name”" in str(error)


@pytest.mark.parametrize(
    "website",
    [
        "javascript:alert(1)",
        "JavaScript://example.nz/%0aalert(1)",
        "data:text/html;base64,x",
        "ftp://example.nz",
        "https://",
        "https://localhost",
        "https://good.nz@evil.nz",
        "https://a.nz/<script>",
        "https://a.nz/ b",
        "https://[::1",
        "//example.nz",
        "https://a.nz/" + "x" * 300,
    ],
)
def test_a_website_that_does_more_than_open_a_page_is_refused(tmp_path: Path, website: str) -> None:
    assert "is not a website" in refusal(tmp_path, f'N,A,,,"{website}"').rows[0]


@pytest.mark.parametrize(
    ("website", "expected"),
    [
        ("https://example.nz/a?b=c#d", "https://example.nz/a?b=c#d"),
        ("http://whānau.nz", "http://whānau.nz"),
        ("www.example.nz", "https://www.example.nz"),
        ("example.nz/contact", "https://example.nz/contact"),
        ("", ""),
    ],
)
def test_a_plain_website_is_kept(tmp_path: Path, website: str, expected: str) -> None:
    assert expected == read(tmp_path, f"N,A,,,{website}").providers["P-A"].website


@pytest.mark.parametrize(
    "email",
    [
        "nobody",
        "a@b",
        "a@b.nz?bcc=all@c.nz",
        "a@b.nz&body=x",
        "a%0a@b.nz",
        "mailto:a@b.nz",
        "a@b.nz;c@d.nz",
        "<a@b.nz>",
        "a b@c.nz",
        "a@-b.nz",
        "' OR 1=1",
        "a" * 250 + "@b.nz",
    ],
)
def test_an_address_that_means_more_in_a_link_is_refused(tmp_path: Path, email: str) -> None:
    assert "is not an e-mail address" in refusal(tmp_path, f'N,A,,"{email}",').rows[0]


@pytest.mark.parametrize("email", ["a.b+c_d@e-f.org.nz", "o'neill@b.nz", "kia-ora@whānau.nz"])
def test_a_plain_address_is_kept(tmp_path: Path, email: str) -> None:
    assert email == read(tmp_path, f"N,A,,{email},").providers["P-A"].email


def test_every_row_at_fault_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, "N,,09 1,,", f"S,B,{'1' * 41},x,javascript:x", "E,C,,,")
    assert [row.partition(":")[0] for row in error.rows] == ["line 2", *["line 3"] * 3]
    assert "line 2: it names no provider" in str(error)


@pytest.mark.parametrize("code", ["{{7*191}}", "' OR 1=1", "../x", "ā", "-a", "x" * 65])
def test_a_code_that_does_not_fit_an_address_is_refused(tmp_path: Path, code: str) -> None:
    error = refusal(tmp_path, f'A,"{code}"', header="Provider,Code")
    assert "is not one" in error.rows[0]


@pytest.mark.parametrize("name", ["{{7*191}}", "</script>", "' OR 1=1", "Ōtāhuhu", "日本"])
def test_hostile_names_are_kept_as_text_under_a_plain_code(tmp_path: Path, name: str) -> None:
    (provider,) = read(tmp_path, f'N,"{name}",,,').providers.values()
    assert name == provider.name
    assert provider.code.isascii()


def test_names_without_latin_letters_stay_apart(tmp_path: Path) -> None:
    assert len(read(tmp_path, "N,日本,,,", "S,中国,,,").providers) == 2


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    assert "names no provider" in str(refusal(tmp_path))


def test_the_source_is_declared_or_says_that_it_is_not(tmp_path: Path) -> None:
    path = written(tmp_path, "N,A,,,", name="providers-2026-07-01.csv")
    source = read_providers([path], known=KNOWN).sources[0]
    assert SourceKind.PROVIDERS is source.kind
    assert (source.release, source.licence) == ("2026-07-01", "not stated")
    declared = read_providers([path], known=KNOWN, given=Given("X", "CC0", "v2", "https://x.nz"))
    assert (
        declared.sources[0].authority,
        declared.sources[0].licence,
        declared.sources[0].release,
    ) == ("X", "CC0", "v2")
    assert read(tmp_path, "N,A,,,").sources[0].release == "undated"


@given(st.text(min_size=1, max_size=200))
def test_a_code_is_plain_and_depends_on_the_name_alone(name: str) -> None:
    code = provider_code(name)
    assert code == provider_code(name)
    assert 0 < len(code) <= 64
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["A", "B", "N", "a@b.nz", "https://a.nz", "", "P1"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=4))
def test_any_cells_give_sound_providers_or_a_refusal(tmp_path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([[*HEADER.split(","), "Code"], *rows])
    try:
        table = read(tmp_path, *text.getvalue().splitlines()[1:], header=HEADER + ",Code")
    except FileRefused:
        return
    assert set(table.assignments.values()) <= set(table.providers)
    assert all(code == provider.code for code, provider in table.providers.items())
