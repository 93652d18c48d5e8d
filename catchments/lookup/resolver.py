"""The resolver: an answer for a school or a place on a date, listed, then located, then nearest.

The rule is the design's: the published list is the authority; the boundary that covers a place
answers for whatever is not on the list, an edge counting as inside; outside every boundary the
nearest one within 5 km answers, said with its distance; otherwise the answer is *unresolved*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from catchments.core.errors import NotKnown, long_date
from catchments.core.model import (
    UNCERTAINTY_M,
    Answer,
    Basis,
    Candidate,
    DirectoryRelease,
    Edition,
    FormerName,
    NamedPlace,
    Notice,
    Place,
    PlaceKind,
    School,
    SchoolStatus,
    Status,
)
from catchments.geometry.coordinates import published_lng
from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.notice_codes import NoticeCode, notices_of_place
from catchments.lookup.notice_codes import spoken as _l

NEAREST_WITHIN_M = 5_000.0
"""Two sentences below say it, too; drafts and findings look a little further. Tests hold all."""

ASK = _l("Ask your Ministry of Education regional office which provider serves it.")
_NO_PROVIDER = f"has no provider at present. {ASK}"


@dataclass(frozen=True)
class Resolver:
    """Answers from one edition and one school directory release."""

    edition: Edition
    release: DirectoryRelease
    index: SpatialIndex

    def school(self, school_id: int, *, on: date) -> Answer:
        """Return the answer for a school number on a date.

        Raises NotKnown for a number that no directory release has held.
        """
        school = self.release.schools.get(school_id) or self.release.former.get(school_id)
        if school is None:
            raise NotKnown(
                f"There is no school with the number {school_id}.",
                allowed="Numbers are those of the Ministry of Education's school directory.",
                next_step="Check the number, or look the school up by its name.",
            )
        return self.dated(self.undated(school), on=on)

    def undated(self, school: School) -> Answer:
        """Return what holds for a school on every day of the edition and release."""
        answer = self._listed(school) or self._by_place(school.place, school.name)
        note = self.edition.in_school_provision.get(school.school_id)
        return replace(answer, school=school, place=school.place, in_school_provision=note)

    def dated(self, answer: Answer, *, on: date) -> Answer:
        """Return an undated answer with the notices that hold on a date."""
        notices = self._school_notices(answer.school, on) if answer.school else ()
        return replace(answer, notices=answer.notices + notices) if notices else answer

    def point(self, *, lng: float, lat: float) -> Answer:
        """Return the answer for a WGS 84 point; a longitude of 180…360 becomes a western one."""
        return self._by_place(Place(lng=published_lng(lng), lat=lat), "This place")

    def address(self, named: NamedPlace) -> Answer:
        """Return the answer for an address, by its one place."""
        return self._by_place(named.places[0], named.name, uncertainty_m=named.uncertainty_m)

    def area(self, named: NamedPlace, answers: Mapping[int, Answer]) -> Answer:
        """Return the answer for a road, a suburb or a town; `answers` are those of its schools.

        It is answered for where all that is known of it is in one catchment; else ambiguous. A
        road is asked about point by point, each as uncertain as an address there would be. What
        is known to be in no catchment, or is only near to one, is said, and counts for none.
        """
        if named.kind is PlaceKind.ROAD:
            parts = [self._by_place(each, named.name) for each in named.places]
            inside = set[str]()
        else:
            parts = [answers[s.school_id] for s in named.schools if s.school_id in answers]
            inside = self._covering(named.places)
        found = [part for part in parts if part.all_named and part.basis is not Basis.NEAREST]
        inside.update(part.all_named[0].catchment.code for part in found)
        inside.update(each.catchment.code for part in found for each in part.candidates)
        if not inside:
            return self._near_area(named, parts)
        beside = {each.catchment.code for part in found for each in part.alternatives} - inside
        if len(inside) > 1 or (beside and named.kind is PlaceKind.ROAD):
            return self._ambiguous(tuple(sorted(inside | beside)), named.name)
        is_all = len(found) == len(parts)
        but = "" if is_all else ", but for what belongs to no catchment,"
        said = f"All that is known here of {named.name}{but} is in the"
        near = "in part near the boundary between"
        answer = self._answer(Basis.LOCATED, (*inside, *sorted(beside)), said, beside=near)
        return answer if is_all else replace(answer, basis=None)

    def _near_area(self, area: NamedPlace, parts: Sequence[Answer]) -> Answer:
        """Return the answer for a road, a suburb or a town of which nothing is in a catchment."""
        name, near = area.name, [part for part in parts if part.all_named]
        codes = tuple(dict.fromkeys(e.catchment.code for part in near for e in part.all_named))
        outside = {NoticeCode.OUTSIDE, NoticeCode.NEAR_BOUNDARY, NoticeCode.NO_PROVIDER}
        told = dict.fromkeys(notice for part in parts for notice in part.notices)
        if any(notice.code not in outside for notice in told) or not (parts or area.places):
            sentence = f"No catchment is known here of {name}. {ASK}"
            named = self._named(codes)
            return Answer(Status.UNRESOLVED, sentence, candidates=named, notices=(*told,))
        if not codes:
            return _unresolved(
                f"{name} lies outside every catchment.",
                NoticeCode.OUTSIDE,
                _l("No catchment's boundary covers any of it."),
            )
        begins = f"{name} lies outside every catchment"
        if len(codes) > 1 or len(near) < len(parts):
            names = " and ".join(self.edition.catchments[code].name for code in codes)
            sentence = f"{begins}; what is near to some of it: {names}. {ASK}"
            status = Status.AMBIGUOUS if len(codes) > 1 else Status.UNRESOLVED
            return Answer(status, sentence, candidates=self._named(codes))
        farthest_m = max(part.distance_m or 0.0 for part in near)
        up_to = "up to " if len(near) > 1 else ""
        said = f"{begins}; the nearest, {up_to}{kilometres(farthest_m)} away, is the"
        return replace(self._answer(Basis.NEAREST, codes, said), distance_m=farthest_m)

    def by_catchments(self, named: NamedPlace) -> Answer:
        """Return the answer for a catchment, a region or a provider: who serves each of its own.

        One catchment is an answer, with no basis; several are candidates; none is unresolved.
        Codes that the edition lacks, because they are another's, do not count.
        """
        codes = [code for code in named.catchment_codes if code in self.edition.catchments]
        candidates = self._named(tuple(codes))
        if len(candidates) == 1:
            return _of_one_catchment(named, candidates[0])
        names = ", ".join(each.catchment.name for each in candidates)
        if named.kind is PlaceKind.PROVIDER:
            said = f"{named.name} serves {len(codes)} catchments: {names}."
            nothing = f"{named.name} serves no catchment at present. {ASK}"
        else:
            said = f"{named.name} has {len(codes)} catchments: {names}."
            nothing = f"{named.name} is not in this edition of the catchments. {ASK}"
        if candidates:
            return Answer(Status.AMBIGUOUS, said, candidates=candidates)
        return Answer(Status.UNRESOLVED, nothing)

    def _covering(self, places: Sequence[Place]) -> set[str]:
        lngs, lats = (np.array([getattr(p, axis) for p in places]) for axis in ("lng", "lat"))
        return set(self.index.codes_covering(lng=lngs, lat=lats))

    def candidate(self, code: str) -> Candidate:
        """Return a catchment with its provider."""
        return self._candidates[code]

    @cached_property
    def _candidates(self) -> dict[str, Candidate]:
        catchments = self.edition.catchments.items()
        return {code: Candidate(each, self.edition.provider_of(each)) for code, each in catchments}

    def _listed(self, school: School) -> Answer | None:
        code = self.edition.listings.get(school.school_id)
        if school.school_id in self.edition.unserved:
            return _unresolved(
                f"{school.name} is on record as belonging to no catchment.",
                NoticeCode.UNSERVED,
                _l("The published list places this school in no catchment."),
            )
        if code is None:
            return None
        said = f"{school.name} is on the published list of schools in the"
        return self._answer(Basis.LISTED, (code,), said)

    def _by_place(
        self, place: Place | None, name: str, *, uncertainty_m: float = UNCERTAINTY_M
    ) -> Answer:
        if place is None:
            return _unresolved(
                f"{name} has no recorded place and is not on the published list of schools.",
                NoticeCode.NO_PLACE,
                _l("The school directory records no place for this school."),
            )
        codes = self.index.covering(lng=place.lng, lat=place.lat)
        if not codes:
            return self._nearest(place, name, uncertainty_m)
        if len(codes) > 1 and not self._on_shared_edge(codes, place):
            return self._ambiguous(codes, name, place)
        on_edge = len(codes) > 1
        near = self.index.within(lng=place.lng, lat=place.lat, radius_m=uncertainty_m)
        further = tuple(code for code, _ in near if code not in codes)
        codes += further
        beside = "exactly on the boundary between"
        if further:
            exactly = "exactly on, or " if on_edge else ""
            beside = f"{exactly}within {kilometres(uncertainty_m)} of the boundary between"
        said = f"{name} lies inside the"
        return self._answer(Basis.LOCATED, codes, said, place, beside=beside, on_edge=on_edge)

    def _nearest(self, place: Place, name: str, uncertainty_m: float) -> Answer:
        near = self.index.within(lng=place.lng, lat=place.lat, radius_m=NEAREST_WITHIN_M)
        if not near:
            return _unresolved(
                f"{name} lies outside every catchment, and none is within 5 km.",
                NoticeCode.OUTSIDE,
                _l("No catchment's boundary is within 5 km of this place."),
                place,
            )
        distance_m = near[0][1]
        away = kilometres(distance_m)
        said = f"{name} lies outside every catchment; the nearest, {away} away, is the"
        codes = tuple(c for c, further_m in near if further_m - distance_m <= uncertainty_m)
        answer = self._answer(Basis.NEAREST, codes, said, place, beside="about as near to")
        return replace(answer, distance_m=distance_m)

    def _ambiguous(self, codes: tuple[str, ...], name: str, place: Place | None = None) -> Answer:
        names = " and ".join(self.edition.catchments[code].name for code in codes)
        return Answer(
            status=Status.AMBIGUOUS,
            sentence=f"{name} lies in more than one catchment: {names}. {ASK}",
            place=place,
            candidates=self._named(codes),
        )

    def _answer(
        self,
        basis: Basis,
        codes: tuple[str, ...],
        before: str,
        place: Place | None = None,
        *,
        beside: str = "",
        on_edge: bool = False,
    ) -> Answer:
        """Return the answer that the first of some catchments is; it may as well be the others.

        `before` begins its sentence; `beside` says of the place how it stands to all of them.
        """
        named = self._named(codes)
        catchment, provider = named[0].catchment, named[0].provider
        ends = f"is served by {provider.name}." if provider else _NO_PROVIDER
        holds = notices_of_place(
            found=True, served=provider is not None, others=len(named) > 1, on_edge=on_edge
        )
        return Answer(
            status=Status.RESOLVED if provider else Status.UNRESOLVED,
            basis=basis,
            catchment=catchment,
            provider=provider,
            place=place,
            sentence=f"{before} {catchment.name} catchment, which {ends}",
            alternatives=named[1:],
            notices=tuple(Notice(code, _noted(code, named, beside)) for code in holds),
        )

    def _named(self, codes: tuple[str, ...]) -> tuple[Candidate, ...]:
        return tuple(map(self.candidate, codes))

    def _on_shared_edge(self, codes: tuple[str, ...], place: Place) -> bool:
        return all(self.index.on_edge_of(code, lng=place.lng, lat=place.lat) for code in codes)

    def _school_notices(self, school: School, on: date) -> tuple[Notice, ...]:
        found = []
        if self.release.released > on:
            text = (
                f"The school directory used is that of {long_date(self.release.released)}; "
                f"none as early as {long_date(on)} is held."
            )
            found.append(Notice(NoticeCode.DIRECTORY_LATER, text))
        if school.status is SchoolStatus.PROPOSED and (school.opens is None or school.opens > on):
            opening = f"; it is to open on {long_date(school.opens)}" if school.opens else ""
            found.append(Notice(NoticeCode.PROPOSED_SCHOOL, f"This school is proposed{opening}."))
        if school.last_seen:
            found.append(Notice(NoticeCode.NOT_IN_DIRECTORY, _gone(school, school.last_seen)))
        elif is_closed(school, on=on):
            closing = f" on {long_date(school.closed)}" if school.closed else ""
            found.append(Notice(NoticeCode.CLOSED_SCHOOL, f"This school closed{closing}."))
        return tuple(found)


def is_closed(school: School, *, on: date) -> bool:
    """Whether a school is closed on a date; one that closes later is still open."""
    return school.status is SchoolStatus.CLOSED and (school.closed is None or school.closed <= on)


def renamed(school: School, former: FormerName) -> Notice:
    """Return the notice for whoever asked for a school by a name that it has no more."""
    until = long_date(former.last_seen)
    text = f"It is called {school.name} now; until the release of {until} it was {former.name}."
    return Notice(NoticeCode.RENAMED, text)


def kilometres(distance_m: float) -> str:
    """Return a distance as people say it: “340 m”, “1.2 km”."""
    return f"{distance_m:.0f} m" if round(distance_m) < 1_000 else f"{distance_m / 1_000:.1f} km"


def _of_one_catchment(named: NamedPlace, only: Candidate) -> Answer:
    catchment, provider = only.catchment, only.provider
    ends = f"is served by {provider.name}." if provider else _NO_PROVIDER
    begins = f"The {catchment.name} catchment"
    if named.kind is PlaceKind.REGION:
        begins = f"{named.name} has one catchment, {catchment.name}, which"
    is_its = named.kind is PlaceKind.PROVIDER and provider and provider.code == named.code
    said = f"{named.name} serves one catchment: {catchment.name}." if is_its else ""
    missing = () if provider else (NoticeCode.NO_PROVIDER,)
    return Answer(
        status=Status.RESOLVED if provider else Status.UNRESOLVED,
        sentence=said or f"{begins} {ends}",
        catchment=catchment,
        provider=provider,
        notices=tuple(Notice(code, _noted(code, [only], "")) for code in missing),
    )


def _gone(school: School, last_seen: date) -> str:
    since = f" since the release of {long_date(school.gone_since)}" if school.gone_since else ""
    return (
        f"This school is not in the school directory{since}; the last that had it is that of "
        f"{long_date(last_seen)}."
    )


def _noted(code: NoticeCode, named: Sequence[Candidate], beside: str) -> str:
    if code is NoticeCode.NO_PROVIDER:
        return f"{named[0].catchment.name} has no provider."
    names = " and ".join(
        f"{c.catchment.name} ({c.provider.name if c.provider else 'no provider'})" for c in named
    )
    return f"This place is {beside} {names}."


def _unresolved(problem: str, code: NoticeCode, text: str, place: Place | None = None) -> Answer:
    return Answer(
        status=Status.UNRESOLVED,
        sentence=f"{problem} {ASK}",
        place=place,
        notices=(Notice(code, text),),
    )
