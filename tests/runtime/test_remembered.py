"""What is known of things is theirs alone, and goes with them."""

from __future__ import annotations

import gc

import shapely

from catchments.runtime.remembered import Remembered


def test_what_is_known_belongs_to_the_things_themselves_and_in_this_order() -> None:
    known, one, other = Remembered(), shapely.Point(1, 2), shapely.Point(1, 2)
    known.keep(one, other, False)
    assert known.of(one, other) is False
    assert known.of(other, one) is None, "though they are equal"
    assert known.of(one) is None


def test_nothing_is_kept_of_what_is_gone() -> None:
    known, one, other = Remembered(), shapely.Point(1, 2), shapely.Point(3, 4)
    known.keep(one, other, "far apart")
    known.keep(other, "east")
    del one
    gc.collect()
    assert len(known) == 1
    assert known.of(other) == "east"
