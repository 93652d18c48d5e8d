"""`flask notices`: what schools and providers are told, and what became of it."""

from __future__ import annotations

import click

from catchments.commands.console import refusing, say, store, table
from catchments.core.roles import COMMAND_LINE
from catchments.editions.delivery import DeliveryWorker, payloads
from catchments.store.accounts.letters import Letters
from catchments.store.outbox.notices import STATES
from catchments.store.outbox.queue import Outbox
from catchments.web.common.services import service


@click.group()
def notices() -> None:
    """What schools and providers are told of editions."""


@notices.command("list")
@click.option("--failed", is_flag=True, help="Each failed delivery, with what was said.")
@refusing
def list_notices(failed: bool) -> None:
    """List the editions with how many were told; or the deliveries that failed."""
    outbox = Outbox(store())
    if failed:
        rows = [
            (d.id, d.edition_number, d.to, d.attempts, d.last_error)
            for d in outbox.deliveries("failed")
        ]
        table("Failed", ("Delivery", "Edition", "To", "Attempts", "What was said"), rows)
        return
    told, sent = outbox.notice_counts(), outbox.counts()
    counted = [
        (
            number,
            told.get(number, {}).get("school", 0),
            told.get(number, {}).get("provider", 0),
            *(sent.get(number, {}).get(state, 0) for state in STATES),
        )
        for number in sorted({*told, *sent}, reverse=True)
    ]
    headings = ("Edition", "Schools", "Providers", *map(str.capitalize, STATES))
    table("Notices", headings, counted)


@notices.command("send")
@refusing
def send() -> None:
    """Send what is due now, letters to staff too; a server does so by itself."""
    running = service()
    store()  # there must be one
    settings = running.settings
    payload = payloads(running.store, running.snapshots, settings)
    boxes = (Outbox(running.store), Letters(running.store, settings.public_url))
    taken = sum(DeliveryWorker(box, settings, payload).send_due() for box in boxes)
    say(f"{taken} {'was' if taken == 1 else 'were'} taken.")


@notices.command("retry")
@click.argument("delivery", type=int)
@refusing
def retry(delivery: int) -> None:
    """Send a failed DELIVERY again; look first whether it did not arrive after all."""
    Outbox(store()).send_again(delivery, by=COMMAND_LINE)
    say(f"Delivery {delivery} waits to be sent again.")
