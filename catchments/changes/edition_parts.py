"""Parts of an edition that several kinds of change replace, and refusals of what it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from catchments.changes.naming import named
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Contract, Edition, Provider, Source, SourceKind

UNKNOWN = Contract()
"""What is known of a provider's contract where nobody has said anything."""


def listed_in(edition: Edition, schools: Iterable[int], code: str) -> Edition:
    """Return an edition with schools listed in a catchment, and so none of them unserved."""
    moved = dict.fromkeys(schools, code)
    return replace(
        edition,
        listings={**edition.listings, **moved},
        unserved=edition.unserved - set(moved),
    )


def served_by(edition: Edition, providers: Mapping[str, str]) -> Edition:
    """Return an edition with another provider for some catchments, by the catchment's code."""
    given = {
        code: replace(edition.catchments[code], provider_code=provider)
        for code, provider in providers.items()
    }
    return replace(edition, catchments={**edition.catchments, **given})


def with_provider(edition: Edition, provider: Provider, contract: Contract) -> Edition:
    """Return an edition with a provider's details; an unknown contract is none."""
    contracts = {**edition.contracts, provider.code: contract}
    if contract == UNKNOWN:
        del contracts[provider.code]
    return replace(
        edition, providers={**edition.providers, provider.code: provider}, contracts=contracts
    )


def with_sources(
    old: tuple[Source, ...], kind: SourceKind, new: tuple[Source, ...]
) -> tuple[Source, ...]:
    """Return an edition's sources with new ones in place of those of a kind."""
    return tuple(source for source in old if source.kind is not kind) + new


def with_more_sources(
    old: tuple[Source, ...], kind: SourceKind, new: tuple[Source, ...]
) -> tuple[Source, ...]:
    """Return an edition's sources with new ones beside those of a kind, in an order of their own.

    So that several files give the same, whichever comes first.
    """
    of_kind = {source for source in old if source.kind is kind}
    if of_kind.issuperset(new):
        return old
    again = {source.sha256 for source in new}  # the same file, declared otherwise
    kept = {source for source in of_kind if source.sha256 not in again}
    both = sorted(kept.union(new), key=lambda s: (s.release, s.file_name, s.sha256, s.title))
    return with_sources(old, kind, tuple(both))


def refuse_unknown_catchments(edition: Edition, codes: Collection[str]) -> None:
    """Raise ChangeDoesNotFit for codes of catchments that an edition lacks, or for none at all."""
    unknown = [code for code in codes if code not in edition.catchments]
    if unknown or not codes:
        raise ChangeDoesNotFit(
            f"The edition lacks the catchment {named(unknown)}."
            if unknown
            else "No catchment is named.",
            allowed=f"It has {len(edition.catchments)} catchments.",
            next_step="Choose one of them; another change may have merged or renamed it.",
        )


def refuse_unknown_provider(edition: Edition, code: str) -> None:
    """Raise ChangeDoesNotFit for the code of a provider that an edition lacks."""
    if code not in edition.providers:
        raise ChangeDoesNotFit(
            f"The edition lacks the provider {named([code])}.",
            allowed=f"It has {len(edition.providers)} providers.",
            next_step="Choose one of them, or add the provider first.",
        )
