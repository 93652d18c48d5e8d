"""Dated guidance on when to ask for support."""


def guide_on(day: object) -> None:
    """Stand-in until it is written."""
