"""A memory of recent things: up to so many, and so much, by key, shared between threads."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
_MISSING: Any = object()


class Recent:
    """What was made lately; whatever was asked for longest ago goes first."""

    def __init__(
        self,
        at_most: int,
        *,
        bytes_at_most: float = math.inf,
        size_of: Callable[[Any], int] = lambda _: 0,
        shared_at_most: int = 0,
        shares: Callable[[Any], object] = lambda _: None,
    ) -> None:
        """Keep up to so many, and so much; of what each `shares` with others, so many different."""
        self.at_most = at_most
        """May be changed at any time; what is too much goes with the next thing that is kept."""
        self._bytes_at_most, self._size_of = bytes_at_most, size_of
        self._shared_at_most, self._shares = shared_at_most, shares
        self._sizes: dict[Hashable, int] = {}
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, key: Hashable, default: Any = None) -> Any:
        """Return what is kept under a key, or the default."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key, default)

    def keep(self, key: Hashable, made: T) -> T:
        """Keep something under a key, and return it; by itself it may be larger than all may be."""
        size = self._size_of(made)
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            self._sizes[key] = size
            while len(self._kept) > self.at_most or (len(self._kept) > 1 and self._is_too_large()):
                gone, _ = self._kept.popitem(last=False)
                del self._sizes[gone]
        return made

    def _is_too_large(self) -> bool:
        shared = {id(self._shares(each)) for each in self._kept.values()}
        too_many = bool(self._shared_at_most) and len(shared) > self._shared_at_most
        return too_many or sum(self._sizes.values()) > self._bytes_at_most

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made first where it is not; `make` may raise."""
        found: T = self.known(key, _MISSING)
        # Made without the lock: twice at worst, and nobody waits.
        return self.keep(key, make()) if found is _MISSING else found

    def all(self) -> list[Any]:
        """Return everything that is kept, what was asked for longest ago first."""
        with self._lock:
            return list(self._kept.values())
