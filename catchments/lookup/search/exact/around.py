"""What may stand beside the name of a school: its own place, and how to reach it, each whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

from catchments.core.model import School
from catchments.lookup.search.exact.words import undoubled, ways_compared

_STREET_NUMBER = re.compile(r"[0-9]{1,6}[A-Za-z]?(?: ?[-–/] ?[0-9]{1,6}[A-Za-z]?)? ")
COUNTRIES = ("New Zealand", "NZ", "Aotearoa", "Aotearoa New Zealand")

_COUNCILS_REGIONS: Mapping[str, tuple[str, ...]] = {
    "Tai Tokerau": ("Northland",),
    "Bay of Plenty, Waiariki": ("Bay of Plenty",),
    "Hawke's Bay, Tairāwhiti": ("Hawke's Bay", "Tairāwhiti"),
    "Taranaki, Whanganui, Manawatū": ("Taranaki", "Manawatū-Whanganui", "Manawatū"),
    "Nelson, Marlborough, West Coast": ("Tasman", "Marlborough", "West Coast"),
    "Canterbury, Chatham Islands": ("Canterbury",),
    "Otago, Southland": ("Otago", "Southland"),
}
"""The regions of councils, as maps write them, that an education region is made of.

Those that are named as a town is are left out. Their edges are not quite the same (Taupō's council
is Waikato's), so that a few addresses as maps write them are asked about. Source: the names of the
education regions themselves; those of councils, Stats NZ's regional council areas.
"""


_LABEL_WORDS = "address email e fax mob mobile p ph phone postcode t tel telephone w web website"
_LABELS = frozenset(_LABEL_WORDS.split())
"""Words that say what follows them."""
_TOWNS_TOO = frozenset(["Wellington"])
"""Education regions that are named as a town is."""


def are_its_own(around: Iterable[Sequence[str]], school: School) -> bool:
    """Whether all that stands around a school's name, as compared, is its own."""
    beyond = [[undoubled(word) for word in words] for words in around]
    runs = _said_of(school)
    if all(made_of(words, runs) for words in beyond):
        return True
    if not any(word.isdigit() or word in _LABELS for words in beyond for word in words):
        return False
    reached = _phones(beyond, school) | runs_of([school.website, school.postcode])
    if not school.postcode and sum(map(len, beyond)) > 1:  # any contradicts nothing that is known
        reached |= {(word,) for words in beyond for word in words if _is_postcode(word)}
    runs |= reached | {(label, *run) for label in _LABELS for run in reached}
    return all(made_of(words, runs) for words in beyond)


def is_where_it_lies(words: Sequence[str], school: School) -> bool:
    """Whether words as compared are a school's suburb or town."""
    return tuple(map(undoubled, words)) in runs_of([school.suburb, school.city])


def _phones(beyond: Iterable[Sequence[str]], school: School) -> set[tuple[str, ...]]:
    """Return the runs of figures in some words that are the school's telephone number."""
    own = "".join(filter(str.isdigit, school.phone)).lstrip("0")
    if not own:
        return set()
    figures = [tuple(run) for words in beyond for run in _runs_of_figures(words)]
    return {run for run in figures if "".join(run).removeprefix("64").lstrip("0") == own}


def _runs_of_figures(words: Sequence[str]) -> Iterator[list[str]]:
    for is_figures, run in groupby(words, key=str.isdigit):
        if is_figures:
            yield list(run)


def _is_postcode(word: str) -> bool:
    return len(word) == 4 and word.isdigit()


def _said_of(school: School) -> set[tuple[str, ...]]:
    """Return what may stand beside a school's name: each a whole run of words, as compared."""
    texts = [school.suburb, school.city, school.address, road_of(school), *COUNTRIES]
    texts += [school.postcode, school.website, str(school.school_id), f"school {school.school_id}"]
    return runs_of([*texts, *wider_places(school)])


def road_of(school: School) -> str:
    """Return a school's street line without its number."""
    return _STREET_NUMBER.sub("", school.address)


def wider_places(school: School) -> list[str]:
    """Return the district and the regions in which a school lies, but those named as a town is."""
    region, district = school.education_region, school.territorial_authority
    found = [*_COUNCILS_REGIONS.get(region, ()), *([] if region in _TOWNS_TOO else [region])]
    return [*found, district] if " " in district else found


def runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return each text as a run of words, as they are compared and with letters once."""
    return set().union(*map(_runs, filter(None, texts)))


@lru_cache(maxsize=16_384)  # towns and suburbs come many times
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(map(undoubled, run)) for run in ways_compared(text))


def made_of(words: Sequence[str], runs: set[tuple[str, ...]]) -> bool:
    """Whether words are nothing but some of the runs, one after another."""
    lengths = sorted({len(run) for run in runs})
    reached = {0}
    for at in range(len(words)):
        if at in reached:
            reached |= {at + n for n in lengths if tuple(words[at : at + n]) in runs}
    return len(words) in reached
