"""Announcements to schools and providers: what changes, from when, whom to call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from catchments.changes.comparison import compare
from catchments.core.errors import long_date
from catchments.core.model import Edition, EditionSummary, Provider, code_of
from catchments.editions.differences import (
    Assignment,
    SchoolChange,
    catchment_of,
    schools_changed,
)
from catchments.lookup.snapshot import Snapshot
from catchments.store.outbox.notices import (
    PROVIDER,
    PUBLISHED,
    SCHOOL,
    WAITING,
    WENT_OUT,
    Announcement,
)
from catchments.store.outbox.queue import NoticeRow

MADE_UP = "Demonstration data: this is made up, and nothing really changes."
REGIONAL_OFFICE = "If this is not right, call your Ministry of Education regional office."
IN_TIME = "That change was withdrawn before it took effect."
AFTERWARDS = "That change was withdrawn after that day."
"""What is said of one that had taken effect: an edition from an earlier day was published."""


def notices_of(
    before: Snapshot | None, after: Snapshot, *, effective_from: date, reason: str = ""
) -> list[Announcement]:
    """Return what each affected school and provider is told, and why, schools first.

    Nobody is told of a first edition, for nothing was served before it.
    """
    if before is None:
        return []
    changed = schools_changed(before.answers, after.answers)
    made_up = before.demonstration or after.demonstration
    when = _When(effective_from, reason.strip())
    schools = (_to_school(change, when) for change in changed)
    told = [*schools, *_to_providers(before.edition, after.edition, changed, when)]
    return [_marked(each) for each in told] if made_up else told


@dataclass(frozen=True, slots=True)
class _When:
    """From when something changes, and why."""

    starts: date
    reason: str

    @property
    def day(self) -> str:
        """The date in words."""
        return long_date(self.starts)

    @property
    def why(self) -> tuple[str, ...]:
        """The reason as a paragraph; none where none was given."""
        return (f"Why: {self.reason}",) if self.reason else ()


def _marked(announcement: Announcement) -> Announcement:
    return replace(
        announcement,
        subject=f"Demonstration: {announcement.subject}",
        text=f"{MADE_UP}\n\n{announcement.text}",
    )


# --- to a school ----------------------------------------------------------------------------------


def _to_school(change: SchoolChange, when: _When) -> Announcement:
    school, day = change.school, when.day
    lines = [
        f"Kia ora {school.name} (school {school.school_id}),",
        f"From {day} the attendance service for your school changes.",
        *when.why,
        *_what_a_school_is_told(change.before, change.after),
        _whom_to_call(change.after.provider, day),
        REGIONAL_OFFICE,
    ]
    return Announcement(
        recipient_kind=SCHOOL,
        recipient=str(school.school_id),
        recipient_name=school.name,
        email="",  # the directory that we read has none
        subject=f"Your attendance service provider from {day}",
        text="\n\n".join(lines),
        effective_from=when.starts,
    )


def _what_a_school_is_told(before: Assignment, after: Assignment) -> Iterator[str]:
    if code_of(before.provider) != code_of(after.provider):
        yield f"Provider until then: {_named(before.provider)}."
        yield f"Provider from then: {_named(after.provider)}."
    elif before.provider != after.provider and after.provider:
        yield f"Your provider stays, with new details: {_reached(after.provider)}."
    if catchment_of(before) != catchment_of(after):
        yield (
            f"Your school's catchment was {_catchment_name(before)}; "
            f"from then it is {_catchment_name(after)}."
        )


def _catchment_name(answer: Assignment) -> str:
    return f"{answer.catchment.name} ({answer.catchment.code})" if answer.catchment else "none"


def _whom_to_call(provider: Provider | None, day: str) -> str:
    if provider is None:
        return f"From {day} ask your Ministry of Education regional office whom to call."
    return f"Whom to call from {day}: {_reached(provider)}."


def _reached(provider: Provider) -> str:
    ways = [provider.phone, provider.email, provider.website]
    return ", ".join([provider.name, *filter(None, ways)])


def _named(provider: Provider | None) -> str:
    return provider.name if provider else "no one provider"


# --- to a provider --------------------------------------------------------------------------------


def _to_providers(
    before: Edition, after: Edition, changed: Sequence[SchoolChange], when: _When
) -> Iterator[Announcement]:
    parts = _Parts(before, after, changed)
    for code in sorted({*before.providers, *after.providers}):
        said = list(parts.told_to(code))
        if said:
            yield _to_provider(after.providers.get(code) or before.providers[code], said, when)


def _to_provider(provider: Provider, said: Sequence[str], when: _When) -> Announcement:
    day = when.day
    lines = [
        f"Kia ora {provider.name},",
        f"From {day} what you provide for the attendance service changes.",
        *when.why,
        *said,
        REGIONAL_OFFICE,
    ]
    return Announcement(
        recipient_kind=PROVIDER,
        recipient=provider.code,
        recipient_name=provider.name,
        email=provider.email.strip(),
        subject=f"Attendance service: what changes for you from {day}",
        text="\n\n".join(lines),
        effective_from=when.starts,
    )


class _Parts:
    """What differs between two editions, sorted by the provider who is to know."""

    def __init__(self, before: Edition, after: Edition, changed: Sequence[SchoolChange]) -> None:
        self._before, self._after = before, after
        self._served_before, self._served_after = _served(before), _served(after)
        self._boundaries = set(compare(before, after).boundaries_changed)
        moved = [each for each in changed if each.changes_provider]
        self._gained = _by_provider(
            moved, lambda c: c.after, lambda c: f"from {_named(c.before.provider)}"
        )
        self._lost = _by_provider(
            moved, lambda c: c.before, lambda c: f"to {_named(c.after.provider)}"
        )

    def told_to(self, code: str) -> Iterator[str]:
        """Give the paragraphs for one provider; none where nothing changes for it."""
        old, new = self._served_before[code], self._served_after[code]
        yield from self._details(code)
        yield from _listed("Catchments that you serve from then", self._catchments(new - old))
        yield from _listed("Catchments that you no longer serve", self._catchments(old - new))
        yield from _listed("Catchments of yours whose name changes", self._renamed(old & new))
        redrawn = self._catchments(old & new & self._boundaries)
        yield from _listed("Catchments of yours whose boundary changes", redrawn)
        yield from _listed("Schools that come to you", self._gained[code])
        yield from _listed("Schools that go to another provider", self._lost[code])

    def _details(self, code: str) -> Iterator[str]:
        old, new = self._before.providers.get(code), self._after.providers.get(code)
        if new is None:
            yield "You are no longer among the providers."
        elif old is None:
            yield f"You are a new provider. Schools are given these details: {_reached(new)}."
        elif old != new:
            yield (
                f"The details that schools are given of you change: {_reached(new)} "
                f"(until then: {_reached(old)})."
            )

    def _catchments(self, codes: Iterable[str]) -> list[str]:
        return [f"{self._name(code)} ({code})" for code in sorted(codes)]

    def _name(self, code: str) -> str:
        return (self._after.catchments.get(code) or self._before.catchments[code]).name

    def _renamed(self, codes: Iterable[str]) -> list[str]:
        names = [
            (code, self._before.catchments[code].name, self._after.catchments[code].name)
            for code in sorted(codes)
        ]
        return [f"{old} ({code}) becomes {new}" for code, old, new in names if old != new]


def _served(edition: Edition) -> Mapping[str | None, set[str]]:
    served: dict[str | None, set[str]] = defaultdict(set)
    for code, catchment in edition.catchments.items():
        served[catchment.provider_code].add(code)
    return served


def _by_provider(
    changes: Iterable[SchoolChange],
    side: Callable[[SchoolChange], Assignment],
    other: Callable[[SchoolChange], str],
) -> Mapping[str | None, list[str]]:
    """Return each school by the provider of one side, with where it comes from or goes to."""
    found: dict[str | None, list[str]] = defaultdict(list)
    for change in changes:
        school = f"{change.school.name} ({change.school.school_id}), {other(change)}"
        found[code_of(side(change).provider)].append(school)
    return found


def _listed(what: str, things: Sequence[str]) -> Iterator[str]:
    if things:
        yield "\n".join([f"{what}: {len(things):,}", *(f"- {thing}" for thing in things)])


# --- of a withdrawal ------------------------------------------------------------------------------


def told_of(rows: Iterable[NoticeRow]) -> list[NoticeRow]:
    """Return the last notice to each that went out, or may have, and was not taken back since.

    What they say holds no more.
    """
    taken_back = {WAITING, *WENT_OUT}  # what takes back goes out, once it waits
    heard = (r for r in rows if r.state in (WENT_OUT if r.event == PUBLISHED else taken_back))
    last = {(row.recipient_kind, row.recipient): row for row in sorted(heard, key=_made)}
    return [row for row in last.values() if row.event == PUBLISHED]


def corrections_of(
    rows: Iterable[NoticeRow],
    told: Iterable[Announcement],
    edition: EditionSummary,
    reason: str,
    *,
    today: date,
) -> list[Announcement]:
    """Return what takes back what is written of an edition to those not told of its new form.

    Of these, whoever had an e-mail is to have one: that is known as the new form is published.
    """
    now_told = {(each.recipient_kind, each.recipient) for each in told}
    written = [
        row for row in rows if row.email and (row.recipient_kind, row.recipient) not in now_told
    ]
    taken_back = IN_TIME if edition.effective_from > today else AFTERWARDS
    return withdrawal_notices(sorted(written, key=_made), edition, reason, taken_back)


def withdrawal_notices(
    told: Iterable[NoticeRow], edition: EditionSummary, reason: str, taken_back: str = IN_TIME
) -> list[Announcement]:
    """Return what those are told who had been told of an edition that is withdrawn: once each."""
    last = {(row.recipient_kind, row.recipient): row for row in told}
    announced = [_to_withdraw(row, edition, reason, taken_back) for row in last.values()]
    return [_marked(each) for each in announced] if edition.demonstration else announced


def _made(row: NoticeRow) -> int:
    return row.id


def _to_withdraw(
    row: NoticeRow, edition: EditionSummary, reason: str, taken_back: str
) -> Announcement:
    day = long_date(edition.effective_from)
    lines = [
        f"Kia ora {row.recipient_name},",
        f"We wrote to you about a change of the attendance service from {day}.",
        f"{taken_back} What we wrote about it no longer holds.",
        *([f"Why: {reason}"] if reason else []),
        REGIONAL_OFFICE,
    ]
    return Announcement(
        recipient_kind=row.recipient_kind,
        recipient=row.recipient,
        recipient_name=row.recipient_name,
        email=row.email,
        subject=f"Withdrawn: the change of the attendance service from {day}",
        text="\n\n".join(lines),
        effective_from=edition.effective_from,
    )
