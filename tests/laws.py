"""How long the laws that hold for every input are tried: a little each time, at length in CI."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

AT_LENGTH = 100
"""Examples that Hypothesis tries by itself."""
QUICK, FEW = 10, 3
"""Of a hundred; but never fewer than these."""

# No law is about how fast a machine is.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=QUICK, **_PATIENT)
settings.register_profile("thorough", max_examples=AT_LENGTH, **_PATIENT)


def load(*, thorough: bool) -> None:
    """Choose the profile; modules with laws must not have been imported yet."""
    settings.load_profile("thorough" if thorough else "quick")


def at_length() -> bool:
    """Whether laws are tried at length now."""
    return settings.default.max_examples == AT_LENGTH


def examples(number: int) -> int:
    """How many examples a law is tried on now that is tried on so many at length."""
    return number if at_length() else max(min(FEW, number), number * QUICK // AT_LENGTH)
