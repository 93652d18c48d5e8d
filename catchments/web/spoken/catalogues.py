"""The catalogues: held to their English when the service starts, and what of a page they lack.

A catalogue is used as it was compiled (`messages.mo`); whether somebody has read it over is what
the text beside it says (`messages.po`): an entry marked “fuzzy” is still to be reviewed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

from babel import UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g
from flask_babel import Babel, Domain, get_locale, gettext
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from catchments.core.errors import FileRefused, shown
from catchments.web.spoken.page_words import for_pages

ENGLISH = "en"
EXTENSION = "catchments.unreviewed"
IN_ENGLISH = Markup('<span lang="en-NZ">{}</span>')
_VALUE = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
_ELEMENT = re.compile(r"</?[a-z][^>]*>")
COUNTS = frozenset({"num", "count", "more", "total", "first", "last", "length", "most", "shortest"})
"""Values of strings that count something; whatever is numbered or dated has other names."""


def _l(text: str) -> str:
    """Mark a text for translators; it is shown in English beside its translation."""
    return text


UNREVIEWED = _l(
    "This translation has not been checked by anybody who reads te reo Māori. "
    "Where it differs, the English page counts."
)
PARTLY_ENGLISH = _l("Parts of this page are in English only.")


class Told(str):
    """A sentence that is in the page's language already, such as of an error that a page met."""

    __slots__ = ()


class LanguageNote(NamedTuple):
    """What a page says of its own language, in it and in English."""

    text: str
    english: str


# --- a page in a language -------------------------------------------------------------------------


class Speaking(Babel):  # type: ignore[misc]
    """Flask-Babel, told of each string that the language of a page lacks."""

    @cached_property
    def domain_instance(self) -> Domain:
        """Return what the strings of pages are looked up in."""
        return _Noting(domain=self.domain)


class _Noting(Domain):  # type: ignore[misc]
    """The strings of pages; one that is not translated is shown in English, and noted."""

    def get_translations(self) -> Translations:
        """Return the translations into the language of the request."""
        found: Translations = super().get_translations()
        language = str(get_locale())
        if language not in (ENGLISH, "None") and language not in self._told:
            self._told.add(language)
            found.add_fallback(_Missing())
        return found

    def gettext(self, string: str, **values: object) -> str:
        """Return a string in the language of the request, with its values, counts by commas."""
        return str(super().gettext(string, **_counted(values)))

    def ngettext(self, singular: str, plural: str, num: int, **values: object) -> str:
        """Return that of the two which is for a number, as `gettext` does."""
        found: str = self.get_translations().ungettext(singular, plural, num)
        return found % _counted({"num": num, **values})

    @cached_property
    def _told(self) -> set[str]:
        return set()


def _counted(values: Mapping[str, object]) -> dict[str, object]:
    """Return what stands in a string: “1,234” for a count, any other number as it is."""
    return {
        name: f"{value:,}" if name in COUNTS and type(value) is int else value
        for name, value in values.items()
    }


def _counting(speak: Callable[..., str]) -> Callable[..., str]:
    """Return what templates look a string up by, with its counts by commas."""

    @pass_context
    def counting(context: Context, *texts: Any, **values: object) -> str:
        given = {"num": texts[2], **values} if len(texts) > 2 else values  # of `ngettext`
        return speak(context, *texts, **_counted(given))

    return counting


class _Missing(NullTranslations):
    """The English of what a catalogue lacks."""

    def gettext(self, message: str) -> str:
        """Return the string itself, and note that it is English."""
        _note()
        return message

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        """Return that of the two which is for a number, and note that it is English."""
        _note()
        return singular if num == 1 else plural


def _note() -> None:
    g.untranslated = untranslated() + 1


def untranslated() -> int:
    """Return how many strings of the page so far were shown in English for want of others."""
    return int(g.get("untranslated", 0))


def is_english() -> bool:
    """Whether the page being made is in English."""
    return str(get_locale() or ENGLISH) == ENGLISH


def tell(text: str, **values: object) -> Told:
    """Return a string in the language of the page, for an error that carries it there."""
    return Told(gettext(text, **values))


def translated(text: str) -> tuple[str, bool]:
    """Return a sentence that is no page's own, and whether it stays English on this page."""
    if not text or isinstance(text, Told) or is_english():
        return text, False
    before = untranslated()
    return gettext(text), untranslated() > before


def said(text: str | None) -> Markup:
    """Return a sentence that is no page's own in its language, or else marked as English."""
    found, stays_english = translated(text or "")
    return IN_ENGLISH.format(found) if stays_english else escape(found)


def in_english(text: str | None) -> Markup:
    """Return what is called in English in any language, such as an edition, marked as such."""
    return escape(text or "") if is_english() or not text else IN_ENGLISH.format(text)


