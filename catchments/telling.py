"""What schools and providers are told of a publication (being written)."""

from typing import Any


def notices_of(before: Any, after: Any, *, effective_from: Any) -> list[Any]:
    return []
