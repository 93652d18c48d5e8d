"""/v1/editions: every edition that was published, and what has become of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import msgspec
from flask import Response, request

from catchments.core.errors import InputRefused, Kind, NotKnown, shown
from catchments.core.model import EditionSummary, ReleaseSummary, Source
from catchments.core.plain_cells import Cell
from catchments.editions.change_schema import Standing
from catchments.editions.history import EditionHistory
from catchments.lookup.snapshot import AsAt, Published
from catchments.store.artefacts import Artefacts
from catchments.web.common.contract import DAY, WHOLE_NUMBER, Parameter, operation
from catchments.web.common.payload import edition_json, release_json, source_json
from catchments.web.common.query_parameters import one_of, optional_date
from catchments.web.common.services import address, as_at, remembered, service
from catchments.web.pages.edition_history import history_of
from catchments.web.v1 import schemas
from catchments.web.v1.formats import (
    MEDIA_TYPES,
    WITHOUT_PLACES,
    Form,
    csv_line,
    ending_of,
    form_asked,
    in_forms,
    utc,
)
from catchments.web.v1.list_query import PAGED, words
from catchments.web.v1.resources import Resource, kept, list_response
from maps.exports.downloads import MANIFEST

TAG = "Editions"
NUMBER = Parameter(
    "number",
    "The edition's number.",
    WHOLE_NUMBER,
    required=True,
    place="path",
)
STATE = Parameter(
    "state",
    "What was published, and the day, when the first page was made; `next` has it beside from, to "
    "and standing. When it is so no more, the answer says to begin again.",
    {"type": "string", "pattern": "^[0-9]{8}(-[0-9]{1,9}){2}$"},
)
CHANGING = {"from", "to", "standing"}
"""Filters by which an edition may come into a list, or go, without being new."""
COLUMNS = (
    "edition",
    "title",
    "reason",
    "effective_from",
    "last_day",
    "standing",
    "published_at",
    "withdrawn_at",
    "directory_release",
    "demonstration",
    "source",
)


class EditionRows:
    """Editions, each with the directory release of its time."""

    def __init__(self, asked: AsAt) -> None:
        self._told = history_of(asked.world)
        self._sources = remembered(asked.world, "edition sources", service().store.edition_sources)
        self._files = _files(asked.world)

    def write(self, form: Form, edition: EditionSummary, /) -> Any:
        """Return a row: of CSV its line, otherwise an object."""
        return self._line(edition) if form is Form.CSV else self._item(edition)

    def _item(self, edition: EditionSummary) -> schemas.EditionTold:
        release = self._release(edition)
        return {
            "number": edition.number,
            "title": edition.title,
            "reason": edition.reason,
            "effective_from": edition.effective_from.isoformat(),
            "last_day": self._last_day(edition),
            "standing": self._told.standing(edition),
            "published_at": utc(edition.published_at),
            "withdrawn_at": utc(edition.withdrawn_at) if edition.withdrawn_at else None,
            "demonstration": edition.demonstration
            or bool(release and release.source.demonstration),
            "sources": [source_json(each) for each in self._made_from(edition)],
            "downloads": _downloads(edition, release, self._files.get(edition.number, [])),
            "url": address(f"/v1/editions/{edition.number}"),
        }

    def whole(self, edition: EditionSummary) -> schemas.OneEdition:
        """Return an edition and what it stands beside."""
        release = self._release(edition)
        return {
            **self._item(edition),
            "edition": edition_json(edition),
            "directory_release": release_json(release) if release else None,
            "as_at": self._told.world.today.isoformat(),
        }

    def _line(self, edition: EditionSummary) -> bytes:
        item, release = self._item(edition), self._release(edition)
        told = [cast(Cell, value) for name, value in item.items() if name in COLUMNS[1:8]]
        credited = dict.fromkeys(f"{s.authority} ({s.licence})" for s in self._made_from(edition))
        released = release.released.isoformat() if release else None
        demonstration = "yes: made up" if item["demonstration"] else "no"
        return csv_line([edition.number, *told, released, demonstration, "; ".join(credited)])

    def _made_from(self, edition: EditionSummary) -> list[Source]:
        release = self._release(edition)
        own = self._sources.get(edition.number, ())
        return [*own, *([release.source] if release else [])]

    def _last_day(self, edition: EditionSummary) -> str | None:
        last = self._told.last_day(edition) if edition.withdrawn_at is None else None
        return last.isoformat() if last else None

    def _release(self, edition: EditionSummary) -> ReleaseSummary | None:
        """Return the directory release of an edition: on its last day, or today's."""
        if edition.withdrawn_at is not None:
            return None
        today = self._told.world.today
        last = self._told.last_day(edition) or today
        day = max(edition.effective_from, min(last, today))
        return self._told.world.timeline.release_on(day)


EDITIONS = Resource("editions", TAG, COLUMNS, EditionRows)


