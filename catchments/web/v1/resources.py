"""Resources: lists of what a snapshot holds, page by page, and one thing of each by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypedDict, cast

import msgspec
from flask import Response

from catchments.core.errors import NotKnown
from catchments.core.model import Provider
from catchments.core.plain_cells import Cell
from catchments.lookup.selection import lists_of
from catchments.lookup.snapshot import AsAt
from catchments.web.common import services
from catchments.web.common.cache_control import REPRESENTATION
from catchments.web.common.contract import Parameter, View, operation
from catchments.web.common.payload import origin_json
from catchments.web.common.pins import pins_of
from catchments.web.common.tables import ORIGIN
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.formats import (
    CONTENT_TYPES,
    ENDING,
    MEDIA_TYPES,
    Form,
    csv_line,
    form_asked,
    in_forms,
    without_ending,
)
from catchments.web.v1.list_query import (
    IN_TIME,
    ON_A_PAGE,
    PAGED,
    WHERE,
    asked_for,
    filter_asked,
    page_asked,
    pages_beside,
)
from catchments.web.v1.provider import ON

CODE = Parameter(
    "code",
    "Its code, percent-encoded, slashes too. A last .json, .geojson or .csv is the form wanted and "
    "no part of it: ask for a code that ends like that with one more.",
    {"type": "string", "minLength": 1},
    required=True,
    place="path",
)


class Rows(Protocol):
    """Rows of a resource by key, written in each form."""

    def write(self, form: Form, key: Any, /) -> Any:
        """Return a row: of CSV its line, otherwise an object."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What is listed at an address."""

    name: str
    """In addresses, in files, and as the attribute of editions and of `Lists`."""
    tag: str
    columns: tuple[str, ...]
    """Of CSV."""
    rows: Callable[[AsAt], Rows]
    """Returns its rows; asked only where there are any."""

    @property
    def path(self) -> str:
        """The address of the list."""
        return f"/v1/{self.name}"


# --- addresses ------------------------------------------------------------------------------------


def in_three_forms(json: Any, geojson: Any) -> dict[str, Any]:
    """Return what an operation returns, by media type."""
    return {
        MEDIA_TYPES[Form.JSON]: json,
        MEDIA_TYPES[Form.GEOJSON]: geojson,
        MEDIA_TYPES[Form.CSV]: None,
    }


def at_list(
    resource: Resource, *filters: Parameter, json: Any, geojson: Any
) -> Callable[[View], View]:
    """Return a decorator that gives a view the address of a list, with its promise."""
    promise = operation(
        ENDING,
        *WHERE,
        *filters,
        *IN_TIME,
        *PAGED,
        returns=in_three_forms(json, geojson),
        tag=resource.tag,
        example=f"{resource.path}?region=wellington&limit=2",
    )
    return lambda view: in_forms(resource.path)(promise(view))


def at_code(resource: Resource, *, json: Any, geojson: Any) -> Callable[[View], View]:
    """Return a decorator that gives a view the address of one thing by code, with its promise."""
    promise = operation(
        CODE,
        ON,
        returns=in_three_forms(json, geojson),
        tag=resource.tag,
        example=f"{resource.path}/{{{resource.name.removesuffix('s')}}}",
    )
    return lambda view: blueprint.get(f"{resource.path}/<code:code>")(promise(view))


# --- answers --------------------------------------------------------------------------------------


def listed(resource: Resource, ending: str | None) -> Response:
    """Return the page of a resource that a request asks for."""
    form, asked = form_asked(ending), asked_for()
    wanted = filter_asked(asked)
    if asked.snapshot is None:
        return list_response(asked, form, resource, [])
    found = getattr(lists_of(asked.world, asked.snapshot), resource.name).matching(wanted)
    return list_response(asked, form, resource, found)


def one_by_code(
    resource: Resource, text: str, unknown: Callable[[AsAt, str], NotKnown]
) -> Response:
    """Return one thing of a resource, by its code and perhaps an ending.

    Raises NotKnown before the first edition, and what `unknown` returns where there is none.
    """
    code, ending = without_ending(text)
    form, asked = form_asked(ending), asked_for()
    found = getattr(asked.in_force.edition, resource.name).get(code)
    if found is None:
        raise unknown(asked, code)
    return one_response(asked, form, resource.columns, resource.rows(asked).write(form, found))


def list_response(
    asked: AsAt,
    form: Form,
    resource: Resource,
    found: Sequence[Any],
    *,
    pins: Mapping[str, Any] | None = None,
) -> Response:
    """Return a page of the rows that were found, with links to the pages beside it.

    Those are asked for the day, edition and directory release of this one unless `pins` are given.
    """
    page = page_asked(usual=ON_A_PAGE if form is Form.JSON else None)
    keys = found[page.part]
    written = list(map(partial(resource.rows(asked).write, form), keys)) if keys else []
    beside = pages_beside(page, len(found), pins_of(asked) if pins is None else pins)
    counted = {"count": len(keys), "total": len(found), **beside}
    response = kept(asked, form, _content(form, resource, written, {**counted, **about(asked)}))
    links = {"next": beside["next"], "prev": beside["previous"]}
    linked = [f'<{url}>; rel="{relation}"' for relation, url in links.items() if url]
    if linked:
        response.headers["Link"] = ", ".join(linked)
    return response


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


def one_response(asked: AsAt, form: Form, columns: Sequence[str], written: Any) -> Response:
    """Return one row by itself."""
    if form is Form.CSV:
        return kept(asked, form, csv_line(columns) + written)
    return kept(asked, form, msgspec.json.encode({**written, **about(asked)}))


def about(asked: AsAt) -> dict[str, Any]:
    """Return what every body says of what it was made from."""
    return {**origin_json(asked), "as_at": asked.day.isoformat()}


def kept(asked: AsAt, form: Form, content: bytes) -> Response:
    """Return a response that caches may keep for as long as it is true."""
    response = Response(content, content_type=CONTENT_TYPES[form])
    return services.kept(asked, response, written=f"{REPRESENTATION}{form}")


# --- columns --------------------------------------------------------------------------------------


CANONICAL = {
    "school": "school_name",
    "catchment": "catchment_name",
    "provider": "provider_name",
    "phone": "provider_phone",
    "email": "provider_email",
    "website": "provider_website",
}
"""What the vocabulary of columns calls those that have an older name here, and keep it."""


class ProviderCells(TypedDict):
    """A provider as columns; nothing where there is none."""

    provider_code: str | None
    provider: str | None
    phone: str | None
    email: str | None
    website: str | None


def columns(properties: type, *also: str) -> tuple[str, ...]:
    """Return a list's columns of CSV: its properties, what else is `also` there, where it is from.

    What is added later must stand last of all: somebody's program may count columns.
    """
    names = properties.__annotations__
    return (*names, *also, *ORIGIN, *(CANONICAL[name] for name in names if name in CANONICAL))


def line(names: Sequence[str], told: Mapping[str, object], whence: Sequence[Cell]) -> bytes:
    """Return the line of these columns, from properties and where they are from."""
    values = {**told, **dict(zip(ORIGIN, whence, strict=True))}
    values |= {new: told[old] for old, new in CANONICAL.items() if old in told}
    return csv_line(cast(Cell, values[name]) for name in names)


def provider_cells(provider: Provider | None) -> ProviderCells:
    """Return a provider as columns."""
    return {
        "provider_code": provider.code if provider else None,
        "provider": provider.name if provider else None,
        "phone": (provider.phone or None) if provider else None,
        "email": (provider.email or None) if provider else None,
        "website": (provider.website or None) if provider else None,
    }
