"""References: eight characters that cannot be confused, the last of which checks the rest."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.requests.rules.references import (
    ALPHABET,
    LENGTH,
    new_reference,
    read_reference,
    spaced,
)

BODIES = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)
NEVER_TAKEN_FOR_ANOTHER = "01258BILOSUVZ"


def made(body: str) -> str:
    letters = iter(body)
    return new_reference(lambda _: next(letters))


@given(BODIES)
def test_a_reference_is_read_back_however_it_is_written(body):
    reference = made(body)
    for written in (reference, reference.lower(), spaced(reference), f" {spaced(reference)}\n"):
        assert read_reference(written) == reference
    assert read_reference(f"{reference[:4]}-{reference[4:]}") == reference


@given(BODIES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body, at, other):
    reference = made(body)
    wrong = reference[:at] + other + reference[at + 1 :]
    if wrong != reference:
        with pytest.raises(InputRefused):
            read_reference(wrong)


@given(BODIES)
def test_two_characters_that_changed_places_are_noticed(body):
    reference = made(body)
    for one, other in itertools.combinations(range(LENGTH), 2):
        swapped = list(reference)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        if swapped != list(reference):
            with pytest.raises(InputRefused):
                read_reference("".join(swapped))


def test_no_character_looks_like_another():
    assert set(ALPHABET).isdisjoint(NEVER_TAKEN_FOR_ANOTHER)
    assert len(set(ALPHABET)) == 23


def test_references_are_at_random():
    chance = random.Random(1)
    assert len({new_reference(chance.choice) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("text", ["", "A", "{{7*191}}", "A" * 1_000_000, "ĀĀĀĀĀĀĀĀ", "\0" * 8])
def test_what_is_no_reference_is_refused_with_what_one_is(text):
    with pytest.raises(InputRefused, match="8 characters"):
        read_reference(text)
