"""`flask editions`: list, show, compare, publish, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from catchments.commands.comparing import show_effects, show_moved
from catchments.commands.console import (
    DAY,
    NUMBER,
    current_settings,
    progress,
    refusing,
    say,
    store,
    table,
)
from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.errors import NothingPublished
from catchments.core.model import EditionSummary
from catchments.editions.publishing import PublicationRequest, WithdrawalRequest
from catchments.editions.withdrawal import replaced_by
from catchments.lookup.snapshot import Snapshot, Timeline
from catchments.runtime.new_zealand import today_in_new_zealand


@click.group()
def editions() -> None:
    """Published editions and drafts."""


@editions.command("list")
@refusing
def list_editions() -> None:
    """List every edition, draft and school directory release."""
    opened = store()
    editions = opened.editions()
    timeline = Timeline.of(editions, opened.releases())
    headings = ("Number", "In force from", "State", "Title", "Published (UTC)")
    table("Editions", headings, (_edition_row(e, editions, timeline) for e in editions))
    drafts = [d for d in opened.drafts() if d.published_as is None]
    rows = ((d.id, d.base_number or "nothing", d.title, d.created_at) for d in drafts)
    table("Drafts", ("Draft", "Based on edition", "Title", "Begun (UTC)"), rows)
    releases = ((r.number, r.released, r.school_count, r.source.title) for r in opened.releases())
    table("School directory releases", ("Number", "Date", "Schools", "Source"), releases)


@editions.command("show")
@click.argument("number", type=NUMBER)
@refusing
def show_edition(number: int) -> None:
    """Show one edition: counts and sources."""
    edition = store().edition(number)
    say(f"Edition {number}: {edition.title}, in force from {edition.effective_from}.")
    say("This is demonstration data." if edition.demonstration else "")
    if loss := edition.uncovered_accepted:
        say(f"Left in no catchment on purpose: {loss.said}. Because: {loss.reason}")
    counts = (
        ("catchments", len(edition.catchments)),
        ("boundaries", len(edition.boundaries)),
        ("providers", len(edition.providers)),
        ("listed schools", len(edition.listings)),
        ("schools on record in no catchment", len(edition.unserved)),
        ("schools with in-school provision", len(edition.in_school_provision)),
    )
    table("Counts", ("What", "How many"), counts)
    rows = ((s.kind, s.title, s.authority, s.licence, s.release, s.sha256) for s in edition.sources)
    table("Sources", ("Kind", "Title", "Authority", "Licence", "Release", "SHA-256"), rows)


@editions.command("compare")
@click.argument("before", type=NUMBER)
@click.argument("after", type=NUMBER)
@refusing
def compare_editions(before: int, after: int) -> None:
    """Show what differs between two editions, and whose provider changes."""
    opened = store()
    first, second = opened.edition(before), opened.edition(after)
    newest = Timeline.of([], opened.releases()).releases
    if not newest:
        raise NothingPublished("There is no school directory to compare by.")
    release = opened.release(newest[-1].number)
    show_effects(first, second, release.ever)
    with progress() as called:
        called("Resolving every school", 0, 2)
        one = Snapshot.of(first, release)
        called("Resolving every school", 1, 2)
        other = Snapshot.of(second, release, like=[one])
        called("Resolving every school", 2, 2)
    show_moved(one.answers, other.answers)


@editions.command("publish")
@click.argument("draft", type=NUMBER)
@click.option("--effective-from", required=True, type=DAY)
@click.option("--reason", default="", help="Why; needed for a date before today.")
@click.option("--reapply", is_flag=True, help="Re-apply the draft if its base was overtaken.")
@click.option(
    "--accept-uncovered",
    metavar="REASON",
    default="",
    help="Why ground that is in a catchment now may be in none; without, that is refused.",
)
@click.option(
    "--unserved", type=NUMBER, multiple=True, help="A school that is to belong to no catchment."
)
@refusing
def publish_draft(draft: int, effective_from: date, unserved: tuple[int, ...], **how: Any) -> None:
    """Check a draft and publish it from a date."""
    opened = store()
    request = PublicationRequest(draft, effective_from, unserved=frozenset(unserved), **how)
    with progress() as called:
        publishing = publisher(opened, called, current_settings().addresses_path)
        numbers = publishing.publish(request)
    for note in publishing.notes:
        say(note)
    say(f"Published as edition {numbers[0]}, in force from {request.effective_from}.")
    for number in numbers[1:]:
        say(f"Published anew on top of it: edition {number}.")


@editions.command("withdraw")
@click.argument("number", type=NUMBER)
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--tell-again", is_flag=True, help="Tell those who were told of it.")
@refusing
def withdraw_edition(number: int, **how: Any) -> None:
    """Withdraw a scheduled edition; it stays on record, and later ones are made without it."""
    with progress() as called:
        publishing = publisher(store(), called, current_settings().addresses_path)
        anew = publishing.withdraw(WithdrawalRequest(number, **how))
    say(f"Edition {number} is withdrawn.")
    for each in anew:
        say(f"Published anew without it: edition {each}.")


def _edition_row(
    edition: EditionSummary, editions: Sequence[EditionSummary], timeline: Timeline
) -> tuple[object, ...]:
    title = f"{edition.title} (demonstration)" if edition.demonstration else edition.title
    state = _state(edition, editions, timeline)
    return (edition.number, edition.effective_from, state, title, edition.published_at)


def _state(edition: EditionSummary, editions: Sequence[EditionSummary], timeline: Timeline) -> str:
    today = today_in_new_zealand()
    in_force = timeline.edition_on(today)
    if edition.withdrawn_at is not None:
        return "withdrawn"
    if later := replaced_by(edition, editions):
        return f"published anew as {later.number}"
    if edition.effective_from > today:
        return "scheduled"
    return "in force" if in_force and in_force.number == edition.number else "past"
