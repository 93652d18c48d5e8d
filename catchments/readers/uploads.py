"""The request and the answer of the process that reads an uploaded file."""

from __future__ import annotations

from dataclasses import dataclass, field

from catchments.core.model import Alias, Catchment, Provider, School, Source
from catchments.readers.report import Report

VERTICES_AT_MOST = 1_000_000
"""Of an area."""


@dataclass(frozen=True)
class Wish:
    """What is to be read: the files, and all options where they are whole catchments."""

    paths: list[str]
    area: bool = True
    """Whether it is one area, whatever it is made of; else catchments."""
    crs: str | None = None
    authority: str = ""
    licence: str = ""
    release: str = ""
    name_field: str | None = None
    code_field: str | None = None
    provider_field: str | None = None
    region_field: str | None = None
    layer: str | None = None
    accept_overlaps: bool = False
    accept_gaps: bool = False
    aliases_of: dict[int, School] = field(default_factory=dict)
    """The schools that it has aliases of, where it is a table of those and nothing else."""


@dataclass(frozen=True)
class Read:
    """What came of it: an area, catchments or aliases, or why none did; boundaries are WKB."""

    area: bytes = b""
    aliases: list[Alias] = field(default_factory=list)
    catchments: dict[str, Catchment] = field(default_factory=dict)
    boundaries: dict[str, bytes] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    overlaps_accepted: bool = False
    refused: str = ""
    """Why it was refused, in a sentence or two."""
    crashed: str = ""
    """How the process that was to read it ended, where it did not answer."""
    rows: list[str] = field(default_factory=list)
    """Each row at fault."""
    files: list[dict[str, str | int]] = field(default_factory=list)
    """What the audit trail keeps of the files; not read, but seen by whoever took them."""
