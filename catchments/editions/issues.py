"""Issues: what of the edition in force and the school directory needs a person to look at it.

An issue's key stays the same from one release to the next as long as it is the same matter, so that
it can be explained away for good; it holds what would make the matter a new one, such as the
catchments that it is about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import quote

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import all_of, long_date
from catchments.core.model import (
    Answer,
    Basis,
    Catchment,
    DirectoryRelease,
    Place,
    Provider,
    School,
)
from catchments.editions.contracts import A_DAY, Scheduled, without_successor
from catchments.geometry.coordinates import metric_crs, to_360, to_metres
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.resolver import NEAREST_WITHIN_M, is_closed, kilometres
from catchments.lookup.snapshot import Snapshot

ENDS_SOON = timedelta(days=90)
LONGEST_KEY = 200
NEAR = {NoticeCode.NEAR_BOUNDARY, NoticeCode.ON_BOUNDARY}
"""Notices of an answer whose school may as well belong to another catchment."""

NEAR_DEG = 0.1
"""More than 5 km, north to south and east to west, anywhere in New Zealand."""


class MatterKind(StrEnum):
    """What sort of matter it is; the order is that in which they are worked through."""

    NO_PROVIDER = "no-provider"
    CONTRACT_ENDED = "contract-ended"
    CONTRACT_ENDING = "contract-ending"
    LISTED_CLOSED = "listed-closed"
    UNKNOWN_NUMBER = "unknown-number"
    UNLISTED = "unlisted"
    NEAR_BOUNDARY = "near-boundary"
    OUTSIDE_LISTED = "outside-listed"
    NO_PLACE = "no-place"
    NO_PHONE = "no-phone"
    NO_SCHOOLS = "no-schools"
    NO_CATCHMENT = "no-catchment"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that needs a person."""

    kind: MatterKind
    key: str
    sentence: str
    name: str
    """Of the school, catchment or provider that it is about."""
    school_id: int | None = None
    code: str | None = None
    """The catchment's, where it is about one, or about a school listed in one."""
    place: Place | None = None
    regions: tuple[str, ...] = ()
    """The education regions that it is in; a provider may be in several."""
    distance_m: float | None = None
    """Metres from a school to the boundary that it lies outside of."""
    provider: str | None = None
    """The provider's code, where it is about one."""
    meant: str | None = None
    """The code of the one catchment that a school may be listed in instead, where it lies."""


def matters(
    snapshot: Snapshot,
    *,
    previous: DirectoryRelease | None,
    on: date,
    scheduled: Scheduled = (),
) -> tuple[Issue, ...]:
    """Return what needs a person on a date, kind by kind.

    `previous` is the directory release before the snapshot's, which tells what is new in it;
    `scheduled` are the editions that come after the snapshot's.
    """
    look = _Look(snapshot, previous, on, scheduled)
    order = list(MatterKind)
    # Sorting keeps the order within a kind.
    return tuple(sorted(look.all(), key=lambda matter: order.index(matter.kind)))


def key_of(kind: MatterKind, *parts: str | int) -> str:
    """Return a key that only the same matter has, of at most `LONGEST_KEY` characters."""
    key = " ".join([kind, *(quote(str(part), safe="") for part in parts)])
    if len(key) <= LONGEST_KEY:
        return key
    return f"{kind} {hashlib.sha256(key.encode()).hexdigest()}"


