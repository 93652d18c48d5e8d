"""What is laid on paper or side by side: a draft or an edition, its impact and its pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from flask_babel import gettext
from markupsafe import Markup

from catchments.core.model import Edition, EditionSummary, Provider, code_of
from catchments.editions.announcements import notices_of
from catchments.editions.differences import SchoolChange
from catchments.editions.impact.answering import touched_codes
from catchments.editions.impact.tables import Impact
from catchments.editions.impact.world import snapshot_after
from catchments.lookup.snapshot import Snapshot
from catchments.runtime.recent import Recent
from catchments.store.outbox.notices import Announcement
from catchments.web.common.services import service
from catchments.web.pages.edition_history import history_of
from catchments.web.pages.map import drawing
from catchments.web.staff.pages import draft_view, impact
from catchments.web.staff.pages.draft_view import DraftState
from maps.differences import display_differences, pictures

CODES_DRAWN = 40


@dataclass(frozen=True)
class Standing:
    """What an edition changes, or would change, beside the one that it follows."""

    base: Snapshot
    after: Snapshot
    found: Impact
    starts: date | None
    """From when it is in force; None where that is not chosen yet."""
    reason: str
    key: tuple[object, ...]
    """The same for the same; what is worked out of it is kept under it."""
    is_withdrawal: bool = False
    """Whether it comes into force because another is withdrawn: then nothing blocks it."""

    @cached_property
    def words(self) -> str:
        """The impact in a few sentences."""
        editions = (self.base.edition, self.after.edition)
        return impact.words_of(
            self.found,
            impact.beside_boundaries(*editions, self.base.release),
            nothing=gettext("Nothing changes."),
            of_publication=not self.is_withdrawal,
        )

    def provider(self, code: str, *, after: bool) -> Provider | None:
        """Return who serves a catchment, before or after."""
        edition = (self.after if after else self.base).edition
        return edition.provider_of(edition.catchments.get(code))

    @property
    def changes(self) -> tuple[SchoolChange, ...]:
        """The schools whose provider changes, then those whose catchment alone does."""
        return (*self.found.moved, *self.found.relisted)

    def told(self) -> list[Announcement]:
        """Return what is told once it is published; of a first edition nobody is told."""
        if self.base.edition.number is None:
            return []
        starts = self.starts or self.found.on
        return notices_of(self.base, self.after, effective_from=starts, reason=self.reason)

    def pictures(self) -> tuple[Markup, Markup]:
        """Return two pictures, before and after; empty where there is nothing to draw."""
        if self.base.edition.number is None:
            return Markup(), Markup()
        kept = _recent().get(("pictures", *self.key), self._pictures)
        return Markup(kept[0]), Markup(kept[1])  # noqa: S704 - numbers and escaped text

    def _pictures(self) -> tuple[str, str]:
        world = service().snapshots.current()
        known = drawing(world, self.base)
        if known is None:
            return "", ""
        before, after = self.base.edition, self.after.edition
        touched = touched_codes(before, after, self.found.comparison)
        labels = (
            gettext("Map of the catchments before the change"),
            gettext("Map of the catchments after the change"),
        )
        return pictures(
            known,
            (before, after),
            display_differences(before, after, touched),
            codes=sorted(self._codes(touched))[:CODES_DRAWN],
            schools=[c.school.place for c in self.changes if c.school.place],
            labels=labels,
        )

    def _codes(self, touched: Iterable[str]) -> set[str]:
        """Return the catchments to bring out: redrawn, served by another, or with moved schools."""
        known = {*self.base.edition.catchments, *self.after.edition.catchments}
        served = {
            code
            for code in known
            if code_of(self.provider(code, after=False)) != code_of(self.provider(code, after=True))
        }
        sides = (side.catchment for c in self.changes for side in (c.before, c.after))
        return {*touched, *served, *(each.code for each in sides if each)}


def of_draft(worked: DraftState) -> Standing:
    """Return a draft with its impact."""
    base, draft = impact.base_of(worked), worked.draft
    key = ("draft", draft.id, draft.version, worked.release.number)
    after = _recent().get(
        ("world", *key), lambda: snapshot_after(base, worked.content, impact.answers_of(worked))
    )
    return Standing(base, after, impact.impact_of(worked), draft.effective_from, draft.reason, key)


def of_edition(summary: EditionSummary) -> Standing | None:
    """Return an edition with its impact; None for a first one, which follows nothing."""
    world = service().snapshots.current()
    before = history_of(world).before(summary)
    release = world.timeline.release_on(summary.effective_from)
    if before is None or release is None:
        return None
    base = world.numbered(before.number, release.number)
    content = service().store.edition(summary.number)
    key = ("edition", summary.number, before.number, release.number)
    return following(base, content, summary.effective_from, summary.reason, key)


def following(
    base: Snapshot, content: Edition, starts: date, reason: str, key: tuple[object, ...]
) -> Standing:
    """Return what a content changes that follows a base from a date; `key` is one of its own."""
    bench, rates = impact.bench(), impact.stated_rates()
    scheduled = impact.scheduled_after(starts, content, base.edition)

    def after() -> Snapshot:
        return snapshot_after(base, content, bench.workbench.answers(base, content))

    found = _recent().get(
        ("impact", *key, repr(rates)),
        lambda: bench.workbench.impact(base, content, on=starts, rates=rates, scheduled=scheduled),
    )
    return Standing(base, _recent().get(("world", *key), after), found, starts, reason, key)


def draft_standing(draft_id: int) -> tuple[DraftState, Standing]:
    """Return a draft that still comes to something. Raises NotKnown, ChangeDoesNotFit."""
    worked = draft_view.working_on(draft_view.read(draft_id))
    return worked, of_draft(worked)


def _recent() -> Recent:
    return service().snapshots.current().recent
