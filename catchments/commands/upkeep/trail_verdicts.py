"""What verifying a trail came to, in words; and that a trail which is broken ends a command."""

from __future__ import annotations

from catchments.commands.console import NotInOrder, say
from catchments.store.integrity.audit import Chain
from catchments.store.integrity.verifying import Verdict


def say_verdict(found: Verdict, *, contents: bool, without_key: bool, set_up_with: str) -> None:
    """Say what verifying came to, of what entries hold digests of too if `contents`.

    `set_up_with` is the command that puts a trail under a key. Raises NotInOrder where the trail,
    or what it is about, is not what was written, or where that cannot be told for want of its key,
    unless it is to be done `without_key`.
    """
    chain = found.chain
    _refuse_broken(found)
    if not chain.entries:
        say("The audit trail is empty.")
        return
    if found.faults:
        raise NotInOrder(
            "The audit trail holds, but the database is not what it says; what differs: "
            f"{len(found.faults)}.",
            reasons=found.faults,
            next_step="Somebody wrote to the database by hand, or it is damaged: compare it with "
            "a backup, and put back what differs.",
        )
    say(
        f"The audit trail holds: {chain.entries} entries. Keep the last hash elsewhere: "
        f"{chain.last_hash}"
    )
    for sentence in _of_keys(chain, found, set_up_with):
        say(sentence)
    if contents:
        _say_contents(found)
    if chain.unknown and chain.key in chain.unknown and not without_key:
        raise NotInOrder(
            "Whether the trail was written anew cannot be told: its key is not at hand here.",
            reasons=[chain.missing[chain.key]],
            next_step="Put the data key back; or add --without-key, to check the rest.",
        )


def _refuse_broken(found: Verdict) -> None:
    chain = found.chain
    if chain.broken_at is not None:
        raise NotInOrder(
            f"The audit trail is broken: entry {chain.broken_at} {chain.why}.",
            next_step="Compare the database with a backup; do not rely on what comes after.",
        )
    if not found.expected:
        raise NotInOrder(
            "The audit trail holds in itself, but no entry has the hash that was kept elsewhere.",
            next_step="Entries were cut off at its end, or all of it was written anew: compare the "
            "database with a backup.",
        )


def _of_keys(chain: Chain, found: Verdict, set_up_with: str) -> list[str]:
    """Return sentences on who could have written the trail, as far as can be told."""
    first_keyed, sealed_before = found.first_keyed, found.sealed_before
    if not first_keyed:
        nobodys = "No entry is under a key: whoever owns the database may have written all of them."
        return [f"{nobodys} `{set_up_with}` puts what comes under one."]
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
