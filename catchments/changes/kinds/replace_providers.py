"""A list of providers, from a file: the whole of it, or some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catchments.changes.change import Change
from catchments.changes.comparison import in_short
from catchments.changes.edition_parts import with_more_sources, with_sources
from catchments.changes.naming import named
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind
from catchments.core.text_folding import folded


@dataclass(frozen=True)
class ReplaceProviders(Change):
    """A list of providers; `assignments` maps catchment code or name to provider code.

    Where it is not the complete list, providers that it does not name stay as they are.
    """

    tag = "replace providers"

    providers: Mapping[str, Provider]
    source: Source
    assignments: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    more_sources: tuple[Source, ...] = ()

    def apply(self, edition: Edition) -> Edition:
        catchments = dict(edition.catchments)
        for text, provider_code in self.assignments.items():
            code = _code_meant(text, edition.catchments)
            catchments[code] = replace(catchments[code], provider_code=provider_code)
        kept = {} if self.whole else edition.providers
        put = with_sources if self.whole else with_more_sources
        return replace(
            edition,
            catchments=catchments,
            providers={**kept, **self.providers},
            sources=put(edition.sources, SourceKind.PROVIDERS, (self.source, *self.more_sources)),
        )

    def describe(self, edition: Edition) -> str:
        done = "replaced" if self.whole else "read"
        differs = in_short(edition, self.apply(edition))
        return f"Providers {done} from a file: {len(self.providers):,} of them; {differs}."


def _code_meant(text: str, catchments: Mapping[str, Catchment]) -> str:
    if text in catchments:
        return text
    wanted = folded(text)
    by_code = [c.code for c in catchments.values() if folded(c.code) == wanted]
    meant = by_code or [c.code for c in catchments.values() if folded(c.name) == wanted]
    if not meant:
        raise ChangeDoesNotFit(
            f"The provider file speaks of a catchment {shown(text)}, which the edition lacks.",
            allowed=f"It has {len(catchments):,} catchments.",
            next_step="Correct the name in the file, or import the catchments first.",
        )
    if len(meant) > 1:
        raise ChangeDoesNotFit(
            f"The provider file speaks of a catchment {shown(text)}, and {len(meant)} are called "
            f"so: {named(sorted(meant))}.",
            next_step="Give the catchment's code in the file instead of its name.",
        )
    return meant[0]
