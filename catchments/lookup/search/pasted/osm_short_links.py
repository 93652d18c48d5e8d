"""Short links of OpenStreetMap, which hold a place in their letters: osm.org/go/…

Source: https://wiki.openstreetmap.org/wiki/Shortlink. Each letter has six bits, of longitude and
latitude in turn; a place at zoom z has z + 8 bits of each, and hyphens say how many are missing.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase, digits

from catchments.lookup.search.pasted.spots import Given, Pasted, spot_of

_LETTERS = f"{ascii_uppercase}{ascii_lowercase}{digits}_~"
_LINK = re.compile(r"/go/([A-Za-z0-9_~@]{1,10})[-=]{0,2}/?")


def read_short_link(path: str) -> Pasted | None:
    """Return the place that the path of a short link holds; None for another path.

    The place is the middle of a cell, and as uncertain as the cell's corners are far.
    """
    match = _LINK.fullmatch(path)
    if match is None:
        return None
    x = y = bits = 0
    for letter in match[1].replace("@", "~"):  # which stood for it until 2011
        value = _LETTERS.index(letter)
        for shift in (5, 3, 1):
            x, y = (x << 1) | (value >> shift & 1), (y << 1) | (value >> (shift - 1) & 1)
        bits += 3
    cell = 360.0 / 2**bits
    lat, lng = (y + 0.5) * cell / 2 - 90.0, (x + 0.5) * cell - 180.0
    return spot_of(Given(lat, lng, unit=cell / 2, signed=True))
