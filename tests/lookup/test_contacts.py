"""Telephone numbers, websites, e-mail domains and postcodes that somebody types for a school."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import MatchKind, Place, PlaceKind, School, SchoolStatus
from catchments.core.settings import ROOT
from catchments.lookup.search.pasted.contacts import Known, SchoolContacts
from catchments.lookup.search.pasted.postcodes import Postcodes
from catchments.lookup.search.typed_text import TypedText
from tests.worlds import HOSTILE

pytestmark = pytest.mark.every_case

DIRECTORY = ROOT.parent / "shared" / "data" / "schooldirectory-2021-09-25.csv"
EXACT, PART = MatchKind.EXACT, MatchKind.PART


def school(number: int, **more: str) -> School:
    return School(number, f"School {number}", **more)


SCHOOLS = (
    school(3, phone="09-4080190", website="http://www.kaitaiacollege.school.nz/Home/"),
    school(
        4, phone="(07) 408 0190", website="HTTPS://Whanga.school.nz", email_domain="whanga.ac.nz"
    ),
    school(5, phone="0800 65 99 88", website="http://www.schoolground.co.nz/dipton"),
    school(6, phone="+64 3 688 1234", website="www.schoolground.co.nz/romahapa/index.html"),
    school(7, phone="06 412 3456", website="https://shared.school.nz", email_domain="gmail.com"),
    school(
        8, phone="06 412 3456", website="https://shared.school.nz", email_domain="Two.School.NZ"
    ),
    school(9, website="https://old.school.nz/WebSpace/30/", email_domain="xtra.co.nz"),
    school(10, phone="n/a", website="none", email_domain=""),
    school(11, phone=HOSTILE, website=HOSTILE, email_domain=HOSTILE),
    school(12, website="http://[1"),
)
CONTACTS = SchoolContacts.of(reversed(SCHOOLS))


def known(text: str) -> Known | None:
    return CONTACTS.named(TypedText.of(text))


@pytest.mark.parametrize(
    "text",
    [
        *("09 408 0190", "09-4080190", "(09) 408 0190", "(09)408-0190", "094080190", "09.408.0190"),
        *("+64 9 408 0190", "+6494080190", "0064 9 408 0190", "64 9 408 0190", "+64 (0)9 408 0190"),
        *("tel:+64-9-408-0190", "Phone: 09 408 0190", "Ph 09 408 0190", "09/408 0190"),
        *("9 408 0190",),
        *("09 408 0190 ext 2", "09 408 0190 x21", "０９ ４０８ ０１９０", " 09  408  0190 "),
    ],
)
def test_a_telephone_number_names_its_school_however_it_is_written(text):
    assert known(text) == Known((3,), EXACT)


@pytest.mark.parametrize("text", ["408 0190", "4080190", "408-0190"])
def test_a_number_without_its_area_is_asked_about(text):
    assert known(text) == Known((3, 4), PART)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        *(("0800 65 99 88", (5,)), ("0800659988", (5,)), ("03 688 1234", (6,))),
        *(("06 412 3456", (7, 8)), ("6 412 3456", (7, 8)), ("+64 6 412 3456", (7, 8))),
    ],
)
def test_other_numbers_are_read_likewise_and_schools_may_share_one(text, numbers):
    assert known(text) == Known(numbers, EXACT)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        *(("kaitaiacollege.school.nz", (3,)), ("www.kaitaiacollege.school.nz", (3,))),
        *(("https://www.kaitaiacollege.school.nz/contact?a=b#c", (3,)),),
        *(("WHANGA.school.nz/", (4,)),),
        *(("http://kaitaiacollege.school.nz:80/home", (3,)), ("Website: whanga.school.nz", (4,))),
        *(("schoolground.co.nz/dipton", (5,)), ("http://schoolground.co.nz/Romahapa/news", (6,))),
        *(("shared.school.nz", (7, 8)), ("old.school.nz", (9,))),
        *(("old.school.nz/WebSpace/30", (9,)),),
        *(("old.school.nz/other", (9,)), ("kaitaiacollege.school.nz.", (3,))),
    ],
)
def test_a_website_names_its_school(text, numbers):
    assert known(text) == Known(numbers, EXACT)


def test_a_host_of_many_pages_names_none_of_them_for_sure():
    assert known("schoolground.co.nz") == Known((5, 6), PART)
    assert known("https://www.schoolground.co.nz/") == Known((5, 6), PART)
    assert known("schoolground.co.nz/another") is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        *(("office@whanga.ac.nz", (4,)), ("@whanga.ac.nz", (4,)), ("whanga.ac.nz", (4,))),
        *(("mailto:office@whanga.ac.nz", (4,)), ("E-mail: office@whanga.ac.nz", (4,))),
        *(("<office@whanga.ac.nz>", (4,)), ("OFFICE@WHANGA.AC.NZ", (4,))),
        *(("a@two.school.nz", (8,)),),
        ("office@kaitaiacollege.school.nz", (3,)),
    ],
)
def test_an_email_address_names_the_school_of_its_domain(text, numbers):
    assert known(text) == Known(numbers, EXACT)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Office <office@whanga.ac.nz>", (4,)),
        ("see www.kaitaiacollege.school.nz for more", (3,)),
    ],
)
def test_what_stands_beside_an_address_has_it_asked_about(text, numbers):
    assert known(text) == Known(numbers, PART)


@pytest.mark.parametrize(
    "text",
    [
        *("gmail.com", "school@gmail.com", "school@xtra.co.nz", "xtra.co.nz", "@", "a@", "a@b"),
        *("none",),
        *("54", "0410", "12-14", "2026-01-05", "1234567", "12345678", "09 408 0191", "+", "()"),
        *("tel:",),
        *("Kaitaia College", "12 High Street", "st.josephs", "www.", "http://", "http://[1"),
        *("a..b", "."),
        *("evil.nz/https://kaitaiacollege.school.nz", "kaitaiacollege.school.nz.evil.nz"),
        *("school.nz",),
        *("https://evil@example.nz", HOSTILE, "' OR 1=1 --", "\0", "", "n/a", "9" * 10_000),
        *("a." * 5000,),
        *("@" * 10_000, "(" * 10_000, "09 " * 3000, "a@b." * 2500),
    ],
)
def test_anything_else_names_no_school(text):
    assert known(text) is None


@given(text=st.text(max_size=250) | st.text("0123456789 +()-./@:abnz", max_size=250))
def test_any_text_is_read_politely(text):
    found = known(text)
    assert found is None or found.school_ids


CONTACT = ("+64 9 408 0190", "https://www.kaitaiacollege.school.nz/home", "office@whanga.ac.nz")


@pytest.mark.parametrize("text", CONTACT)
def test_a_contact_that_is_cut_doubled_reversed_or_endless_names_no_other_school(text):
    whole = known(text)
    assert whole
    forms = [text[:at] for at in range(len(text))]
    forms += [text * 2, f"{text} {text}", text[::-1], text * 300, text + "/" * 10_000]
    others = {found.school_ids for form in forms if (found := known(form))} - {whole.school_ids}
    # Of a telephone number what is left may be one within its area.
    assert others <= {(3, 4)}


@pytest.mark.parametrize(
    "unit", ["09 ", "(", "a.", "a@", "@", "/", "a@b.nz ", "9", "+", "tel:", "ā"]
)
def test_sixteen_times_as_much_is_less_than_forty_times_the_work(unit):
    def work_s(size: int) -> float:
        started = time.thread_time()
        typed = TypedText.of(unit * size)
        CONTACTS.named(typed)
        POSTCODES.named(typed)
        return time.thread_time() - started

    pairs = ((work_s(600), work_s(16 * 600)) for _ in range(6))
    assert any(many < 40 * max(few, 0.0005) for few, many in pairs)


@given(number=st.from_regex(r"0[3-9] [2-9][0-9]{2} [0-9]{4}", fullmatch=True))
def test_any_number_that_a_school_has_is_found_from_abroad_and_without_blanks(number):
    contacts = SchoolContacts.of([school(1, phone=number)])
    bare = number.replace(" ", "")
    for text in (number, bare, f"+64 {number[1:]}", f"0064{bare[1:]}", f"64{bare[1:]}", bare[1:]):
        assert contacts.named(TypedText.of(text)) == Known((1,), EXACT), text


# --- postcodes ------------------------------------------------------------------------------------

AT = Place(lng=173.2, lat=-35.1)
POSTED = (
    School(1, "B", city="Kaitaia", postcode="0410", place=AT),
    School(2, "A", city="Ahipara", postcode="0410"),
    School(3, "C", city="Kaitaia", postcode="0410"),
    School(4, "D", city="Auckland", postcode="1010"),
    School(5, "E", SchoolStatus.CLOSED, city="Auckland", postcode="1011"),
    School(6, "F", suburb="Aro Valley", postcode="6021"),
    *(School(10 + n, "G", city=f"Town {n}", postcode="0999") for n in range(7)),
)
POSTCODES = Postcodes.of(POSTED)


@pytest.mark.parametrize(
    "text", ["0410", "Postcode 0410", "post code: 0410", "NZ 0410", "０４１０", "0410, NZ"]
)
def test_a_postcode_is_the_place_of_its_schools(text):
    named = POSTCODES.named(TypedText.of(text))
    assert named
    assert (named.kind, named.name) == (PlaceKind.POSTCODE, "0410")
    assert named.within == "Kaitaia, Ahipara"
    assert [each.school_id for each in named.schools] == [1, 2, 3]
    assert named.match is EXACT


def test_a_number_of_four_digits_is_a_postcode_whether_or_not_a_school_has_it():
    named = POSTCODES.named(TypedText.of("1010"))
    assert named
    assert named.within == "Auckland"


def test_a_postcode_of_many_towns_names_some():
    named = POSTCODES.named(TypedText.of("0999"))
    assert named
    assert named.within == "Town 0, Town 1, Town 2, Town 3 and 3 more"


def test_a_suburb_stands_for_a_town_that_is_not_said():
    named = POSTCODES.named(TypedText.of("6021"))
    assert named
    assert named.within == "Aro Valley"


@pytest.mark.parametrize(
    "text", ["1011", "9999", "410", "04100", "0410 Kaitaia", "", "x", HOSTILE, "0" * 9999]
)
def test_anything_else_is_no_postcode(text):
    assert POSTCODES.named(TypedText.of(text)) is None


# --- a whole directory ----------------------------------------------------------------------------


def of_the_directory() -> Iterator[School]:
    with DIRECTORY.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield School(
                int(row["School_Id"]),
                row["Org_Name"],
                phone=row["Telephone"],
                website=row["URL"],
                postcode=row["Add2_Postal_Code"],
            )


def test_every_school_of_a_directory_is_found_by_its_number_and_website():
    schools = list(of_the_directory()) if DIRECTORY.exists() else list(SCHOOLS[:2])
    contacts, postcodes = SchoolContacts.of(schools), Postcodes.of(schools)
    for each in schools:
        for text in filter(None, (each.phone, each.website)):
            found = contacts.named(TypedText.of(text))
            assert found, text
            assert each.school_id in found.school_ids
            assert found.match is EXACT
        if each.postcode:
            named = postcodes.named(TypedText.of(each.postcode))
            assert named
            assert each in named.schools
