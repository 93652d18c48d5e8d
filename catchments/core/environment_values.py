"""Values of environment variables: switches, counts, seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from catchments.core.errors import InputRefused, shown

_COUNT = re.compile("[0-9]{1,9}")
CORRECT_IT = "Correct it or leave it out."


def fitting(
    name: str,
    text: str,
    fits: Callable[[str], object],
    allowed: str,
    next_step: str = "",
    *,
    says: str = "is",
) -> str:
    """Return what a variable `says`, if it fits: is, or names. Raises InputRefused, showing it."""
    if not fits(text):
        problem = f"{name} {says} {shown(text)}."
        raise InputRefused(problem, field=name, allowed=allowed, next_step=next_step)
    return text


def switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    """Return whether a variable switches something on. Raises InputRefused."""
    text = environment.get(name) or default
    return fitting(name, text, ("0", "1").__contains__, "It must be 0 or 1.") == "1"


def count(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number of at most nine digits. Raises InputRefused."""
    text = environment.get(name) or str(default)
    allowed = "It must be a whole number of at most nine digits."
    return int(fitting(name, text, _COUNT.fullmatch, allowed, CORRECT_IT))


def seconds(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0
) -> float:
    """Return a number of seconds, at most a day. Raises InputRefused."""
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    allowed = f"It must be a number of seconds from {least:g} to 86400."
    fitting(name, text, lambda _: least <= value <= 86_400, allowed, CORRECT_IT)
    return value
