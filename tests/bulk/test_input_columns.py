"""Columns of questions: each row read as the one reader of such a value reads it alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.bulk.columns import Chosen
from catchments.bulk.input_columns import (
    BAD_NUMBER,
    EXCHANGED,
    NO_NUMBER,
    NO_PLACE,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    SIGN_MISSING,
    How,
    asked,
)
from catchments.lookup.values import Flaw, degrees, flaw_of, school_number

NUMBERS = How(Chosen(school_id="n"))
PLACES = How(Chosen(lng="lng", lat="lat"))
TEXTS = (
    st.text("0123456789.+-eE \t\u00a0\u0663", max_size=12)
    | st.text(max_size=6)
    | st.integers(-1, 10**10).map(str)
    | st.floats().map(str)
)
NEAR_LIMITS = st.sampled_from(
    [-180.5, -180, -90, 90, 174.5, -38.5, 175, 180, 183.5, 360, -176.5, -44]
)
ANGLES = (st.floats(-400, 400) | NEAR_LIMITS).map(str)


@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_a_column_of_school_numbers_as_texts_is_read_as_each_text_alone(texts):
    found = asked({"n": pa.array(texts, pa.string())}, NUMBERS)
    alone = [school_number(text) for text in texts]
    assert found.numbers.tolist() == [number or 0 for number in alone]
    blank = [NO_NUMBER if not text.strip() else BAD_NUMBER for text in texts]
    assert found.problems.tolist() == [
        0 if number is not None else problem for number, problem in zip(alone, blank, strict=True)
    ]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()], ids=str)
@given(data=st.data())
def test_a_column_of_numbers_is_read_as_each_number_alone(kind, data):
    plain = st.integers(-(10**10), 10**10)
    numbers = plain if kind == pa.int64() else plain.map(float) | st.floats(allow_nan=False)
    values = data.draw(st.lists(numbers, min_size=1, max_size=20))
    found = asked({"n": pa.array(values, kind)}, NUMBERS)
    alone = [school_number(value) for value in values]
    assert found.numbers.tolist() == [number or 0 for number in alone]
    assert found.problems.tolist() == [0 if n is not None else BAD_NUMBER for n in alone]


def problem_of(lng, lat):
    """What a row of two texts has by the reader of one point."""
    x, y = degrees(lng), degrees(lat)
    if x is None or y is None:
        return NOT_A_NUMBER if lng.strip() or lat.strip() else NO_PLACE
    flaw = flaw_of(lng=x, lat=y)
    return {None: 0, Flaw.SWAPPED: EXCHANGED, Flaw.SIGN_MISSING: SIGN_MISSING}.get(
        flaw, OUT_OF_RANGE
    )


@given(pairs=st.lists(st.tuples(ANGLES | TEXTS, ANGLES | TEXTS), min_size=1, max_size=20))
def test_columns_of_places_as_texts_are_read_as_each_place_alone(pairs):
    lngs, lats = (pa.array(texts, pa.string()) for texts in zip(*pairs, strict=True))
    found = asked({"lng": lngs, "lat": lats}, PLACES)
    problems = [problem_of(*pair) for pair in pairs]
    assert found.problems.tolist() == problems
    for axis, at in ((found.lng, 0), (found.lat, 1)):
        good = [degrees(pair[at]) for pair, p in zip(pairs, problems, strict=True) if not p]
        assert axis[np.isfinite(axis)].tolist() == good
