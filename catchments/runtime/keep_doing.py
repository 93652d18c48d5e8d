"""Work that a process does again and again beside answering."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from catchments.core.errors import CatchmentsError


def keep_doing(
    log: logging.Logger, work: Callable[[], object], *, every_s: float, failing: str
) -> None:
    """Do something again and again for as long as the process lives; a failure is told."""
    while True:
        time.sleep(every_s)
        try:
            work()
        except CatchmentsError as error:
            log.warning("%s: %s", failing, error)
        except Exception:
            log.exception(failing)
