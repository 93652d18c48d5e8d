"""What whoever runs the service may set, and where it comes from: the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catchments.errors import InputRefused, shown

_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:([0-9]{1,5}|\*))?")
ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATABASE_URL = f"sqlite:///{ROOT / 'instance' / 'catchments.sqlite'}"
DEFAULT_ADDRESSES_PATH = ROOT / "instance" / "addresses.sqlite"


@dataclass(frozen=True)
class Settings:
    """Settings of one process."""

    database_url: str = DEFAULT_DATABASE_URL
    addresses_path: Path = DEFAULT_ADDRESSES_PATH
    """The address book's file; without one, addresses are not known."""
    refresh_s: float = 2.0
    """How often a worker asks the database whether anything was published, in seconds."""
    max_age_s: int = 60
    """How long a response may be kept by caches, in seconds; never past the next edition."""
    embed_on: tuple[str, ...] = ()
    """Origins of the websites that may show /embed in a frame, such as https://school.example."""
    geocoder: str = ""
    """Which geocoder elsewhere is asked for addresses that are not known here; none if empty."""
    geocoder_options: str = "{}"
    """What that geocoder needs, as JSON: a key, a domain, a user agent."""
    geocoder_timeout_s: float = 2.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read DATABASE_URL and the variables that begin with CATCHMENTS_.

        Raises InputRefused for what is no number or no origin.
        """
        return cls(
            database_url=environment.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
            addresses_path=Path(
                environment.get("CATCHMENTS_ADDRESSES") or DEFAULT_ADDRESSES_PATH
            ).expanduser(),
            refresh_s=_seconds(environment, "CATCHMENTS_REFRESH_S", cls.refresh_s, least=0.1),
            max_age_s=int(_seconds(environment, "CATCHMENTS_MAX_AGE_S", cls.max_age_s)),
            embed_on=tuple(map(_origin, environment.get("CATCHMENTS_EMBED_ON", "").split())),
            geocoder=environment.get("CATCHMENTS_GEOCODER", ""),
            geocoder_options=environment.get("CATCHMENTS_GEOCODER_OPTIONS") or "{}",
            geocoder_timeout_s=_seconds(
                environment, "CATCHMENTS_GEOCODER_TIMEOUT_S", cls.geocoder_timeout_s, least=0.1
            ),
        )


def database_url(text: str) -> str:
    """Return a database URL: the text if it is one, else SQLite in the file that it names."""
    return text if "://" in text else f"sqlite:///{Path(text).expanduser().resolve()}"


def _origin(text: str) -> str:
    # It goes into a header: nothing but an origin may pass, and no wildcard for everybody.
    if not _ORIGIN.fullmatch(text):
        raise InputRefused(
            f"CATCHMENTS_EMBED_ON names {shown(text)}.",
            field="CATCHMENTS_EMBED_ON",
            allowed="It must be origins such as https://school.example, parted by spaces.",
            next_step="Correct it or leave it out.",
        )
    return text


def _seconds(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0
) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not least <= value <= 86_400:
        raise InputRefused(
            f"{name} is {shown(text)}.",
            field=name,
            allowed=f"It must be a number of seconds from {least:g} to 86400.",
            next_step="Correct it or leave it out.",
        )
    return value
