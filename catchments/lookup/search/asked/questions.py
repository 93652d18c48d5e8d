"""Questions around a name: all of “Who is the provider for Kaitaia College?” but the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, product
from sys import intern

from catchments.core.text_folding import folded
from catchments.lookup.search.typed_text import TypedText

_Words = tuple[str, ...]


def _said(*parts: Iterable[str]) -> Iterator[_Words]:
    """Yield each way to say parts one after the other, as words."""
    for each in product(*parts):
        yield tuple(map(intern, " ".join(each).split()))  # a word once, not in 6,000 phrases


_WHO = ("who is", "whos", "who are", "what is", "whats", "which is", "where is", "find")
_THE = ("", "the", "our", "my", "a", "an")
_PROVIDER = (
    *("provider", "providers", "attendance provider", "attendance service provider"),
    *("attendance service", "attendance services", "school attendance service"),
    *("attendance officer", "truancy officer", "truancy service", "service provider"),
)
_CONTACT = ("number", "phone number", "contact", "contact details", "email", "website")
_WHAT = (*_PROVIDER, *_CONTACT, "catchment", "attendance catchment", "catchment area")
_FOR = ("for", "of", "at", "in", "near", "serving", "covering")
_SERVES = (
    *("serves", "serve", "covers", "looks after", "works with", "supports", "helps"),
    *("is responsible for", "is for", "is in charge of"),
)
_CALLED = ("call", "contact", "ring", "phone", "email", "ask", "talk to")
_POLITE = ("please", "kia ora", "hello", "hi", "can you tell me", "could you tell me", "tell me")
_IN = ("in", "under", "part of", "served by", "covered by", "belong to", "have", "use", "get")
_THANKS = ("please", "thanks", "thank you")

_BEFORE = frozenset(
    {
        *_said(_POLITE),
        *_said(_WHO, _THE, _WHAT, _FOR),
        *_said(_THE, (*_PROVIDER, *_CONTACT), _FOR),
        *_said(("which", "what"), _WHAT, (*_SERVES, "for", "does", "do", "is", "are")),
        *_said(("who",), _SERVES),
        *_said(("who do", "who should", "who can"), ("i", "we"), _CALLED, ("", "about"), ("for",)),
        *_said((*_WHO, "search for", "look up", "show me")),
        *_said(("ko wai te kaiwhakarato",), ("mo", "o")),
    }
)
"""What is lost before a name, as folded words; the last is te reo Māori for the first question."""
_AFTER = frozenset(
    {
        *_said((*_PROVIDER, "catchment", "attendance catchment", *_THANKS)),
        *_said(("who is", "whos", "what is", "whats", "which is"), _THE, _WHAT),
        *_said(("which", "what"), _WHAT),
    }
)
"""What is lost after one."""
_AFTER_QUESTION = _AFTER | frozenset(_said(_IN))
"""What is lost after one that a question stood before."""
_LONGEST = max(map(len, _BEFORE | _AFTER_QUESTION))
_MOST_TIMES = 3
_NO_NAME = frozenset().union(*_BEFORE, *_AFTER_QUESTION, ["school", "it", "this", "you", "he"])
"""Words that are no name by themselves."""


def name_asked_for(typed: TypedText) -> TypedText:
    """Return a text without the question around its name, as it was typed; itself without one.

    A provider or a catchment may bear a word of a question in its own name: look for the whole text
    first.
    """
    start, stop = _name_in(typed.words)
    if (start, stop) == (0, len(typed.words)):
        return typed
    pieces = typed.text.split()
    ends = [0, *accumulate(len(folded(piece).split()) for piece in pieces)]
    if start not in ends or stop not in ends:  # a piece is half question: “for-Kaitaia”
        return TypedText.of(" ".join(typed.words[start:stop]))
    kept = pieces[ends.index(start) : ends.index(stop)]
    return TypedText.of(" ".join(kept).strip(" ?!.,;:"))


def without_question(words: _Words) -> _Words:
    """Return folded words without those that are question before and after a name.

    The same words where there is no question, or nothing but one.
    """
    start, stop = _name_in(words)
    return words[start:stop]


def _name_in(words: _Words) -> tuple[int, int]:
    """Return from which word to which the name stands that is asked for."""
    start = 0
    for _ in range(_MOST_TIMES):
        start += _lost(words[start:], _BEFORE)
    phrases = _AFTER_QUESTION if start else _AFTER
    stop = len(words)
    for _ in range(_MOST_TIMES):
        stop -= _lost(words[start:stop], phrases, at_end=True)
    return (0, len(words)) if _NO_NAME.issuperset(words[start:stop]) else (start, stop)


def _lost(words: _Words, phrases: frozenset[_Words], *, at_end: bool = False) -> int:
    """Return how many words the longest phrase has that stands there with a word beside it."""
    lengths = range(min(_LONGEST, len(words) - 1), 0, -1)
    said = ((n, words[-n:] if at_end else words[:n]) for n in lengths)
    return next((n for n, each in said if each in phrases), 0)
