"""The sentences beside an answer in the language of the page, made from its codes.

The domain says them in English, which services rely on; an English page shows those. A sentence
that nothing here makes is shown in English, marked as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from catchments.core.model import Answer, Basis, Candidate, Notice, School, Status, Upcoming
from catchments.lookup.notice_codes import BESIDE_A_BOUNDARY, NoticeCode
from catchments.lookup.resolver import ASK, kilometres
from catchments.web.spoken.catalogues import is_english, said
from catchments.web.spoken.catalogues import tell as _
from catchments.web.spoken.dates import long_date


def register(app: Flask) -> None:
    """Let templates say in the language of the page what stands beside an answer."""
    app.jinja_env.filters |= {"answered": answered, "noticed": noticed, "coming": coming}


def answered(answer: Answer) -> Markup:
    """Return what an answer says in a sentence, be it that there is none."""
    if is_english():
        return escape(answer.sentence)
    if answer.provider and answer.catchment:
        served_by, catchment = answer.provider.name, answer.catchment.name
        text = _("%(provider)s serves it, in the %(catchment)s catchment.")
        serves = text % {"provider": served_by, "catchment": catchment}
        return escape(" ".join([serves, *_nearest(answer)]))
    if answer.status is Status.AMBIGUOUS and answer.candidates:
        names = ", ".join(each.catchment.name for each in answer.candidates)
        several = _("There is more than one catchment: %(names)s.", names=names)
        return escape(f"{several} {_(ASK)}")
    if not answer.notices or answer.notices[0].code not in _REASONS:
        return said(answer.sentence)
    parts = [_reason(each, answer) for each in answer.notices if each.code in _REASONS]
    return Markup(" ").join([*parts, escape(_(ASK))])


def _nearest(answer: Answer) -> Iterator[str]:
    """Yield what an answer that is only the nearest catchment says of that, and how far it is."""
    if answer.basis is Basis.NEAREST and answer.distance_m is not None:
        away = kilometres(answer.distance_m)
        yield _("It lies outside every catchment; this one is the nearest.")
        yield _("It is %(distance)s away; confirm with the provider.", distance=away)


@pass_context
def noticed(context: Context, notice: Notice, answer: Answer) -> Markup:
    """Return what a notice beside an answer says."""
    code, school = NoticeCode(notice.code), answer.school
    if is_english():
        return escape(notice.text)
    if code in BESIDE_A_BOUNDARY:
        names = ", ".join(map(_with_provider, answer.all_named))
        return escape(_("This place is close to the boundary between %(names)s.", names=names))
    if code is NoticeCode.DIRECTORY_LATER:
        return escape(_directory_later(context["release"].released, context["day"]))
    if school and code in _OF_SCHOOL:
        return escape(_OF_SCHOOL[code](school))
    return said(notice.text)


def coming(upcoming: Upcoming) -> Markup:
    """Return what will change about an answer, and from when."""
    if is_english():
        return escape(upcoming.sentence)
    day, catchment = long_date(upcoming.effective_from), upcoming.catchment
    provider = upcoming.provider
    if catchment is None:
        return escape(_("From %(date)s it is in no one catchment.", date=day))
    if provider is None:
        text = _("From %(date)s the %(catchment)s catchment has no provider.")
    else:
        text = _("From %(date)s it is served by %(provider)s, in the %(catchment)s catchment.")
    served_by = provider.name if provider else ""
    return escape(text % {"date": day, "catchment": catchment.name, "provider": served_by})


_REASONS = frozenset(
    {
        *(NoticeCode.NO_PROVIDER, NoticeCode.NO_PLACE, NoticeCode.OUTSIDE),
        *(NoticeCode.UNSERVED, NoticeCode.NOTHING_FOUND),
    }
)
"""Notices that say why there is no answer."""


def _reason(notice: Notice, answer: Answer) -> Markup:
    if notice.code == NoticeCode.NO_PROVIDER and answer.catchment:
        return escape(_("The %(name)s catchment has no provider.", name=answer.catchment.name))
    return said(notice.text)


def _directory_later(released: date, day: date) -> str:
    return _(
        "The school directory used is that of %(released)s; none as early as %(day)s is held.",
        released=long_date(released),
        day=long_date(day),
    )


def _proposed(school: School) -> str:
    if school.opens is None:
        return str(_("This school is proposed."))
    return _("This school is proposed; it is to open on %(date)s.", date=long_date(school.opens))


def _closed(school: School) -> str:
    if school.closed is None:
        return str(_("This school closed."))
    return _("This school closed on %(date)s.", date=long_date(school.closed))


def _gone(school: School) -> str:
    return _(
        "This school is not in the school directory any more; the last that had it is that of "
        "%(date)s.",
        date=long_date(school.last_seen) if school.last_seen else "?",
    )


def _with_provider(each: Candidate) -> str:
    provider = each.provider.name if each.provider else _("No provider is recorded")
    return f"{each.catchment.name} ({provider})"


_OF_SCHOOL: Mapping[NoticeCode, Callable[[School], str]] = {
    NoticeCode.PROPOSED_SCHOOL: _proposed,
    NoticeCode.CLOSED_SCHOOL: _closed,
    NoticeCode.NOT_IN_DIRECTORY: _gone,
}
