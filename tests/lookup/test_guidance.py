"""The guide on when to ask for support: what it advises, when it is in force, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catchments.core.errors import FileRefused, InputRefused
from catchments.lookup.guidance import (
    FOLDER,
    Advised,
    Condition,
    Guide,
    Rule,
    advise,
    guide_on,
    holds,
    in_force,
    read_guide,
    read_guides,
    shipped_guides,
)

FIRST_DAY = date(2026, 1, 5)
GUIDE = shipped_guides()[-1]
"""The newest."""
READY = {"years-1-11", "enrolled", "chronic", "steps-done", "not-improving", "barrier-other"}
"""Chronic absence, own steps done, and no reason to wait."""
RISKS = ("referrals", "suspensions", "moves", "complex")
CIRCUMSTANCES = ("not-engaging", "not-worked", "moving", "sibling")


def advised(*chosen: str) -> str | None:
    advice = advise(GUIDE, frozenset(chosen)).advice
    return advice.id if advice else None


def reasons(*chosen: str) -> list[str]:
    return [rule.reason for rule in advise(GUIDE, frozenset(chosen)).rules]


# --- what the newest guide advises ----------------------------------------------------------------


@pytest.mark.parametrize("risk", RISKS)
def test_chronic_absence_with_other_risk_is_a_reason_to_ask_now(risk: str) -> None:
    assert advised(*READY, risk) == "ask-now"
    assert len(reasons(*READY, risk)) == 1


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_chronic_absence_in_some_circumstances_is_worth_considering(circumstance: str) -> None:
    assert advised(*READY, circumstance) == "consider"
    assert len(reasons(*READY, circumstance)) == 1


def test_chronic_absence_alone_is_worth_considering_once_own_steps_are_done() -> None:
    assert advised(*READY) == "consider"
    assert len(reasons(*READY)) == 1
    assert "Nothing that you ticked makes it pressing." in reasons(*READY)[0]


@pytest.mark.parametrize(
    ("instead_of", "chosen", "reason"),
    [
        ("steps-done", "steps-begun", "Your school’s own plan is not fully tried yet."),
        ("steps-done", "steps-none", "Your school has no plan of its own yet."),
        ("not-improving", "improving", "Attendance is improving. Keep on with what works."),
        ("barrier-other", "barrier-school", "The main barrier is at school"),
        ("barrier-other", "barrier-service", "Another service fits better."),
        ("chronic", "away-10", "the second threshold of STAR, 10 days a term"),
        ("chronic", "away-5", "the first threshold of STAR, 5 days a term"),
        ("chronic", "away-less", "below the first threshold of STAR, 5 days a term"),
    ],
)
def test_a_reason_to_wait_outweighs_all_risk(instead_of: str, chosen: str, reason: str) -> None:
    given = (READY - {instead_of}) | {chosen, *RISKS, *CIRCUMSTANCES}
    assert advised(*given) == "not-yet"
    assert len(reasons(*given)) == 1
    assert reason in reasons(*given)[0]


@pytest.mark.parametrize(
    ("instead_of", "chosen", "reason"),
    [
        ("years-1-11", "years-12-13", "funded for students in Years 1 to 11"),
        ("enrolled", "no-school", "Students without a school go through ENROL"),
        ("enrolled", "no-visa", "international students without a valid visa"),
        ("chronic", "single-class", "Skipping a single class is for your school"),
    ],
)
def test_what_is_not_for_the_service_outweighs_everything(
    instead_of: str, chosen: str, reason: str
) -> None:
    waiting = {"steps-none", "improving", "barrier-school"} | (
        READY & {"years-1-11", "enrolled", "chronic"}
    )
    given = (waiting - {instead_of}) | {chosen, *RISKS, *CIRCUMSTANCES}
    assert advised(*given) == "not-this-service"
    assert len(reasons(*given)) == 1
    assert reason in reasons(*given)[0]


def test_all_reasons_for_an_advice_are_given() -> None:
    assert len(reasons(*READY, *RISKS, "sibling")) == len(RISKS)
    assert len(reasons(*READY, *CIRCUMSTANCES)) == len(CIRCUMSTANCES)
    assert (
        len(
            reasons(
                "years-1-11", "enrolled", "away-5", "steps-begun", "improving", "barrier-school"
            )
        )
        == 4
    )


def test_not_yet_says_what_to_do_at_each_threshold() -> None:
    not_yet = next(advice for advice in GUIDE.advices if advice.id == "not-yet")
    days = [step.partition(" ")[0] for step in not_yet.next_steps]
    assert days == ["5", "10", "15"]


@pytest.mark.parametrize("risk", [(), ("complex",)])
@pytest.mark.parametrize("missing", sorted(READY))
def test_without_an_answer_that_matters_it_says_what_is_still_to_be_answered(
    missing: str, risk: tuple[str, ...]
) -> None:
    found = advise(GUIDE, frozenset((*(READY - {missing}), *risk)))
    question = next(each for each in GUIDE.questions if missing in each.option_ids)
    assert found == Advised(advice=None, rules=(), unanswered=(question,))


def test_before_the_first_answer_every_question_that_needs_one_is_to_be_answered() -> None:
    unanswered = advise(GUIDE, frozenset()).unanswered
    assert [question.id for question in unanswered] == [
        "years",
        "student",
        "attendance",
        "own-steps",
        "trend",
        "barrier",
    ]


def answers_to_all() -> Iterator[frozenset[str]]:
    """Every way to answer all questions that take one answer, with some of the others."""
    one = [sorted(each.option_ids) for each in GUIDE.questions if each.answers == "one"]
    ticks = (*RISKS, *CIRCUMSTANCES)
    some = list(chain.from_iterable(combinations(ticks, n) for n in (0, 1, 2, len(ticks))))
    return (frozenset((*chosen, *more)) for chosen in product(*one) for more in some)


def test_whoever_answers_everything_gets_an_advice_with_a_reason() -> None:
    found = [advise(GUIDE, chosen) for chosen in answers_to_all()]
    assert all(each.advice and each.rules for each in found)
    assert {each.advice.id for each in found if each.advice} == {
        advice.id for advice in GUIDE.advices
    }


ONE = [sorted(each.option_ids) for each in GUIDE.questions if each.answers == "one"]
TICKED = st.sets(st.sampled_from((*RISKS, *CIRCUMSTANCES)))
ANSWERED = st.tuples(*(st.sampled_from([None, *ids]) for ids in ONE))


@given(ANSWERED, st.tuples(*(st.sampled_from(ids) for ids in ONE)), TICKED)
def test_an_advice_that_is_given_early_stays_when_the_rest_is_answered(
    answered: tuple[str | None, ...], later: tuple[str, ...], ticked: set[str]
) -> None:
    early = frozenset(ticked.union(filter(None, answered)))
    whole = frozenset(ticked.union(now or then for now, then in zip(answered, later, strict=True)))
    advice = advise(GUIDE, early).advice
    assert advice in (None, advise(GUIDE, whole).advice)


@given(ANSWERED, TICKED)
def test_precedence_is_the_order_of_the_advices(
    answered: tuple[str | None, ...], ticked: set[str]
) -> None:
    chosen = frozenset(ticked.union(filter(None, answered)))
    each_alone = [advise(only(GUIDE, at), chosen).advice for at in range(len(GUIDE.advices))]
    apply = [advice for advice in each_alone if advice]
    turned = replace(GUIDE, advices=GUIDE.advices[::-1])
    assert advise(GUIDE, chosen).advice == (apply[0] if apply else None)
    assert advise(turned, chosen).advice == (apply[-1] if apply else None)


def only(guide: Guide, at: int) -> Guide:
    return replace(guide, advices=(guide.advices[at],))


@pytest.mark.parametrize(
    ("when", "chosen", "fits"),
    [
        (Condition(), "", True),
        (Condition(all_of=("a", "b")), "a", False),
        (Condition(all_of=("a", "b")), "a b c", True),
        (Condition(any_of=("a", "b")), "b", True),
        (Condition(any_of=("a", "b")), "c", False),
        (Condition(none_of=("a", "b")), "c", True),
        (Condition(none_of=("a", "b")), "b c", False),
        (Condition(all_of=("a",), any_of=("b", "c"), none_of=("d",)), "a c", True),
        (Condition(all_of=("a",), any_of=("b", "c"), none_of=("d",)), "a c d", False),
        (Condition(all_of=("a",), any_of=("b", "c"), none_of=("d",)), "a", False),
    ],
)
def test_a_condition_holds_for_what_is_chosen(when: Condition, chosen: str, fits: bool) -> None:
    assert holds(when, frozenset(chosen.split())) == fits


def test_answers_that_the_guide_does_not_offer_are_refused() -> None:
    with pytest.raises(InputRefused, match=r"There is no option “\{\{7") as refused:
        advise(GUIDE, frozenset({"enrolled", "{{7*191}}"}))
    assert "Its options are years-1-11, years-12-13, enrolled" in refused.value.allowed
    with pytest.raises(InputRefused, match="has more than one answer"):
        advise(GUIDE, frozenset({"enrolled", "no-visa"}))


# --- in force -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (FIRST_DAY - timedelta(days=1), None),
        (FIRST_DAY, FIRST_DAY),
        (date(2026, 6, 30), FIRST_DAY),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2030, 1, 1), date(2026, 7, 1)),
    ],
)
def test_the_guide_in_force_is_the_latest_that_has_begun(day: date, starts: date | None) -> None:
    later = replace(GUIDE, effective_from=date(2026, 7, 1))
    found = in_force([later, shipped_guides()[0]], day)
    assert (found.effective_from if found else None) == starts


def test_the_guide_that_ships_is_in_force_since_the_service_began() -> None:
    assert guide_on(FIRST_DAY - timedelta(days=1)) is None
    assert guide_on(FIRST_DAY) == shipped_guides()[0]


def test_a_guide_that_took_effect_stays_as_it_was_and_the_newest_asks_the_year_level_first() -> (
    None
):
    before = guide_on(GUIDE.effective_from - timedelta(days=1))
    assert before == shipped_guides()[-2]
    assert before.questions[0].id == "student"
    assert GUIDE.questions[0].id == "years"


def test_the_newest_guide_says_that_star_begins_anew_each_term() -> None:
    not_yet = next(advice for advice in GUIDE.advices if advice.id == "not-yet")
    assert "begin anew each term" in not_yet.next_title
    assert "begins anew each term" in GUIDE.questions[2].hint


def test_the_files_are_read_once() -> None:
    assert shipped_guides() is shipped_guides()


def test_what_ships_says_what_to_have_ready_and_where_to_ask() -> None:
    for guide in read_guides(FOLDER):
        assert len(guide.have_ready) >= 3
        assert "ENROL" in guide.where_to_ask
        assert "Ministry" in guide.source.authority
        assert "confirmed" in guide.source.note


# --- reading --------------------------------------------------------------------------------------

SMALL = """\
effective_from: 2026-07-01
source: {title: Small, authority: Nobody, licence: CC0}
questions:
  - id: colour
    legend: Which colour?
    answers: one
    options:
      - {id: red, label: Red}
      - {id: blue, label: Blue}
