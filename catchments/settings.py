"""What whoever runs the service may set, and where it comes from: the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catchments.errors import InputRefused, shown

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATABASE_URL = f"sqlite:///{ROOT / 'instance' / 'catchments.sqlite'}"


@dataclass(frozen=True)
class Settings:
    """Settings of one process."""

    database_url: str = DEFAULT_DATABASE_URL
    refresh_s: float = 2.0
    """How often a worker asks the database whether anything was published, in seconds."""
    max_age_s: int = 60
    """How long a response may be kept by caches, in seconds; never past the next edition."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read DATABASE_URL, CATCHMENTS_REFRESH_S and CATCHMENTS_MAX_AGE_S.

        Raises InputRefused for what is no number.
        """
        return cls(
            database_url=environment.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
            refresh_s=_seconds(environment, "CATCHMENTS_REFRESH_S", cls.refresh_s, least=0.1),
            max_age_s=int(_seconds(environment, "CATCHMENTS_MAX_AGE_S", cls.max_age_s)),
        )


def database_url(text: str) -> str:
    """Return a database URL: the text if it is one, else SQLite in the file that it names."""
    return text if "://" in text else f"sqlite:///{Path(text).expanduser().resolve()}"


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
