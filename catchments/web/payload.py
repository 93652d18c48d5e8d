"""Answers as JSON: what other services rely on. Names here are a contract; only add to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from catchments.finding import Finding, Match
from catchments.model import (
    Answer,
    Candidate,
    Catchment,
    Edition,
    NamedPlace,
    Notice,
    Place,
    PlaceKind,
    Provider,
    School,
    Source,
    Status,
)
from catchments.resolver import long_date
from catchments.snapshot import Snapshot, World

Json = dict[str, Any]


def answer_json(answer: Answer, world: World, on: date) -> Json:
    """Return the body of /provider; coordinates are WGS 84 degrees, distances metres."""
    snapshot = world.on(on)
    return {
        "status": answer.status,
        "sentence": answer.sentence,
        "basis": answer.basis,
        "school": answer.school and school_json(answer.school),
        "place": answer.place and place_json(answer.place),
        "catchment": answer.catchment and catchment_json(answer.catchment),
        "provider": answer.provider and provider_json(answer.provider),
        "distance_m": answer.distance_m and round(answer.distance_m),
        "in_school_provision": answer.in_school_provision and {"note": answer.in_school_provision},
        "candidates": [candidate_json(candidate) for candidate in answer.candidates],
        "alternatives": [candidate_json(candidate) for candidate in answer.alternatives],
        "notices": [notice_json(notice) for notice in answer.notices],
        "upcoming": _upcoming_json(answer),
        **provenance_json(snapshot),
        "demonstration": snapshot.demonstration if snapshot else world.demonstration,
        "as_at": on.isoformat(),
    }


def finding_json(finding: Finding, world: World, on: date, addresses: Source | None = None) -> Json:
    """Return what a text came to: the body of /provider, and each place that the text may mean."""
    body = answer_json(finding.answer, world, on)
    body["matches"] = [_match_json(match) for match in finding.matches]
    body["more"] = finding.more
    if addresses:
        body["sources"].append(source_json(addresses))
    return body


def named_json(named: NamedPlace) -> Json:
    """Return a place that a text may mean."""
    is_school = named.kind is PlaceKind.SCHOOL
    return {
        "kind": named.kind,
        "name": named.name,
        "within": named.within or None,
        "school_id": named.schools[0].school_id if is_school else None,
    }


def _match_json(match: Match) -> Json:
    place = match.answer.place
    return {
        **named_json(match.named),
        "place": place and place_json(place),
        "status": match.answer.status,
        "candidates": [candidate_json(c) for c in match.answer.all_named],
    }


def candidate_json(candidate: Candidate) -> Json:
    """Return a catchment that may be meant, and its provider."""
    return {
        "catchment": catchment_json(candidate.catchment),
        "provider": candidate.provider and provider_json(candidate.provider),
    }


def provenance_json(snapshot: Snapshot | None) -> Json:
    """Return what every body says of the edition and the directory release behind it."""
    if snapshot is None:
        return {"edition": None, "directory_release": None, "sources": []}
    sources = [*snapshot.edition.sources, snapshot.release.source]
    return {
        "edition": edition_json(snapshot.edition),
        "directory_release": {
            "number": snapshot.release.number,
            "released": snapshot.release.released.isoformat(),
        },
        "demonstration": snapshot.demonstration,
        "sources": [source_json(source) for source in sources],
    }


def before_first_edition(world: World, on: date, school_id: int | None) -> Answer:
    """Return the answer for a date on which no edition was in force yet.

    Raises NotKnown for a school that was never known.
    """
    first = world.timeline.editions[0].effective_from
    known = world.school(school_id, on=first) if school_id is not None else None
    text = f"No edition was in force on {long_date(on)}; the first is from {long_date(first)}."
    return Answer(
        status=Status.UNRESOLVED,
        sentence=f"{text} Ask for a later date.",
        school=known.school if known else None,
        place=known.place if known else None,
        notices=(Notice("before-first-edition", text),),
    )


def school_answer(world: World, number: int, on: date) -> Answer:
    """Return the answer for a school on a date, also before the first edition. Raises NotKnown."""
    return world.school(number, on=on) or before_first_edition(world, on, number)


def school_json(school: School) -> Json:
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
        "place": school.place and place_json(school.place),
    }


def place_json(place: Place) -> Json:
    """Return a point, WGS 84 degrees."""
    return {"lng": place.lng, "lat": place.lat}


def catchment_json(catchment: Catchment) -> Json:
    """Return a catchment as the API says it."""
    return {
        "code": catchment.code,
        "name": catchment.name,
        "education_region": catchment.education_region or None,
    }


def provider_json(provider: Provider) -> Json:
    """Return a provider as the API says it."""
    return {
        "code": provider.code,
        "name": provider.name,
        "phone": provider.phone or None,
        "email": provider.email or None,
        "website": provider.website or None,
    }


def notice_json(notice: Notice) -> Json:
    """Return a notice as the API says it."""
    return {"code": notice.code, "text": notice.text}


def edition_json(edition: Edition) -> Json:
    """Return an edition's identity."""
    return {
        "number": edition.number,
        "title": edition.title,
        "effective_from": edition.effective_from and edition.effective_from.isoformat(),
    }


def source_json(source: Source) -> Json:
    """Return a source with its licence."""
    return {
        "kind": source.kind,
        "title": source.title,
        "authority": source.authority,
        "licence": source.licence,
        "release": source.release,
    }


def _upcoming_json(answer: Answer) -> Json | None:
    upcoming = answer.upcoming
    if upcoming is None:
        return None
    return {
        "effective_from": upcoming.effective_from.isoformat(),
        "edition": upcoming.edition,
        "catchment": upcoming.catchment and catchment_json(upcoming.catchment),
        "provider": upcoming.provider and provider_json(upcoming.provider),
        "sentence": upcoming.sentence,
    }
