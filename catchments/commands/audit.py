"""`flask audit verify | seal | show`: the trail of what staff did, and what it is about."""

from __future__ import annotations

from collections.abc import Sequence

import click

from catchments.commands.console import progress, refusing, say, store, table
from catchments.core.errors import CatchmentsError
from catchments.core.roles import COMMAND_LINE
from catchments.store.integrity.audit import AuditTrail, Chain
from catchments.store.integrity.protecting import begin_anew
from catchments.store.integrity.verifying import Verdict, seal_as_found
from catchments.store.integrity.verifying import verify as verified

NO_KEY = (
    "No entry is under a key: whoever owns the database may have written all of them. "
    "`flask setup` puts what comes under one."
)


class TrailBroken(CatchmentsError):
    """The trail, or what it is about, is not what was written; `reasons` names each thing."""

    def __init__(self, problem: str, *, reasons: Sequence[str] = (), next_step: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.reasons = tuple(reasons)


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
    chain = found.chain
    _refuse_broken(found)
    if not chain.entries:
        say("The audit trail is empty.")
        return
    _say_what_differs(found)
    say(
        f"The audit trail holds: {chain.entries} entries. Keep the last hash elsewhere: "
        f"{chain.last_hash}"
    )
    for sentence in _of_keys(chain, found.first_keyed, found.sealed_before):
        say(sentence)
    if not entries_only:
        _say_contents(found)
    if chain.unknown and chain.key in chain.unknown and not without_key:
        raise TrailBroken(
            "Whether the trail was written anew cannot be told: its key is not at hand here.",
            reasons=[chain.missing[chain.key]],
            next_step="Put the data key back; or add --without-key, to check the rest.",
        )


def _refuse_broken(found: Verdict) -> None:
    chain = found.chain
    if chain.broken_at is not None:
        raise TrailBroken(
            f"The audit trail is broken: entry {chain.broken_at} {chain.why}.",
            next_step="Compare the database with a backup; do not rely on what comes after.",
        )
    if not found.expected:
        raise TrailBroken(
            "The audit trail holds in itself, but no entry has the hash that was kept elsewhere.",
            next_step="Entries were cut off at its end, or all of it was written anew: compare the "
            "database with a backup.",
        )


def _say_what_differs(found: Verdict) -> None:
    if found.faults:
        raise TrailBroken(
            "The audit trail holds, but the database is not what it says; what differs: "
            f"{len(found.faults)}.",
            reasons=found.faults,
            next_step="Somebody wrote to the database by hand, or it is damaged: compare it with "
            "a backup, and put back what differs.",
        )


def _of_keys(chain: Chain, first_keyed: int, sealed_before: int) -> list[str]:
    """Return sentences on who could have written the trail, as far as can be told."""
    if not first_keyed:
        return [NO_KEY]
    said = []
    if first_keyed > 1:
        said.append(
            f"Entries 1 to {first_keyed - 1} are from before there was a key: they are what they "
            f"were when entry {first_keyed} was written; earlier than that cannot be told."
        )
    if sealed_before:
        said.append(
            f"Secrets were sealed by then ({sealed_before}): the trail may have been under a key "
            "that somebody took out of the database. Compare it with a backup."
        )
    said += [
        f"From entry {chain.begun[number]} on they are under key {number}, which is not at hand: "
        "that they are in order is sure, who wrote them is not."
        for number in chain.unknown
    ]
    known = [number for number in chain.begun if number not in chain.unknown]
    if known:
        said.append(f"From entry {chain.begun[min(known)]} on every entry is under its key.")
    return said


def _say_contents(found: Verdict) -> None:
    if found.checked:
        say(f"As the trail says: {', '.join(found.checked)}.")
    if found.as_found:
        say(f"Of these only since they were found as they are: {', '.join(found.as_found)}.")
    if found.uncovered:
        say(
            f"No entry holds a digest of: {', '.join(found.uncovered)}. Whether they are what was "
            "published cannot be told; `flask audit seal` keeps how they are found now."
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
