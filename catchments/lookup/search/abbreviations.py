"""Abbreviations, so that “Saint Joseph's” and “St Josephs” meet, whichever was typed.

All words here are folded. A name is spelled out once, when it is indexed, and then known by every
form of its words. A text is never spelled out: whoever types “st” may mean a saint or a street.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

SHORT: Mapping[str, tuple[str, ...]] = {
    "auckland": ("akl",),
    "avenue": ("ave", "av"),
    "boulevard": ("blvd",),
    "christchurch": ("chch",),
    "circle": ("cir",),
    "close": ("cl",),
    "college": ("coll",),
    "court": ("ct", "crt"),
    "crescent": ("cres", "cr"),
    "drive": ("dr", "drv"),
    "esplanade": ("esp",),
    "fort": ("ft",),
    "gardens": ("gdns",),
    "grove": ("gr", "gve"),
    "heights": ("hts",),
    "highway": ("hwy",),
    "intermediate": ("int",),
    "island": ("is",),
    "lane": ("ln",),
    "lower": ("lwr",),
    "mount": ("mt",),
    "north": ("nth",),
    "parade": ("pde",),
    "place": ("pl",),
    "point": ("pt",),
    "port": ("pt",),
    "primary": ("prim",),
    "quay": ("qy",),
    "road": ("rd",),
    "saint": ("st",),
    "school": ("sch",),
    "south": ("sth",),
    "square": ("sq",),
    "street": ("st",),
    "terrace": ("tce", "terr"),
    "track": ("trk",),
    "upper": ("upr",),
    "way": ("wy",),
    "wellington": ("wgtn",),
    # An older spelling that schools still carry in their names.
    "whanganui": ("wanganui",),
}
"""For each word in full, how it is shortened: for schools, roads, suburbs and towns alike."""
_PHRASES: Mapping[str, str] = {
    "hs": "high school",
    "sh": "state highway",
    "tkkm": "te kura kaupapa maori",
    "tkkmo": "te kura kaupapa maori o",
    "tpu": "teen parent unit",
}
_ROAD_TYPES = (
    *("avenue", "boulevard", "circle", "close", "court", "crescent", "drive", "esplanade"),
    *("gardens", "grove", "heights", "highway", "lane", "parade", "place", "quay", "rise"),
    *("road", "square", "street", "terrace", "track", "way"),
)
ROAD_TYPES = frozenset([*_ROAD_TYPES, "sh"]).union(*(SHORT.get(w, ()) for w in _ROAD_TYPES))
"""Words that tell no road from another, in full and shortened."""

_AFTER_A_STREET = frozenset(["school", "primary", "intermediate", "kindergarten"])


def _full_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for full, shorts in SHORT.items():
        for short in shorts:
            found[short] = (*found.get(short, ()), full)
    return found


_FULL = _full_words()
_KEYS = {
    word: full if len(_FULL[short]) == 1 else short
    for full, shorts in SHORT.items()
    for short in shorts
    for word in (full, short)
}
"""For each word that has another form, the one that stands for all: “mount”, but “st”."""


def spelled_out(words: Sequence[str]) -> list[str]:
    """Return the words of a name in full: “st josephs” → “saint josephs”."""
    parts = expanded(words)
    found = [_FULL.get(word, (word,))[0] for word in parts]
    for at, word in enumerate(parts):
        if word == "st" and at and {*parts[at + 1 : at + 2]} <= _AFTER_A_STREET:
            found[at] = "street"
    return found


@lru_cache(maxsize=8192)
def forms(words: tuple[str, ...]) -> frozenset[str]:
    """Return every word by which a name is known: its own, in full, and shortened."""
    full = spelled_out(words)
    found = {*words, *full}
    found.update(short for word in full for short in SHORT.get(word, ()))
    whole = f" {' '.join(full)} "
    found.update(short for short, phrase in _PHRASES.items() if f" {phrase} " in whole)
    return frozenset(found)


def in_full(word: str) -> str:
    """Return the one word that a shortened one stands for; “st”, which may be two, as it is."""
    full = _FULL.get(word, ())
    return full[0] if len(full) == 1 else word


def expanded(words: Iterable[str]) -> list[str]:
    """Return words with those that stand for several parted: “sh 1” → “state highway 1”."""
    return " ".join(_PHRASES.get(word, word) for word in words).split()


def key(words: Iterable[str]) -> str:
    """Return what is the same for every way to shorten a name, and may be so for two names.

    “queen st”, “queen street” and “queen saint” have one key: whoever compares keys compares
    forms as well.
    """
    return " ".join(_KEYS.get(word, word) for word in expanded(words))


def keys_begun_by(typed: str) -> set[str]:
    """Return the key of each word that has another form, where a form begins with what was typed.

    “sai” begins “saint”, which stands in keys as “st”.
    """
    return {found for word, found in _KEYS.items() if word.startswith(typed)}
