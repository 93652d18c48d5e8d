"""Words of te reo Māori in a name, so that a page can say so with `lang="mi"`.

A Māori syllable is a consonant or none, then a vowel. Few English words are made of such alone;
those that schools, roads and people are called are kept here by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"[\w\u0300-\u036f]+(?:['‘’ʻ][\w\u0300-\u036f]+)*")
_SYLLABLES = re.compile(r"(?:(?:wh|ng|[hkmnprtw])?[aeiouāēīōū]\u0304?)+")
_JOINT = re.compile(r"[ \u00a0]+|-")

_EITHER = frozenset(
    _WORD.findall(
        "a are e hare he here hero home hope i maria marina mate me more no o one pine pure rare "
        "rite take tea to toe tone tonga u we"
    )
)
"""Words of both languages: te reo beside another word of it, or with a macron."""

_ENGLISH = frozenset(
    _WORD.findall(
        "amana ape area arena aurora emu era euro hike hire howe ii iii iona irene irongate korea "
        "make mango marine mature mike minute moore name naomi nature nina nine none note opera "
        "orange ore panama peru piano pie pike pipe pope potato range remote renee rome rope route "
        "rowe tango tape tate tie time tina tune unite waite wake ware wee were where white wine "
        "wire"
    )
)
"""Made of Māori syllables by chance, whatever they stand beside: “Kaitāia Area School”."""


def runs(text: str) -> list[tuple[str, bool]]:
    """Part a text into runs that give it again when joined; True where a run is te reo Māori.

    The spaces and hyphens between two words of a run belong to it.
    """
    found: list[tuple[str, bool]] = []
    done = 0
    for start, end in _te_reo(text):
        found += [(text[done:start], False), (text[start:end], True)]
        done = end
    found.append((text[done:], False))
    return [(run, te_reo) for run, te_reo in found if run]


def _te_reo(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of te reo begins and ends."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and not _JOINT.fullmatch(text, run[-1].end(), word.start()):
            yield from _span(run)
            run = []
        if _may_be_te_reo(word[0]):
            run.append(word)
        elif run:
            yield from _span(run)
            run = []
    yield from _span(run)


def _span(run: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    if any(word[0].casefold() not in _EITHER for word in run):
        yield run[0].start(), run[-1].end()


def _may_be_te_reo(word: str) -> bool:
    small = word.casefold()
    return bool(_SYLLABLES.fullmatch(small)) and small not in _ENGLISH
