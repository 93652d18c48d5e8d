"""The request and the answer of the process that reads an uploaded file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Alias, Catchment, Edition, Provider, School, Source
from catchments.geometry.tiling.sketch import Sketch
from catchments.readers.lists.decisions import Decisions
from catchments.readers.lists.files import Given
from catchments.readers.lists.listings import Listings
from catchments.readers.lists.providers import ProviderTable
from catchments.readers.report import Report


class Sought(StrEnum):
    """What is to be read of a file."""

    AREA = "area"
    """One area, whatever it is made of."""
    CATCHMENTS = "catchments"
    LISTINGS = "listings"
    PROVIDERS = "providers"
    ALIASES = "aliases"
    SCHOOLS_TABLE = "a table of schools"
    """Somebody's own: which catchment each school is to be in, whatever else is in it."""
    PROVIDERS_TABLE = "a table of providers"
    """Likewise: which provider is to serve each catchment."""


@dataclass(frozen=True)
class Wish:
    """What is to be read: the files, by what is known, and all options."""

    paths: list[str]
    sought: Sought = Sought.AREA
    known: Edition = field(default_factory=Edition)
    """The edition that catchments and lists are read for."""
    schools: dict[int, School] = field(default_factory=dict)
    """The schools that lists and aliases are of."""
    crs: str | None = None
    given: Given = field(default_factory=Given)
    name_field: str | None = None
    code_field: str | None = None
    provider_field: str | None = None
    provider_code_field: str | None = None
    region_field: str | None = None
    layer: str | None = None
    accept_overlaps: bool = False
    accept_gaps: bool = False


@dataclass(frozen=True)
class Read:
    """What came of it: an area, catchments, lists or aliases, or why none did."""

    sought: Sought = Sought.AREA
    """What was to be read."""
    area: bytes = b""
    """WKB."""
    aliases: list[Alias] = field(default_factory=list)
    listings: Listings | None = None
    provider_table: ProviderTable | None = None
    decisions: Decisions | None = None
    catchments: dict[str, Catchment] = field(default_factory=dict)
    boundaries: dict[str, bytes] = field(default_factory=dict)
    """WKB, of those that are not `kept`."""
    kept: frozenset[str] = frozenset()
    """Codes of catchments whose boundary is the one that was known."""
    providers: dict[str, Provider] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    overlaps_accepted: bool = False
    gaps_accepted: bool = False
    refused: str = ""
    """Why it was refused, in a sentence or two."""
    crashed: str = ""
    """How the process that was to read it ended, where it did not answer."""
    rows: list[str] = field(default_factory=list)
    """Each row at fault."""
    sketch: Sketch | None = None
    """What there is to look at, where boundaries do not tile."""
    files: list[dict[str, str | int]] = field(default_factory=list)
    """What the audit trail keeps of the files; not read, but seen by whoever took them."""


def encoded(message: Wish | Read) -> bytes:
    """Return a message as bytes; boundaries that are known are in them as WKB."""
    return msgspec.msgpack.encode(message, enc_hook=_wkb)


def decoded_wish(content: bytes) -> Wish:
    """Return the wish that `encoded` wrote; it comes from our own process."""
    return msgspec.msgpack.decode(content, type=Wish, dec_hook=_geometry)


def decoded_read(content: bytes) -> Read:
    """Return the answer that `encoded` wrote. Raises msgspec.DecodeError for any other bytes."""
    return msgspec.msgpack.decode(content, type=Read)


def _wkb(value: Any) -> bytes:
    if not isinstance(value, BaseGeometry):
        raise NotImplementedError(type(value))
    wkb: bytes = shapely.to_wkb(value)
    return wkb


def _geometry(_type: type, value: Any) -> BaseGeometry:
    return shapely.from_wkb(value)
