"""Passwords that will do, and those that are guessed first, at every door of the store."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.roles import Role
from catchments.store.accounts.passwords import checked_password, is_guessed, words_of
from catchments.store.accounts.people import People
from tests.staff import PASSWORD

HANA = words_of("hana.mei", "Hana Mei Tūhoro", "hana.mei@ministry.example")

GUESSED = [
    "password1234",
    "P@ssw0rd12345",
    "hana.mei1234",
    "hana.mei.2026",
    "HanaMei123456",
    "ieM.anaH.2026!",
    "Tūhoro-Tuhoro-1",
    "hana.mei@ministry.example",
    "Catchments2026!",
    "catchmentsattendance",
    "Ministry of Education",
    "Mātauranga-2026!",
    "Matauranga 2026",
    "kererū kererū",
    "kura tamariki 2026",
    "January2026!!",
    "Septembernovember",
    "Āperira2026!!",
    "Hereturikōkā 26",
    "Winter2026winter",
    "qwertyuiop[]",
    "asdfghjklqwertyuiop",
    "1qaz2wsx3edc4rfv",
    "pāssword1234",
    "PÄSSWÖRD12345",
    "aaaaaaaaaaaaaaaaaaaa",
    "abcabcabcabcabc",
    "12345678901234567890",
    "correct horse battery staple",
    "😀" * 12,
    " " * 20,
    "\u200b" * 20,
    "x" * 1000,
]
TAKEN = [
    PASSWORD,
    "mountain purple tractor seven",
    "漢字仮名交じり文の長い合言葉",
    "NzM3x8Wq_Zl0aYbQ7rTe",
    "  seven  spaces are kept  ",
    "onlylowercaselettersbutmany",
    "tractor \x00 mountain purple",
]


@pytest.mark.parametrize("password", GUESSED)
def test_what_is_guessed_first_is_refused_and_the_refusal_does_not_repeat_it(password):
    with pytest.raises(InputRefused) as refused:
        checked_password(password, HANA)
    assert password.strip() not in str(refused.value) or not password.strip()
    assert refused.value.field == "password"
    assert "guessed first" in str(refused.value)


@pytest.mark.parametrize("password", TAKEN)
def test_any_characters_will_do_and_no_kinds_of_them_are_asked_for(password):
    assert checked_password(password, HANA)


def test_one_persons_words_are_no_others():
    assert is_guessed("Tūhoro-Tuhoro-1", HANA)
    assert not is_guessed("Tūhoro-Tuhoro-1xkcq", words_of("ana", "Ana", "ana@ministry.example"))


@pytest.mark.parametrize("door", ["add", "set_password", "set_own"])
@pytest.mark.parametrize("password", ["password1234", "hana hana hana"])
def test_every_door_of_the_store_refuses_them(store, door, password):
    people = People(store)
    given = {"login": "hana", "name": "Hana", "email": "h@ministry.example"}
    if door == "add":
        with pytest.raises(InputRefused):
            people.add(**given, roles={Role.READER}, password=password)
        assert people.all() == []
        return
    people.add(**given, roles={Role.READER}, password=PASSWORD)
    with pytest.raises(InputRefused):
        people.set_password("hana", password, by="hana" if door == "set_own" else "ana")
    assert people.sign_in("hana", PASSWORD)


@given(st.text(max_size=1200))
def test_whatever_is_given_is_taken_or_refused_with_words(text):
    with suppress(InputRefused):
        assert len(checked_password(text)) >= 12


def work(password: str) -> float:
    began = time.thread_time()
    is_guessed(password, HANA)
    return time.thread_time() - began


def test_sixteen_times_as_long_costs_less_than_forty_times_the_work():
    unit = "a@4$3e1!|0o5s7t+"
    work(unit)  # its lists are loaded
    short, long = min(work(unit) for _ in range(3)), min(work(unit * 16) for _ in range(2))
    assert long < 40 * short
