"""What each kind of problem means, what to do about it, and how one is come by, for examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestedRangeNotSatisfiable,
    RequestTimeout,
)

from catchments.core.errors import (
    CatchmentsError,
    ChangeDoesNotFit,
    Kind,
    NotAllowed,
    NothingPublished,
    NotNow,
    PublicationRefused,
    Stale,
)
from catchments.runtime.subprocess_job import JobFailed
from catchments.store import StoreUnavailable
from catchments.store.accounts.hashing import TooBusy
from catchments.web.common import problems

JSON = "application/json"
RESOLVE = "/v1/providers:resolve"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that ends in a problem."""

    address: str
    accept: str = JSON
    body: str = ""
    content_type: str = ""


Example = Asked | Callable[[], Response]
"""How a problem is come by: a request, or what makes the answer where no request is sure to."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem."""

    name: LazyString
    means: LazyString
    do: LazyString
    example: Example


def _of(error: CatchmentsError) -> Callable[[], Response]:
    return lambda: problems.answer_of(error)


def _of_http(error: HTTPException) -> Callable[[], Response]:
    return lambda: problems.answer_of_http(error)


def _refused_many(text: str) -> Asked:
    return Asked(RESOLVE, body=text, content_type=JSON)


TYPES: Mapping[Kind, ProblemType] = {
    Kind.INVALID_VALUE: ProblemType(
        _l("A value that cannot be taken"),
        _l("A parameter, a field or a column has a value that is not of the form that it must be."),
        _l("Correct the value: parameter names where it is, allowed says what is taken."),
        Asked("/v1/provider?school_id=abc"),
    ),
    Kind.UNKNOWN_PARAMETER: ProblemType(
        _l("A parameter that does not exist"),
        _l("There is no parameter of that name at this address; it may be a slip."),
        _l("Correct its name or leave it out: allowed names those that there are."),
        Asked("/v1/provider?school=54"),
    ),
    Kind.REPEATED_PARAMETER: ProblemType(
        _l("A parameter given twice"),
        _l("The same parameter or column is there more than once, perhaps under two names."),
        _l("Give it once. For many schools or places at once there is POST /v1/providers:resolve."),
        Asked("/v1/provider?school_id=54&school_id=55"),
    ),
    Kind.MISSING_PARAMETER: ProblemType(
        _l("A parameter that is missing"),
        _l("Without it there is nothing to answer: a point, for example, has both lng and lat."),
        _l("Give it as well."),
        Asked("/v1/provider"),
    ),
    Kind.CONFLICTING_PARAMETERS: ProblemType(
        _l("Parameters that do not go together"),
        _l("Two parameters ask two different questions, or the same one in two ways."),
        _l("Ask in one way: leave one of them out."),
        Asked("/v1/provider?school_id=54&address=kaitaia"),
    ),
    Kind.OUT_OF_RANGE: ProblemType(
        _l("A value out of range"),
        _l("A number is smaller or greater than what there can be, or than what is given at once."),
        _l("Give one within the range that allowed names."),
        Asked("/v1/schools?limit=0"),
    ),
    Kind.SWAPPED_COORDINATES: ProblemType(
        _l("Latitude and longitude look swapped"),
        _l(
            "The latitude is none, but the two would be a place in New Zealand the other way round."
        ),
        _l("Exchange lat and lng."),
        Asked("/v1/provider?lat=174.7689&lng=-36.8694"),
    ),
    Kind.MISSING_SIGN: ProblemType(
        _l("A minus sign looks missing"),
        _l("With a minus sign before its latitude the point would be in New Zealand."),
        _l("Give a negative latitude: New Zealand is south of the equator."),
        Asked("/v1/provider?lat=36.8694&lng=174.7689"),
    ),
    Kind.REPEATED_MEMBER: ProblemType(
        _l("A member of a JSON object given twice"),
        _l("Programs differ in which of the two they take, so neither is."),
        _l("Send each name once in an object."),
        _refused_many('{"school_ids": [54], "school_ids": [55]}'),
    ),
    Kind.UNREADABLE_BODY: ProblemType(
        _l("A body that cannot be read"),
        _l("The body is not the JSON, CSV or gzip that it is said to be, or it was cut short."),
        _l("Send it again; detail says where reading stopped."),
        _refused_many('{"school_ids": [54'),
    ),
    Kind.BAD_REQUEST: ProblemType(
        _l("A request that cannot be understood"),
        _l("The request is not HTTP as it should be, or a form came without its token."),
        _l("Go back, load the page anew and send the form again; a program corrects its request."),
        _of_http(BadRequest()),
    ),
    Kind.NOT_POSSIBLE: ProblemType(
        _l("Something that could not be done"),
        _l("What was asked for was begun and could not be finished; detail says why."),
        _l("Read detail, and next_step where there is one."),
        _of(JobFailed("The file could not be read in time.", how="took too long")),
    ),
    Kind.UNKNOWN_KEY: ProblemType(
        _l("A key that is not known"),
        _l("The header X-API-Key has a key that is not, or no longer, in use."),
        _l("Correct it or leave it out: everything may be read without one."),
        problems.unknown_key,
    ),
    Kind.NOT_ALLOWED: ProblemType(
        _l("Something that you may not do"),
        _l("Whoever asks has no role for it."),
        _l("Ask somebody who has, or an administrator for the role."),
        _of(NotAllowed("These figures are not for everybody.")),
    ),
    Kind.NOT_FOUND: ProblemType(
        _l("There is none"),
        _l(
            "There is no school, catchment, provider, edition or file by that number, code or name."
        ),
        _l("Check it against a list: /v1/schools, /v1/catchments, /v1/providers or /v1/editions."),
        Asked("/v1/provider?school_id=999999999"),
    ),
    Kind.NO_SUCH_ADDRESS: ProblemType(
        _l("Nothing at this address"),
        _l("The address is none of this service's."),
        _l("Check it: /api has all there are."),
        Asked("/v1/nothing"),
    ),
    Kind.METHOD_NOT_ALLOWED: ProblemType(
        _l("A method that is not for this address"),
        _l("The address is there, but for another method; the header Allow names those."),
        _l("Use one of those: GET reads, and POST asks many questions at once."),
        Asked("/v1/provider", body="{}", content_type=JSON),
    ),
    Kind.NOT_OFFERED: ProblemType(
        _l("Not to be had in that form"),
        _l("Nothing that the header Accept names is to be had at this address."),
        _l("Name one of the media types in allowed, or leave Accept out."),
        Asked("/v1/provider?school_id=54", accept="image/png"),
    ),
    Kind.TOO_SLOW: ProblemType(
        _l("A request that did not arrive in time"),
        _l("The body was begun, and the rest of it did not come within some seconds."),
        _l("Send it again, whole. On a slow line send less at once."),
        _of_http(RequestTimeout("The rest of the request did not come in time.")),
    ),
    Kind.CONFLICT: ProblemType(
        _l("Not as things stand"),
        _l("What is asked for does not go with the state that something is in."),
        _l("Look at it as it is now."),
        _of(NotNow("Draft 7 is published.", next_step="Look at the draft as it is now.")),
    ),
    Kind.CHANGE_DOES_NOT_FIT: ProblemType(
        _l("A change that does not fit"),
        _l("A change cannot be applied to the edition that it meets."),
        _l("Correct the change, or undo an earlier one that it clashes with."),
        _of(
            ChangeDoesNotFit(
                "The edition has a catchment “A” already.",
                next_step="Give the new catchment another code.",
            )
        ),
    ),
    Kind.CANNOT_BE_PUBLISHED: ProblemType(
        _l("A draft that cannot be published"),
        _l("Something is in the way of its publication."),
        _l("Its page names each thing that is; mend them, then publish."),
        _of(PublicationRefused("Draft 7 cannot be published.", next_step="See its checks.")),
    ),
    Kind.STALE: ProblemType(
        _l("Somebody else was faster"),
        _l("What was to be changed has been changed since it was read."),
        _l("Read it again, and change it if that is still wanted."),
        _of(Stale("Draft 7 has been changed since this page was read.")),
    ),
    Kind.TOO_LARGE: ProblemType(
        _l("Too much at once"),
        _l("The body has more bytes or rows than are taken."),
        _l("Send it in parts."),
        _refused_many(f'{{"school_ids": [{",".join(["54"] * 10_001)}]}}'),
    ),
    Kind.NOT_TAKEN: ProblemType(
        _l("Not taken in that form"),
        _l("The body is of a media type, a character set or a compression that is not taken."),
        _l("Send it as one of those that allowed names."),
        Asked(RESOLVE, body="54", content_type="text/plain"),
    ),
    Kind.RANGE_NOT_SATISFIABLE: ProblemType(
        _l("A range that there is not"),
        _l("The header Range asks for bytes beyond the end of the file."),
        _l("The header Content-Range of the answer has its size: ask again within it."),
        _of_http(RequestedRangeNotSatisfiable(length=1_000)),
    ),
    Kind.TOO_MANY_REQUESTS: ProblemType(
        _l("Too many requests"),
        _l("More requests came from one address, or with one key, than are allowed in a minute."),
        _l("Wait for as many seconds as the header Retry-After says; ask for many at once."),
        lambda: problems.too_many(6_000, 36),
    ),
    Kind.HEADER_TOO_LONG: ProblemType(
        _l("A header that is too long"),
        _l("One header of the request is longer than is read."),
        _l("Shorten it. In a browser, removing this site's cookies may help."),
        lambda: problems.too_long("Cookie", problems.LONGEST_HEADER),
    ),
    Kind.SERVICE_ERROR: ProblemType(
        _l("An error of the service's own"),
        _l("Something went wrong here, not in what was asked; it has been logged."),
        _l("Try again in a minute. The header X-Request-Id of the answer helps whoever looks."),
        problems.own_error,
    ),
    Kind.NOTHING_PUBLISHED: ProblemType(
        _l("Nothing published yet"),
        _l("There is no edition or no school directory to answer from."),
        _l("Try again later."),
        _of(NothingPublished("Nothing is published yet.")),
    ),
    Kind.TOO_BUSY: ProblemType(
        _l("Too busy"),
        _l("More is being done at once than there is room for."),
        _l("Try again after as many seconds as the header Retry-After says."),
        _of(TooBusy("Too many people are signing in just now.", next_step="Try again shortly.")),
    ),
    Kind.DATABASE_AWAY: ProblemType(
        _l("The database is away"),
        _l("The service cannot reach its database; what it has in memory it goes on answering."),
        _l("Try again after as many seconds as the header Retry-After says."),
        _of(StoreUnavailable("The database does not answer.")),
    ),
}
"""Every kind, by status."""
