"""Numbers of schools as people write them: told from the words beside them."""

from __future__ import annotations

import pytest

from catchments.lookup.values import school_said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("54", (54, "")),
        ("#10", (10, "")),
        ("1026 Kaitaia School", (1026, "Kaitaia School")),
        ("1026: Kaitaia School", (1026, "Kaitaia School")),
        ("Kaitaia School (1026)", (1026, "Kaitaia School")),
        ("Kaitaia School, no. 1026", (1026, "Kaitaia School")),
        ("＃１０", (10, "")),
        ("54.0", (54, "")),
        ("Kaitaia School", (None, "Kaitaia School")),
        ("-54", (None, "-54")),
        ("54.5", (None, "54.5")),
        ("1e3", (None, "1e3")),
        ("", (None, "")),
        ("1026Kaitaia", (None, "1026Kaitaia")),
        ("1234567890", (None, "1234567890")),
    ],
)
def test_a_school_s_number_is_told_from_the_words_beside_it(
    text: str, said: tuple[int | None, str]
) -> None:
    assert school_said(text) == said
