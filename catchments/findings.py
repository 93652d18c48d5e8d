"""What needs a person: matters that an edition and a school directory raise, side by side.

Each matter has a key that stays the same while the matter does, and is another as soon as it is
new again: whoever explained it away has explained that one, not the next. Everything is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import shapely

from catchments.coordinates import metric_crs, to_360, to_metres
from catchments.model import (
    Basis,
    Catchment,
    DirectoryRelease,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
)
from catchments.resolver import is_closed, kilometres, long_date
from catchments.snapshot import Snapshot

ENDS_SOON = timedelta(days=90)
LONGEST_KEY = 200
NEAR = {"near-boundary", "on-boundary"}


class MatterKind(StrEnum):
    """What a matter is about, in the order in which it is shown."""

    NO_PROVIDER = "no-provider"
    CONTRACT = "contract"
    CLOSED_LISTED = "closed-listed"
    UNKNOWN_LISTED = "unknown-listed"
    OUTSIDE = "outside"
    NO_PLACE = "no-place"
    NOT_LISTED = "not-listed"
    NEAR_BOUNDARY = "near-boundary"
    NO_SCHOOLS = "no-schools"
    IDLE_PROVIDER = "idle-provider"
    NO_PHONE = "no-phone"


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs a person."""

    kind: MatterKind
    key: str
    """Stable: the kind, what it is about, and what would make it new again."""
    sentence: str
    education_region: str = ""
    """Empty where it belongs to none, as a provider does."""
    place: Place | None = None
    school_id: int | None = None
    codes: tuple[str, ...] = ()
    """The catchments that it is about."""
    provider_code: str = ""


def findings(
    snapshot: Snapshot, *, previous: DirectoryRelease | None, on: date
) -> tuple[Matter, ...]:
    """Return what needs a person on a date, kind by kind, by school number or code within each.

    `previous` is the directory release before the snapshot's; without it no school is new.
    """
    found = [
        *_without_provider(snapshot),
        *_contracts(snapshot.edition, on),
        *_listed_and_gone(snapshot, previous, on),
        *_outside(snapshot, on),
        *_by_school(snapshot, previous, on),
        *_without_schools(snapshot, on),
        *_providers(snapshot.edition),
    ]
    order = {kind: at for at, kind in enumerate(MatterKind)}
    return tuple(sorted(found, key=lambda m: (order[m.kind], m.school_id or 0, m.key)))


def key_of(kind: MatterKind, *parts: object) -> str:
    """Return the key of a matter, at most 200 characters: a long one ends in its digest."""
    # Codes may hold anything, so that joining them bare could make one key of two matters.
    text = ":".join([kind, *(str(part).replace("%", "%25").replace(":", "%3A") for part in parts)])
    if len(text) <= LONGEST_KEY:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: LONGEST_KEY - len(digest) - 1]}#{digest}"


# --- schools --------------------------------------------------------------------------------------


def _listed_and_gone(
    snapshot: Snapshot, previous: DirectoryRelease | None, on: date
) -> Iterator[Matter]:
    """Yield listed schools that are closed, or that no release knows."""
    edition, release = snapshot.edition, snapshot.release
    for number, code in edition.listings.items():
        school = release.schools.get(number) or release.former.get(number)
        catchment = edition.catchments.get(code)
        within = f"is listed in {_named(catchment, code)}"
        if school is None:
            said = f"School number {number} {within} but no school directory release knows it."
            kind = MatterKind.UNKNOWN_LISTED
            yield Matter(
                kind, key_of(kind, number, code), said, _region(catchment), None, number, (code,)
            )
        elif school.last_seen or is_closed(school, on=on):
            kind = MatterKind.CLOSED_LISTED
            said = f"{_school(school)} {within} but {_how_gone(school, previous)}."
            ended = school.last_seen or school.closed or ""
            yield Matter(
                kind,
                key_of(kind, number, code, ended),
                said,
                school.education_region or _region(catchment),
                school.place,
                number,
                (code,),
            )


def _how_gone(school: School, previous: DirectoryRelease | None) -> str:
    if school.last_seen:
        return f"is no longer in the directory, which last had it on {long_date(school.last_seen)}"
    then = previous.schools.get(school.school_id) if previous else None
    newly = ", as the newest directory release says" if then and _was_open(then) else ""
    return f"closed{f' on {long_date(school.closed)}' if school.closed else ''}{newly}"


