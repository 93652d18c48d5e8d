"""Needs of another kind: what people type who look for help, not for a place, and where it is.

All of it leads to a page of this website; what that page says of it is dated guidance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catchments.lookup.notice_codes import spoken as _l
from catchments.lookup.search.asked.questions import without_question
from catchments.lookup.search.typed_text import TypedText


@dataclass(frozen=True, slots=True)
class OtherNeed:
    """What somebody needs who typed no name, and the part of the guide that helps."""

    key: str
    """Stable, such as “enrolment”."""
    sentence: str
    section: str
    """The id of a part of the page on when to ask for support; empty for its beginning."""


ABSENCE = OtherNeed(
    "absence",
    _l(
        "A school asks the provider of its catchment for support with absence. The guide says when;"
        " search for the school to see whom to ask."
    ),
    "questions-heading",
)
ASKING = OtherNeed(
    "asking",
    _l(
        "The guide says when a school asks for support and what to have ready; search for the"
        " school to see whom to ask."
    ),
    "ready-heading",
)
ENROLMENT = OtherNeed(
    "enrolment",
    _l(
        "A student without a school is not for a school’s request: use ENROL, the register of"
        " enrolments."
    ),
    "where-heading",
)
DANGER = OtherNeed(
    "danger",
    _l(
        "No report of concern can be made here. If you think a student is in danger, do not wait"
        " for this service: follow your school’s child protection policy; in an emergency call 111."
    ),
    "",
)
EXEMPTION = OtherNeed(
    "exemption",
    _l(
        "Exemptions from enrolment or attendance, and home education, are not for the attendance"
        " service: ask the Ministry of Education."
    ),
    "question-student",
)
VISA = OtherNeed(
    "visa",
    _l("The service is not for international students without a valid visa."),
    "question-student",
)

_TYPED: Mapping[OtherNeed, tuple[str, ...]] = {
    ABSENCE: (
        *("truancy", "truant", "truants", "truanting", "wagging", "bunking", "absence", "absent"),
        *("absences", "absenteeism", "chronic absence", "chronic absenteeism", "attendance"),
        *(
            "school attendance",
            "non attendance",
            "nonattendance",
            "not attending",
            "school refusal",
        ),
        *("not at school", "not going to school", "not attending school", "missing school"),
        *("skipping school", "skipping class", "skipping classes", "wagging school"),
        *("unexplained absence", "unjustified absence", "student not attending"),
        *("truancy officer", "truancy service", "attendance officer", "attendance service"),
    ),
    ASKING: (
        *("when to ask", "when to ask for support", "request for support", "ask for support"),
        *("referral", "referrals", "make a referral", "attendance referral", "refer a student"),
        *("refer student", "how to refer", "criteria"),
    ),
    ENROLMENT: (
        *("enrol", "enroll", "enrolment", "enrollment", "enrolments", "not enrolled", "unenrolled"),
        *("non enrolled", "non enrolment", "nonenrolment", "non enrollment", "no school"),
        *("non enrolment notification", "non enrolled student", "non enrolled students", "nen"),
        *("not enrolled at any school", "not enrolled in school", "student without a school"),
        *("without a school", "student not enrolled", "students not enrolled", "enrol a student"),
    ),
    DANGER: (
        *("oranga tamariki", "report of concern", "reports of concern", "child protection"),
        *("child in danger", "student in danger", "child abuse", "abuse", "neglect", "family harm"),
        *("cyf", "cyfs", "child youth and family", "section 19", "section 19 referral", "s19"),
        *("ministry for children", "child safety"),
    ),
    EXEMPTION: (
        *("exemption", "exemptions", "homeschool", "homeschooling", "home schooling"),
        *("home school", "home education", "home educated", "homeschooled", "home schooled"),
        *("early leaving exemption", "early leaving", "leaving exemption", "leave school early"),
        *("exemption from enrolment", "exemption from attendance", "exemption from school"),
        *("long term exemption", "certificate of exemption"),
    ),
    VISA: ("visa", "student visa", "international student", "international students", "no visa"),
}
_MOST_WORDS = 12
_BY_PHRASE = {phrase: need for need, phrases in _TYPED.items() for phrase in phrases}


def other_need(typed: TypedText) -> OtherNeed | None:
    """Return the need of another kind that a text is, whole or with a question around it.

    None for any other text, even where it has such words in it: they may be part of a name.
    """
    return _BY_PHRASE.get(typed.folded) or _BY_PHRASE.get(" ".join(without_question(typed.words)))


def need_within(typed: TypedText) -> OtherNeed | None:
    """Return the need of another kind that stands somewhere in a text that names nothing."""
    words = typed.words[:_MOST_WORDS]
    runs = ((start, end) for end in range(len(words), 0, -1) for start in range(end))
    found = (_BY_PHRASE.get(" ".join(words[start:end])) for start, end in runs)
    return next(filter(None, found), None)
