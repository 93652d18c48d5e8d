from heapq import nsmallest

from hypothesis import given
from hypothesis import strategies as st

from catchments.lookup.search.addresses.fitting import WHOLLY, best_fitting

FITS = st.lists(st.tuples(*[st.integers(0, 1)] * len(WHOLLY)), max_size=40)


@given(fits=FITS, at_most=st.integers(1, 12))
def test_the_best_are_those_of_all_though_not_all_are_looked_at(
    fits: list[tuple[int, ...]], at_most: int
) -> None:
    ranked = [((*fit, at), (at,)) for at, fit in enumerate(fits)]
    assert best_fitting(ranked, at_most, wholly=WHOLLY) == nsmallest(at_most, ranked)


def test_no_more_is_looked_at_once_enough_fit_wholly() -> None:
    rest = iter([((*WHOLLY, at), (at,)) for at in range(100)])
    best_fitting(rest, 10, wholly=WHOLLY)
    assert next(rest)[1] == (10,)