advices:
  - id: stop
    title: Stop
    summary: Wait.
    rules:
      - when: {all_of: [red]}
        reason: It is red.
undecided: {title: Unknown, summary: "Answer:", no_rule: Ask.}
have_ready: [A pen]
where_to_ask: Here.
"""


def written(folder: Path, text: str | bytes, name: str = "2026-07-01.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    guide = read_guide(written(tmp_path, SMALL))
    assert guide.effective_from == date(2026, 7, 1)
    assert guide.labels == {"red": "Red", "blue": "Blue"}
    assert guide.advices[0].rules == (Rule(when=Condition(all_of=("red",)), reason="It is red."),)


HOSTILE = (
    "{{7*191}}</script><img src=x onerror=alert(1)>",
    "' OR 1=1 --",
    "%(name)s %s 70%",
    "a" + "\u0301" * 5000,
    "\u202egnihton\u202c",
    "x" * 1_000_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_text(text: str, tmp_path: Path) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    guide = read_guide(written(tmp_path, SMALL.replace("It is red.", quoted)))
    assert guide.advices[0].rules[0].reason == text


OPTIONS = "{id: red, label: Red}\n      - {id: blue, label: Blue}"


def by_year(red: str, blue: str) -> str:
    of = OPTIONS.replace("Red", f"Red, year_levels: {red}")
    return of.replace("Blue", f"Blue, year_levels: {blue}")


FAULTS = [
    ("{all_of: [red]}", "{all_of: [rde]}", "advices, stop, rule 1: there is no option “rde”."),
    ("    rules:", "    when: {none_of: [x]}\n    rules:", "stop, when: there is no option “x”."),
    ("{all_of: [red]}", "{all_of: [rde]}", "Options are red, blue."),
    ("id: blue", "id: red", "options: the id “red” stands there 2 times, and may once."),
    ("        reason: It is red.\n", "", "missing required field `reason` - at `advices[0]"),
    ("        reason: It is red.\n", "", "The keys there are when, reason."),
    ("reason: It is red.", 'reason: " "', "A text must not be blank."),
    ("reason: It is red.", "reason: 70", "Expected `str`, got `int` - at `advices[0].rules[0]"),
    ("title: Stop", "title: No", "a text that looks like a number or a date needs quotes."),
    ("reason: It", "reson: It", "Object contains unknown field `reson`"),
    ("where_to_ask", "where", "The keys there are effective_from, source, te_reo,"),
    ("answers: one", "answers: two", "Invalid enum value 'two' - at `questions[0].answers`"),
    ("answers: one", "answers: two", "It is one, where one option must be chosen, or any."),
    ("id: red", 'id: "red;} *{"', "An id is of small letters, digits and hyphens"),
    ("id: red", 'id: "red\\n"', "An id is of small letters, digits and hyphens"),
    ("{all_of: [red]}", "{}", "rule 1: it has no condition"),
    ("{all_of: [red]}", "{all_of: [red, blue]}", "two answers to “colour”, which takes one."),
    (
        "{all_of: [red]}",
        "{all_of: [red], none_of: [red]}",
        "“red” would have to be chosen and not chosen.",
    ),
    (
        "rules:\n      - when: {all_of: [red]}\n        reason: It is red.",
        "rules: []",
        "length >= 1",
    ),
    ("effective_from: 2026-07-01", "effective_from: 2026-07-02", "Name it 2026-07-02.yaml"),
    ("effective_from: 2026-07-01", "effective_from: July", "`effective_from`"),
    ("where_to_ask: Here.", "where_to_ask: Here: there.", "line 19, column 19: mapping values"),
    ("where_to_ask: Here.", "where_to_ask: 'Here.", "line 20, column 1: found unexpected end"),
    ("title: Stop", "title: Stop\n    title: Go", "line 12, column 5: the key “title” stands"),
    ("title: Stop", "title: !!python/object/apply:os.getcwd []", "could not determine a constr"),
    ("title: Stop", "title: 2026-02-30", "day is out of range for month"),
    ("title: Stop", "title: \x00", "special characters are not allowed"),
    ("label: Blue", "label: Blue, year_levels: [1, 2]", "others have none"),
    (OPTIONS, by_year("[1, 9]", "[9, 13]"), "two options stand for one year level"),
    (OPTIONS, by_year("[1, 8]", "[13, 9]"), "the first and the last, in that order"),
    (SMALL, "", "Expected `object`, got `null`."),
    (SMALL, "- a\n- b\n", "Expected `object`, got `array`."),
    (SMALL, "[" * 5000, "2026-07-01.yaml"),
]


@pytest.mark.parametrize(("before", "after", "said"), FAULTS, ids=range(len(FAULTS)))
def test_a_faulty_file_is_refused_with_its_name_and_what_is_allowed(
    before: str, after: str, said: str, tmp_path: Path
) -> None:
    assert before in SMALL
    path = written(tmp_path, SMALL.replace(before, after, 1))
    with pytest.raises(FileRefused) as refused:
        read_guide(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith("2026-07-01.yaml")
    assert refused.value.next_step
    assert len(str(refused.value)) < 1000


def test_ids_of_questions_and_advices_are_each_given_once(tmp_path: Path) -> None:
    question = SMALL[SMALL.index("  - id: colour") : SMALL.index("advices:")]
    advice = SMALL[SMALL.index("  - id: stop") : SMALL.index("undecided:")]
    again = question.replace("red", "high").replace("blue", "low")
    twice = SMALL.replace(question, question + again).replace(advice, advice * 2)
    with pytest.raises(FileRefused) as refused:
        read_guide(written(tmp_path, twice))
    assert refused.value.rows == (
        "questions: the id “colour” stands there 2 times, and may once.",
        "advices: the id “stop” stands there 2 times, and may once.",
    )


@pytest.mark.parametrize("name", ["2026-07-01.yml", "guide.yaml"])
def test_a_file_that_is_not_named_after_its_day_is_refused(name: str, tmp_path: Path) -> None:
    written(tmp_path, SMALL, name)
    with pytest.raises(FileRefused, match=r"must be named after the day"):
        read_guides(tmp_path)


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"It must be YAML in UTF-8"):
        read_guide(
            written(tmp_path, SMALL.replace("Here", "Māori").encode("latin-1", "replace") + b"\xe9")
        )


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2026-07-01.yaml").mkdir()
    with pytest.raises(FileRefused, match=r"2026-07-01\.yaml: Is a directory\."):
        read_guides(tmp_path)


def test_a_folder_without_guidance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"has no guidance in it") as refused:
        read_guides(tmp_path)
    assert "2026-01-05.yaml" in refused.value.next_step


def test_guides_are_read_in_the_order_of_their_days(tmp_path: Path) -> None:
    days = ("2027-01-01", "2026-07-01", "2026-11-30")
    for day in days:
        written(tmp_path, SMALL.replace("2026-07-01", day), f"{day}.yaml")
    assert [str(guide.effective_from) for guide in read_guides(tmp_path)] == sorted(days)
