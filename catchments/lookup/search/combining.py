"""The one answer of several places: what they share, else a list, else a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from catchments.core.errors import shown
from catchments.core.model import (
    Answer,
    Basis,
    Candidate,
    MatchKind,
    NamedPlace,
    Notice,
    PlaceKind,
    SchoolStatus,
    Status,
)
from catchments.core.text_folding import words_of
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.notice_codes import spoken as _l
from catchments.lookup.resolver import ASK
from catchments.lookup.search.typed_text import TypedText

CHANGES_DIFFER = Notice(
    NoticeCode.CHANGES_DIFFER,
    _l("Some of these places will be served otherwise soon: pick the one you mean."),
)
NOTHING_FOUND = Notice(NoticeCode.NOTHING_FOUND, _l("Nothing that is known here has that name."))
APPROXIMATE = Notice(
    NoticeCode.APPROXIMATE_MATCH,
    "Nothing known here is just what was typed; what comes near to it follows.",
)
NAMED_IN_SENTENCE = 3
"""So many of the places that come near are named in the sentence itself."""


@dataclass(frozen=True)
class Match:
    """A candidate and who serves it."""

    named: NamedPlace
    answer: Answer


def combined(text: str, matches: Sequence[Match], *, more: bool = False) -> Answer:
    """Return what matches come to together: only what was named wholly is ever resolved."""
    if not matches:
        return _nothing(text)
    if matches[0].named.match is not MatchKind.EXACT:
        return _asked(text, matches)
    if len(matches) == 1 and not more:
        return matches[0].answer
    candidates = distinct_candidates(matches)
    beside = {_told_beside(match.answer) for match in matches}
    are_plain = all(_is_plain(match.answer) for match in matches)
    if not more and len(candidates) == len(beside) == 1 and are_plain:
        return _one_for_all(text, matches)
    return Answer(
        status=Status.AMBIGUOUS,
        sentence=f"Several places may be meant by {shown(text)}. "
        "Pick one, or add a town or a number.",
        candidates=candidates,
    )


def unresolved(sentence: str, code: NoticeCode) -> Answer:
    """Return the answer that there is none, which its one notice says as well."""
    return Answer(Status.UNRESOLVED, sentence, notices=(Notice(code, sentence),))


def without_gone(matches: Sequence[Match]) -> list[Match]:
    """Leave out a school that is gone where one of its very name is in its catchment now.

    A school that merged or was numbered anew leaves its name to the one that people mean.
    """
    present = {_kept_name(match) for match in matches if not _is_gone(match)}
    return [match for match in matches if not (_is_gone(match) and _kept_name(match) in present)]


def without_same(matches: Sequence[Match], typed: TypedText) -> list[Match]:
    """Leave out a catchment, region or provider that bears the name of a place which it serves.

    A region that bears a school's name stays: other schools of it are in other catchments. So does
    one whose whole name was typed, in which a town's is a part: “Canterbury, Chatham Islands”.
    """
    others = [match for match in matches if not match.named.catchment_codes]
    served = {code for match in others for code in _codes(match)}
    places = {code for m in others if m.named.kind is not PlaceKind.SCHOOL for code in _codes(m)}
    return [
        match
        for match in matches
        if match in others
        or _is_the_region(match.named, typed)
        or not (_codes(match) & places or _codes(match) <= served)
    ]


def _is_the_region(named: NamedPlace, typed: TypedText) -> bool:
    """Whether all that was typed is a region's name of several parts."""
    words = words_of(named.name)
    return named.kind is PlaceKind.REGION and "," in named.name and words == typed.words


def _codes(match: Match) -> set[str]:
    return {candidate.catchment.code for candidate in match.answer.all_named}


def _is_gone(match: Match) -> bool:
    named = match.named
    return named.kind is PlaceKind.SCHOOL and named.schools[0].status is SchoolStatus.CLOSED


def _kept_name(match: Match) -> tuple[str, str | None]:
    catchment = match.answer.catchment
    return match.named.name, catchment.code if catchment else None


def _nothing(text: str) -> Answer:
    return Answer(
        status=Status.UNRESOLVED,
        sentence=f"No school, address, suburb or town was found for {shown(text)}.",
        notices=(NOTHING_FOUND,),
    )


def _asked(text: str, matches: Sequence[Match]) -> Answer:
    """Return the question that comes of places none of which was named wholly."""
    near = " or ".join(_told(match.named) for match in matches[:NAMED_IN_SENTENCE])
    others = len(matches) - NAMED_IN_SENTENCE
    more = f", or one of {others} more" if others > 1 else ", or another" if others == 1 else ""
    is_point = matches[0].named.kind is PlaceKind.POINT
    begins = "" if is_point else f"{shown(text)} is not known here. "
    return Answer(
        status=Status.UNRESOLVED,
        sentence=f"{begins}Did you mean {near}{more}?",
        candidates=distinct_candidates(matches),
        notices=(APPROXIMATE,),
    )


def _told(named: NamedPlace) -> str:
    where = named.within.rpartition(", ")[2]
    return f"{named.name}, {where}" if where else named.name


def _is_plain(answer: Answer) -> bool:
    """Whether an answer is one catchment that the place is in, and nothing beside it."""
    is_in = answer.catchment is not None and answer.basis is not Basis.NEAREST
    return is_in and not answer.alternatives


def _told_beside(answer: Answer) -> tuple[object, ...]:
    """Return what one of several places must have in common with the others to be one answer."""
    # How old the directory is is told of schools alone, and is true of all beside them.
    notices = (each for each in answer.notices if each.code != NoticeCode.DIRECTORY_LATER)
    return answer.in_school_provision, *notices


def _one_for_all(text: str, matches: Sequence[Match]) -> Answer:
    """Return the one answer of several places that share a catchment, and what is said beside."""
    first = matches[0].answer
    assert first.catchment  # noqa: S101 - it is plain
    said = f"All {len(matches)} places that {shown(text)} may mean are in the"
    served = f"is served by {first.provider.name}." if first.provider else f"has no provider. {ASK}"
    together = len({match.answer.upcoming for match in matches}) == 1
    said_of_any = dict.fromkeys(notice for match in matches for notice in match.answer.notices)
    return Answer(
        status=Status.RESOLVED if first.provider else Status.UNRESOLVED,
        catchment=first.catchment,
        provider=first.provider,
        sentence=f"{said} {first.catchment.name} catchment, which {served}",
        in_school_provision=first.in_school_provision,
        notices=(*said_of_any, *(() if together else (CHANGES_DIFFER,))),
        upcoming=first.upcoming if together else None,
    )


def distinct_candidates(matches: Iterable[Match]) -> tuple[Candidate, ...]:
    """Return each catchment that matches name, once, with how the first of them was reached."""
    found: dict[str, Candidate] = {}
    for match in matches:
        for candidate in match.answer.all_named:
            reached = replace(candidate, match=match.named.match)
            found.setdefault(candidate.catchment.code, reached)
    return tuple(found.values())
