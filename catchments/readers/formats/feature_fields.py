"""Fields of a feature, and of its description: name, code, region and provider."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from catchments.core.model import Provider
from catchments.core.text_folding import folded
from catchments.readers.codes import provider_code

NAME_FIELDS = ("catchment name", "catchment", "name", "title", "label")
CODE_FIELDS = ("catchment code", "code")
_PROVIDER_FIELDS = (
    "provider",
    "provider name",
    "service provider",
    "attendance service provider",
    "attendance service",
    "organisation",
)
REGION_FIELDS = ("education region", "region")
_PHONE_FIELDS = ("phone", "telephone", "tel", "ph", "phone number", "contact number")
_WEBSITE_FIELDS = ("website", "web", "site", "web site", "url")
_EMAIL_FIELDS = ("email", "e mail", "email address")
_DESCRIPTION_FIELDS = ("description",)
_SHAPEFILE_FIELD_LENGTH = 10


@dataclass(frozen=True, slots=True)
class FieldNames:
    """The fields a person named; None where they are to be guessed."""

    name: str | None
    code: str | None
    provider: str | None
    region: str | None


def value_of(values: Mapping[str, str], named: str | None, guesses: Sequence[str]) -> str:
    """Return the first value in the named field, or else in the fields guessed; “” if none."""
    for wanted in (named,) if named is not None else guesses:
        for name, value in values.items():
            if value and matches(name, wanted):
                return value
    return ""


def matches(name: str, wanted: str) -> bool:
    """Whether a field as read is the one meant: GDAL mangles some names and cuts others short."""
    mangled = "".join(
        c if c.isascii() and c.isalnum() else "_" * len(c.encode()) for c in wanted.casefold()
    )
    return (
        folded(name) == folded(wanted)
        or name.casefold() == mangled
        or (len(name) == _SHAPEFILE_FIELD_LENGTH and mangled.startswith(name.casefold()))
    )


def provider_of(values: Mapping[str, str], named_field: str | None) -> Provider | None:
    """Return the provider that a feature's fields, or its description, tell of."""
    lines = _labelled_lines(value_of(values, None, _DESCRIPTION_FIELDS))
    name = value_of(values, named_field, _PROVIDER_FIELDS)
    if not name and named_field is None:
        name = value_of(lines, None, _PROVIDER_FIELDS)
    if not name:
        return None
    both = {**lines, **{key: value for key, value in values.items() if value}}
    return Provider(
        code=provider_code(name),
        name=name,
        phone=value_of(both, None, _PHONE_FIELDS),
        email=value_of(both, None, _EMAIL_FIELDS),
        website=_web_address(value_of(both, None, _WEBSITE_FIELDS)),
    )


def _web_address(text: str) -> str:
    """Return a web address that is safe to link to, or nothing."""
    if text.casefold().startswith(("http://", "https://")):
        return text
    return f"https://{text}" if text.casefold().startswith("www.") else ""


# --- descriptions ---------------------------------------------------------------------------------


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
    parser.feed(html)
    parser.close()
    found: dict[str, str] = {}
    for line in "".join(parser.text).splitlines():
        label, colon, value = line.partition(":")
        if colon and value.strip():
            found.setdefault(label.strip(), _tidy(_without_repeated_link(value)))
    return found


def _without_repeated_link(value: str) -> str:
    """Return “Website: x.nz: https://x.nz” as its link: a link's text comes before its address."""
    text, _, link = value.rpartition(": ")
    return link if text and link.startswith(("http://", "https://")) else value


def _tidy(value: object) -> str:
    """Return a value as text on one line; nothing for a null, and 7 for 7.0."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(text.split())


def tidy_value(name: str, value: object) -> str:
    """Return a value as text; a description keeps its lines, which mean something."""
    if isinstance(value, str) and folded(name) in _DESCRIPTION_FIELDS:
        return value
    return _tidy(value)
