"""Before, after and the difference: catchment by catchment, provider by provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date
from operator import add, sub

from catchments.changes.comparison import Comparison
from catchments.changes.publication_checks import Concern
from catchments.changes.uncovered import Uncovered
from catchments.core.model import Answer, Contract, Edition, School, SchoolStatus, code_of
from catchments.core.text_folding import folded
from catchments.editions.differences import Assignment, SchoolChange
from catchments.editions.impact.rates import Rates
from catchments.lookup.resolver import is_closed


@dataclass(frozen=True, slots=True)
class Numbers:
    """How much belongs to a catchment or to a provider."""

    schools: int = 0
    students: int = 0
    """On the rolls of those schools, as far as the directory has them."""
    estimated_absent: float = 0.0
    """An estimate: each roll times the rate of its region."""
    area_km2: float = 0.0

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(*map(add, astuple(self), astuple(other)))

    def __sub__(self, other: Numbers) -> Numbers:
        return Numbers(*map(sub, astuple(self), astuple(other)))


NOTHING = Numbers()


@dataclass(frozen=True, slots=True)
class Row:
    """One catchment or provider; `before` or `after` is None where it does not exist then."""

    code: str
    name: str
    before: Numbers | None
    after: Numbers | None
    renamed: bool = False
    """Whether its name, region, provider or other details differ."""
    capacity: int | None = None
    """Of a provider: the chronically absent students that its contract is for, where it says so."""

    @property
    def difference(self) -> Numbers:
        """What it gains; what it loses is negative."""
        return (self.after or NOTHING) - (self.before or NOTHING)

    @property
    def changed(self) -> bool:
        """Whether anything about it differs."""
        return self.renamed or self.before != self.after


@dataclass(frozen=True)
class Impact:
    """All that a draft changes, blocks and warns of."""

    catchments: tuple[Row, ...]
    providers: tuple[Row, ...]
    moved: tuple[SchoolChange, ...]
    """Schools whose provider changes, by name."""
    relisted: tuple[SchoolChange, ...]
    """Schools whose catchment changes but not their provider, by name."""
    blocks: tuple[Concern, ...]
    """What publication would be refused for."""
    warnings: tuple[Concern, ...]
    comparison: Comparison
    rates: Rates
    on: date
    uncovered: tuple[Uncovered, ...] = ()
    """The ground that it loses, accepted or not."""


Answers = Mapping[int, Answer]


def counts(school: School, on: date) -> bool:
    """Whether a school is open on a date, or is to open by then."""
    if school.status is SchoolStatus.PROPOSED:
        return school.opens is not None and school.opens <= on
    return not is_closed(school, on=on)


def numbers_of(
    answers: Answers, rates: Rates, on: date
) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """Return schools, students and estimate by catchment, and by provider, of each answer."""
    by_catchment: dict[str, list[float]] = {}
    by_provider: dict[str, list[float]] = {}
    for answer in answers.values():
        school, catchment = answer.school, answer.catchment
        if school is None or catchment is None or not counts(school, on):
            continue
        roll = school.roll or 0
        absent = roll * rates.of(school.education_region or catchment.education_region)
        _add(by_catchment, catchment.code, roll, absent)
        if answer.provider:
            _add(by_provider, answer.provider.code, roll, absent)
    return _rounded(by_catchment), _rounded(by_provider)


def _add(sums: dict[str, list[float]], code: str, roll: int, absent: float) -> None:
    found = sums.setdefault(code, [0, 0, 0.0])
    found[0] += 1
    found[1] += roll
    found[2] += absent


def _rounded(sums: Mapping[str, list[float]]) -> dict[str, Numbers]:
    # So that the order of adding shows in no difference.
    return {code: Numbers(int(n), int(s), round(a, 6)) for code, (n, s, a) in sums.items()}


@dataclass(frozen=True)
class Side:
    """What belongs to each catchment and to each provider, before or after."""

    catchments: Mapping[str, Numbers]
    providers: Mapping[str, Numbers]

    @classmethod
    def of(
        cls, edition: Edition, answers: Answers, areas: Mapping[str, float], rates: Rates, on: date
    ) -> Side:
        """Add up the schools of an edition; `areas` is by catchment, in km²."""
        by_catchment, by_provider = numbers_of(answers, rates, on)
        catchments = {
            code: by_catchment.get(code, NOTHING) + Numbers(area_km2=areas.get(code, 0.0))
            for code in edition.catchments
        }
        providers = {code: by_provider.get(code, NOTHING) for code in edition.providers}
        for code, catchment in edition.catchments.items():
            if catchment.provider_code in providers:
                providers[catchment.provider_code] += Numbers(area_km2=areas.get(code, 0.0))
        return cls(catchments, providers)


def rows(
    before: Mapping[str, Numbers],
    after: Mapping[str, Numbers],
    names: Mapping[str, str],
    renamed: Iterable[str],
    contracts: Mapping[str, Contract] | None = None,
) -> tuple[Row, ...]:
    """Return a row for each code of either side, by name; with `contracts` it says capacities."""
    otherwise, known = set(renamed), contracts or {}
    capacities = {code: contract.capacity for code, contract in known.items()}
    made = (
        Row(
            code,
            names[code],
            before.get(code),
            after.get(code),
            code in otherwise,
            capacities.get(code),
        )
        for code in {**before, **after}
    )
    return tuple(sorted(made, key=lambda row: (folded(row.name), row.code)))


def moves(
    before: Answers, after: Answers, on: date
) -> tuple[tuple[SchoolChange, ...], tuple[SchoolChange, ...]]:
    """Return the schools whose provider changes, and those whose catchment alone does."""
    moved, relisted = [], []
    for number, new in after.items():
        old = before[number]
        if new is old or new.school is None or is_closed(new.school, on=on):
            continue
        change = SchoolChange(new.school, Assignment.of(old), Assignment.of(new))
        if change.changes_provider:
            moved.append(change)
        elif code_of(old.catchment) != code_of(new.catchment):
            relisted.append(change)
    return _by_name(moved), _by_name(relisted)


def _by_name(moved: Iterable[SchoolChange]) -> tuple[SchoolChange, ...]:
    return tuple(sorted(moved, key=lambda m: (folded(m.school.name), m.school.school_id)))
