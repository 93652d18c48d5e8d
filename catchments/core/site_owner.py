"""Whose website it is: name, logo, contacts and the portal's address, as whoever runs it sets them.

New Zealand Government Web Usability Standard 1.4 asks for most of it: the name or logo of whoever
is responsible on the first page, and an e-mail address, a postal address, a street address and a
telephone number to reach them by (sections 2.2 and 2.3,
https://dns.govt.nz/standards-and-guidance/nz-government-web-standards/web-usability-standard-1-4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from catchments.core.environment_values import fitting
from catchments.core.errors import InputRefused, shown
from catchments.core.mail_server import EMAIL

_WEB = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[!#-;=?-_a-z~]*)?")
_SERVICE = re.compile(
    r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"
)
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{2,28}")
LINE_AT_MOST = 200
LOGO_AT_MOST = 512 * 1024
"""Bytes of a logo: it is on every page."""
SIDE_AT_MOST = 4_000
"""Pixels of a logo's longer side: what is decoded to draw it."""


@dataclass(frozen=True)
class Logo:
    """A picture that holds nothing but a picture."""

    media_type: str
    content: bytes
    width: int
    height: int
    """Both in pixels."""

    @cached_property
    def digest(self) -> str:
        """What its address changes with."""
        return hashlib.sha256(self.content).hexdigest()[:12]


@dataclass(frozen=True)
class SiteOwner:
    """Who is responsible for the website; what is empty is not set, and is not said to schools."""

    name: str = ""
    website: str = ""
    """Their own website, as https://…"""
    email: str = ""
    phone: str = ""
    postal_address: str = ""
    street_address: str = ""
    """Where they can be visited."""
    portal: str = ""
    """Where schools ask for support, as https://…"""
    requests: str = ""
    """Where this project's own requests for support are, as https://…; off if empty."""
    logo: Logo | None = None

    @property
    def not_set(self) -> tuple[str, ...]:
        """The settings that are not set: for staff, and for whoever watches the service."""
        return tuple(name for name, field in SETTINGS.items() if not getattr(self, field))

    @cached_property
    def digest(self) -> str:
        """What pages that say who they are of change with."""
        said = (*(getattr(self, field) for field in _ALLOWED), self.logo and self.logo.digest)
        return hashlib.sha256(repr(said).encode()).hexdigest()[:8]


SETTINGS: Mapping[str, str] = {
    "CATCHMENTS_OWNER_NAME": "name",
    "CATCHMENTS_OWNER_LOGO": "logo",
    "CATCHMENTS_OWNER_WEBSITE": "website",
    "CATCHMENTS_OWNER_EMAIL": "email",
    "CATCHMENTS_OWNER_PHONE": "phone",
    "CATCHMENTS_OWNER_POSTAL_ADDRESS": "postal_address",
    "CATCHMENTS_OWNER_STREET_ADDRESS": "street_address",
    "CATCHMENTS_PORTAL_URL": "portal",
}
"""Each setting that a website of the Government needs, and where it is kept."""
REQUESTS_URL = "CATCHMENTS_REQUESTS_URL"


def _is_line(text: str) -> bool:
    return len(text) <= LINE_AT_MOST and text.isprintable()


_IS_A_LINE = "It must be one line of at most 200 characters."
_IS_WEB = "It must be as https://attendance.example, perhaps with a path."
_IS_SERVICE = "It must be as https://requests.example; on this machine http:// will do."
_ALLOWED: Mapping[str, tuple[Callable[[str], object], str]] = {
    "name": (_is_line, _IS_A_LINE),
    "website": (_WEB.fullmatch, _IS_WEB),
    "email": (EMAIL.fullmatch, "It must be an e-mail address, and nothing else."),
    "phone": (_PHONE.fullmatch, "It must be digits with spaces, brackets or hyphens between."),
    "postal_address": (_is_line, _IS_A_LINE),
    "street_address": (_is_line, _IS_A_LINE),
    "portal": (_WEB.fullmatch, _IS_WEB),
    "requests": (_SERVICE.fullmatch, _IS_SERVICE),
}


