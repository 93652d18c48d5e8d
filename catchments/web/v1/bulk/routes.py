"""POST /v1/providers:resolve: up to ten thousand schools, points or addresses in one request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from catchments.core.errors import BodyNotTaken, shown
from catchments.lookup.search.text_search import NoAddresses, TextSearch
from catchments.lookup.snapshot import AsAt
from catchments.web.common.contract import operation
from catchments.web.common.payload import source_json
from catchments.web.common.query_parameters import optional_date
from catchments.web.common.services import service
from catchments.web.common.tables import MEDIA_TYPE as CSV_TYPE
from catchments.web.front.room import LONG_WORK, in_turns
from catchments.web.v1 import resources
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.bulk import schemas
from catchments.web.v1.bulk.answers import Answers
from catchments.web.v1.bulk.questions import Form, read
from catchments.web.v1.bulk.rows import BodyRefused, Kind
from catchments.web.v1.bulk.unpacking import LONGEST_BODY, too_large, unpacked
from catchments.web.v1.provider import ON

_ALIASES = {"application/ndjson": Form.NDJSON, "application/jsonl": Form.NDJSON}
_CONTENT_TYPES = {
    Form.JSON: "application/json",
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: CSV_TYPE,
}
_ASKED = {
    Form.JSON: '{"rows":[{"id":"a","school_id":54},{"id":"b","lng":174.7689,"lat":-36.8694}]}',
    Form.NDJSON: '{"id":"a","school_id":54}\n{"id":"b","lng":174.7689,"lat":-36.8694}\n',
    Form.CSV: "id,school_id,lng,lat\na,54,,\nb,,174.7689,-36.8694\n",
}


@blueprint.post("/v1/providers:resolve")
@operation(
    ON,
    accepts={
        Form.JSON.value: schemas.ManyAsked,
        Form.NDJSON.value: schemas.RowAsked,
        Form.CSV.value: None,
    },
    asks={form.value: text for form, text in _ASKED.items()},
    returns={
        Form.JSON.value: schemas.ManyAnswered,
        Form.NDJSON.value: schemas.RowAnswered,
        Form.CSV.value: None,
    },
    tag="Who serves",
    example="/v1/providers:resolve",
)
def resolve() -> Response:
    """Say who serves up to 10,000 schools, points or addresses, in the order they came in.

    A row asks in exactly one way: with `school_id`; with `address`; or with `lng` and `lat`. One
    that cannot be taken is answered as `refused`, with what is wrong, and stops no other.
    """
    world = service().snapshots.current()
    day = optional_date(request.args) or world.today
    form = _form_of_body()
    given, written = _body(), _form_of_answer(form)
    with LONG_WORK:
        rows = read(given, form, charset=request.mimetype_params.get("charset", ""))
        # Never a geocoder elsewhere: ten thousand are too many for a stranger's service.
        finder = TextSearch(world, service().addresses, NoAddresses())
        answers = Answers(world, day, written, finder)
    typed = isinstance(rows, list) and any(row.kind is Kind.ADDRESS for row in rows)
    about = _about(world.as_at(day), typed=typed)
    lines = answers.of(rows)
    head, foot = answers.table.lines.head(about, len(rows)), answers.table.lines.foot
    body: Iterator[bytes] = chain([head], lines, [foot if rows or written is Form.JSON else b""])
    response = Response(in_turns(body), content_type=_CONTENT_TYPES[written])
    _say_origin(response, answers, about)
    return response


# --- what is asked --------------------------------------------------------------------------------


def _form_of_body() -> Form:
    given = request.mimetype
    if given in _ALIASES:
        return _ALIASES[given]
    if given in set(Form):
        return Form(given)
    said = f"The body is {shown(given)}." if given else "The header Content-Type is missing."
    raise BodyNotTaken(
        said,
        allowed=f"Content-Type is one of {', '.join(Form)}.",
        next_step="For example: curl -H 'Content-Type: application/json' --data-binary @FILE.",
    )


def _form_of_answer(asked: Form) -> Form:
    """Return the form that Accept prefers; the body's own where it leaves that open."""
    offered = [asked.value, *(form.value for form in Form if form is not asked)]
    return Form(request.accept_mimetypes.best_match(offered) or asked)


def _body() -> bytes:
    """Return the body, unpacked. Raises BodyTooLarge, BodyRefused or BodyNotTaken."""
    request.max_content_length = LONGEST_BODY + 1  # of a chunked body no more is read
    packed = request.headers.get("Content-Encoding", "").strip().lower()
    if packed not in {"", "identity", "gzip", "x-gzip"}:
        raise BodyNotTaken(
            f"The Content-Encoding of the body is {shown(packed)}.",
            allowed="It may be gzip, or none.",
            next_step="Send it as gzip or as it is.",
        )
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise too_large() from error
    except ClientDisconnected as error:
        raise _cut_short() from error
    if len(body) > LONGEST_BODY:
        raise too_large()
    if request.content_length is not None and len(body) < request.content_length:
        raise _cut_short()
    return unpacked(body) if "gzip" in packed else body


def _cut_short() -> BodyRefused:
    return BodyRefused(
        "The body is shorter than its Content-Length says.",
        allowed="All of it must arrive.",
        next_step="Send it again.",
    )


# --- what the answer says of itself ---------------------------------------------------------------


def _about(asked: AsAt, *, typed: bool) -> dict[str, Any]:
    about = resources.about(asked)
    addresses = service().addresses.about() if typed else None
    if addresses:
        about["sources"] = [*about["sources"], source_json(addresses)]
    return about


def _say_origin(response: Response, answers: Answers, about: dict[str, Any]) -> None:
    """Say in headers what lines have no room for; nobody keeps what may have addresses in it."""
    headers = response.headers
    headers["Cache-Control"] = "no-store"
    headers["Catchments-As-At"] = about["as_at"]
    headers["Catchments-Demonstration"] = "true" if about["demonstration"] else "false"
    if answers.snapshot:
        number = answers.snapshot.edition.number
        headers["Catchments-Edition"] = str(number)
        headers["Catchments-Directory-Release"] = str(answers.snapshot.release.number)
        headers["Link"] = f'<{request.script_root}/v1/editions/{number}>; rel="describedby"'
