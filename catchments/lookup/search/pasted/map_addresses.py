"""Addresses of maps on the web: the pin in them, else the middle of the view, else their words.

Only the maps that are listed here are read: any other address may be a school's own website. Where
each keeps its coordinates was read off addresses that they make; none documents all of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

from catchments.core.text_folding import LONGEST_TEXT
from catchments.lookup.search.pasted.degrees import read_degrees
from catchments.lookup.search.pasted.osm_short_links import read_short_link
from catchments.lookup.search.pasted.spots import MAP_VIEW, Pasted

Read = Callable[[str], Pasted | None]
"""Reads a text that stands where a map takes coordinates: degrees, or a plus code with its town."""

_ADDRESS = re.compile(r"(?:https?://|geo:|www\.|maps\.)[^ ]+|[a-z0-9.-]{3,40}/[^ ]*", re.IGNORECASE)
_AROUND = "<>()[]\"'“”,;"
_GOOGLE = re.compile(r"(?:(?:www|maps|earth)\.)?google\.(?:[a-z]{2,3}|com?\.[a-z]{2})")
_OSM = {"openstreetmap.org", "www.openstreetmap.org", "osm.org", "www.osm.org"}
_OTHERS = {
    *("maps.apple.com", "www.bing.com", "bing.com", "waze.com", "www.waze.com", "plus.codes"),
    *("basemaps.linz.govt.nz", "www.topomap.co.nz", "topomap.co.nz"),
}
_SHORT = {
    *("maps.app.goo.gl", "goo.gl", "g.co", "g.page", "share.google", "maps.apple", "binged.it"),
    *("bit.ly", "tinyurl.com", "t.co"),
}

_OF_WORDS = {"what3words.com", "www.what3words.com", "w3w.co"}
_THREE_WORDS = re.compile(r"///[^\W\d_]{2,30}(?:\.[^\W\d_]{2,30}){2}")

_NUMBER = r"(-?[0-9]{1,3}(?:\.[0-9]{1,20})?)(?![0-9.])"
_PIN = re.compile(rf"!3d{_NUMBER}!4d{_NUMBER}")
_VIEW = re.compile(rf"@{_NUMBER},{_NUMBER}")
_OSM_VIEW = re.compile(rf"(?:^|&)map=[0-9.]{{1,5}}/{_NUMBER}/{_NUMBER}")
_PAIR = re.compile(rf"^{_NUMBER} ?[,~] ?{_NUMBER}(?:,|$)")
_WAYS = re.compile(r"/maps/dir(?:/|$)|^/directions")
_NAMED = re.compile(r"/maps/(?:place|search)/([^/@]+)")

_ASKED = ("q", "query", "destination", "daddr", "address", "where1", "name")
"""Parameters that have what somebody looked for: coordinates, or words."""

SHORT_LINK = Pasted(
    refusal="A short link carries no place. Open it, and paste the address that it leads to, or the"
    " coordinates."
)
_WORDS = Pasted(
    refusal="Three words for a place are known to what3words alone. Paste the coordinates or the"
    " street address."
)
_WAY = Pasted(
    refusal="This address shows a way, with several places. Paste the address of one place, or its"
    " coordinates."
)
_SEVERAL = Pasted(
    refusal="This address marks several places. Paste the address of one of them, or its"
    " coordinates."
)
_NOTHING = Pasted(
    refusal="This address of a map carries no coordinates. Mark the place on the map and paste the"
    " address that it has then, or the coordinates."
)


@dataclass(frozen=True)
class _Address:
    """An address of a map, taken apart; nothing in it is unquoted but what says so."""

    host: str
    path: str
    query: str
    fragment: str

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Its parameters, each unquoted, by name in small letters; of several the first."""
        try:
            given = parse_qs(self.query, keep_blank_values=True, max_num_fields=100)
        except ValueError:
            return {}
        return {name.casefold(): values[0] for name, values in given.items()}

    @cached_property
    def words(self) -> str:
        """What it says of the place, unquoted: a name, or coordinates in words; often empty."""
        if self.host == "plus.codes":
            return unquote(self.path).strip("/")
        match = _NAMED.search(self.path)
        asked = (self.parameters.get(name, "") for name in _ASKED)
        said = unquote_plus(match[1]) if match else next(filter(None, asked), "")
        return " ".join(said.removeprefix("loc:").split())


