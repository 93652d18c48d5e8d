"""Questions around a name: all of “Who is the provider for Kaitaia College?” but the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

_Words = tuple[str, ...]


def _said(*parts: Iterable[str]) -> Iterator[_Words]:
    """Yield each way to say parts one after the other, as words."""
    for each in product(*parts):
        yield tuple(" ".join(each).split())


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


def without_question(words: _Words) -> _Words:
    """Return folded words without those that are question before and after a name.

    The same words where there is no question, or nothing but one. A provider or a catchment may
    bear such a word in its own name: look for the whole text first.
    """
    kept = _lost_before(words)
    after = _AFTER if kept == words else _AFTER_QUESTION
    kept = _lost_after(kept, after)
    return words if _NO_NAME.issuperset(kept) else kept


def _lost_before(words: _Words) -> _Words:
    for _ in range(_MOST_TIMES):
        lengths = range(min(_LONGEST, len(words) - 1), 0, -1)
        words = words[next((n for n in lengths if words[:n] in _BEFORE), 0) :]
    return words


def _lost_after(words: _Words, phrases: frozenset[_Words]) -> _Words:
    for _ in range(_MOST_TIMES):
        lengths = range(min(_LONGEST, len(words) - 1), 0, -1)
        words = words[: len(words) - next((n for n in lengths if words[-n:] in phrases), 0)]
    return words