class _Look:
    """One look at everything."""

    def __init__(
        self,
        snapshot: Snapshot,
        previous: DirectoryRelease | None,
        on: date,
        scheduled: Scheduled = (),
    ) -> None:
        self._scheduled = scheduled
        self._edition, self._release = snapshot.edition, snapshot.release
        self._answers, self._index = snapshot.answers, snapshot.resolver.index
        self._previous, self._on = previous, on
        self._in_metres: dict[tuple[str, str], BaseGeometry] = {}
        self._codes_of: dict[str, list[str]] = {}
        for code, catchment in sorted(self._edition.catchments.items()):
            self._codes_of.setdefault(catchment.provider_code or "", []).append(code)

    def all(self) -> Iterator[Issue]:
        yield from self._of_catchments()
        yield from self._of_providers()
        yield from self._of_listings()
        yield from self._of_schools()

    # --- schools ----------------------------------------------------------------------------------

    def _of_schools(self) -> Iterator[Issue]:
        outside: list[Issue] = []
        for answer in self._answers.values():
            school = answer.school
            if school is None or is_closed(school, on=self._on):
                continue
            if school.school_id in self._edition.unserved:
                continue  # somebody has decided already
            if school.place is None:
                yield self._without_place(school, answer)
            if school.school_id not in self._edition.listings:
                yield from self._unlisted(school, answer)
            elif school.place is not None:
                outside.extend(self._outside(school, school.place))
        yield from sorted(outside, key=lambda matter: -(matter.distance_m or 0.0))

    def _without_place(self, school: School, answer: Answer) -> Issue:
        kind = MatterKind.NO_PLACE
        said = f"The school directory records no place for {_named(school)}. {answer.sentence}"
        return _about_school(kind, key_of(kind, school.school_id), said, school, answer.catchment)

    def _unlisted(self, school: School, answer: Answer) -> Iterator[Issue]:
        found, number = answer.catchment, school.school_id
        kind, codes = MatterKind.UNLISTED, [each.catchment.code for each in answer.all_named]
        is_new = self._previous is not None and number not in self._previous.schools
        released = long_date(self._release.released)
        new = f"is new in the school directory of {released} and " if is_new else ""
        said = f"{_named(school)} {new}is not on the published list. {answer.sentence}"
        meant = codes[0] if answer.basis is Basis.LOCATED and len(codes) == 1 else None
        yield _about_school(kind, key_of(kind, number, *codes), said, school, found, meant=meant)
        near = [notice.text for notice in answer.notices if notice.code in NEAR]
        if near:
            kind = MatterKind.NEAR_BOUNDARY
            said = f"{_named(school)} is not on the published list. {' '.join(near)}"
            yield _about_school(kind, key_of(kind, number, *codes), said, school, found)

    def _outside(self, school: School, place: Place) -> Iterator[Issue]:
        listed = self._edition.listings[school.school_id]
        if listed not in self._edition.boundaries:
            return
        covering = self._index.covering(lng=place.lng, lat=place.lat)
        if listed in covering:
            return
        kind, catchment = MatterKind.OUTSIDE_LISTED, self._edition.catchments[listed]
        away_m = self._away_m(listed, place)
        names = " and ".join(self._edition.catchments[code].name for code in covering)
        where = f"inside {names}" if covering else "outside every catchment"
        said = (
            f"{_named(school)} is listed in {catchment.name} but lies {where}, "
            f"{kilometres(away_m)} from {catchment.name}’s boundary."
        )
        key = key_of(kind, school.school_id, listed, *covering)
        meant = covering[0] if len(covering) == 1 else None
        yield _about_school(kind, key, said, school, catchment, away_m, meant)

    def _away_m(self, code: str, place: Place) -> float:
        here = shapely.Point(to_360(place.lng), place.lat)
        if here.distance(self._index.boundary_360(code)) < NEAR_DEG:
            near = self._index.within(lng=place.lng, lat=place.lat, radius_m=NEAREST_WITHIN_M)
            if code in dict(near):
                return dict(near)[code]
        crs = metric_crs(lng=here.x)
        # So far away the bend of a long edge, some metres, is nothing.
        return float(shapely.distance(self._boundary(code, crs), to_metres(here, crs=crs)))

    def _boundary(self, code: str, crs: str) -> BaseGeometry:
        """Return a boundary in metres, made once a look."""
        if (code, crs) not in self._in_metres:
            drawn = to_metres(self._index.boundary_360(code), crs=crs)
            shapely.prepare(drawn)
            self._in_metres[code, crs] = drawn
        return self._in_metres[code, crs]

    # --- listings ---------------------------------------------------------------------------------

    def _of_listings(self) -> Iterator[Issue]:
        edition = self._edition
        numbers = {*edition.listings, *edition.unserved, *edition.in_school_provision}
        for number in sorted(numbers):
            school = self._release.schools.get(number) or self._release.former.get(number)
            if school is None:
                yield self._unknown(number)
            elif is_closed(school, on=self._on):
                yield self._listed_closed(school)

    def _unknown(self, number: int) -> Issue:
        kind, code = MatterKind.UNKNOWN_NUMBER, self._edition.listings.get(number)
        said = f"School number {number} {self._on_record(number)}, but no school directory has it."
        catchment = self._edition.catchments.get(code or "")
        return Issue(
            kind,
            key_of(kind, number, code or ""),
            said,
            name=str(number),
            code=code,
            regions=_region_of(catchment),
        )

    def _listed_closed(self, school: School) -> Issue:
        kind, number = MatterKind.LISTED_CLOSED, school.school_id
        code = self._edition.listings.get(number)
        said = f"{_named(school)} {self._on_record(number)}, but {self._closing(school)}."
        catchment = self._edition.catchments.get(code or "")
        # One that opens and closes once more is another matter.
        ended = school.last_seen or school.closed
        key = key_of(kind, number, code or "", ended.isoformat() if ended else "")
        return _about_school(kind, key, said, school, catchment)

    def _on_record(self, number: int) -> str:
        edition = self._edition
        if number in edition.unserved:
            return "is on record as belonging to no catchment"
        if number in edition.listings:
            return f"is listed in {edition.catchments[edition.listings[number]].name}"
        return "is on record with in-school provision"

    def _closing(self, school: School) -> str:
        released = long_date(self._release.released)
        if school.last_seen:
            return f"is not in the school directory of {released}"
        before = self._previous.schools.get(school.school_id) if self._previous else None
        when = f" on {long_date(school.closed)}" if school.closed else ""
        if before is not None and not is_closed(before, on=self._on):
            return f"the school directory of {released} says that it closed{when}"
        return f"it closed{when}"

    # --- catchments and providers -----------------------------------------------------------------

    def _of_catchments(self) -> Iterator[Issue]:
        with_schools = {
            answer.catchment.code
            for answer in self._answers.values()
            if answer.catchment and answer.school and not is_closed(answer.school, on=self._on)
        }
        for code, catchment in sorted(self._edition.catchments.items()):
            if (catchment.provider_code or "") not in self._edition.providers:
                said = f"{catchment.name} ({code}) has no provider."
                yield _about_catchment(MatterKind.NO_PROVIDER, said, catchment)
            if code not in with_schools:
                said = f"{catchment.name} ({code}) has no open school."
                yield _about_catchment(MatterKind.NO_SCHOOLS, said, catchment)

    def _of_providers(self) -> Iterator[Issue]:
        for code, provider in sorted(self._edition.providers.items()):
            if not provider.phone.strip():
                said = f"No telephone number is recorded for {provider.name}."
                yield self._about_provider(MatterKind.NO_PHONE, said, provider)
            if code not in self._codes_of:
                said = f"{provider.name} has no catchment."
                yield self._about_provider(MatterKind.NO_CATCHMENT, said, provider)
            else:
                yield from self._of_contract(provider)

    def _of_contract(self, provider: Provider) -> Iterator[Issue]:
        contract = self._edition.contracts.get(provider.code)
        ends = contract.ends if contract else None
        if ends is None or ends > self._on + ENDS_SOON:
            return
        codes = without_successor(
            self._edition, self._codes_of[provider.code], ends + A_DAY, self._scheduled
        )
        if not codes:
            return  # another follows, whose edition is published already
        served = all_of([self._edition.catchments[code].name for code in codes])
        has_ended = ends < self._on
        kind = MatterKind.CONTRACT_ENDED if has_ended else MatterKind.CONTRACT_ENDING
        verb = "ended" if has_ended else "ends"
        said = f"The contract of {provider.name}, which serves {served}, {verb} on "
        yield self._about_provider(kind, f"{said}{long_date(ends)}.", provider, ends.isoformat())

    def _about_provider(
        self, kind: MatterKind, said: str, provider: Provider, *new_with: str
    ) -> Issue:
        codes = self._codes_of.get(provider.code, [])
        found = (self._edition.catchments[code].education_region for code in codes)
        return Issue(
            kind,
            key_of(kind, provider.code, *new_with),
            said,
            name=provider.name,
            code=codes[0] if len(codes) == 1 else None,
            provider=provider.code,
            regions=tuple(region for region in dict.fromkeys(found) if region),
        )


def _about_school(
    kind: MatterKind,
    key: str,
    said: str,
    school: School,
    catchment: Catchment | None,
    distance_m: float | None = None,
    meant: str | None = None,
) -> Issue:
    return Issue(
        kind,
        key,
        said,
        name=school.name,
        school_id=school.school_id,
        code=catchment.code if catchment else None,
        place=school.place,
        regions=(school.education_region,) if school.education_region else _region_of(catchment),
        distance_m=distance_m,
        meant=meant,
    )


def _about_catchment(kind: MatterKind, said: str, catchment: Catchment) -> Issue:
    return Issue(
        kind,
        key_of(kind, catchment.code),
        said,
        name=catchment.name,
        code=catchment.code,
        regions=_region_of(catchment),
    )


def _region_of(catchment: Catchment | None) -> tuple[str, ...]:
    return (catchment.education_region,) if catchment and catchment.education_region else ()


def _named(school: School) -> str:
    return f"{school.name} ({school.school_id})"