def read_address_of_map(text: str, *, read: Read) -> Pasted | None:
    """Return what a tidied text has, in which there is an address of a map; None where none is.

    A pin beats the view, whose middle is only asked about. What stands around the address, or is
    named in it, comes as `text`.
    """
    if "/" not in text and "geo:" not in text.casefold():
        return None
    if _THREE_WORDS.fullmatch(text):
        return _WORDS
    for match in _ADDRESS.finditer(text):
        given = match[0].strip(_AROUND)
        if given[:4].casefold() == "geo:":
            return _read_geo(given)
        found = _of_map(given, read)
        if found is not None:
            around = f"{text[: match.start()]} {text[match.end() :]}".strip(f" {_AROUND}:")
            return replace(found, text=(found.text or around)[:LONGEST_TEXT])
    return None


def _of_map(given: str, read: Read) -> Pasted | None:
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if host in _OF_WORDS:
        return _WORDS
    address = _Address(host, parts.path, parts.query, unquote(parts.fragment))
    if _is_short(address):
        return SHORT_LINK
    return _found_in(address, read) if _is_map(address) else None


def _is_short(address: _Address) -> bool:
    is_apples = address.host == "maps.apple.com" and address.path.startswith("/p/")
    return is_apples or address.host in _SHORT


def _is_map(address: _Address) -> bool:
    if _GOOGLE.fullmatch(address.host):
        return address.path.startswith("/maps") or not address.host.startswith(("www.", "google."))
    return address.host in _OSM or address.host in _OTHERS


def _found_in(address: _Address, read: Read) -> Pasted:
    if _WAYS.search(address.path) or "route" in address.parameters:
        return _WAY
    pins = set(_pins_in(address))
    if len(pins) > 1:
        return _SEVERAL
    if pins:
        words = "" if read(address.words) else address.words
        return replace(_degrees(*pins.pop()) or _NOTHING, text=words)
    return read(address.words) or _view_of(address)


def _degrees(lat: str, lng: str) -> Pasted | None:
    # With its labels it is told what is wrong with it, too.
    return read_degrees(f"lat {lat}, lng {lng}")


def _view_of(address: _Address) -> Pasted:
    found = read_short_link(address.path) if address.host in _OSM else None
    if found is not None and "m" in address.parameters:
        return found  # which says that somebody marked it
    if found is None:
        found = next((_degrees(*view) for view in _views_in(address)), None)
    if found is not None and found.named:
        return replace(found.asked_about(MAP_VIEW), text=address.words)
    return Pasted(text=address.words) if address.words else found or _NOTHING


def _pins_in(address: _Address) -> Iterator[tuple[str, str]]:
    """Yield the latitude and longitude of the places that are marked."""
    yield from _PIN.findall(unquote(address.path))
    given = address.parameters
    if "mlat" in given and "mlon" in given:
        yield given["mlat"], given["mlon"]
    yield from _PAIR.findall(given.get("coordinate", ""))
    # Waze marks it, and Apple where it says what is there; others only begin their map there.
    if address.host.endswith("waze.com") or (address.host == "maps.apple.com" and address.words):
        yield from _PAIR.findall(given.get("ll", ""))


def _views_in(address: _Address) -> Iterator[tuple[str, str]]:
    """Yield the latitude and longitude of the middle of what was to be seen."""
    yield from _VIEW.findall(f"{unquote(address.path)} {address.fragment}")
    yield from _OSM_VIEW.findall(address.fragment)
    given = address.parameters
    if "lat" in given and "lon" in given:
        yield given["lat"], given["lon"]
    for name in ("ll", "sll", "center", "viewpoint", "cp"):
        yield from _PAIR.findall(given.get(name, ""))


def _read_geo(given: str) -> Pasted:
    """Return the place of a “geo:” address (RFC 5870), which Android extends by “?q=”."""
    position, _, query = given[4:].partition("?")
    asked = _Address("", "", query, "").parameters.get("q", "")
    # Android writes “geo:0,0?q=…” for what it looks for; what follows in brackets is a label.
    where = asked.partition("(")[0] if asked else position.partition(";")[0]
    found = next((_degrees(*pair) for pair in _PAIR.findall(where)), None)
    if found is None and asked:
        return Pasted(text=asked[:LONGEST_TEXT])
    return found or _NOTHING
