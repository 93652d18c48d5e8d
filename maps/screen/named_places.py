"""Named places: lakes, straits, ranges and islands by which people find their way.

Facts written by hand from general knowledge, each point to some two kilometres, enough for a name
on a map and for nothing else. The naming authority is the New Zealand Geographic Board; spellings
are meant to be those of the New Zealand Gazetteer, https://gazetteer.linz.govt.nz, and are to be
checked there: `CHECKED_ON` is the day on which somebody did for all, and empty until then. Some are
those of notices and releases of the Board (`CHECKED`), read in stored copies.
"""

from __future__ import annotations

from dataclasses import dataclass

CHECKED_ON = ""
CHECKED = {
    "Tūranganui-a-Kiwa / Poverty Bay": "gazette.govt.nz/notice/id/2019-ln362, 30 November 2026",
    "Rangitoto ki te Tonga / D'Urville Island": "gazette.govt.nz/notice/id/2008-ln3345, a proposal "
    "that changes the form of an official name of 1983, 30 November 2026",
    "Southern Alps / Kā Tiritiri o te Moana": "gazette.govt.nz/notice/id/2023-ln5058, "
    "30 November 2026",
    "Lake Wānaka": "scoop.co.nz/stories/CU1906/S00285, release of the Board, 30 November 2026",
    "Aoraki / Mount Cook": "Ngāi Tahu Claims Settlement Act 1998, part 3, 30 November 2026",
}
"""Name → where it was found spelt so, and the day on which somebody looked."""


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place with a name of its own: what it is, where (degrees), and from which zoom it shows."""

    name: str
    kind: str
    """`sea`, `bay`, `strait`, `lake`, `island`, `range`, `peak` or `cape`."""
    lng: float
    lat: float
    from_zoom: int


def _table(kind: str, text: str) -> tuple[NamedPlace, ...]:
    rows = (line.rsplit(maxsplit=3) for line in text.strip().splitlines())
    return tuple(
        NamedPlace(name.strip(), kind, float(lng), float(lat), int(zoom))
        for name, lng, lat, zoom in rows
    )


CITY_CENTRES: dict[str, tuple[float, float]] = {
    "auckland": (174.765, -36.848),
    "christchurch": (172.637, -43.531),
    "dunedin": (170.503, -45.874),
    "hamilton": (175.279, -37.788),
    "invercargill": (168.347, -46.413),
    "napier": (176.917, -39.490),
    "nelson": (173.284, -41.272),
    "new plymouth": (174.076, -39.057),
    "palmerston north": (175.611, -40.356),
    "rotorua": (176.253, -38.137),
    "tauranga": (176.168, -37.683),
    "wellington": (174.777, -41.288),
    "whanganui": (175.052, -39.932),
    "whangarei": (174.324, -35.725),
}
"""The middle of each large city (folded name; degrees), which that of its schools need not be."""

NAMED_PLACES: tuple[NamedPlace, ...] = (
    *_table(
        "sea",
        """
        Tasman Sea                            169.60  -39.60  5
        Pacific Ocean                         177.60  -43.20  5
        """,
    ),
    *_table(
        "strait",
        """
        Cook Strait                           174.55  -41.25  6
        Foveaux Strait                        168.20  -46.62  7
        Colville Channel                      175.40  -36.38  9
        French Pass                           173.83  -40.92  11
        """,
    ),
    *_table(
        "bay",
        """
        Bay of Plenty                         177.00  -37.55  6
        Hawke Bay                             177.35  -39.35  7
        Hauraki Gulf / Tīkapa Moana           175.20  -36.45  8
        Golden Bay / Mohua                    172.90  -40.68  8
        Tasman Bay / Te Tai-o-Aorere          173.20  -40.95  8
        Pegasus Bay                           173.05  -43.35  8
        Bay of Islands                        174.20  -35.20  9
        South Taranaki Bight                  174.00  -39.95  7
        North Taranaki Bight                  174.20  -38.65  8
        Canterbury Bight                      171.90  -44.25  7
        Karamea Bight                         171.75  -41.40  8
        Kaipara Harbour                       174.28  -36.36  9
        Manukau Harbour                       174.66  -37.04  9
        Firth of Thames                       175.40  -37.02  9
        Tauranga Harbour                      176.02  -37.55  10
        Tūranganui-a-Kiwa / Poverty Bay       178.00  -38.72  9
        Palliser Bay                          175.12  -41.50  9
        Milford Sound / Piopiotahi            167.86  -44.60  9
        """,
    ),
    *_table(
        "lake",
        """
        Lake Taupō / Taupōmoana               175.90  -38.80  6
        Lake Rotorua                          176.27  -38.08  9
        Lake Waikaremoana                     177.08  -38.77  9
        Lake Wairarapa                        175.25  -41.22  9
        Lake Rotoiti                          172.84  -41.83  10
        Lake Brunner                          171.45  -42.61  10
        Lake Te Anau                          167.78  -45.20  8
        Lake Manapouri                        167.52  -45.51  9
        Lake Wakatipu                         168.57  -45.06  8
        Lake Wānaka                           169.13  -44.50  8
        Lake Hāwea                            169.28  -44.45  9
        Lake Pukaki                           170.16  -44.07  9
        Lake Tekapo                           170.53  -43.88  9
        Lake Ellesmere (Te Waihora)           172.48  -43.78  9
        Lake Hauroko                          167.33  -45.98  10
        """,
    ),
    *_table(
        "island",
        """
        Stewart Island / Rakiura              167.85  -47.00  7
        Great Barrier Island (Aotea Island)   175.42  -36.20  9
        Waiheke Island                        175.08  -36.80  10
        Kapiti Island                         174.91  -40.85  10
        Rangitoto ki te Tonga / D'Urville Island  173.85  -40.83  9
        Chatham Island                        183.50  -43.90  8
        Pitt Island (Rangiauria)              183.78  -44.29  9
        Matakana Island                       176.08  -37.58  11
        Ruapuke Island                        168.50  -46.77  10
        """,
    ),
    *_table(
        "range",
        """
        Southern Alps / Kā Tiritiri o te Moana  170.20  -43.62  6
        Tararua Range                         175.40  -40.80  9
        Ruahine Range                         176.10  -39.95  9
        Kaimai Range                          175.90  -37.68  9
        Raukūmara Range                       178.00  -38.00  9
        Inland Kaikōura Range                 173.55  -42.05  9
        Coromandel Range                      175.63  -37.00  9
        Remarkables                           168.80  -45.07  11
        """,
    ),
    *_table(
        "peak",
        """
        Aoraki / Mount Cook                   170.14  -43.60  8
        Taranaki Maunga                       174.06  -39.30  8
        Mount Ruapehu                         175.57  -39.28  8
        Hikurangi                             178.07  -37.92  10
        """,
    ),
    *_table(
        "cape",
        """
        Cape Reinga / Te Rerenga Wairua       172.68  -34.43  8
        North Cape (Otou)                     173.05  -34.41  10
        East Cape                             178.55  -37.69  9
        Cape Palliser                         175.29  -41.61  10
        Cape Egmont                           173.75  -39.28  10
        Farewell Spit                         172.90  -40.51  9
        Bluff Hill / Motupōhue                168.34  -46.62  11
        """,
    ),
)
