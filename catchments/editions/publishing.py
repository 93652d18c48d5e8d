"""Publishing: from a draft to an edition in force, checked whole and written whole.

The store is given everything in one transaction, so that a process killed at any moment leaves
either the edition before or the edition after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from catchments.changes.change import apply_all
from catchments.changes.publication_checks import (
    UNCOVERED,
    Concern,
    accepted_losses,
    blocks,
)
from catchments.changes.uncovered import Uncovered, accepted
from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, PublicationRefused, long_date
from catchments.core.model import Alias, DirectoryRelease, Edition, EditionSummary
from catchments.core.roles import COMMAND_LINE, Action
from catchments.editions.announcements import (
    corrections_of,
    notices_of,
    told_of,
    withdrawal_notices,
)
from catchments.editions.contracts import agreed_days, ending
from catchments.editions.differences import written_difference
from catchments.editions.uncovered import CountAddresses, bare_land, not_counted, uncovered
from catchments.editions.withdrawal import WithdrawalPlan
from catchments.geometry.tiling.coverage import find_faults
from catchments.lookup.snapshot import Snapshot, Timeline, boundaries_fingerprint
from catchments.readers.report import Progress, no_progress
from catchments.runtime.garbage import uncollected
from catchments.store import Artefact, Decision, Draft, Publication, Store, Withdrawal
from catchments.store.accounts.people import People
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.queue import Outbox

CHECKING = "Checking schools and coverage"


@dataclass(frozen=True)
class PublicationRequest:
    """What is to be published, and from when."""

    draft_id: int
    effective_from: date
    reason: str = ""
    reapply: bool = False
    """Whether to re-apply the draft's changes if its base is no longer the edition before it."""
    unserved: frozenset[int] = field(default_factory=frozenset)
    """Open schools that are to belong to no catchment."""
    accept_uncovered: str = ""
    """Why ground that the edition before it covers may be in no catchment; empty if it may not."""
    decision: Decision | None = None
    """Who of the staff decided it; None on the command line."""


@dataclass(frozen=True)
class WithdrawalRequest:
    """Which scheduled edition is to be withdrawn, why, and by whom."""

    number: int
    reason: str = ""
    by: str = COMMAND_LINE
    tell_again: bool = False
    """Whether those who were told of it are told that it is withdrawn."""


@dataclass(frozen=True)
class Order:
    """What a process of its own is to do: the one or the other."""

    publish: PublicationRequest | None = None
    withdraw: WithdrawalRequest | None = None


@dataclass(frozen=True)
class Outcome:
    """The numbers of the new editions, or why there are none."""

    numbers: list[int] = field(default_factory=list)
    problem: str = ""
    reasons: list[str] = field(default_factory=list)
    next_step: str = ""
    kind: str = ""
    """The class of the error."""

    @classmethod
    def refused(cls, error: CatchmentsError) -> Outcome:
        """Return what an error says."""
        reasons = list(getattr(error, "reasons", ()))
        return cls([], error.problem, reasons, error.next_step, type(error).__name__)


