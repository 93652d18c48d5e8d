"""A request for support: what a school writes of one student, checked field by field.

The fields of the Ministry's own form are not public. These are ours, after what its guidance asks a
school to have ready; the funded years and the criteria are the dated guide's, not this module's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from catchments.core.errors import shown

LONGEST_LINE, LONGEST_TEXT = 200, 4_000
STEPS_AT_MOST = 8
YEARS = range(1, 14)
LONGEST_YEAR = 2
"""Digits: of thousands a whole number is not even read."""
AGES = range(4, 22)
DAYS_AT_MOST = 120
"""Of a term, with room: a term of ten weeks has about 50 school days."""
_NSN = re.compile(r"\d{9,10}")
_DAYS = re.compile(r"\d{1,3}([.,]5)?")
_PER_CENT = re.compile(r"\d{1,3}([.,]\d)?")


class Consent(StrEnum):
    """What the family says to the request."""

    AGREED = "They agreed to the request"
    KNOW = "They know of the request, and did not agree or disagree"
    DISAGREED = "They know of the request, and disagree"
    NOT_TOLD = "They have not been told yet"


class SchoolStep(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that the school did about a student's absence, under STAR."""

    on: date
    what: str


class SupportRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a school wrote of one student. Nothing of it may be kept or told unsealed."""

    student_name: str
    born_on: date
    year_level: int
    nsn: str = ""
    """The National Student Number, only where a setting allows it: the law restricts its use."""
    family_name: str
    """Whom of the family to talk to, by name."""
    family_is: str
    """What they are to the student."""
    family_phone: str = ""
    family_email: str = ""
    attendance_percent: float
    """Over the last term."""
    days_absent: float
    """Over the last term, in school days; half days count."""
    term: str
    """Which term that was."""
    steps: tuple[SchoolStep, ...]
    barriers: str
    """What stands in the way, as the student and family see it."""
    risk: str = ""
    agencies: str = ""
    """Others who are involved."""
    consent: Consent
    consent_note: str = ""
    criteria: tuple[str, ...] = ()
    """What was answered in the guide: ids of its options."""
    guide: date | None = None
    """The day from which that guide is in force."""
    advised: str = ""
    """What the guide advised, by the id of its advice."""


def read_request(
    form: Mapping[str, str], *, today: date, with_nsn: bool
) -> tuple[SupportRequest | None, dict[str, str]]:
    """Return what a form says, or None and a sentence for each field that will not do."""
    reader = _Reader(form)
    values: dict[str, Any] = {
        "student_name": reader.line("student_name", "the student's name"),
        "born_on": reader.born("born_on", today),
        "year_level": reader.year("year_level"),
        "nsn": reader.nsn("nsn") if with_nsn else "",
        "family_name": reader.line("family_name", "whom of the family to talk to"),
        "family_is": reader.line("family_is", "what they are to the student"),
        "family_phone": reader.line("family_phone", "a phone number", needed=False),
        "family_email": reader.line("family_email", "an e-mail address", needed=False),
        "attendance_percent": reader.number(
            "attendance_percent", _PER_CENT, 100, "attendance over the last term, in per cent"
        ),
        "days_absent": reader.number(
            "days_absent", _DAYS, DAYS_AT_MOST, "days away over the last term"
        ),
        "term": reader.line("term", "which term that was, such as Term 4 of 2026"),
        "steps": reader.steps(today),
        "barriers": reader.text("barriers", "what stands in the way"),
        "risk": reader.text("risk", "other risk", needed=False),
        "agencies": reader.text("agencies", "who else is involved", needed=False),
        "consent": reader.consent("consent"),
        "consent_note": reader.text("consent_note", "more about that", needed=False),
    }
    if not (values["family_phone"] or values["family_email"]):
        reader.wrong.setdefault(
            "family_phone", "Give a phone number or an e-mail address of the family."
        )
    return (None if reader.wrong else SupportRequest(**values)), reader.wrong


def packed(request: SupportRequest) -> str:
    """Return a request as JSON, to be sealed."""
    return msgspec.json.encode(request).decode()


def unpacked(text: str) -> SupportRequest:
    """Return the request that `packed` wrote."""
    return msgspec.json.decode(text, type=SupportRequest)


@dataclass(frozen=True, slots=True)
class Sought:
    """A student whose cases are looked for."""

    student_name: str
    born_on: date


Student = SupportRequest | Sought
"""What tells one student from another: by their whole name and the day of their birth."""


def same_student(request: Student) -> str:
    """Return what tells one student from others, to be digested under a key: name and birth.

    Case, accents, blanks and the order of words do not count: the same student is written in many
    ways, and to be asked once too often harms nobody.
    """
    plain = unicodedata.normalize("NFKD", request.student_name).casefold()
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    return f"{' '.join(sorted(words))}\0{request.born_on.isoformat()}"


class _Reader:
    """Reads the fields of one form, and notes what is wrong with each."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form
        self.wrong: dict[str, str] = {}

    def line(self, field: str, what: str, *, needed: bool = True) -> str:
        text = " ".join(self._given(field).split())
        return self._checked(field, text, what, LONGEST_LINE, needed=needed)

    def text(self, field: str, what: str, *, needed: bool = True) -> str:
        text = self._given(field).replace("\r\n", "\n").strip()
        return self._checked(field, text, what, LONGEST_TEXT, needed=needed)

    def day(self, field: str, what: str) -> date | None:
        try:
            return date.fromisoformat(self._given(field).strip())
        except ValueError:
            self.wrong[field] = f"Give {what} as a date: day, month and year."
            return None

    def born(self, field: str, today: date) -> date | None:
        born = self.day(field, "when the student was born")
        if born is not None and _age(born, today) not in AGES:
            self.wrong[field] = (
                f"A student who was born on that day is {_age(born, today)} years old: it should "
                f"be {AGES[0]} to {AGES[-1]}. Check the year."
            )
        return born

    def year(self, field: str) -> int:
        text = self._given(field).strip()
        if text.isdecimal() and len(text) <= LONGEST_YEAR and int(text) in YEARS:
            return int(text)
        self.wrong[field] = f"Choose the student's year level, {YEARS[0]} to {YEARS[-1]}."
        return 0

    def nsn(self, field: str) -> str:
        number = "".join(self._given(field).split())
        if number and not _NSN.fullmatch(number):
            self.wrong[field] = (
                "A National Student Number has 9 or 10 digits. Leave it out if unsure."
            )
        return number

    def number(self, field: str, form: re.Pattern[str], at_most: int, what: str) -> float:
        text = self._given(field).strip().removesuffix("%").strip()
        if form.fullmatch(text) and (value := float(text.replace(",", "."))) <= at_most:
            return value
        self.wrong[field] = f"Give {what}, as a number from 0 to {at_most}."
        return 0.0

    def steps(self, today: date) -> tuple[SchoolStep, ...]:
        found = []
        for n in range(1, STEPS_AT_MOST + 1):
            on, what = f"step_{n}_on", f"step_{n}"
            if not (self._given(on).strip() or self._given(what).strip()):
                continue
            said = self.text(what, "what your school did")
            day = self.day(on, "when your school did that")
            if day is not None and day > today:
                self.wrong[on] = "That day is still to come: say what your school has done so far."
            elif day is not None:
                found.append(SchoolStep(day, said))
        if not found and not any(field.startswith("step_") for field in self.wrong):
            self.wrong["step_1"] = (
                "Say what your school has done so far, and when: the service comes after your own "
                "steps under STAR."
            )
        return tuple(sorted(found, key=lambda step: step.on))

    def consent(self, field: str) -> Consent | None:
        given = self._given(field)
        if given in set(Consent):
            return Consent(given)
        self.wrong[field] = "Say whether the family knows of the request."
        return None

    def _given(self, field: str) -> str:
        return unicodedata.normalize("NFC", self._form.get(field, ""))

    def _checked(self, field: str, text: str, what: str, at_most: int, *, needed: bool) -> str:
        if needed and not text:
            self.wrong[field] = f"Say {what}." if at_most > LONGEST_LINE else f"Give {what}."
        elif len(text) > at_most:
            self.wrong[field] = f"{len(text):,} characters: at most {at_most:,} are taken."
        elif any(not (c.isprintable() or c in "\n\t") for c in text):
            self.wrong[field] = f"{shown(text)} has characters that cannot be shown."
        return text


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
