"""What a route promises: its parameters, what it returns, an example; written once, beside it.

The OpenAPI document is made from these promises, and requests are held to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import current_app, request

from catchments.web.parameters import refuse_unknown_or_repeated

View = TypeVar("View", bound=Callable[..., Any])
_PROMISE = "operation"


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
    parameters: tuple[Parameter, ...]
    returns: Mapping[str, Any]
    """Media type → type of the body (a TypedDict or a msgspec Struct), None for other text."""
    example: str
    """An address whose present answer is shown as the example; none if empty."""
    tag: str
    accepts: Mapping[str, Any] = field(default_factory=dict)
    """Media type → type of a request's body."""


def promises(
    *parameters: Parameter,
    returns: Mapping[str, Any],
    tag: str,
    example: str = "",
    accepts: Mapping[str, Any] | None = None,
) -> Callable[[View], View]:
    """Return a decorator that writes down what a view promises."""

    def mark(view: View) -> View:
        about = (view.__doc__ or "").strip().splitlines()[0]
        made = Operation(about, parameters, dict(returns), example, tag, dict(accepts or {}))
        setattr(view, _PROMISE, made)
        return view

    return mark


def promised_by(view: Callable[..., Any] | None) -> Operation | None:
    """Return what a view promises, or None."""
    return getattr(view, _PROMISE, None)


def hold_to_promise() -> None:
    """Refuse a request with a parameter that its route does not know. Raises InputRefused."""
    promised = promised_by(current_app.view_functions.get(request.endpoint or ""))
    if promised:
        allowed = {each.name for each in promised.parameters if each.place == "query"}
        refuse_unknown_or_repeated(request.args, allowed)
