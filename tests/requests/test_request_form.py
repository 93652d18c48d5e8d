"""A request as a school writes it: what is wrong is said field by field, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.requests.rules.requests import (
    Consent,
    SupportRequest,
    packed,
    read_request,
    same_student,
    unpacked,
)
from tests.requests.desk import TODAY, support_request

GOOD = {
    "student_name": "  Made-up   Student ",
    "born_on": "2014-03-04",
    "year_level": "7",
    "family_name": "Made-up Parent",
    "family_is": "mother",
    "family_phone": "021 000 000",
    "attendance_percent": "61,5 %",
    "days_absent": "19.5",
    "term": "Term 4 of 2026",
    "step_1_on": "2026-10-20",
    "step_1": "We met the family.",
    "step_3_on": "2026-09-01",
    "step_3": "We called.\r\nTwice.",
    "barriers": "Nothing that is real.",
    "consent": Consent.AGREED,
}


def read(with_nsn: bool = False, **changes: str):
    return read_request(GOOD | changes, today=TODAY, with_nsn=with_nsn)


def test_a_whole_form_is_a_request():
    request, wrong = read()
    assert wrong == {}
    assert request.student_name == "Made-up Student"
    assert (request.attendance_percent, request.days_absent) == (61.5, 19.5)
    assert [step.on for step in request.steps] == [date(2026, 9, 1), date(2026, 10, 20)]
    assert request.steps[0].what == "We called.\nTwice."
    assert unpacked(packed(request)) == request


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"student_name": ""}, "student_name"),
        ({"student_name": "x" * 201}, "student_name"),
        ({"student_name": "a\0b"}, "student_name"),
        ({"born_on": "04/03/2014"}, "born_on"),
        ({"born_on": "2014-02-30"}, "born_on"),
        ({"born_on": "1914-03-04"}, "born_on"),
        ({"born_on": "2027-01-01"}, "born_on"),
        ({"year_level": "0"}, "year_level"),
        ({"year_level": "14"}, "year_level"),
        ({"year_level": "7.0"}, "year_level"),
        ({"family_name": ""}, "family_name"),
        ({"family_phone": ""}, "family_phone"),
        ({"attendance_percent": "101"}, "attendance_percent"),
        ({"attendance_percent": "-1"}, "attendance_percent"),
        ({"attendance_percent": "NaN"}, "attendance_percent"),
        ({"days_absent": "121"}, "days_absent"),
        ({"days_absent": "19.7"}, "days_absent"),
        ({"step_1": ""}, "step_1"),
        ({"step_1_on": "2026-12-24"}, "step_1_on"),
        ({"step_1_on": "soon"}, "step_1_on"),
        ({"barriers": " \n "}, "barriers"),
        ({"barriers": "x" * 4_001}, "barriers"),
        ({"consent": "yes"}, "consent"),
        ({"consent": ""}, "consent"),
    ],
)
def test_what_will_not_do_is_said_at_its_field(changes, field):
    request, wrong = read(**changes)
    assert request is None
    assert list(wrong) == [field]


def test_a_form_that_is_empty_names_each_field_that_is_needed():
    request, wrong = read_request({}, today=TODAY, with_nsn=False)
    assert request is None
    assert {*wrong} == {
        *("student_name", "born_on", "year_level", "family_name", "family_is", "family_phone"),
        *("attendance_percent", "days_absent", "term", "step_1", "barriers", "consent"),
    }


def test_a_national_student_number_is_only_kept_where_a_setting_allows_it():
    assert read(nsn="123456789")[0].nsn == ""
    assert read(with_nsn=True, nsn="123 456 789")[0].nsn == "123456789"
    assert list(read(with_nsn=True, nsn="12345")[1]) == ["nsn"]


@pytest.mark.parametrize("text", ["{{7*191}}", "</script>", "' OR 1=1", "Māui 🐟", "a\tb\nc"])
def test_hostile_text_is_normal_text(text):
    request, wrong = read(barriers=text)
    assert (wrong, request.barriers) == ({}, text)


@pytest.mark.parametrize(
    "name", ["Made-Up STUDENT", "Student Made-up", "  made - up student", "Mäde-ūp Student"]
)
def test_the_same_student_is_known_however_the_name_is_written(name):
    assert same_student(support_request(student_name=name)) == same_student(support_request())


def test_another_birthday_is_another_student():
    other = support_request(born_on=date(2014, 4, 3))
    assert same_student(other) != same_student(support_request())


@given(st.builds(support_request, student_name=st.text(min_size=1), barriers=st.text()))
def test_what_is_packed_is_unpacked(request_: SupportRequest):
    assert unpacked(packed(request_)) == request_


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=30)))
def test_whatever_is_typed_is_a_request_or_has_what_is_wrong(fields):
    request, wrong = read(**fields)
    assert (request is None) == bool(wrong)
    assert all(wrong.values())
