"""Changes that staff make by hand: one step each, small enough to be read out.

A step names schools and catchments by number and code, so that it can be applied again to another
edition; where it no longer fits there it says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from shapely.geometry.base import BaseGeometry

from catchments.changes.naming import named
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Catchment, Contract, Edition, Provider
from catchments.geometry import redrawing

UNKNOWN = Contract()


@dataclass(frozen=True)
class AssignProvider:
    """Another provider for a catchment, or for several at once: a contract that ends."""

    catchments: tuple[str, ...]
    provider: str


@dataclass(frozen=True)
class MoveSchools:
    """Schools listed in another catchment; where `to` is empty they belong to none."""

    schools: tuple[int, ...]
    to: str


@dataclass(frozen=True)
class TransferArea:
    """An area given to a catchment, with the listed schools that lie in it."""

    area: BaseGeometry
    """WGS 84, longitude -180…180."""
    to: str
    from_: tuple[str, ...] = ()
    """The catchments that give; every other one if empty."""
    schools: tuple[int, ...] = ()
    label: str = ""
    """What the area is to people: “drawn”, the names of suburbs, a file's name."""


@dataclass(frozen=True)
class MergeCatchments:
    """Several catchments made one; `into` is one of them and keeps its code and provider."""

    catchments: tuple[str, ...]
    into: str


@dataclass(frozen=True)
class SplitCatchment:
    """One catchment cut in two along a drawn line; what lies on one side is a new catchment."""

    catchment: str
    line: BaseGeometry
    """WGS 84, longitude -180…180; it runs in the order of its vertices."""
    new: Catchment
    side: Literal["left", "right"] = "left"
    schools: tuple[int, ...] = ()
    """The listed schools that the new catchment gets."""


@dataclass(frozen=True)
class RenameCatchment:
    """Another name for a catchment; its code stays."""

    catchment: str
    name: str


@dataclass(frozen=True)
class AddProvider:
    """A provider that the edition lacks."""

    provider: Provider
    contract: Contract = UNKNOWN


@dataclass(frozen=True)
class EditProvider:
    """Other details of a provider that the edition has."""

    provider: Provider
    contract: Contract = UNKNOWN


@dataclass(frozen=True)
class RetireProvider:
    """A provider taken off the list; its catchments have none until they get another."""

    provider: str


@dataclass(frozen=True)
class SetInSchoolProvision:
    """A note on some schools' own funded provision, or None where it ends."""

    schools: tuple[int, ...]
    note: str | None


@dataclass(frozen=True)
class RestoreEdition:
    """The whole content of an earlier edition, published anew."""

    number: int
    content: Edition


Step = (
    AssignProvider
    | MoveSchools
    | TransferArea
    | MergeCatchments
    | SplitCatchment
    | RenameCatchment
    | AddProvider
    | EditProvider
    | RetireProvider
    | SetInSchoolProvision
    | RestoreEdition
)


def with_step(edition: Edition, step: Step) -> Edition:
    """Return what a step makes of an edition.

    Raises ChangeDoesNotFit where it speaks of what the edition lacks, or has already.
    """
    made: Edition = _STEPS[type(step)](edition, step)  # type: ignore[operator]
    return made


# --- catchments and their schools -----------------------------------------------------------------


def _assigned(edition: Edition, step: AssignProvider) -> Edition:
    _refuse_unknown_catchments(edition, step.catchments)
    _refuse_unknown_providers(edition, [step.provider])
    given = {
        code: replace(edition.catchments[code], provider_code=step.provider)
        for code in step.catchments
    }
    return replace(edition, catchments={**edition.catchments, **given})


def _moved(edition: Edition, step: MoveSchools) -> Edition:
    if not step.to:
        kept = {s: c for s, c in edition.listings.items() if s not in set(step.schools)}
        return replace(edition, listings=kept, unserved=edition.unserved | set(step.schools))
    _refuse_unknown_catchments(edition, [step.to])
    return _listed_in(edition, step.schools, step.to)


def _transferred(edition: Edition, step: TransferArea) -> Edition:
    _refuse_unknown_catchments(edition, [step.to, *step.from_])
    boundaries = redrawing.transfer(edition.boundaries, step.area, to=step.to, from_=step.from_)
    givers = set(step.from_) or set(edition.catchments)
    moving = [s for s in step.schools if edition.listings.get(s) in givers]
    return _listed_in(replace(edition, boundaries=boundaries), moving, step.to)


def _merged(edition: Edition, step: MergeCatchments) -> Edition:
    _refuse_unknown_catchments(edition, step.catchments)
    gone = set(step.catchments) - {step.into}
    if step.into not in step.catchments or not gone:
        raise ChangeDoesNotFit(
            f"{named(step.catchments)} cannot become {shown(step.into)}.",
            allowed="Give two catchments or more, one of them the one that stays.",
            next_step="Choose the catchments again.",
        )
    boundaries = redrawing.merge(edition.boundaries, step.catchments, into=step.into)
    listings = {s: step.into if c in gone else c for s, c in edition.listings.items()}
    kept = {code: c for code, c in edition.catchments.items() if code not in gone}
    return replace(edition, catchments=kept, boundaries=boundaries, listings=listings)


