"""What is free between what is in use goes back to the machine, where the C library can."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace

import pytest

from catchments.runtime.free_memory import give_back_free_memory

PIECES, OF_BYTES = 60_000, 4_000


def resident_bytes() -> int:
    kilobytes = Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]
    return int(kilobytes) * 1024


def test_what_lies_free_between_what_is_in_use_goes_back() -> None:
    made = [bytes(OF_BYTES) for _ in range(PIECES)]
    # A hundredth stays, all through it, so that the end of the heap is in use.
    kept = made[::100]
    del made
    before = resident_bytes()
    assert give_back_free_memory()
    assert before - resident_bytes() > PIECES * OF_BYTES / 2
    assert len(kept) == PIECES / 100


def test_another_c_library_gives_back_what_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert not give_back_free_memory()
