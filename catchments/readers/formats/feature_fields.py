"""Fields of a feature, and of its description: name, code, region and provider."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

from catchments.core.text_folding import folded
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.vectors.values import (
    DESCRIPTION_FIELDS,
    PROVIDER_FIELDS,
    NotText,
)

NAME_FIELDS = ("catchment name", "catchment", "name", "title", "label")
CODE_FIELDS = ("catchment code", "code")
PROVIDER_CODE_FIELDS = ("provider code", "prov code", "provider id")
REGION_FIELDS = ("education region", "region")
_PHONE_FIELDS = (
    "phone",
    "provider phone",
    "telephone",
    "tel",
    "ph",
    "phone number",
    "contact number",
)
_WEBSITE_FIELDS = ("website", "provider website", "web", "site", "web site", "url")
_EMAIL_FIELDS = ("email", "provider email", "e mail", "email address")
KNOWN_BESIDE = (
    *("edition", "effective from", "from date", "demonstration", "made up"),
    *DESCRIPTION_FIELDS,
)
"""What stands beside that is known as well: our own files' fields, and descriptions."""
_SHAPEFILE_FIELD_LENGTH = 10
_NOBODY = "none is recorded"
"""What the descriptions of our own KML say where nobody serves a catchment."""


@dataclass(frozen=True, slots=True)
class FieldNames:
    """The fields a person named; None where they are to be guessed."""

    name: str | None = None
    code: str | None = None
    provider: str | None = None
    region: str | None = None
    provider_code: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Those that a person named."""
        given = (self.name, self.code, self.provider, self.region, self.provider_code)
        return tuple(name for name in given if name is not None)

    def used(self, names: Iterable[str]) -> dict[str, str]:
        """Return what is read from which of a layer's fields: the first that is what is meant."""
        ways: dict[str, tuple[str | None, Sequence[str]]] = {
            "name": (self.name, NAME_FIELDS),
            "code": (self.code, CODE_FIELDS),
            "education region": (self.region, REGION_FIELDS),
            "provider": (self.provider, PROVIDER_FIELDS),
            "provider's code": (self.provider_code, PROVIDER_CODE_FIELDS),
            "phone": (None, _PHONE_FIELDS),
            "email": (None, _EMAIL_FIELDS),
            "website": (None, _WEBSITE_FIELDS),
        }
        index = FieldIndex(list(names))
        found = {
            what: next((name for wanted in _wanted(*how) for name in index.meant_by(wanted)), "")
            for what, how in ways.items()
        }
        return {what: name for what, name in found.items() if name}


@dataclass(frozen=True, slots=True)
class SaidOfProvider:
    """What a feature says of who serves it; None where it says nothing, “” where it says none."""

    code: str = ""
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    website: str | None = None

    @property
    def names_one(self) -> bool:
        """Whether it says who serves it, rather than that nobody does."""
        return bool(self.code or self.name)


def _wanted(named: str | None, guesses: Sequence[str]) -> Sequence[str]:
    return guesses if named is None else (named,)


def said_in(values: Mapping[str, str], named: str | None, guesses: Sequence[str]) -> str | None:
    """Return the first value in the named field, or else in the fields guessed.

    “” where there are such fields with nothing in them, None where there is none.
    """
    empty: str | None = None
    index = _index_of(tuple(values))
    for wanted in _wanted(named, guesses):
        for name in index.meant_by(wanted):
            value = values[name]
            if value or isinstance(value, NotText):
                return value
            empty = ""
    return empty