def _split(edition: Edition, step: SplitCatchment) -> Edition:
    _refuse_unknown_catchments(edition, [step.catchment])
    if step.new.code in edition.catchments:
        raise ChangeDoesNotFit(
            f"The edition has a catchment {shown(step.new.code)} already.",
            next_step="Give the new catchment another code.",
        )
    if step.new.provider_code:
        _refuse_unknown_providers(edition, [step.new.provider_code])
    boundaries = redrawing.split(
        edition.boundaries, step.catchment, step.line, new=step.new.code, side=step.side
    )
    catchments = {**edition.catchments, step.new.code: step.new}
    made = replace(edition, catchments=catchments, boundaries=boundaries)
    moving = [s for s in step.schools if edition.listings.get(s) == step.catchment]
    return _listed_in(made, moving, step.new.code)


def _renamed(edition: Edition, step: RenameCatchment) -> Edition:
    _refuse_unknown_catchments(edition, [step.catchment])
    renamed = replace(edition.catchments[step.catchment], name=step.name)
    return replace(edition, catchments={**edition.catchments, step.catchment: renamed})


def _listed_in(edition: Edition, schools: Iterable[int], code: str) -> Edition:
    moved = dict.fromkeys(schools, code)
    return replace(
        edition,
        listings={**edition.listings, **moved},
        unserved=edition.unserved - set(moved),
    )


# --- providers ------------------------------------------------------------------------------------


def _with_provider(edition: Edition, step: AddProvider) -> Edition:
    if step.provider.code in edition.providers:
        raise ChangeDoesNotFit(
            f"The edition has a provider {shown(step.provider.code)} already.",
            next_step="Edit that one, or give the new one another code.",
        )
    return _described(edition, step.provider, step.contract)


def _with_details(edition: Edition, step: EditProvider) -> Edition:
    _refuse_unknown_providers(edition, [step.provider.code])
    return _described(edition, step.provider, step.contract)


def _described(edition: Edition, provider: Provider, contract: Contract) -> Edition:
    contracts = {**edition.contracts, provider.code: contract}
    if contract == UNKNOWN:
        del contracts[provider.code]
    return replace(
        edition, providers={**edition.providers, provider.code: provider}, contracts=contracts
    )


def _without_provider(edition: Edition, step: RetireProvider) -> Edition:
    _refuse_unknown_providers(edition, [step.provider])
    left = {
        code: replace(c, provider_code=None) if c.provider_code == step.provider else c
        for code, c in edition.catchments.items()
    }
    return replace(
        edition,
        catchments=left,
        providers={k: p for k, p in edition.providers.items() if k != step.provider},
        contracts={k: c for k, c in edition.contracts.items() if k != step.provider},
    )


def _with_provision(edition: Edition, step: SetInSchoolProvision) -> Edition:
    kept: Mapping[int, str] = {
        s: note for s, note in edition.in_school_provision.items() if s not in set(step.schools)
    }
    given = {} if step.note is None else dict.fromkeys(step.schools, step.note)
    return replace(edition, in_school_provision={**kept, **given})


def _restored(edition: Edition, step: RestoreEdition) -> Edition:
    return replace(
        step.content,
        number=edition.number,
        title=edition.title,
        reason=edition.reason,
        effective_from=edition.effective_from,
    )


# --- refusals -------------------------------------------------------------------------------------


def _refuse_unknown_catchments(edition: Edition, codes: Collection[str]) -> None:
    unknown = [code for code in codes if code not in edition.catchments]
    if unknown or not codes:
        raise ChangeDoesNotFit(
            f"The edition lacks the catchment {named(unknown)}."
            if unknown
            else "No catchment is named.",
            allowed=f"It has {len(edition.catchments)} catchments.",
            next_step="Choose one of them; another change may have merged or renamed it.",
        )


def _refuse_unknown_providers(edition: Edition, codes: Collection[str]) -> None:
    unknown = [code for code in codes if code not in edition.providers]
    if unknown:
        raise ChangeDoesNotFit(
            f"The edition lacks the provider {named(unknown)}.",
            allowed=f"It has {len(edition.providers)} providers.",
            next_step="Choose one of them, or add the provider first.",
        )


_STEPS = {
    AssignProvider: _assigned,
    MoveSchools: _moved,
    TransferArea: _transferred,
    MergeCatchments: _merged,
    SplitCatchment: _split,
    RenameCatchment: _renamed,
    AddProvider: _with_provider,
    EditProvider: _with_details,
    RetireProvider: _without_provider,
    SetInSchoolProvision: _with_provision,
    RestoreEdition: _restored,
}
