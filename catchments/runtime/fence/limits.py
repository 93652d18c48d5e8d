"""Limits to what a program that reads a file takes of the machine."""

from __future__ import annotations

import resource


def limit(*, memory_bytes: int, processor_s: int, file_bytes: int = 0) -> None:
    """Limit this process's memory, its processor time, and the size of a file that it writes."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: processor_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file_bytes,
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))
