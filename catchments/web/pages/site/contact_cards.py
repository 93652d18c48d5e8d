"""A provider's contact as a card for an address book: vCard 4.0, RFC 6350."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask_babel import gettext

from catchments.core.errors import NotKnown, long_date
from catchments.core.model import Answer, Provider
from catchments.lookup.snapshot import AsAt
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import optional_date, page_parameters
from catchments.web.common.services import as_at, attached, kept
from catchments.web.pages.machines.structured_data import is_certain

blueprint = Blueprint("cards", __name__)

MEDIA_TYPE = "text/vcard; charset=utf-8"
LINE_AT_MOST = 75
"""Octets before a line is folded (section 3.2)."""
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_ESCAPED = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n"})


@blueprint.get("/school/<int:school_id>/contact.vcf")
def card(school_id: int) -> Response:
    """Give who serves a school, today or on a date, as a card to keep."""
    asked = as_at(optional_date(page_parameters(request.args, {"on"})))
    answer = school_answer(asked, school_id)
    if answer.provider is None:
        raise NotKnown(
            gettext("There is no provider whose contact could be saved."),
            next_step=gettext("The page of the school says why."),
        )
    card = written(_lines(asked, answer, answer.provider))
    response = attached(card, MEDIA_TYPE, f"attendance-provider-{school_id}.vcf")
    return kept(asked, response, written="vcard2")


def written(lines: list[tuple[str, str]]) -> str:
    """Return a card of properties and their values, each escaped and folded; nothing empty."""
    body = [f"{name}:{value}" for name, value in lines if value]
    whole = ["BEGIN:VCARD", "VERSION:4.0", *body, "END:VCARD"]
    return "".join(f"{part}\r\n" for line in whole for part in _folded(line))


def text(value: str) -> str:
    """Return a value of the type text (section 4.1): one line, nothing that is unseen."""
    tidy = value.replace("\r\n", "\n").replace("\r", "\n")
    seen = (c for c in tidy if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    return "".join(seen).translate(_ESCAPED)


def uri(value: str) -> str:
    """Return a web address, or nothing where it is none."""
    is_web = value.lower().startswith(("https://", "http://"))
    return value if is_web and value.isprintable() and " " not in value else ""


def _lines(asked: AsAt, answer: Answer, provider: Provider) -> list[tuple[str, str]]:
    return [
        ("KIND", "org"),
        ("FN", text(provider.name)),
        ("ORG", text(provider.name)),
        ('TEL;TYPE="work,voice"', text(provider.phone)),
        ("EMAIL;TYPE=work", text(provider.email)),
        ("URL;TYPE=work", uri(provider.website)),
        ("NOTE", text(_note(asked, answer))),
    ]


def _note(asked: AsAt, answer: Answer) -> str:
    made_up = gettext("Demonstration data: this provider is made up.")
    said = [_serves(asked, answer)] if is_certain(answer) else _answered(asked, answer)
    beside = [notice.text for notice in answer.notices]
    if asked.day > asked.world.today:
        beside.append(gettext("Later editions may still change this."))
    return " ".join([*([made_up] if asked.demonstration else []), *said, *beside])


def _answered(asked: AsAt, answer: Answer) -> list[str]:
    """Return an answer's own sentence, which says how it is known, and of when it is."""
    return [answer.sentence, gettext("As at %(date)s.", date=long_date(asked.day))]


def _serves(asked: AsAt, answer: Answer) -> str:
    school, catchment = answer.school, answer.catchment
    said = gettext(
        "Attendance service provider of %(school)s (school %(number)s), %(catchment)s catchment, "
        "on %(date)s.",
        school=school.name if school else "",
        number=school.school_id if school else "",
        catchment=catchment.name if catchment else "",
        date=long_date(asked.day),
    )
    return str(said)


def _folded(line: str) -> Iterator[str]:
    """Give a line in parts of at most 75 octets, each but the first behind a blank."""
    part, room = "", LINE_AT_MOST
    for character in line:
        octets = len(character.encode("utf-8", "replace"))
        if octets > room:
            yield part
            part, room = " ", LINE_AT_MOST - 1
        part, room = part + character, room - octets
    yield part