class Publisher:
    """Checks drafts against what is published, and publishes them.

    `make_artefacts` makes what is kept with an edition, of that and of the school directory release
    that it was checked against.
    """

    def __init__(
        self,
        store: Store,
        make_artefacts: Callable[[Snapshot], Sequence[Artefact]],
        maker: str,
        *,
        today: date,
        progress: Progress = no_progress,
        count_addresses: CountAddresses = not_counted,
    ) -> None:
        self._count_addresses = count_addresses
        self.notes: list[str] = []
        """What was accepted, and what does not forbid publication but should be known."""
        self._progress = progress
        self._store = store
        self._make_artefacts = make_artefacts
        self._maker = maker
        self._today = today
        self._state = store.state()
        self._timeline = Timeline.of(store.editions(), store.releases())
        self._built: list[tuple[Edition, Snapshot]] = []
        self._releases: dict[int, DirectoryRelease] = {}
        self._next_number = max((e.number for e in store.editions()), default=0) + 1

    def carried_out(self, order: Order) -> Outcome:
        """Publish or withdraw, and return what came of it; a refusal is no error here."""
        try:
            if order.withdraw is not None:
                return Outcome(self.withdraw(order.withdraw))
            return Outcome(self.publish(order.publish) if order.publish else [])
        except CatchmentsError as error:
            return Outcome.refused(error)

    @uncollected()
    def publish(self, request: PublicationRequest) -> list[int]:
        """Publish a draft and return the new editions' numbers.

        Editions already scheduled after it are published anew with their own changes on top of it.
        Raises PublicationRefused, with a reason for each thing in the way.
        """
        draft = self._store.draft(request.draft_id)
        self._refuse_unfit(request, draft)
        publications = [self._first(request, draft)]
        for later in self._timeline.on_top_of(request.effective_from):
            publications.append(self._reapplied(later, publications[-1].edition))
        made = [
            self._numbered(publication, at, self._directory(publication.effective_from))
            for at, publication in enumerate(publications)
        ]
        before = self._before(request, draft)
        told = self._corrected(self._told(before, made), made[0].edition.reason)
        ready = self._with_differences(told)
        return self._store.publish(ready, expected=self._state, decision=request.decision)

    @uncollected()
    def withdraw(self, request: WithdrawalRequest) -> list[int]:
        """Withdraw a scheduled edition, and return the numbers of those published anew without it.

        The inverse of publishing: editions that were published on top of it get their own changes
        on top of what was there before it. Raises NotKnown; PublicationRefused, naming the edition
        that does not fit without it.
        """
        plan = WithdrawalPlan.of(self._store.editions(), request.number, today=self._today)
        onto = self._store.edition(plan.before.number) if plan.before else Edition()
        first_base = plan.before.number if plan.before else None
        publications: list[Publication] = []
        for later in plan.on_top:
            publications.append(self._reapplied(later, onto, without=plan.edition))
            onto = publications[-1].edition
        made = [
            self._numbered(
                replace(publication, base_number=first_base),
                at,
                self._directory(publication.effective_from),
            )
            for at, publication in enumerate(publications)
        ]
        told = self._corrected(self._told(plan.before, made), request.reason) if made else []
        ready = self._with_differences(told) if told else []
        withdrawal = Withdrawal(
            plan.numbers, request.by, request.reason, self._again(request, plan)
        )
        return self._store.publish(ready, expected=self._state, withdrawal=withdrawal)

    def _again(self, request: WithdrawalRequest, plan: WithdrawalPlan) -> Sequence[Announcement]:
        """Return what those are told who had been told of what is withdrawn, if they are to be."""
        outbox = Outbox(self._store)
        rows = [row for number in plan.numbers for row in outbox.notices(number)]
        told = told_of(rows) if request.tell_again else []
        return withdrawal_notices(told, plan.edition, request.reason)

    @uncollected()
    def seed(
        self, edition: Edition, release: DirectoryRelease, aliases: Sequence[Alias] = ()
    ) -> list[int]:
        """Publish a whole edition with the directory release that it needs, and first aliases."""
        self._refuse_unless_sound(edition, release)
        assert edition.effective_from  # noqa: S101 - a whole edition says from when
        publication = Publication(edition, edition.effective_from, None)
        next_release = max((r.number for r in self._store.releases()), default=0) + 1
        numbered = replace(release, number=release.number or next_release)
        made = self._with_differences([self._numbered(publication, 0, numbered)], numbered)
        return self._store.publish(made, expected=self._state, release=release, called=aliases)

    def _told(
        self, before: EditionSummary | None, made: Sequence[Publication]
    ) -> list[Publication]:
        """Return publications with what is to be told of each, to schools and to providers."""
        if before is None:
            return list(made)  # nobody was served before
        release = self._directory(made[0].effective_from)
        old = self._snapshot(self._store.edition(before.number), release)
        told = []
        for publication in made:
            new = self._snapshot(publication.edition, release)
            starts, reason = publication.effective_from, publication.edition.reason
            notices = notices_of(old, new, effective_from=starts, reason=reason)
            told.append(replace(publication, notices=notices))
            old = new
        return told

    def _corrected(self, made: Sequence[Publication], reason: str) -> list[Publication]:
        """Return publications with what those are told who are told of an earlier form alone."""
        outbox, editions = Outbox(self._store), self._store.editions()

        def corrections(of: Publication) -> Sequence[Announcement]:
            forms = [e for e in editions if of.draft_id is not None and e.draft_id == of.draft_id]
            rows = [row for form in forms for row in outbox.notices(form.number)]
            if not rows:
                return ()
            return corrections_of(rows, of.notices, forms[-1], reason, today=self._today)

        return [replace(each, corrections=corrections(each)) for each in made]

    def _with_differences(
        self, made: Sequence[Publication], release: DirectoryRelease | None = None
    ) -> list[Publication]:
        """Return publications with what each changed among what is kept with it."""
        kept = []
        before = made[0].base_number and self._store.edition(made[0].base_number)
        for publication in made:
            seen = release or self._directory(publication.effective_from)
            old = self._snapshot(before, seen) if before else None
            found = written_difference(old, self._snapshot(publication.edition, seen))
            kept.append(replace(publication, artefacts=(*publication.artefacts, found)))
            before = publication.edition
        return kept

    def _refuse_unfit(self, request: PublicationRequest, draft: Draft) -> None:
        if draft.published_as is not None:
            raise PublicationRefused(
                f"Draft {draft.id} has been published already, as edition {draft.published_as}."
            )
        early = request.effective_from < self._today
        if early and request.decision and not self._may_backdate(request.decision):
            raise PublicationRefused(
                f"{long_date(request.effective_from)} lies before today, {long_date(self._today)}.",
                next_step="Give today or a later date, or ask an administrator.",
            )
        if early and not request.reason:
            raise PublicationRefused(
                f"{long_date(request.effective_from)} lies before today, {long_date(self._today)}.",
                next_step="Give a later date, or a reason (--reason) why it must be in the past.",
            )
        before = self._before(request, draft)
        stale = draft.base_number is not None and before and before.number != draft.base_number
        if stale and before and not request.reapply:
            raise PublicationRefused(
                f"Draft {draft.id} was made from edition {draft.base_number}, but edition "
                f"{before.number} is in force on {long_date(request.effective_from)}.",
                next_step="Re-apply the draft's changes to that edition first (--reapply).",
            )

    def _may_backdate(self, decision: Decision) -> bool:
        account = People(self._store).account(decision.person_id)
        return account is not None and account.person.may(Action.ADMINISTER)

    def _before(self, request: PublicationRequest, draft: Draft) -> EditionSummary | None:
        """Return the edition that a draft would follow; nothing real follows the demonstration."""
        made_up = {e.number for e in self._timeline.editions if e.demonstration}
        before = self._timeline.edition_on(request.effective_from)
        if before and before.number in made_up and draft.base_number not in made_up:
            return None
        return before

    def _first(self, request: PublicationRequest, draft: Draft) -> Publication:
        before = self._before(request, draft)
        preceding = self._store.edition(before.number) if before else None
        _refuse_days_between(draft, preceding or Edition(), request.effective_from)
        base_number = draft.base_number and (before.number if before else draft.base_number)
        base = self._built_on(base_number, preceding)
        content = replace(
            apply_all(base, draft.changes),
            title=draft.title,
            reason=request.reason or draft.reason,
            number=None,
        )
        unserved = content.unserved | request.unserved
        edition = replace(content, unserved=unserved - set(content.listings))
        release = self._directory(request.effective_from)
        lost = self._lost(preceding, edition, release)
        if request.accept_uncovered:
            edition = replace(
                edition,
                uncovered_accepted=accepted(request.accept_uncovered, lost) if lost else None,
            )
        self._refuse_unless_sound(edition, release, base, on=request.effective_from, lost=lost)
        return Publication(edition, request.effective_from, base_number, draft.id)

    def _built_on(self, number: int | None, preceding: Edition | None) -> Edition:
        """Return the edition that changes are applied to; an empty one without a number."""
        if preceding is not None and preceding.number == number:
            return preceding  # the very objects, so that what stays is known to
        return self._store.edition(number) if number else Edition()

    def _lost(
        self, before: Edition | None, edition: Edition, release: DirectoryRelease
    ) -> list[Uncovered]:
        """Return the ground that an edition loses; notes what a first one leaves bare."""
        schools = release.schools.values()
        if before is None:
            bare = bare_land(edition, schools, self._count_addresses)
            self.notes += [concern.sentence for concern in bare]
            return []
        return uncovered(before, edition, schools, self._count_addresses)

    def _reapplied(
        self, later: EditionSummary, onto: Edition, without: EditionSummary | None = None
    ) -> Publication:
        changes = self._store.draft(later.draft_id or 0).changes
        try:
            content = apply_all(onto, changes)
            # Schools that --unserved named when it was published are in no change of the draft.
            was = self._store.edition(later.number)
            named = was.unserved - set(content.listings)
            edition = replace(
                content,
                title=later.title,
                reason=later.reason,
                unserved=content.unserved | named,
                # Of the ground that it loses itself; what it is put on top of lost before.
                uncovered_accepted=content.uncovered_accepted or was.uncovered_accepted,
            )
            release = self._directory(later.effective_from)
            lost = self._lost(onto, edition, release)
            self._refuse_unless_sound(edition, release, onto, on=later.effective_from, lost=lost)
        except (ChangeDoesNotFit, PublicationRefused) as error:
            gone = f"without edition {without.number}" if without else "on top of this draft"
            otherwise = "" if without else ", or change the draft"
            raise PublicationRefused(
                f"Edition {later.number}, scheduled for {long_date(later.effective_from)}, "
                f"no longer fits {gone}: {error.problem}",
                reasons=getattr(error, "reasons", ()),
                next_step=f"Withdraw edition {later.number} first{otherwise}.",
            ) from error
        return Publication(edition, later.effective_from, None, later.draft_id)

    def _refuse_unless_sound(
        self,
        edition: Edition,
        release: DirectoryRelease,
        known_sound: Edition | None = None,
        *,
        on: date | None = None,
        lost: Sequence[Uncovered] = (),
    ) -> None:
        self._progress(CHECKING, 0, 2)
        snapshot = self._snapshot(edition, release)
        self._progress(CHECKING, 1, 2)
        checked = known_sound is not None and snapshot.fingerprint == boundaries_fingerprint(
            known_sound.boundaries
        )
        faults = [] if checked else find_faults(edition.boundaries)
        standing = blocks(edition, snapshot.answers, faults, on=on, uncovered=lost)
        reasons = [concern.sentence for concern in standing]
        self.notes += [concern.sentence for concern in accepted_losses(edition, lost)]
        self._progress(CHECKING, 2, 2)
        self.notes += [concern.sentence for concern in self._ending(edition, on)]
        if reasons:
            things = "1 thing stands" if len(reasons) == 1 else f"{len(reasons)} things stand"
            raise PublicationRefused(
                f"The draft cannot be published: {things} in the way.",
                reasons=reasons,
                next_step=_next_step(standing),
            )

    def _ending(self, edition: Edition, on: date | None) -> list[Concern]:
        """Return the contracts that end while an edition is in force, with nobody to follow."""
        if on is None or not any(contract.ends for contract in edition.contracts.values()):
            return []
        later = self._timeline.scheduled_after(on)
        scheduled = [(each.effective_from, self._store.edition(each.number)) for each in later]
        return list(ending(edition, on, scheduled))

    def _snapshot(self, edition: Edition, release: DirectoryRelease) -> Snapshot:
        """Return a snapshot, built once; those built before for this publication lend to it."""
        like = [snapshot for _, snapshot in self._built]
        for known, snapshot in self._built:
            if known is edition and snapshot.release is release:
                return snapshot
        made = Snapshot.of(edition, release, like=like)
        self._built.append((edition, made))
        return made

    def _numbered(
        self, publication: Publication, at: int, release: DirectoryRelease
    ) -> Publication:
        number = self._next_number + at
        edition = replace(
            publication.edition, number=number, effective_from=publication.effective_from
        )
        return replace(
            publication,
            edition=edition,
            base_number=number - 1 if at else publication.base_number,
            artefacts=self._make_artefacts(self._snapshot(edition, release)),
            maker=self._maker,
        )

    def _directory(self, day: date) -> DirectoryRelease:
        release = self._timeline.release_on(day)
        if release is None:
            raise PublicationRefused(
                "There is no school directory to check the draft against.",
                next_step="Import one first: flask schools import FILE --commit.",
            )
        if release.number not in self._releases:
            self._releases[release.number] = self._store.release(release.number)
        return self._releases[release.number]


def _refuse_days_between(draft: Draft, preceding: Edition, on: date) -> None:
    reasons = [each.sentence for each in agreed_days(draft.changes, preceding, on)]
    if reasons:
        raise PublicationRefused(
            "The draft cannot be published from that day: it would leave days to nobody.",
            reasons=reasons,
            next_step="Publish it from an earlier day, or say anew from when others follow.",
        )


def _next_step(standing: Sequence[Concern]) -> str:
    mend = "Mend them with another change of the draft, then publish again."
    if not any(concern.kind == UNCOVERED for concern in standing):
        return mend
    return (
        f"{mend} If ground is to be left in no catchment, say why: --accept-uncovered REASON, or "
        "“Leave ground in no catchment” among the draft's changes."
    )
