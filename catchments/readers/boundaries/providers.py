"""Providers of a boundary file, matched to those known: by code, else by name, else made anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Provider
from catchments.core.text_folding import by_name, folded, matching_key
from catchments.readers.codes import GIVEN_AT_MOST, KnownCodes, provider_code
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.feature_fields import SaidOfProvider, web_address
from catchments.readers.formats.vectors.values import is_cut
from catchments.readers.report import Report

_WAYS = ("name", "phone", "email", "website")


@dataclass(frozen=True, slots=True)
class _Description:
    where: str
    said: SaidOfProvider


class Providers:
    """Gathers what a file's features say of providers, and tells who is meant by each."""

    def __init__(
        self, known: Mapping[str, Provider], declared: Mapping[str, str], report: Report
    ) -> None:
        """Take those known by code, and the names by code that files declare."""
        self._known, self._report = known, report
        self._names = {code: provider.name for code, provider in known.items()} | dict(declared)
        self._codes = KnownCodes(self._names)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for code, name in self._names.items():
            self._by_name[tidy(name)].append(code)
        self._by_folded = by_name((name, code) for code, name in self._names.items())
        self._descriptions: dict[str, list[_Description]] = defaultdict(list)
        self._made: dict[str, str] = {}
        self._taken = set(self._names)
        self._numbers: dict[str, int] = defaultdict(lambda: 1)

    def code_of(self, said: SaidOfProvider, where: str, *, before: str | None) -> str:
        """Return the code of who is meant; `before` is who served the catchment until now."""
        code = self._codes.meant(said.code) or self._code_by_name(said.name or "", where, before)
        if said.code and code != said.code:
            what = f"the provider's code {shown(said.code)} is taken for {shown(code)}"
            self._report.problem(where, what, "no other code is like it")
        if len(code) > GIVEN_AT_MOST:
            raise FileRefused(
                f"The provider's code {shown(code)} has {len(code)} characters: {where}.",
                allowed=f"It may have {GIVEN_AT_MOST}.",
                next_step="Shorten it, or name another column with --provider-code-field.",
            )
        self.describe(code, said, where)
        return code

    def describe(self, code: str, said: SaidOfProvider, where: str) -> None:
        """Note what is said of a provider somewhere."""
        self._descriptions[code].append(_Description(where, said))

    def described(self) -> dict[str, Provider]:
        """Return everybody that was spoken of, with what is known of each; differences are said."""
        found = {code: self._provider(code) for code in self._descriptions}
        self._report.count("providers", len(found))
        return found

    # --- who is meant -----------------------------------------------------------------------------

    def _code_by_name(self, name: str, where: str, before: str | None) -> str:
        exact = self._by_name.get(name, [])
        meant = exact or self._by_folded.get(matching_key(name), [])
        if len(meant) > 1 and before in meant:
            meant = [before]
        if len(meant) > 1:
            raise FileRefused(
                f"Several providers are called {shown(name)}: {', '.join(sorted(meant))}"
                f" ({where}).",
                next_step="Say which by its code, in a column provider_code.",
            )
        if not meant:
            return self._made_code(name)
        if not exact:
            spelled = self._names[meant[0]]
            what = f"the provider {shown(name)} is taken for {shown(spelled)}"
            self._report.problem(where, what, "its known spelling is kept")
        return meant[0]

    def _made_code(self, name: str) -> str:
        """Return a code that is nobody else's, the same for every spelling of a name."""
        key = matching_key(name)
        if key not in self._made:
            code = made = provider_code(name)
            while made in self._taken:
                self._numbers[code] += 1
                made = f"{code}-{self._numbers[code]}"
            self._made[key] = made
            self._taken.add(made)
        return self._made[key]

    # --- what is said of each ---------------------------------------------------------------------

    def _provider(self, code: str) -> Provider:
        known = self._known.get(code)
        values = {way: self._value(code, way, known) for way in _WAYS}
        if not values["name"]:
            where = self._descriptions[code][0].where
            raise FileRefused(
                f"The provider {shown(code)} has no name: {where}.",
                next_step="Name it, or say with --provider-field which field has providers' names.",
            )
        if known and values["name"] != known.name:
            where = self._descriptions[code][0].where
            what = f"the provider {shown(code)} is {shown(known.name)} until now"
            self._report.problem(where, what, f"renamed {shown(values['name'])}")
        return Provider(code, **values)

    def _value(self, code: str, way: str, known: Provider | None) -> str:
        """Return what is said of a provider in one way: what differs from before, if anything does.

        Where several say different things, and one of them what was known, the other is the change.
        """
        before = getattr(known, way) if known else None
        told: dict[str, _Description] = {}
        for each in self._descriptions[code]:
            if (text := self._said(each, way, before)) is not None:
                told.setdefault(text, each)
        if not told:
            return before or ""
        kept = next((text for text in told if text != before), next(iter(told)))
        for text, each in told.items():
            if text != kept:
                what = (
                    f"the provider {shown(self._names.get(code, '') or code)} is described"
                    f" differently: its {way} is {shown(text)}, and {shown(kept)} in"
                    f" {told[kept].where}"
                )
                self._report.problem(each.where, what, f"kept {shown(kept)}")
        return kept

    def _said(self, each: _Description, way: str, before: str | None) -> str | None:
        """Return what a description says in one way; what is known but for its spaces is that."""
        text: str | None = getattr(each.said, way)
        if text is None:
            return None
        if way == "name" and not each.said.code and before and folded(text) == folded(before):
            return before  # its spelling was said when it was matched
        if before is not None and text == tidy(before):
            return before
        if before is not None and is_cut(text, before):
            what = f"{shown(text)} is cut off where a Shapefile has no more room"
            self._report.problem(each.where, what, f"the known {way} is kept")
            return before
        if way != "website" or not text:
            return text
        if not web_address(text):
            what = f"{shown(text)} is no web address"
            self._report.problem(each.where, what, "left out")
        return web_address(text)
