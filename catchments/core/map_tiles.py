"""Map tiles of somebody else's server: where they are, their key, and whom to credit.

Their addresses reach the browser as data and a header as an origin, so that nothing may stand in
them but what an address of tiles needs. All of them are of the one grid that the map draws in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from catchments.core.environment_values import count
from catchments.core.errors import InputRefused, shown

PLAIN = "plain"
BACKGROUNDS = ("map", "aerial")
"""What a background may be called; the pages have words for these and no others."""
CLOSEST = 16
"""The zoom from which tiles are enlarged, unless a setting says another."""
CLOSEST_AT_MOST = 22
LONGEST_ADDRESS, LONGEST_ATTRIBUTION = 500, 300
_TILES = "CATCHMENTS_TILES"
_KEY = "CATCHMENTS_TILES_KEY"
_ATTRIBUTION = "CATCHMENTS_TILES_ATTRIBUTION"
_CLOSEST = "CATCHMENTS_TILES_CLOSEST"
_EXAMPLE = "map=https://tiles.example/topo/{z}/{x}/{y}.png?key={key}"

_ADDRESS = re.compile(
    r"(?P<origin>https?://(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?)"
    r"/(?:[A-Za-z0-9._~/:@!,;=&?%+-]|\{(?:z|x|y|-y|key)\})*"
)
_OURS = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_WMTS = {"tilematrix": "z", "tilecol": "x", "tilerow": "y"}
"""What WMTS calls the places in an address that others call so. Source: OGC 07-057r7, 10.2.1."""
_PLACE = re.compile(r"\{([A-Za-z]+)\}")
_GRID = re.compile(
    r"tilematrixset=([^&]*)"
    r"|(NZTM[A-Z0-9]*|WorldCRS84Quad|GoogleCRS84Quad|(?:EPSG:|/)(?:2193|4326|4167)(?=/))",
    re.IGNORECASE,
)
"""Where an address names its grid: a parameter of WMTS, or a known other one in the path."""
_WEB_MERCATOR = re.compile(
    r"(?:webmercatorquad|googlemapscompatible\w*|(?:epsg:)?(?:3857|900913))", re.IGNORECASE
)
_KEY_CHARACTERS = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/:@!,;=&?%+#-]*)?")


@dataclass(frozen=True, slots=True)
class Background:
    """Tiles that lie below the catchments."""

    name: str
    """One of `BACKGROUNDS`."""
    address: str = field(repr=False)
    """With {z}, {x} and {y} (or {-y}, counted from the south) in it, and the key."""
    origin: str
    """As it stands in a Content-Security-Policy."""


@dataclass(frozen=True, slots=True)
class MapTiles:
    """Backgrounds that a map may have, and whom to credit for them."""

    backgrounds: tuple[Background, ...]
    attribution: str
    attribution_link: str
    closest: int
    """The closest zoom that the server has."""
    begins_plain: bool
    """Whether nothing is asked of the server before somebody chooses a background."""

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that pages with a map may load pictures from, each once."""
        return tuple(dict.fromkeys(each.origin for each in self.backgrounds))


def map_tiles(environment: Mapping[str, str]) -> MapTiles | None:
    """Return the tiles that a setting names, or None. Raises InputRefused.

    An address is not shown in a refusal: a key may stand in it.
    """
    words = environment.get(_TILES, "").split()
    key = environment.get(_KEY, "")
    if not words:
        _refuse_alone(environment)
        return None
    begins_plain = words[0].casefold() == PLAIN
    backgrounds = tuple(_background(word, key) for word in words[begins_plain:])
    names = [each.name for each in backgrounds]
    if not names or len(set(names)) < len(names):
        raise _refused("It names no tiles." if not names else "It names one background twice.")
    if key and not any("{key}" in word for word in words):
        raise InputRefused(
            f"{_KEY} is set, and no address in {_TILES} has {{key}} in it.",
            field=_KEY,
            next_step="Write {key} where the key stands in the address, or leave the key out.",
        )
    attribution, link = _attribution(environment.get(_ATTRIBUTION, ""))
    closest = count(environment, _CLOSEST, CLOSEST)
    if not 1 <= closest <= CLOSEST_AT_MOST:
        raise InputRefused(
            f"{_CLOSEST} is {closest}.",
            field=_CLOSEST,
            allowed=f"It must be a zoom from 1 to {CLOSEST_AT_MOST}.",
        )
    return MapTiles(backgrounds, attribution, link, closest, begins_plain)