class FieldIndex:
    """The fields of a feature, to be found by what a person or a guess calls them.

    GDAL mangles some names and cuts others short.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._place = {name: at for at, name in enumerate(names)}
        self._folded: dict[str, list[str]] = defaultdict(list)
        self._small: dict[str, list[str]] = defaultdict(list)
        for name in names:
            if letters := folded(name):
                self._folded[letters].append(name)
            self._small[name.casefold()].append(name)
        self._cut = [name for name in names if len(name) == _SHAPEFILE_FIELD_LENGTH]
        self._meant: dict[str, list[str]] = {}

    def meant_by(self, wanted: str) -> list[str]:
        """Return the fields that a name means, in their order."""
        if wanted not in self._meant:
            mangled = _mangled(wanted)
            known = self._folded.get(folded(wanted)) or self._small.get(wanted.casefold(), [])
            found = {*known, *self._small.get(mangled, ())}
            found |= {name for name in self._cut if mangled.startswith(name.casefold())}
            self._meant[wanted] = sorted(found, key=self._place.__getitem__)
        return self._meant[wanted]


_index_of = lru_cache(maxsize=64)(FieldIndex)
"""The index of some fields: those of a layer are mostly the same in every feature."""


@lru_cache(maxsize=1_024)
def _mangled(wanted: str) -> str:
    """Return a field's name as GDAL writes it."""
    return "".join(
        c if c.isascii() and c.isalnum() else "_" * len(c.encode()) for c in wanted.casefold()
    )


def provider_said(values: Mapping[str, str], fields: FieldNames) -> SaidOfProvider | None:
    """Return what a feature's fields, or its description, say of its provider; None if nothing."""
    lines = _labelled_lines(said_in(values, None, DESCRIPTION_FIELDS) or "")
    name = said_in(values, fields.provider, PROVIDER_FIELDS)
    code = said_in(values, fields.provider_code, PROVIDER_CODE_FIELDS)
    if name is None and code is None and fields.provider is None:
        told = said_in(lines, None, PROVIDER_FIELDS)
        name = "" if told and folded(told) == _NOBODY else told
    if name is None and code is None:
        return None
    both = {**lines, **{key: value for key, value in values.items() if value or key not in lines}}
    ways = (_PHONE_FIELDS, _EMAIL_FIELDS, _WEBSITE_FIELDS)
    said = (said_in(both, None, way) for way in ways)
    phone, email, website = (None if isinstance(text, NotText) else text for text in said)
    if isinstance(name, NotText) or isinstance(code, NotText):
        return SaidOfProvider(code or "", name if isinstance(name, NotText) else NotText.of(""))
    return SaidOfProvider(code or "", name or None, phone, email, website)


def web_address(text: str) -> str:
    """Return a web address that is safe to link to, or nothing."""
    if text.casefold().startswith(("http://", "https://")):
        return text
    return f"https://{text}" if text.casefold().startswith("www.") else ""


# --- descriptions ---------------------------------------------------------------------------------

_DECLARATION = re.compile(r"<[!?][^<>]*+>")
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*+>)")


class _Text(HTMLParser):
    """Collects a description's text: a line a block, and each link after its text."""

    _BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "table", "ul"})
    _SILENT = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._silent = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BREAKS:
            self.text.append("\n")
        self._silent += tag in self._SILENT
        self._link = (dict(attrs).get("href") or "") if tag == "a" else self._link

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link:
            if not self._link.startswith("mailto:"):
                self.text.append(f": {self._link}\n")
            self._link = ""
        self._silent = max(0, self._silent - (tag in self._SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _labelled_lines(html: str) -> dict[str, str]:
    """Return what a description says as “Label: value”, its first value for each label."""
    parser = _Text()
    parser.feed(_with_whole_tags(html))
    parser.close()
    found: dict[str, str] = {}
    for line in "".join(parser.text).splitlines():
        label, colon, value = line.partition(":")
        if colon and value.strip():
            found.setdefault(label.strip(), tidy(_without_repeated_link(value)))
    return found


def _with_whole_tags(html: str) -> str:
    """Return HTML in which every “<” begins a tag that ends.

    Over what does not end the library's parser goes again and again, and some of it it asserts.
    """
    return _NO_TAG.sub("&lt;", _DECLARATION.sub("", _without_comments(html)))


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (begins := html.find("<!--", at)) >= 0 and (ends := html.find("-->", begins + 4)) >= 0:
        kept.append(html[at:begins])
        at = ends + 3
    return "".join([*kept, html[at:]])


def _without_repeated_link(value: str) -> str:
    """Return “Website: x.nz: https://x.nz” as its link: a link's text comes before its address."""
    text, _, link = value.rpartition(": ")
    return link if text and link.startswith(("http://", "https://")) else value
