"""Withdrawal of a scheduled edition: what goes, what stays without it, who had been told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catchments.core.errors import NotKnown, PublicationRefused, long_date
from catchments.core.model import EditionSummary
from catchments.lookup.snapshot import Timeline


@dataclass(frozen=True)
class WithdrawalPlan:
    """What withdrawing an edition comes to: the inverse of publishing it."""

    edition: EditionSummary
    numbers: tuple[int, ...]
    """It, and what it was published anew from: its earlier forms would come into force instead."""
    before: EditionSummary | None
    """The edition that its changes were put on."""
    on_top: tuple[EditionSummary, ...]
    """Editions with its changes in them, in order: they are published anew without these."""

    @classmethod
    def of(cls, editions: Sequence[EditionSummary], number: int, *, today: date) -> WithdrawalPlan:
        """Return the plan for an edition by number.

        Raises NotKnown; PublicationRefused where answers were given from it, or where another
        stands for it.
        """
        edition = next((each for each in editions if each.number == number), None)
        if edition is None:
            raise NotKnown(
                f"There is no edition {number}.",
                next_step="See `flask editions list` for those there are.",
            )
        refuse_withdrawal(edition, today=today)
        _refuse_if_replaced(edition, [each for each in editions if each.withdrawn_at is None])
        numbers = forms_of(edition, editions)
        without = Timeline.of([each for each in editions if each.number not in numbers], [])
        before = put_on(edition, without.editions)
        if before and before.demonstration and not edition.demonstration:
            before = None  # nothing real is put on what is made up
        on_top = without.on_top_of(edition.effective_from, edition.number)
        return cls(edition, numbers, before, on_top)


def forms_of(edition: EditionSummary, editions: Sequence[EditionSummary]) -> tuple[int, ...]:
    """Return the numbers of an edition and of its other forms that were not withdrawn, in order."""
    return tuple(
        each.number
        for each in editions
        if each == edition or (_same_draft(each, edition) and each.withdrawn_at is None)
    )


def put_on(edition: EditionSummary, others: Sequence[EditionSummary]) -> EditionSummary | None:
    """Return which of others, in order, an edition's changes are put on, or None if it is first.

    Not an earlier form of one that was published anew on top of it: that has other changes in it.
    """
    place = (edition.effective_from, edition.number)
    before = [e for e in others if (e.effective_from, e.number) < place]
    return next((e for e in reversed(before) if not _later_forms(e, others)), None)


def replaced_by(
    edition: EditionSummary, editions: Sequence[EditionSummary]
) -> EditionSummary | None:
    """Return the edition that was published anew in an edition's place, or None."""
    return next(iter(_later_forms(edition, editions)), None)


def replaced(edition: EditionSummary, editions: Sequence[EditionSummary]) -> EditionSummary | None:
    """Return the edition that one was published anew in the place of, or None."""
    earlier = [e for e in editions if _same_draft(e, edition) and e.number < edition.number]
    return earlier[-1] if earlier else None


def _later_forms(
    edition: EditionSummary, editions: Sequence[EditionSummary]
) -> list[EditionSummary]:
    return [e for e in editions if _same_draft(e, edition) and e.number > edition.number]


def _same_draft(one: EditionSummary, other: EditionSummary) -> bool:
    return one.draft_id is not None and one.draft_id == other.draft_id


def refuse_withdrawal(edition: EditionSummary, *, today: date) -> None:
    """Refuse to withdraw an edition that answers have already been given from.

    Raises PublicationRefused.
    """
    if edition.withdrawn_at is not None:
        raise PublicationRefused(f"Edition {edition.number} has been withdrawn already.")
    if edition.effective_from <= today:
        raise PublicationRefused(
            f"Edition {edition.number} has been in force since "
            f"{long_date(edition.effective_from)}, and answers were given from it.",
            next_step="Only a scheduled edition can be withdrawn; publish a new one instead.",
        )


def _refuse_if_replaced(edition: EditionSummary, standing: Sequence[EditionSummary]) -> None:
    later = _later_forms(edition, standing)
    if later:
        raise PublicationRefused(
            f"Edition {edition.number} was published anew as edition {later[-1].number}, which "
            "stands for it.",
            next_step=f"Withdraw edition {later[-1].number}.",
        )
