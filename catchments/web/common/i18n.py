"""The language and the clock of pages: strings go through Babel, moments are New Zealand’s.

English is in the code. Another language is a catalogue in `translations/`, made from
`translations/messages.pot`; as soon as there is one, pages are there below its code (`/mi/map`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Flask, Response, abort, current_app, request
from flask_babel import get_locale
from markupsafe import Markup, escape

from catchments.core.te_reo import runs
from catchments.lookup.search.matching import what_differs
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME
from catchments.web.spoken import catalogues, sentences
from catchments.web.spoken.catalogues import ENGLISH
from catchments.web.spoken.dates import long_date

LANGUAGE = "catchments.language"
"""In the environment of a request: the language that its address begins with."""
NAMES = {ENGLISH: "English", "mi": "Te reo Māori"}
"""What each language is called in itself."""
LONGEST_QUERY = 2_000
"""Of what was asked, in characters, for a link to the same in another language."""
TRANSLATED = ("text/html", "application/problem+json")
SPOKEN = frozenset(
    {
        *("finder.home", "finder.school", "mapping.page", "guide.page"),
        *("directory.catchments", "directory.catchment", "directory.provider_directory"),
        *("history.history", "history.edition", "downloads.page", "downloads.edition_page"),
        *("mistakes.form", "mistakes.send", "mistakes.thanks", "embedding.about"),
    }
)
"""Pages that are there in each language: views, beside all of `SPOKEN_ROOMS`.

What is for programs, for developers or for staff has one address, and is in English.
"""
SPOKEN_ROOMS = frozenset({"site"})


class PageInLanguage(NamedTuple):
    """The page being shown, in one of the languages."""

    code: str
    name: str
    path: str
    """From what the service stands below, with what was asked."""
    is_current: bool


class MultilingualFlask(Flask):
    """A Flask whose links leave out the language where what they lead to has none."""

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Return the address of a view, in the language of the page where it has one."""
        url = super().url_for(endpoint, **values)
        prefix = language_prefix()
        named = f"{request.blueprint}{endpoint}" if endpoint.startswith(".") else endpoint
        if not prefix or is_spoken(named):
            return url
        return base_root() + url.removeprefix(request.script_root)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is: Flask looks, twenty times a request, for one to be awaited.

        There is none (a test looks), and looking takes one part in thirty of a point's answer.
        """
        return func


def is_spoken(endpoint: str | None) -> bool:
    """Whether a view is there in each language."""
    return endpoint in SPOKEN or (endpoint or "").partition(".")[0] in SPOKEN_ROOMS


def language_prefix() -> str:
    """Return what the address of this request has before its path for its language: `/mi`."""
    language = request.environ.get(LANGUAGE, "") if request else ""
    return f"/{language}" if language else ""


def base_root() -> str:
    """Return what the service stands below, without a language."""
    return request.script_root.removesuffix(language_prefix())


TE_REO = Markup('<span lang="mi">{}</span>')
MARKED = Markup("<mark>{}</mark>")


def register(app: Flask) -> None:
    """Let templates and handlers speak the language that the reader prefers, of those there are."""
    babel = catalogues.Speaking(app, default_locale=ENGLISH, locale_selector=_asked_for)
    app.extensions["languages"] = catalogues.register(app, babel)
    app.jinja_env.filters["long_date"] = long_date
    sentences.register(app)
    app.jinja_env.filters["te_reo"] = te_reo
    app.jinja_env.filters |= {"beside": beside, "content": content}
    app.jinja_env.filters |= {"moment": moment, "here": in_new_zealand}
    app.jinja_env.globals["pages_in_languages"] = pages_in_languages
    app.context_processor(_page_language)
    app.before_request(_only_where_spoken)
    app.after_request(_said)


def languages(app: Flask) -> list[str]:
    """Return the codes of all languages that there are pages in, English among them."""
    found: list[str] = app.extensions["languages"]
    return found


def te_reo(text: str) -> Markup:
    """Return a name with its te reo Māori words marked, so that they are read out as such."""
    return Markup().join(TE_REO.format(run) if maori else escape(run) for run, maori in runs(text))


def content(text: str) -> Markup:
    """Return a text that staff keep up in the page's language, or else marked as English."""
    found, stays_english = catalogues.translated(text)
    return (catalogues.IN_ENGLISH if stays_english else Markup("{}")).format(te_reo(found))


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


def others(app: Flask) -> frozenset[str]:
    """Return the codes of all languages beside English."""
    return frozenset(languages(app)) - {ENGLISH}


def pages_in_languages(path: str = "") -> list[PageInLanguage]:
    """Return the page being shown, or one of a path, in each language.

    Nothing where it is in English alone.
    """
    codes = languages(current_app)
    if len(codes) == 1 or not is_spoken(request.endpoint):
        return []
    query = request.query_string.decode("latin-1")
    query = query if len(query) <= LONGEST_QUERY else ""  # nobody sends such a link on
    asked = path or quote(request.path) + (f"?{query}" if query else "")
    current = str(get_locale())
    return [
        PageInLanguage(
            code, NAMES.get(code, code), prefix_of(code) + asked, is_current=code == current
        )
        for code in codes
    ]


def prefix_of(code: str) -> str:
    """Return what the path of a page in a language begins with."""
    return "" if code == ENGLISH else f"/{code}"


def _page_language() -> dict[str, str]:
    language = str(get_locale())
    named = "en-NZ" if language == ENGLISH else language.replace("_", "-")
    return {"page_language": named, "base_root": base_root() if request else ""}


def _asked_for() -> str:
    return str(request.environ.get(LANGUAGE, ENGLISH))


def _only_where_spoken() -> None:
    # One address for each thing: what has no language is not found below one.
    if LANGUAGE in request.environ and request.endpoint and not is_spoken(request.endpoint):
        abort(404)


def _said(response: Response) -> Response:
    if response.mimetype in TRANSLATED and response.status_code != 304:
        response.headers["Content-Language"] = _page_language()["page_language"]
    return response
