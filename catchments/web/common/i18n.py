"""The language and the clock of pages: strings go through Babel, moments are New Zealand’s.

English is in the code. Another language is a catalogue in `translations/`, made from
`translations/messages.pot`; as soon as there is one, a browser that prefers it gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Flask, Response, current_app, request
from flask_babel import Babel, get_locale
from markupsafe import Markup, escape

from catchments.core.te_reo import runs
from catchments.lookup.resolver import long_date
from catchments.lookup.search.matching import what_differs
from catchments.lookup.snapshot import NEW_ZEALAND_TIME

ENGLISH = "en"
TRANSLATED = ("text/html", "application/problem+json")
TE_REO = Markup('<span lang="mi">{}</span>')
MARKED = Markup("<mark>{}</mark>")


def register(app: Flask) -> None:
    """Let templates and handlers speak the language that the reader prefers, of those there are."""
    babel = Babel(app, default_locale=ENGLISH, locale_selector=_preferred)
    with app.app_context():
        translated = {str(locale) for locale in babel.list_translations()}
    app.extensions["languages"] = sorted({ENGLISH, *translated})
    app.jinja_env.filters["te_reo"] = te_reo
    app.jinja_env.filters |= {"beside": beside, "moment": moment, "here": in_new_zealand}
    app.context_processor(_page_language)
    app.after_request(_varying)


def te_reo(text: str) -> Markup:
    """Return a name with its te reo Māori words marked, so that they are read out as such."""
    return Markup().join(TE_REO.format(run) if maori else escape(run) for run, maori in runs(text))


def beside(name: str, typed: Sequence[str]) -> Markup:
    """Return a name with those of its words marked that are not among the folded words typed."""
    words = what_differs(typed, name)
    if len(words) > 1 and all(differs for _, differs in words):
        return te_reo(name)
    found = (MARKED.format(te_reo(w)) if differs else te_reo(w) for w, differs in words)
    return Markup(" ").join(found)


def in_new_zealand(at: datetime) -> datetime:
    """Return a moment, UTC where it names no zone, as clocks in New Zealand show it."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(NEW_ZEALAND_TIME)


def moment(at: datetime) -> str:
    """Return a moment for people, by New Zealand's clocks: “5 January 2026, 14:05”."""
    here = in_new_zealand(at)
    return f"{long_date(here.date())}, {here:%H:%M}"


def _page_language() -> dict[str, str]:
    language = str(get_locale())
    return {"page_language": "en-NZ" if language == ENGLISH else language.replace("_", "-")}


def _preferred() -> str:
    return request.accept_languages.best_match(_languages(), default=ENGLISH) or ENGLISH


def _languages() -> list[str]:
    languages: list[str] = current_app.extensions["languages"]
    return languages


def _varying(response: Response) -> Response:
    if response.mimetype not in TRANSLATED:
        return response
    if len(_languages()) > 1:
        response.vary.add("Accept-Language")
    if response.status_code != 304:
        response.headers["Content-Language"] = _page_language()["page_language"]
    return response
