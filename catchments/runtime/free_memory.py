"""Memory that is free inside the process, given back to the machine."""

from __future__ import annotations

import ctypes


def give_back_free_memory() -> bool:
    """Give back what lies free between what is in use; return whether anything was.

    glibc gives back only what is free at the heap's end, and what an edition's snapshot leaves
    behind is all through it. Another C library gives back what it wants: False.
    See `man 3 malloc_trim`.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
