"""The queue of notices (being written)."""

from typing import Any


def enqueue(connection: Any, edition_number: int, notices: Any, *, at: Any) -> None:
    pass


def cancel(connection: Any, number: int) -> None:
    pass
