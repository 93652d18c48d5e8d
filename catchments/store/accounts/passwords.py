"""Passwords that will do: long enough, and nothing that is guessed first.

As NIST SP 800-63B and OWASP ASVS 5, 6.2 have it: any character, no rules of composition, and no
password that is known, or made of what is known of the person and the service.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterable

from catchments.core.errors import InputRefused
from catchments.store.accounts.hashing import LONGEST_PASSWORD

SHORTEST_PASSWORD = 12
JUDGED_CHARACTERS = 48
"""Of the beginning: work grows with the square of it and more, and what is hard to guess by then
stays so whatever follows."""
LEAST_SCORE = 3
"""Of zxcvbn's 0 to 4: more than 10^8 guesses, which no budget of ours gives anybody."""
FEWEST_LETTERS_BESIDE = 4
"""So many letters a password has at least, beside words that are known of person and service."""
SHORTEST_WORD = 3
WORDS_AT_MOST = 60
_WORDS = """
catchments catchment attendance ministry education school schools provider providers service
services aotearoa zealand wellington auckland christchurch staff administrator approver
editor reader publish edition truancy admin tahuhu tāhuhu mātauranga matauranga kura kaiako
tamariki tauira ākonga akonga whānau whanau rangatahi rohe iwi hapū hapu marae kāinga kainga
mokopuna kōhanga kohanga reo māori maori pākehā pakeha kiaora kia ora aroha manaaki kererū
kereru tūī tui kiwi kōwhai kowhai pōhutukawa pohutukawa kauri rimu pāua paua moana maunga
awa kohitātea huitanguru poutūterangi paengawhāwhā haratua pipiri hōngongoi hereturikōkā
mahuru nuku rangi hakihea hānuere pēpuere māehe āperira mei hune hūrae ākuhata hepetema
oketopa noema tīhema january february march april june july august september october
november december monday tuesday wednesday thursday friday saturday sunday rāhina rātū rāapa
rāpare rāmere rāhoroi rātapu summer autumn winter spring raumati ngahuru takurua kōanga
password kupuhipa
"""
OF_THE_SERVICE = tuple(_WORDS.split())
"""What somebody thinks of who makes a password for this service, in its two languages."""
FAMOUS = ("correct horse battery staple", "correcthorsebatterystaple")
"""Examples of good passwords that everybody has read."""
_PARTS = re.compile(r"[^\W_]+")
_asking = threading.Lock()


def words_of(*about: str) -> tuple[str, ...]:
    """Return the words by which somebody is known: a login, a name, an e-mail address, whole and
    in their parts."""
    found = dict.fromkeys(_folded(word) for text in about for word in (text, *_PARTS.findall(text)))
    return tuple(word for word in found if len(word) >= SHORTEST_WORD)[:WORDS_AT_MOST]


def checked_password(text: str, words: Collection[str] = ()) -> str:
    """Return a password as it is hashed; `words` are those of its person.

    Raises InputRefused, without the password in it.
    """
    password = unicodedata.normalize("NFKC", text[: LONGEST_PASSWORD + 1])
    if len(password) < SHORTEST_PASSWORD or len(text) > LONGEST_PASSWORD:
        raise _refused(
            f"The password has {len(text):,} characters.",
            f"It must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,}, of any kind.",
        )
    if is_guessed(password, words):
        raise _refused(
            "The password is one of those that are guessed first: it is a known one, or is made"
            " of a name, a date, a word of this service or a row of keys."
        )
    return password


def is_guessed(password: str, words: Collection[str] = ()) -> bool:
    """Whether a password is among those that are guessed first, with or without its macrons."""
    known = list(dict.fromkeys([*words, *map(_folded, OF_THE_SERVICE), *FAMOUS]))
    folded = _folded(password)
    if any(_left_beside(each, known) < FEWEST_LETTERS_BESIDE for each in (folded, folded[::-1])):
        return True
    judged = password[:JUDGED_CHARACTERS]
    return any(_score(each, known) < LEAST_SCORE for each in {judged, _folded(judged)})


def _left_beside(folded: str, known: Iterable[str]) -> int:
    """Return how many letters a password has beside words that are known."""
    longest_first = sorted(known, key=len, reverse=True)
    beside = re.sub("|".join(map(re.escape, longest_first)), " ", folded)
    letters = sum(not (c.isdecimal() or unicodedata.category(c)[0] in "PSZC") for c in beside)
    has_known = beside != folded
    return letters if has_known else FEWEST_LETTERS_BESIDE


def _score(password: str, known: Iterable[str]) -> int:
    from zxcvbn import zxcvbn  # its lists take 10 MB that only a new password needs

    with _asking:  # it keeps the words in a table that all its callers share
        score: int = zxcvbn(password, user_inputs=list(known))["score"]
    return score


def _folded(text: str) -> str:
    """Return a text without macrons and other marks, in lower case."""
    taken_apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in taken_apart if not unicodedata.combining(c)).casefold()


def _refused(problem: str, allowed: str = "") -> InputRefused:
    return InputRefused(
        problem,
        field="password",
        allowed=allowed,
        next_step="Three or four words that do not belong together are easy to remember.",
    )
