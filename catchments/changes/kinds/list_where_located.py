"""Schools on no list, listed in the catchment that they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from catchments.changes import naming
from catchments.changes.change import Change
from catchments.changes.edition_parts import refuse_unknown_catchments
from catchments.core.model import Answer, Basis, Edition, SchoolStatus


@dataclass(frozen=True)
class ListWhereLocated(Change):
    """Schools listed in the catchment that they lie in, as it was when the change was made.

    In an edition that has a school on its list, or declares it unserved, that stays.
    """

    tag = "list schools where they lie"

    listings: Mapping[int, str]
    """School number → code of the catchment whose boundary covers its place; by number."""

    @classmethod
    def of(cls, answers: Mapping[int, Answer]) -> ListWhereLocated:
        """Return what lists every open school that is located; `answers` are one edition's.

        None that is listed, declared unserved, only nearest, in two catchments or without a place.
        """
        return cls(
            {
                number: answer.catchment.code
                for number, answer in sorted(answers.items())
                if answer.basis is Basis.LOCATED and answer.catchment
                if answer.school and answer.school.status is SchoolStatus.OPEN
            }
        )

    def apply(self, edition: Edition) -> Edition:
        settled = {*edition.listings, *edition.unserved}
        new = {school: code for school, code in self.listings.items() if school not in settled}
        if new:
            refuse_unknown_catchments(edition, sorted(set(new.values())))
        return replace(edition, listings={**edition.listings, **new})

    def describe(self, edition: Edition) -> str:
        return f"{naming.schools(list(self.listings))} listed where they lie."
