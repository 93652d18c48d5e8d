"""`flask keys` of services that ask often; `flask secrets`: what is sealed, under which keys."""

from __future__ import annotations

import click

from catchments.commands.console import NotInOrder, refusing, say, store, table
from catchments.core.roles import COMMAND_LINE
from catchments.store.integrity.audit import append
from catchments.store.integrity.sealed_columns import broken, keys_in_use, seal_all
from catchments.store.keys import Keys

FOR_A_SERVICE = 60_000
"""Requests a minute: a thousand a second, for a service that has asked for a key."""


@click.group()
def keys() -> None:
    """Keys for services that ask more often than anybody may."""


@keys.command("issue")
@click.argument("name")
@click.option("--requests-a-minute", default=FOR_A_SERVICE, show_default=True, type=int)
@refusing
def issue(name: str, requests_a_minute: int) -> None:
    """Issue a key to NAME and show it: once, for only its digest is kept."""
    key = Keys(store()).issue(name, requests_a_minute=requests_a_minute)
    say("Hand this key over on a safe way; it cannot be shown again:")
    click.echo(key)


@keys.command("list")
@refusing
def list_keys() -> None:
    """List the keys: whose, how they begin, how much they allow."""
    rows = [
        (
            key.id,
            key.name,
            f"{key.prefix}…",
            key.requests_a_minute,
            f"{key.created_at:%Y-%m-%d}",
            f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else "",
        )
        for key in Keys(store()).all()
    ]
    table("Keys", ("Key", "Name", "Begins", "Requests a minute", "Issued", "Revoked"), rows)


@keys.command("revoke")
@click.argument("key", type=int)
@refusing
def revoke(key: int) -> None:
    """End the KEY of this number, as `flask keys list` shows it."""
    Keys(store()).revoke(key)
    say(f"Key {key} is refused from now on, within seconds everywhere.")


# --- what is sealed -------------------------------------------------------------------------------


@click.group()
def secrets() -> None:
    """Secrets in the database, and the keys that they are sealed under."""


@secrets.command("status")
@refusing
def status() -> None:
    """Say how many secrets are under which key, and whether a key may go. Shows no secret."""
    opened = store()
    sealer = opened.sealer
    with opened.reading() as connection:
        used, wrong = keys_in_use(connection), broken(connection)
    names = sealer.key_names()
    rows = [
        (name, "unseals" if place else "seals and unseals", used[name])
        for place, name in enumerate(names)
    ]
    rows += [
        (name or "none", "not at hand" if name else "stands open", count)
        for name, count in used.items()
        if name not in names
    ]
    table(f"Keys in {sealer.place.said}", ("Key", "What it does", "Secrets under it"), rows)
    old = names[1:]
    if old and not any(used[name] for name in old):
        say(
            f"Nothing is under {', '.join(old)} any more: it may be taken away, once all servers "
            "were restarted with the new one first."
        )
    elif old or used[""]:
        say("Run `flask secrets rotate` to seal all under the first key.")
    lost = [name for name in used if name and name not in names]
    if lost:
        say("What is under a key that is not at hand cannot be used: put that key back.")
    if wrong:
        raise NotInOrder(
            f"{len(wrong)} of them cannot be unsealed.",
            reasons=wrong,
            next_step="Set up anew what is named, or compare the database with a backup.",
        )


@secrets.command("rotate")
@refusing
def rotate() -> None:
    """Seal every secret anew that is not under the first key; then the others may go."""
    opened = store()
    with opened.writing() as connection:
        done, stuck = seal_all(connection)
        if done:
            append(
                connection,
                actor=COMMAND_LINE,
                action="secrets.rotate",
                subject="secrets",
                sealed=done,
                key=opened.sealer.key_names()[0],
            )
    say(f"Sealed anew: {done}." if done else "There was nothing to seal anew.")
    if stuck:
        raise NotInOrder(
            f"{len(stuck)} could not be unsealed, and stay as they are.",
            reasons=stuck,
            next_step="Put the key back that they are under; a webhook can be added anew.",
        )
    say("`flask secrets status` says when an earlier key may go.")