def site_owner(environment: Mapping[str, str]) -> SiteOwner:
    """Return whose website it is, as far as it is set. Raises InputRefused."""
    named = {**SETTINGS, REQUESTS_URL: "requests"}
    lines = {f: _line(environment, name, f) for name, f in named.items() if f in _ALLOWED}
    logo = environment.get("CATCHMENTS_OWNER_LOGO", "")
    if logo and not lines["name"]:  # the name is what the logo says to whoever does not see it
        raise InputRefused(
            "CATCHMENTS_OWNER_LOGO is set, and CATCHMENTS_OWNER_NAME is not.",
            field="CATCHMENTS_OWNER_NAME",
            allowed="A logo needs its owner's name: screen readers read it in the logo's place.",
            next_step="Set CATCHMENTS_OWNER_NAME as well, or leave the logo out.",
        )
    return SiteOwner(logo=read_logo(Path(logo).expanduser()) if logo else None, **lines)


def _line(environment: Mapping[str, str], name: str, field: str) -> str:
    text = environment.get(name, "").strip()
    next_step = "Correct it, or leave it out: pages then say nothing of it."
    return text and fitting(name, text, *_ALLOWED[field], next_step)


# --- the logo -------------------------------------------------------------------------------------

Size = tuple[int, int]
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_KINDS = "It must be a PNG, a JPEG or a WebP."
_AS_PNG = "Save it as a PNG and name that file."


def read_logo(path: Path) -> Logo:
    """Return the picture in a file, which is judged by what it holds. Raises InputRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(LOGO_AT_MOST + 1)
    except OSError as error:
        raise _refused(
            f"{shown(path.name)} cannot be read: {error.strerror}",
            allowed="It must name a file that the service may read.",
        ) from error
    if len(content) > LOGO_AT_MOST:
        raise _refused(
            f"{shown(path.name)} has more than {LOGO_AT_MOST // 1024} kB",
            allowed="A logo is on every page, and may have that much.",
        )
    media_type, size = _picture(path.name, content)
    if not all(1 <= side <= SIDE_AT_MOST for side in size):
        raise _refused(
            f"{shown(path.name)} is {size[0]} × {size[1]} pixels",
            allowed=f"Neither side may have more than {SIDE_AT_MOST}.",
        )
    return Logo(media_type, content, *size)


def _picture(name: str, content: bytes) -> tuple[str, Size]:
    readers = (("image/png", _png), ("image/jpeg", _jpeg), ("image/webp", _webp))
    for media_type, reader in readers:
        if size := reader(content):
            return media_type, size
    if b"<svg" in content[:4096].lower():
        raise _refused(f"{shown(name)} is an SVG", allowed=f"An SVG may hold a script. {_KINDS}")
    raise _refused(f"{shown(name)} is no whole picture, and nothing but a picture", allowed=_KINDS)


def _refused(problem: str, *, allowed: str) -> InputRefused:
    return InputRefused(
        f"CATCHMENTS_OWNER_LOGO: {problem}.",
        field="CATCHMENTS_OWNER_LOGO",
        allowed=allowed,
        next_step=f"{_AS_PNG} Without the setting the owner's name stands alone.",
    )


def _png(content: bytes) -> Size | None:
    """Return the size of a PNG that is whole and ends where its picture does, else None."""
    if not content.startswith(_PNG):
        return None
    at, last = len(_PNG), b""
    while at + 12 <= len(content) and last != b"IEND":
        last = content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4])
    whole = last == b"IEND" and at == len(content) and content[12:16] == b"IHDR"
    return (_number(content, 16), _number(content, 20)) if whole else None


def _number(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 4])


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame, which says how large it is."""


def _jpeg(content: bytes) -> Size | None:
    """Return the size of a JPEG that is whole and ends where its picture does, else None."""
    if not (content.startswith(_JPEG) and content.endswith(b"\xff\xd9")):
        return None
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        if content[at + 1] in _FRAMES:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width), int.from_bytes(height)
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
    return None


def _webp(content: bytes) -> Size | None:
    """Return the size of a WebP that is whole and ends where its picture does, else None."""
    if not (content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        return None
    if int.from_bytes(content[4:8], "little") + 8 != len(content):
        return None
    return _webp_size(content[12:16], content[20:30])


def _webp_size(kind: bytes, head: bytes) -> Size | None:
    """Return width and height; as RFC 9649 has them for each of the three kinds."""
    if len(head) < 10:
        return None
    if kind == b"VP8X":
        return _little(head[4:7]) + 1, _little(head[7:10]) + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return _little(head[6:8]) & 0x3FFF, _little(head[8:10]) & 0x3FFF
    if kind == b"VP8L" and head[:1] == b"\x2f":
        bits = _little(head[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _little(some: bytes) -> int:
    return int.from_bytes(some, "little")
