"""What a guide advises, in Python: the style sheet of its page must show the same."""

from __future__ import annotations

from msgspec import Struct

from catchments.core.errors import InputRefused, shown
from catchments.lookup.guidance import Advice, Condition, Guide, Question, Rule


class Advised(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of some answers: an advice with its reasons, or none yet."""

    advice: Advice | None
    rules: tuple[Rule, ...]
    """The rules of the advice that apply; the reasons are theirs."""
    unanswered: tuple[Question, ...]
    """The questions that are still to be answered; an advice may be given before they are."""


def advise(guide: Guide, chosen: frozenset[str]) -> Advised:
    """Return the first advice of a guide that the options chosen give a reason for.

    Raises InputRefused for an option that the guide does not have, and for two answers to a
    question that takes one.
    """
    refuse_impossible(guide, chosen)
    unanswered = tuple(
        question
        for question in guide.questions
        if question.answers == "one" and chosen.isdisjoint(question.option_ids)
    )
    for advice in guide.advices:
        rules = tuple(rule for rule in advice.rules if holds(rule.when, chosen))
        if rules and holds(advice.when, chosen):
            return Advised(advice=advice, rules=rules, unanswered=unanswered)
    return Advised(advice=None, rules=(), unanswered=unanswered)


def refuse_impossible(guide: Guide, chosen: frozenset[str]) -> None:
    for unknown in sorted(chosen - guide.labels.keys()):
        raise InputRefused(
            f"There is no option {shown(unknown)} in the guide of {guide.effective_from}.",
            allowed=f"Its options are {', '.join(guide.labels)}.",
            next_step="Choose among them.",
        )
    for question in guide.questions:
        if question.answers == "one" and len(chosen & question.option_ids) > 1:
            raise InputRefused(
                f"The question {shown(question.legend)} has more than one answer.",
                field=question.id,
                allowed="It takes one.",
                next_step="Choose one of its options.",
            )


def holds(when: Condition, chosen: frozenset[str]) -> bool:
    """Return whether a condition is met by the options chosen."""
    return (
        chosen.issuperset(when.all_of)
        and (not when.any_of or not chosen.isdisjoint(when.any_of))
        and chosen.isdisjoint(when.none_of)
    )
