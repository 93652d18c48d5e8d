"""Two drafts side by side: in tables, on two maps, school by school where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from flask import Response, request
from flask_babel import gettext
from markupsafe import Markup

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, NotKnown
from catchments.core.model import Provider, School, code_of
from catchments.core.roles import Action
from catchments.core.text_folding import folded
from catchments.editions.impact.tables import Numbers, Row
from catchments.lookup.values import whole_number
from catchments.store import Draft
from catchments.store.drafts.records import OPEN
from catchments.web.accounts.access import requires
from catchments.web.common.query_parameters import page_parameters
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.draft_view import desk
from catchments.web.staff.scenarios.standing import Standing, draft_standing

FIRST = 100
"""Schools that are listed before the rest is folded away."""


@dataclass(frozen=True)
class Laid:
    """One of the two drafts, or why it comes to nothing."""

    draft: Draft
    standing: Standing | None
    problem: CatchmentsError | None = None

    @property
    def pictures(self) -> tuple[Markup, Markup]:
        """Before and after."""
        return self.standing.pictures() if self.standing else (Markup(), Markup())


@dataclass(frozen=True)
class Line:
    """A catchment or a provider, before and in each draft; None where it does not exist then."""

    code: str
    name: str
    before: Numbers | None
    one: Numbers | None
    other: Numbers | None
    served: tuple[str, str, str] | None = None
    """Of a catchment: who serves it, before and in each draft."""
    capacities: tuple[int | None, ...] = ()
    """Of a provider: the students that its contract is for, before and in each draft."""

    @property
    def differs(self) -> bool:
        """Whether the two drafts are not the same in it."""
        return any(
            each[1] != each[2]
            for each in (self.served, self.capacities, (None, self.one, self.other))
            if each
        )

    def is_as_before(self, side: int) -> bool:
        """Whether a draft, the first or the second, leaves it as it was; 0 is what was."""
        is_so = (False, self.one == self.before, self.other == self.before)[side]
        beside = (each for each in (self.served, self.capacities) if each)
        return is_so and all(each[side] == each[0] for each in beside)


@dataclass(frozen=True)
class SchoolLine:
    """A school that one of the drafts moves: by whom it is served before and in each."""

    school: School
    before: Provider | None
    one: Provider | None
    other: Provider | None

    @property
    def differs(self) -> bool:
        """Whether the two drafts give it to different providers."""
        return code_of(self.one) != code_of(self.other)


@blueprint.get("/drafts/compare")
@requires(Action.READ)
def compare_drafts() -> Response:
    """Lay two drafts side by side."""
    given = page_parameters(request.args, {"one", "other"})
    drafts = [each for each in desk().drafts() if each.state in OPEN]
    numbers = [whole_number(given.get(name, "")) for name in ("one", "other")]
    problem = _problem(numbers) if given else ""
    laid = () if problem or not given else tuple(_laid(n) for n in numbers if n is not None)
    first, second = (each.standing for each in laid) if laid else (None, None)
    both = (first, second) if first and second else None
    return staff_page(
        "staff/compare.html",
        gettext("Two drafts side by side"),
        options=_options(drafts, laid),
        asked=numbers,
        problem=problem,
        laid=laid,
        catchments=tuple(_catchments(*both)) if both else (),
        providers=tuple(_providers(*both)) if both else (),
        schools=_schools(*both) if both else (),
        same_base=bool(both) and len({each.draft.base_number for each in laid}) == 1,
        first=FIRST,
        error=bool(problem),
    )


def _problem(numbers: Sequence[int | None]) -> str:
    if None in numbers:
        chosen: str = gettext("Choose two drafts.")
        return chosen
    same: str = gettext("That is the same draft twice. Choose two different ones.")
    return same if numbers[0] == numbers[1] else ""


def _options(drafts: Sequence[Draft], laid: Sequence[Laid]) -> list[tuple[int, str]]:
    """Return the drafts to choose from: those that are open, and those that are looked at."""
    known = {each.id: each for each in [*(one.draft for one in laid), *drafts]}
    return [(n, f"{n}: {known[n].title}") for n in sorted(known, reverse=True)]


def _laid(number: int) -> Laid:
    """Return a draft. Raises NotKnown where there is none of the number."""
    head = desk().draft(number, unless=lambda _: True)
    try:
        return Laid(head, draft_standing(number)[1])
    except (ChangeDoesNotFit, NotKnown) as error:
        return Laid(head, None, error)


# --- tables ---------------------------------------------------------------------------------------


def _catchments(one: Standing, other: Standing) -> Iterator[Line]:
    for line in _lines(one.found.catchments, other.found.catchments):
        sides = ((one, False), (one, True), (other, True))
        names = [_name(side.provider(line.code, after=after)) for side, after in sides]
        served = (names[0], names[1], names[2])
        changed = len({*served}) > 1 or line.before != line.one or line.before != line.other
        if changed:
            yield Line(line.code, line.name, line.before, line.one, line.other, served)


def _providers(one: Standing, other: Standing) -> Iterator[Line]:
    editions = (one.base.edition, one.after.edition, other.after.edition)
    for line in _lines(one.found.providers, other.found.providers):
        contracts = [edition.contracts.get(line.code) for edition in editions]
        capacities = tuple(each.capacity if each else None for each in contracts)
        if len({line.before, line.one, line.other}) > 1 or len({*capacities}) > 1:
            yield replace(line, capacities=capacities)


def _lines(one: Iterable[Row], other: Iterable[Row]) -> list[Line]:
    """Return every row of either draft, by name."""
    ones, others = ({row.code: row for row in rows} for rows in (one, other))
    lines = []
    for code in {**ones, **others}:
        mine, theirs = ones.get(code), others.get(code)
        name = (mine or theirs or _NOBODY).name
        before = mine.before if mine else theirs.before if theirs else None
        one_after, other_after = (row.after if row else None for row in (mine, theirs))
        lines.append(Line(code, name, before, one_after, other_after))
    return sorted(lines, key=lambda line: (not line.differs, folded(line.name), line.code))


_NOBODY = Row("", "", None, None)


def _schools(one: Standing, other: Standing) -> tuple[SchoolLine, ...]:
    moved = {c.school.school_id: c.school for s in (one, other) for c in s.found.moved}
    lines = []
    for number, school in moved.items():
        served = [side.answers.get(number) for side in (one.base, one.after, other.after)]
        providers = [answer.provider if answer else None for answer in served]
        lines.append(SchoolLine(school, *providers))
    key = lambda line: (not line.differs, folded(line.school.name), line.school.school_id)  # noqa: E731
    return tuple(sorted(lines, key=key))


def _name(provider: Provider | None) -> str:
    none: str = gettext("no provider")
    return provider.name if provider else none
