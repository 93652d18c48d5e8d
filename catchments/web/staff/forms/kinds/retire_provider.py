"""A provider taken off the list, who follows in its catchments, and from which day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.edition_parts import UNKNOWN
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.changes.naming import listed
from catchments.core.errors import long_date
from catchments.core.model import Catchment
from catchments.editions.contracts import A_DAY
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages.draft_view import DraftState

NOBODY = "-"
"""Stands in the form for “nobody yet”."""
FOLLOWED_BY, FIRST_DAY = "followed_by", "first_day"


def read(typed: FormReader, worked: DraftState) -> RetireProvider:
    """Return what takes a provider off the list, with who follows in each of its catchments."""
    provider = typed.one_of("provider", worked.content.providers, gettext("a provider"))
    typed.check()
    followed = _followed(typed, worked, provider)
    day = typed.day(FIRST_DAY)
    if followed and day and not typed.wrongs:
        _check_days(typed, worked, provider, followed, day)
    return RetireProvider(provider, followed or None, day if followed else None)


def _followed(typed: FormReader, worked: DraftState, provider: str) -> dict[str, str]:
    """Return who follows in each catchment, as far as somebody does; notes where nobody is said."""
    followed: dict[str, str] = {}
    for catchment in served(worked, provider):
        field = f"{FOLLOWED_BY}-{catchment.code}"
        own = typed.text(field)
        field, who = (field, own) if own else (FOLLOWED_BY, typed.text(FOLLOWED_BY))
        if who in worked.content.providers and who != provider:
            followed[catchment.code] = who
        elif who != NOBODY:
            asked = gettext("Choose who follows in %(name)s.", name=catchment.name)
            typed.refuse(field, asked)
    return followed


def _check_days(
    typed: FormReader, worked: DraftState, provider: str, followed: Mapping[str, str], day: date
) -> None:
    """Note each day that would be left to nobody."""
    contracts, catchments = worked.content.contracts, worked.content.catchments
    ends = contracts.get(provider, UNKNOWN).ends
    base = worked.base.edition.effective_from if worked.base else None
    if base and day < base:
        said = gettext(
            "The draft is made from an edition that is in force from %(day)s. Give that day, or a "
            "later one.",
            day=long_date(base),
        )
        typed.refuse(FIRST_DAY, said)
    if ends and day > ends + A_DAY:
        names = listed([catchments[code].name for code in followed])
        _refuse_gap(typed, names, ends + A_DAY, day - A_DAY, latest=ends + A_DAY)
    for who in dict.fromkeys(followed.values()):
        names = listed([catchments[code].name for code, each in followed.items() if each == who])
        contract = contracts.get(who, UNKNOWN)
        if contract.starts and contract.starts > day:
            _refuse_gap(typed, names, day, contract.starts - A_DAY, who=_name(worked, who))
        if contract.ends and contract.ends < day:
            said = gettext(
                "The contract of %(who)s ends on %(day)s, before that. Choose another, or correct "
                "its contract first.",
                who=_name(worked, who),
                day=long_date(contract.ends),
            )
            typed.refuse(FIRST_DAY, said)


def _refuse_gap(
    typed: FormReader,
    names: str,
    first: date,
    last: date,
    *,
    latest: date | None = None,
    who: str = "",
) -> None:
    values = {"names": names, "first": long_date(first), "last": long_date(last), "who": who}
    if latest:
        said = gettext(
            "Nobody would serve %(names)s from %(first)s to %(last)s: the contract ends before. "
            "Give %(first)s, or correct the contract’s last day first.",
            **values,
        )
    else:
        said = gettext(
            "Nobody would serve %(names)s from %(first)s to %(last)s: the contract of %(who)s "
            "starts after. Correct its first day first, or choose another.",
            **values,
        )
    typed.refuse(FIRST_DAY, said)


def served(worked: DraftState, provider: str) -> list[Catchment]:
    """Return the catchments that a provider serves in a draft, by name."""
    found = (c for c in worked.content.catchments.values() if c.provider_code == provider)
    return sorted(found, key=lambda c: (c.name, c.code))


def _name(worked: DraftState, provider: str) -> str:
    return worked.content.providers[provider].name


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return every provider; of the one that was chosen its catchments, and when it ends."""
    content, code = worked.content, typed.text("provider")
    provider = content.providers.get(code)
    ends = content.contracts.get(code, UNKNOWN).ends
    day = typed.given.get(FIRST_DAY, (ends + A_DAY).isoformat() if ends else "")
    others = [each for each in options_of(content.providers) if each[0] != code]
    return {
        "provider": provider,
        "served": served(worked, code) if provider else [],
        "ends": ends,
        "day": day,
        "providers": options_of(content.providers),
        "followers": [*others, (NOBODY, gettext("Nobody yet: it blocks publication"))],
    }


FORM = ChangeForm(
    "retire-provider",
    90,
    _l("Retire a provider"),
    _l("a contract ends, and others follow"),
    read,
    offer,
    template="change_retire.html",
    explanation=_l(
        "The provider is taken off the list, and whoever follows serves its catchments, in one "
        "step. Publish the draft so that it is in force from the day on which they follow."
    ),
)
