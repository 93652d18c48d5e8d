"""Limits to what a program that reads a file takes of the machine."""

from __future__ import annotations

import resource


def limit(*, memory_bytes: int, processor_s: int, writes: bool = False) -> None:
    """Limit this process's memory and processor time; unless it `writes`, it can fill no file."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: processor_s,
        resource.RLIMIT_CORE: 0,
        **({} if writes else {resource.RLIMIT_FSIZE: 0}),
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))
