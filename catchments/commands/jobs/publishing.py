"""Publishing and withdrawing for the staff pages, in a process: Folium never enters a web worker.

`python -m catchments.commands.jobs.publishing` reads a request as JSON from its standard input,
uses the database of DATABASE_URL, and answers as JSON on its standard output. It may be killed at
any moment: what it writes is one transaction.
"""

from __future__ import annotations

import sys

import msgspec

from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.errors import CatchmentsError
from catchments.core.settings import Settings
from catchments.editions.publishing import Order, Outcome
from catchments.readers.report import no_progress
from catchments.store import Store


def main() -> None:
    """Publish or withdraw what standard input asks for."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    settings = Settings.from_environment()
    store = Store.of(settings)
    try:
        made = publisher(store, no_progress, settings.addresses_path)
        outcome = made.carried_out(order)
    except CatchmentsError as error:
        outcome = Outcome.refused(error)
    finally:
        store.close()
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
