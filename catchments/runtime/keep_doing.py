"""Work that a process does again and again beside answering."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from catchments.core.errors import CatchmentsError


def keep_doing(
    log: logging.Logger, work: Callable[[], object], *, every_s: float, failing: str
) -> None:
    """Have a thread do something again and again for as long as the process lives.

    What fails is told as `failing`, and done again the next time.
    """

    def again_and_again() -> None:
        while True:
            time.sleep(every_s)
            try:
                work()
            except CatchmentsError as error:
                log.warning("%s: %s", failing, error)
            except Exception:
                log.exception(failing)

    threading.Thread(target=again_and_again, daemon=True).start()