@in_forms("/v1/editions")
@operation(
    ending_of(WITHOUT_PLACES),
    Parameter("on", "Only the edition in force on this date.", DAY),
    Parameter("from", "Only editions in force on this date or later.", DAY),
    Parameter("to", "Only editions in force on this date or earlier.", DAY),
    words("standing", "What has become of an edition, as at today.", Standing),
    STATE,
    *PAGED,
    returns={MEDIA_TYPES[Form.JSON]: schemas.EditionList, MEDIA_TYPES[Form.CSV]: None},
    tag=TAG,
    example="/v1/editions?limit=2",
)
def editions(ending: str | None = None) -> Response:
    """List the editions that were published by number, withdrawn ones too.

    Each with what has become of it, from when to when it is in force, and where its files are.
    """
    form = form_asked(ending, WITHOUT_PLACES)
    asked = as_at()
    _refuse_another_state(asked.world)
    found = _wanted(history_of(asked.world))
    # Of all editions new ones come at the end and none goes, so that pages keep together.
    pins = {STATE.name: _state(asked.world)} if CHANGING & set(request.args) else {}
    return list_response(asked, form, EDITIONS, found, pins=pins)


@in_forms("/v1/editions/<int:number>")
@operation(
    ending_of(WITHOUT_PLACES),
    NUMBER,
    returns={MEDIA_TYPES[Form.JSON]: schemas.OneEdition, MEDIA_TYPES[Form.CSV]: None},
    tag=TAG,
    example="/v1/editions/{edition}",
)
def one_edition(number: int, ending: str | None = None) -> Response:
    """Tell of one edition, and where its files are.

    An edition never changes; what changes is whether it is in force, and which files there are.
    """
    form = form_asked(ending, WITHOUT_PLACES)
    asked = as_at()
    told = history_of(asked.world)
    edition = told.numbered(number)
    if edition is None:
        raise NotKnown(
            f"There is no edition {number}.", next_step="Choose one from the list at /v1/editions."
        )
    rows = EditionRows(asked)
    if form is Form.CSV:
        return kept(asked, form, csv_line(COLUMNS) + rows.write(form, edition))
    return kept(asked, form, msgspec.json.encode(rows.whole(edition)))


# --- which ----------------------------------------------------------------------------------------


def _state(world: Published) -> str:
    """Return what differs when an edition may have come into a list, or have left it."""
    return f"{world.today:%Y%m%d}-{world.state.editions}-{world.state.withdrawn}"


def _refuse_another_state(world: Published) -> None:
    """Raise NotKnown for a page of a list that is no longer what its first page was made from."""
    given = request.args.get(STATE.name, _state(world))
    if given == _state(world):
        return
    if not re.fullmatch(STATE.schema["pattern"], given):
        raise InputRefused(
            f"The parameter state is {shown(given)}.",
            field=STATE.name,
            allowed="It must be as in the address next of a page.",
            next_step="Leave it out.",
        )
    raise NotKnown(
        "What is published, or the day, has changed since the first page was made.",
        next_step="Begin again without the parameters state and offset.",
    )


def _wanted(told: EditionHistory) -> list[EditionSummary]:
    on = optional_date(request.args)
    first, last = optional_date(request.args, "from"), optional_date(request.args, "to")
    standing = one_of(request.args, "standing", Standing)
    if first and last and first > last:
        raise InputRefused(
            f"The parameter from is {first}, which is after {last}.",
            field="from",
            allowed="It must not be later than to.",
            next_step="Exchange the two.",
            kind=Kind.CONFLICTING_PARAMETERS,
        )
    holds = {each.number for each in told.editions if _was_in_force(told, each, first, last)}
    in_force = told.world.timeline.edition_on(on) if on else None
    return [
        each
        for each in told.editions
        if (on is None or each == in_force)
        and (each.number in holds or not (first or last))
        and standing in (None, told.standing(each))
    ]


def _was_in_force(
    told: EditionHistory, edition: EditionSummary, first: date | None, last: date | None
) -> bool:
    """Whether an edition is in force on any day from a first to a last one."""
    if told.standing(edition) in (Standing.WITHDRAWN, Standing.REPLACED):
        return False
    begins, ends = edition.effective_from, told.last_day(edition)
    return (last is None or begins <= last) and (first is None or ends is None or ends >= first)


# --- of what they are made ------------------------------------------------------------------------


def _files(world: Published) -> Mapping[int, list[_File]]:
    """Return the files that are kept of each edition, as its manifest has them."""

    def read() -> Mapping[int, list[_File]]:
        manifests = Artefacts(service().store).all_named(MANIFEST)
        return {
            number: msgspec.json.decode(content, type=_Manifest).files
            for number, content in manifests.items()
        }

    return remembered(world, "edition files", read)


class _File(msgspec.Struct):
    name: str
    title: str
    media_type: str


class _Manifest(msgspec.Struct):
    files: list[_File]


MANIFEST_FILE = _File(MANIFEST, "Sizes, checksums, sources and licences", "application/json")


def _downloads(
    edition: EditionSummary, release: ReleaseSummary | None, files: Sequence[_File]
) -> list[schemas.Download]:
    if release is None:
        return []
    tables = [
        _File(f"{release.number}/catchments.csv", "Catchments and providers", "text/csv"),
        _File(f"{release.number}/schools.csv", "Schools and providers", "text/csv"),
    ]
    return [
        {
            "title": file.title,
            "media_type": file.media_type,
            "url": address(f"/downloads/{edition.number}/{file.name}"),
        }
        for file in [*files, *([MANIFEST_FILE] if files else []), *tables]
    ]
