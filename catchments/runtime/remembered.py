"""A memory of what was found out about things, each for as long as something else holds it."""

from __future__ import annotations

import threading
import weakref
from typing import Any


class Remembered:
    """What is known of some objects, by which they are and not by what they equal.

    It keeps none of them. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], tuple[tuple[weakref.ref[Any], ...], Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, *things: object) -> Any:
        """Return what is known of these things together, or None."""
        with self._lock:
            refs, value = self._known.get(tuple(map(id, things)), ((), None))
        alike = len(refs) == len(things) and all(
            ref() is thing for ref, thing in zip(refs, things, strict=True)
        )
        return value if alike else None

    def keep(self, *things_and_value: Any) -> None:
        """Keep what is known, the last argument, of the things before it."""
        *things, value = things_and_value
        key = tuple(map(id, things))

        def forget(_gone: object) -> None:
            self._known.pop(key, None)

        refs = tuple(weakref.ref(thing, forget) for thing in things)
        with self._lock:
            self._known[key] = (refs, value)
