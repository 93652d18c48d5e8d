"""Publishing for the staff pages, in a process of its own: Folium never enters a web worker.

`python -m catchments.commands.jobs.publishing` reads a wish as JSON from its standard input, uses
the database of DATABASE_URL, and answers as JSON on its standard output. It may be killed at any
moment: what it writes is one transaction.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.errors import CatchmentsError, NotKnown
from catchments.core.settings import Settings
from catchments.editions.publishing import Order, Outcome, Wish
from catchments.readers.report import no_progress
from catchments.store import Decision, Store
from catchments.store.people import People


def main() -> None:
    """Publish what standard input wishes for."""
    wish = msgspec.json.decode(sys.stdin.buffer.read(), type=Wish)
    store = Store(Settings.from_environment().database_url)
    try:
        outcome = Outcome(numbers=publish(store, wish))
    except CatchmentsError as error:
        reasons: Any = getattr(error, "reasons", ())
        outcome = Outcome([], error.problem, list(reasons), error.next_step, type(error).__name__)
    finally:
        store.close()
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


def publish(store: Store, wish: Wish) -> list[int]:
    """Publish a draft for a person; return the new editions' numbers. Raises PublicationRefused."""
    account = People(store).account(wish.person_id)
    if account is None:
        raise NotKnown(f"There is no person {wish.person_id}.")
    decision = Decision(account.person, wish.draft_version, reverting=wish.reverting)
    order = Order(wish.draft_id, wish.effective_from, wish.reason, decision=decision)
    return publisher(store, no_progress).publish(order)


if __name__ == "__main__":
    main()