def language_notes() -> list[LanguageNote]:
    """Return what the page made so far should say of its own language; of English nothing."""
    if is_english():
        return []
    unreviewed = str(get_locale()) in current_app.extensions[EXTENSION]
    told = ((UNREVIEWED, unreviewed), (PARTLY_ENGLISH, untranslated() > 0))
    return [LanguageNote(gettext(text), text) for text, holds in told if holds]


# --- at the start ---------------------------------------------------------------------------------


def register(app: Flask, babel: Babel) -> list[str]:
    """Return the codes of all languages, each catalogue read and found whole.

    Raises FileRefused where one is damaged or does not fit its English: visitors would meet it.
    """
    with app.app_context():
        codes = _codes(babel)
    folder = Path(app.root_path) / "translations"
    app.extensions[EXTENSION] = frozenset(
        code for code in codes if code != ENGLISH and not _checked(folder / code / "LC_MESSAGES")
    )
    speaks = app.jinja_env.globals
    for name in ("gettext", "ngettext"):
        speaks[name] = _counting(cast(Callable[..., str], speaks[name]))
    app.jinja_env.filters |= {"said": said, "in_english": in_english, "for_pages": for_pages}
    app.jinja_env.globals |= {"language_notes": language_notes, "untranslated": untranslated}
    return codes


def _codes(babel: Babel) -> list[str]:
    try:
        return sorted({ENGLISH, *map(str, babel.list_translations())})
    except (UnknownLocaleError, ValueError) as error:
        raise FileRefused(
            f"A folder of translations/ has a name that is no language: {error}.",
            allowed="Folders are named by codes of languages, such as mi.",
            next_step="Rename it, or take it away.",
        ) from error


def _checked(folder: Path) -> bool:
    """Whether somebody has read a catalogue over. Raises FileRefused where it does not fit."""
    compiled, text = folder / "messages.mo", folder / "messages.po"
    return _is_reviewed(
        compiled, compiled.stat().st_mtime_ns, text, text.stat().st_mtime_ns if text.exists() else 0
    )


@cache
def _is_reviewed(compiled: Path, _changed: int, text: Path, written: int) -> bool:
    found = _read(compiled)
    if wrong := next(flaws(found), None):
        raise FileRefused(
            f"The catalogue {_named(compiled)} does not fit its English: {wrong}",
            allowed="A translation has the same values in it, such as %(name)s, and the same tags.",
            next_step="Mend messages.po beside it, then run scripts/translations.",
        )
    return bool(written) and not any(message.fuzzy for message in _read(text) if message.id)


def _read(path: Path) -> Catalog:
    """Read a catalogue, compiled or as text. Raises FileRefused."""
    try:
        with path.open("rb") as file:
            if path.suffix == ".mo":
                return read_mo(file)
            return read_po(file, abort_invalid=True)
    except (OSError, PoFileError, ValueError, LookupError, TypeError, struct.error) as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise FileRefused(
            f"The catalogue {_named(path)} cannot be read: {reason}.",
            allowed="What scripts/translations makes.",
            next_step="Run it, or take the language's folder away.",
        ) from error


def _named(path: Path) -> str:
    return "/".join(path.parts[-4:])  # from `translations` on


def flaws(catalogue: Catalog) -> Iterator[str]:
    """Yield a sentence for each translation that a page could not show in place of its English."""
    for message in catalogue:
        if message.id and (wrong := _flaw(message)):
            yield f"the translation of {shown(_forms(message.id)[1])} {wrong}."


def _flaw(message: Message) -> str:
    singular, plural = _forms(message.id)
    if not isinstance(message.id, str) and len(_forms(message.string)) < 2:
        return "has one form for any number"
    for form in filter(None, _forms(message.string)):
        if not _fits(form, singular, plural):
            return f"has other values: {', '.join(sorted(_values(form))) or 'none'}"
        if sorted(_ELEMENT.findall(form)) != sorted(_ELEMENT.findall(plural)):
            return "has other tags"
        if _can_be_filled(plural) and not _can_be_filled(form):
            return "has a % that begins no value"
    return ""


def _forms(text: str | Sequence[str] | None) -> Sequence[str]:
    return (text, text) if isinstance(text, str) else tuple(text or ())


def _fits(form: str, singular: str, plural: str) -> bool:
    """Whether a form has the values of its English: at least what both of its numbers have."""
    given = _values(form)
    return _values(singular) & _values(plural) <= given <= _values(singular) | _values(plural)


def _values(text: str) -> set[str]:
    return set(_VALUE.findall(text))


def _can_be_filled(text: str) -> bool:
    try:
        text % dict.fromkeys(re.findall(r"%\((\w+)\)", text), 1)
    except (TypeError, ValueError):
        return False
    return True
