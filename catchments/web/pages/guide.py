"""The guide on when to ask for support: one page that advises without asking the server again.

The page holds every question and every advice; a style sheet made from the guide's rules shows what
applies to the options chosen. So nothing that anybody chooses leaves the page, and none of it needs
JavaScript. `catchments.lookup.guidance.advise` says in Python what the style sheet must show.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import cache

import msgspec
from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from markupsafe import Markup, escape

from catchments.core.errors import NotKnown, shown
from catchments.core.model import Answer
from catchments.lookup.guidance import Condition, Guide, guide_on, shipped_guides
from catchments.lookup.snapshot import AsAt
from catchments.web.common.cache_control import A_MINUTE, FOR_GOOD
from catchments.web.common.i18n import TE_REO
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import (
    page_parameters,
    refuse_unknown_or_repeated,
    school_id,
)
from catchments.web.common.services import as_at, kept_by_content, public_page
from catchments.web.pages.home import why_of
from catchments.web.pages.machines.structured_data import is_certain
from catchments.web.spoken.catalogues import IN_ENGLISH, translated
from catchments.web.spoken.catalogues import tell as _
from catchments.web.spoken.dates import long_date

blueprint = Blueprint("guide", __name__)

SHOW_UNDECIDED = ".undecided { display: revert }"


@blueprint.record_once
def _read_guides(_: BlueprintSetupState) -> None:
    # A file with a fault stops the start, where somebody sees it, and not the first visitor.
    shipped_guides()


@blueprint.get("/when-to-ask")
def page() -> Response:
    """Show the guide in force today; with `school`, the provider to call."""
    page_parameters(request.args, {"school"})
    asked = as_at()
    guide, answer = _guide(asked.day), _school_answer(asked)
    return public_page(
        asked,
        "guide.html",
        gettext("When to ask for support"),
        written=version_of(guide),
        guide=guide,
        version=version_of(guide),
        say=sayer(guide.te_reo),
        words=lambda when: in_words(guide, when),
        answer=answer,
        why=why_of(answer) if answer else "",
        certain=answer is not None and is_certain(answer),
    )


def _guide(day: date) -> Guide:
    guide = guide_on(day)
    if guide is None:
        first = long_date(shipped_guides()[0].effective_from)
        raise NotKnown(
            _("No guidance is in force on %(day)s.", day=long_date(day)),
            next_step=_("The first takes effect on %(day)s.", day=first),
        )
    return guide


def _school_answer(asked: AsAt) -> Answer | None:
    """Return who serves the school asked for. Raises InputRefused, NotKnown."""
    if "school" not in request.args:
        return None
    return school_answer(asked, school_id(request.args["school"], name="school"))


@blueprint.get("/when-to-ask/<effective_from>.css")
def styles(effective_from: str) -> Response:
    """Give the style sheet that shows the advice of the guide in force from a day."""
    refuse_unknown_or_repeated(request.args, {"v"})
    known = {guide.effective_from.isoformat(): guide for guide in shipped_guides()}
    if effective_from not in known:
        raise NotKnown(
            _("No guidance takes effect on %(day)s.", day=shown(effective_from)),
            next_step=_("Days are %(days)s.", days=", ".join(known)),
        )
    guide = known[effective_from]
    response = Response(style_sheet(guide), mimetype="text/css")
    # Its content may be corrected, but what it was is what its version names.
    kept = FOR_GOOD if request.args.get("v") == version_of(guide) else A_MINUTE
    return kept_by_content(response, kept)


# --- words ----------------------------------------------------------------------------------------


def sayer(te_reo: Collection[str]) -> Callable[[str], Markup]:
    """Return what makes markup of a guide's plain text, with these words marked as te reo Māori."""
    either = "|".join(re.escape(word) for word in sorted(te_reo, key=len, reverse=True))
    # Without words the pattern matches nowhere.
    word = re.compile(rf"\b({either})\b" if either else r"(?!)()", re.IGNORECASE)

    def say(text: str) -> Markup:
        found, is_english = translated(text)
        # Every second part is what the pattern caught.
        parts = enumerate(word.split(found) if found else ())
        marked = (TE_REO.format(part) if at % 2 else escape(part) for at, part in parts)
        return (IN_ENGLISH if is_english else Markup("{}")).format(Markup().join(marked))

    return say


def in_words(guide: Guide, when: Condition) -> list[tuple[str, list[str]]]:
    """Return a condition for people: how many of which options must be chosen, and their labels.

    Where an option stands alone there is nothing to say of how many.
    """
    given = (
        (gettext("all of") if len(when.all_of) > 1 else "", when.all_of),
        (gettext("at least one of") if len(when.any_of) > 1 else "", when.any_of),
        (gettext("none of"), when.none_of),
    )
    return [(how, [guide.labels[each] for each in ids]) for how, ids in given if ids]


# --- the style sheet ------------------------------------------------------------------------------


@cache
def version_of(guide: Guide) -> str:
    """Return a digest of all that a guide says."""
    return hashlib.sha256(msgspec.json.encode(guide)).hexdigest()[:12]


@cache
def style_sheet(guide: Guide) -> str:
    """Return the style sheet that shows of a guide's page what `advise` returns.

    A browser that knows no `:has()` is told to hide nothing, and shows all advice with its
    conditions in words.
    """
    shown_at_first = [".in-words, .outcome, .reason, .no-rule { display: none }", SHOW_UNDECIDED]
    lines = [*shown_at_first, *_still_to_answer(guide), *_reasons(guide), *_advices(guide)]
    return "\n".join(["@supports selector(:has(*)) {", *lines, "}", ""])


def _still_to_answer(guide: Guide) -> Iterator[str]:
    required = [question for question in guide.questions if question.answers == "one"]
    for question in required:
        yield _when(_chosen(question.option_ids), f".to-answer-{question.id} {{ display: none }}")
    everything = "".join(_chosen(question.option_ids) for question in required)
    yield _when(everything, ".to-answer { display: none }")
    yield _when(everything, ".no-rule { display: revert }")


def _reasons(guide: Guide) -> Iterator[str]:
    for advice in guide.advices:
        for at, rule in enumerate(advice.rules, start=1):
            yield _when(_compound(rule.when), f".reason-{advice.id}-{at} {{ display: revert }}")


def _advices(guide: Guide) -> Iterator[str]:
    # Every line weighs the same, so that the last one counts: the first advice comes last.
    for advice in reversed(guide.advices):
        rules = ", ".join(_compound(rule.when) or "*" for rule in advice.rules)
        applies = f"{_compound(advice.when)}:is({rules})"
        yield _when(applies, ".outcome { display: none }")
        yield _when(applies, f".outcome-{advice.id} {{ display: revert }}")


def _when(applies: str, then: str) -> str:
    # Within `:where()` a condition adds no weight, however many options it speaks of.
    return f":where(#guide{applies}) {then}"


def _compound(when: Condition) -> str:
    """Return a condition as pseudo-classes of the element around all options."""
    wanted = "".join(_chosen([each]) for each in when.all_of)
    wanted += _chosen(when.any_of) if when.any_of else ""
    return wanted + (f":not({_chosen(when.none_of)})" if when.none_of else "")


def _chosen(ids: Collection[str]) -> str:
    options = ", ".join(f"#option-{each}:checked" for each in sorted(ids))
    return f":has({options})"
