"""The form of a change: what each has, whichever kind of change it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask_babel import LazyString

from catchments.changes.change import Change
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState

C = TypeVar("C", bound=Change)


@dataclass(frozen=True)
class ChangeForm(Generic[C]):
    """How one kind of change is made by hand; it works without a mouse and without JavaScript."""

    name: str
    """As in its address."""
    position: int
    """Among the forms that a draft's page offers, the lowest first."""
    title: LazyString
    hint: LazyString
    read: Callable[[FormReader, DraftState], C]
    """Raises FormRefused, or notes what is wrong with what was typed."""
    offer: Callable[[FormReader, DraftState], dict[str, Any]] = lambda _typed, _worked: {}
    """What its page offers to choose from."""
    preview: Callable[[FormReader, DraftState, C], dict[str, Any]] | None = None
    """What is shown beside its impact before it is added; it is then sent again, `confirmed`."""
    template: str = "change.html"
    explanation: LazyString = ""
    """What it does, above the fields."""


AnyChangeForm = ChangeForm[Any]
