"""Whether what somebody wrote was worked out as a template: `{{7*191}}` would be 1337."""

from __future__ import annotations

import re

_ANSWER = re.compile(r"(?<![\d.])1337(?!\d)")
"""By itself: the digits of a moment may have it among them."""


def is_worked_out(page: str) -> bool:
    """Whether a page says what `{{7*191}}` comes to."""
    return bool(_ANSWER.search(page))
