"""One list, three forms: JSON, GeoJSON and CSV, by the end of an address or by `Accept`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from flask import Response, request
from werkzeug.routing import BaseConverter

from catchments.core.errors import NotKnown
from catchments.web.common.contract import Parameter, View
from catchments.web.common.http_cache import REPRESENTATION, cache_control, etag, validated
from catchments.web.common.payload import provenance_json
from catchments.web.common.services import service
from catchments.web.common.tables import MEDIA_TYPE as CSV_TYPE
from catchments.web.common.tables import Cell, harmless
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.list_query import ON_A_PAGE, RequestContext, page_asked, pages_beside


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
CONTENT_TYPES = {**MEDIA_TYPES, Form.CSV: CSV_TYPE}
ALL_FORMS = tuple(Form)
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
        endpoint = f"{view.__name__}_as"
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


def csv_line(cells: Iterable[Cell]) -> bytes:
    """Return cells as a line of CSV; none of them runs anything in a spreadsheet."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(map(harmless, cells))
    return written.getvalue().encode()


# --- lists ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """What is listed at an address."""

    name: str
    columns: tuple[str, ...]
    """Of CSV."""


class Rows(Protocol):
    """Rows of a resource by key, written in each form."""

    def item(self, key: Any, /) -> Any:
        """Return a row as JSON has it."""

    def feature(self, key: Any, /) -> Any:
        """Return a row as a feature of GeoJSON."""

    def line(self, key: Any, /) -> bytes:
        """Return a row as a line of CSV."""


def list_response(
    asked: RequestContext,
    form: Form,
    resource: Resource,
    rows: Rows | None,
    found: Sequence[Any],
    *,
    pins: Mapping[str, Any] | None = None,
) -> Response:
    """Return a page of the rows that were found, with links to the pages beside it.

    Those are asked for the day, edition and directory release of this one unless `pins` are given.
    """
    page = page_asked(usual=ON_A_PAGE if form is Form.JSON else None)
    keys = found[page.part]
    written = [_written(rows, form, key) for key in keys] if rows else []
    beside = pages_beside(page, len(found), asked.pins if pins is None else pins)
    counted = {"count": len(keys), "total": len(found), **beside}
    response = kept(asked, form, _content(form, resource, written, {**counted, **about(asked)}))
    links = {"next": beside["next"], "prev": beside["previous"]}
    linked = [f'<{url}>; rel="{relation}"' for relation, url in links.items() if url]
    if linked:
        response.headers["Link"] = ", ".join(linked)
    return response


def _written(rows: Rows, form: Form, key: Any) -> Any:
    if form is Form.CSV:
        return rows.line(key)
    return rows.feature(key) if form is Form.GEOJSON else rows.item(key)


def _content(
    form: Form, resource: Resource, written: Sequence[Any], said: Mapping[str, Any]
) -> bytes:
    if form is Form.CSV:
        return b"".join([csv_line(resource.columns), *written])
    if form is Form.GEOJSON:
        # GDAL calls the layer by its name; without one, by whatever stands in the address.
        kind = {"type": "FeatureCollection", "name": resource.name}
        return msgspec.json.encode({**kind, **said, "features": written})
    return msgspec.json.encode({**said, "items": written})


# --- one ------------------------------------------------------------------------------------------


def one_response(
    asked: RequestContext, form: Form, resource: Resource, rows: Rows, key: Any
) -> Response:
    """Return one row by itself."""
    written = _written(rows, form, key)
    if form is Form.CSV:
        return kept(asked, form, csv_line(resource.columns) + written)
    return kept(asked, form, msgspec.json.encode({**written, **about(asked)}))


# --- both -----------------------------------------------------------------------------------------


def about(asked: RequestContext) -> dict[str, Any]:
    """Return what every body says of what it was made from."""
    return {
        **provenance_json(asked.snapshot),
        "demonstration": asked.demonstration,
        "as_at": asked.day.isoformat(),
    }


def kept(asked: RequestContext, form: Form, content: bytes) -> Response:
    """Return a response that caches may keep for as long as it is true."""
    response = Response(content, content_type=CONTENT_TYPES[form])
    control = cache_control(asked.world, service().settings.max_age_s)
    tag = etag(asked.world, asked.snapshot, asked.day, written=f"{REPRESENTATION}{form}")
    return validated(response, tag, control)
