"""Whether what somebody wrote was worked out as a template: `{{7*191}}` would be 1337."""

from __future__ import annotations

import re

_MOMENT = re.compile(r"\d\d:\d\d:\d\d\.\d+")
"""With parts of a second, which may have those digits among them."""


def is_worked_out(page: str) -> bool:
    """Whether a page says what `{{7*191}}` comes to, wherever but in a moment."""
    return "1337" in _MOMENT.sub("", page)
