"""The forms of one list: JSON, GeoJSON and CSV, by the end of an address or by `Accept`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from flask import request
from werkzeug.routing import BaseConverter

from catchments.core.errors import NotKnown
from catchments.core.plain_cells import Cell, harmless
from catchments.web.common.contract import Parameter, View
from catchments.web.common.tables import MEDIA_TYPE as CSV_TYPE
from catchments.web.v1.blueprint import blueprint


class Form(StrEnum):
    """A form that a resource is written in, by what its address ends with."""

    JSON = "json"
    GEOJSON = "geojson"
    CSV = "csv"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.GEOJSON: "application/geo+json",
    Form.CSV: "text/csv",
}
NAMES_OF_FORMS = {Form.JSON: "JSON", Form.GEOJSON: "GeoJSON", Form.CSV: "CSV"}
CONTENT_TYPES = {**MEDIA_TYPES, Form.CSV: CSV_TYPE}
ALL_FORMS = tuple(Form)
AS = "_as"
"""What the endpoint of a view is called besides, where an address has an ending."""
WITHOUT_PLACES = (Form.JSON, Form.CSV)


class Ending(BaseConverter):
    """What an address may end with, after a dot."""

    regex = f"(?:{'|'.join(Form)})"


def ending_of(offered: Sequence[Form]) -> Parameter:
    """Return the ending of an address as a parameter."""
    about = "The form; it counts for more than the header Accept."
    schema = {"type": "string", "enum": [form.value for form in offered]}
    return Parameter("ending", about, schema, required=True, place="path")


ENDING = ending_of(ALL_FORMS)


def in_forms(address: str) -> Callable[[View], View]:
    """Return a decorator that gives a view an address, and the same with each ending."""

    def add(view: View) -> View:
        blueprint.get(address)(view)
        endpoint = f"{view.__name__}{AS}"
        blueprint.get(f"{address}.<ending:ending>", endpoint=endpoint)(view)
        return view

    return add


def form_asked(ending: str | None, offered: Collection[Form] = ALL_FORMS) -> Form:
    """Return the form that is asked for: an address's ending counts for more than `Accept`.

    Raises NotKnown for an ending that a resource does not have.
    """
    if ending is None:
        types = {MEDIA_TYPES[form]: form for form in offered}
        best = request.accept_mimetypes.best_match(list(types))
        return types[best] if best else Form.JSON
    if ending not in offered:
        raise NotKnown(
            f"This is not to be had as {ending}.",
            allowed=f"It is to be had as {', '.join(offered)}.",
            next_step="Correct the end of the address.",
        )
    return Form(ending)


def without_ending(text: str) -> tuple[str, str | None]:
    """Return a code from an address, and the form that it ends with, if it does.

    One ending is taken off whatever the code: one that ends like that itself is asked for with an
    ending more.
    """
    code, dot, ending = text.rpartition(".")
    return (code, ending) if dot and code and ending in ALL_FORMS else (text, None)


def with_ending(code: str) -> str:
    """Return a code as the end of an address that means it, whatever it is like."""
    # “..” alone would be the way up.
    taken_for_more = without_ending(code)[1] is not None or code in {".", ".."}
    return quote(f"{code}.{Form.JSON}" if taken_for_more else code, safe="")


def utc(kept: datetime) -> str:
    """Return a moment as it is kept, in UTC, as RFC 3339 has it."""
    return f"{kept.isoformat(timespec='seconds')}Z"


def csv_line(cells: Iterable[Cell]) -> bytes:
    """Return cells as a line of CSV; none of them runs anything in a spreadsheet."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(map(harmless, cells))
    return written.getvalue().encode()
