"""No small number is told, nor can be worked out of what is told."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.requests.rules.small_numbers import FEWEST, SMALL, Told, told, told_beside, total


@pytest.mark.parametrize(
    ("cases", "unit", "said"),
    [
        *((0, 1, "0"), (1, 1, "1 to 5"), (5, 1, "1 to 5"), (6, 1, "6"), (1234, 1, "1,234")),
        *((7, 10, "6 to 9"), (10, 10, "10 to 19"), (99, 100, "6 to 99"), (3, 100, "1 to 5")),
        (0, 100, "0"),
    ],
)
def test_what_is_told_of_a_count(cases, unit, said):
    assert str(told(cases, unit)) == said


def test_a_sum_says_what_its_parts_leave():
    sums = [[3], [3, 0], [3, 2], [3, 6, 10], [0, 6, 10], []]
    said = [str(total(map(told, each))) for each in sums]
    assert said == ["1 to 5", "1 to 5", "2 to 10", "17 to 21", "16", "0"]


def test_counts_are_told_exactly_where_that_gives_nothing_away():
    assert told_beside([10, 20], [30]) == [Told(10, 10), Told(20, 20)]
    assert told_beside([20, 23], [30, 1, 2, 2, 4, 4]) == [Told(20, 20), Told(23, 23)]


def test_a_single_small_count_is_not_what_two_tables_leave():
    assert told_beside([41], [40, 1]) == [Told(40, 49)]
    assert told_beside([49], [48, 1]) == [Told(6, 99)], "40 to 49 would leave 1 alone"
    assert told_beside([40], [37, 3]) == [Told(6, 99)], "40 to 49 would leave 3 to 5"
    assert told_beside([3, 37], [40]) == [SMALL, Told(30, 39)]


def test_where_nothing_helps_nothing_is_told():
    assert told_beside([6, 4], [5, 5]) is None


@given(st.lists(st.integers(0, 14), max_size=4), st.data())
def test_every_small_count_may_be_each_from_one_to_five(cells, data):
    """By trying all that fits what is told, in both tables."""
    ages, left = [], sum(cells)
    for _ in range(2):
        ages.append(data.draw(st.integers(0, left)))
        left -= ages[-1]
    ages.append(left)
    beside = [told(each) for each in cells]
    if (found := told_beside(ages, cells)) is None:
        return
    assert all(t.least <= each <= t.most for t, each in zip(found, ages, strict=True))
    for some, others in ((beside, found), (found, beside)):
        theirs = total(others)
        for n, each in enumerate(some):
            if each != SMALL:
                continue
            rest = total(some[:n] + some[n + 1 :])
            possible = {
                x
                for x, other in product(range(1, FEWEST), range(theirs.least, theirs.most + 1))
                if rest.least <= other - x <= rest.most
            }
            assert possible == set(range(1, FEWEST))
