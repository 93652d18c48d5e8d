"""`flask audit verify | seal | show`: the trail of what staff did, and what it is about."""

from __future__ import annotations

import click

from catchments.commands.console import progress, refusing, say, store, table
from catchments.commands.upkeep.trail_verdicts import say_verdict
from catchments.core.roles import COMMAND_LINE
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.protecting import begin_anew
from catchments.store.integrity.verifying import seal_as_found
from catchments.store.integrity.verifying import verify as verified


@click.group()
def audit() -> None:
    """The trail of what staff did."""


@audit.command("verify")
@click.option("--expect", default="", help="A hash that was kept elsewhere; it must be in there.")
@click.option("--entries-only", is_flag=True, help="Leave out editions, releases and aliases.")
@click.option("--without-key", is_flag=True, help="Check what can be without the data key.")
@refusing
def verify(expect: str, entries_only: bool, without_key: bool) -> None:
    """Check every entry, and all that entries hold digests of; exit with 1 where one differs."""
    with progress() as called:
        found = verified(store(), expect=expect, contents=not entries_only, progress=called)
    say_verdict(
        found,
        contents=not entries_only,
        without_key=without_key,
        set_up_with=store().set_up_with,
    )


@audit.command("seal")
@refusing
def seal(by: str = COMMAND_LINE) -> None:
    """Keep digests, as found now, of editions, releases and aliases that no entry has one of."""
    with store().writing() as connection:
        sealed = seal_as_found(connection, by=by)
    if not sealed:
        say("Every edition, directory release and the aliases have their digests in the trail.")
        return
    say(f"Kept as found now: {', '.join(sealed)}. What they were before is not known.")


@audit.command("new-key")
@click.option(
    "--because", required=True, help="What became of the last key; it stands in the trail."
)
@refusing
def new_key(because: str) -> None:
    """Go on with the trail under another key, where the data key is lost for good."""
    opened = store()
    with opened.writing() as connection:
        number = begin_anew(connection, by=COMMAND_LINE, reason=because)
    say(f"The audit trail goes on under key {number}, sealed under {opened.sealer.place.said}.")
    say("Whether entries under the last key are what was written cannot be told any more.")
    say("`flask secrets status` names what else is lost with the data key.")


@audit.command("show")
@click.option("--actor", default="", help="Only what this login did.")
@click.option("--subject", default="", help="Only what was done to this, such as “draft 3”.")
@click.option("--at-most", default=50, show_default=True, type=click.IntRange(1, 100_000))
@refusing
def show(actor: str, subject: str, at_most: int) -> None:
    """Show the latest entries."""
    given = {"actor": actor, "subject": subject}
    matching = {name: value for name, value in given.items() if value}
    found = AuditTrail(store()).entries(matching=matching, at_most=at_most)
    headings = ("Number", "At (UTC)", "Who", "What", "To what", "More")
    rows = ((e.number, e.at, e.actor, e.action, e.subject, e.detail) for e in found)
    table("Audit trail, the latest first", headings, rows)
