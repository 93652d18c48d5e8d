"""Publishing for the staff pages, in a process of its own: Folium never enters a web worker.

`python -m catchments.commands.jobs.publishing` reads a request as JSON from its standard input,
uses the database of DATABASE_URL, and answers as JSON on its standard output. It may be killed at
any moment: what it writes is one transaction.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.errors import CatchmentsError
from catchments.core.settings import Settings
from catchments.editions.publishing import Outcome, PublicationRequest
from catchments.readers.report import no_progress
from catchments.store import Store


def main() -> None:
    """Publish what standard input asks for."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=PublicationRequest)
    settings = Settings.from_environment()
    store = Store.of(settings)
    try:
        made = publisher(store, no_progress, settings.addresses_path)
        outcome = Outcome(numbers=made.publish(request))
    except CatchmentsError as error:
        reasons: Any = getattr(error, "reasons", ())
        outcome = Outcome([], error.problem, list(reasons), error.next_step, type(error).__name__)
    finally:
        store.close()
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
