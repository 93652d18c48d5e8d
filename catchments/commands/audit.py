"""`flask audit verify | show`: the trail of what staff did, and whether it is what was written."""

from __future__ import annotations

import click

from catchments.commands.console import refusing, say, store, table
from catchments.core.errors import CatchmentsError
from catchments.store.integrity.audit import AuditTrail


class TrailBroken(CatchmentsError):
    """An entry of the audit trail is not what was written."""


@click.group()
def audit() -> None:
    """The trail of what staff did."""


@audit.command("verify")
@click.option("--expect", default="", help="A hash that was kept elsewhere; it must be in there.")
@refusing
def verify(expect: str) -> None:
    """Check every entry against the hash of the one before; exit with 1 where one is wrong."""
    trail = AuditTrail(store())
    broken_at = trail.broken_at()
    if broken_at is not None:
        raise TrailBroken(
            f"The audit trail is broken: entry {broken_at} is not what was written, or is missing.",
            next_step="Compare the database with a backup; do not rely on what comes after.",
        )
    if expect and not trail.has(expect):
        raise TrailBroken(
            "The audit trail holds in itself, but no entry has the hash that was kept elsewhere.",
            next_step="Entries were cut off at its end, or all of it was written anew: compare the "
            "database with a backup.",
        )
    last = trail.last()
    if last is None:
        say("The audit trail is empty.")
        return
    say(f"The audit trail holds: {last.number} entries. Keep the last hash elsewhere: {last.hash}")


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
