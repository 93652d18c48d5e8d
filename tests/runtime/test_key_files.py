"""Files of keys: made once, for their owner alone, and refused where anything about them is odd."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from catchments.core.errors import InputRefused
from catchments.runtime.key_files import KeyPlace, KeyRefused
from tests.worlds import at_once

KEY, OTHER = "k" * 40, "o" * 40


@pytest.fixture
def place(tmp_path: Path) -> KeyPlace:
    return KeyPlace("CATCHMENTS_DATA_KEY", tmp_path / "keys" / "data-key")


def write(place: KeyPlace, text: str | bytes, mode: int = 0o600) -> None:
    place.file.parent.mkdir(mode=0o700, exist_ok=True)
    place.file.write_bytes(text.encode() if isinstance(text, str) else text)
    place.file.chmod(mode)


def test_whoever_only_reads_makes_none(place: KeyPlace) -> None:
    assert place.keys() == ()
    assert not place.file.parent.exists()


def test_many_who_start_at_once_make_one_key(place: KeyPlace) -> None:
    found = at_once(*[place.made] * 8)
    assert len(set(found)) == 1
    assert len(found[0][0]) == 64
    assert os.listdir(place.file.parent) == [place.file.name]  # noqa: PTH208 - hidden ones as well


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_it_is_its_owners_alone_whatever_the_umask(umask: int, place: KeyPlace) -> None:
    before = os.umask(umask)
    try:
        place.file.parent.mkdir()
        place.file.parent.chmod(0o700)
        made = place.made()
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert place.keys() == made


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (KEY, (KEY,)),
        (f"{KEY}\n", (KEY,)),
        (f"\n {KEY} \r\n\n", (KEY,)),
        (f"{KEY}\n{OTHER}\n", (KEY, OTHER)),
        (f"{KEY}, {OTHER}", (KEY, OTHER)),
    ],
)
def test_a_file_may_have_several_keys_and_blanks_at_its_ends(
    text: str, keys: tuple[str, ...], place: KeyPlace
) -> None:
    write(place, text)
    assert place.keys() == place.made() == keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no keys"),
        ("\n \n", "holds no keys"),
        (",,", "0 characters"),
        ("k" * 31, "31 characters"),
        (f"{KEY}\nshort", "5 characters"),
        (f"{KEY}\n{KEY}", "one key twice"),
        ("kō" * 40, "holds no keys"),
        (b"\xff" * 40, "holds no keys"),
        ("k" * 5_000, "holds no keys"),
    ],
    ids=lambda given: str(given)[:20],
)
def test_what_is_no_key_is_refused_and_not_shown(
    text: str | bytes, said: str, place: KeyPlace
) -> None:
    write(place, text)
    with pytest.raises((KeyRefused, InputRefused), match=said) as refused:
        place.keys()
    shown = str(refused.value)
    assert str(place.file) in shown
    assert KEY not in shown
    assert "kkkk" not in shown


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_file_that_others_may_use_is_refused_with_what_mends_it(
    mode: int, place: KeyPlace
) -> None:
    write(place, KEY, mode)
    with pytest.raises(KeyRefused, match=f"mode {mode:04o}.*chmod 600"):
        place.keys()
    with pytest.raises(KeyRefused):
        place.made()
    assert stat.S_IMODE(place.file.stat().st_mode) == mode


def a_folder(place: KeyPlace) -> None:
    place.file.mkdir(parents=True)


def a_pipe(place: KeyPlace) -> None:
    place.file.parent.mkdir()
    os.mkfifo(place.file, 0o600)


def a_link(place: KeyPlace) -> None:
    write(place, KEY)
    place.file.rename(place.file.with_name("elsewhere"))
    place.file.symlink_to(place.file.with_name("elsewhere"))


def a_link_to_nothing(place: KeyPlace) -> None:
    place.file.parent.mkdir()
    place.file.symlink_to(place.file.with_name("elsewhere"))


@pytest.mark.parametrize("what", [a_folder, a_pipe, a_link, a_link_to_nothing])
def test_what_is_no_plain_file_is_refused_at_once(what, place: KeyPlace) -> None:  # type: ignore[no-untyped-def]
    what(place)
    for asked in (place.keys, place.made):
        with pytest.raises(KeyRefused, match="must be a file of this account"):
            asked()


def test_a_folder_that_cannot_be_written_says_the_setting(place: KeyPlace) -> None:
    place.file.parent.write_text("a file, so that no folder can be there")
    with pytest.raises(KeyRefused, match="set CATCHMENTS_DATA_KEY"):
        place.made()


def test_what_is_set_comes_before_the_file_and_is_not_shown(place: KeyPlace) -> None:
    write(place, KEY, 0o666)
    given = KeyPlace(place.setting, place.file, (OTHER,))
    assert given.keys() == given.made() == (OTHER,)
    assert OTHER not in repr(given)
    assert given.said == "CATCHMENTS_DATA_KEY"
