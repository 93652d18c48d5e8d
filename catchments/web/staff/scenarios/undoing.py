"""Undoing and redoing of any one change: whether the later ones still fit, and what they do."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from flask_babel import gettext

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, InputRefused, shown
from catchments.lookup.values import whole_number
from catchments.store.drafts.reading import Step
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftRead


def position_given(steps: Sequence[Step], *, undone: bool) -> int | None:
    """Return which change a form names, else the last that holds, or that was undone, or None.

    Raises InputRefused.
    """
    text = request.form.get("position", "")
    number = whole_number(text)
    if text and number is None:
        raise InputRefused(
            f"The form's change is {shown(text)}.",
            field="position",
            next_step="Go back to the draft, load it again, and try again.",
        )
    if number is not None:
        return number
    last = next_to_redo(steps) if undone else next_to_undo(steps)
    return last.position if last else None


def next_to_undo(steps: Sequence[Step]) -> Step | None:
    """Return the last change that holds."""
    return next((step for step in reversed(steps) if not step.undone), None)


def next_to_redo(steps: Sequence[Step]) -> Step | None:
    """Return the change that was undone last."""
    undone = (step for step in steps if step.undone)
    return min(undone, key=lambda step: (-(step.undone_in or 0), step.position), default=None)


def sentences_after(found: DraftRead, steps: Sequence[Step], position: int) -> dict[int, str]:
    """Return what the later changes do once one is undone, or done again, where that differs.

    Raises ChangeDoesNotFit, naming the later change that does not fit then.
    """
    by_position = {step.position: step for step in steps}
    turned = by_position.get(position)
    if turned is None:
        return {}
    changes = draft_view.desk().changes(found.draft.id)
    content, anew = draft_view.beginning(found), {}
    for step in steps:
        if step.undone != (step is turned):
            continue  # it is undone then
        change = changes[step.position]
        try:
            following = draft_view.after(content, change)
        except CatchmentsError as error:
            raise _clash(turned, step, error) from error
        sentence = change.describe(content)
        if step.position > position and step.sentence and step.sentence != sentence:
            anew[step.position] = sentence
        content = following
    return anew


def _clash(turned: Step, later: Step, error: CatchmentsError) -> ChangeDoesNotFit:
    names = {"change": _called(turned), "later": _called(later), "problem": error.problem}
    if later is turned:
        return ChangeDoesNotFit(
            gettext("“%(change)s” does not fit any more. %(problem)s", **names),
            next_step=gettext("Nothing was done. Add the change anew instead."),
        )
    said = (
        gettext(
            "With “%(change)s” done again, the later change “%(later)s” does not fit. %(problem)s",
            **names,
        )
        if turned.undone
        else gettext(
            "Without “%(change)s” the later change “%(later)s” does not fit. %(problem)s", **names
        )
    )
    return ChangeDoesNotFit(said, next_step=gettext("Nothing was done. Undo the later one first."))


def _called(step: Step) -> str:
    return step.sentence or step.kind
