"""What is kept lately is bounded by number and by size; the newest stays, however large."""

from __future__ import annotations

from catchments.runtime.recent import Recent


def test_what_was_asked_for_longest_ago_goes_when_it_is_too_much() -> None:
    kept = Recent(10, bytes_at_most=100, size_of=len)
    for name in "abc":
        kept.keep(name, name * 40)
    assert kept.all() == ["b" * 40, "c" * 40]
    kept.known("b")
    kept.keep("d", "d" * 50)
    assert kept.all() == ["b" * 40, "d" * 50]


def test_one_that_is_too_large_is_kept_alone() -> None:
    kept = Recent(10, bytes_at_most=100, size_of=len)
    kept.keep("small", "s")
    kept.keep("large", "l" * 1_000)
    assert kept.all() == ["l" * 1_000]
    kept.keep("small", "s")
    assert kept.all() == ["s"]


def test_what_is_kept_anew_counts_once() -> None:
    kept = Recent(10, bytes_at_most=100, size_of=len)
    for _ in range(5):
        kept.keep("a", "a" * 60)
    kept.keep("b", "b" * 40)
    assert len(kept) == 2


def test_what_many_share_counts_once_and_only_so_many_different_are_held() -> None:
    bases = [object() for _ in range(4)]
    kept = Recent(10, shared_at_most=2, shares=lambda each: each[1])
    for number in range(6):
        kept.keep(number, (number, bases[number % 2]))
    assert len(kept) == 6
    kept.keep(6, (6, bases[2]))
    assert {id(base) for _, base in kept.all()} == {id(bases[1]), id(bases[2])}
    kept.keep(7, (7, bases[3]))
    assert [number for number, _ in kept.all()] == [6, 7]
