"""What a change does, in a sentence: for drafts, history and the audit trail alike."""

from __future__ import annotations

from collections.abc import Sequence

from catchments.changes.replacing import ReplaceCatchments, ReplaceListings, ReplaceProviders
from catchments.changes.steps import (
    AddProvider,
    AssignProvider,
    EditProvider,
    MergeCatchments,
    MoveSchools,
    RenameCatchment,
    RestoreEdition,
    RetireProvider,
    SetInSchoolProvision,
    SplitCatchment,
    Step,
    TransferArea,
)
from catchments.core.model import Edition

NAMED_AT_MOST = 5

Change = ReplaceCatchments | ReplaceProviders | ReplaceListings | Step


def describe(change: Change, edition: Edition) -> str:
    """Return what a change does, in a sentence; `edition` is the one that it is applied to."""
    return _SENTENCES[type(change)](change, edition)  # type: ignore[operator, no-any-return]


def _assigned(change: AssignProvider, edition: Edition) -> str:
    who = _provider(change.provider, edition)
    return f"{_catchments(change.catchments, edition)}: served by {who} instead."


def _moved(change: MoveSchools, edition: Edition) -> str:
    to = f"to {_catchment(change.to, edition)}" if change.to else "to no catchment"
    return f"{_schools(change.schools)} moved {to}."


def _transferred(change: TransferArea, edition: Edition) -> str:
    label = f" ({change.label})" if change.label else ""
    from_ = f" from {_catchments(change.from_, edition)}" if change.from_ else ""
    also = f", with {_schools(change.schools)}" if change.schools else ""
    return f"An area{label} transferred{from_} to {_catchment(change.to, edition)}{also}."


def _merged(change: MergeCatchments, edition: Edition) -> str:
    gone = [code for code in change.catchments if code != change.into]
    return f"{_catchments(gone, edition)} merged into {_catchment(change.into, edition)}."


def _split(change: SplitCatchment, edition: Edition) -> str:
    also = f", with {_schools(change.schools)}" if change.schools else ""
    new = f"{change.new.name} ({change.new.code})"
    return f"{_catchment(change.catchment, edition)} split: {new} is new{also}."


def _renamed(change: RenameCatchment, edition: Edition) -> str:
    return f"{_catchment(change.catchment, edition)} renamed {change.name}."


def _added(change: AddProvider, _edition: Edition) -> str:
    return f"Provider {change.provider.name} ({change.provider.code}) added."


def _edited(change: EditProvider, edition: Edition) -> str:
    return f"Details of {_provider(change.provider.code, edition)} changed."


def _retired(change: RetireProvider, edition: Edition) -> str:
    return f"Provider {_provider(change.provider, edition)} retired."


def _provision(change: SetInSchoolProvision, _edition: Edition) -> str:
    if change.note is None:
        return f"In-school provision of {_schools(change.schools)} ended."
    return f"In-school provision of {_schools(change.schools)} set: {change.note}"


def _restored(change: RestoreEdition, _edition: Edition) -> str:
    return f"The content of edition {change.number} restored."


def _replaced_catchments(change: ReplaceCatchments, _edition: Edition) -> str:
    return f"Catchments replaced from a file: {len(change.catchments)} of them."


def _replaced_providers(change: ReplaceProviders, _edition: Edition) -> str:
    return f"Providers replaced from a file: {len(change.providers)} of them."


def _replaced_listings(change: ReplaceListings, _edition: Edition) -> str:
    return f"The list of schools replaced from a file: {len(change.listings)} of them."


def _catchment(code: str, edition: Edition) -> str:
    catchment = edition.catchments.get(code)
    return f"{catchment.name} ({code})" if catchment else code


def _catchments(codes: Sequence[str], edition: Edition) -> str:
    return _some([_catchment(code, edition) for code in codes])


def _provider(code: str, edition: Edition) -> str:
    provider = edition.providers.get(code)
    return f"{provider.name} ({code})" if provider else code


def _schools(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"school {numbers[0]}"
    return f"{len(numbers)} schools ({_some([str(n) for n in numbers])})"


def _some(things: Sequence[str]) -> str:
    shown, more = things[:NAMED_AT_MOST], len(things) - NAMED_AT_MOST
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


_SENTENCES = {
    AssignProvider: _assigned,
    MoveSchools: _moved,
    TransferArea: _transferred,
    MergeCatchments: _merged,
    SplitCatchment: _split,
    RenameCatchment: _renamed,
    AddProvider: _added,
    EditProvider: _edited,
    RetireProvider: _retired,
    SetInSchoolProvision: _provision,
    RestoreEdition: _restored,
    ReplaceCatchments: _replaced_catchments,
    ReplaceProviders: _replaced_providers,
    ReplaceListings: _replaced_listings,
}
