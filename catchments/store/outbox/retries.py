"""Retries: when a delivery that failed, an e-mail or a call to a webhook, is tried again."""

from __future__ import annotations

from datetime import timedelta

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
ATTEMPTS_AT_MOST = 12


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: a minute, doubling up to six hours."""
    pause: timedelta = FIRST_PAUSE * 2 ** max(0, attempts - 1)
    return min(pause, LONGEST_PAUSE)