def _was_open(school: School) -> bool:
    return school.status is not SchoolStatus.CLOSED


def _outside(snapshot: Snapshot, on: date) -> Iterator[Matter]:
    """Yield the listed schools that lie outside their catchment's boundary, with how far."""
    edition = snapshot.edition
    members = [
        (school, school.place, edition.listings[number])
        for number, school in snapshot.release.schools.items()
        if school.place
        and edition.listings.get(number) in edition.boundaries
        and not is_closed(school, on=on)
        and number not in edition.unserved
    ]
    index = snapshot.resolver.index
    lng = np.array([place.lng for _, place, _ in members])
    lat = np.array([place.lat for _, place, _ in members])
    numbers = index.covering_many(lng=lng, lat=lat, threads=1).tolist()
    sets = index.sets
    away = [
        (*member, sets[number])
        for member, number in zip(members, numbers, strict=True)
        if member[2] not in sets[number]
    ]
    distances = _distances_m(snapshot, [(place, code) for _, place, code, _ in away])
    for (school, place, code, covering), metres in zip(away, distances, strict=True):
        kind = MatterKind.OUTSIDE
        names = " and ".join(_named(edition.catchments[each], each) for each in covering)
        there = f"inside {names}" if names else "inside no catchment"
        said = (
            f"{_school(school)} is listed in {_named(edition.catchments[code], code)} but lies "
            f"{kilometres(metres)} outside it, {there}."
        )
        yield Matter(
            kind,
            key_of(kind, school.school_id, code, *covering),
            said,
            school.education_region,
            place,
            school.school_id,
            (code, *covering),
        )


def _distances_m(snapshot: Snapshot, asked: list[tuple[Place, str]]) -> list[float]:
    """Return the metres from each place to the boundary of a catchment."""
    index, found = snapshot.resolver.index, [0.0] * len(asked)
    together: dict[tuple[str, str], list[int]] = {}
    for at, (place, code) in enumerate(asked):
        crs = metric_crs(lng=to_360(place.lng))
        together.setdefault((code, crs), []).append(at)
    for (code, crs), several in together.items():
        boundary = to_metres(index.boundary_360(code), crs=crs)
        points = shapely.points([(to_360(asked[at][0].lng), asked[at][0].lat) for at in several])
        here = [to_metres(point, crs=crs) for point in points]
        for at, metres in zip(several, shapely.distance(here, boundary).tolist(), strict=True):
            found[at] = metres
    return found


def _by_school(snapshot: Snapshot, previous: DirectoryRelease | None, on: date) -> Iterator[Matter]:
    """Yield schools without place, new ones without listing, and those near a boundary."""
    edition = snapshot.edition
    for number, school in snapshot.release.schools.items():
        if is_closed(school, on=on) or number in edition.unserved:
            continue
        if school.place is None:
            yield _placeless(school, edition.listings.get(number))
        if number in edition.listings:
            continue
        if previous is not None and number not in previous.schools:
            yield _new(school, snapshot)
        yield from _near_boundary(school, snapshot)


def _placeless(school: School, listed: str | None) -> Matter:
    kind = MatterKind.NO_PLACE
    known = "; its listing alone says who serves it" if listed else ", and it is not listed"
    said = f"{_school(school)} has no place in the school directory{known}."
    codes = (listed,) if listed else ()
    return Matter(
        kind,
        key_of(kind, school.school_id, *codes),
        said,
        school.education_region,
        None,
        school.school_id,
        codes,
    )


def _new(school: School, snapshot: Snapshot) -> Matter:
    kind, answer = MatterKind.NOT_LISTED, snapshot.answers[school.school_id]
    where = (
        f"by its place it is in {answer.catchment.name}"
        if answer.catchment
        else "its place does not say who serves it"
    )
    said = f"{_school(school)} is new in the directory and not listed; {where}."
    codes = (answer.catchment.code,) if answer.catchment else ()
    return Matter(
        kind,
        key_of(kind, school.school_id, *codes),
        said,
        school.education_region,
        school.place,
        school.school_id,
        codes,
    )


