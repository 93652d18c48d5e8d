"""How well what an address book holds fits a query: tuples of counts, the least the best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from operator import itemgetter

from catchments.lookup.search.abbreviations import ROAD_TYPES
from catchments.lookup.search.addresses.query import Query
from catchments.lookup.search.addresses.rows import NAME_WORDS, PLACE_WORDS, Locality, Row

Fit = tuple[int, ...]
WHOLLY = (0, 0, 0, 0)
"""The best that a road can fit, but for how busy it is, which comes last."""


def best_fitting(
    ranked: Iterable[tuple[Fit, Row]], at_most: int, *, wholly: Fit
) -> list[tuple[Fit, Row]]:
    """Return the best of rows that come the most important first, each with its fit.

    A fit ends in the row's place among them; `wholly` is the best that may stand before it.
    """
    # One after another: hundreds of objects kept until the end would bring the garbage collector
    # down on every tenth lookup.
    return nsmallest(at_most, _until_enough(ranked, at_most, wholly), key=itemgetter(0))


def _until_enough(
    ranked: Iterable[tuple[Fit, Row]], at_most: int, wholly: Fit
) -> Iterator[tuple[Fit, Row]]:
    """Yield rows until so many as are wanted fit wholly: what comes later loses to them."""
    for fit, row in ranked:
        yield fit, row
        at_most -= fit[:-1] == wholly
        if not at_most:
            return


class Fitting:
    """How roads fit a query; a name or a place that many of them share is looked at once."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._names: dict[str, tuple[frozenset[str], int, int]] = {}
        self._places: dict[str, tuple[frozenset[str], int]] = {}

    def of(self, row: Row) -> Fit:
        """Return how a road fits, least best.

        First counts a town typed again after a road of its name, then what only its district has,
        then the words of its name that were not typed; then, where its suburb or town was typed,
        the words of them that were not; then how busy it is.
        """
        query = self._query
        name, more, missing = self._of_name(row[NAME_WORDS])
        place, farther = self._of_place(row[PLACE_WORDS])
        elsewhere = sum(not term.fits(place) for term in query.repeated) if query.repeated else 0
        only_district = query.missing_from(name | place) if missing else 0
        return elsewhere, only_district, more, farther, row[0]

    def _of_name(self, words: str) -> tuple[frozenset[str], int, int]:
        """Return the words of a name, how many were not typed, and how many typed are not in it."""
        known = self._names.get(words)
        if known is None:
            name = frozenset(words.split())
            more = self._query.not_typed(name - ROAD_TYPES)
            known = self._names[words] = name, more, self._query.missing_from(name)
        return known

    def _of_place(self, words: str) -> tuple[frozenset[str], int]:
        """Return the words of a place, and how many were not typed where any was."""
        known = self._places.get(words)
        if known is None:
            place = frozenset(words.split())
            around = self._query.not_typed(place)
            known = self._places[words] = place, around if around < len(place) else 0
        return known


def fit_of_locality(query: Query, found: Locality) -> Fit:
    """Return how a suburb or town fits: before any road where its whole name was typed."""
    name = frozenset(found.name_words.split())
    left = query.not_typed(name)
    typed_whole = not left and not (query.start and query.start not in name)
    return 0 if typed_whole else 2, left, found.id
