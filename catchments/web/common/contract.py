"""The promise of a route: its parameters, what it returns, an example; written once, beside it.

The OpenAPI document is made from these promises, and requests are held to them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Response, current_app, request

from catchments.core.errors import CatchmentsError, shown
from catchments.lookup.values import HIGHEST_NUMBER
from catchments.web.common.query_parameters import refuse_unknown_or_repeated

View = TypeVar("View", bound=Callable[..., Any])
_PROMISE = "operation"
STABLE = "/v1/"
"""Below it everything is held to its promise."""
SPOKEN = "en-NZ"
"""The language of the sentences in answers; only titles of problems are translated."""


class NotOffered(CatchmentsError):
    """A client takes only media types in which an answer is not to be had."""


WHOLE_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": HIGHEST_NUMBER}
"""JSON Schema of a number that names or counts something."""
_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_MONTHS = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])"
)
DAY: Mapping[str, Any] = {
    "type": "string",
    "format": "date",
    "pattern": f"^({_YEAR}-({_MONTHS})|{_LEAP}-02-29)$",
}
"""JSON Schema of a date of the calendar: few tools hold a text to its `format`."""
SAYS_SOMETHING = r"[^\x00-/:-@\[-`{-\x7f]"
"""A letter or a digit, or what is not ASCII: of punctuation alone no place is made."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, or of the address where `place` is “path”."""

    name: str
    about: str
    schema: Mapping[str, Any]
    """JSON Schema (2020-12) of its value."""
    required: bool = False
    place: str = "query"


@dataclass(frozen=True)
class Operation:
    """What one route promises."""

    about: str
    """The first line of the view's docstring."""
    details: str
    """What else its docstring says; empty where it is that line alone."""
    parameters: tuple[Parameter, ...]
    returns: Mapping[str, Any]
    """Media type → type of the body (a TypedDict or a msgspec Struct), None for other text."""
    example: str
    """An address whose present answer is shown as the example; none if empty.

    `{school}`, `{catchment}`, `{provider}` and `{edition}` in it are filled in with one that there
    is in the edition in force.
    """
    tag: str
    accepts: Mapping[str, Any] = field(default_factory=dict)
    """Media type → type of a request's body."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """Media type → a request's body whose present answer is shown as the example."""
    ways: tuple[Collection[str], ...] = ()
    """Parameters that go together, of which exactly one group must be given; empty if free."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """What it returns, without parameters such as charset."""
        return tuple(each.partition(";")[0] for each in self.returns)


def operation(
    *parameters: Parameter,
    returns: Mapping[str, Any],
    tag: str,
    example: str = "",
    accepts: Mapping[str, Any] | None = None,
    asks: Mapping[str, str] | None = None,
    ways: Collection[Collection[str]] = (),
) -> Callable[[View], View]:
    """Return a decorator that writes down what a view promises."""

    def mark(view: View) -> View:
        about, _, details = inspect.cleandoc(view.__doc__ or "").partition("\n")
        made = Operation(
            about,
            " ".join(details.split()),
            parameters,
            dict(returns),
            example,
            tag,
            dict(accepts or {}),
            dict(asks or {}),
            tuple(ways),
        )
        setattr(view, _PROMISE, made)
        return view

    return mark


def promised_by(view: Callable[..., Any] | None) -> Operation | None:
    """Return what a view promises, or None."""
    return getattr(view, _PROMISE, None)


def hold_to_promise() -> None:
    """Refuse a request for what its route does not promise.

    Raises InputRefused for a parameter that it does not know, NotOffered where it has nothing that
    the client takes.
    """
    promised = _promised()
    if promised is None or request.method == "OPTIONS":
        return  # a browser asks with the address that it means to use, and learns of it then
    allowed = {each.name for each in promised.parameters if each.place == "query"}
    refuse_unknown_or_repeated(request.args, allowed)
    # The older addresses have always answered in JSON; an ending counts for more than Accept.
    if request.path.startswith(STABLE) and "ending" not in (request.view_args or {}):
        _refuse_what_is_not_offered(promised)


def say_language(response: Response) -> Response:
    """Say in which language an answer is, and that it may come in several forms."""
    promised = _promised()
    if "Content-Language" not in response.headers:
        response.headers["Content-Language"] = SPOKEN
    refusable = request.path.startswith(STABLE)  # by 406: a cache must not give it this instead
    if promised is not None and (refusable or len(promised.returns) > 1):
        response.vary.add("Accept")
    return response


def _promised() -> Operation | None:
    return promised_by(current_app.view_functions.get(request.endpoint or ""))


def _refuse_what_is_not_offered(promised: Operation) -> None:
    taken, offered = request.accept_mimetypes, promised.media_types
    if not taken or not offered or taken.best_match(offered):
        return
    if taken["application/json"] and any(each.endswith("+json") for each in offered):
        return  # whoever reads JSON reads GeoJSON
    raise NotOffered(
        f"This address has nothing that is {shown(request.headers['Accept'])}.",
        allowed=f"It is offered as {', '.join(offered)}.",
        next_step="Name one of these in the header Accept, or leave it out.",
    )
