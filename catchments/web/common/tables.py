"""Catchments and schools as tables for spreadsheets: RFC 4180, UTF-8, a first line of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catchments.core.model import Provider
from catchments.core.plain_cells import Cell, plain_table
from catchments.lookup.snapshot import Snapshot
from catchments.web.common.services import sources_of
from catchments.web.pages.catchment_summaries import Entry, Member

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
CATCHMENT = ("catchment_code", "catchment", "education_region")
PROVIDER = ("provider", "phone", "email", "website")
SCHOOL = ("school_id", "school", "town", "status")
BELONGING = ("basis", "distance_m", "in_school_provision")
ORIGIN = ("edition", "directory_release", "demonstration", "source")
"""Every row says where it is from, because rows are copied out of files."""


def catchments_table(snapshot: Snapshot, entries: Iterable[Entry]) -> bytes:
    """Return each catchment with its provider and its number of schools, as CSV."""
    day = snapshot.release.released
    rows = ([*_catchment(e), *_provider(e.provider), e.count(day)] for e in entries)
    return _csv((*CATCHMENT, *PROVIDER, "schools"), rows, snapshot)


def schools_table(snapshot: Snapshot, entries: Iterable[Entry]) -> bytes:
    """Return each school in these catchments, with how it belongs to one, as CSV.

    `distance_m` is in metres, and only where the basis is `nearest`.
    """
    rows = (
        [*_school(member), *_catchment(entry), *_provider(entry.provider), *_belonging(member)]
        for entry in entries
        for member in entry.members
    )
    return _csv((*SCHOOL, *CATCHMENT, *PROVIDER, *BELONGING), rows, snapshot)


def _catchment(entry: Entry) -> list[Cell]:
    catchment = entry.catchment
    return [catchment.code, catchment.name, catchment.education_region]


def _provider(provider: Provider | None) -> list[Cell]:
    if provider is None:
        return [None] * len(PROVIDER)
    return [provider.name, provider.phone, provider.email, provider.website]


def _school(member: Member) -> list[Cell]:
    school = member.school
    return [school.school_id, school.name, school.city, school.status.value]


def _belonging(member: Member) -> list[Cell]:
    distance_m = None if member.distance_m is None else round(member.distance_m)
    return [member.basis.value, distance_m, member.in_school_provision]


def origin(snapshot: Snapshot) -> list[Cell]:
    """Return the cells of `ORIGIN`."""
    demonstration = "yes: made up" if snapshot.demonstration else "no"
    # Titles and releases would make the file three times as long; the edition tells them.
    credited = dict.fromkeys(f"{s.authority} ({s.licence})" for s in sources_of(snapshot))
    released = snapshot.release.released.isoformat()
    return [snapshot.edition.number, released, demonstration, "; ".join(credited)]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], snapshot: Snapshot) -> bytes:
    whence = origin(snapshot)
    return plain_table((*header, *ORIGIN), ((*row, *whence) for row in rows))
