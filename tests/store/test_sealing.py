"""Sealing: what is sealed opens in its own place, under a key that is at hand, and nowhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.runtime.key_files import KeyPlace
from catchments.store.integrity.sealing import KeyMissing, SealBroken, Sealer, is_sealed
from tests.worlds import HOSTILE

FIRST, SECOND = "a" * 32, "b" * 32
HERE = "webhook 3 secret"


def sealer(*keys: str) -> Sealer:
    return Sealer(KeyPlace("CATCHMENTS_DATA_KEY", Path("/nowhere/data-key"), keys))


@given(st.text(), st.text())
def test_what_was_sealed_comes_out(value: str, context: str) -> None:
    held = sealer(FIRST)
    sealed = held.seal(value, context=context)
    assert is_sealed(sealed)
    assert held.unseal(sealed, context=context) == value
    assert value == "" or len(value) < 4 or value not in sealed
    assert held.seal(value, context=context) != sealed


def test_it_opens_for_nothing_else() -> None:
    held = sealer(FIRST)
    sealed = held.seal("s", context=HERE)
    for other in ("webhook 4 secret", "", HERE + " ", HOSTILE):
        with pytest.raises(SealBroken, match="sealed for something else"):
            held.unseal(sealed, context=other)


def test_whichever_character_is_another_it_does_not_open() -> None:
    held = sealer(FIRST)
    sealed = held.seal("secret", context=HERE)
    for at in range(len(sealed)):
        other = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises((SealBroken, KeyMissing)) as refused:
            held.unseal(other, context=HERE)
        assert "secret" not in str(refused.value).replace(HERE, "")


@pytest.mark.parametrize(
    "held",
    ["", "a plain secret", "sealed:1:", "sealed:1::", "sealed:2:00:AAAA", HOSTILE, "sealed:1:x"],
)
def test_what_was_never_sealed_is_refused(held: str) -> None:
    with pytest.raises((SealBroken, KeyMissing)):
        sealer(FIRST).unseal(held, context=HERE)


def test_what_is_cut_short_is_refused() -> None:
    held = sealer(FIRST)
    sealed = held.seal("", context=HERE)
    for left in range(len(sealed)):
        with pytest.raises((SealBroken, KeyMissing)):
            held.unseal(sealed[:left], context=HERE)


def test_bits_that_base64_leaves_over_do_not_make_two_of_one() -> None:
    held = sealer(FIRST)
    sealed = held.seal("xy", context=HERE)
    name = sealed.rpartition(":")[0]
    raw = base64.urlsafe_b64decode(sealed.rpartition(":")[2])
    assert held.unseal(f"{name}:{base64.urlsafe_b64encode(raw).decode()}", context=HERE) == "xy"


def test_a_key_that_is_not_at_hand_is_named_and_nothing_is_told_of_it() -> None:
    sealed = sealer(FIRST).seal("s", context=HERE)
    with pytest.raises(KeyMissing, match="CATCHMENTS_DATA_KEY") as refused:
        sealer(SECOND).unseal(sealed, context=HERE)
    assert FIRST not in str(refused.value)
    assert SECOND not in str(refused.value)
    with pytest.raises(KeyMissing):
        sealer().unseal(sealed, context=HERE)


def test_a_key_is_exchanged_by_two_at_once() -> None:
    before, both, after = sealer(FIRST), sealer(SECOND, FIRST), sealer(SECOND)
    sealed = before.seal("s", context=HERE)
    assert both.unseal(sealed, context=HERE) == "s"
    assert both.opens(sealed)
    assert not both.is_current(sealed)
    anew = both.seal("s", context=HERE)
    assert both.is_current(anew)
    assert after.unseal(anew, context=HERE) == "s"
    assert not after.opens(sealed)
    assert both.key_names() == [*after.key_names(), *before.key_names()]


def test_a_file_that_is_exchanged_is_read_again(tmp_path: Path) -> None:
    place = KeyPlace("CATCHMENTS_DATA_KEY", tmp_path / "data-key")
    running = Sealer(place)
    running.seal("s", context=HERE)
    place.file.write_text(f"{SECOND}\n{place.file.read_text()}")
    elsewhere = Sealer(place).seal("s", context=HERE)
    assert running.unseal(elsewhere, context=HERE) == "s"


def test_the_first_that_is_sealed_makes_the_file(tmp_path: Path) -> None:
    held = Sealer(KeyPlace("CATCHMENTS_DATA_KEY", tmp_path / "keys" / "data-key"))
    assert not held.at_hand()
    sealed = held.seal("s", context=HERE)
    assert held.at_hand()
    assert Sealer(held.place).unseal(sealed, context=HERE) == "s"
