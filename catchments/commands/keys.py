"""`flask keys`: keys for services that ask more often than anybody may."""

from __future__ import annotations

import click

from catchments.commands.console import refusing, say, store, table
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
