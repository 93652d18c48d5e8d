"""Checks before publication: what stands in the way of an edition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catchments.changes.naming import listed, period
from catchments.changes.uncovered import Uncovered, is_accepted
from catchments.core.errors import long_date, shown
from catchments.core.model import (
    NOT_STATED,
    Answer,
    Catchment,
    Contract,
    Edition,
    Place,
    SchoolStatus,
    Source,
    SourceKind,
    Status,
)
from catchments.geometry.tiling.coverage import CoverageFault

UNCOVERED = "uncovered"
"""The kind of a concern about ground that was in a catchment and would be in none."""


@dataclass(frozen=True)
class Concern:
    """One thing that a person should look at before an edition is published, and where it is."""

    kind: str
    """Stable, for links and tests; the sentence is for people."""
    sentence: str
    place: Place | None = None
    codes: tuple[str, ...] = ()
    """Of the catchments concerned, or of the provider where there is none."""
    schools: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    """What is to be shown of the map around the place: west, south, east, north; 0…360."""
    as_before: bool = False
    """Whether it was so before the draft, too."""

    @property
    def key(self) -> str:
        """What tells it from the others in a link: its kind and what it is about."""
        about = self.codes or self.schools
        return f"{self.kind}:{about[0]}" if about else self.kind


def blocks(
    edition: Edition,
    answers: Mapping[int, Answer],
    faults: Sequence[CoverageFault],
    *,
    on: date | None = None,
    uncovered: Sequence[Uncovered] = (),
) -> list[Concern]:
    """Return each thing that forbids publishing an edition, with where it is; none means it may.

    `answers` are those of all schools in the directory; `faults` are the coverage's; `on` is the
    date from which it is to be in force, where that is known; `uncovered` is the ground that it
    loses of what the edition before it covers.
    """
    return [
        *([] if edition.catchments else [Concern("empty", "The draft has no catchments.")]),
        *_without_provider(edition),
        *(_outside_contract(edition, on) if on else ()),
        *_without_boundary(edition),
        *_unreached(edition, answers.values()),
        *_broken_coverage(edition, faults),
        *(_about(each, edition) for each in uncovered if not is_accepted(edition, each)),
        *_undeclared_sources(edition),
    ]


def _without_provider(edition: Edition) -> list[Concern]:
    return [
        Concern("no-provider", f"The catchment {c.name} ({c.code}) has no provider.", None, (code,))
        for code, c in edition.catchments.items()
        if c.provider_code is None or c.provider_code not in edition.providers
    ]


def _outside_contract(edition: Edition, on: date) -> list[Concern]:
    serving: dict[str | None, list[Catchment]] = {}
    for catchment in edition.catchments.values():
        serving.setdefault(catchment.provider_code, []).append(catchment)
    return [
        Concern(
            "outside-contract",
            f"The provider {edition.providers[code].name} ({code}) is to serve "
            f"{listed([c.name for c in serving[code]])} from {long_date(on)}, which is outside "
            f"its contract ({period(contract)}).",
            codes=tuple(c.code for c in serving[code]),
        )
        for code, contract in edition.contracts.items()
        if code in serving and code in edition.providers and not is_within(contract, on)
    ]


def is_within(contract: Contract, on: date) -> bool:
    """Whether a contract covers a day, as far as its first and last day are known."""
    return (contract.starts or on) <= on <= (contract.ends or on)


def _without_boundary(edition: Edition) -> list[Concern]:
    listed = set(edition.listings.values())
    return [
        Concern(
            "no-boundary",
            f"The catchment {c.name} ({c.code}) has neither a boundary nor a listed school.",
            codes=(c.code,),
        )
        for c in edition.catchments.values()
        if c.code not in edition.boundaries and c.code not in listed
    ]


def _unreached(edition: Edition, answers: Iterable[Answer]) -> list[Concern]:
    return [
        Concern(
            "unreached",
            _unreached_sentence(answer),
            answer.place,
            tuple(c.catchment.code for c in answer.candidates),
            (answer.school.school_id,),
        )
        for answer in answers
        if answer.school
        and answer.school.status is SchoolStatus.OPEN
        and answer.school.school_id not in edition.unserved
        and (answer.catchment is None or answer.status is Status.AMBIGUOUS)
    ]


def _unreached_sentence(answer: Answer) -> str:
    assert answer.school  # noqa: S101 - only answers for schools come here
    school = f"School {answer.school.school_id} {answer.school.name}"
    if answer.status is Status.AMBIGUOUS:
        names = " and ".join(c.catchment.name for c in answer.candidates)
        return f"{school} is in more than one catchment: {names}."
    why = "it has no recorded place" if answer.place is None else "it lies outside all of them"
    return f"{school} reaches no catchment: it is not listed and {why}."


def _broken_coverage(edition: Edition, faults: Sequence[CoverageFault]) -> list[Concern]:
    accepted = {
        "overlap": edition.overlaps_accepted,
        "gap": edition.gaps_accepted,
    }
    names = {code: catchment.name for code, catchment in edition.catchments.items()}
    return [
        Concern(
            fault.kind,
            f"The coverage is broken: {fault.sentence(names)}",
            fault.place,
            fault.codes,
        )
        for fault in faults
        if not accepted.get(fault.kind)
    ]


def accepted_losses(edition: Edition, uncovered: Iterable[Uncovered]) -> list[Concern]:
    """Return each loss of ground that an edition accepts, with the reason."""
    loss = edition.uncovered_accepted
    return [
        _about(each, edition, kind="uncovered-accepted", more=f" Accepted: {loss.reason}")
        for each in uncovered
        if loss and is_accepted(edition, each)
    ]


def _about(lost: Uncovered, edition: Edition, *, kind: str = UNCOVERED, more: str = "") -> Concern:
    said = f"{lost.sentence(edition)}{more}"
    return Concern(kind, said, lost.place, (lost.code,), lost.schools, box=lost.box)


def _undeclared_sources(edition: Edition) -> list[Concern]:
    declared = {source.kind for source in edition.sources}
    wanted = {
        SourceKind.BOUNDARIES: bool(edition.boundaries),
        SourceKind.LISTINGS: bool(edition.listings),
    }
    missing = [kind for kind, used in wanted.items() if used and kind not in declared]
    incomplete = [s for s in edition.sources if not _is_declared(s)]
    return [
        Concern("undeclared-source", f"The {kind} have no declared source.") for kind in missing
    ] + [
        Concern(
            "undeclared-source",
            f"The source {shown(s.title)} lacks its authority, its licence or its checksum: import "
            "it again, and give its authority and its licence.",
        )
        for s in incomplete
    ]


def _is_declared(source: Source) -> bool:
    licensed = source.licence not in {"", NOT_STATED}
    return bool(licensed and source.authority and source.sha256)
