"""Schools by what reaches them: telephone numbers, websites and e-mail domains."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from catchments.core.model import MatchKind, School
from catchments.lookup.search.typed_text import TypedText

_PHONE = re.compile(
    r"(?:(?:tele)?phone|tel|ph)?[ .:]*(\+?[(]?[0-9][0-9 ().\-/]{4,24}[0-9])"
    r"(?: ?(?:ext?|x)[ .]?[0-9]{1,6})?",
    re.IGNORECASE,
)
_NOT_DIGIT = re.compile("[^0-9]")
_ABROAD = re.compile("(?:00)?64(?=0?[2-9])")
_SHORTEST_ABROAD = 10
"""Digits of a number with the country's: eight others at least, so that “6 412 3456” has none."""
_LOCAL = 7
"""Digits of a number within its area."""

_LABEL = re.compile(r"(?:web(?:site| ?page)?|url|e-?mail|mailto) ?: ?(?!//)", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\W_][\w-]{0,62}\.){1,9}[^\W\d_][\w-]{1,20}")
_TRIVIAL = re.compile(r"(?:home|index|default)[a-z._]{0,15}", re.IGNORECASE)
_SCHOOLS_OWN = (".school.nz", ".ac.nz")
"""Below these a name is one school's, whatever page of it was given."""
_IN_CONTACTS = frozenset("@.0123456789")
PUBLIC_MAIL = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "outlook.co.nz", "hotmail.com"),
        *("hotmail.co.nz", "live.com", "msn.com", "yahoo.com", "yahoo.co.nz", "icloud.com"),
        *("me.com", "mac.com", "proton.me", "protonmail.com", "aol.com", "2degrees.nz"),
        *("xtra.co.nz", "slingshot.co.nz", "orcon.net.nz", "vodafone.co.nz", "ihug.co.nz"),
        *("paradise.net.nz", "clear.net.nz", "inspire.net.nz", "actrix.co.nz", "snap.net.nz"),
        *("farmside.co.nz", "wise.net.nz", "maxnet.co.nz", "kinect.co.nz", "education.govt.nz"),
    }
)
"""Where many have their addresses: what follows such an “@” names no school. Written by hand."""

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The schools of which a contact is known, by their numbers in order; several may share one."""

    school_ids: tuple[int, ...]
    match: MatchKind = MatchKind.EXACT
    """Part where a telephone number lacks its area, an address its path, or more was typed."""


@dataclass(frozen=True)
class SchoolContacts:
    """Schools by telephone number, website and e-mail domain, indexed once."""

    phones: Mapping[str, Sequence[int]]
    """By the number within the country, without the naught before it."""
    local_phones: Mapping[str, Sequence[int]]
    """By the last seven digits."""
    sites: Mapping[str, Sequence[tuple[_Path, int]]]
    """Paths and schools by host, without “www.”."""
    domains: Mapping[str, Sequence[int]]
    """By what follows the “@”, but for public hosts."""

    @classmethod
    def of(cls, schools: Iterable[School]) -> SchoolContacts:
        """Index the schools of a directory, in the order of their numbers."""
        phones: defaultdict[str, list[int]] = defaultdict(list)
        local: defaultdict[str, list[int]] = defaultdict(list)
        sites: defaultdict[str, list[tuple[_Path, int]]] = defaultdict(list)
        domains: defaultdict[str, list[int]] = defaultdict(list)
        for school in sorted(schools, key=lambda each: each.school_id):
            if digits := _phone(school.phone):
                phones[digits].append(school.school_id)
                local[digits[-_LOCAL:]].append(school.school_id)
            if site := _site(school.website):
                sites[site[0]].append((site[1], school.school_id))
            domain = school.email_domain.casefold()
            if domain and domain not in PUBLIC_MAIL:
                domains[domain].append(school.school_id)
        return cls(dict(phones), dict(local), dict(sites), dict(domains))

    def named(self, typed: TypedText) -> Known | None:
        """Return the schools that a telephone number, web address or e-mail address is known of.

        None where the text is none of these, or is no school's.
        """
        if _IN_CONTACTS.isdisjoint(typed.text):
            return None
        text = _LABEL.sub("", typed.text, count=1)
        by_phone = self._by_phone(text)
        return by_phone or next(self._by_addresses(text.split()), None)

    def _by_phone(self, text: str) -> Known | None:
        digits = _phone(text)
        if digits in self.phones:
            return Known(tuple(self.phones[digits]))
        local = self.local_phones.get(digits, ())
        return Known(tuple(local), MatchKind.PART) if local else None

    def _by_addresses(self, words: Sequence[str]) -> Iterator[Known]:
        for word in words:
            known = self._by_address(word.strip("<>()[],;\"'"))
            if known is not None:
                yield known if len(words) == 1 else Known(known.school_ids, MatchKind.PART)

    def _by_address(self, word: str) -> Known | None:
        before, at, domain = word.rpartition("@")
        if "/" in before:
            return None
        site = _site(domain if at else word)
        if site is None or site[0] in PUBLIC_MAIL:
            return None
        host, path = site
        by_domain = Known(tuple(self.domains[host])) if host in self.domains else None
        by_site = self._by_site(host, path)
        return (by_domain or by_site) if at else (by_site or by_domain)

    def _by_site(self, host: str, path: _Path) -> Known | None:
        there = self.sites.get(host, ())
        shared = [(own, each) for own, each in there if path[: len(own)] == own]
        if shared:
            longest = max(len(own) for own, _ in shared)
            return Known(tuple(each for own, each in shared if len(own) == longest))
        if not there or (path and not host.endswith(_SCHOOLS_OWN)):
            return None
        match = MatchKind.EXACT if host.endswith(_SCHOOLS_OWN) else MatchKind.PART
        return Known(tuple(each for _, each in there), match)


def _phone(text: str) -> str:
    """Return the digits of a telephone number within the country; empty for anything else."""
    match = _PHONE.fullmatch(text.strip())
    if match is None:
        return ""
    digits = _NOT_DIGIT.sub("", match[1])
    if match[1].startswith("+") or digits.startswith("00") or len(digits) >= _SHORTEST_ABROAD:
        digits = _ABROAD.sub("", digits, count=1) if _ABROAD.match(digits) else digits
    return digits.lstrip("0")


def _site(text: str) -> tuple[str, _Path] | None:
    """Return the host, without “www.”, and the path of a web address; None for anything else."""
    text = text.strip()
    if "." not in text or " " in text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return None
    if not _HOST.fullmatch(host):
        return None
    steps = unquote(parts.path).casefold().split("/")
    return host, tuple(step for step in steps if step and not _TRIVIAL.fullmatch(step))
