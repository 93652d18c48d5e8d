"""Answers as JSON: what other services rely on. Names here are a contract; only add to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from catchments.core.errors import long_date
from catchments.core.model import (
    Answer,
    Candidate,
    Catchment,
    DirectoryRelease,
    Edition,
    EditionSummary,
    NamedPlace,
    Notice,
    Place,
    PlaceKind,
    Provider,
    ReleaseSummary,
    School,
    Source,
    Status,
    Upcoming,
)
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.search.combining import Match
from catchments.lookup.search.text_search import SearchResult
from catchments.lookup.snapshot import AsAt, Published, Snapshot
from catchments.web.common import schemas

Given = TypeVar("Given")
Made = TypeVar("Made")


_GROUPS = {
    PlaceKind.SCHOOL: schemas.Group.SCHOOLS,
    PlaceKind.CATCHMENT: schemas.Group.CATCHMENTS,
    PlaceKind.REGION: schemas.Group.CATCHMENTS,
    PlaceKind.PROVIDER: schemas.Group.PROVIDERS,
}


def answer_json(answer: Answer, asked: AsAt) -> schemas.Answer:
    """Return the body of /provider; coordinates are WGS 84 degrees, distances metres."""
    origin = origin_json(asked)
    note = answer.in_school_provision
    return {
        "status": answer.status,
        "sentence": answer.sentence,
        "basis": answer.basis,
        "school": _if_any(school_json, answer.school),
        "place": _if_any(place_json, answer.place),
        "catchment": _if_any(catchment_json, answer.catchment),
        "provider": _if_any(provider_json, answer.provider),
        "distance_m": _if_any(round, answer.distance_m),
        "in_school_provision": None if note is None else {"note": note},
        "candidates": [candidate_json(candidate) for candidate in answer.candidates],
        "alternatives": [candidate_json(candidate) for candidate in answer.alternatives],
        "notices": [{"code": each.code, "text": each.text} for each in answer.notices],
        "upcoming": _if_any(_upcoming_json, answer.upcoming),
        "edition": origin["edition"],
        "directory_release": origin["directory_release"],
        "demonstration": origin["demonstration"],
        "sources": origin["sources"],
        "as_at": asked.day.isoformat(),
    }


def finding_json(
    finding: SearchResult, asked: AsAt, addresses: Source | None = None
) -> schemas.Answer:
    """Return what a text came to: the body of /provider, and each place that the text may mean."""
    body = answer_json(finding.answer, asked)
    body["match"] = finding.match
    body["matches"] = [_match_json(match) for match in finding.matches]
    body["more"] = finding.more
    if addresses:
        body["sources"] = [*body["sources"], source_json(addresses)]
    return body


def origin_json(asked: AsAt) -> schemas.Provenance:
    """Return what all answers of a snapshot say of it, made once: not to be written into."""
    snapshot = asked.snapshot
    if snapshot is None:  # before the first edition
        return {
            "edition": None,
            "directory_release": None,
            "demonstration": asked.demonstration,
            "sources": [],
        }
    known: schemas.Provenance | None = snapshot.memo.get("origin")
    if known is None:
        known = snapshot.memo["origin"] = provenance_json(snapshot)
    return known


def named_json(named: NamedPlace) -> schemas.NamedPlace:
    """Return a place that a text may mean."""
    is_school = named.kind is PlaceKind.SCHOOL
    return {
        "kind": named.kind,
        "name": named.name,
        "within": named.within or None,
        "school_id": named.schools[0].school_id if is_school else None,
        "match": named.match,
        "group": _GROUPS.get(named.kind, schemas.Group.PLACES),
        "code": named.code or None,
    }


def _match_json(match: Match) -> schemas.Match:
    return {
        **named_json(match.named),
        "place": _if_any(place_json, match.answer.place),
        "status": match.answer.status,
        "candidates": [candidate_json(c) for c in match.answer.all_named],
    }


def candidate_json(candidate: Candidate) -> schemas.Candidate:
    """Return a catchment that may be meant, and its provider; how, where a text was typed."""
    body: schemas.Candidate = {
        "catchment": catchment_json(candidate.catchment),
        "provider": _if_any(provider_json, candidate.provider),
    }
    if candidate.match is not None:
        body["match"] = candidate.match
    return body


def provenance_json(snapshot: Snapshot) -> schemas.Provenance:
    """Return what every body says of the edition and the directory release behind it."""
    sources = [*snapshot.edition.sources, snapshot.release.source]
    return {
        "edition": edition_json(snapshot.edition),
        "directory_release": release_json(snapshot.release),
        "demonstration": snapshot.demonstration,
        "sources": [source_json(source) for source in sources],
    }


def before_first_edition(world: Published, on: date, school_id: int | None) -> Answer:
    """Return the answer for a date on which no edition was in force yet.

    Raises NotKnown for a school that was never known.
    """
    first = world.timeline.editions[0].effective_from
    known = world.as_at(first).school(school_id) if school_id is not None else None
    text = f"No edition was in force on {long_date(on)}; the first is from {long_date(first)}."
    return Answer(
        status=Status.UNRESOLVED,
        sentence=f"{text} Ask for a later date.",
        school=known.school if known else None,
        place=known.place if known else None,
        notices=(Notice(NoticeCode.BEFORE_FIRST_EDITION, text),),
    )


def school_answer(asked: AsAt, number: int) -> Answer:
    """Return the answer for a school, also before the first edition. Raises NotKnown."""
    return asked.school(number) or before_first_edition(asked.world, asked.day, number)


def point_answer(asked: AsAt, *, lng: float, lat: float) -> Answer:
    """Return the answer for a WGS 84 point, also before the first edition."""
    return asked.point(lng=lng, lat=lat) or before_first_edition(asked.world, asked.day, None)


def school_json(school: School) -> schemas.School:
    """Return a school as the API says it."""
    return {
        "school_id": school.school_id,
        "name": school.name,
        "status": school.status,
        "type": school.org_type or None,
        "address": school.address or None,
        "suburb": school.suburb or None,
        "town": school.city or None,
        "education_region": school.education_region or None,
        "place": _if_any(place_json, school.place),
    }


def place_json(place: Place) -> schemas.Place:
    """Return a point, WGS 84 degrees."""
    return {"lng": place.lng, "lat": place.lat}


def catchment_json(catchment: Catchment) -> schemas.Catchment:
    """Return a catchment as the API says it."""
    return {
        "code": catchment.code,
        "name": catchment.name,
        "education_region": catchment.education_region or None,
    }


def provider_json(provider: Provider) -> schemas.Provider:
    """Return a provider as the API says it."""
    return {
        "code": provider.code,
        "name": provider.name,
        "phone": provider.phone or None,
        "email": provider.email or None,
        "website": provider.website or None,
    }


def release_json(release: DirectoryRelease | ReleaseSummary) -> schemas.DirectoryRelease:
    """Return a directory release's identity."""
    return {"number": release.number, "released": release.released.isoformat()}


def edition_json(edition: Edition | EditionSummary) -> schemas.Edition:
    """Return an edition's identity."""
    return {
        "number": edition.number,
        "title": edition.title,
        "effective_from": _if_any(date.isoformat, edition.effective_from),
    }


def source_json(source: Source) -> schemas.Source:
    """Return a source with its licence."""
    return {
        "kind": source.kind,
        "title": source.title,
        "authority": source.authority,
        "licence": source.licence,
        "release": source.release,
    }


def _upcoming_json(upcoming: Upcoming) -> schemas.Upcoming:
    return {
        "effective_from": upcoming.effective_from.isoformat(),
        "edition": upcoming.edition,
        "catchment": _if_any(catchment_json, upcoming.catchment),
        "provider": _if_any(provider_json, upcoming.provider),
        "sentence": upcoming.sentence,
    }


def _if_any(make: Callable[[Given], Made], given: Given | None) -> Made | None:
    return None if given is None else make(given)
