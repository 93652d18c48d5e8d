"""Reading what was pasted: the first reader that knows its form says what place it gives."""

from __future__ import annotations

from catchments.lookup.search.pasted.degrees import read_degrees
from catchments.lookup.search.pasted.grid_metres import read_metres
from catchments.lookup.search.pasted.map_addresses import read_address_of_map
from catchments.lookup.search.pasted.plus_codes import PlaceOf, read_plus_code
from catchments.lookup.search.pasted.spots import Pasted
from catchments.lookup.search.typed_text import TypedText


def read(typed: TypedText, *, place_of: PlaceOf) -> Pasted | None:
    """Return the place that a text gives by coordinates, a plus code or an address of a map.

    None for any other text. `place_of` gives the one place of a town that stands beside a short
    plus code, and None where there is none or several.
    """

    def read_words(text: str) -> Pasted | None:
        return read_plus_code(text, place_of=place_of) or read_metres(text) or read_degrees(text)

    return read_address_of_map(typed.whole, read=read_words) or read_words(typed.text)