def _near_boundary(school: School, snapshot: Snapshot) -> Iterator[Matter]:
    """Yield a school whose place is too uncertain to tell one catchment from another."""
    answer = snapshot.answers[school.school_id]
    near = next((notice for notice in answer.notices if notice.code in NEAR), None)
    rivals = answer.candidates or (answer.all_named if near else ())
    if not rivals or answer.basis is Basis.LISTED:
        return
    kind, codes = MatterKind.NEAR_BOUNDARY, tuple(each.catchment.code for each in rivals)
    names = " and ".join(_named(each.catchment, each.catchment.code) for each in rivals)
    how = "lies in more than one catchment" if answer.candidates else "is near a boundary"
    said = f"{_school(school)} {how} and is not listed: it may be in {names}."
    yield Matter(
        kind,
        key_of(kind, school.school_id, *sorted(codes)),
        said,
        school.education_region,
        school.place,
        school.school_id,
        codes,
    )


# --- catchments -----------------------------------------------------------------------------------


def _without_provider(snapshot: Snapshot) -> Iterator[Matter]:
    edition, kind = snapshot.edition, MatterKind.NO_PROVIDER
    for code, catchment in edition.catchments.items():
        if catchment.provider_code not in edition.providers:
            said = f"The catchment {_named(catchment, code)} has no provider."
            yield Matter(kind, key_of(kind, code), said, _region(catchment), codes=(code,))


def _without_schools(snapshot: Snapshot, on: date) -> Iterator[Matter]:
    kind = MatterKind.NO_SCHOOLS
    served = {
        answer.catchment.code
        for number, answer in snapshot.answers.items()
        if answer.catchment and not is_closed(snapshot.release.schools[number], on=on)
    }
    for code, catchment in snapshot.edition.catchments.items():
        if code not in served:
            said = f"No school that is open is in the catchment {_named(catchment, code)}."
            yield Matter(kind, key_of(kind, code), said, _region(catchment), codes=(code,))


# --- providers ------------------------------------------------------------------------------------


def _providers(edition: Edition) -> Iterator[Matter]:
    """Yield providers that serve nothing, and those that nobody can call."""
    served = _served_by(edition)
    for code, provider in edition.providers.items():
        codes = served.get(code, ())
        if not codes:
            kind = MatterKind.IDLE_PROVIDER
            said = f"The provider {_provider(provider)} serves no catchment."
            yield Matter(kind, key_of(kind, code), said, provider_code=code)
        if not provider.phone.strip():
            kind = MatterKind.NO_PHONE
            said = f"The provider {_provider(provider)} has no phone number."
            yield Matter(kind, key_of(kind, code), said, codes=codes, provider_code=code)


def _contracts(edition: Edition, on: date) -> Iterator[Matter]:
    """Yield contracts of providers that serve a catchment and end within 90 days, or have ended."""
    kind, served = MatterKind.CONTRACT, _served_by(edition)
    for code, contract in edition.contracts.items():
        provider, codes = edition.providers.get(code), served.get(code, ())
        if provider is None or not codes or contract.ends is None or contract.ends > on + ENDS_SOON:
            continue
        ended = contract.ends < on
        said = f"{'ended' if ended else 'ends'} on {long_date(contract.ends)}"
        # A contract that has ended is another matter than one that will.
        key = key_of(kind, code, contract.ends, "ended" if ended else "ends")
        sentence = f"The contract of {_provider(provider)} {said}."
        yield Matter(kind, key, sentence, codes=codes, provider_code=code)


def _served_by(edition: Edition) -> Mapping[str, tuple[str, ...]]:
    served: dict[str, tuple[str, ...]] = {}
    for code, catchment in edition.catchments.items():
        if catchment.provider_code:
            served[catchment.provider_code] = (*served.get(catchment.provider_code, ()), code)
    return served


# --- words ----------------------------------------------------------------------------------------


def _school(school: School) -> str:
    return f"{school.name} ({school.school_id})"


def _provider(provider: Provider) -> str:
    return f"{provider.name} ({provider.code})"


def _named(catchment: Catchment | None, code: str) -> str:
    return f"{catchment.name} ({code})" if catchment else code


def _region(catchment: Catchment | None) -> str:
    return catchment.education_region if catchment else ""
