"""Values of environment variables: switches, counts, seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from catchments.core.errors import InputRefused, shown


def switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    """Return whether a variable switches something on. Raises InputRefused."""
    text = environment.get(name) or default
    if text not in {"0", "1"}:
        raise InputRefused(f"{name} is {shown(text)}.", field=name, allowed="It must be 0 or 1.")
    return text == "1"


def count(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number of at most nine digits. Raises InputRefused."""
    text = environment.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise InputRefused(
            f"{name} is {shown(text)}.",
            field=name,
            allowed="It must be a whole number of at most nine digits.",
            next_step="Correct it or leave it out.",
        )
    return int(text)


def seconds(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0
) -> float:
    """Return a number of seconds, at most a day. Raises InputRefused."""
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
