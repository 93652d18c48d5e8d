"""Dated guidance on when to ask for support: questions, rules and advice, read from files.

The Ministry adjusts the criteria to manage demand, so that they are content: a YAML file for each
guide in `data/guidance/`, named after the day from which it is in force. What may stand in a file
is what the classes here have as fields.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.lookup.dated_files import converted, parsed

FOLDER = Path(__file__).resolve().parents[2] / "data" / "guidance"

# --- what a guide is made of ----------------------------------------------------------------------

_ID = r"^[a-z][a-z0-9-]{0,39}\Z"
_TEXT = r"\S"
# Ids become parts of a page's ids and of its style sheet, where not every character may stand.
Id = Annotated[str, Meta(pattern=_ID)]
Text = Annotated[str, Meta(pattern=_TEXT)]
AtLeastOne = Meta(min_length=1)


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a guide comes from, as its page says it."""

    title: Text
    authority: Text
    licence: Text
    note: str = ""
    url: str = ""
    checked_on: date | None = None
    """When somebody compared the guide with it."""
    check_again_after: date | None = None


class Option(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers that a question offers."""

    id: Id
    label: Text
    hint: str = ""
    year_levels: tuple[int, int] | None = None
    """The first and the last year level that it stands for, where it stands for some."""


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with its options: `one` of them has to be chosen, or `any` may be."""

    id: Id
    legend: Text
    hint: str = ""
    answers: Literal["one", "any"]
    options: Annotated[tuple[Option, ...], AtLeastOne]

    @property
    def option_ids(self) -> frozenset[str]:
        """The ids of all its options."""
        return frozenset(option.id for option in self.options)

    @property
    def is_of_year_level(self) -> bool:
        """Whether a year level answers it, so that whoever gave one need not be asked."""
        return all(option.year_levels for option in self.options)

    def of_year_level(self, year: int) -> frozenset[str]:
        """Return the ids of its options that stand for a year level."""
        ranges = ((option.id, option.year_levels) for option in self.options)
        return frozenset(id_ for id_, years in ranges if years and years[0] <= year <= years[1])


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that must be chosen: all of some, at least one of others, none of others."""

    all_of: tuple[Id, ...] = ()
    any_of: tuple[Id, ...] = ()
    none_of: tuple[Id, ...] = ()

    @property
    def option_ids(self) -> frozenset[str]:
        """The ids of all options that it speaks of."""
        return frozenset((*self.all_of, *self.any_of, *self.none_of))


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition, and the reason that it is for the advice it belongs to."""

    when: Condition
    reason: Text


class Advice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guide may advise; it is given when `when` holds and at least one rule applies."""

    id: Id
    title: Text
    summary: Text
    when: Condition = Condition()
    rules: Annotated[tuple[Rule, ...], AtLeastOne]
    next_title: str = ""
    next_steps: tuple[Text, ...] = ()


class Undecided(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guide says before an advice is given."""

    title: Text
    summary: Text
    no_rule: Text
    """For when everything is answered and no rule applies."""


class Guide(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One guide, in force from a day until the next one is; `advices` in order of precedence."""

    effective_from: date
    source: Source
    te_reo: tuple[Text, ...] = ()
    """Words that a page marks as te reo Māori."""
    first: str = ""
    """What somebody should know before the first question."""
    questions: Annotated[tuple[Question, ...], AtLeastOne]
    advices: Annotated[tuple[Advice, ...], AtLeastOne]
    undecided: Undecided
    have_ready: Annotated[tuple[Text, ...], AtLeastOne]
    where_to_ask: Text

    @property
    def labels(self) -> Mapping[str, str]:
        """The label of each option, by its id."""
        return {option.id: option.label for each in self.questions for option in each.options}


# --- which guide ----------------------------------------------------------------------------------


def guide_on(day: date) -> Guide | None:
    """Return the guide that ships with the service and is in force on a day; None before the first.

    Raises FileRefused where any guide that ships has a fault.
    """
    return in_force(shipped_guides(), day)


def in_force(guides: Iterable[Guide], day: date) -> Guide | None:
    """Return the guide with the latest `effective_from` that is not after a day."""
    begun = (guide for guide in guides if guide.effective_from <= day)
    return max(begun, key=lambda guide: guide.effective_from, default=None)


@cache
def shipped_guides() -> tuple[Guide, ...]:
    """Return all guides that ship with the service; the files are read once. Raises FileRefused."""
    return read_guides(FOLDER)


# --- advising ------------------------------------------------------------------------------------


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
    """Raise InputRefused for answers that a guide does not take together, or not at all."""
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


# --- reading --------------------------------------------------------------------------------------


def read_guides(folder: Path) -> tuple[Guide, ...]:
    """Return the guides of a folder, the earliest first. Raises FileRefused."""
    guides = tuple(read_guide(path) for path in sorted(folder.glob("*.y*ml")))
    if not guides:
        raise FileRefused(
            f"The folder {shown(folder.name)} has no guidance in it.",
            allowed="A file for each guide is named after the day it takes effect.",
            next_step="Add one, such as 2026-01-05.yaml.",
        )
    return guides


def read_guide(path: Path) -> Guide:
    """Return the guide of a YAML file. Raises FileRefused."""
    guide = converted(path.name, parsed(path), Guide, _allowed)
    if path.name != f"{guide.effective_from}.yaml":
        raise FileRefused(
            f"{path.name}: effective_from is {guide.effective_from}.",
            allowed="A file must be named after the day from which its guide is in force.",
            next_step=f"Name it {guide.effective_from}.yaml or correct the day.",
        )
    faults = list(_faults(guide))
    if faults:
        raise FileRefused(
            f"{path.name}: {faults[0]}",
            allowed=f"Options are {', '.join(guide.labels)}.",
            next_step="Correct the file.",
            rows=faults,
        )
    return guide


_PARTS: Mapping[str, type[Struct]] = {
    "": Guide,
    "source": Source,
    "questions": Question,
    "options": Option,
    "advices": Advice,
    "rules": Rule,
    "when": Condition,
    "undecided": Undecided,
}
"""What stands under which key."""


def _allowed(said: str) -> str:
    """Return what may stand where the complaint says that something is amiss."""
    if _TEXT in said:
        return "A text must not be blank."
    if "matching regex" in said:
        return "An id is of small letters, digits and hyphens, a letter first, 40 at most."
    if "enum value" in said:
        return "It is one, where one option must be chosen, or any."
    place = said.rpartition("at `$")[2] if "at `$" in said else ""
    keys = [key for key in re.findall(r"[a-z_]+", place) if key in _PARTS]
    part = _PARTS[keys[-1] if keys else ""]
    return f"The keys there are {', '.join(part.__struct_fields__)}."


# --- what no type can say -------------------------------------------------------------------------


def _faults(guide: Guide) -> Iterator[str]:
    """Yield a sentence for each thing in a guide that contradicts another."""
    yield from _repeated("questions", (question.id for question in guide.questions))
    options = [option.id for question in guide.questions for option in question.options]
    yield from _repeated("options", options)
    for question in guide.questions:
        yield from _uneven(question)
    yield from _repeated("advices", (advice.id for advice in guide.advices))
    for advice in guide.advices:
        yield from _unknown(f"advices, {advice.id}, when", advice.when, options)
        for at, rule in enumerate(advice.rules, start=1):
            place = f"advices, {advice.id}, rule {at}"
            yield from _unknown(place, rule.when, options)
            yield from _useless(place, guide, advice.when, rule.when)


def _repeated(key: str, ids: Iterable[str]) -> Iterator[str]:
    for found, times in Counter(ids).items():
        if times > 1:
            yield f"{key}: the id {shown(found)} stands there {times} times, and may once."


def _uneven(question: Question) -> Iterator[str]:
    """Yield a sentence where year levels answer a question in part, or twice."""
    given = sorted(option.year_levels for option in question.options if option.year_levels)
    if given and len(given) < len(question.options):
        yield f"questions, {question.id}: some options have year_levels and others have none."
    if any(first > last for first, last in given):
        yield f"questions, {question.id}: year_levels are the first and the last, in that order."
    if any(before[1] >= after[0] for before, after in pairwise(given)):
        yield f"questions, {question.id}: two options stand for one year level."


def _unknown(place: str, when: Condition, options: list[str]) -> Iterator[str]:
    for found in sorted(when.option_ids.difference(options)):
        yield f"{place}: there is no option {shown(found)}."


def _useless(place: str, guide: Guide, general: Condition, own: Condition) -> Iterator[str]:
    """Yield a sentence where a rule applies always or can never apply."""
    if not general.option_ids | own.option_ids:
        yield f"{place}: it has no condition, so that nothing below it would ever be given."
    wanted = {*general.all_of, *own.all_of}
    for both in sorted(wanted.intersection((*general.none_of, *own.none_of))):
        yield f"{place}: {shown(both)} would have to be chosen and not chosen."
    for question in guide.questions:
        if question.answers == "one" and len(wanted & question.option_ids) > 1:
            yield f"{place}: it wants two answers to {shown(question.id)}, which takes one."