def _refuse_alone(environment: Mapping[str, str]) -> None:
    for name in (_KEY, _ATTRIBUTION, _CLOSEST):
        if environment.get(name):
            raise InputRefused(
                f"{name} is set, and {_TILES} is not.",
                field=name,
                next_step=f"Set {_TILES}, for example to {_EXAMPLE}, or leave both out.",
            )


def _background(word: str, key: str) -> Background:
    name, is_named, address = word.partition("=")
    name = name.casefold()
    if not is_named or name not in BACKGROUNDS:
        known = " or ".join(f"{each}=" for each in BACKGROUNDS)
        raise _refused(f"A word of it does not begin with {known}.")
    address = _PLACE.sub(_as_xyz, address)
    _refuse_other_grid(name, address)
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > LONGEST_ADDRESS or not _has_all_places(address):
        raise _refused(_why_no_address(name, address))
    origin = found["origin"]
    if origin.startswith("http:") and re.sub(r":[0-9]+$", "", origin) not in _OURS:
        raise _refused(f"The address of {name} begins with http://.")
    return Background(name, address.replace("{key}", _checked_key(name, address, key)), origin)


def _as_xyz(place: re.Match[str]) -> str:
    name = place[1].casefold()
    return f"{{{_WMTS.get(name, place[1])}}}"


def _refuse_other_grid(name: str, address: str) -> None:
    path = unquote(address.partition("://")[2].partition("/")[2])
    for given, named in _GRID.findall(f"/{path}"):
        if named or not _WEB_MERCATOR.fullmatch(given):
            other = shown(named.lstrip("/") or given)
            raise _refused(
                f"The address of {name} names the tile matrix set {other}.",
                allowed="The map draws in Web Mercator (EPSG:3857) and in nothing else.",
                next_step="Give the address of WebMercatorQuad, also called GoogleMapsCompatible.",
            )


def _why_no_address(name: str, address: str) -> str:
    if "{z}" not in address and "capabilities" in address.casefold():
        return f"The address of {name} is that of the server's capabilities, not of its tiles."
    if "{s}" in address:
        return f"The address of {name} has {{s}} in it: name one host."
    if not _has_all_places(address):
        return f"The address of {name} has not {{z}}, {{x}} and {{y}} in it, each once."
    return f"The address of {name} is none that tiles have."


def _has_all_places(address: str) -> bool:
    counts = [address.count(place) for place in ("{z}", "{x}", "{y}", "{-y}")]
    return counts[:2] == [1, 1] and sum(counts[2:]) == 1


def _checked_key(name: str, address: str, key: str) -> str:
    if "{key}" not in address:
        return ""
    if not _KEY_CHARACTERS.fullmatch(key):
        what = "is not set" if not key else "has a character in it that no key has"
        raise InputRefused(
            f"{_KEY} {what}, and the address of {name} has {{key}} in it.",
            field=_KEY,
            allowed="It must be at most 200 letters, digits, and - . _ ~.",
        )
    return key


def _attribution(text: str) -> tuple[str, str]:
    """Return the words and the address that they lead to, if the last word is one."""
    words = text.split()
    link = words.pop() if words and "://" in words[-1] else ""
    said = " ".join(words)
    if not said or len(said) > LONGEST_ATTRIBUTION or not said.isprintable():
        raise InputRefused(
            f"{_ATTRIBUTION} is {shown(said)}.",
            field=_ATTRIBUTION,
            allowed="It must be whom to credit for the tiles, in at most "
            f"{LONGEST_ATTRIBUTION} characters; an address may follow.",
            next_step="Write what the tiles' licence asks for.",
        )
    if link and not _LINK.fullmatch(link):
        raise InputRefused(
            f"{_ATTRIBUTION} ends in {shown(link)}.",
            field=_ATTRIBUTION,
            allowed="An address in it must begin with https://.",
        )
    return said, link


def _refused(why: str, *, allowed: str = "", next_step: str = "") -> InputRefused:
    return InputRefused(
        f"{_TILES} cannot be used. {why}",
        field=_TILES,
        allowed=allowed
        or "It must be addresses of tiles that begin with https://, parted by spaces, each after "
        "map= or aerial=, with {z}, {x} and {y} in it; plain before them begins without.",
        next_step=next_step or f"For example {_EXAMPLE}.",
    )
