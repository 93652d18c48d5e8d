"""Columns by their names: which say a school number, which a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catchments.core.errors import FileRefused, InputRefused, first_of, shown
from catchments.lookup.values import LAT, LNG, SCHOOL_ID, field_called

ALLOWED = "A column school_id is needed, or the columns lng (or lon, longitude) and lat (latitude)."
NAME_THEM = "Name it with --school-id, or --lng and --lat, or --geometry."
_NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of a file that are asked about, by name: the number, or both axes, or points."""

    school_id: str = ""
    lng: str = ""
    lat: str = ""
    geometry: str = ""


@dataclass(frozen=True, slots=True)
class Wanted(Chosen):
    """The columns that somebody names, and the CRS of the places in them; recognised if empty."""

    crs: str = ""
    """As PROJ knows it, such as EPSG:2193; WGS 84, or what the file says, if empty."""
    prefix: str = ""
    """What is put before the names of the answers' columns."""


def choose(file: str, names: Sequence[str], wanted: Wanted, *, geometry: str = "") -> Chosen:
    """Return the columns to ask about among those that a file has.

    `geometry` is the file's own column of points, if it has one: it knows its CRS, and so goes
    before columns of degrees. Raises FileRefused where none will do, or more than one might.
    """
    refuse_repeated(file, names)
    named = Chosen(wanted.school_id, wanted.lng, wanted.lat, wanted.geometry)
    if named == Chosen():
        return _recognised(file, names, geometry)
    _refuse_two_ways(file, named)
    if named.school_id or named.geometry:
        _refuse_absent(file, names, named.school_id or named.geometry)
        return named
    lng = named.lng or _only(file, names, LNG)
    lat = named.lat or _only(file, names, LAT)
    for name in (lng, lat):
        _refuse_absent(file, names, name)
    return Chosen(lng=lng, lat=lat)


def refuse_repeated(file: str, names: Sequence[str]) -> None:
    """Refuse a file in which two columns have one name."""
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is None:
        return
    at = [str(place) for place, name in enumerate(names, start=1) if name == twice]
    raise FileRefused(
        f"{shown(file)} has the column {shown(twice)} {len(at)} times, as columns "
        f"{' and '.join(at)} of its first row.",
        next_step="Rename or remove all but one.",
    )


def refuse_clash(file: str, names: Sequence[str], added: Iterable[str], prefix: str) -> None:
    """Refuse to add columns under names that a file has already."""
    # Databases and spreadsheets tell no column from another by its capitals.
    taken = {name.casefold(): name for name in names}
    wanted = [f"{prefix}{name}".casefold() for name in added]
    clash = next((taken[name] for name in wanted if name in taken), None)
    if clash is not None:
        raise InputRefused(
            f"{shown(file)} has a column {shown(clash)} already.",
            field="prefix",
            allowed="The answers' columns need names of their own.",
            next_step="Choose what is put before them, such as --prefix new_.",
        )


def could_be(names: Sequence[str], wanted: Wanted) -> bool:
    """Whether a header looks like one that has what is wanted: its separator is then right."""
    named = {wanted.school_id, wanted.lng, wanted.lat} - {""}
    if named:
        return not named.isdisjoint(names)
    return any(field_called(name) in {SCHOOL_ID, LNG, LAT} for name in names)


def _recognised(file: str, names: Sequence[str], geometry: str) -> Chosen:
    schools, lngs, lats = (_matches(names, field) for field in (SCHOOL_ID, LNG, LAT))
    placed = bool(geometry or (lngs and lats))
    if schools and placed:
        place = [geometry] if geometry else [*lngs, *lats]
        raise _refused(file, "has both school numbers and places", [*schools, *place])
    if schools:
        return Chosen(school_id=_only(file, names, SCHOOL_ID))
    if geometry:
        return Chosen(geometry=geometry)
    if not (lngs or lats):
        raise _refused(file, "has no column that says which school or place", names)
    return Chosen(lng=_only(file, names, LNG), lat=_only(file, names, LAT))


def _only(file: str, names: Sequence[str], field: str) -> str:
    found = _matches(names, field)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _refused(file, f"has no column for {field}", names)
    raise _refused(file, f"has {len(found)} columns that may be {field}", found)


def _matches(names: Sequence[str], field: str) -> list[str]:
    return [name for name in names if field_called(name) == field]


def _refuse_two_ways(file: str, named: Chosen) -> None:
    ways = [named.school_id, named.lng or named.lat, named.geometry]
    if sum(map(bool, ways)) > 1:
        raise _refused(file, "was to be asked about in two ways at once", list(filter(None, ways)))


def _refuse_absent(file: str, names: Sequence[str], name: str) -> None:
    if name not in names:
        raise _refused(file, f"has no column {shown(name)}", names)


def _refused(file: str, what: str, names: Sequence[str]) -> FileRefused:
    listed = first_of(list(map(shown, names)), _NAMES_SHOWN, then=", and ")
    return FileRefused(f"{shown(file)} {what}: {listed}.", allowed=ALLOWED, next_step=NAME_THEM)
